"""A city's whole target through the pipeline: file after file of a million rows against a million organisations, as months of
reporting come, on one machine. Prints the curve: what the last million took, what a bare ``COPY`` into the very same tables takes
at that size, how large the tables are, how long a reader waits.

``python -m bench.whole 40000000`` (hours allowed; about 45 GB of disk). Ended and started again, it goes on where it was: the files
that are in are in.
"""

import json
import os
import random
import shutil
import statistics
import sys
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from bench import reading
from bench.start import DEPARTMENT, peak_mib, start

SUBJECTS, A_FILE, COPIED = 1_000_000, 1_000_000, 100_000
#: Sizes in millions at which everything is measured.
POINTS = (1, 4, 10, 20, 30, 40)


def main(rows: int, *, subjects: int = SUBJECTS, a_file: int = A_FILE) -> None:
    """Prints the measurements as JSON; progress goes to stderr."""
    start()
    from django.conf import settings

    if _count("subjects_subject") < subjects:
        reading._register(subjects)
        _vacuum("subjects_subjectname", "subjects_subject")
    home = Path(settings.XINYONG_HOME)
    curve_file = home / "whole.jsonl"
    curve = [json.loads(line) for line in curve_file.read_text().splitlines()] if curve_file.exists() else []
    points = {point * 1_000_000 // a_file for point in POINTS if point * 1_000_000 >= a_file} | {rows // a_file}
    for number in range(len(curve), rows // a_file):
        one = _load(number, home, rows=a_file, files=rows // a_file, subjects=subjects)
        if number + 1 in points:
            one |= _measured(home)
        curve.append(one)
        with curve_file.open("a") as file:
            file.write(json.dumps(one) + "\n")
        print(f"  {one['rows']:>11,} rows  {one['rate']:>8,.0f} rows/s  " + " ".join(
            f"{name} {value:,.2f}" for name, value in one.items() if name in {"ratio", "gib", "peak_mib"}
        ), file=sys.stderr, flush=True)  # fmt: skip
    print(json.dumps(_summary(curve), ensure_ascii=False))


def _load(number: int, home: Path, *, rows: int, files: int, subjects: int) -> dict[str, Any]:
    """One file in, as it came in its month: its decisions are of the five days before."""
    from xinyong.intake import submit
    from xinyong.kernel import clock
    from xinyong.operations.synthetic import bench
    from xinyong.security.access import system

    by, today = system("bench"), _day(number, files)
    path = home / f"whole-{number}.csv"
    bench.write_penalties(path, rows, subjects=subjects, seed=7, today=today, span=5, begin=number * rows)
    at = datetime.combine(today, datetime.min.time(), clock.ZONE) + timedelta(hours=9)
    began = time.perf_counter()
    entered = submit.receive(
        path, item_id="admin-penalty-org", source_code=DEPARTMENT, file_name=path.name, by=by, received_at=at
    )
    done = submit.run(entered.id, by=by, original=path)
    took = time.perf_counter() - began
    assert done.counts.rows_read == rows, done
    assert done.counts.is_whole, done
    path.unlink()
    return {
        "rows": (number + 1) * rows, "seconds": took, "rate": rows / took, "accepted": done.counts.accepted,
        "peak_mib": max(peak_mib(), done.facts["peak_kilobytes"] / 1024),
    }  # fmt: skip


def _day(number: int, files: int) -> date:
    return date(2026, 11, 20) - timedelta(days=(files - 1 - number) * 27)


def _measured(home: Path) -> dict[str, Any]:
    chance = random.Random(7)
    found: dict[str, Any] = _sizes(home)
    found["bare"] = _bare_copy(home)
    codes = reading._some_codes(chance, 200)
    for name, work, asked in (
        ("search", reading._search, [name[3:8] for _, name in codes]),
        ("subject", reading._page, [f"/subject/{code}/" for code, _ in codes]),
        ("report", reading._report, [code for code, _ in codes[:40]]),
    ):
        found[f"{name}_p95_ms"] = reading._percentiles(name, work, asked)["p95"]
    return found


def _sizes(home: Path) -> dict[str, Any]:
    """GiB: the table of records, its indexes, the rest of the database, the write-ahead log, the kept originals."""
    from django.db import connection

    from xinyong.security import separation

    with separation.as_owner(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_table_size(inhrelid)), sum(pg_indexes_size(inhrelid)), pg_database_size(current_database())"
            " FROM pg_inherits WHERE inhparent = 'record'::regclass"
        )
        table, indexes, whole = (float(one) for one in cursor.fetchone())
        cursor.execute("SELECT coalesce(sum(size), 0) FROM pg_ls_waldir()")
        log = float(cursor.fetchone()[0])
    kept = sum(one.stat().st_size for one in (home / "intake").rglob("*") if one.is_file())
    gib = {"records": table, "indexes": indexes, "other": whole - table - indexes, "log": log, "originals": kept}
    return {f"{name}_gib": value / 2**30 for name, value in gib.items()} | {
        "gib": sum(gib.values()) / 2**30, "free_gib": shutil.disk_usage(home).free / 2**30,
    }  # fmt: skip


def _bare_copy(home: Path) -> float:
    """Rows a second of a plain ``COPY`` into the table as large as it is now, under keys of its own; rolled back."""
    from django.db import connection

    from xinyong.intake import work
    from xinyong.security import separation

    path = home / "copied.csv"
    with work.connect() as own:
        columns = [one.name for one in own.execute("SELECT * FROM record LIMIT 0").description or ()]
        named = ", ".join("substring(sha256(key_digest) for 16)" if one == "key_digest" else one for one in columns)
        with (
            own.cursor().copy(f"COPY (SELECT {named} FROM record LIMIT {COPIED}) TO STDOUT (FORMAT csv)") as copy,
            path.open("wb") as out,
        ):
            for block in copy:
                out.write(block)
        with separation.as_owner(), connection.cursor() as cursor:
            cursor.execute("CHECKPOINT")
        took = []
        for _ in range(2):
            own.execute("BEGIN")
            began = time.perf_counter()
            with own.cursor() as cursor:
                with cursor.copy("COPY record FROM STDIN (FORMAT csv)") as copy, path.open("rb") as file:
                    while block := file.read(1 << 20):
                        copy.write(block)
                count = cursor.rowcount
            took.append(time.perf_counter() - began)
            own.execute("ROLLBACK")
    path.unlink()
    return count / min(took)


def _summary(curve: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for at, one in enumerate(curve):
        if "gib" not in one:
            continue
        last = curve[max(0, at - 2) : at + 1]  # a machine's speed wanders; the last three files
        rate = statistics.median(each["rate"] for each in last)
        found.append(
            {"name": f"the whole: at {one['rows']:,} rows", "value": rate, "unit": "rows/s",
             "baseline": {"name": "bare COPY at that size", "value": one["bare"], "unit": "rows/s"}, "ratio": rate / one["bare"],
             "seconds_so_far": sum(each["seconds"] for each in curve[: at + 1]),
             **{name: value for name, value in one.items() if name.endswith(("gib", "_mib", "_ms"))}}
        )  # fmt: skip
    return found


def _count(table: str) -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])


def _vacuum(*tables: str) -> None:
    from django.db import connection

    from xinyong.security import separation

    with separation.as_owner(), connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"VACUUM ANALYZE {table}")


if __name__ == "__main__":
    os.environ.setdefault("XINYONG_RATE_LIMITS", "0")
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 40_000_000,
        **({"subjects": int(sys.argv[2]), "a_file": int(sys.argv[3])} if len(sys.argv) > 3 else {}),
    )
