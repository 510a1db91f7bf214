"""异议 From lodging to the correction or the reasons: what stands where, who may do what, what is refused."""

import csv
import json
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.intake import declaring, made
from tests.rights.objecting import (
    CENTRE,
    SECOND,
    Matter,
    desk,
    forwarded,
    is_marked,
    lodge,
    matter,
    own,
    paper,
    public,
    refusal,
    refused,
    state,
    token,
)
from xinyong.catalogue import tables
from xinyong.kernel import clock
from xinyong.records import annotations, dossier, exporting, listing
from xinyong.records.exporting import Wanted
from xinyong.records.models import AnnotationEnd
from xinyong.reports import compose
from xinyong.rights import objection, objection_desk, reminders
from xinyong.rights.objection import Said
from xinyong.security import identity, proofs, scope
from xinyong.security.access import PUBLIC, Actor, NotAllowed, Role
from xinyong.security.models import AuditEntry
from xinyong.workflow import cases
from xinyong.workflow.cases import Paper
from xinyong.workflow.models import Case, CaseDocument

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")


@pytest.fixture
def one(tmp_path: Path) -> Matter:
    return matter(tmp_path)


def report(one: Matter) -> str:
    content = compose.compose(one.who.code, as_of=clock.today(), seen_by=PUBLIC)
    return json.dumps([str(each) for each in content.chapters], ensure_ascii=False)


def test_the_mark_stands_everywhere_from_the_instant_it_is_lodged(one: Matter, tmp_path: Path) -> None:
    assert not is_marked(one)
    case = lodge(one)
    assert case.state.id == "received"
    assert is_marked(one), "the organisation's page"
    found, _ = dossier.record(one.who.code, one.shown.ref, as_of=clock.today(), seen_by=PUBLIC)
    assert found.is_disputed, "the record's page"
    section = dossier.section(one.who.code, one.shown.section, as_of=clock.today(), seen_by=PUBLIC)
    assert section.records[0].is_disputed, "the section's page"
    latest = listing.latest(item_ids=("admin-penalty-org",), as_of=clock.today(), seen_by=PUBLIC, limit=50)
    assert [each.is_disputed for each in latest.records if each.subject_code == one.who.code] == [True]
    assert "争议中" in report(one)
    shared = dossier.of(one.who.code, as_of=clock.today(), seen_by=CENTRE, purpose="办理异议 2026-1")
    assert [each.is_disputed for s in shared.sections for each in s.records if each.ref == one.shown.ref] == [True]


def test_an_export_names_what_is_disputed_and_what_its_subject_says(one: Matter, tmp_path: Path) -> None:
    case = refused(one)
    own(one, objection.state_disagreement, case, text="本单位认为罚款金额有误，已提起行政复议。")
    lodge(one)
    to = tmp_path / "out.csv"
    wanted = Wanted(("admin-penalty-org",), clock.today(), source=one.unit.code)
    account = identity.create_account(
        username="exporter", password="correct horse battery staple", display_name="x", role="operator", department=None,
        by=made.SYSTEM,
    )  # fmt: skip
    by = Actor(role=Role.OPERATOR, name="exporter", account_id=account)
    exporting.export(wanted, purpose="办理异议", to=to, by=by, at=clock.now())
    with to.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[1][-1] == "标注"
    assert rows[2][-1] == "争议中；异议声明：本单位认为罚款金额有误，已提起行政复议。"


def test_what_was_shown_on_a_past_instant_can_be_told_again(one: Matter) -> None:
    before = clock.now()
    case = lodge(one)
    marked = clock.now()
    own(one, objection.withdraw, case, reason="")
    seen = [
        dossier.of(one.who.code, as_of=clock.today(), seen_by=PUBLIC, known_at=instant) for instant in (before, marked, clock.now())
    ]  # fmt: skip
    told = [[each.is_disputed for s in file.sections for each in s.records] for file in seen]
    assert [any(each) for each in told] == [False, True, False]


def test_forwarded_answered_corrected_by_a_submission_and_closed_by_the_clock(one: Matter) -> None:
    case = forwarded(one)
    assert state(case, one.source) == "with-source"
    case = desk(one.source, objection_desk.answer, case, outcome="accept", changes={}, reason="决定书确为 0.1 万元")
    assert case.steps[-1].facts["changes"][0] | {"label_zh": "", "label_en": ""} == {
        "code": "CF_NR_FK", "label_zh": "", "label_en": "", "old": "0.20", "new": "0.1",
    }  # fmt: skip
    case = desk(CENTRE, objection_desk.decide, case, outcome="accept", changes={}, reason="以决定书为准，予以更正")
    assert (case.state.id, is_marked(one)) == ("correcting", True)
    finish = partial(desk, CENTRE, objection_desk.finish, case)
    assert refusal(finish) == "rights.not-corrected-yet", "the archive has not said so yet"
    one.hand_in(CF_NR="罚款0.1万元")
    assert refusal(finish) == "rights.not-corrected-yet", "something else was corrected"
    before = report(one)
    one.hand_in(CF_NR_FK="0.1")
    assert is_marked(one), "a correction alone does not settle it"
    assert reminders.follow(by=made.SYSTEM, at=clock.now()).closed >= 1
    assert state(case, CENTRE) == "upheld"
    assert not is_marked(one)
    assert next(each.text for each in one.shown.fields if each.code == "CF_NR_FK") == "0.10"
    assert report(one) != before
    assert "争议中" not in report(one)


