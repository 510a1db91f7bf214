"""A small city with two counties: for each relation a department with a submission, for each role somebody who acts."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import time_machine
from django.test import Client

from tests.exchange.conftest import ALL, Program
from tests.intake import declaring, made
from tests.signing import signed_in
from xinyong.analytics import task_acts, task_import
from xinyong.analytics.task_acts import Proved
from xinyong.intake import docking, views
from xinyong.intake.docking import Access
from xinyong.intake.models import DockedTable
from xinyong.kernel import clock, codes
from xinyong.records import claiming
from xinyong.rights import (
    access_log,
    appeal,
    complaint,
    complaint_desk,
    guidance,
    objection,
    objection_desk,
    queries,
    repair,
    whose,
)
from xinyong.rights.objection import Said
from xinyong.rights.repair import Application
from xinyong.security import clients, gate, identity, persons, scope
from xinyong.security.access import Actor, Role
from xinyong.security.identity import SourceUnit
from xinyong.security.models import Account, Grant, Mandate
from xinyong.web import messages
from xinyong.workflow.cases import Paper

PASSWORD = "correct horse battery staple"
OWN, SIBLING, PARENT, OTHER_COUNTY = "own", "sibling", "parent", "other-county"
#: Another subject than the one whose file the asker has said a purpose for.
OTHER_SUBJECT = "other-subject"
RELATIONS = {OWN: "990102", SIBLING: "990102", PARENT: "990100", OTHER_COUNTY: "990103"}
#: Who asks. A role's person belongs to the department ``own``, where a role has a department.
ASKERS = (
    Role.PUBLIC, Role.SOURCE_UNIT, Role.UNIT_ADMIN, Role.READER, Role.OPERATOR, Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN,
    Role.AUDITOR, Role.CLIENT, Role.SUBJECT, Role.PERSON,
)  # fmt: skip
_OF_A_DEPARTMENT = {Role.SOURCE_UNIT, Role.UNIT_ADMIN, Role.READER}


@dataclass(slots=True)
class World:
    """What addresses can be about, by relation to the asker's department."""

    units: dict[str, SourceUnit] = field(default_factory=dict)
    submissions: dict[str, views.SubmissionView] = field(default_factory=dict)
    organisations: dict[str, made.Organisation] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, int] = field(default_factory=dict)  # role or relation → id of an account
    grants: dict[str, int] = field(default_factory=dict)
    posts: dict[str, int] = field(default_factory=dict)
    databases: dict[str, int] = field(default_factory=dict)
    docked: dict[str, int] = field(default_factory=dict)
    tasks: dict[str, int] = field(default_factory=dict)
    mandates: dict[str, int] = field(default_factory=dict)
    declarations: dict[str, int] = field(default_factory=dict)
    cases: dict[str, int] = field(default_factory=dict)
    repairs: dict[str, int] = field(default_factory=dict)
    complaints: dict[str, int] = field(default_factory=dict)
    closed: dict[str, int] = field(default_factory=dict)
    appeals: dict[str, int] = field(default_factory=dict)
    looks: dict[str, int] = field(default_factory=dict)
    guidance: int = 0
    claims: dict[str, int] = field(default_factory=dict)
    check_code: str = ""
    program: Program = field(default_factory=lambda: Program("", ""))


