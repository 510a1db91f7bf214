"""Everything about oneself: whole, of nobody else, sealed and signed, kept nowhere; and no table that speaks of a subject is forgotten."""

import dataclasses
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.test import Client
from pypdf import PdfReader

from tests.intake import made
from tests.reports.test_verify_command import alone
from tests.rights import test_repair as repairs
from tests.rights.conftest import Hall
from tests.rights.conftest import hall as hall
from tests.rights.conftest import module_db as module_db
from tests.rights.conftest import on_the_day as on_the_day
from tests.rights.objecting import CENTRE, Matter, desk, lodge, matter, own
from tests.signing import signed_in
from xinyong.kernel import clock
from xinyong.records import dossier, opt_outs
from xinyong.reports import everything, given, issue, offline, signing, special
from xinyong.reports.everything import NOT_TOLD, TOLD, Taken
from xinyong.reports.models import IssuedReport
from xinyong.reports.offline import Answer
from xinyong.rights import access_log, objection, objection_desk
from xinyong.security import gate, persons, scope
from xinyong.security.access import PUBLIC, Actor, FactorNeeded, NotAllowed, Role
from xinyong.security.models import Account, AuditEntry

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")
#: Columns that say whose a row is.
_WHOSE = {"subject", "subject_id", "subject_code", "account", "account_id", "person_digest"}


@pytest.fixture
def one(tmp_path: Path) -> Matter:
    return matter(tmp_path)


@pytest.fixture(scope="module", autouse=True)
def _open() -> Iterator[None]:
    kept, settings.RATE_LIMITS_ON = settings.RATE_LIMITS_ON, False
    yield
    settings.RATE_LIMITS_ON = kept


def taken(by: Actor, **more: Any) -> Taken:
    with scope.acting(by):
        return everything.of_oneself(by=by, at=clock.now(), **more)


def roots() -> list[x509.Certificate]:
    return offline.roots(signing.trust_pem().encode())


def looked(data: bytes) -> offline.Told:
    return offline.look(data, trust=roots(), at=datetime.now(UTC))


def admitted(hall: Hall) -> Actor:
    """The person of the hall with an account of their own."""
    who = persons.identity(hall.person.name, hall.person.number, today=clock.today())
    view, _ = persons.admit(who, by=made.OPERATOR, at=clock.now())
    return gate.actor_for(Account.objects.get(pk=view.account_id), address=None)


def test_no_table_that_speaks_of_a_subject_is_forgotten() -> None:
    speaking = {
        model._meta.db_table
        for model in apps.get_models()
        if model.__module__.startswith("xinyong.")
        and _WHOSE & {field.attname for field in model._meta.concrete_fields}
        | _WHOSE & {field.name for field in model._meta.concrete_fields}
    }
    assert speaking - TOLD - set(NOT_TOLD) == set(), "tell it in the room's held.py, or say in NOT_TOLD why not"
    assert not TOLD & set(NOT_TOLD)
    tables = set(connection.introspection.table_names())
    assert (TOLD | set(NOT_TOLD)) - tables == set()


def test_an_organisation_with_much_gets_all_of_it(one: Matter, tmp_path: Path) -> None:
    reader = Actor(role=Role.READER, name="reader-x", account_id=905, department=one.unit.code)
    with scope.acting(reader):
        dossier.of(one.who.code, as_of=clock.today(), seen_by=reader, purpose="licensing: 云市监许申〔2026〕12号")
    ref = one.shown.ref
    case = desk(CENTRE, objection_desk.decide, lodge(one), outcome="refuse", changes={}, reason="与处罚决定书一致")
    own(one, objection.state_disagreement, case, text="本单位认为罚款金额有误，已提起行政复议。")
    one.hand_in(CF_NR_FK="0.1")
    issued = issue.issue(one.who.code, as_of=clock.today(), seen_by=PUBLIC, issued_at=clock.now())
    given.revoke(issued.number, reason="数据更正后重新出具", by=CENTRE, at=clock.now())
    with scope.acting(one.by):
        opt_outs.say("honours", is_out=True, by=one.by, at=clock.now())
        access_log.reference(by=one.by, at=clock.now())
        special.issue_special(
            one.who.code, special.Wanted(clock.today(), clock.today()), by=one.by, issued_at=clock.now()
        )
    with repairs.on(repairs.LATER):
        repairs.granted(one)
        said = taken(one.by, as_pdf=True).said
    [record] = said["records"]
    assert (record["ref"], record["version"], record["source"]) == (ref, 2, one.unit.name)
    amounts = [
        next(field["value"] for field in version["fields"] if field["code"] == "CF_NR_FK")
        for version in (record, *record["earlier_versions"])
    ]
    assert [float(amount) for amount in amounts] == [0.1, 0.2]
    assert [each["kind"] for each in said["annotations"]] == ["disputed", "statement"]
    assert [each["kind"] for each in said["cases"]] == ["objection", "repair"]
    assert said["cases"][0]["papers"][0]["name"] == "决定书.png"
    assert any(step["reason"] == "与处罚决定书一致" for step in said["cases"][0]["steps"])
    assert [each["record"] for each in said["repairs"]] == [ref]
    assert {each["kind"] for each in said["notices"]} >= {"objection-answered", "repair-done"}
    assert [(each["kind"], bool(each["revoked_at"])) for each in said["papers"]] == [
        ("ordinary", True),
        ("special", False),
    ]
    assert said["looks"][-1]["unit_code"] == one.unit.code
    assert said["opt_outs"][0]["is_out"] is True
    assert len(said["viewer_references"]) == 1
    assert said["mandates"][0]["kind"] in ("legal", "agent")
    assert said["register"]["names"][0]["name"] == one.who.name
    text = json.dumps(said, ensure_ascii=False)
    for official in ("reader-x", "clerk", "second"):
        assert f'"{official}"' not in text, "units, not officials"


