"""Any small file with any faults: rows add up, a check tells the truth, twice adds nothing, order does not matter."""

import random
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.intake import made
from tests.intake.made import Row
from xinyong.intake import submit
from xinyong.intake.views import SubmissionView, Trial
from xinyong.security.identity import SourceUnit

pytestmark = pytest.mark.usefixtures("module_db", "on_the_day")

#: A submission starts a reading process: few examples in the suite, many for the evidence.
EXAMPLES = settings(
    max_examples=6 if settings().max_examples < 1000 else 300,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

_FAULTS: tuple[Row, ...] = (
    {}, {}, {}, {"CF_NR": "另一内容"}, {"CF_NR": "再一内容"}, {"CF_JDRQ": "2026-02-30"}, {"CF_XDR_SHXYM": "not a code"},
    {"CF_XDR_MC": "云溪市别家公司"}, {"CF_NR_FK": "-1"}, {"CF_CFLB": "警告"}, {"CF_SY": "基因型:甲"}, {"CF_WSH": ""},
    {"CF_JDRQ": "2026-05-06"}, {"CF_XDR_SHXYM": ""},
)  # fmt: skip
rows = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from(range(len(_FAULTS)))), min_size=1, max_size=25
)


@pytest.fixture(scope="module")
def unit(module_db: None, on_the_day: object) -> SourceUnit:
    return made.department()


def _file(unit: SourceUnit, drawn: list[tuple[int, int, int]]) -> list[Row]:
    """Rows about four new organisations (one registered) and four documents each, with the drawn faults."""
    who = [made.organisation() for _ in range(4)]
    made.register(who[0])
    base = [made.penalty_row(one, unit) for one in who]
    numbers = [[made.document() for _ in range(4)] for _ in who]
    return [base[a] | {"CF_WSH": numbers[a][b]} | _FAULTS[fault] for a, b, fault in drawn]


def _check(unit: SourceUnit, made_rows: list[Row]) -> Trial:
    with tempfile.TemporaryDirectory() as folder:
        path = made.csv_file(Path(folder) / "rows.csv", made_rows)
        return submit.check(
            path, item_id="admin-penalty-org", source_code=unit.code, file_name="rows.csv", received_at=made.NOW,
            by=made.SYSTEM,
        )  # fmt: skip


def _submit(unit: SourceUnit, made_rows: list[Row]) -> SubmissionView:
    with tempfile.TemporaryDirectory() as folder:
        return made.hand_in(made.csv_file(Path(folder) / "rows.csv", made_rows), "admin-penalty-org", unit)


def _stored(view: SubmissionView) -> Counter[str]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT payload::jsonb ->> 'CF_WSH' FROM record WHERE submission_id = %s", [view.id])
        return Counter(number for (number,) in cursor.fetchall())


@EXAMPLES
@given(rows)
def test_rows_add_up_a_check_tells_the_truth_and_twice_adds_nothing(
    unit: SourceUnit, drawn: list[tuple[int, int, int]]
) -> None:
    given_rows = _file(unit, drawn)
    trial, view = _check(unit, given_rows), _submit(unit, given_rows)
    assert view.counts.is_whole
    assert view.counts.rows_read == len(drawn)
    assert trial.counts == view.counts
    assert trial.late == view.late
    told, kept = ([(f.row_no, f.rule, f.value) for f in found] for found in (trial.findings, made.found(view)))
    assert Counter(told) == Counter(kept)
    assert _stored(view).total() == view.counts.accepted
    assert view.open_rows == view.counts.doubtful + view.counts.rejected

    # The same rows in another file: what went in is there already, what did not still does not.
    again = _submit(unit, [row | {"BZ": ""} for row in given_rows])
    assert again.id != view.id
    assert again.counts.is_whole
    assert again.counts.accepted == 0
    assert again.counts.unchanged == view.counts.accepted + view.counts.duplicate
    assert again.counts.rejected == view.counts.rejected
    assert again.counts.doubtful == view.counts.doubtful


@EXAMPLES
@given(rows, st.randoms(use_true_random=False))
def test_the_order_of_rows_with_keys_of_their_own_does_not_change_what_goes_in(
    unit: SourceUnit, drawn: list[tuple[int, int, int]], chance: random.Random
) -> None:
    unlike = [(a, b, fault) for a, b, fault in {(a, b): (a, b, fault) for a, b, fault in drawn}.values() if a == 0]
    given_rows = _file(unit, unlike)
    if not given_rows:
        return
    with_other_numbers = {row["CF_WSH"]: made.document() for row in given_rows if row["CF_WSH"]}
    shuffled = [row | {"CF_WSH": with_other_numbers.get(row["CF_WSH"], "")} for row in given_rows]
    chance.shuffle(shuffled)
    first = _submit(unit, given_rows)
    second = _submit(unit, shuffled)
    assert first.counts == second.counts
    assert {with_other_numbers[number] for number in _stored(first)} == set(_stored(second))