#: Names of parameters in addresses → what stands there for a relation. An address with another one is not known here, and
#: the matrix is red until it is.
Argument = Callable[[World, str], Any]
ARGUMENTS: dict[str, Argument] = {
    "submission_id": lambda world, relation: world.submissions[relation].id,
    "code": lambda world, relation: world.organisations[relation].code,
    "row_no": lambda world, relation: 3,
    "ref": lambda world, relation: world.refs[relation],
    "item_id": lambda world, relation: "admin-penalty-org",
    "kind": lambda world, relation: "fields",
    "which": lambda world, relation: "new",
    "list_id": lambda world, relation: "penalty-kind",
    "day": lambda world, relation: "2021-07-15",
    "form": lambda world, relation: "csv",
    "section": lambda world, relation: "penalties",
    "table_id": lambda world, relation: "no-such-table",
    "level": lambda world, relation: 0,
    "place": lambda world, relation: "nothing",
    "rest": lambda world, relation: "nothing",
    "token": lambda world, relation: "nobodys-token",
    "check_code": lambda world, relation: world.check_code,
    "account_id": lambda world, relation: world.accounts[relation],
    "grant_id": lambda world, relation: world.grants[relation],
    "unit_code": lambda world, relation: world.units[relation].code,
    "drop_id": lambda world, relation: 1,
    "succession_id": lambda world, relation: 1,
    "upload_id": lambda world, relation: 1,
    "request_id": lambda world, relation: 1,
    "version": lambda world, relation: 1,
    "client_id": lambda world, relation: "xy-0000000000000000",
    "database_id": lambda world, relation: world.databases[relation],
    "docked_id": lambda world, relation: world.docked[relation],
    "partner_code": lambda world, relation: "nobody",
    "month": lambda world, relation: "2026-05",
    "edition": lambda world, relation: 1,
    "task_id": lambda world, relation: world.tasks[relation],
    "evidence_no": lambda world, relation: 2,
    "guardianship_id": lambda world, relation: 1,
    "mandate_id": lambda world, relation: world.mandates[relation],
    "declaration_id": lambda world, relation: world.declarations[relation],
    "paper_no": lambda world, relation: "20260101000000ABCDEFGH",
    "batch_id": lambda world, relation: 1,
    "claim_id": lambda world, relation: world.claims[relation],
    "proof_no": lambda world, relation: 1,
    "case_id": lambda world, relation: world.cases[relation],
    "repair_id": lambda world, relation: world.repairs[relation],
    "complaint_id": lambda world, relation: world.complaints[relation],
    "closed_id": lambda world, relation: world.closed[relation],
    "first_id": lambda world, relation: world.closed[relation],
    "appeal_id": lambda world, relation: world.appeals[relation],
    "look_id": lambda world, relation: world.looks[relation],
    "guidance_id": lambda world, relation: world.guidance,
    "step": lambda world, relation: "add",
    "act": lambda world, relation: "ask",
    "consent_id": lambda world, relation: 1,
    "alarm_id": lambda world, relation: 1,
    "answer_ref": lambda world, relation: "0" * 32,
    "assessment_id": lambda world, relation: 1,
    "annulment_id": lambda world, relation: 1,
    "erasure_id": lambda world, relation: 1,
}
#: Parameters that belong to a department: their addresses are asked for in every relation.
OWNED = frozenset(
    {
        "submission_id",
        "account_id",
        "grant_id",
        "unit_code",
        "database_id",
        "docked_id",
        "task_id",
        "declaration_id",
        "case_id",
        "repair_id",
        "complaint_id",
    }
)
#: Parameters that say which subject an address is about.
ABOUT = frozenset({"code", "ref"})


