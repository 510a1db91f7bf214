"""What an organisation declares of itself: whose word it is, what is refused, how it is labelled, and that it goes again."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import connection, transaction
from django.db.utils import DatabaseError

from tests.intake import declaring, made
from tests.intake.declaring import QUALIFICATION, declare, facts, mandate, speaks_for, withdraw
from tests.intake.made import Organisation
from xinyong.analytics import rates
from xinyong.catalogue.publish import NotReported
from xinyong.intake import desk, jobs, revert, submit, views, voluntary, voluntary_desk
from xinyong.intake.again import StillWrong
from xinyong.intake.models import OwnDeclaration, Submission, WaitingRow
from xinyong.intake.voluntary import NotClean, NotWithdrawable, Proof, ProofNeeded, Uncommitted, UnknownDeclaration
from xinyong.intake.voluntary_view import State
from xinyong.kernel import clock
from xinyong.kernel.periods import month_of
from xinyong.records import dossier
from xinyong.records.view import RecordView
from xinyong.security import identity, mandates, proofs, scope
from xinyong.security.access import PUBLIC, Action, Actor, NotAllowed, Role, may
from xinyong.security.models import Account, AuditEntry, Post
from xinyong.subjects import registry

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")


@pytest.fixture
def who() -> Organisation:
    one = made.organisation()
    made.register(one)
    return one


@pytest.fixture
def by(who: Organisation, tmp_path: Path) -> Actor:
    return speaks_for(who, tmp_path)


def public(who: Organisation) -> list[RecordView]:
    file = dossier.of(who.code, as_of=clock.today(), seen_by=PUBLIC)
    return [one for section in file.sections if section.section.value == "self-declared" for one in section.records]


def labels(who: Organisation) -> list[str]:
    return [one.declared.label_zh for one in public(who) if one.declared]


def checked(one: int, after: int = 1) -> None:
    voluntary_desk.check(
        one, after=after, unit="云溪市信用中心", basis="与认证机构公开查询结果一致", by=made.OPERATOR, at=clock.now()
    )


def test_declared_checked_withdrawn_and_every_step_in_the_log_once(
    who: Organisation, by: Actor, tmp_path: Path
) -> None:
    before = AuditEntry.objects.count()
    one = declare(by, tmp_path)
    assert labels(who) == ["自主申报 · 未经核实"]
    assert public(who)[0].source == identity.SUBJECTS_NAME
    checked(one.id)
    assert labels(who) == [f"自主申报 · 已核验（云溪市信用中心，{clock.today()}）"]
    withdraw(one, by)
    assert labels(who) == []
    seen = voluntary.find(one.id, by=by, at=clock.now())
    assert (seen.declaration.state, [act.kind for act in seen.declaration.acts]) == (
        State.WITHDRAWN, ["withdrawn", "checked", "declared"],
    )  # fmt: skip
    told = AuditEntry.objects.order_by("id")[before:]
    assert [(each.event, each.department) for each in told] == [
        ("declaration-made", who.code), ("submission-deposited", ""), ("declaration-checked", ""),
        ("declaration-withdrawn", who.code), ("own-declarations-viewed", who.code),
    ]  # fmt: skip


def test_refused_it_leaves_the_page_with_its_reason_and_can_be_declared_anew(
    who: Organisation, by: Actor, tmp_path: Path
) -> None:
    values = facts()
    one = declare(by, tmp_path, values=values)
    jobs.refuse_declared(one.id, after=1, reason="证书编号查无此证", by=made.OPERATOR, at=clock.now())
    revert.finish(one.id, by=made.SYSTEM)
    assert labels(who) == []
    seen = voluntary.find(one.id, by=by, at=clock.now()).declaration
    assert (seen.state, seen.acts[0].note) == (State.REFUSED, "证书编号查无此证")
    again = declare(by, tmp_path, values=values)
    assert again.id != one.id
    assert labels(who) == ["自主申报 · 未经核实"]


def test_a_checked_one_can_be_found_wrong_later_and_nobody_decides_on_what_has_changed(
    by: Actor, tmp_path: Path
) -> None:
    one = declare(by, tmp_path)
    checked(one.id)
    with pytest.raises(voluntary_desk.DecidedMeanwhile):
        checked(one.id)
    with pytest.raises(voluntary_desk.NotNow):
        checked(one.id, after=2)
    done = jobs.refuse_declared(one.id, after=2, reason="证书已被撤销", by=made.OPERATOR, at=clock.now())
    assert done.state is State.REFUSED
    with pytest.raises(NotWithdrawable), scope.acting(by):
        jobs.withdraw_declared(one.id, reason="不再需要", by=by, at=clock.now())


def test_corrected_by_a_later_one_the_label_is_the_later_ones(who: Organisation, by: Actor, tmp_path: Path) -> None:
    values = facts()
    first = declare(by, tmp_path, values=values)
    checked(first.id)
    second = declare(by, tmp_path, values=values | {"YXQZI": "2030-03-14"})
    assert labels(who) == ["自主申报 · 未经核实"]
    assert voluntary.find(first.id, by=by, at=clock.now()).declaration.state is State.REPLACED
    withdraw(second, by)
    assert labels(who) == [f"自主申报 · 已核验（云溪市信用中心，{clock.today()}）"], "what it had replaced stands again"


def test_what_has_run_out_is_over_and_not_shown(who: Organisation, by: Actor, tmp_path: Path) -> None:
    one = declare(by, tmp_path, values=facts(YXQZI="2026-06-30"))
    with time_machine.travel(made.NOW + timedelta(days=60), tick=True):
        assert labels(who) == []
        assert voluntary.find(one.id, by=by, at=clock.now()).declaration.state is State.OVER


def test_the_very_same_is_declared_once(by: Actor, tmp_path: Path) -> None:
    values = facts()
    one = declare(by, tmp_path, values=values)
    with scope.acting(by):
        again, is_new = jobs.declare(
            QUALIFICATION, values, proofs_given=[Proof(declaring.picture(tmp_path / "x.png"), "x.png")],
            commitment=voluntary.COMMITMENT, by=by, at=clock.now(),
        )  # fmt: skip
    assert (again.id, is_new) == (one.id, False)


def test_another_organisations_declarations_look_absent(by: Actor, tmp_path: Path) -> None:
    one = declare(by, tmp_path)
    other = made.organisation()
    made.register(other)
    stranger = speaks_for(other, tmp_path)
    with scope.acting(stranger):
        assert voluntary.listing(by=stranger, at=clock.now()) == []
        for deed in (
            lambda: voluntary.find(one.id, by=stranger, at=clock.now()),
            lambda: jobs.withdraw_declared(one.id, reason="别人的申报", by=stranger, at=clock.now()),
        ):
            with pytest.raises(UnknownDeclaration):
                deed()
        assert not OwnDeclaration.objects.filter(pk=one.id).exists(), "nor does the database show it"
        assert not Submission.objects.filter(pk=one.id).exists()
    with scope.acting(by):
        assert OwnDeclaration.objects.filter(pk=one.id).exists()
    with pytest.raises(DatabaseError), transaction.atomic(), scope.acting(stranger):
        Submission.objects.create(
            item_id=QUALIFICATION, item_version=1, source_id=declaring.unit(), subject_id=by.subject, file_name="x",
            file_size=1, content_digest="x", received_at=clock.now(), received_by="x",
        )  # fmt: skip


def test_a_file_with_anothers_row_keeps_that_row_out_with_a_finding(
    who: Organisation, by: Actor, tmp_path: Path
) -> None:
    other = made.organisation()
    made.register(other)
    rows = [facts() | {"ZTMC": one.name, "TYSHXYDM": one.code} for one in (who, other)]
    path = made.csv_file(tmp_path / "own.csv", rows)
    with scope.acting(by):
        one, _ = jobs.declare_file(
            QUALIFICATION, path, file_name="资质 2026.csv",
            proofs_given=[Proof(declaring.picture(tmp_path / "p.png"), "p.png")], commitment=voluntary.COMMITMENT, by=by,
            at=clock.now(),
        )  # fmt: skip
    submit.run(one.id, by=made.SYSTEM)
    seen = voluntary.find(one.id, by=by, at=clock.now())
    assert (seen.declaration.counts.accepted, seen.declaration.counts.rejected) == (1, 1)
    assert [(each.found.row_no, each.found.rule) for each in seen.findings] == [(3, "V09-own-only")]
    assert (len(public(who)), len(public(other))) == (1, 0)


def test_a_row_that_waits_goes_to_nobody_else_whoever_judges(who: Organisation, by: Actor, tmp_path: Path) -> None:
    other = made.organisation()
    made.register(other)
    path = made.csv_file(tmp_path / "own.csv", [facts() | {"ZTMC": "云溪市别的名称有限公司", "TYSHXYDM": who.code}])
    with scope.acting(by):
        one, _ = jobs.declare_file(
            QUALIFICATION, path, file_name="x.csv", proofs_given=[Proof(declaring.picture(tmp_path / "p.png"), "p.png")],
            commitment=voluntary.COMMITMENT, by=by, at=clock.now(),
        )  # fmt: skip
    submit.run(one.id, by=made.SYSTEM)
    row = WaitingRow.objects.get(submission_id=one.id)
    assert row.outcome == "doubtful"
    with pytest.raises(StillWrong):
        desk.judge(row.id, subject_code=other.code, is_same=True, by=made.OPERATOR)
    assert (public(who), public(other)) == ([], [])
    desk.judge(row.id, subject_code=who.code, is_same=True, by=made.OPERATOR)
    assert labels(who) == ["自主申报 · 未经核实"]


def test_whose_it_is_comes_from_the_mandate_whatever_is_typed(who: Organisation, by: Actor, tmp_path: Path) -> None:
    other = made.organisation()
    made.register(other)
    declare(by, tmp_path, values=facts(ZTMC=other.name, TYSHXYDM=other.code))
    assert (len(public(who)), len(public(other))) == (1, 0)


@pytest.mark.parametrize(
    ("typed", "rule"),
    [
        ({"ZZFW": "当事人宗教信仰为某教"}, "E_FORBIDDEN_CLASS"),
        ({"ZZFW": "联系电话 13800138000"}, "V12-personal-number-in-public-text"),
        ({"FZRQ": "2031-01-01"}, "V06a"),
        ({"ZSBH": ""}, "V01-required"),
    ],
)
def test_what_the_rules_forbid_is_said_and_nothing_is_kept(
    typed: dict[str, str], rule: str, by: Actor, tmp_path: Path
) -> None:
    with scope.acting(by):
        found = voluntary.look(QUALIFICATION, facts(**typed), by=by, at=clock.now()).findings
    assert rule in {one.rule for one in found}
    with pytest.raises(NotClean):
        declare(by, tmp_path, values=facts(**typed))
    assert voluntary.listing(by=by, at=clock.now()) == []


def test_nothing_is_declared_without_proof_or_commitment_or_with_a_hostile_file(by: Actor, tmp_path: Path) -> None:
    with pytest.raises(ProofNeeded):
        declare(by, tmp_path, proofs_given=[])
    with pytest.raises(Uncommitted):
        declare(by, tmp_path, commitment="")
    for name, content in (
        ("a.pdf", b"%PDF-1.7 /JavaScript (app.alert(1))"), ("b.png", b"MZ\x90\x00 a program"), ("c.pdf", b""),
    ):  # fmt: skip
        (tmp_path / name).write_bytes(content)
        with pytest.raises(proofs.UnfitProof):
            declare(by, tmp_path, proofs_given=[Proof(tmp_path / name, name)])
    assert voluntary.listing(by=by, at=clock.now()) == []


def test_at_the_door_itself_nobody_declares_for_another_organisation(by: Actor, tmp_path: Path) -> None:
    """The desk's own checks come before; this is the one that every way in must pass."""
    other = made.organisation()
    made.register(other)
    path = made.csv_file(tmp_path / "x.csv", [facts() | {"ZTMC": other.name, "TYSHXYDM": other.code}])
    for actor in (by, made.OPERATOR, PUBLIC):
        with pytest.raises(NotAllowed):
            submit.enter(
                path, item_id=QUALIFICATION, source_code="", file_name="x.csv", by=actor, received_at=clock.now(),
                channel=submit.OWN, subject=registry.subject(other.code, seen_by=made.SYSTEM).id,
            )  # fmt: skip


