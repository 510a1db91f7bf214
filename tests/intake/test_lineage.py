"""Where a datum came from: every version with its file, row, findings and judgements; for who answers for it."""

from typing import Any

import pytest

from tests.intake import made
from tests.intake.made import OPERATOR, HandIn, Organisation
from xinyong.intake import desk, lineage, revert, settle, views
from xinyong.kernel import clock
from xinyong.records import dossier, history
from xinyong.records.dossier import UnknownRecord
from xinyong.records.purpose import PurposeNeeded
from xinyong.reports import issue
from xinyong.security import audit
from xinyong.security.access import PUBLIC, Actor, NotAllowed, Role
from xinyong.security.identity import SourceUnit

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")
ITEM = "admin-penalty-org"
WHY = "inspection: 专项检查〔2026〕1号"


@pytest.fixture(scope="module")
def unit(module_db: None, on_the_day: object) -> SourceUnit:
    return made.department()


@pytest.fixture
def who() -> Organisation:
    one = made.organisation()
    made.register(one)
    return one


def clerk(unit: SourceUnit) -> Actor:
    return Actor(role=Role.SOURCE_UNIT, name="clerk", department=unit.code)


def ref(who: Organisation) -> str:
    file = dossier.of(who.code, as_of=made.TODAY, seen_by=made.SYSTEM)
    return next(one.ref for section in file.sections for one in section.records if one.item_id == ITEM)


def of(who: Organisation, key: str, by: Actor) -> lineage.Lineage:
    return lineage.of_record(who.code, key, as_of=made.TODAY, seen_by=by, purpose=WHY)


def test_nobody_looks_without_a_purpose(who: Organisation, unit: SourceUnit, hand_in: HandIn) -> None:
    hand_in([made.penalty_row(who, unit)], ITEM, unit)
    for by in (OPERATOR, clerk(unit)):
        with pytest.raises(PurposeNeeded):
            lineage.of_record(who.code, ref(who), as_of=made.TODAY, seen_by=by)


def test_a_correction_is_followed_from_the_first_version_to_the_last(
    who: Organisation, unit: SourceUnit, hand_in: HandIn
) -> None:
    row = made.penalty_row(who, unit)
    first = hand_in([row], ITEM, unit, headers={"CF_WSH": "处罚决定书文号"})
    second = hand_in([row | {"CF_NR": "罚款0.3万元", "CF_NR_FK": "0.3"}], ITEM, unit)
    revert.begin(second.id, reason="更正有误", by=clerk(unit))
    revert.finish(second.id, by=made.SYSTEM)
    told = of(who, ref(who), clerk(unit))
    assert [(one.record.version, one.submission_id, one.row_no, one.is_withdrawn) for one in told.versions] == [
        (1, first.id, 2, False), (2, second.id, 2, False), (3, first.id, 2, False),
    ]  # fmt: skip
    changed = [(one.label_zh, one.before, one.after) for one in told.versions[1].changes]
    assert ("处罚内容", "罚款0.2万元", "罚款0.3万元") in changed
    assert len(changed) == 2
    assert told.versions[0].changes == ()
    file = told.rows[first.id, 2].file
    assert (file.source_name, file.received_by, len(file.digest), file.size) == (
        unit.name, "test", 64, first.file_size,
    )  # fmt: skip
    assert ("处罚决定书文号", "CF_WSH") in [one[:2] for one in file.columns]
    assert told.rows[second.id, 2].file.revert_reason == "更正有误"
    assert file.rule_count > 0


def test_a_withdrawn_datum_keeps_its_lineage_with_judgement_and_acts(
    who: Organisation, unit: SourceUnit, hand_in: HandIn
) -> None:
    view = hand_in([made.penalty_row(who, unit, CF_XDR_SHXYM=made.registration_number())], ITEM, unit)
    row = next(one for one in desk.rows(seen_by=OPERATOR, limit=1000) if one.submission_id == view.id)
    settle.pass_on(view.id, 2, note="名称无误，请关联", by=clerk(unit))
    desk.judge(row.id, subject_code=who.code, is_same=True, by=OPERATOR)
    key = ref(who)
    desk.undo(desk.judged(seen_by=OPERATOR, limit=1)[0].judgement_id, by=OPERATOR)
    told = of(who, key, clerk(unit))
    assert [one.is_withdrawn for one in told.versions] == [False, True]
    seen = told.rows[view.id, 2]
    assert [(one.verdict, one.is_undoing) for one in seen.links] == [("same", False), ("candidate", True)]
    assert [one.kind for one in seen.acts] == ["passed-on"]
    assert seen.waits == "doubtful"
    assert {one.found.rule for one in seen.findings} >= {"V05-no-subject"}


def test_a_row_tells_what_it_brought_and_a_waiting_one_that_it_waits(
    who: Organisation, unit: SourceUnit, hand_in: HandIn
) -> None:
    rows = [made.penalty_row(who, unit), made.penalty_row(who, unit, CF_JDRQ="2026年13月5日")]
    view = hand_in(rows, ITEM, unit)
    row, brought = lineage.of_row(view.id, 2, as_of=made.TODAY, seen_by=clerk(unit))
    assert (row.waits, [one.record.ref for one in brought]) == ("", [ref(who)])
    row, brought = lineage.of_row(view.id, 3, as_of=made.TODAY, seen_by=clerk(unit))
    assert (row.waits, brought) == ("rejected", [])
    assert len(row.findings) == 1
    with pytest.raises(lineage.UnknownRow):
        lineage.of_row(view.id, 5_000, as_of=made.TODAY, seen_by=clerk(unit))
    with pytest.raises(lineage.UnknownRow):
        lineage.of_row(view.id, 0, as_of=made.TODAY, seen_by=clerk(unit))


