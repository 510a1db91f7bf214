"""Names as a real registry writes them: every one is registered and found in each way."""

import csv
from pathlib import Path

import pyarrow as pa
import pytest

from tests.subjects.conftest import DAY_ONE
from xinyong.kernel import codes, names
from xinyong.security.access import PUBLIC
from xinyong.subjects import matching, pinyin, registry, search

_EVERY = 40  # one in so many is looked up; all are registered


@pytest.fixture
def real(db: None, shared_data: Path) -> list[tuple[str, str]]:
    with (shared_data / "registry_sample.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [
            (row["企业名称"], codes.judge(row["统一社会信用代码"], expect=codes.Kind.USCC))
            for row in csv.DictReader(file)
        ]
    good = {judged.normalised: name for name, judged in rows if judged.verdict is codes.Verdict.VALID}
    registry.register(pa.table({"code": list(good), "name": list(good.values())}), known_at=DAY_ONE)
    return list(good.items())[::_EVERY]


def test_real_organisations_are_found_by_code_name_trade_name_pinyin_and_initials(real: list[tuple[str, str]]) -> None:
    assert len(real) > 30
    for code, name in real:
        key = names.key(name)
        spelled = pinyin.syllables(key)
        letters = [part for part in ("".join(spelled), pinyin.initials(spelled)) if part.isascii() and part.isalpha()]
        for query in [code, name, key[2:9], *letters]:
            found = search.find(query, seen_by=PUBLIC, limit=100)
            assert code in [hit.code for hit in found.hits], query
        assert search.find(name, seen_by=PUBLIC).hits[0].matched_by is search.MatchedBy.EXACT_NAME


def test_real_names_are_their_own_best_candidates(real: list[tuple[str, str]]) -> None:
    for code, name in real:
        assert code in [candidate.code for candidate in matching.candidates(name, limit=2)]
        assert code in [candidate.code for candidate in matching.candidates(name + "分公司")]
