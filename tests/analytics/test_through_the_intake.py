"""The provincial bulletin's figures from rows that went through the intake: a hundredth of them here, all in `make bench`."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine

from tests.analytics.world import LICENCE, PENALTY
from tests.intake import made
from xinyong.analytics import rates
from xinyong.analytics.rates import By
from xinyong.kernel import clock, periods

#: Decided on a day whose seven working days had long passed when the file came.
LATE = "2026-05-06"


@pytest.fixture
def db(lasting_db: None) -> Iterator[None]:
    with time_machine.travel(made.NOW, tick=True):
        yield


def _hand_in(folder: Path, licences: tuple[int, int], penalties: tuple[int, int]) -> dict[str, dict[str, rates.Figure]]:
    unit = made.department()
    bodies = [made.organisation() for _ in range(50)]
    made.register(*bodies)
    for item, row, day, (count, late) in (
        (LICENCE, made.licence_row, "XK_JDRQ", licences),
        (PENALTY, made.penalty_row, "CF_JDRQ", penalties),
    ):
        rows = [row(bodies[n % len(bodies)], unit, **({day: LATE} if n < late else {})) for n in range(count)]
        view = made.hand_in(made.csv_file(folder / f"{item}.csv", rows), item, unit)
        assert (view.counts.accepted, view.late) == (count, late), made.found(view)[:3]
    found = rates.figures(periods.month("2026-06"), by=By.ITEM, as_of=clock.now(), seen_by=made.SYSTEM)
    return {line.key: dict(line.figures) for line in (*found.lines, found.total)}


def test_a_hundredth_of_the_provinces_month(db: None, tmp_path: Path) -> None:
    found = _hand_in(tmp_path, (92, 3), (1_196, 1))
    assert [found[key]["late"].percent for key in (LICENCE, PENALTY, "")] == ["3.26%", "0.08%", "0.31%"]
    assert found[""]["compliance"].numerator == found[""]["compliance"].denominator == 1_288
    assert found[""]["reporting"].excluded == {"no-target": 1_288 - 4}, "four were decided in May"


@pytest.mark.scale
def test_the_provinces_month_whole(db: None, tmp_path: Path) -> None:
    found = _hand_in(tmp_path, (9_220, 332), (119_634, 100))
    assert [found[key]["late"].percent for key in (LICENCE, PENALTY, "")] == ["3.60%", "0.08%", "0.34%"]
    assert found[""]["compliance"].denominator == 128_854
