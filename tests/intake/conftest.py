"""A database and a day that a whole module shares: tests keep apart by using organisations of their own."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import time_machine

from tests.conftest import _empty
from tests.intake import made
from tests.intake.made import HandIn, Row
from xinyong.intake.views import SubmissionView
from xinyong.security.identity import SourceUnit


@pytest.fixture(scope="module")
def module_db(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A database whose writes are committed, emptied after the module: a submission costs a second, a test shares."""
    with django_db_blocker.unblock():
        yield
        _empty()


@pytest.fixture(scope="module")
def on_the_day() -> Iterator[time_machine.Traveller]:
    """It is ``made.NOW`` and time goes on."""
    with time_machine.travel(made.NOW, tick=True) as traveller:
        yield traveller


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """Writes rows to a CSV file of the test's own."""
    numbers = iter(range(1000))

    def write(rows: list[Row], **options: Any) -> Path:
        return made.csv_file(tmp_path / f"rows-{next(numbers)}.csv", rows, **options)

    return write


@pytest.fixture
def hand_in(file: Callable[..., Path]) -> HandIn:
    """Submits rows as CSV: ``hand_in(rows, item, unit)``."""

    def submit(
        rows: list[Row], item_id: str, unit: SourceUnit, headers: Mapping[str, str] | None = None, **options: Any
    ) -> SubmissionView:
        return made.hand_in(file(rows, headers=headers), item_id, unit, **options)

    return submit