def test_proofs_lie_sealed_and_only_the_desk_opens_them(by: Actor, tmp_path: Path) -> None:
    picture = declaring.picture(tmp_path / "proof.png")
    one = declare(by, tmp_path, proofs_given=[Proof(picture, "../证书 110105194912310020.png")])
    held = voluntary.find(one.id, by=by, at=clock.now()).declaration.proofs
    assert len(held) == 1
    assert "110105194912310020" not in held[0].file_name
    kept = [path for path in voluntary.folder().rglob("*.sealed") if picture.read_bytes() in path.read_bytes()]
    assert kept == []
    before = AuditEntry.objects.count()
    _, kind = voluntary_desk.proof(one.id, 1, to=tmp_path / "opened", seen_by=made.OPERATOR)
    assert ((tmp_path / "opened").read_bytes(), kind) == (picture.read_bytes(), "image/png")
    assert [each.event for each in AuditEntry.objects.order_by("id")[before:]] == ["proof-opened"]
    for actor in (by, PUBLIC, made.AUDITOR):
        with pytest.raises(NotAllowed):
            voluntary_desk.proof(one.id, 1, to=tmp_path / "no", seen_by=actor)


def test_departments_do_not_report_what_subjects_declare_nor_subjects_what_departments_do(
    who: Organisation, by: Actor, tmp_path: Path
) -> None:
    unit = made.department()
    path = made.csv_file(tmp_path / "x.csv", [facts() | {"ZTMC": who.name, "TYSHXYDM": who.code}])
    with pytest.raises(NotReported):
        submit.receive(
            path, item_id=QUALIFICATION, source_code=unit.code, file_name="x.csv", by=made.OPERATOR,
            received_at=clock.now(),
        )  # fmt: skip
    with pytest.raises(NotReported):
        declare(by, tmp_path, item_id="honour")
    assert not may(by, Action.SUBMIT)
    assert {one for one in Action if may(by, one)} == {
        Action.VIEW_PUBLIC, Action.SIGN_IN, Action.ISSUE_REPORT, Action.OWN_ACCOUNT, Action.DECLARE_OWN, Action.VIEW_OWN,
        Action.OBJECT, Action.APPLY_REPAIR, Action.GIVE_CONSENT, Action.VIEW_ACCESS_LOG, Action.ISSUE_SPECIAL,
        Action.VIEW_ABOUT_ME, Action.TAKE_ABOUT_ME, Action.APPOINT_AGENTS, Action.READ_OWN_NOTICES, Action.SET_OWN_CHANNELS,
        Action.COMPLAIN, Action.APPEAL, Action.GIVE_FEEDBACK,
    }  # fmt: skip