def test_upheld_when_the_record_is_withdrawn(one: Matter) -> None:
    from xinyong.intake import revert
    from xinyong.intake.models import Submission

    case = desk(
        CENTRE, objection_desk.decide, lodge(one, wanted={}), outcome="accept", changes={}, reason="不是该单位的处罚"
    )
    assert refusal(lambda: desk(CENTRE, objection_desk.finish, case)) == "rights.not-corrected-yet"
    submission = Submission.objects.filter(source_id=one.unit.id).latest("id").pk
    revert.begin(submission, reason="张冠李戴，整批撤回", by=made.SYSTEM)
    revert.finish(submission, by=made.SYSTEM)
    assert desk(CENTRE, objection_desk.finish, case).state.id == "upheld"
    assert not [each for each in public(one.who) if each.section.value == "penalty"]


def test_an_amount_set_otherwise_is_no_change(one: Matter) -> None:
    assert lodge(one, wanted={"CF_NR_FK": "0.200"}).steps[0].facts["changes"] == []


def test_upheld_in_part_names_its_fields_and_ends_as_such(one: Matter) -> None:
    case = forwarded(one, wanted={"CF_NR_FK": "0.1", "CF_WFXW": "没有违反"})
    without = partial(desk, one.source, objection_desk.answer, case, outcome="partly", changes={}, reason="金额有误")
    assert refusal(without) == "rights.objection-outcome"
    unknown = partial(
        desk, one.source, objection_desk.answer, case, outcome="partly", changes={"X": "1"}, reason="金额有误"
    )
    assert refusal(unknown) == "rights.objection-field"
    case = desk(
        one.source,
        objection_desk.answer,
        case,
        outcome="partly",
        changes={"CF_NR_FK": "0.15"},
        reason="金额有误，行为无误",
    )
    case = desk(
        CENTRE, objection_desk.decide, case, outcome="partly", changes={"CF_NR_FK": "0.15"}, reason="按信源单位答复"
    )
    one.hand_in(CF_NR_FK="0.15")
    assert desk(CENTRE, objection_desk.finish, case).state.id == "partly"
    assert not is_marked(one)


def test_refused_with_reasons_the_statement_stands_on_the_record_and_is_bounded(one: Matter) -> None:
    open_case = lodge(one)
    bare = partial(desk, CENTRE, objection_desk.decide, open_case, outcome="refuse", changes={}, reason=" ")
    assert refusal(bare) == "workflow.reason-missing"
    case = desk(CENTRE, objection_desk.decide, open_case, outcome="refuse", changes={}, reason="与处罚决定书一致")
    assert (case.state.id, is_marked(one)) == ("refused", False)
    person = made.person()
    for text in ("不同意", "长" * 301, f"本单位不同意，请联系 {person.number} 核实情况"):
        said = partial(own, one, objection.state_disagreement, case, text=text)
        assert refusal(said) == "records.bad-statement"
    own(one, objection.state_disagreement, case, text="本单位认为罚款金额有误，已提起行政复议。")
    assert one.shown.statement == "本单位认为罚款金额有误，已提起行政复议。"
    assert "本单位认为罚款金额有误" in report(one)
    again = cases.again(case.id, kind=None, by=made.SYSTEM, at=clock.now(), calendar=tables.calendar())
    twice = partial(own, one, objection.state_disagreement, again, text="本单位还要再说一次：金额有误。")
    assert refusal(twice) == "workflow.step-not-now"


def test_a_statement_is_for_what_was_refused(one: Matter) -> None:
    case = lodge(one)
    said = partial(own, one, objection.state_disagreement, case, text="本单位认为罚款金额有误。")
    assert refusal(said) == "workflow.step-not-now"
    assert one.shown.statement == ""


def test_review_once_by_another_person_and_the_statement_goes_when_it_is_upheld(one: Matter) -> None:
    case = own(one, objection.state_disagreement, refused(one), text="本单位认为罚款金额有误，已提起行政复议。")
    case = own(one, objection.ask_review, case, reason="复议机关已变更决定，见附件")
    assert (case.state.id, is_marked(one)) == ("review", True)
    decide = {"outcome": "accept", "changes": {"CF_NR_FK": "0.1"}, "reason": "复议决定已变更金额"}
    same = partial(desk, CENTRE, objection_desk.decide, case, **decide)
    assert refusal(same) == "workflow.step-not-yours", "who decided does not review"
    case = desk(SECOND, objection_desk.decide, case, **decide)
    one.hand_in(CF_NR_FK="0.1")
    assert desk(SECOND, objection_desk.finish, case).state.id == "upheld"
    assert (one.shown.statement, is_marked(one)) == ("", False)


