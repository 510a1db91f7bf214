"""Each invariant of time, deletion and access (INV-60 to INV-76) with somebody who tries to break it, and the refusal they get."""

import importlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.test import Client

from tests.exchange.conftest import Program
from tests.intake import made
from tests.rights import test_repair as repairs
from tests.rights.conftest import NOTE, OF_PERSONS, PENALTY, Hall
from tests.rights.objecting import CENTRE, Matter, desk, matter, public
from tools import references
from xinyong.catalogue import assessment, load, publish
from xinyong.catalogue.problems import CatalogueError
from xinyong.intake import revert
from xinyong.intake.models import Submission
from xinyong.kernel import clock, invariants
from xinyong.kernel.errors import XinyongError
from xinyong.kernel.invariants import How
from xinyong.records import dossier, exporting, history, own, terms
from xinyong.records.exporting import Wanted
from xinyong.reports import compose, special
from xinyong.rights import access_log, alarms, consent, objection, queries, repair, repair_desk, whose
from xinyong.rights.models import KeptAnswer
from xinyong.security import access, clients, scope, separation
from xinyong.security.access import MACHINES, PUBLIC, Action, Actor, Role, require, system
from xinyong.security.models import AuditEntry
from xinyong.web import problems
from xinyong.workflow import cases
from xinyong.workflow.cases import Step
from xinyong.workflow.definition import Library, Party, Procedure

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")
READER = Actor(role=Role.READER, name="reader", account_id=905)
OVER = "2031-07-01"
_LIBRARY = Path(consent.__file__).parent / "library"
PROCEDURES = [
    each
    for folder in sorted(_LIBRARY.iterdir())
    if folder.is_dir()
    for each in Library(folder.with_suffix(".yaml"), folder).all()
]
on, refusal = repairs.on, repairs.refusal


@pytest.fixture
def one(tmp_path: Path) -> Matter:
    return matter(tmp_path)


@pytest.fixture
def later() -> Iterator[None]:
    with on(repairs.LATER):
        yield


def code_of(error: XinyongError) -> str:
    """As a program reads it: the problem's own word."""
    said = json.loads(problems.problem(error).content)
    assert said["code"] == error.code
    return str(said.get("invariant", ""))


def program() -> Program:
    """A department's program that may read what is public."""
    unit = made.department()
    view, secret = clients.register(
        department=unit.code, name="公开信息核验", scopes=["read:public"], networks=["127.0.0.0/8"], per_minute=1000,
        per_day=10_000, by=made.SYSTEM, now=clock.now(),
    )  # fmt: skip
    return Program(view.client_id, secret)


class TestTheRegister:
    def test_every_one_has_its_test_here_and_is_guarded_by_what_exists(self) -> None:
        tested = {name for name in vars(TestTimeAndDeletion) | vars(TestAccess) if name.startswith("test_inv_")}
        for one in invariants.ALL:
            number = one.id.removeprefix("INV-").lower()
            assert any(name.startswith(f"test_inv_{number}_") for name in tested), one.id
            for guard in one.guards:
                module, _, name = guard.partition(":")
                assert _is_in_database(name) if module == "database" else hasattr(_module(module), name), guard

    def test_every_code_that_an_error_names_stands_in_it_and_what_refuses_names_its_own(self) -> None:
        named = {one.invariant for one in references.errors()} - {""}
        assert named <= {one.code for one in invariants.ALL}
        by_text = {"E_PUBLICITY", "E_PERSON_PUBLIC"}  # a catalogue file's problem; a fact of the errors of queries
        assert {one.code for one in invariants.ALL if one.how is How.REFUSED} <= named | by_text
        with pytest.raises(KeyError):
            invariants.of_code("E_NONE")
        assert invariants.of_code("E_SYNC").id == "INV-65"


def _module(name: str) -> Any:
    return importlib.import_module(f"xinyong.{name}")


def _is_in_database(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = %(n)s)"
            " OR EXISTS (SELECT 1 FROM pg_constraint WHERE conname = %(n)s)"
            " OR EXISTS (SELECT 1 FROM pg_policy WHERE polname = %(n)s)",
            {"n": name},
        )
        return bool(cursor.fetchone()[0])


