"""The archive's own form of rows: what goes in comes out, whatever the values; partitions are the server's."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from xinyong.records import archive, evidence
from xinyong.records._partitions import partition_of
from xinyong.security import separation

_days = st.none() | st.dates(date(1949, 10, 1), date(2999, 12, 31))
_DAYS = ("valid_from", "valid_to", "publish_from", "publish_until", "repair_from", "retain_until")


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=50))
@pytest.mark.django_db
def test_partitions_are_those_of_the_server(ids: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i, r FROM unnest(%s::bigint[]) AS i CROSS JOIN generate_series(0, %s) AS r"
            " WHERE satisfies_hash_partition('record'::regclass, %s, r, i)",
            [ids, archive.PARTITIONS - 1, archive.PARTITIONS],
        )
        expected = dict(cursor.fetchall())
    assert partition_of(np.array(ids, np.int64)).tolist() == [expected[one] for one in ids]


@st.composite
def rows(draw: st.DrawFn) -> list[tuple[Any, ...]]:
    """Rows as the test compares them: subject, key, version, content, row, clocks, payload, sealed, extra."""
    made = []
    for number in range(draw(st.integers(1, 6))):
        text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
        clocks = (draw(st.none() | st.just("severe")), draw(st.none() | st.just("令36号")), draw(st.booleans()))
        made.append(
            (
                draw(st.integers(1, 2**62)), number.to_bytes(16, "big"), draw(st.integers(1, 9)),
                draw(st.binary(min_size=16, max_size=16)), number + 2, clocks,
                draw(st.dates(date(1990, 1, 1), date(2090, 1, 1))), draw(st.dictionaries(text, text, max_size=3)),
                draw(st.none() | st.binary(max_size=40)), draw(st.none() | st.dictionaries(text, text, max_size=2)),
            )
        )  # fmt: skip
    return made


def as_rows(made: list[tuple[Any, ...]]) -> archive.Rows:
    def texts(place: int) -> pa.Array:
        return pa.array([None if row[place] is None else archive.as_kept(row[place]) for row in made], pa.string())

    clocks = [
        archive.clock(
            severity=row[5][0],
            rule_set=row[5][1],
            days=dict.fromkeys(_DAYS) | {"decided_on": row[6]},
            is_late=row[5][2],
        )
        for row in made
    ]
    return archive.Rows(
        pa.array([row[0] for row in made], pa.int64()), pa.array([row[1] for row in made], pa.binary(16)),
        pa.array([row[3] for row in made], pa.binary(16)), pa.array([row[4] for row in made], pa.int32()),
        pa.array(clocks, pa.binary()), texts(7), pa.array([row[8] for row in made], pa.binary()), texts(9),
    )  # fmt: skip


@given(rows())
@pytest.mark.django_db
def test_what_is_copied_in_is_what_stands_in_the_table(made: list[tuple[Any, ...]]) -> None:
    common = archive.Common("admin-penalty-org", 3, 7, 9, "public", datetime(2026, 3, 5, 4, 5, 6, 789, tzinfo=UTC))
    with separation.as_loader() as own, own.transaction(force_rollback=True):
        versions = np.array([row[2] for row in made], np.int16)
        assert archive.copy_in(own, as_rows(made), versions, common) == len(made)
        stored = own.execute(
            "SELECT subject_id, key_digest, version, content_digest, row_no, severity, rule_set, is_late, decided_on,"
            " payload, sealed, extra, state, item_id, item_version, source_id, submission_id, disclosure, known_from,"
            " valid_from, retain_until FROM record ORDER BY row_no"
        ).fetchall()
        found = [one for one in evidence.findings(own, "sha256") if one.detail != "what is sealed is not what came in"]
        assert found == [], "the bytes that stand for something sealed open to nothing here"
    assert [row[:5] for row in stored] == [row[:5] for row in made]
    assert [row[5:12] for row in stored] == [(*row[5], *row[6:]) for row in made]
    assert {row[12:] for row in stored} == {(1, "admin-penalty-org", 3, 7, 9, "public", common.known_from, None, None)}