def build(folder: Path) -> World:
    """Makes the world; everything is committed."""
    messages.compile_messages()
    world = World()
    with time_machine.travel(made.NOW, tick=True):
        for number, (relation, region) in enumerate(RELATIONS.items()):
            unit = identity.register_department(
                code=made.code_of("11"), name=f"云溪市矩阵{number}局", region_code=region, by=made.SYSTEM
            )
            who = made.organisation()
            made.register(who)
            rows = [made.penalty_row(who, unit), made.penalty_row(who, unit, CF_JDRQ="2026年13月5日")]
            world.units[relation], world.organisations[relation] = unit, who
            world.submissions[relation] = made.hand_in(
                made.csv_file(folder / f"{number}.csv", rows), "admin-penalty-org", unit
            )
            world.refs[relation] = _ref(who.code)
            world.accounts[relation] = _account(f"somebody-{number}", Role.SOURCE_UNIT, unit)
            world.databases[relation], world.docked[relation] = _docked(unit)
            world.tasks[relation] = _task(unit, folder / f"{number}.png")
            told = _declared(who, relation, folder, world.refs[relation])
            world.mandates[relation], world.declarations[relation], world.cases[relation] = told[:3]
            world.repairs[relation] = told[3]
            _complained(world, relation)
            world.claims[relation] = _claimed(who, relation, folder)
            world.grants[relation] = Grant.objects.get(account_id=world.accounts[relation]).pk
        for role in ASKERS:
            if role not in {Role.PUBLIC, Role.CLIENT, Role.SUBJECT, Role.PERSON}:
                own = world.units[OWN] if role in _OF_A_DEPARTMENT else None
                world.accounts[role.value] = _account(role.value, role, own)
        world.organisations[OTHER_SUBJECT], world.refs[OTHER_SUBJECT] = (
            world.organisations[SIBLING],
            world.refs[SIBLING],
        )
        world.check_code = "A" * 26
        world.guidance = guidance.enter(
            subject_code=world.organisations[OWN].code, kind=guidance.TRAINING, held_on=clock.today(), unit="云溪市信用中心",
            note="", token="guidance-of-the-matrix", by=made.SYSTEM, at=clock.now(),
        )  # fmt: skip
        view, secret = clients.register(
            name="矩阵客户端", department=world.units[OWN].code, scopes=ALL, networks=("127.0.0.0/8",),
            per_minute=1_000_000, per_day=1_000_000, by=made.SYSTEM, now=clock.now(),
        )  # fmt: skip
        world.program = Program(view.client_id, secret)
    assert all(codes.judge(one.code).verdict.value != "invalid" for one in world.organisations.values())
    return world


def _account(username: str, role: Role, unit: SourceUnit | None) -> int:
    return identity.create_account(
        username=username, password=PASSWORD, display_name=username, role=role.value,
        department=unit.code if unit else None, by=made.SYSTEM,
    )  # fmt: skip


def _declared(who: made.Organisation, relation: str, folder: Path, ref: str) -> tuple[int, int, int, int]:
    """A mandate of the organisation, what was declared under it, and an objection to its record, forwarded to the unit; the own
    one's account is named for the role."""
    username = Role.SUBJECT.value if relation == OWN else ""
    given = declaring.mandate(who, folder, username=username, by=made.SYSTEM)
    by = gate.actor_for(Account.objects.get(pk=given.mandate.account_id), address=None)
    declared = declaring.declare(by, folder).id
    with scope.acting(by):
        said = Said("wrong", "金额与决定书不一致", {})
        papers = [Paper(declaring.picture(folder / f"{declared}.png"), "决定书.png")]
        case, _ = objection.lodge(ref, said, papers=papers, token=f"form-of-{declared:012}", by=by, at=clock.now())
    desk = Actor(role=Role.OPERATOR, name="desk")
    with scope.acting(desk):
        objection_desk.forward(case.id, after=1, token=f"desk-of-{declared:012}", by=desk, at=clock.now())
    with scope.acting(by):
        asked = Application("restructuring", "法院已批准重整计划", "示例法人")
        papers = [Paper(declaring.picture(folder / f"{declared}-ruling.png"), "裁定书.png")]
        repairing, _ = repair.apply(ref, asked, papers=papers, token=f"ask-of-{declared:012}", by=by, at=clock.now())
    return given.mandate.id, declared, case.id, repairing.id


def _complained(world: World, relation: str) -> None:
    """Two looks of the unit at the organisation: about one it complains, which is forwarded; about the other it complained, and
    appeals against the end."""
    unit, code = world.units[relation], world.organisations[relation].code
    reader = Actor(role=Role.READER, name=f"reader-{relation}", department=unit.code)
    for _ in range(2):
        with scope.acting(reader):
            about = whose.find(code=code, by=reader)
            queries.query(about, purpose="inspection", note="矩阵检查一号", seen_by=reader, at=clock.now())
    account = Mandate.objects.get(pk=world.mandates[relation]).account
    by, desk = gate.actor_for(account, address=None), Actor(role=Role.OPERATOR, name="desk")
    with scope.acting(by):
        looks = [one.id for one in access_log.of(by=by, at=clock.now())[0]][:2]
        made_two = [
            complaint.lodge(
                look, complaint.Said("no-need", "没有这样的事项"), token=f"complaint-of-{look:012}", by=by, at=clock.now()
            )[0].id
            for look in looks
        ]  # fmt: skip
    with scope.acting(desk):
        complaint_desk.forward(made_two[0], after=1, token=f"forward-of-{made_two[0]:012}", by=desk, at=clock.now())
        complaint_desk.decide(
            made_two[1], outcome="unfounded", reason="属日常检查", after=1, token=f"decide-of-{made_two[1]:012}", by=desk,
            at=clock.now(),
        )  # fmt: skip
    with scope.acting(by):
        appealed, _ = appeal.lodge(
            made_two[1],
            appeal.Said("facts", "没有检查通知书"),
            token=f"appeal-of-{made_two[1]:012}",
            by=by,
            at=clock.now(),
        )
    world.complaints[relation], world.closed[relation] = made_two
    world.appeals[relation], world.looks[relation] = appealed.id, looks[1]