class TestTimeAndDeletion:
    def test_inv_60_past_its_retention_nobody_is_given_it_and_who_asks_by_reference_is_told_why(
        self, one: Matter
    ) -> None:
        ref, wsh = one.shown.ref, one.row["CF_WSH"]
        with on(OVER):
            assert not [each for each in public(one.who) if each.ref == ref]
            for who in (CENTRE, one.source, READER):
                seen = dossier.of(one.who.code, as_of=clock.today(), seen_by=who, purpose="日常监管 2031-1")
                assert ref not in {each.ref for s in seen.sections for each in s.records}, "query"
                error = refusal(lambda who=who: self._ask(one, ref, who))  # type: ignore[misc]
                assert (error.code, code_of(error)) == ("records.retention-over", "E_RETENTION"), who.role
            error = refusal(lambda: self._ask(one, ref, one.by))
            assert code_of(error) == "E_RETENTION", "its own organisation is told too"
            assert code_of(refusal(lambda: self._object(one, ref))) == "E_RETENTION"
            for who in (PUBLIC, replace(one.by, subject=-5, subject_code=None)):
                error = refusal(lambda who=who: self._ask(one, ref, who))  # type: ignore[misc]
                assert (error.code, code_of(error)) == ("records.unknown-record", ""), "to others it never was"
            with scope.acting(one.source):
                error = refusal(lambda: history.of(one.who.code, ref, as_of=clock.today(), seen_by=one.source))
            assert code_of(error) == "E_RETENTION"
            assert wsh not in str(compose.compose(one.who.code, as_of=clock.today(), seen_by=PUBLIC)), "report"
            wanted = special.Wanted(date(2026, 1, 1), clock.today())
            subject = special.registry.subject(one.who.code, seen_by=CENTRE)
            paper = special.compose(subject, wanted, as_of=clock.today(), purpose="", by=CENTRE)
            assert wsh not in str(paper), "special report"
            assert wsh not in program().get(f"/organisations/{one.who.code}").content.decode(), "interface"
            extract = Wanted((PENALTY,), clock.today(), source=one.unit.code)
            with pytest.raises(exporting.TooMuch):
                exporting.count(extract, by=CENTRE)

    def _ask(self, one: Matter, ref: str, who: Actor) -> None:
        with scope.acting(who):
            dossier.record(one.who.code, ref, as_of=clock.today(), seen_by=who, purpose="日常监管 2031-1")

    def _object(self, one: Matter, ref: str) -> None:
        with scope.acting(one.by):
            objection.own_record(ref, by=one.by, at=clock.now())

    def test_inv_60_a_query_by_authorisation_finds_nothing_past_it(self, hall: Hall) -> None:
        with on(OVER):
            hall.gives()
            assert hall.looks().rows == ()

    def test_inv_61_publicity_never_outlasts_retention_and_the_minor_class_is_not_published(self) -> None:
        sets = load.rule_sets()
        for item in publish.items():
            for severity in (None, "minor", "general", "serious"):
                for day in (date(2019, 7, 1), date(2024, 5, 31), date(2026, 4, 1), date(2026, 8, 31)):
                    for end in (None, day, day + timedelta(days=400), day + timedelta(days=9000)):
                        found = terms.terms(item, decided_on=day, valid_to=end, severity=severity, rule_sets=sets)
                        if found.publish_from is not None and found.retain_until is not None:
                            assert found.publish_until is not None
                            assert found.publish_until <= found.retain_until
                        if item.publicity.clock == "severity" and severity == "minor" and day >= date(2026, 4, 1):
                            assert found.publish_from is None, item.id

    @pytest.mark.parametrize(("months", "is_refused"), [(0, False), (3, False), (4, True), (12, True)])
    def test_inv_61_a_rule_set_that_publishes_the_minor_class_longer_is_refused(
        self, tmp_path: Path, months: int, is_refused: bool
    ) -> None:
        text = (load.LIBRARY / "rule_sets.yaml").read_text(encoding="utf-8")
        path = tmp_path / "rule_sets.yaml"
        path.write_text(text.replace("minor: {min: 0, max: 0}", f"minor: {{min: 0, max: {months}}}"), encoding="utf-8")
        if is_refused:
            with pytest.raises(CatalogueError, match="E_PUBLICITY"):
                load.rule_sets_of(path)
        else:
            assert load.rule_sets_of(path)[-1].months["minor"] == (0, months)

    def test_inv_62_repair_before_the_least_publicity_is_refused_with_the_first_possible_day(self, one: Matter) -> None:
        error = refusal(lambda: repairs.applied(one))
        assert code_of(error) == "E_TOO_EARLY"
        assert error.facts["possible_from"] == str(one.shown.repair_from)

    @pytest.mark.usefixtures("later")
    def test_inv_63_what_is_overdue_is_shown_in_hours_and_cannot_be_moved(self, one: Matter) -> None:
        case = repairs.accepted(one)
        with on("2026-12-01", hour=9):
            with scope.acting(one.by):
                now = repair.find(case.id, by=one.by, at=clock.now()).case
            term = next(each for each in now.terms if each.id == "result")
            assert (term.due_on, term.warning) == (date(2026, 11, 16), "W_OVERDUE")
            assert term.hours_over == 14 * 24 + 9
            error = refusal(lambda: desk(one.source, repair_desk.extend, case, days=5, reason="需要现场核查"))
            assert code_of(error) == "W_OVERDUE"
            with scope.acting(one.by):
                again = repair.find(case.id, by=one.by, at=clock.now()).case
            assert next(each for each in again.terms if each.id == "result").due_on == date(2026, 11, 16)
        with scope.acting(one.by):
            then = repair.find(case.id, by=one.by, at=clock.now()).case
        assert {each.warning for each in then.terms} == {""}

    def test_inv_64_what_rests_on_an_annulled_decision_is_withdrawn_with_its_reason(
        self, one: Matter, tmp_path: Path
    ) -> None:
        ref, submission = one.shown.ref, Submission.objects.order_by("-id").first()
        assert submission is not None
        revert.begin(submission.pk, reason="行政处罚决定被复议撤销", by=one.source)
        revert.finish(submission.pk, by=one.source)
        assert ref not in {each.ref for each in public(one.who)}
        seen = dossier.of(one.who.code, as_of=clock.today(), seen_by=CENTRE, purpose="日常监管 2026-1")
        assert ref not in {each.ref for s in seen.sections for each in s.records}
        entry = AuditEntry.objects.filter(event="submission-reverted").latest("id")
        assert (entry.purpose, entry.actor) == ("行政处罚决定被复议撤销", "clerk")

    @pytest.mark.usefixtures("later")
    def test_inv_65_a_repair_is_not_closed_while_a_recipient_has_not_acknowledged(self, one: Matter) -> None:
        client = repairs.client("没有回执的机构")
        try:
            case = repairs.granted(one)
            assert case.state.id == "syncing"
            assert code_of(refusal(lambda: desk(CENTRE, repair_desk.close, case))) == "E_SYNC"
        finally:
            clients.disable(client.name, by=system("tests"), now=clock.now())

    def test_inv_66_a_withdrawal_erases_what_rests_on_the_consent_alone(self, fresh: Hall) -> None:
        given = fresh.gives()
        kept = fresh.looks()
        assert KeptAnswer.objects.filter(ref=kept.ref).exists()
        fresh.withdraws(given)
        assert not KeptAnswer.objects.filter(ref=kept.ref).exists()
        with scope.acting(fresh.program):
            assert refusal(lambda: queries.fetch(kept.ref, seen_by=fresh.program, at=clock.now())).status == 404

    def test_inv_67_what_holds_personal_data_is_not_published_unassessed(self) -> None:
        item = publish.current(OF_PERSONS)
        assert item.is_about_persons
        with pytest.raises(assessment.AssessmentMissing) as refused:
            assessment.must_cover(item, on=date(2056, 1, 1))
        assert code_of(refused.value) == "E_ASSESSMENT"
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM catalogue_assessment")


