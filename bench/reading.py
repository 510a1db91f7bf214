"""Search, subject page and report at many organisations: percentiles at the verb and at the server's door."""

import json
import random
import sys
import time
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from bench.start import DEPARTMENT, start

RECORDS = 1_000_000


def main(subjects: int) -> None:
    """Prints the measurements as JSON."""
    start()
    _load(subjects)
    chance = random.Random(7)
    codes = _some_codes(chance, 400)
    names = [name for _, name in codes]
    found = [
        _percentiles("search: code", _search, (code for code, _ in codes)),
        _percentiles("search: exact name", _search, names),
        _percentiles("search: fragment, rare", _search, (name[3:8] for name in names)),
        _percentiles("search: fragment, common", _search, ["科技", "商贸", "餐饮", "有限公司", "服务"] * 40),
        _percentiles("search: pinyin", _search, (_pinyin(name) for name in names)),
        _percentiles("search: pinyin, common", _search, ["keji", "shangmao", "yunxi", "canyin"] * 40),
        _percentiles("search: initials", _search, ["kj", "yxgs", "smyx", "cyfw"] * 40),
        _percentiles("subject page at the server", _page, (f"/subject/{code}/" for code, _ in codes)),
        _percentiles("home page at the server", _page, ["/"] * 50),
        _percentiles("search page at the server", _page, (f"/search?q={name[3:7]}" for name in names[:200])),
        _percentiles("report PDF, issued", _report, (code for code, _ in codes[:60])),
    ]
    for one in found:
        one["subjects"] = subjects
    print(json.dumps(found, ensure_ascii=False))


def _load(subjects: int) -> None:
    from django.conf import settings
    from django.db import connection

    from xinyong.intake import submit
    from xinyong.kernel import clock
    from xinyong.operations.synthetic import bench
    from xinyong.security import separation
    from xinyong.security.access import system

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM subjects_subject")
        held = cursor.fetchone()[0]
    if held < subjects:
        _register(subjects)
    folder = Path(settings.XINYONG_HOME) / "files"
    folder.mkdir(exist_ok=True)
    file = folder / f"reading-{subjects}.csv"
    if not file.exists():
        bench.write_penalties(file.with_suffix(".part"), min(RECORDS, subjects), subjects=subjects, seed=7)
        file.with_suffix(".part").rename(file)
    by = system("bench")
    entered = submit.receive(
        file, item_id="admin-penalty-org", source_code=DEPARTMENT, file_name=file.name, by=by, received_at=clock.now()
    )
    submit.run(entered.id, by=by, original=file)
    with separation.as_owner(), connection.cursor() as cursor:
        for table in ("subjects_subjectname", "subjects_subject", "record"):
            cursor.execute(f"VACUUM ANALYZE {table}")


def _register(subjects: int) -> None:
    """The organisations of the synthetic city, straight into the register's verb."""
    import numpy as np
    import pyarrow as pa
    from django.db import transaction

    from xinyong.kernel import clock
    from xinyong.operations.synthetic import bench, draw
    from xinyong.operations.synthetic.organisations import City, Organisations
    from xinyong.subjects import registry

    city = City(seed=7, subjects=subjects, records=subjects, today=bench._TODAY)
    for first in range(0, subjects, 50_000):
        some = Organisations(city, np.arange(first, min(first + 50_000, subjects), dtype=np.int64))
        table = pa.table({"code": some.codes, "name": some.names_on(draw.day(bench._TODAY))})
        with transaction.atomic():
            registry.register(table, known_at=clock.now())
        print(f"  {first + len(some.index):,} organisations", file=sys.stderr, flush=True)


def _some_codes(chance: random.Random, count: int) -> list[tuple[str, str]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT code, name FROM subjects_subject TABLESAMPLE SYSTEM (1) WHERE code IS NOT NULL LIMIT 20000"
        )
        rows = cursor.fetchall()
    return chance.sample(rows, min(count, len(rows)))


def _search(query: str) -> Any:
    from xinyong.security.access import PUBLIC
    from xinyong.subjects import search

    return search.find(query, seen_by=PUBLIC)


def _pinyin(name: str) -> str:
    from xinyong.subjects import pinyin

    return "".join(pinyin.syllables(name[2:8]))


@cache
def _client() -> Any:
    from django.test import Client

    return Client()  # one: it loads the middleware when it is made, as a server does when it starts


def _page(address: str) -> Any:
    response = _client().get(address)
    assert response.status_code == 200, (address, response.status_code)
    return response


def _report(code: str) -> Any:
    from xinyong.kernel import clock
    from xinyong.reports import issue
    from xinyong.security.access import PUBLIC

    return issue.issue(code, as_of=clock.today(), seen_by=PUBLIC, issued_at=clock.now())


def _percentiles(name: str, work: Callable[[str], Any], queries: Iterable[str]) -> dict[str, Any]:
    asked = list(queries)
    for query in asked[:5]:
        work(query)  # the first of a kind loads tables and templates
    took = []
    for query in asked:
        began = time.perf_counter()
        work(query)
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    at = {f"p{p}": took[min(len(took) - 1, int(len(took) * p / 100))] for p in (50, 95, 99)}
    return {"name": f"{name}: p95", "value": at["p95"], "unit": "ms", "count": len(took), "max": took[-1], **at}


if __name__ == "__main__":
    main(int(sys.argv[1]))
