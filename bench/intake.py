"""Intake end to end (file → published records, indexes on, durable) against a bare COPY of the same rows into the same
table with the same indexes, in the same run."""

import json
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench.start import DEPARTMENT, empty, peak_mib, start

if TYPE_CHECKING:
    from xinyong.security.access import Actor

SUBJECTS = 20_000
#: Up to so many rows an intake takes seconds, and is measured several times.
FEW, ROUNDS = 100_000, 5


def main(rows: int) -> None:
    """Prints the measurements as JSON."""
    start()
    from django.conf import settings

    from xinyong.security.access import system

    by = system("bench")
    folder = Path(settings.XINYONG_HOME) / "files"
    folder.mkdir(exist_ok=True)
    file = folder / f"penalties-{rows}.csv"
    _write(file, rows)
    empty()
    _enter_subjects(folder)
    rounds = [_round(file, rows, folder, by) for _ in range(ROUNDS if rows <= FEW else 1)]
    # A machine's speed wanders from minute to minute; both sides of a round are seconds apart.
    one = statistics.median_low(sorted(rounds, key=lambda each: each.ratio))
    name = f"intake {rows:,} rows"
    print(
        json.dumps(
            [
                {"name": name, "value": one.rate, "unit": "rows/s",
                 "baseline": {"name": "bare COPY", "value": one.bare, "unit": "rows/s"}, "ratio": one.ratio,
                 "ratios": [round(each.ratio, 3) for each in rounds], "file_mib": file.stat().st_size / 2**20,
                 **one.facts},
                {"name": f"{name}: peak memory", "value": max(peak_mib(), one.reader_mib), "unit": "MiB",
                 "main": peak_mib(), "reader": one.reader_mib},
            ]
        )
    )  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Round:
    """One intake and one bare copy of what it brought, in rows a second; ordered by ratio."""

    ratio: float
    rate: float
    bare: float
    reader_mib: float
    facts: dict[str, float] = field(compare=False)


def _round(file: Path, rows: int, folder: Path, by: "Actor") -> Round:
    from xinyong.intake import submit
    from xinyong.kernel import clock

    empty()
    began = time.perf_counter()
    entered = submit.receive(
        file, item_id="admin-penalty-org", source_code=DEPARTMENT, file_name=file.name, by=by, received_at=clock.now()
    )
    received = time.perf_counter()
    done = submit.run(entered.id, by=by, original=file)
    took = time.perf_counter() - began
    assert done.counts.rows_read == rows, done
    assert done.counts.is_whole, done
    bare = _bare_copy(folder)
    facts = {
        "seconds": took, "receive_seconds": received - began, "accepted": done.counts.accepted,
        "doubtful": done.counts.doubtful, "rejected": done.counts.rejected,
    }  # fmt: skip
    return Round(rows / took / bare, rows / took, bare, done.facts["peak_kilobytes"] / 1024, facts)


def _write(file: Path, rows: int) -> None:
    """A file of decisions of the last week, so that lateness is as rare as in a healthy department."""
    if file.exists():
        return
    from xinyong.operations.synthetic import bench

    partial = file.with_suffix(".part")
    bench.write_penalties(partial, rows, subjects=SUBJECTS, seed=7, span=5)
    partial.rename(file)


def _enter_subjects(folder: Path) -> None:
    """The parties are known before the file comes, as in a city with a base register, and the process has worked
    before, as a city's worker has: a first small file does both."""
    from xinyong.intake import submit
    from xinyong.kernel import clock
    from xinyong.security.access import system

    by = system("bench")
    small = folder / "penalties-100000.csv"
    _write(small, 100_000)
    entered = submit.receive(
        small, item_id="admin-penalty-org", source_code=DEPARTMENT, file_name=small.name, by=by, received_at=clock.now()
    )
    submit.run(entered.id, by=by, original=small)


def _bare_copy(folder: Path) -> float:
    """Exports what went in, empties the table and copies it back with one connection: rows a second."""
    from django.db import connection

    from xinyong.intake import work
    from xinyong.security import separation

    path = folder / "record.csv"
    with work.connect() as own:
        with own.cursor().copy("COPY (SELECT * FROM record) TO STDOUT (FORMAT csv)") as copy, path.open("wb") as out:
            for block in copy:
                out.write(block)
        with separation.as_owner(), connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            cursor.execute("TRUNCATE record")
            cursor.execute("SET session_replication_role = origin")
            cursor.execute("CHECKPOINT")
        began = time.perf_counter()
        with own.cursor() as cursor:
            with cursor.copy("COPY record FROM STDIN (FORMAT csv)") as copy, path.open("rb") as file:
                while block := file.read(1 << 20):
                    copy.write(block)
            count = cursor.rowcount
        took = time.perf_counter() - began
    path.unlink()
    return count / took


if __name__ == "__main__":
    main(int(sys.argv[1]))
