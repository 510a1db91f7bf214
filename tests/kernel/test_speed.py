"""Measured by ``make bench``: a million codes a second on one core, 300,000 names."""

import random
import time
from collections.abc import Callable

import pyarrow as pa
import pytest

from tests.kernel import codes_made
from xinyong.kernel import codes, names

pytestmark = pytest.mark.scale
ROWS = 1_000_000


def a_second(verb: Callable[[], object]) -> float:
    """Rows a second of processor time, the best of three."""
    times = []
    for _ in range(3):
        start = time.process_time()
        verb()
        times.append(time.process_time() - start)
    return ROWS / min(times)


def test_a_million_codes_are_judged_in_a_second() -> None:
    rng = random.Random(1)
    made = [codes_made.uscc(rng) for _ in range(10_000)]
    column = pa.array([made[row % len(made)] for row in range(ROWS)])
    assert a_second(lambda: codes.judge_column(column, expect=codes.Kind.USCC)) > 1_000_000


def test_three_hundred_thousand_names_are_keyed_in_a_second() -> None:
    column = pa.array([f"云溪市第{row}（演示）商貿有限公司" for row in range(ROWS)])
    assert a_second(lambda: names.key_column(column)) > 300_000