def test_the_desk_takes_a_declaration_back_not_the_submissions_page(by: Actor, tmp_path: Path) -> None:
    one = declare(by, tmp_path)
    with pytest.raises(revert.DeclarationStays):
        revert.begin(one.id, reason="报错了", by=made.OPERATOR)
    assert views.submission(one.id, seen_by=made.OPERATOR).source_name == identity.SUBJECTS_NAME


def test_rates_and_departments_know_nothing_of_it(by: Actor, tmp_path: Path) -> None:
    month = month_of(clock.today())

    def told() -> object:
        found = rates.every(month, as_of=clock.now(), seen_by=made.OPERATOR)
        return [(by, one.total, one.lines) for by, one in found.items()]

    before = told()
    declare(by, tmp_path)
    assert told() == before
    assert declaring.unit() not in {one.id for one in identity.source_units()}
    with pytest.raises(identity.UnknownDepartment):
        identity.source_unit(identity.SUBJECTS_CODE)


def test_a_mandate_ends_by_its_term_by_a_word_and_with_its_account(who: Organisation, tmp_path: Path) -> None:
    given = mandate(who, tmp_path, last_on=clock.today() + timedelta(days=3))
    somebody = Actor(role=Role.PUBLIC, name="x", account_id=given.mandate.account_id)
    assert mandates.actor(somebody, at=clock.now()).subject_code == who.code
    assert mandates.actor(somebody, at=clock.now() + timedelta(days=4)).role is Role.PUBLIC
    mandates.end(given.mandate.id, reason="经办人离职", by=made.OPERATOR, at=clock.now())
    assert mandates.actor(somebody, at=clock.now()) == somebody
    other = mandate(who, tmp_path)
    Account.objects.filter(pk=other.mandate.account_id).update(is_active=False)
    assert mandates.of_account(other.mandate.account_id, at=clock.now()) == []
    with pytest.raises(DatabaseError, match="ends, once"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE security_mandate SET valid_to = valid_to + interval '1 year' WHERE id = %s", [other.mandate.id]
        )


