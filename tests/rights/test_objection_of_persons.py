"""异议 A natural person objects to what is recorded about them: the whole course, what is marked where, and that nothing of them is
readable anywhere by anybody whom it does not concern."""

import json
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from tests.intake import made
from tests.rights.conftest import OF_PERSONS, Hall, anew
from tests.rights.objecting import CENTRE, SECOND, desk, paper, refusal, token
from xinyong.kernel import clock
from xinyong.records import own
from xinyong.records.own import OwnRecord
from xinyong.rights import access_log, objection, objection_desk, reminders
from xinyong.rights.objection import AS_ASKED, Said
from xinyong.security import scope, separation
from xinyong.security.access import Actor, NotAllowed, Role
from xinyong.workflow import subject_notices
from xinyong.workflow.case_view import CaseView
from xinyong.workflow.cases import Paper
from xinyong.workflow.models import Case, CaseDocument, CaseStep

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")
_STATEMENT = "罚款在二〇二六年五月已被撤销，原决定作废。"


class Somebody:
    """A person with a penalty on file, who speaks for themselves."""

    def __init__(self, hall: Hall, folder: Path) -> None:
        self.hall, self.folder = hall, folder
        self.row = made.person_row(hall.person, hall.unit)
        self.by = Actor(role=Role.PERSON, name="p-0123456789", account_id=None, subject=hall.ids["person"])
        self.source = Actor(role=Role.SOURCE_UNIT, name="clerk", account_id=910, department=hall.unit.code)
        self.hand_in()

    def hand_in(self, **changes: str) -> None:
        self.row |= changes
        path = made.csv_file(self.folder / f"rows-{token()}.csv", [self.row])
        view = made.hand_in(path, OF_PERSONS, self.hall.unit, at=clock.now())
        assert view.counts.accepted == 1, made.found(view)

    @property
    def mine(self) -> OwnRecord:
        with scope.acting(self.by):
            return own.about(by=self.by, as_of=clock.today()).records[0]

    def lodge(self, wanted: dict[str, str] | None = None, **other: Any) -> CaseView:
        said = Said("wrong", f"{self.hall.person.name}：金额与决定书不一致", wanted or {"CF_NR_FK": "0.1"})
        how = {"papers": [], "token": token(), "by": self.by, "at": clock.now()} | other
        with scope.acting(self.by):
            return objection.lodge(self.mine.handle, said, **how)[0]

    def takes(self, verb: Any, case: CaseView, **said: Any) -> CaseView:
        with scope.acting(self.by):
            done: CaseView = verb(
                case.id, **({"after": case.after, "token": token(), "by": self.by, "at": clock.now()} | said)
            )
        return done

    def reads(self, case: CaseView) -> objection.Seen:
        with scope.acting(self.by):
            return objection.find(case.id, by=self.by, at=clock.now())

    def refused(self) -> CaseView:
        return desk(
            CENTRE, objection_desk.decide, self.lodge(), outcome="refuse", changes={}, reason="与处罚决定书一致"
        )


@pytest.fixture
def one(hall: Hall, tmp_path: Path) -> Somebody:
    return Somebody(anew(hall), tmp_path)


def answered(one: Somebody) -> Any:
    """What a bank with the person's authorisation is told of them."""
    one.hall.gives()
    return one.hall.looks().rows[0]


def kept() -> str:
    """Every row of the tables that a case touches, as the database keeps them."""
    tables = (
        "workflow_case", "workflow_casestep", "workflow_casedocument", "rights_casewords", "records_annotation",
        "security_auditentry", "workflow_subjectnotice", "workflow_notice",
    )  # fmt: skip
    with connection.cursor() as cursor:
        texts = []
        for table in tables:
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} t")
            texts += [row[0] for row in cursor.fetchall()]
    return "\n".join(texts)


def test_the_mark_stands_where_the_person_and_whom_they_let_look_are_shown_the_record(one: Somebody) -> None:
    assert not one.mine.record.is_disputed
    assert not answered(one).is_disputed
    case = one.lodge()
    assert (case.state.id, case.subject_name, case.subject_code) == ("received", "自然人", "")
    assert one.mine.record.is_disputed
    assert one.hall.looks().rows[0].is_disputed
    one.takes(objection.withdraw, case, reason="")
    assert not one.mine.record.is_disputed
    assert not one.hall.looks().rows[0].is_disputed


