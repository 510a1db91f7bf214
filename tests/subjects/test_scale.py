"""Search at a million names (XINYONG_SCALE_NAMES), each way of looking timed. Run with ``-m scale``."""

import os
import random
import time
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from django.db import connection

from tests.subjects.conftest import code
from tests.subjects.invented import COUNTIES, names
from xinyong.security import separation
from xinyong.security.access import PUBLIC
from xinyong.security.models import Region
from xinyong.subjects import pinyin, registry, search

NAMES = int(os.environ.get("XINYONG_SCALE_NAMES", "1000000"))
CHUNK = 50_000
#: p95 at the verb, milliseconds (issue: search at one million names).
CEILING = 30.0
STATES = ["存续"] * 85 + ["吊销"] * 5 + ["注销"] * 10


@pytest.fixture
def million(lasting_db: None) -> list[str]:
    """The register filled chunk by chunk, with statistics as autovacuum leaves them; every thousandth name."""
    Region.objects.create(code="990100", name="云溪市", level=2, source="invented")
    for number, county in enumerate(COUNTIES, 1):
        Region.objects.create(code=f"9901{number:02d}", name=county + "县", level=3, source="invented")
    chance, source = random.Random(5), names(NAMES)
    kept = []
    for start in range(0, NAMES, CHUNK):
        given = [name for _, name in zip(range(min(CHUNK, NAMES - start)), source, strict=False)]
        made = [
            code(
                start + at,
                kind=chance.choice(["91"] * 6 + ["92"] * 3 + ["93"]),
                division=f"9901{chance.randint(1, 12):02d}",
            )
            for at in range(len(given))
        ]
        rows = {
            "code": made,
            "name": given,
            "region_code": [c[2:8] for c in made],
            "status": chance.choices(STATES, k=len(made)),
        }
        registry.register(pa.table(rows), known_at=datetime(2026, 1, 1, tzinfo=UTC))
        kept += given[::1000]
    with separation.as_owner(), connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE subjects_subjectname")
        cursor.execute("VACUUM ANALYZE subjects_subject")
    return kept


@pytest.mark.scale
def test_every_way_of_looking_answers_in_time_at_full_size(million: list[str]) -> None:
    sounds = ["".join(pinyin.syllables(name)) for name in million[:40]]
    ways = {
        "exact name": million[:40],
        "beginning": ["云溪市", "云溪", "白鹭县", "云"] * 10,
        "fragment, rare": [name[3:9] for name in million[:40]],
        "fragment, common": ["科技", "商贸", "工程", "有限公司", "公司", "溪市", "店", "科技有限公司"] * 5,
        "pinyin, rare": sounds,
        "pinyin, common": ["keji", "shangmao", "yunxi", "xing", "youxiangongsi", "xian"] * 7,
        "initials": ["kj", "yxgs", "kjyxgs", "sm", "xs", "xhkj"] * 7,
    }
    slow = {way: took for way, queries in ways.items() if (took := _p95(queries)) > CEILING}
    assert not slow


def _p95(queries: list[str]) -> float:
    took = []
    for query in queries:
        start = time.perf_counter()
        search.find(query, seen_by=PUBLIC)
        took.append((time.perf_counter() - start) * 1000)
    return sorted(took)[int(len(took) * 0.95)]
