"""How fast rows are pulled and what memory that takes: measured by ``pytest -m scale tests/scale/test_docking_speed.py -s``."""

import ipaddress
import resource
import sys
import time
from typing import Any

import pytest

from tests.intake import conftest as shared
from tests.intake import departments, made
from tests.intake.departments import COLUMNS
from xinyong.intake import docking, pulling
from xinyong.kernel import clock

pytestmark = [pytest.mark.scale, pytest.mark.usefixtures("module_db")]
module_db = shared.module_db
ROWS = 100_000


@pytest.mark.parametrize("dialect", ["postgresql", "mariadb"])
def test_a_hundred_thousand_rows_are_pulled_in_bounded_memory(dialect: str, settings: Any) -> None:
    """A slice of 100,000 rows of 18 columns, from the first statement to the registered submission."""
    settings.DOCKING_NETWORKS = (ipaddress.ip_network("127.0.0.0/8"),)
    unit = made.department()
    with getattr(departments, dialect)() as server:
        name, template = server.table(), departments.rows(unit, 1)[0]
        for first in range(0, ROWS, 10_000):
            server.insert(
                name,
                [
                    template
                    | {
                        "id": number,
                        "doc_no": made.document(),
                        "gxsj": f"2026-06-01 08:{number // 60 % 60:02d}:{number % 60:02d}",
                    }
                    for number in range(first, first + 10_000)
                ],
            )
        database = docking.declare(
            name=dialect, department=unit.code, access=server.access(), by=made.SYSTEM, now=clock.now()
        )
        table = docking.declare_table(
            database, item_id="admin-penalty-org", table=name, columns=COLUMNS, watermark="gxsj", key="id",
            schedule=docking.Schedule(60), by=made.SYSTEM, now=clock.now(),
        )  # fmt: skip
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.perf_counter()
        done = pulling.pull(table, by=made.SYSTEM, now=clock.now())
        seconds = time.perf_counter() - began
        more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        began = time.perf_counter()
        again = pulling.pull(table, by=made.SYSTEM, now=clock.now())
        nothing_new = time.perf_counter() - began
        sys.stdout.write(
            f"\n{dialect}: {ROWS / seconds:,.0f} rows/s, +{more:.0f} MiB; nothing new: {nothing_new:.2f} s\n"
        )
        assert (done.rows, again.rows) == (ROWS, 0)
        assert more < 200