def test_from_lodging_to_the_correction_also_of_what_is_sealed(one: Somebody, tmp_path: Path) -> None:
    right = made.person()
    case = one.lodge(
        {"CF_NR_FK": "0.1", "CF_XDR_MC": right.name, "CF_SY": "已按规定公示价格"}, papers=[paper(tmp_path)]
    )
    case = desk(CENTRE, objection_desk.forward, case)
    wanted = {"CF_NR_FK": "0.1", "CF_XDR_MC": AS_ASKED}
    case = desk(
        one.source, objection_desk.answer, case, outcome="partly", changes=wanted, reason="姓名和金额系录入错误"
    )
    case = desk(CENTRE, objection_desk.decide, case, outcome="partly", changes=wanted, reason="以决定书为准")
    assert [(each["code"], each["new"]) for each in case.last("uphold").facts["changes"]] == [  # type: ignore[union-attr]
        ("CF_NR_FK", "0.1"), ("CF_XDR_MC", right.name),
    ]  # fmt: skip
    one.hand_in(CF_NR_FK="0.1", CF_NR="罚款0.1万元")
    assert refusal(partial(desk, CENTRE, objection_desk.finish, case)) == "rights.not-corrected-yet", "the name is not"
    one.hand_in(CF_XDR_MC=right.name)
    assert reminders.follow(by=made.SYSTEM, at=clock.now()).closed >= 1
    seen = one.reads(case)
    assert (seen.case.state.id, one.mine.record.is_disputed) == ("partly", False)
    with scope.acting(one.by):
        told = [each.link for each in subject_notices.inbox(seen_by=one.by)]
    assert told == [f"/own/objections/{case.id}/"]


def test_the_desk_reads_neither_who_it_is_nor_unsaid_what_the_record_says(one: Somebody) -> None:
    right = made.person()
    case = desk(CENTRE, objection_desk.forward, one.lodge({"CF_XDR_MC": right.name, "CF_XDR_ZJHM": right.number}))
    for by in (CENTRE, one.source):
        with scope.acting(by):
            shut = objection_desk.find(case.id, seen_by=by, at=clock.now())
            opened = objection_desk.look(case.id, seen_by=by, at=clock.now())
        assert not any(each.text for each in shut.record.fields)
        assert (shut.record.title, shut.record.document_no) == ("", "")
        said = {each.code: each.text for each in opened.record.fields}
        assert said["CF_WSH"] == one.row["CF_WSH"]
        assert not {"CF_XDR_MC", "CF_XDR_ZJHM", "CF_XDR_ZJLX"} & said.keys()
        shown = json.dumps([each.facts for each in opened.case.steps], ensure_ascii=False)
        for secret in (one.hall.person.name, one.hall.person.number, right.name, right.number):
            assert secret not in shown
    with scope.acting(one.by):
        lines, total = access_log.of(by=one.by, at=clock.now())
    assert total == 2, "each look stands before the person's eyes, with unit and purpose"
    assert {each.purpose_zh for each in lines} == {"异议、修复核查"}


def test_nothing_of_the_person_can_be_read_where_cases_entries_and_notes_are_kept(
    one: Somebody, tmp_path: Path
) -> None:
    right = made.person()
    called = Paper(paper(tmp_path).path, f"{one.hall.person.name}的身份证.png")
    case = one.lodge({"CF_XDR_MC": right.name, "CF_XDR_ZJHM": right.number}, papers=[called])
    case = desk(CENTRE, objection_desk.decide, case, outcome="refuse", changes={}, reason=f"{right.name}不是本案当事人")
    case = one.takes(objection.state_disagreement, case, text=_STATEMENT)
    one.takes(objection.ask_review, case, reason=f"本人{one.hall.person.name}的姓名写错")
    everything = kept()
    secrets = (
        one.hall.person.name, one.hall.person.number, right.name, right.number, one.row["CF_WSH"], _STATEMENT, "0.2万元",
        "金额与决定书不一致",
    )  # fmt: skip
    assert [secret for secret in secrets if secret in everything] == []
    assert CaseDocument.objects.get(case_id=case.id).file_name == "材料1.png"
    read = [each.reason for each in one.reads(case).case.steps]
    assert _STATEMENT in read, "the person themself reads it"
    assert one.row["CF_WSH"] not in one.mine.handle


