"""Tables of tasks as plans carry them (责任分解表): a text with bars, a CSV, a workbook → one line a task, doubts beside it.

Nothing is written here. What a plan leaves out because it was said in the row above (chapter, section, in a text the cells
themselves) is carried on; a text's shorter rows are rows whose first cells go on from above, so they count from the right.
"""

import re
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from xinyong.intake import headers, read
from xinyong.kernel import deadlines
from xinyong.kernel.deadlines import Deadline
from xinyong.kernel.errors import Invalid
from xinyong.kernel.scrubbing import unnumbered

#: Tasks of one ledger at most: what is longer is no plan of a year.
MOST = 2_000
_MOST_BYTES = 5 << 20
_MOST_TEXT = 2_000
#: column → how plans head it.
_HEADS: Mapping[str, tuple[str, ...]] = {
    "number": ("序号", "编号", "任务序号", "任务编号"),
    "chapter": ("主要任务", "任务类别", "一级任务", "任务分类", "章节", "类别"),
    "section": ("重点工作", "重点任务", "二级任务", "工作重点", "任务名称"),
    "text": ("目标任务", "任务内容", "工作内容", "具体任务", "工作任务", "具体内容", "工作举措", "任务"),
    "owners": ("责任单位", "责任部门", "牵头单位", "牵头部门", "主办单位"),
    "helpers": ("配合单位", "配合部门", "协同单位", "协办单位", "参加单位"),
    "deadline": ("完成时间", "完成时限", "完成期限", "时限", "时间节点", "截止时间"),
}  # fmt: skip
_NEEDED = ("text", "owners", "deadline")
_COLUMN_OF = {headers.normalise(word): column for column, words in _HEADS.items() for word in words}
_NOTE = re.compile(r"^(?:注|备注|说明)\s*[::]")
_BAR = re.compile(r"[|｜]")


class NoTaskTable(Invalid):
    """The file holds no table of tasks that could be read."""

    code = "analytics.no-task-table"


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a line should be looked at. ``is_kept_out``: the line cannot become a task as it is."""

    code: str
    zh: str
    en: str
    is_kept_out: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table. ``row`` counts in the file from 1; owners are as written, the lead's first."""

    row: int
    number: int
    chapter_no: str
    chapter: str
    section: str
    text: str
    owners: tuple[str, ...]
    helpers: tuple[str, ...]
    deadline: Deadline
    doubts: tuple[Doubt, ...] = ()

    @property
    def is_kept_out(self) -> bool:
        """True when it cannot become a task."""
        return any(one.is_kept_out for one in self.doubts)


@dataclass(frozen=True, slots=True)
class Table:
    """A table that was read: the plan's title, its lines, and the rows they were read from (``of_rows`` reads them again)."""

    title: str
    lines: tuple[Line, ...]
    rows: tuple[tuple[int, list[str]], ...]


def of_file(path: Path, *, file_name: str, title: str = "") -> Table:
    """Reads a file (.txt or another text with bars, .csv, .xlsx). Raises NoTaskTable, and intake's refusals of files."""
    if path.stat().st_size > _MOST_BYTES:
        raise NoTaskTable("文件超过 5 MB，不像任务分解表。", "The file is larger than 5 MB: hardly a table of tasks.")
    content = path.read_bytes()
    if Path(file_name).suffix.lower() in (".txt", ".md", "") and b"\0" not in content:
        found, rows = _of_text(_decoded(content))
        return of_rows(rows, title=title or found or Path(file_name).stem)
    return of_rows(_of_sheet(path, file_name), title=title or Path(file_name).stem)


