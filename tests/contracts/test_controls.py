"""What the tables of controls and threats point to is there."""

from pathlib import Path

import pytest

from tools import controls

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("name", ["controls", "threats"])
def test_every_line_is_proven_by_something_that_exists(name: str) -> None:
    known, wrong = controls.row_ids(), []
    for line in controls.lines(name):
        assert line.state in controls.STATES
        assert line.rows or line.tests, f"{line.id} is proven by nothing"
        wrong += [f"{line.id}: {row}" for row in line.rows if row not in known]
        wrong += [f"{line.id}: {path}" for path in line.tests if not (ROOT / path).exists()]
    assert wrong == []


def test_there_is_a_line_for_every_control_and_threat_of_the_bar() -> None:
    assert [line.id for line in controls.lines("controls")] == [str(number) for number in range(1, 44)]
    assert [line.id for line in controls.lines("threats")] == [f"T{number}" for number in range(1, 29)]
