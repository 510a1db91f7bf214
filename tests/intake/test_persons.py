"""Natural persons' rows: sealed wherever they are kept, shown to nobody, found by nothing readable."""

import logging
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings

from tests.intake import made
from tests.intake.made import Organisation, Person, Row
from xinyong.intake import returned, submit
from xinyong.intake.views import SubmissionView, Trial
from xinyong.kernel.masking import Personal, mask
from xinyong.records import dossier, listing
from xinyong.security import encryption
from xinyong.security.access import PUBLIC, Actor, Role
from xinyong.security.identity import SourceUnit
from xinyong.subjects import search
from xinyong.subjects.registry import UnknownSubject

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")


@dataclass(frozen=True, slots=True)
class Planted:
    """People whose rows came in every way a row can come, and what became of the submissions."""

    people: list[Person]
    persons: SubmissionView
    organisations: SubmissionView
    again: Trial
    unit: SourceUnit
    who: Organisation
    logged: str


def _persons_rows(unit: SourceUnit, people: list[Person]) -> list[Row]:
    good, repeat, wrong_check, no_document, joined, chatty, in_extra, short = people
    tries = (wrong_check.number[:-1] + digit for digit in "0123")
    wrong = next(one for one in tries if one != wrong_check.number and not made.is_a_code(one))
    row = made.person_row(repeat, unit)
    return [
        made.person_row(good, unit), row, row,
        row | {"CF_NR": f"对{repeat.name}罚款0.4万元"},
        made.person_row(wrong_check, unit, CF_XDR_ZJHM=wrong),
        made.person_row(no_document, unit, CF_WSH=""),
        made.person_row(joined, unit, CF_XDR_MC=f"{joined.name}<{joined.number}>"),
        made.person_row(chatty, unit, CF_SY=f"{chatty.name}({chatty.number})未按规定公示", CF_NR=f"罚{chatty.name}" * 1200),
        made.person_row(in_extra, unit, CF_NR_FK="") | {"家属": f"{in_extra.name}之兄 {in_extra.number}"},
        made.person_row(short, unit, CF_XDR_ZJHM=short.number[:17]),
    ]  # fmt: skip


def _organisations_rows(unit: SourceUnit, people: list[Person], who: Organisation) -> list[Row]:
    in_code, in_number, representative, in_facts, spaced, wide = people
    return [
        made.penalty_row(who, unit, CF_XDR_SHXYM=in_code.number),
        made.penalty_row(who, unit, CF_WSH=f"云示罚 {in_number.number} 号", CF_NR=""),
        made.penalty_row(who, unit, CF_FR_ZJLX="身份证", CF_FR_ZJHM=representative.number, CF_JDRQ="2026-02-30"),
        made.penalty_row(who, unit, CF_SY=f"向身份证号{in_facts.number}的顾客售卖过期食品"),
        made.penalty_row(who, unit, CF_XDR_SHXYM=f"{spaced.number[:6]} {spaced.number[6:14]} {spaced.number[14:]}"),
        made.penalty_row(who, unit, CF_XDR_SHXYM="".join(chr(ord(c) + 0xFEE0) for c in wide.number)),
    ]


@pytest.fixture(scope="module")
def planted(module_db: None, on_the_day: object, tmp_path_factory: pytest.TempPathFactory) -> Planted:
    folder = tmp_path_factory.mktemp("persons")
    unit, who = made.department(), made.organisation()
    made.register(who)
    first, second = [made.person() for _ in range(8)], [made.person() for _ in range(6)]
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    path = made.csv_file(folder / "persons.csv", _persons_rows(unit, first))
    persons = made.hand_in(path, "admin-penalty-person", unit)
    again = submit.check(
        path,
        item_id="admin-penalty-person",
        source_code=unit.code,
        file_name="b.csv",
        received_at=made.NOW,
        by=made.SYSTEM,
    )
    organisations = made.hand_in(
        made.csv_file(folder / "organisations.csv", _organisations_rows(unit, second, who)), "admin-penalty-org", unit
    )
    logging.getLogger().removeHandler(handler)
    return Planted([*first, *second], persons, organisations, again, unit, who, "\n".join(lines))


def _canaries(people: list[Person]) -> list[str]:
    """What must be nowhere: numbers, their birth date with the tail, names; in clear or as the hex of stored bytes."""
    words = [word for one in people for word in (one.number, one.number[6:], one.number[:17], one.name)]
    return [*words, *(word.encode().hex() for word in words)]


def test_good_rows_go_in_and_others_wait(planted: Planted) -> None:
    counts = planted.persons.counts
    assert (counts.accepted, counts.duplicate, counts.doubtful, counts.rejected) == (2, 1, 1, 6)
    assert planted.organisations.counts.rejected == 6