def of_rows(rows: Sequence[tuple[int, list[str]]], *, title: str) -> Table:
    """Numbered rows of cells, the head first. Raises NoTaskTable."""
    title = unnumbered(" ".join(title.split()))[:200]
    if not rows:
        raise no_table()
    columns = _columns(rows[0][1])
    lines = tuple(_lines(rows[1:], columns, deadlines.year_of(title)))
    if not lines:
        raise NoTaskTable("表头下面没有任务。", "There is no task below the head.")
    if len(lines) > MOST:
        raise NoTaskTable(
            f"一份任务表最多 {MOST:,} 项，这里有 {len(lines):,} 项。请分开导入。",
            f"A table holds at most {MOST:,} tasks, this one {len(lines):,}. Import it in parts.",
        )
    return Table(title, _repeated(lines), tuple(rows))


def no_table() -> NoTaskTable:
    """The refusal of a file without a table of tasks."""
    return NoTaskTable(
        "没有找到任务表。表头至少要有“目标任务”“责任单位”“完成时间”三列（txt 文件用竖线“|”分列）。",
        "No table of tasks was found. Its head needs at least 目标任务, 责任单位 and 完成时间 (in a text, parted by bars).",
    )


def units_of(cell: str) -> tuple[str, ...]:
    """The bodies that a cell names, in order; brackets are not cut, "and others" goes."""
    text = unicodedata.normalize("NFKC", cell).replace("\n", "、")
    found: list[str] = []
    depth, word = 0, ""
    for sign in text:
        depth += (sign in "([") - (sign in ")]")
        if depth <= 0 and sign in "、,;/":
            found.append(word)
            word = ""
        else:
            word += sign
    found.append(word)
    bodies = [half for one in found for half in _without_others(one.strip(" .。"))]
    return tuple(dict.fromkeys(one[:100] for one in bodies if one))


def _without_others(one: str) -> list[str]:
    """``某局等`` → 某局; ``某局等各部门`` → 某局, 各部门."""
    first, sign, rest = one.partition("等各")
    if sign:
        return [first, f"各{rest}"]
    return [re.sub(r"等(?:单位|部门|相关单位|有关部门)?$", "", one)]


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise no_table()


