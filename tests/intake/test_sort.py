"""What becomes of rows that share a key, decided apart from any database."""

import pyarrow as pa
import pytest

from xinyong.intake import deposit
from xinyong.records.archive import Known

A, B = b"a" * 16, b"b" * 16
MINE, OTHERS = 7, 3
UNIT, ANOTHER = 1, 2


def table(contents: str, *, start: int = 0) -> pa.Table:
    """Rows of one key with contents A or B, as one chunk."""
    count = len(contents)
    return pa.table(
        {
            "place": pa.array(range(start, start + count), pa.int32()),
            "row_no": pa.array(range(start + 2, start + 2 + count), pa.int32()),
            "key": [b"c" * 16] * count,
            "content": [A if one == "A" else B for one in contents],
            "repeat": pa.array([1] + [2] * (count - 1), pa.int32()),
        }
    )


def stored(content: str, *, source: int = UNIT, submission: int = OTHERS, withdrawn: bool = False) -> Known:
    """A datum the archive has."""
    return Known(1, A if content == "A" else B, source, submission, 5, withdrawn)


def fates(found: deposit.Sorted, count: int) -> str:
    """One letter a row: in, duplicate, unchanged, twice, other source."""
    letters = dict.fromkeys(found.version, "i")
    for places, letter in (
        (found.duplicate, "d"), (found.unchanged, "u"), (found.twice, "t"), (found.other_source, "o"),
    ):  # fmt: skip
        letters |= dict.fromkeys(places, letter)
    return "".join(letters[place] for place in range(count))


CASES = [
    ("A", None, "i"),
    ("AA", None, "id"),
    ("AB", None, "it"),
    ("ABA", None, "itd"),
    ("ABB", None, "itt"),
    ("A", stored("A"), "u"),
    ("AA", stored("A"), "uu"),
    ("B", stored("A"), "i"),
    ("BA", stored("A"), "it"),
    ("BB", stored("A"), "id"),
    ("BAB", stored("A"), "itd"),
    ("A", stored("A", withdrawn=True), "i"),
    ("A", stored("A", submission=MINE), "d"),
    ("BA", stored("A", submission=MINE), "td"),
    ("AB", stored("A", source=ANOTHER), "oo"),
]


@pytest.mark.parametrize(("contents", "known", "expected"), CASES)
def test_rows_of_one_key_are_taken_in_order(contents: str, known: Known | None, expected: str) -> None:
    found = deposit.sort(table(contents), {0: known} if known else {}, submission_id=MINE, source_id=UNIT)
    assert fates(found, len(contents)) == expected


@pytest.mark.parametrize(("contents", "known", "same_as"), [
    ("ABA", None, {2: 2}), ("AAA", None, {1: 2, 2: 2}), ("BB", stored("A"), {1: 2}),
    ("A", stored("A", submission=MINE), {0: 5}), ("AA", stored("A"), {}),
])  # fmt: skip
def test_a_duplicate_knows_the_row_it_repeats(contents: str, known: Known | None, same_as: dict[int, int]) -> None:
    found = deposit.sort(table(contents), {0: known} if known else {}, submission_id=MINE, source_id=UNIT)
    assert found.same_as == same_as


@pytest.mark.parametrize(("contents", "known", "expected"), CASES)
def test_where_the_file_is_cut_makes_no_difference(contents: str, known: Known | None, expected: str) -> None:
    told = ""
    standing: dict[bytes, Known] = {}
    newest = known
    for place, content in enumerate(contents):
        own = {place: newest} if newest else {}
        one = deposit.sort(table(content, start=place), own, submission_id=MINE, source_id=UNIT)
        trial = deposit.sort(
            table(content, start=place),
            {place: known} if known else {},
            submission_id=MINE,
            source_id=UNIT,
            standing=standing,
        )
        assert one == trial, "a trial remembers what a submission finds in the archive"
        if place in one.version:
            newest = Known(one.version[place], A if content == "A" else B, UNIT, MINE, place, False)
        told += next(
            letter for letter, places in zip(
                "idtuo", (one.version, one.duplicate, one.twice, one.unchanged, one.other_source), strict=True
            ) if place in places
        )  # fmt: skip
    assert told == expected


def test_what_repeats_the_archive_and_what_contradicts_it_in_one_chunk_is_told() -> None:
    found = deposit.sort(table("ABA"), {0: stored("A")}, submission_id=MINE, source_id=UNIT)
    assert fates(found, 3) == "utu"


def test_without_a_source_every_sources_datum_may_be_met() -> None:
    found = deposit.sort(table("AB"), {0: stored("A", source=ANOTHER)}, submission_id=-1, source_id=None)
    assert fates(found, 2) == "ut"