class TestAccess:
    def test_inv_70_a_person_is_looked_at_by_authorisation_only_and_never_public(self, fresh: Hall) -> None:
        assert code_of(refusal(lambda: fresh.looks())) == "E_PERSON_PUBLIC"
        number = fresh.person.number
        assert "/subject/" not in Client().get("/search", {"q": fresh.person.name}).content.decode()
        answer = program().get(f"/organisations/{number}")
        assert answer.status_code in (400, 404)
        assert number not in answer.content.decode()
        with scope.acting(PUBLIC), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM record WHERE item_id = %s", [OF_PERSONS])
            assert cursor.fetchone() == (0,), "the database itself"

    def test_inv_71_what_cannot_be_logged_is_not_looked_at(self, hall: Hall) -> None:
        entries = AuditEntry.objects.filter(event="authorised-queried").count()
        hall.looks("organisation", by=hall.reader, purpose="licensing")
        entry = AuditEntry.objects.filter(event="authorised-queried").latest("id")
        assert AuditEntry.objects.filter(event="authorised-queried").count() == entries + 1
        assert (entry.actor, entry.object_ref, entry.purpose) == (
            hall.reader.name, hall.organisation.code, f"licensing: {NOTE}",
        )  # fmt: skip
        with separation.as_owner(), connection.cursor() as cursor:
            cursor.execute(
                "ALTER TABLE security_auditentry ADD CONSTRAINT full_disk CHECK (role <> 'reader') NOT VALID"
            )
        try:
            error = refusal(lambda: hall.looks("organisation", by=hall.reader, purpose="licensing"))
        finally:
            with separation.as_owner(), connection.cursor() as cursor:
                cursor.execute("ALTER TABLE security_auditentry DROP CONSTRAINT full_disk")
        assert (error.code, code_of(error)) == ("security.no-evidence", "E_LOG")

    def test_inv_71_no_look_is_ever_removed_and_ten_years_later_it_is_shown(self, fresh: Hall) -> None:
        fresh.gives()
        fresh.looks()
        for act in ("DELETE FROM security_auditentry", "UPDATE security_auditentry SET actor = 'x'"):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(act)
        with on("2036-06-01"), scope.acting(fresh.owner("person")):
            lines, total = access_log.of(by=fresh.owner("person"), at=clock.now())
        assert (len(lines), total) == (1, 1)

    def test_inv_72_personal_parts_of_what_is_public_are_not_given_out(self, one: Matter) -> None:
        somebody = made.person()
        one.hand_in(CF_WSH=made.document(), CF_FRDB=somebody.name, CF_FR_ZJLX="身份证", CF_FR_ZJHM=somebody.number)
        pages = [
            Client().get(f"/subject/{one.who.code}/").content.decode(),
            program().get(f"/organisations/{one.who.code}").content.decode(),
            str(compose.compose(one.who.code, as_of=clock.today(), seen_by=PUBLIC)),
        ]
        assert all(one.row["CF_WSH"] in page for page in pages)
        assert not [page for page in pages if somebody.number in page]

    def test_inv_73_a_subject_sees_what_is_on_file_and_who_looked(self, hall: Hall) -> None:
        hall.looks("organisation", by=hall.reader, purpose="licensing")
        who = hall.owner()
        with scope.acting(who):
            found = own.about(by=who, as_of=clock.today())
            lines, _ = access_log.of(by=who, at=clock.now())
        assert found.total >= 1
        assert all(each.record.source and each.bases for each in found.records), "with source and rule"
        assert lines[0].purpose_zh

    @pytest.mark.parametrize("role", sorted(MACHINES))
    def test_inv_74_no_program_and_not_the_platform_itself_decides(self, role: Role, fresh: Hall) -> None:
        machine = Actor(role=role, name="machine", department=fresh.bank.code, subject=fresh.ids["person"])
        for action in sorted(access.DECIDED_BY_PEOPLE):
            error = refusal(lambda action=action: require(machine, action))  # type: ignore[misc]
            assert (error.code, code_of(error)) == ("security.people-decide", "E_AUTO_ONLY")
        deeds = [
            lambda: repair_desk.grant(1, after=1, token="t" * 20, by=machine, at=clock.now()),
            lambda: repair_desk.deny(1, reason="自动", after=1, token="t" * 20, by=machine, at=clock.now()),
            lambda: consent.give(1, by=machine, at=clock.now()),
            lambda: consent.refuse(1, by=machine, at=clock.now()),
            lambda: alarms.review(1, outcome="in-order", note="自动判断", by=machine, at=clock.now()),
            lambda: queries.break_glass(
                whose.of_id(fresh.ids["person"]), items=[], reason="自动", seen_by=machine, at=clock.now()
            ),
        ]
        for deed in deeds:
            assert code_of(refusal(deed)) == "E_AUTO_ONLY"

    def test_inv_74_the_clock_takes_no_step_that_decides(self, one: Matter) -> None:
        from tests.rights.objecting import forwarded

        case = forwarded(one)
        for action in ("answer", "recall", "extend"):
            step = Step(action, case.after, f"{action}-by-the-clock-000", reason="自动办理")
            with scope.acting(system("hourly")):
                error = refusal(
                    lambda step=step: cases.take(
                        case.id, step, kind=case.procedure.kind, unit="", by=system("hourly"), at=clock.now()
                    )  # type: ignore[misc]
                )
            assert code_of(error) == "E_AUTO_ONLY", action

    @pytest.mark.parametrize("procedure", PROCEDURES, ids=lambda one: f"{one.kind}-{one.id}-{one.version}")
    def test_inv_74_no_procedure_ends_by_the_clock_alone(self, procedure: Procedure) -> None:
        reached, alone = {procedure.first}, [one for one in procedure.transitions if Party.CLOCK in one.by]
        while more := {one.to for one in alone if set(one.starts) & reached} - reached - {"=", "<"}:
            reached |= more
        assert not [state for state in reached if procedure.state(state).is_final]

    def test_inv_74_who_disagrees_with_a_decision_has_another_person_look_at_it(self, one: Matter) -> None:
        with on(repairs.LATER):
            case = desk(one.source, repair_desk.deny, repairs.accepted(one), reason="罚款尚未缴清")
            case = repairs.own(one, repair.ask_review, case, reason="请由人复核")
            assert case.state.id == "review"

    def test_inv_75_another_purpose_takes_another_consent(self, fresh: Hall) -> None:
        fresh.gives(purpose="loan")
        error = refusal(lambda: fresh.looks(purpose="benefit"))
        assert code_of(error) == "E_PURPOSE"
        assert code_of(refusal(lambda: fresh.looks(purpose="curiosity"))) == "E_PURPOSE"

    def test_inv_76_nothing_is_taken_back_without_who_and_why_neither_by_the_verb_nor_in_the_database(
        self, one: Matter
    ) -> None:
        submission = Submission.objects.order_by("-id").first()
        assert submission is not None
        for reason in ("", "  ", "错"):
            error = refusal(lambda reason=reason: revert.begin(submission.pk, reason=reason, by=one.source))  # type: ignore[misc]
            assert (error.code, code_of(error)) == ("intake.reason-needed", "E_AUDIT")
        with pytest.raises(DatabaseError, match="reverted_says_who_and_why"), transaction.atomic():
            Submission.objects.filter(pk=submission.pk).update(reverted_at=clock.now(), status="reverted")
        for act in ("UPDATE record SET state = 2", "DELETE FROM record", "TRUNCATE record CASCADE"):
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(act)
        assert one.shown

    def test_inv_21_a_withdrawn_consent_opens_nothing(self, fresh: Hall) -> None:
        fresh.withdraws(fresh.gives())
        assert code_of(refusal(lambda: fresh.looks())) == "E_WITHDRAWN"

    def test_inv_21a_who_said_no_is_not_asked_again(self, fresh: Hall) -> None:
        fresh.withdraws(fresh.gives())
        assert code_of(refusal(lambda: fresh.asks())) == "E_ASKED_AGAIN"