def test_a_person_with_something_gets_consents_looks_and_their_whole_record(hall: Hall) -> None:
    given_one = hall.gives()
    hall.looks()
    hall.withdraws(given_one)
    made_file = taken(admitted(hall), as_pdf=True)
    said = made_file.said
    assert said["subject"]["certificate_number"] == hall.person.number
    assert hall.person.number in json.dumps(said["records"], ensure_ascii=False)
    assert [(each["number"], each["unit_code"]) for each in said["consents"]] == [(given_one.number, hall.bank.code)]
    assert said["consents"][0]["withdrawn_at"]
    assert [(look["unit_code"], look["authorisation"]) for look in said["looks"]] == [
        (hall.bank.code, given_one.number)
    ]
    assert said["account"]["username"].startswith("p-")
    assert said["kept_answers"] == [], "erased with the consent"
    assert hall.organisation.code not in json.dumps(said)
    pages = (
        "".join(page.extract_text() for page in PdfReader(io.BytesIO(made_file.pdf)).pages)
        .replace(" ", "")
        .replace("\n", "")
        .replace("\u200b", "")
    )
    assert hall.person.number in pages
    assert given_one.number in pages
    assert "谁查过" in pages
    entry = AuditEntry.objects.filter(event="about-me-taken").latest("id")
    assert hall.person.number not in f"{entry.object_ref}{entry.facts}{entry.actor}"
    assert not IssuedReport.objects.filter(number=made_file.number).exists(), "kept nowhere"


def test_somebody_of_whom_nothing_is_recorded_is_told_so_and_gets_their_account(hall: Hall) -> None:
    nobody = dataclasses.replace(hall, person=made.person())
    made_file = taken(admitted(nobody), as_pdf=True)
    assert made_file.said["records"] == []
    assert made_file.said["subject"]["name"] == nobody.person.name
    assert made_file.said["account"]["username"]
    assert made_file.pdf.startswith(b"%PDF-")


def test_both_files_prove_themselves_and_every_change_is_found(one: Matter, tmp_path: Path) -> None:
    made_file = taken(one.by, as_pdf=True)
    root = tmp_path / "root.pem"
    root.write_text(signing.trust_pem())
    for data, kind in ((made_file.text.encode(), "everything"), (made_file.pdf, "pdf")):
        told = looked(data)
        assert (told.answer, told.kind, told.number) == (Answer.GENUINE, kind, made_file.number), told
        path = tmp_path / f"file.{kind}"
        path.write_bytes(data)
        done = alone(str(path), "--trust", str(root))
        assert (done.returncode, "不在任何登记册中" in done.stdout) == (0, True), done.stdout + done.stderr
    assert looked(made_file.pdf).facts == made_file.digest
    said = json.loads(made_file.text)
    said["records"][0]["fields"][0]["value"] = "别的单位"
    assert looked(json.dumps(said, ensure_ascii=False).encode()).answer is Answer.ALTERED
    other = json.loads(taken(one.by).text)
    assert looked(json.dumps(json.loads(made_file.text) | {"seal": other["seal"]}).encode()).answer is Answer.ALTERED
    assert looked(made_file.text.replace('"number"', '"number": "x", "number"', 1).encode()).answer is Answer.ALTERED
    assert looked(json.dumps({"number": "1"}).encode()).answer is Answer.ALTERED
    place = made_file.pdf.index(b"stream") + 40
    changed = made_file.pdf[:place] + bytes([made_file.pdf[place] ^ 1]) + made_file.pdf[place + 1 :]
    assert looked(changed).answer is Answer.ALTERED


def test_nobody_takes_anothers_and_the_second_factor_is_asked_for_again(one: Matter) -> None:
    with pytest.raises(FactorNeeded):
        taken(dataclasses.replace(one.by, is_fresh=False))
    for role in (Role.OPERATOR, Role.READER, Role.CLIENT, Role.PUBLIC, Role.AUDITOR):
        with pytest.raises(NotAllowed):
            taken(Actor(role=role, name="somebody", subject=one.by.subject, subject_code=one.who.code))


def test_the_own_page_offers_both_and_no_cache_keeps_them(hall: Hall) -> None:
    who = dataclasses.replace(hall, person=made.person())
    client = signed_in(Client(), admitted(who).name)
    page = client.get("/own/records/").content.decode()
    for address, head in (("/own/records/file.json", b"{"), ("/own/records/file.pdf", b"%PDF-")):
        assert address in page
        answer = client.get(address)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
        assert answer.content.startswith(head)
        assert who.person.name not in answer.headers["Content-Disposition"]