def test_refused_what_the_person_says_goes_with_the_record(one: Somebody) -> None:
    one.takes(objection.state_disagreement, one.refused(), text=_STATEMENT)
    assert one.mine.record.statement == _STATEMENT
    assert ("异议声明", _STATEMENT) in answered(one).fields


def test_review_by_another_person_marks_it_again(one: Somebody) -> None:
    case = one.takes(objection.ask_review, one.refused(), reason="原决定已被撤销")
    assert one.mine.record.is_disputed
    own_hand = partial(desk, CENTRE, objection_desk.decide, case, outcome="refuse", changes={}, reason="维持原结论")
    assert refusal(own_hand) == "workflow.step-not-yours"
    case = desk(SECOND, objection_desk.decide, case, outcome="refuse", changes={}, reason="维持原结论")
    assert (case.state.id, one.mine.record.is_disputed) == ("refused", False)


def test_nobody_else_sees_the_case_and_no_name_of_the_record_is_good_for_another(one: Somebody, hall: Hall) -> None:
    case = one.lodge()
    other = Actor(role=Role.PERSON, name="p-9876543210", subject=anew(hall).ids["person"])
    with scope.acting(other):
        assert refusal(partial(objection.find, case.id, by=other, at=clock.now())) == "workflow.unknown-case"
        assert not Case.objects.filter(pk=case.id).exists()
        assert not CaseStep.objects.filter(case_id=case.id).exists()
        for name in (one.mine.handle, one.mine.record.ref, "x"):
            assert refusal(partial(objection.own_record, name, by=other, at=clock.now())) == "records.unknown-record"
    with scope.acting(one.by):
        bare = partial(objection.own_record, one.mine.record.ref, by=one.by, at=clock.now())
        assert refusal(bare) == "records.unknown-record", "what stands in an address is no digest of the record"
    with scope.acting(one.source), pytest.raises(DatabaseError), transaction.atomic():
        CaseStep.objects.create(case_id=case.id, number=9, action="x", to_state="x", at=clock.now(), party="x")


def test_an_official_does_not_object_for_a_person(one: Somebody) -> None:
    with pytest.raises(NotAllowed):
        one.lodge(by=CENTRE)


def test_what_was_said_goes_with_the_content_of_the_record_and_by_no_other_way(one: Somebody, tmp_path: Path) -> None:
    case = one.takes(objection.state_disagreement, one.refused(), text=_STATEMENT)
    other = Somebody(anew(one.hall), tmp_path).refused()
    bury = """
        INSERT INTO record_erased (subject_id, key_digest, version, item_id, content_digest, leaf, ended_on, run_id, erased_at)
        SELECT subject_id, key_digest, version, item_id, content_digest, decode(repeat('00', 32), 'hex'), retain_until, 0, now()
        FROM record WHERE subject_id = %s
    """
    words = "SELECT count(*) FROM rights_casewords WHERE case_id = %s"
    sealed = "SELECT count(*) FROM records_annotation WHERE case_id = %s AND sealed IS NOT NULL"
    with closing(separation.owner()) as own_hand:
        for forbidden in ("DELETE FROM rights_casewords", "UPDATE records_annotation SET sealed = NULL"):
            with pytest.raises(psycopg.errors.RaiseException):
                own_hand.execute(forbidden)
            own_hand.rollback()
        with own_hand.transaction(force_rollback=True):
            assert own_hand.execute(words, [case.id]).fetchone() != (0,)
            assert own_hand.execute(sealed, [case.id]).fetchone() == (1,)
            own_hand.execute("SET LOCAL xinyong.erase = 'on'")
            own_hand.execute(bury, [case.subject_id])
            assert own_hand.execute(words, [case.id]).fetchone() == (0,)
            assert own_hand.execute(sealed, [case.id]).fetchone() == (0,)
            assert own_hand.execute(words, [other.id]).fetchone() != (0,)
