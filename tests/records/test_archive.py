"""What the archive shows to whom on which day: files, lists and figures, on records that came through the intake."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.db import ProgrammingError, connection, transaction

from tests.intake import made
from tests.intake.made import Organisation, Row
from xinyong.catalogue import publish
from xinyong.catalogue.schema import Section
from xinyong.kernel import clock
from xinyong.records import _cursor, dossier, expiry, listing
from xinyong.records.view import Page, RecordView
from xinyong.security import audit
from xinyong.security.access import PUBLIC, Actor, Role
from xinyong.security.identity import SourceUnit

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")


@dataclass(frozen=True, slots=True)
class Filled:
    """An organisation with a record of every kind, others with penalties of few days, and the documents by name."""

    who: Organisation
    unit: SourceUnit
    document: dict[str, str]
    listed: int


@pytest.fixture(scope="module")
def filled(module_db: None, on_the_day: object, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    folder = tmp_path_factory.mktemp("archive")
    unit, who = made.department(), made.organisation()
    others = [made.organisation() for _ in range(15)]
    made.register(*others)
    penalties: dict[str, Row] = {
        "general": made.penalty_row(who, unit, BZ="内部备注"),
        "minor": made.penalty_row(who, unit, CF_CFLB="警告", CF_NR="警告", CF_NR_FK=""),
        "serious": made.penalty_row(who, unit, CF_NR_FK="250"),
        "ends in a week": made.penalty_row(who, unit, CF_JDRQ="2023-06-22"),
        "retention over": made.penalty_row(who, unit, CF_JDRQ="2021-06-15"),
    }
    licences: dict[str, Row] = {
        "licence": made.licence_row(who, unit),
        "ends on the 20th": made.licence_row(who, unit, XK_YXQZ="2026-01-01", XK_YXQZI="2026-06-20"),
        "for ever": made.licence_row(who, unit, XK_YXQZI="2099-12-31"),
    }
    crowd = [
        made.penalty_row(others[n % 15], unit, CF_JDRQ=f"2026-05-{1 + n % 3:02d}", CF_NR_FK="0.2") for n in range(60)
    ]
    entry = {
        "ZTMC": who.name, "TYSHXYDM": who.code, "LRYY": "未按规定公示年度报告", "LRRQ": "2026-06-01",
        "LRJG": unit.name, "YCRQ": "2026-06-14", "YCYY": "已变更登记",
    }  # fmt: skip
    for item, rows in (
        ("organisation-register", [made.register_row(who, unit)]),
        ("admin-penalty-org", [*penalties.values(), *crowd]),
        ("admin-licence-org", list(licences.values())),
        ("abnormal-operation", [entry]),
    ):
        view = made.hand_in(made.csv_file(folder / f"{item}.csv", rows), item, unit)
        assert view.counts.accepted == len(rows), (view.refusal, made.found(view))
    document = {name: row["CF_WSH"] for name, row in penalties.items()}
    document |= {name: row["XK_WSH"] for name, row in licences.items()}
    return Filled(who, unit, document, len(crowd))


def seen(filled: Filled, actor: Actor = PUBLIC, as_of: date | None = None) -> set[str]:
    """Names of the documents in the file of ``who``."""
    file = dossier.of(filled.who.code, as_of=as_of or clock.today(), seen_by=actor, purpose="测试")
    numbers = {record.document_no for section in file.sections for record in section.records}
    return {name for name, number in filled.document.items() if number in numbers}


def at(text: str) -> time_machine.travel:
    """A moment in Beijing, which lasts: a slow machine does not pass midnight meanwhile."""
    return time_machine.travel(datetime.fromisoformat(text).replace(tzinfo=clock.ZONE), tick=False)


EVERY = {"general", "minor", "serious", "ends in a week", "licence", "ends on the 20th", "for ever"}


def test_the_public_sees_what_is_public_and_inside_its_terms(filled: Filled) -> None:
    assert seen(filled) == EVERY - {"minor"}
    file = dossier.of(filled.who.code, as_of=made.TODAY, seen_by=PUBLIC)
    assert file.is_public_view
    general = next(r for s in file.sections for r in s.records if r.document_no == filled.document["general"])
    assert "BZ" not in {field.code for field in general.fields}
    abnormal = next(section for section in file.sections if section.section is Section.ABNORMAL)
    assert abnormal.records == (), "off the list the day before"


@pytest.mark.parametrize("role", [Role.SOURCE_UNIT, Role.OPERATOR])
def test_units_and_the_centre_also_see_what_is_past_publicity_but_never_past_retention(
    filled: Filled, role: Role
) -> None:
    actor = Actor(role=role, name="staff", department=made.department().code if role is Role.SOURCE_UNIT else None)
    assert seen(filled, actor) == EVERY
    with at("2026-06-25T12:00"):
        assert seen(filled, actor) == EVERY
    file = dossier.of(filled.who.code, as_of=made.TODAY, seen_by=actor, purpose="审批")
    records = {record.document_no: record for section in file.sections for record in section.records}
    general, minor = records[filled.document["general"]], records[filled.document["minor"]]
    assert next(field.text for field in general.fields if field.code == "BZ") == "内部备注"
    assert "not-public" in minor.marks
    assert "not-public" not in general.marks
    log = audit.entries(seen_by=made.AUDITOR, event="dossier-viewed", limit=1)[0]
    assert (log.actor, log.object_ref, log.purpose) == ("staff", filled.who.code, "审批")


def test_an_auditor_sees_what_everybody_sees(filled: Filled) -> None:
    assert seen(filled, made.AUDITOR) == seen(filled)


def test_what_everybody_may_see_leaves_no_audit_entry(filled: Filled) -> None:
    before = len(audit.entries(seen_by=made.AUDITOR, limit=1000))
    seen(filled)
    assert len(audit.entries(seen_by=made.AUDITOR, limit=1000)) == before


def _in_file(filled: Filled, name: str) -> bool:
    return name in seen(filled)


def _in_section(filled: Filled, name: str) -> bool:
    which = Section.LICENCE if "20th" in name else Section.PENALTY
    page = dossier.section(filled.who.code, which, as_of=clock.today(), seen_by=PUBLIC)
    return filled.document[name] in {record.document_no for record in page.records}


def _in_list(filled: Filled, name: str) -> bool:
    page = listing.latest(
        item_ids=("admin-licence-org", "admin-penalty-org"), as_of=clock.today(), seen_by=PUBLIC, limit=200
    )
    return filled.document[name] in {record.document_no for record in page.records}


def _as_record(filled: Filled, name: str) -> bool:
    ref = next(
        record.ref
        for section in dossier.of(filled.who.code, as_of=made.TODAY, seen_by=made.SYSTEM).sections
        for record in section.records
        if record.document_no == filled.document[name]
    )
    try:
        dossier.record(filled.who.code, ref, as_of=clock.today(), seen_by=PUBLIC)
    except dossier.UnknownRecord:
        return False
    return True


@pytest.mark.parametrize("is_shown", [_in_file, _in_section, _in_list, _as_record], ids=lambda way: way.__name__[1:])
@pytest.mark.parametrize(
    ("name", "last_moment", "first_without"),
    [
        ("ends on the 20th", "2026-06-20T23:59:59", "2026-06-21T00:00:00"),
        ("ends in a week", "2026-06-21T23:59:59", "2026-06-22T00:00:00"),
    ],
)
def test_it_is_shown_on_the_last_day_and_gone_at_midnight(
    filled: Filled, is_shown: Callable[[Filled, str], bool], name: str, last_moment: str, first_without: str
) -> None:
    with at(last_moment):
        assert is_shown(filled, name)
    with at(first_without):
        assert not is_shown(filled, name)


def test_asking_for_a_past_day_shows_the_public_nothing_that_has_ended_since(filled: Filled) -> None:
    with at("2026-06-25T12:00"):
        assert seen(filled, as_of=date(2026, 6, 18)) == EVERY - {"minor", "ends on the 20th", "ends in a week"}
        page = listing.latest(item_ids=("admin-licence-org",), as_of=date(2026, 6, 18), seen_by=PUBLIC, limit=200)
        assert filled.document["ends on the 20th"] not in {record.document_no for record in page.records}


def test_asking_for_a_day_before_the_decision_shows_nothing_of_it(filled: Filled) -> None:
    assert seen(filled, as_of=date(2026, 6, 7)) == {"ends in a week"}


@pytest.fixture
def days_of_its_own(module_db: None) -> Iterator[None]:
    """Days that a test closes are open to the others again, whatever came of the test."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM records_clockrun")


