"""The PDFs of special reports and statements (reports/special.typ, statement.typ), archival and accessible as the report's."""

from pathlib import Path
from typing import Any

from xinyong.reports import render
from xinyong.reports.content import (
    Availability,
    Bilingual,
    Cell,
    Line,
    Searched,
    SpecialContent,
    Stamp,
    StatementContent,
)

_SPECIAL = Path(__file__).with_name("special.typ")
_STATEMENT = Path(__file__).with_name("statement.typ")
_HEAD = 30


def special(content: SpecialContent, stamp: Stamp) -> bytes:
    """A special report as PDF. The same content and stamp give the same bytes."""
    content = render.printable_in_font(content)
    head = (
        Line("检索期间", "Period searched", f"{content.first_day.isoformat()} 至 {content.last_day.isoformat()}"),
        Line("信息截至", "Information as of", content.as_of.isoformat()),
        *((Line("用途", "Purpose", content.purpose),) if content.purpose else ()),
    )
    kinds = [kind for kind, _ in content.kinds]
    data: dict[str, Any] = _common(content, stamp, head) | {
        "found": content.found,
        "summary": render.pair(_summary(content)),
        "kinds": [render.pair(title) for _, title in content.kinds],
        "domains": [{"title": render.pair(one.title), "cells": _cells(one, kinds)} for one in content.domains],
        "unasked": [render.pair(one) for one in content.unasked],
        "branch_note": render.pair(content.branch_note),
        "branches": [
            {"zh": render.breakable(one.zh), "en": one.en, "text": one.text, "is_masked": False} for one in content.branches
        ],
        "groups": [
            {
                "title": render.pair(one.title), "domain": render.pair(one.domain), "total": one.total,
                "entries": [render.entry_data(entry) for entry in one.entries],
            }
            for one in content.groups
        ],
        "rows": render.rows_of(content.registration),
        "statements": [render.pair(one) for one in content.statements],
    }  # fmt: skip
    return render.typeset(_SPECIAL, data, at=stamp.issued_at)


def statement(content: StatementContent, stamp: Stamp) -> bytes:
    """A statement of one fact as PDF, one page. The same content and stamp give the same bytes."""
    content = render.printable_in_font(content)
    head = (Line("信息截至", "Information as of", content.as_of.isoformat()),)
    data = _common(content, stamp, head) | {
        "said": render.pair(content.said),
        "searched": render.pair(content.searched),
        "statements": [render.pair(one) for one in content.statements],
    }
    return render.typeset(_STATEMENT, data, at=stamp.issued_at)


def _common(content: SpecialContent | StatementContent, stamp: Stamp, head: tuple[Line, ...]) -> dict[str, Any]:
    stamped = render.stamped(stamp)
    lines = (
        Line("编号", "Number", stamp.number),
        Line("生成时间", "Issued (Beijing time)", stamped["issued_at"]),
        *head,
        Line("验证码", "Check code", stamped["check_code"]),
    )
    return stamped | {
        "title": render.pair(content.title),
        "issuer": content.issuer,
        "name": render.breakable(content.name),
        "short_name": content.name if len(content.name) <= _HEAD else content.name[:_HEAD] + "…",
        "code_grouped": content.code_grouped,
        "head": render.rows_of(lines),
    }


def _cells(one: Searched, kinds: list[str]) -> list[dict[str, Any]]:
    """A cell for each kind of act in order; of a kind that does not occur in the domain an empty one."""
    cells = {cell.kind: cell for cell in one.cells}
    return [_cell(cells[kind]) if kind in cells else {"state": "", "total": None, "since": ""} for kind in kinds]


def _cell(cell: Cell) -> dict[str, Any]:
    since = cell.since.isoformat() if cell.since else ""
    return {"state": cell.availability.value, "total": cell.total, "since": since}


def _summary(content: SpecialContent) -> Bilingual:
    cells = [cell for one in content.domains for cell in one.cells]
    searched = sum(cell.availability is not Availability.NOT_COLLECTED for cell in cells)
    lacking = len(cells) - searched
    zh = f"所选 {len(content.domains)} 个领域共 {len(cells)} 项：检索 {searched} 项，未检索 {lacking} 项。"
    en = f"{len(content.domains)} domains, {len(cells)} checks: {searched} searched, {lacking} not searched. "
    if content.found:
        return Bilingual(f"{zh}检索到 {content.found} 条记录。", f"{en}{content.found} on record.")
    return Bilingual(f"{zh}在检索的范围内没有记录。", f"{en}Within what was searched there is none.")
