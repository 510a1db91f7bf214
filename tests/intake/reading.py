"""Reads a file in the test's own process, for tests of what a reader makes of a file; bounds are tested elsewhere."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from xinyong.intake import headers, read
from xinyong.intake._formats import read_file
from xinyong.intake._table import chunk_path

CODES = ["XK_XDR_MC", "XK_WSH", "XK_JDRQ"]
NAMES = ["行政相对人名称", "统一社会信用代码", "许可决定日期", "金额"]
KNOWN = frozenset(map(headers.normalise, CODES + NAMES))
ROWS = [(1, "甲公司", "云许〔2026〕1号", "2026-01-05", "0.2"), (2, "乙公司", None, "2026/1/6", "12")]


class Result:
    """What one reading gave: head, rows, notes, remarks."""

    def __init__(
        self,
        path: Path,
        *,
        known: frozenset[str] = KNOWN,
        sheet: str | None = None,
        limits: read.Limits = read.LIMITS,
    ) -> None:
        folder = path.parent / "out"
        folder.mkdir(exist_ok=True)
        heads: list[Any] = []
        self.facts = read_file(
            path,
            folder=folder,
            file_name=path.name,
            known=known,
            sheet=sheet,
            limits=limits,
            begin=heads.append,
            announce=lambda number, has_notes: None,
        )
        self.head = heads[0]
        chunks = [chunk_path(folder, number) for number in range(self.facts["chunks"])]
        self.rows = [tuple(row.values()) for chunk in chunks for row in read.table(chunk).to_pylist()]
        noted = pq.read_table(folder / "notes.parquet").to_pylist() if self.facts["has_notes"] else []
        self.notes = [tuple(each.values()) for each in noted]