def test_a_page_and_a_command_say_the_code_beside_our_own(one: Matter) -> None:
    error = refusal(lambda: repairs.applied(one))
    assert error.mark == "rights.repair-too-early · E_TOO_EARLY"
    assert XinyongError("不", "no").mark == "kernel.error"
    from django.test import RequestFactory

    from xinyong.web import pages

    request = RequestFactory().get("/own/")
    request.actor = PUBLIC  # type: ignore[attr-defined]
    assert "rights.repair-too-early · E_TOO_EARLY" in pages.error_page(request, error).content.decode()


def test_the_own_page_says_it_where_the_form_is_refused(one: Matter) -> None:
    from tests.rights.objecting import paper, token
    from tests.signing import signed_in

    client, ref, proof = signed_in(Client(), one.by.name), one.shown.ref, paper(one.folder).path
    with proof.open("rb") as file:
        form = {
            "ground": "corrected",
            "statement": "罚款已缴清",
            "signer": "示例法人",
            "after": "0",
            "token": token(),
            "paper_1": file,
        }
        page = client.post(f"/own/repairs/new/{ref}/", form)
    assert page.status_code in (400, 409)
    assert "E_TOO_EARLY" in page.content.decode()


def test_the_days_here_are_what_they_are_said_to_be() -> None:
    with time_machine.travel(datetime.fromisoformat(f"{OVER}T10:00:00+08:00")):
        assert clock.today() == date(2031, 7, 1)
    assert Action.DECIDE_REPAIR in access.DECIDED_BY_PEOPLE