def test_another_department_and_the_public_follow_nothing(who: Organisation, unit: SourceUnit, hand_in: HandIn) -> None:
    view = hand_in([made.penalty_row(who, unit)], ITEM, unit)
    stranger = clerk(made.department())
    with pytest.raises(UnknownRecord):
        of(who, ref(who), stranger)
    with pytest.raises(views.UnknownSubmission):
        lineage.of_row(view.id, 2, as_of=made.TODAY, seen_by=stranger)
    for actor in (PUBLIC, made.AUDITOR, Actor(role=Role.READER, name="r"), Actor(role=Role.CLIENT, name="c")):
        with pytest.raises(NotAllowed):
            of(who, ref(who), actor)
        with pytest.raises(NotAllowed):
            lineage.of_row(view.id, 2, as_of=made.TODAY, seen_by=actor)
    assert len(of(who, ref(who), OPERATOR).versions) == 1


@pytest.mark.parametrize("key", ["", "zz", "00" * 16, "00" * 15, "../" * 8])
def test_a_strange_reference_is_no_record(who: Organisation, unit: SourceUnit, key: str) -> None:
    with pytest.raises(UnknownRecord):
        of(who, key, OPERATOR)


def test_a_persons_row_says_nothing_of_the_person(unit: SourceUnit, hand_in: HandIn) -> None:
    someone = made.person()
    view = hand_in([made.person_row(someone, unit)], "admin-penalty-person", unit)
    row, brought = lineage.of_row(view.id, 2, as_of=made.TODAY, seen_by=clerk(unit))
    said = repr((row, brought))
    assert len(brought) == 1
    assert someone.name not in said
    assert someone.number not in said


def test_each_look_leaves_one_entry(who: Organisation, unit: SourceUnit, hand_in: HandIn) -> None:
    view = hand_in([made.penalty_row(who, unit)], ITEM, unit)
    key = ref(who)
    of(who, key, clerk(unit))
    lineage.of_row(view.id, 2, as_of=made.TODAY, seen_by=OPERATOR)
    log: list[Any] = [one for one in audit.entries(seen_by=made.AUDITOR, limit=500) if one.event == "lineage-viewed"]
    assert [(one.object_kind, one.object_ref, one.actor) for one in log[:2]] == [
        ("row", f"{view.id}/2", "operator"), ("record", key, "clerk"),
    ]  # fmt: skip


def test_ends_of_clocks_are_told(who: Organisation, unit: SourceUnit, hand_in: HandIn) -> None:
    from xinyong.records import expiry

    hand_in([made.licence_row(who, unit, XK_JDRQ="2025-06-08", XK_YXQZ="2025-06-08", XK_YXQZI="2026-06-07")],
            "admin-licence-org", unit)  # fmt: skip
    expiry.close(today=made.TODAY, by=made.SYSTEM)
    file = dossier.of(who.code, as_of=made.TODAY, seen_by=OPERATOR, purpose=WHY)
    key = next(one.ref for s in file.sections for one in s.records)
    (_, ends) = history.of(who.code, key, as_of=made.TODAY, seen_by=clerk(unit))
    assert [one.clock for one in ends] == ["publicity"]


def test_it_tells_which_units_used_it_and_to_others_not_what_for(
    who: Organisation, unit: SourceUnit, hand_in: HandIn
) -> None:
    """Looks at the file as a whole and at this record, its reports and exports; not at other records or organisations, and not
    the platform's own."""
    reader = Actor(role=Role.READER, name="reader", department=unit.code)
    other = made.organisation()
    made.register(other)
    hand_in([made.penalty_row(who, unit), made.penalty_row(who, unit), made.penalty_row(other, unit)], ITEM, unit)
    key = ref(who)
    assert of(who, key, OPERATOR).looks == []
    file = dossier.of(who.code, as_of=made.TODAY, seen_by=reader, purpose=WHY)
    refs = [one.ref for section in file.sections for one in section.records if one.item_id == ITEM]
    for one in refs:
        dossier.record(who.code, one, as_of=made.TODAY, seen_by=reader, purpose=WHY)
    dossier.of(other.code, as_of=made.TODAY, seen_by=reader, purpose=WHY)
    issue.issue(who.code, as_of=made.TODAY, seen_by=PUBLIC, issued_at=clock.now())

    told = of(who, key, OPERATOR)
    assert len(refs) == 2
    assert {(one.event, one.role, one.department, one.purpose, one.count) for one in told.looks} == {
        ("dossier-viewed", "reader", unit.code, WHY, 2), ("lineage-viewed", "operator", "", WHY, 1), ("report-issued", "public", "", "", 1),
    }  # fmt: skip
    assert told.look_lines == 3
    assert {one.purpose for one in of(who, key, clerk(unit)).looks} == {""}