def _of_text(text: str) -> tuple[str, list[tuple[int, list[str]]]]:
    """The title (the last line of prose before the head) and the rows from the head on, until prose begins again. Bars around a
    row count for nothing where the head has them too."""
    prose, ends = "", (False, False)
    rows: list[tuple[int, list[str]]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if not rows:
            ends = (_BAR.match(line) is not None, _BAR.search(line[-1:]) is not None)
        cells = _cells(line, *ends)
        if len(cells) < 2:
            if len(rows) > 1:
                break
            prose, rows = (line or prose), []
        elif (rows or _heads(cells)) and not all(set(one) <= set("-: ") for one in cells):
            rows.append((number, cells))
    return prose, rows


def _cells(line: str, has_first: bool, has_last: bool) -> list[str]:
    line = line[1:] if has_first and _BAR.match(line) else line
    line = line[:-1] if has_last and _BAR.match(line[-1:]) else line
    return [one.strip() for one in _BAR.split(line)]


def _heads(cells: Iterable[str]) -> bool:
    found = {_COLUMN_OF.get(headers.normalise(one)) for one in cells}
    return found.issuperset(_NEEDED)


def _of_sheet(path: Path, file_name: str) -> list[tuple[int, list[str]]]:
    """A CSV or a workbook by the intake's reader, which looks a hostile file through before it is parsed."""
    with tempfile.TemporaryDirectory(prefix="xinyong-tasks-") as name:
        folder = Path(name)
        found = read.read(
            path, folder=folder, file_name=file_name, known_headers=frozenset(_COLUMN_OF),
            limits=replace(read.LIMITS, file_bytes=_MOST_BYTES, rows=10 * MOST),
        )  # fmt: skip
        rows: list[tuple[int, list[str]]] = [(found.header_row, list(found.headers))]
        for chunk in found.chunks:
            for row in read.table(chunk).to_pylist():
                number, *cells = row.values()
                rows.append((int(number), [(one or "").strip() for one in cells]))
    return rows


def _columns(head: Sequence[str]) -> list[str]:
    """The column each cell of the head is, "" for one we do not know. Raises NoTaskTable."""
    columns: list[str] = []
    for one in head:
        column = _COLUMN_OF.get(headers.normalise(one), "")
        columns.append("" if column in columns else column)
    if not set(columns).issuperset(_NEEDED):
        raise no_table()
    return columns


def _lines(rows: Iterable[tuple[int, list[str]]], columns: list[str], year: int | None) -> Iterator[Line]:
    before: dict[str, str] = {}
    number = 0
    for row, cells in rows:
        if not any(cells) or _NOTE.match(next(filter(None, cells))):
            continue
        number += 1
        if len(cells) > len(columns):
            zh = "这一行的单元格比表头多，可能正文中有竖线。"
            doubt = Doubt("too-many-cells", zh, "More cells than the head: perhaps a bar in its text.", True)
            yield _line(row, number, {"text": " | ".join(cells)}, [doubt], year=year)
            continue
        said = dict(zip(columns[len(columns) - len(cells) :], cells, strict=True))
        yield _line(row, number, *_carried(said, before), year=year)


def _carried(said: dict[str, str], before: dict[str, str]) -> tuple[dict[str, str], list[Doubt]]:
    """The row with what it leaves out; remembers it for the next. A new chapter has no section of the one before."""
    doubts: list[Doubt] = []
    if said.get("chapter") or said.get("number"):
        before.pop("section", None)
    for column in ("number", "chapter", "section"):
        said[column] = before[column] = said.get(column) or before.get(column, "")
    for column, zh, en in (("owners", "责任单位", "owner"), ("deadline", "完成时间", "deadline")):
        if not said.get(column) and before.get(column) and said.get("text"):
            said[column] = before[column]
            doubts.append(
                Doubt(f"{column}-from-above", f"{zh}为空，按上一行填写。", f"No {en}: taken from the row above.")
            )
        before[column] = said.get(column, "")
    return said, doubts


def _line(row: int, number: int, said: Mapping[str, str], doubts: Sequence[Doubt], *, year: int | None) -> Line:
    text = " ".join(said.get("text", "").split())
    owners, helpers = units_of(said.get("owners", "")), units_of(said.get("helpers", ""))
    deadline = deadlines.read(said.get("deadline", ""), year=year)
    found = [*doubts, *_doubts(text, owners, deadline)] if not any(one.is_kept_out for one in doubts) else list(doubts)
    return Line(
        row=row, number=number, chapter_no=said.get("number", "")[:20], chapter=said.get("chapter", "")[:200],
        section=said.get("section", "")[:200], text=unnumbered(text)[:_MOST_TEXT], owners=owners, helpers=helpers,
        deadline=deadline, doubts=tuple(found),
    )  # fmt: skip


def _doubts(text: str, owners: tuple[str, ...], deadline: Deadline) -> Iterator[Doubt]:
    if not text:
        yield Doubt("no-text", "没有任务内容。", "It does not say what is to be done.", True)
    elif len(text) > _MOST_TEXT:
        yield Doubt(
            "long-text", f"任务内容超过 {_MOST_TEXT} 字，后面的截去。", f"Longer than {_MOST_TEXT} characters: cut."
        )
    if not owners:
        yield Doubt("no-owner", "没有责任单位。", "It names no owner.", True)
    if not deadline.words:
        yield Doubt("no-deadline", "没有完成时间，按未定处理。", "No deadline: taken as not fixed.")
    elif not deadline.is_understood:
        yield Doubt(
            "deadline-unclear", f"完成时间“{deadline.words}”没有完全读懂，请核对。",
            f"The deadline “{deadline.words}” was not wholly understood: look at it.",
        )  # fmt: skip


def _repeated(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """The same words twice are one task: the later line is kept out."""
    seen: dict[str, int] = {}
    found = []
    for one in lines:
        first = seen.setdefault(one.text, one.row)
        if one.text and first != one.row:
            doubt = Doubt("repeated", f"与第 {first} 行内容相同。", f"The same as row {first}.", True)
            one = replace(one, doubts=(*one.doubts, doubt))
        found.append(one)
    return tuple(found)