def _claimed(who: made.Organisation, relation: str, folder: Path) -> int:
    """A person claims the organisation; the own one's account is named for the role."""
    one = made.person()
    view, _ = persons.admit(
        persons.identity(one.name, one.number, today=clock.today()), by=made.OPERATOR, at=clock.now()
    )
    if relation == OWN:
        Account.objects.filter(pk=view.account_id).update(username=Role.PERSON.value)
    by = gate.actor_for(Account.objects.get(pk=view.account_id), address=None)
    proof = declaring.picture(folder / f"claim-{relation}.png")
    return claiming.claim(
        who.code, kind="legal", last_on=clock.today(), proof=proof, proof_name="营业执照.png", by=by, at=clock.now()
    ).id


def _task(unit: SourceUnit, picture: Path) -> int:
    """A task of the department with a file of evidence."""
    task = task_import.add(ledger="云溪市计划", text=unit.name, leads=[unit.code], by=made.SYSTEM, at=made.NOW)
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + os.urandom(32))
    proved = Proved(made.TODAY, file=picture, file_name=picture.name)
    task_acts.report(task, note="", proved=proved, by=made.SYSTEM, at=made.NOW)
    return task


def _docked(unit: SourceUnit) -> tuple[int, int]:
    """A docked database and a table of it; nobody answers there."""
    access = Access(dialect="postgresql", host="127.0.0.1", database="dept", username="reader", password=PASSWORD)
    database = docking.declare(name=unit.name, department=unit.code, access=access, by=made.SYSTEM, now=made.NOW)
    table = DockedTable.objects.create(
        database_id=database, source_id=unit.id, item_id="admin-penalty-org", table="cf", columns=[["wsh", "CF_WSH"]],
        watermark="gxsj", is_number=False, overlap=600, slice_rows=1000, every_minutes=60, made_at=made.NOW,
        made_by="test",
    )  # fmt: skip
    return database, table.pk


def _ref(code: str) -> str:
    from xinyong.records import dossier

    file = dossier.of(code, as_of=made.TODAY, seen_by=made.SYSTEM)
    return next(record.ref for section in file.sections for record in section.records)


@contextmanager
def today() -> Iterator[None]:
    """The day the world lives on. Its clock stands still: a token and a second factor are good for minutes, and on a busy machine
    the cells take longer."""
    with time_machine.travel(made.NOW + timedelta(hours=1), tick=False):
        yield


def client(world: World, role: Role, state: str) -> Client:
    """Somebody of the role, signed in with both factors; nobody for the public. ``stale``: the second factor was shown
    six minutes ago; ``disabled``: the account was disabled after signing in; ``purposed``: what the own subject's file is
    looked into for has been said."""
    if role is Role.CLIENT:
        token = world.program.token()
        if state == "disabled":
            clients.disable(world.program.client_id, by=made.SYSTEM, now=clock.now())
        return Client(headers={"Authorization": f"Bearer {token}"})
    found = Client()
    if role is not Role.PUBLIC:
        signed_in(found, role.value, fresh=state != "stale")
        if state == "purposed":
            why = {"purpose": "licensing", "matter": "云市监许申〔2026〕12号"}
            found.post(f"/office/files/{world.organisations[OWN].code}/", why)
        if state == "disabled":
            Account.objects.filter(username=role.value).update(is_active=False)
    return found
