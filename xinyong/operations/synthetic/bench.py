"""Rows for benchmarks: penalties of one department, as many as asked for, one row in a hundred with a fault."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from xinyong.operations.synthetic import decisions, draw, faults
from xinyong.operations.synthetic.agencies import agency
from xinyong.operations.synthetic.organisations import City

BATCH = 100_000
_TODAY = date(2026, 11, 20)
_SPAN = 1_000
#: Brings the share of rows with a fault that matters to one in a hundred.
_FACTOR = 0.8


def penalties(
    n: int, *, subjects: int, seed: int, today: date = _TODAY, span: int = _SPAN, begin: int = 0
) -> Iterator[pa.RecordBatch]:
    """``n`` penalties against so many organisations, in batches of at most 100,000 rows; columns are named by the
    standard's column codes, decision dates ascend over the ``span`` days before ``today``. ``begin`` counts on where an
    earlier file of the same city ended: none of its decisions comes again."""
    city = City(seed=seed, subjects=max(subjects, 1), records=n, today=today)
    one = agency("market")
    for first in range(0, n, BATCH):
        count = min(BATCH, n - first)
        days = draw.day(today) - span + (np.arange(first, first + count) * (span - 1) // max(n, 1))
        batch = decisions.penalties(city, one, days, begin + first)
        columns = faults.spoil(batch, faults.PENALTY, seed=seed, salt="bench", date_form="iso", factor=_FACTOR)
        yield pa.RecordBatch.from_pydict(
            {
                name: column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
                for name, column in columns.items()
            }
        )


def write_penalties(
    path: Path, n: int, *, subjects: int, seed: int, today: date = _TODAY, span: int = _SPAN, begin: int = 0
) -> int:
    """Writes the penalties to a CSV file (UTF-8, standard column codes) in bounded memory; returns its size in bytes."""
    writer = None
    for batch in penalties(n, subjects=subjects, seed=seed, today=today, span=span, begin=begin):
        writer = writer or pa_csv.CSVWriter(path, batch.schema)
        writer.write_batch(batch)
    if writer is not None:
        writer.close()
    return path.stat().st_size if path.exists() else 0