@pytest.mark.usefixtures("days_of_its_own")
def test_the_nightly_job_and_the_read_path_agree_and_missed_days_are_caught_up(filled: Filled) -> None:
    with at("2026-06-15T00:05"):
        expiry.close(today=clock.today(), by=made.SYSTEM)
    shown: dict[date, set[str]] = {}
    for offset in range(-1, 10):
        day = date(2026, 6, 16) + timedelta(days=offset)
        with at(f"{day}T12:00"):
            shown[day] = seen(filled)
    with at("2026-06-25T00:05"):
        closings = expiry.close(today=clock.today(), by=made.SYSTEM)
        assert [one.day for one in closings] == [date(2026, 6, 16) + timedelta(days=n) for n in range(10)]
        again = expiry.close(today=clock.today(), by=made.SYSTEM)
        assert [(one.day, one.is_new) for one in again] == [(date(2026, 6, 25), False)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT ended_on, clock, reason, key_digest FROM records_clockend WHERE ended_on > '2026-06-15'")
        noted = cursor.fetchall()
    refs = {bytes(key).hex() for _, clock_name, _, key in noted if clock_name == "publicity"}
    file = dossier.of(filled.who.code, as_of=made.TODAY, seen_by=made.SYSTEM)
    by_ref = {record.ref: record.document_no for section in file.sections for record in section.records}
    assert {by_ref[ref] for ref in refs} == {filled.document["ends on the 20th"], filled.document["ends in a week"]}
    for day in [day for day in shown if day - timedelta(days=1) in shown]:
        gone = {filled.document[name] for name in shown[day - timedelta(days=1)] - shown[day]}
        assert gone == {by_ref[bytes(key).hex()] for on, which, _, key in noted if on == day and which == "publicity"}
    assert {(str(on), which, reason) for on, which, reason, _ in noted} == {
        ("2026-06-21", "publicity", "validity-ended"), ("2026-06-22", "publicity", "publicity-maximum-reached"),
    }  # fmt: skip
    assert len(audit.entries(seen_by=made.AUDITOR, event="clocks-run", limit=100)) == 11
    _set_back(filled, len(noted))


def _set_back(filled: Filled, noted: int) -> None:
    """A clock set back opens nothing: a day that was closed stays closed; what was noted stays noted, once."""
    with at("2026-06-19T12:00"):
        assert "ends on the 20th" not in seen(filled)
        expiry.close(today=clock.today(), by=made.SYSTEM)
    with at("2026-06-25T00:10"):
        expiry.close(today=clock.today(), by=made.SYSTEM)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM records_clockend WHERE ended_on > '2026-06-15'")
        assert cursor.fetchone()[0] == noted


def test_a_day_that_has_not_come_is_not_closed() -> None:
    with pytest.raises(expiry.DayNotOver):
        expiry.close(today=made.TODAY + timedelta(days=400), by=made.SYSTEM)
    with pytest.raises(expiry.DayNotOver):
        expiry.close_day(made.TODAY + timedelta(days=1), today=made.TODAY, by=made.SYSTEM)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE record SET payload = '{}'", "DELETE FROM record", "TRUNCATE record", "UPDATE record_3 SET state = 2",
     "UPDATE records_clockend SET ended_on = '2030-01-01'", "DELETE FROM records_clockend", "TRUNCATE records_clockend",
     "DELETE FROM security_auditentry", "UPDATE security_auditentry SET actor = 'x'"],
)  # fmt: skip
def test_records_the_ends_of_clocks_and_the_audit_log_are_only_added_to(filled: Filled, statement: str) -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


