"""Intake end to end (file → published records, indexes on, durable) against a bare COPY of the same rows into the same
table with the same indexes, in the same run."""

import json
import sys
import time
from pathlib import Path

from bench.start import DEPARTMENT, empty, peak_mib, start

SUBJECTS = 20_000


def main(rows: int) -> None:
    """Prints the measurements as JSON."""
    start()
    from django.conf import settings

    from xinyong.intake import submit
    from xinyong.kernel import clock
    from xinyong.security.access import system

    by = system("bench")
    folder = Path(settings.XINYONG_HOME) / "files"
    folder.mkdir(exist_ok=True)
    file = folder / f"penalties-{rows}.csv"
    _write(file, rows)
    empty()
    _enter_subjects(folder)
    empty()
    began = time.perf_counter()
    entered = submit.receive(
        file, item_id="admin-penalty-org", source_code=DEPARTMENT, file_name=file.name, by=by, received_at=clock.now()
    )
    received = time.perf_counter()
    done = submit.run(entered.id, by=by, original=file)
    took = time.perf_counter() - began
    ours, child = peak_mib(), done.facts["peak_kilobytes"] / 1024
    assert done.counts.rows_read == rows, done
    assert done.counts.is_whole, done
    bare = _bare_copy(folder)
    rate = rows / took
    baseline = {"name": "bare COPY", "value": bare, "unit": "rows/s"}
    name = f"intake {rows:,} rows"
    print(
        json.dumps(
            [
                {"name": name, "value": rate, "unit": "rows/s", "baseline": baseline, "ratio": rate / bare,
                 "seconds": took, "receive_seconds": received - began, "accepted": done.counts.accepted,
                 "doubtful": done.counts.doubtful, "rejected": done.counts.rejected,
                 "file_mib": file.stat().st_size / 2**20},
                {"name": f"{name}: peak memory", "value": max(ours, child), "unit": "MiB", "main": ours, "reader": child},
            ]
        )
    )  # fmt: skip


def _write(file: Path, rows: int) -> None:
    """A file of decisions of the last week, so that lateness is as rare as in a healthy department."""
    if file.exists():
        return
    from xinyong.operations.synthetic import bench

    bench._SPAN = 5
    partial = file.with_suffix(".part")
    bench.write_penalties(partial, rows, subjects=SUBJECTS, seed=7)
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

    path = folder / "record.csv"
    with work.connect() as own:
        with own.cursor().copy("COPY (SELECT * FROM record) TO STDOUT (FORMAT csv)") as copy, path.open("wb") as out:
            for block in copy:
                out.write(block)
        with connection.cursor() as cursor:
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