def test_who_serves_in_an_office_speaks_for_nobody_and_the_other_way_round(who: Organisation, tmp_path: Path) -> None:
    unit = made.department()
    identity.create_account(
        username="serves", password="correct horse battery staple", display_name="在岗", role="source_unit",
        department=unit.code, by=made.SYSTEM,
    )  # fmt: skip
    with pytest.raises(mandates.NotApartFromOffice):
        mandate(who, tmp_path, username="serves")
    given = mandate(who, tmp_path)
    with pytest.raises(DatabaseError, match="serves in no office"), transaction.atomic():
        Post.objects.create(account_id=given.mandate.account_id, valid_from=clock.now())


def test_a_link_is_given_once_and_not_for_an_account_in_use(who: Organisation, tmp_path: Path) -> None:
    given = mandate(who, tmp_path)
    assert given.token
    assert AuditEntry.objects.filter(event="mandate-given", object_ref=given.mandate.username).count() == 1
    Account.objects.filter(pk=given.mandate.account_id).update(password_set_at=clock.now())
    other = made.organisation()
    made.register(other)
    again = mandate(other, tmp_path, username=given.mandate.username)
    assert (again.token, again.mandate.account_id) == ("", given.mandate.account_id)
    held = mandates.of_account(given.mandate.account_id, at=clock.now())
    assert [one.subject_code for one in held] == [who.code, other.code]
    somebody = Actor(role=Role.PUBLIC, name="x", account_id=given.mandate.account_id)
    assert mandates.actor(somebody, at=clock.now(), chosen=again.mandate.id).subject_code == other.code


