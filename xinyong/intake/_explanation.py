"""What a feedback says and how it looks, whatever file it stands in: words, colours, the table of findings, comments."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any, Protocol

SHEET_TITLE = "反馈说明 Feedback"
AUTHOR = "信用平台 Xinyong"

#: severity → fill; the comment says the same in words, colour alone says nothing
FILLS = {"error": "FFC7CE", "doubtful": "FFEB9C", "warning": "DDEBF7"}
SEVERITIES = {"error": "错误 error", "doubtful": "存疑 doubtful", "warning": "提示 warning"}
RESULTS = {
    "error": "退回，请更正 rejected",
    "doubtful": "存疑，待核实 doubtful",
    "warning": "已接收，有提示 accepted, please note",
}
NO_FINDING = "无问题 no finding"
_ORDER = ("error", "doubtful", "warning")
_COUNTS = (
    ("rows_read", "读取行数 rows read"),
    ("accepted", "入库 accepted"),
    ("doubtful", "存疑待核 doubtful"),
    ("rejected", "退回 rejected"),
    ("duplicate", "本文件内重复 duplicate in this file"),
    ("unchanged", "与库中相同 unchanged"),
)
COLUMNS = (
    "行号 Row",
    "列名 Column",
    "填报值 Value",
    "程度 Severity",
    "问题 Problem",
    "Problem (English)",
    "规则 Rule",
    "依据 Basis",
    "建议 Suggestion",
)
MOST_COMMENT = 1500
#: a workbook's cell holds no more
MOST_CELL = 32_767

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class FindingLike(Protocol):
    """What is needed of a finding."""

    @property
    def row_no(self) -> int: ...
    @property
    def column(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def rule(self) -> str: ...
    @property
    def severity(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def message_en(self) -> str: ...
    @property
    def basis(self) -> str: ...
    @property
    def suggestion(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Note:
    """A finding as the feedback writes it; crosses to the marking process as JSON."""

    row_no: int
    column: str
    value: str
    rule: str
    severity: str
    message: str
    message_en: str
    basis: str
    suggestion: str

    def plain(self) -> dict[str, Any]:
        """The note as JSON values."""
        return asdict(self)


def notes_of(findings: Iterable[FindingLike]) -> Iterator[Note]:
    """Findings as notes, texts fit for a cell."""
    names = [each for each in Note.__slots__ if each != "row_no"]
    for each in findings:
        yield Note(each.row_no, *(printable(str(getattr(each, name) or "")) for name in names))


def by_row(notes: Iterable[Note]) -> Iterator[tuple[int, list[Note]]]:
    """Notes of each row together; they come ordered by row."""
    for row_no, group in groupby(notes, key=lambda note: note.row_no):
        yield row_no, list(group)


def worst(notes: Iterable[Note]) -> str:
    """The gravest severity among notes."""
    return min(
        (note.severity for note in notes), key=lambda each: _ORDER.index(each) if each in _ORDER else len(_ORDER)
    )


def places(notes: Iterable[Note], headers: list[str]) -> dict[int, list[Note]]:
    """Notes by column index; what concerns the whole row stands at its first cell."""
    index_of = {header: index for index, header in reversed(list(enumerate(headers)))}
    found: dict[int, list[Note]] = {}
    for note in notes:
        found.setdefault(index_of.get(note.column, 0), []).append(note)
    return found


def comment(notes: Iterable[Note]) -> str:
    """The comment on a cell: what is wrong, why, what to do."""
    return "\n\n".join(sentence(note) for note in notes)[:MOST_COMMENT]


def sentence(note: Note) -> str:
    """One finding in a few lines."""
    lines = [f"【{SEVERITIES.get(note.severity, note.severity)}】{note.message}", note.message_en]
    lines += [f"建议：{note.suggestion}"] if note.suggestion else []
    lines += [f"依据：{note.basis}"] if note.basis else []
    return "\n".join(line for line in [*lines, f"[{note.rule}]"] if line)


def summary(file_name: str, counts: object, remarks: Iterable[str]) -> list[list[str | int]]:
    """The rows above the table of findings."""
    rows: list[list[str | int]] = [[SHEET_TITLE], ["文件 File", printable(file_name)]]
    rows += [[label, getattr(counts, name)] for name, label in _COUNTS if hasattr(counts, name)]
    rows += [["颜色 Colours", *SEVERITIES.values()]]
    rows += [["说明 Remark", remark] for remark in remarks]
    return [*rows, []]


def line(note: Note) -> list[str | int]:
    """A row of the table of findings."""
    severity = SEVERITIES.get(note.severity, note.severity)
    return [
        note.row_no,
        note.column,
        note.value,
        severity,
        note.message,
        note.message_en,
        note.rule,
        note.basis,
        note.suggestion,
    ]


def printable(text: str) -> str:
    """Without control characters that XML forbids, cut to what a cell holds."""
    text = _UNPRINTABLE.sub("", text)
    return text if len(text) <= MOST_CELL else text[: MOST_CELL - 1] + "…"