def test_checked_again_they_are_unchanged(planted: Planted) -> None:
    counts = planted.again.counts
    assert (counts.accepted, counts.unchanged, counts.rejected) == (0, 3, 6)


def test_no_table_holds_anything_readable_of_a_person(planted: Planted) -> None:
    from django.db import connection

    words = _canaries(planted.people)
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename !~ '^record_[0-9]+$'")
        tables = [name for (name,) in cursor.fetchall()]
        assert {"record", "intake_finding", "intake_waitingrow", "subjects_subject", "security_auditentry"} <= set(
            tables
        )
        found = {}
        for name in tables:
            cursor.execute(
                f"SELECT t::text FROM {name} t WHERE t::text ILIKE ANY(%s)", [[f"%{word}%" for word in words]]
            )
            rows = cursor.fetchall()
            if rows:
                found[name] = rows
    assert found == {}


def test_no_file_of_the_installation_holds_anything_readable_of_a_person(planted: Planted) -> None:
    words = [word.encode() for word in _canaries(planted.people)]
    stored = [path for path in (Path(settings.XINYONG_HOME) / "intake").rglob("*") if path.is_file()]
    assert stored, "the sealed originals are kept"
    assert [path.name for path in stored if any(word in path.read_bytes() for word in words)] == []


def test_nothing_of_a_person_is_logged(planted: Planted) -> None:
    assert [word for word in _canaries(planted.people) if word in planted.logged] == []


def test_findings_say_which_cell_with_the_number_masked(planted: Planted) -> None:
    findings = [*made.found(planted.persons), *made.found(planted.organisations)]
    for one in findings:
        assert not any(word in str(one) for word in _canaries(planted.people))
    by_row = {one.row_no: one for one in made.found(planted.persons) if one.field == "CF_XDR_ZJHM"}

    assert by_row[6].value == mask(planted.people[2].number, Personal.CERTIFICATE)
    in_code = next(one for one in made.found(planted.organisations) if one.row_no == 2)
    assert in_code.value == planted.people[8].number[:6] + "*" * 12
    assert "V12-person-in-text" in made.rules(planted.organisations)[5]


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.SOURCE_UNIT, Role.OPERATOR, Role.AUDITOR, Role.SYSTEM])
def test_no_role_meets_a_person_in_search_file_or_list(planted: Planted, role: Role) -> None:
    actor = Actor(role=role, name="somebody", department=planted.unit.code if role is Role.SOURCE_UNIT else None)
    for one in planted.people:
        for query in (one.name, one.number, one.name[1:]):
            assert search.find(query, seen_by=actor).hits == ()
        with pytest.raises(UnknownSubject):
            dossier.of(one.number, as_of=made.TODAY, seen_by=actor)
    page = listing.latest(item_ids=("admin-penalty-person", "admin-licence-person"), as_of=made.TODAY, seen_by=actor)
    assert page.records == ()
    figures = listing.figures(as_of=made.TODAY, seen_by=actor)
    assert "admin-penalty-person" not in {count.key for count in figures.by_item}
    assert "natural_person" not in {count.key for count in figures.by_class}
    page = listing.latest(item_ids=("admin-penalty-org",), as_of=made.TODAY, seen_by=actor)
    assert not any(word in repr(page) for word in _canaries(planted.people))


def test_what_was_sealed_opens_with_the_key_and_is_whole(planted: Planted) -> None:
    import json

    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT sealed, payload::text, disclosure, publish_from FROM record WHERE row_no = 2"
                       " AND submission_id = %s", [planted.persons.id])  # fmt: skip
        sealed, payload, disclosure, publish_from = cursor.fetchone()
    content = json.loads(encryption.unseal(sealed, context="record.sealed"))
    assert (content["CF_XDR_MC"], content["CF_XDR_ZJHM"]) == (planted.people[0].name, planted.people[0].number)
    assert (payload, disclosure, publish_from) == ("{}", "authorised", None)


def test_the_public_and_other_units_get_no_feedback_and_its_taking_is_noted(planted: Planted, tmp_path: Path) -> None:
    from xinyong.kernel.errors import XinyongError
    from xinyong.security import audit

    stranger = Actor(role=Role.SOURCE_UNIT, name="stranger", department=made.department().code)
    for actor in (PUBLIC, stranger):
        with pytest.raises(XinyongError):
            returned.write(planted.persons.id, to=tmp_path / "a.csv", seen_by=actor)
    returned.write(planted.persons.id, to=tmp_path / "a.csv", seen_by=made.SYSTEM)
    log = audit.entries(seen_by=made.AUDITOR, event="feedback-taken", limit=1)[0]
    assert log.object_ref == str(planted.persons.id)
