"""The same datum again: unchanged, a new version, a conflict between sources, a correction of a row that waited."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.intake import made
from tests.intake.made import NOW, HandIn, Row
from xinyong.intake import submit, views
from xinyong.kernel.errors import Forbidden, NotFound
from xinyong.records import dossier
from xinyong.records.view import RecordView
from xinyong.security import audit, separation
from xinyong.security.access import PUBLIC, Actor, Role

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")

PENALTY = "admin-penalty-org"
NEXT_WEEK = NOW + timedelta(days=7)


def penalties(code: str, **options: object) -> list[RecordView]:
    """The penalties of somebody as the platform itself sees them."""
    file = dossier.of(code, **({"as_of": made.TODAY, "seen_by": made.SYSTEM} | options))  # type: ignore[arg-type]
    return [record for section in file.sections for record in section.records if record.item_id == PENALTY]


def content(record: RecordView) -> str:
    """The content of a penalty."""
    return next(one.text for one in record.fields if one.code == "CF_NR")


def test_same_key_and_content_is_unchanged_and_other_content_is_a_new_version_with_the_old_one_kept(
    hand_in: HandIn, on_the_day: object
) -> None:
    unit, who = made.department(), made.organisation()
    same, changed = made.penalty_row(who, unit), made.penalty_row(who, unit)
    first = hand_in([same, changed], PENALTY, unit, at=NOW - timedelta(days=2))
    assert first.counts.accepted == 2
    second = hand_in([same, changed | {"CF_NR": "罚款0.2万元(更正)"}], PENALTY, unit, at=NOW)
    assert (second.counts.unchanged, second.counts.accepted) == (1, 1)
    now = {record.document_no: record for record in penalties(who.code)}
    before = {record.document_no: record for record in penalties(who.code, known_at=NOW - timedelta(days=1))}
    number = changed["CF_WSH"]
    assert (now[number].version, content(now[number])) == (2, "罚款0.2万元(更正)")
    assert (before[number].version, content(before[number])) == (1, "罚款0.2万元")
    assert now[same["CF_WSH"]] == before[same["CF_WSH"]]
    assert penalties(who.code, known_at=NOW - timedelta(days=3)) == []
    newest, older = dossier.record(who.code, now[number].ref, as_of=made.TODAY, seen_by=made.SYSTEM)
    assert (newest.version, [one.version for one in older]) == (2, [1])
    assert "corrected" in newest.marks


@pytest.mark.parametrize(
    "number", ["云示罚[2026]{n}号", "云示罚（2026）{n}号", "云示罚【2026】 {n} 号", "云示罚﹝2026﹞{n}号"]
)
def test_brackets_and_blanks_do_not_make_another_document(hand_in: HandIn, number: str) -> None:
    unit, who = made.department(), made.organisation()
    row = made.penalty_row(who, unit)
    n = row["CF_WSH"].removeprefix("云示罚〔2026〕").removesuffix("号")
    hand_in([row], PENALTY, unit)
    hand_in([row | {"CF_WSH": number.format(n=n)}], PENALTY, unit)
    assert [record.version for record in penalties(who.code)] == [2]


def test_another_source_never_overwrites(hand_in: HandIn) -> None:
    first, second = made.department(), made.department()
    who = made.organisation()
    row = made.penalty_row(who, first)
    hand_in([row], PENALTY, first)
    other = row | {"CF_SJLY": second.name, "CF_SJLYDM": second.code, "CF_NR": "罚款0.9万元"}
    view = hand_in([other], PENALTY, second)
    assert (view.counts.doubtful, view.counts.accepted) == (1, 0)
    assert made.rules(view)[2] == {"V11-other-source"}
    (record,) = penalties(who.code)
    assert (record.version, record.source, content(record)) == (1, first.name, "罚款0.2万元")


def test_a_corrected_file_closes_the_rows_that_waited_and_their_findings_and_the_chain_is_kept(hand_in: HandIn) -> None:
    unit, who = made.department(), made.organisation()
    good = made.penalty_row(who, unit)
    by_name = made.penalty_row(who, unit, CF_XDR_SHXYM="91990100MA000000XX")
    by_code = made.penalty_row(who, unit, CF_XDR_MC="null")
    left = made.penalty_row(who, unit, CF_JDRQ="2026-02-31")
    first = hand_in([good, by_name, by_code, left], PENALTY, unit)
    assert (first.counts.accepted, first.counts.rejected, first.open_rows) == (1, 3, 3)
    second = hand_in([good, by_name | {"CF_XDR_SHXYM": who.code}, by_code | {"CF_XDR_MC": who.name}], PENALTY, unit)
    assert (second.counts.accepted, second.counts.unchanged) == (2, 1)
    assert second.corrects == first.id
    seen = views.submission(first.id, seen_by=made.SYSTEM)
    assert seen.open_rows == 1
    assert seen.counts == first.counts, "what became of the first file stays said"
    for one in views.findings(first.id, seen_by=made.SYSTEM):
        is_left = one.found.row_no == 5
        if one.found.severity == "error":
            assert (one.closed_by is None) == is_left
            assert (one.closed_at is None) == is_left
    third = hand_in([left | {"CF_JDRQ": "2026-06-09"}], PENALTY, unit)
    assert third.corrects == first.id
    assert views.submission(first.id, seen_by=made.SYSTEM).open_rows == 0


def test_a_correction_of_another_source_closes_nothing(hand_in: HandIn) -> None:
    first, second, who = made.department(), made.department(), made.organisation()
    waits = hand_in([made.penalty_row(who, first, CF_WSH="云示罚〔2026〕甲号", CF_XDR_MC="无")], PENALTY, first)
    hand_in([made.penalty_row(who, second, CF_WSH="云示罚〔2026〕甲号")], PENALTY, second)
    assert views.submission(waits.id, seen_by=made.SYSTEM).open_rows == 1


def test_unknown_columns_stay_with_the_row_and_the_same_header_twice_loses_nothing(hand_in: HandIn) -> None:
    from django.db import connection

    unit, who = made.department(), made.organisation()
    row = made.penalty_row(who, unit) | {"内部编号": "A-1", "经办科室": "", "x1": "甲", "x2": "乙", "血型": "AB"}
    view = hand_in([row], PENALTY, unit, headers={"x1": "附注", "x2": "附注"})
    assert view.counts.accepted == 1
    assert [header for header, field in view.columns if not field] == ["内部编号", "经办科室", "附注", "附注", "血型"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT extra FROM record WHERE submission_id = %s", [view.id])
        extra = cursor.fetchone()[0]
    assert '"内部编号": "A-1"' in extra
    assert "经办科室" not in extra
    assert "血型" not in extra, "what may never be collected is not kept as an extra column either"
    assert "甲" in extra
    assert "乙" in extra


def test_a_late_row_that_was_known_already_is_not_late_again(hand_in: HandIn) -> None:
    unit, who = made.department(), made.organisation()
    row = made.penalty_row(who, unit) | {"CF_JDRQ": "2026-05-06"}
    first, again = (
        hand_in([row], PENALTY, unit),
        hand_in([row, made.penalty_row(made.organisation(), unit)], PENALTY, unit),
    )
    assert (first.late, again.late, again.counts.unchanged) == (1, 0, 1)
    assert "W_LATE" in {one.found.rule for one in views.findings(first.id, seen_by=made.SYSTEM)}
    assert "W_LATE" not in {one.found.rule for one in views.findings(again.id, seen_by=made.SYSTEM)}


def test_required_columns_that_are_missing_refuse_the_file_with_a_sentence(hand_in: HandIn) -> None:
    unit, who = made.department(), made.organisation()
    row = made.penalty_row(who, unit)
    del row["CF_WSH"], row["CF_NR"]
    view = hand_in([row], PENALTY, unit)
    assert view.status == "refused"
    assert view.refusal is not None
    assert view.refusal["code"] == "intake.missing-columns"
    assert view.refusal["facts"]["missing"] == ["CF_WSH", "CF_NR"]
    assert view.facts["headers"] == [*row]
    assert "行政处罚决定书文号" in view.refusal["zh"]
    log = audit.entries(seen_by=made.AUDITOR, event="file-refused", limit=1)[0]
    assert (log.object_ref, log.facts["reason"]) == (str(view.id), "intake.missing-columns")


def test_an_ambiguous_header_is_asked_for_and_the_same_file_goes_in_with_the_answer(
    file: Callable[..., Path],
) -> None:
    unit, who = made.department(), made.organisation()
    row = made.penalty_row(who, unit) | {"x": "罚款0.2万元"}
    path = file([row], headers={"CF_WSH": "处罚文号", "x": "处罚决定书文号"})
    refused = made.hand_in(path, PENALTY, unit)
    assert refused.status == "refused"
    assert refused.refusal is not None
    assert refused.refusal["code"] == "intake.ambiguous-headers"
    assert refused.refusal["facts"]["ambiguous"] == {"处罚文号": ["CF_WSH"], "处罚决定书文号": ["CF_WSH"]}
    again = made.hand_in(path, PENALTY, unit, mapping={"处罚文号": "CF_WSH", "处罚决定书文号": ""})
    assert again.id == refused.id, "the same file is the same submission"
    assert (again.status, again.refusal, again.counts.accepted) == ("deposited", None, 1)


def test_the_answer_may_also_be_given_to_the_submission(file: Callable[..., Path]) -> None:
    unit, who = made.department(), made.organisation()
    path = file([made.penalty_row(who, unit) | {"x": "乙"}], headers={"CF_WSH": "处罚文号", "x": "处罚决定书文号"})
    refused = made.hand_in(path, PENALTY, unit)
    submit.choose(refused.id, chosen={"处罚文号": "CF_WSH"}, by=made.SYSTEM)
    assert submit.run(refused.id, by=made.SYSTEM).counts.accepted == 1, "read from the sealed original"
    with pytest.raises(submit.NotRefused):
        submit.choose(refused.id, chosen={}, by=made.SYSTEM)


def test_headers_of_the_base_register_bring_former_names_and_identifiers(hand_in: HandIn) -> None:
    unit, who = made.department(), made.organisation()
    old = made.registration_number()
    headers = {"ZTMC": "企业名称", "TYSHXYDM": "统一社会信用代码", "CLRQ": "成立日期"}
    hand_in([made.register_row(who, unit, ZCH=old)], "organisation-register", unit, headers=headers)
    renamed = made.register_row(who, unit, ZCH=old, ZTMC=who.name.replace("云溪市", "云溪市新"))
    hand_in([renamed], "organisation-register", unit)
    file = dossier.of(who.code, as_of=made.TODAY, seen_by=made.SYSTEM)
    assert [(name.name, name.is_current) for name in file.names] == [
        (renamed["ZTMC"], True), (who.name, False),
    ]  # fmt: skip
    registered = [record for section in file.sections for record in section.records]
    assert [(one.item_id, one.version) for one in registered] == [("organisation-register", 2)]


def test_a_source_unit_hands_in_and_sees_its_own_only(file: Callable[..., Path]) -> None:
    mine, other, who = made.department(), made.department(), made.organisation()
    me = Actor(role=Role.SOURCE_UNIT, name="me", department=mine.code)
    stranger = Actor(role=Role.SOURCE_UNIT, name="stranger", department=other.code)
    path = file([made.penalty_row(who, mine)])
    options = {"item_id": PENALTY, "source_code": mine.code, "file_name": "a.csv", "received_at": NOW}
    with pytest.raises(Forbidden):
        submit.receive(path, by=stranger, **options)  # type: ignore[arg-type]
    entered = submit.receive(path, by=me, **options)  # type: ignore[arg-type]
    with pytest.raises(Forbidden):
        submit.run(entered.id, by=stranger)
    assert submit.run(entered.id, by=me).counts.accepted == 1
    with pytest.raises(NotFound):
        views.submission(entered.id, seen_by=stranger)
    with pytest.raises(NotFound):
        views.findings(entered.id, seen_by=stranger)
    assert [one.id for one in views.submissions(seen_by=me)] == [entered.id]
    assert views.submissions(seen_by=stranger) == []


def test_check_keeps_nothing_and_tells_unchanged_and_conflicts(file: Callable[..., Path]) -> None:
    from django.db import connection

    def sizes() -> dict[str, int]:
        with separation.as_owner(), connection.cursor() as cursor:
            cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
            names = [name for (name,) in cursor.fetchall()]
            counted = {}
            for name in names:
                cursor.execute(f"SELECT count(*) FROM {name}")
                counted[name] = cursor.fetchone()[0]
        return counted

    unit, other = made.department(), made.department()
    who, another = made.organisation(), made.organisation()
    stored = made.penalty_row(who, unit)
    made.hand_in(file([stored]), PENALTY, unit)
    rows: list[Row] = [stored, made.penalty_row(another, unit), made.penalty_row(who, unit, CF_WSH=""),
                       stored | {"CF_NR": "别的内容"}]  # fmt: skip
    path = file(rows)
    before = sizes()
    options = {"item_id": PENALTY, "file_name": "a.csv", "received_at": NOW, "by": made.SYSTEM}
    trial = submit.check(path, source_code=unit.code, **options)  # type: ignore[arg-type]
    foreign = submit.check(file([stored]), source_code=other.code, **options)  # type: ignore[arg-type]
    nobody = submit.check(file([stored]), **options)  # type: ignore[arg-type]
    assert sizes() == before
    counts = trial.counts
    assert (counts.unchanged, counts.accepted, counts.rejected, counts.doubtful) == (1, 1, 1, 1)
    assert foreign.counts.accepted == 0
    assert nobody.counts.unchanged == 1
    assert made.hand_in(path, PENALTY, unit).counts == counts


def test_a_licence_over_before_it_was_decided_goes_in_unpublished(hand_in: HandIn) -> None:
    unit, who = made.department(), made.organisation()
    odd = made.licence_row(who, unit, XK_YXQZ="2010-01-01", XK_YXQZI="2012-01-01", XK_ZT="2")
    usual = made.licence_row(who, unit)
    view = hand_in([odd, usual], "admin-licence-org", unit)
    assert view.counts.accepted == 2
    public = dossier.of(who.code, as_of=made.TODAY, seen_by=PUBLIC)
    assert [record.document_no for section in public.sections for record in section.records] == [usual["XK_WSH"]]