@pytest.mark.parametrize("limit", [1, 7, 20, 59, 500])
def test_pages_of_a_list_have_no_gap_and_no_repeat(filled: Filled, limit: int) -> None:
    found: list[RecordView] = []
    after = None
    for _ in range(100):
        page = listing.latest(
            item_ids=("admin-penalty-org", "admin-licence-org"), as_of=made.TODAY, seen_by=PUBLIC, limit=limit, after=after,
            with_total=True,
        )  # fmt: skip
        found += page.records
        assert page.total == filled.listed + 6
        after = page.next_after
        if after is None:
            break
    assert len(found) == filled.listed + 6
    assert len({record.ref for record in found}) == len(found)
    days = [record.decided_on for record in found]
    assert days == sorted(days, reverse=True)


def test_pages_of_a_section_have_no_gap_and_no_repeat(filled: Filled) -> None:
    found: list[str] = []
    after = None
    while True:
        page = dossier.section(
            filled.who.code, Section.PENALTY, as_of=made.TODAY, seen_by=made.SYSTEM, limit=1, after=after
        )
        found += [record.document_no for record in page.records]
        after = page.next_after
        if after is None:
            break
    assert sorted(found) == sorted(filled.document[name] for name in ("general", "minor", "serious", "ends in a week"))


def test_the_public_goes_five_hundred_records_deep_and_is_told_to_narrow(
    filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "DEEPEST", 20)

    def pages(actor: Actor) -> tuple[int, bool]:
        count, after = 0, None
        while True:
            page = listing.latest(
                item_ids=("admin-penalty-org",), as_of=made.TODAY, seen_by=actor, limit=10, after=after
            )
            count, after = count + 1, page.next_after
            if after is None:
                return count, page.is_cut

    assert pages(PUBLIC) == (2, True)
    assert pages(made.OPERATOR)[0] > 2


