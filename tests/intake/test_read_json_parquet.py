"""JSON, JSON Lines and Parquet come out as the same rows of text."""

import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.intake.reading import KNOWN, ROWS, Result
from xinyong.intake import read

OBJECTS: list[dict[str, Any]] = [
    {"XK_XDR_MC": "甲公司", "XK_WSH": "云许〔2026〕1号", "XK_JDRQ": "2026-01-05", "AMOUNT": 0.2},
    {"XK_XDR_MC": "乙公司", "XK_WSH": None, "XK_JDRQ": "2026/1/6", "AMOUNT": 12},
]


@pytest.mark.parametrize(
    "write",
    [
        lambda rows: json.dumps(rows, ensure_ascii=False),
        lambda rows: json.dumps({"rows": rows, "total": 2}, ensure_ascii=False, indent=2),
        lambda rows: json.dumps({"total": 2, "data": rows}),
        lambda rows: "\n".join(json.dumps(row, ensure_ascii=False) for row in rows),
        lambda rows: "\ufeff" + "\n".join(json.dumps(row) for row in rows) + "\n\n",
    ],
)
def test_every_shape_of_json_gives_the_same_rows(write: Callable[[Any], str], tmp_path: Path) -> None:
    path = tmp_path / "input.json"
    path.write_text(write(OBJECTS), encoding="utf-8")
    result = Result(path)
    assert result.head.headers == ["XK_XDR_MC", "XK_WSH", "XK_JDRQ", "AMOUNT"]
    assert result.rows == ROWS


def test_numbers_in_json_are_exact_or_noted(tmp_path: Path) -> None:
    path = tmp_path / "input.jsonl"
    path.write_text(
        '{"XK_XDR_MC": 0.30000000000000000004, "XK_WSH": 110101199003070011, "AMOUNT": 1.1010119900307E+17}\n'
        '{"XK_XDR_MC": {"a": 1}, "XK_WSH": true, "XK_JDRQ": 1e-3, "EXTRA": 1}\n'
    )
    result = Result(path)
    assert result.rows[0] == (1, "0.30000000000000000004", "110101199003070011", "110101199003070000", None, None)
    assert result.rows[1] == (2, '{"a": 1}', "TRUE", None, "0.001", "1")
    assert result.notes == [(1, 1, "number-as-text"), (1, 2, "number-lost-digits"), (2, 0, "nested-value")]


@pytest.mark.parametrize(
    "text",
    [
        '[{"XK_XDR_MC": "甲", "XK_XDR_MC": "乙", "XK_WSH": "1"}]',
        '[{"XK_XDR_MC": NaN, "XK_WSH": "1"}]',
        '[{"XK_XDR_MC": "甲", "XK_WSH": "1"},]',
        '[{"XK_XDR_MC": "甲", "XK_WSH": "1"}',
        '{"XK_XDR_MC": "甲", "XK_WSH": "1"}\n[1, 2]\n',
        '{"XK_XDR_MC": "甲", "XK_WSH": "1"}\n{"XK_XDR_MC": "甲\n',
        '[["甲", "1"]]',
        '[{"XK_XDR_MC": "甲\\u0000", "XK_WSH": "1"}]',
        '[{"XK_XDR_MC": "甲\\ud800", "XK_WSH": "1"}]',
        "[" * 100_000,
        '{"a":' * 100_000,
    ],
)
def test_json_that_is_not_strict_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "input.json"
    path.write_text(text)
    with pytest.raises(read.DamagedFile):
        Result(path)


def test_a_parquet_file_of_any_types_is_read_as_text(tmp_path: Path) -> None:
    path = tmp_path / "input.parquet"
    table = pa.table(
        {
            "XK_XDR_MC": pa.array(["甲公司", " "]).dictionary_encode(),
            "XK_WSH": pa.array([Decimal("1.50"), None]),
            "XK_JDRQ": pa.array([date(2026, 1, 5), None]),
            "TIME": pa.array([datetime(2026, 1, 5), datetime(2026, 1, 5, 8, 30)]),  # noqa: DTZ001
            "NUMBER": pa.array([0.1, 1e20]),
            "FLAG": pa.array([True, None]),
            "WHOLE": pa.array([7, 8], pa.int32()),
        }
    )
    pq.write_table(table, path)
    assert Result(path).rows == [
        (1, "甲公司", "1.50", "2026-01-05", "2026-01-05", "0.1", "TRUE", "7"),
        (2, None, None, None, "2026-01-05 08:30:00", "100000000000000000000", None, "8"),
    ]


def test_nested_columns_and_broken_parquet_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "input.parquet"
    pq.write_table(pa.table({"XK_XDR_MC": ["甲"], "XK_WSH": [[1, 2]]}), path)
    with pytest.raises(read.DamagedFile, match="嵌套"):
        Result(path)
    pq.write_table(pa.table({"XK_XDR_MC": ["甲"] * 100, "XK_WSH": ["1"] * 100}), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(read.DamagedFile):
        Result(path)


def test_known_headers_are_needed(tmp_path: Path) -> None:
    path = tmp_path / "input.json"
    path.write_text('[{"a": 1, "b": 2}]')
    with pytest.raises(read.HeaderNotFound, match="没有找到表头"):
        Result(path)
    assert KNOWN