def test_after_a_review_that_refuses_there_is_no_second(one: Matter) -> None:
    case = own(one, objection.ask_review, refused(one), reason="请再核对决定书原件")
    case = desk(SECOND, objection_desk.decide, case, outcome="refuse", changes={}, reason="原件与记录一致")
    assert (case.state.id, is_marked(one)) == ("refused", False)
    again = partial(own, one, objection.ask_review, case, reason="请再核对决定书原件")
    assert refusal(again) == "workflow.step-not-now"


@pytest.mark.parametrize("is_forwarded", [False, True])
def test_withdrawn_at_any_time_the_mark_ends_and_it_can_be_lodged_anew(one: Matter, is_forwarded: bool) -> None:
    case = forwarded(one) if is_forwarded else lodge(one)
    assert own(one, objection.withdraw, case, reason="已与信源单位核对清楚").state.id == "withdrawn"
    assert not is_marked(one)
    assert lodge(one).id != case.id
    assert is_marked(one)


def test_one_open_objection_to_a_record(one: Matter) -> None:
    lodge(one)
    assert refusal(lambda: lodge(one)) == "workflow.case-already-open"


def test_another_organisations_record_and_ones_own_word_cannot_be_objected_to(one: Matter, tmp_path: Path) -> None:
    stranger = matter(tmp_path)
    said = Said("wrong", "这不是事实，请核查", {})
    with scope.acting(stranger.by):
        other = partial(objection.lodge, one.shown.ref, said, token=token(), by=stranger.by, at=clock.now())
        assert refusal(other) == "records.unknown-record"
    declaring.declare(one.by, tmp_path)
    mine = next(each for each in public(one.who) if each.declared)
    with scope.acting(one.by):
        own_word = partial(objection.lodge, mine.ref, said, token=token(), by=one.by, at=clock.now())
        assert refusal(own_word) == "rights.own-word"
    assert not is_marked(one)


@pytest.mark.parametrize("by", [CENTRE, PUBLIC, made.AUDITOR])
def test_only_the_organisation_lodges(one: Matter, by: Actor) -> None:
    with pytest.raises(NotAllowed):
        objection.lodge(one.shown.ref, Said("wrong", "不是事实", {}), token=token(), by=by, at=clock.now())


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"ground": "because"}, "rights.objection-ground"), ({"wanted": {"CF_XXX": "1"}}, "rights.objection-field"),
        ({"wanted": {"CF_NR_FK": "1" * 501}}, "rights.objection-field"), ({"token": "x"}, "rights.form-without-token"),
    ],
)  # fmt: skip
def test_what_is_not_lodged_leaves_nothing(one: Matter, other: dict[str, Any], code: str) -> None:
    assert refusal(lambda: lodge(one, **other)) == code
    assert not is_marked(one)
    assert not Case.objects.filter(subject_code=one.who.code).exists()


def test_papers_are_looked_through_sealed_and_hashed(one: Matter, tmp_path: Path) -> None:
    hostile = tmp_path / "a.pdf"
    hostile.write_bytes(b"%PDF-1.7\n/OpenAction << /JavaScript (app.alert(1)) >>")
    with pytest.raises(proofs.UnfitProof):
        lodge(one, papers=[Paper(hostile, "a.pdf")])
    assert not is_marked(one), "nothing of it was kept"
    with pytest.raises(cases.TooManyPapers):
        lodge(one, papers=[paper(tmp_path) for _ in range(cases.MOST_PAPERS + 1)])
    given = paper(tmp_path)
    case = lodge(one, papers=[given])
    kept = CaseDocument.objects.get(case_id=case.id)
    sealed = proofs.place(cases.folder(), kept.digest).read_bytes()
    assert given.path.read_bytes()[8:] not in sealed
    with scope.acting(CENTRE):
        name, kind = objection_desk.paper(case.id, 1, to=tmp_path / "opened", seen_by=CENTRE)
    assert (name, kind, (tmp_path / "opened").read_bytes()) == ("决定书.png", "image/png", given.path.read_bytes())
    entry = AuditEntry.objects.filter(event="case-opened").latest("id")
    assert entry.facts["papers"] == kept.digest[:16]


def test_a_mark_that_fails_takes_the_case_with_it(one: Matter, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(annotations, "dispute", broken)
    with pytest.raises(RuntimeError):
        lodge(one)
    assert not Case.objects.filter(subject_code=one.who.code).exists()


def test_reading_costs_no_query_more_for_a_mark(one: Matter) -> None:
    public(one.who)  # names and the catalogue are remembered from here on
    with connection.execute_wrapper(counter := Counter()):
        public(one.who)
    without, counter.count = counter.count, 0
    lodge(one)
    with connection.execute_wrapper(counter):
        public(one.who)
    assert counter.count == without


class Counter:
    """Counts statements."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        self.count += 1
        return execute(sql, params, many, context)


def test_the_end_of_a_mark_is_noted_once(one: Matter) -> None:
    case = lodge(one)
    own(one, objection.withdraw, case, reason="")
    annotations.settle(case.subject_id, case_id=case.id, by=made.SYSTEM, at=clock.now() + timedelta(hours=1))
    assert AnnotationEnd.objects.filter(annotation__case_id=case.id).count() == 1