def test_a_cursor_fits_its_own_list_only_and_tells_no_inner_number(filled: Filled) -> None:
    def page(**options: object) -> Page:
        asked = {"item_ids": ("admin-penalty-org",), "as_of": made.TODAY, "seen_by": PUBLIC, "limit": 7} | options
        return listing.latest(**asked)  # type: ignore[arg-type]

    after = page().next_after
    assert after
    assert page(after=after).records
    assert after != page().next_after
    for other in ({"year": 2026}, {"item_ids": ("admin-licence-org",)}, {"source_code": filled.unit.code}):
        with pytest.raises(_cursor.BadCursor):
            page(after=after, **other)


@pytest.mark.parametrize("cursor", ["x", "!!!", "W10", "WzEsMiwzXQ"])
def test_a_damaged_page_address_is_told(filled: Filled, cursor: str) -> None:
    with pytest.raises(_cursor.BadCursor):
        listing.latest(item_ids=("admin-penalty-org",), as_of=made.TODAY, seen_by=PUBLIC, after=cursor)


def test_a_list_can_be_narrowed_to_a_source_and_a_year(filled: Filled) -> None:
    def count(**options: object) -> int:
        page = listing.latest(
            item_ids=("admin-penalty-org",),
            as_of=made.TODAY,
            seen_by=PUBLIC,
            limit=500,
            **options,  # type: ignore[arg-type]
        )
        return len(page.records)

    assert count(source_code=filled.unit.code) == count() == filled.listed + 3
    assert count(source_code=made.department().code) == 0
    assert count(year=2023) == 1
    assert sum(count(year=2023, month=month) for month in range(1, 13)) == 1
    assert count(year=2026) == filled.listed + 2


def test_figures_count_what_the_intake_brought(filled: Filled) -> None:
    figures = listing.figures(as_of=made.TODAY, seen_by=PUBLIC)
    by_item = {count.key: count.count for count in figures.by_item}
    assert by_item == {
        "admin-penalty-org": filled.listed + 5, "admin-licence-org": 3, "organisation-register": 1, "abnormal-operation": 1,
    }  # fmt: skip
    assert figures.records_total == sum(by_item.values())
    assert figures.subjects_total == sum(count.count for count in figures.by_class) >= 16
    months = {count.key: count.count for count in figures.by_month["admin-penalty-org"]}
    assert months["2026-05"] == filled.listed
    assert list(months) == sorted(months)
    assert len(months) == 30


def test_a_section_is_collected_once_anything_of_it_was_deposited(filled: Filled) -> None:
    deposited = {Section.PENALTY, Section.LICENCE, Section.REGISTRATION, Section.ABNORMAL}
    assert listing.collected(seen_by=PUBLIC) == deposited
    assert {item.section for item in publish.items()} > deposited


def test_a_long_section_says_how_many_there_are(filled: Filled) -> None:
    file = dossier.of(filled.who.code, as_of=made.TODAY, seen_by=made.SYSTEM, per_section=2)
    penalties = next(section for section in file.sections if section.section is Section.PENALTY)
    assert (len(penalties.records), penalties.total) == (2, 4)


def test_an_unknown_record_and_a_wrong_address_are_not_found(filled: Filled) -> None:
    for ref in ("", "zz", "00" * 16):
        with pytest.raises(dossier.UnknownRecord):
            dossier.record(filled.who.code, ref, as_of=made.TODAY, seen_by=PUBLIC)
