"""信用修复 From the computed conditions to the recipients' receipts: what is possible when, who decides, what nobody sees any more."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.db.utils import DatabaseError

from tests.rights.objecting import CENTRE, SECOND, Matter, desk, matter, own, paper, public, token
from xinyong.kernel import clock
from xinyong.kernel.errors import XinyongError
from xinyong.records import dossier, exporting, history, listing
from xinyong.records.dossier import UnknownRecord
from xinyong.records.exporting import Wanted
from xinyong.records.models import Repair, RepairEnd
from xinyong.reports import compose
from xinyong.rights import case_page, recipients, repair, repair_desk, repair_rules
from xinyong.rights.models import Recipient, RecipientReceipt
from xinyong.rights.repair import Application
from xinyong.security import clients, identity, scope
from xinyong.security.access import PUBLIC, Actor, Role, system
from xinyong.workflow import notices, subject_notices
from xinyong.workflow.case_view import CaseView
from xinyong.workflow.kinds import Kind

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")
#: The penalty of these tests is of 2026-05; its least time of publicity is over by then.
LATER = "2026-11-02"


def on(day: str, hour: int = 10) -> time_machine.travel:
    return time_machine.travel(datetime.fromisoformat(f"{day}T{hour:02}:00:00+08:00"), tick=True)


@pytest.fixture
def one(tmp_path: Path) -> Matter:
    return matter(tmp_path)


@pytest.fixture
def later() -> Iterator[None]:
    with on(LATER):
        yield


@pytest.fixture(autouse=True)
def _no_recipients_left() -> Iterator[None]:
    """A client of one test is waited for in no other."""
    yield
    for each in clients.readers():
        clients.disable(each.client_id, by=system("tests"), now=clock.now())


def refusal(deed: Callable[[], Any]) -> XinyongError:
    with pytest.raises(XinyongError) as error:
        deed()
    return error.value


def applied(one: Matter, ground: str = "corrected", signer: str = "示例法人", **other: Any) -> CaseView:
    how = {"papers": [paper(one.folder)], "token": token(), "by": one.by, "at": clock.now()} | other
    with scope.acting(one.by):
        return repair.apply(one.shown.ref, Application(ground, "罚款已缴清", signer), **how)[0]


def accepted(one: Matter) -> CaseView:
    return desk(one.source, repair_desk.accept, applied(one))


def granted(one: Matter) -> CaseView:
    return desk(one.source, repair_desk.grant, accepted(one), reason="已缴清罚款")


def client(name: str) -> Actor:
    unit = identity.register_department(
        code="11990100MGC2D9HX68", name="云溪市市场监督管理局", short_name="市监局", by=system("tests")
    )
    made, _ = clients.register(
        name=name, department=unit.code, scopes=("read:shared",), networks=("127.0.0.0/8",), by=system("tests"),
        now=clock.now(),
    )  # fmt: skip
    return Actor(role=Role.CLIENT, name=made.client_id, department=unit.code)


def test_the_conditions_are_computed_and_explained_before_anybody_applies(one: Matter) -> None:
    with scope.acting(one.by):
        record, found = repair.eligibility(one.shown.ref, "corrected", by=one.by, at=clock.now())
    assert {c.id: c.is_met for c in found.conditions} == {
        "adverse": True, "published": True, "least-publicity": False, "performed": None, "commitment": None, "no-bar": True,
    }  # fmt: skip
    assert not found.may_apply
    assert found.possible_from == record.repair_from
    with on(LATER), scope.acting(one.by):
        assert repair.eligibility(one.shown.ref, "corrected", by=one.by, at=clock.now())[1].may_apply


def test_too_early_is_refused_with_the_first_possible_day(one: Matter) -> None:
    error = refusal(lambda: applied(one))
    assert error.code == "rights.repair-too-early"
    assert error.facts["possible_from"] == str(one.shown.repair_from)
    assert str(one.shown.repair_from) in error.zh
    assert str(one.shown.repair_from) in error.en


def test_a_courts_ruling_opens_the_way_without_waiting(one: Matter) -> None:
    assert applied(one, "restructuring").state.id == "with-source"


@pytest.mark.usefixtures("later")
def test_what_is_no_judgment_is_not_repaired_as_a_performed_one(one: Matter) -> None:
    assert refusal(lambda: applied(one, "performed-judgment")).code == "rights.not-repairable"


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"papers": []}, "rights.repair-proof-missing"),
        ({"signer": ""}, "rights.repair-no-commitment"),
        ({"ground": "because"}, "rights.repair-ground"),
        ({"token": "x"}, "rights.form-without-token"),
    ],
)
def test_an_application_lacks_nothing(one: Matter, other: dict[str, Any], code: str) -> None:
    assert refusal(lambda: applied(one, **other)).code == code


@pytest.mark.usefixtures("later")
def test_the_letter_is_written_here_and_kept_word_for_word_with_the_rule_set(one: Matter) -> None:
    case = applied(one)
    facts = case.steps[0].facts
    for said in (one.who.name, one.who.code, "签署人：示例法人"):
        assert said in facts["letter"]
    assert (facts["rule_set"], case.procedure.version) == ("national v3", 3)


@pytest.mark.usefixtures("later")
def test_the_body_that_determined_has_it_at_once_and_is_told(one: Matter) -> None:
    case = applied(one)
    with scope.acting(one.source):
        found = repair_desk.inbox(seen_by=one.source, at=clock.now())
        told = notices.inbox(seen_by=one.source)
    assert [line.case.id for line in found.lines] == [case.id]
    assert [(each.kind, each.link) for each in told if each.kind is Kind.REPAIR] == [
        (Kind.REPAIR, f"/office/repairs/{case.id}/")
    ]
    assert [(t.id, t.days) for t in found.lines[0].case.terms] == [("acceptance", 3), ("result", 10)]


@pytest.mark.usefixtures("later")
def test_the_centre_decides_nothing_but_enters_a_bodys_paper(one: Matter) -> None:
    case = applied(one)
    assert refusal(lambda: desk(CENTRE, repair_desk.accept, case)).code == "rights.repair-decision-paper"
    case = desk(CENTRE, repair_desk.accept, case, papers=[paper(one.folder)])
    assert refusal(lambda: desk(CENTRE, repair_desk.grant, case)).code == "rights.repair-decision-paper"
    assert desk(CENTRE, repair_desk.grant, case, papers=[paper(one.folder)]).state.id == "repaired"


@pytest.mark.usefixtures("later")
def test_another_department_sees_nothing_of_it(one: Matter, tmp_path: Path) -> None:
    case, other = applied(one), matter(tmp_path)
    error = refusal(lambda: desk(other.source, repair_desk.accept, case))
    assert error.code == "workflow.unknown-case"
    with scope.acting(other.source):
        assert not repair_desk.inbox(seen_by=other.source, at=clock.now()).lines


@pytest.mark.usefixtures("later")
def test_missing_papers_are_asked_for_once_and_the_clock_stands_still(one: Matter) -> None:
    case = desk(one.source, repair_desk.ask, applied(one), reason="请补交缴款凭证")
    assert case.state.id == "incomplete"
    with on("2026-11-30"):
        with scope.acting(one.by):
            waiting = repair.find(case.id, by=one.by, at=clock.now()).case
        assert [t.is_paused for t in waiting.terms] == [True, True]
        case = own(one, repair.add, case, papers=[paper(one.folder)], note="")
        assert case.state.id == "with-source"
        assert refusal(lambda: desk(one.source, repair_desk.ask, case, reason="再补")).code == "workflow.step-not-now"


@pytest.mark.usefixtures("later")
def test_a_repaired_record_is_shown_to_nobody_from_the_instant_of_the_decision(one: Matter) -> None:
    ref = one.shown.ref
    case = granted(one)
    assert case.state.id == "repaired", "nobody else has it: closed at once"
    assert [each for each in public(one.who) if each.ref == ref] == [], "the organisation's page"
    with pytest.raises(UnknownRecord):
        dossier.record(one.who.code, ref, as_of=clock.today(), seen_by=PUBLIC)
    latest = listing.latest(item_ids=("admin-penalty-org",), as_of=clock.today(), seen_by=PUBLIC, limit=50)
    assert ref not in {each.ref for each in latest.records}
    content = compose.compose(one.who.code, as_of=clock.today(), seen_by=PUBLIC)
    said = json.dumps([str(c) for c in content.chapters], ensure_ascii=False)
    assert "行政处罚" in said
    assert one.row["CF_WSH"] not in said, "the report"
    for who in (CENTRE, one.source, Actor(role=Role.READER, name="r", account_id=5)):
        shared = dossier.of(one.who.code, as_of=clock.today(), seen_by=who, purpose="日常监管 2026-1")
        assert ref not in {each.ref for s in shared.sections for each in s.records}, "sharing and use stop too"
    wanted = Wanted(("admin-penalty-org",), clock.today(), source=one.unit.code)
    with pytest.raises(exporting.TooMuch, match="没有符合条件的记录"):
        exporting.count(wanted, by=CENTRE)
    with scope.acting(PUBLIC), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM record WHERE key_digest = %s", [bytes.fromhex(ref)])
        assert cursor.fetchone() == (0,), "the second wall: the database itself"


@pytest.mark.usefixtures("later")
def test_who_answers_for_it_reads_when_and_why_its_publicity_ended(one: Matter) -> None:
    ref = one.shown.ref
    granted(one)
    with scope.acting(one.source):
        versions, ends = history.of(one.who.code, ref, as_of=clock.today(), seen_by=one.source)
    assert [(end.clock, end.reason) for end in ends] == [("publicity", "repaired")]
    assert len(versions) == 1


@pytest.mark.usefixtures("later")
def test_what_is_reported_again_or_corrected_stays_repaired(one: Matter) -> None:
    ref = one.shown.ref
    granted(one)
    one.hand_in(CF_NR_FK="0.3")
    assert ref not in {each.ref for each in public(one.who)}


@pytest.mark.usefixtures("later")
def test_the_case_is_closed_when_every_recipient_has_acknowledged(one: Matter) -> None:
    bank, agency = client("银行"), client("征信机构")
    ref = one.shown.ref
    case = granted(one)
    assert case.state.id == "syncing"
    assert refusal(lambda: desk(CENTRE, repair_desk.close, case)).code == "rights.repair-not-acknowledged"
    pending = recipients.pending(by=bank)
    assert [(p.change, p.subject_code, p.ref) for p in pending] == [("conceal", one.who.code, ref)]
    assert recipients.acknowledge([p.id for p in pending], by=bank, at=clock.now()) == 1
    assert recipients.acknowledge([p.id for p in pending], by=bank, at=clock.now()) == 0, "once"
    assert recipients.acknowledge([p.id for p in recipients.pending(by=agency)], by=bank, at=clock.now()) == 0, (
        "others'"
    )
    repair_desk.follow(by=system("hourly"), at=clock.now())
    with scope.acting(one.by):
        assert repair.find(case.id, by=one.by, at=clock.now()).case.state.id == "syncing", "one of two"
    recipients.acknowledge([p.id for p in recipients.pending(by=agency)], by=agency, at=clock.now())
    repair_desk.follow(by=system("hourly"), at=clock.now())
    with scope.acting(one.by):
        found = repair.find(case.id, by=one.by, at=clock.now())
    assert found.case.state.id == "repaired"
    assert all(r.done_at for r in found.recipients)


@pytest.mark.usefixtures("later")
def test_a_recipient_that_lags_is_shown_and_the_case_is_escalated_once(one: Matter) -> None:
    client("拖延的机构")
    case = granted(one)
    with on("2026-11-12"):
        for _ in range(2):  # of other tests' cases there may be some too; of this one a step once
            repair_desk.follow(by=system("hourly"), at=clock.now())
        with scope.acting(CENTRE):
            found = repair_desk.find(case.id, seen_by=CENTRE, at=clock.now())
    assert [step.facts["term"] for step in found.case.steps if step.action == "escalate"] == ["sync"]
    assert [r.client_name for r in found.recipients if r.done_at is None] == ["拖延的机构"]
    assert next(t for t in found.case.terms if t.id == "sync").hours_over > 0
    clients.disable(Recipient.objects.get(case_id=case.id).client_id, by=system("tests"), now=clock.now())
    repair_desk.follow(by=system("hourly"), at=clock.now())
    with scope.acting(one.by):
        now = repair.find(case.id, by=one.by, at=clock.now()).case
    assert now.state.id == "repaired", "who is closed holds nothing any more"


@pytest.mark.usefixtures("later")
def test_fraud_revokes_shows_it_again_and_bars_the_next(one: Matter) -> None:
    bank = client("银行二")
    ref = one.shown.ref
    case = granted(one)
    case = desk(SECOND, repair_desk.revoke, case, cause="fraud", reason="缴款凭证系伪造")
    assert case.state.id == "revoked"
    assert ref in {each.ref for each in public(one.who)}
    assert {p.change.value for p in recipients.pending(by=bank)} == {"conceal", "restore"}
    error = refusal(lambda: applied(one))
    assert (error.code, error.facts["condition"]) == ("rights.repair-too-early", "no-bar")
    assert error.facts["possible_from"] == "2029-11-02"


@pytest.mark.usefixtures("later")
def test_a_plan_that_failed_ends_the_temporary_hiding_and_bars_nothing(one: Matter) -> None:
    case = applied(one, "restructuring")
    case = desk(one.source, repair_desk.grant, desk(one.source, repair_desk.accept, case))
    case = desk(SECOND, repair_desk.revoke, case, cause="plan-failed", reason="法院裁定终止执行重整计划")
    assert one.shown.ref
    assert applied(one, "corrected").state.id == "with-source"


@pytest.mark.usefixtures("later")
def test_a_refusal_has_reasons_and_is_looked_at_by_another(one: Matter) -> None:
    case = desk(one.source, repair_desk.deny, accepted(one), reason="罚款尚未缴清")
    case = own(one, repair.ask_review, case, reason="凭证已于上月提交")
    case = desk(CENTRE, repair_desk.review, case, is_returned=True, reason="请核对缴款凭证")
    assert case.state.id == "accepted"
    assert desk(one.source, repair_desk.grant, case).state.id == "repaired"
    assert not [r for r in public(one.who) if r.section.value == "penalty"]


def test_the_stepper_says_what_never_came(one: Matter, later: None) -> None:
    denied = desk(one.source, repair_desk.deny, accepted(one), reason="罚款尚未缴清")
    assert [state for _, state, _ in case_page.stepper(denied)] == ["done", "done", "done", "ahead", "done"]
    assert case_page.stepper(denied)[3][2] == "不需要"
    granted_one = desk(one.source, repair_desk.grant, accepted(one), reason="已缴清罚款")
    assert {state for _, state, _ in case_page.stepper(granted_one)} == {"done"}


@pytest.mark.usefixtures("later")
def test_a_term_is_longer_only_by_what_the_rule_set_allows(one: Matter) -> None:
    case = accepted(one)
    error = refusal(lambda: desk(one.source, repair_desk.extend, case, days=11, reason="需要现场核查"))
    assert error.code == "rights.repair-extension"
    case = desk(one.source, repair_desk.extend, case, days=5, reason="需要现场核查")
    with scope.acting(one.by):
        found = repair.find(case.id, by=one.by, at=clock.now()).case
    assert next(t for t in found.terms if t.id == "result").extended_by == 5


@pytest.mark.usefixtures("later")
def test_the_organisation_is_told_what_came_of_it(one: Matter) -> None:
    case = desk(one.source, repair_desk.deny, accepted(one), reason="罚款尚未缴清")
    assert told(one) == [("repair-answered", f"/own/repairs/{case.id}/")]
    again = granted(one)
    assert told(one)[0] == ("repair-done", f"/own/repairs/{again.id}/")


def told(one: Matter) -> list[tuple[str, str]]:
    with scope.acting(one.by):
        return [(each.kind.value, each.link) for each in subject_notices.inbox(seen_by=one.by)]


@pytest.mark.usefixtures("later")
def test_two_decisions_at_one_form_are_one(one: Matter) -> None:
    case, form = accepted(one), token()
    first = desk(one.source, repair_desk.grant, case, token=form)
    assert desk(one.source, repair_desk.grant, case, token=form).state.id == first.state.id
    assert Repair.objects.filter(case_id=case.id).count() == 1
    error = refusal(lambda: desk(one.source, repair_desk.deny, case, reason="两张桌子"))
    assert error.code == "workflow.case-moved-meanwhile"


@pytest.mark.usefixtures("later")
def test_nothing_of_it_is_ever_changed_or_taken_away(one: Matter) -> None:
    client("银行三")
    case = granted(one)
    desk(SECOND, repair_desk.revoke, case, cause="error", reason="决定有误")
    recipients.acknowledge(
        [p.id for p in recipients.pending(by=Actor(role=Role.CLIENT, name=Recipient.objects.last().client_id))],  # type: ignore[union-attr]
        by=Actor(role=Role.CLIENT, name=Recipient.objects.last().client_id), at=clock.now(),  # type: ignore[union-attr]
    )  # fmt: skip
    for table in (Repair, RepairEnd, Recipient, RecipientReceipt):
        assert table.objects.exists()
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table._meta.db_table}")


def test_every_rule_set_in_its_time() -> None:
    days = {"2019-06-30": 1, "2019-07-01": 1, "2023-04-30": 1, "2023-05-01": 2, "2026-03-31": 2, "2026-04-01": 3}
    found = {day: repair_rules.in_force(datetime.fromisoformat(day).date()).version for day in days}
    assert found == days