def test_an_operator_of_a_county_reaches_its_organisations_only(by: Actor, tmp_path: Path) -> None:
    one = declare(by, tmp_path)
    far = replace(made.OPERATOR, region="130900")
    assert voluntary_desk.listing(state="all", seen_by=far) == []
    with pytest.raises(UnknownDeclaration):
        voluntary_desk.find(one.id, seen_by=far, at=clock.now())


def test_what_waits_comes_oldest_first_page_by_page(by: Actor, tmp_path: Path) -> None:
    code = by.subject_code or ""
    mine = [declare(by, tmp_path) for _ in range(3)]
    first = voluntary_desk.listing(code=code, limit=2, seen_by=made.OPERATOR)
    rest = voluntary_desk.listing(code=code, limit=2, after=first[-1].id, seen_by=made.OPERATOR)
    assert [one.id for one in (*first, *rest)] == [one.id for one in mine]
    checked(mine[0].id)
    assert mine[0].id not in {one.id for one in voluntary_desk.listing(code=code, seen_by=made.OPERATOR)}
    assert [one.id for one in voluntary_desk.listing(state="checked", code=code, seen_by=made.OPERATOR)] == [mine[0].id]


def test_no_mandate_of_who_is_no_more_or_beyond_three_years(who: Organisation, tmp_path: Path) -> None:
    with pytest.raises(declaring.counter.BadTerm):
        mandate(who, tmp_path, last_on=date(2035, 1, 1))
    gone = made.organisation()
    made.register(gone)
    from xinyong.subjects.models import Subject

    Subject.objects.filter(code=gone.code).update(status="cancelled")
    with pytest.raises(declaring.counter.NotForThisSubject):
        mandate(gone, tmp_path)
