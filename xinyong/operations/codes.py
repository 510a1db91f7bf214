"""``xinyong code``: judges codes given as arguments, on standard input or in a column of a file. Needs no database, unless it is
asked for the platform's table of exceptions."""

import contextlib
import csv
import io
import itertools
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

import click

from xinyong.kernel import clock
from xinyong.kernel import codes as kernel_codes
from xinyong.kernel.errors import Invalid
from xinyong.operations import command

#: How much of a file decides its encoding and delimiter.
_SAMPLE_BYTES = 1 << 20
_BATCH_ROWS = 20_000
_MARKS = {"valid": "✓", "doubtful": "?", "invalid": "✗"}


class NoSuchColumn(Invalid):
    """The file has no column of that name."""

    code = "operations.code-column-not-found"


@click.command()
@click.argument("codes", nargs=-1)
@click.option("--file", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="CSV or TSV file")
@click.option(
    "--column", help="名称或序号 Its column: a header, or a number from 1. Default: the first column named 代码"
)
@click.option(
    "--kind", type=click.Choice([kind.value for kind in kernel_codes.Kind]), help="应为哪一种 The kind that is due"
)
@click.option("--exceptions", type=click.File(encoding="utf-8"), help="例外表 Legally issued exceptions, a code a line")
@click.option(
    "--exceptions-from-database", "asks_database", is_flag=True, help="用平台的例外表 The platform's own table of them"
)
@click.option("--json", "as_json", is_flag=True, help="One JSON list; for files one object a line, the summary last")
def code(
    codes: tuple[str, ...],
    path: Path | None,
    column: str | None,
    kind: str | None,
    exceptions: TextIO | None,
    asks_database: bool,
    as_json: bool,
) -> None:
    """校验代码 Judges codes: unified social credit code, organisation code, registration number, citizen ID.

    CODES may be ``-`` for one code a line from standard input. Exit code 1 when any is invalid.
    """
    if not codes and path is None:
        raise click.UsageError("请给出代码或 --file。 Give codes or --file.")
    if codes and path is not None:
        raise click.UsageError("代码和 --file 只能给一种。 Give either codes or --file.")
    issued = frozenset(kernel_codes.canonical(line) for line in exceptions or ())
    if asks_database:
        issued |= _issued()
    texts: Iterable[tuple[int | None, str]]
    texts = _column(path, column) if path else ((None, text) for text in _given(codes))
    expect = kernel_codes.Kind(kind) if kind else None
    counts: Counter[str] = Counter()
    if path is not None and not as_json:
        texts = _with_something_to_say(texts, expect, counts)
    rows = _judged(texts, expect, issued, counts)
    is_stream = path is not None or "-" in codes
    if as_json and not is_stream:
        command.print_json([_as_dict(row, judged) for row, judged in rows])
    else:
        for row, judged in rows:
            if as_json:
                click.echo(json.dumps(_as_dict(row, judged), ensure_ascii=False))
            elif not is_stream or judged.reason:
                click.echo(_as_text(row, judged))
    if is_stream:
        _summarise(counts, as_json)
    sys.exit(1 if counts["invalid"] else 0)


def _issued() -> frozenset[str]:
    command.with_database()
    from xinyong.catalogue import tables

    return tables.exceptions()


def _given(codes: tuple[str, ...]) -> Iterator[str]:
    for text in codes:
        if text == "-":
            for line in io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", errors="replace"):
                if line.strip():
                    yield line.rstrip("\r\n")
        else:
            yield text


def _judged(
    texts: Iterable[tuple[int | None, str]],
    expect: kernel_codes.Kind | None,
    issued: frozenset[str],
    counts: Counter[str],
) -> Iterator[tuple[int | None, kernel_codes.Judged]]:
    today = clock.today()
    for row, text in texts:
        if row is not None and not text.strip():
            counts["empty"] += 1
            continue
        judged = kernel_codes.judge(text, expect=expect, exceptions=issued, today=today)
        counts[judged.verdict.value] += 1
        yield row, judged


def _with_something_to_say(
    texts: Iterable[tuple[int | None, str]], expect: kernel_codes.Kind | None, counts: Counter[str]
) -> Iterator[tuple[int | None, str]]:
    """Passes on the rows that are not plainly valid and counts the others, by the column: a register is mostly valid.

    Where no kind is due a code that stands as a unified code without any remark is one: any other reading adds a remark.
    """
    import pyarrow as pa

    due = expect or kernel_codes.Kind.USCC
    rows = iter(texts)
    while batch := list(itertools.islice(rows, _BATCH_ROWS)):
        cells = pa.array([text.encode("utf-8", "replace").decode("utf-8") for _, text in batch], type=pa.string())
        reasons = kernel_codes.judge_column(cells, expect=due, today=clock.today()).reason
        counts["valid"] += int((reasons == 0).sum())
        yield from (batch[at] for at in reasons.nonzero()[0])


def _as_dict(row: int | None, judged: kernel_codes.Judged) -> dict[str, Any]:
    facts: dict[str, Any] = {"row": row} if row is not None else {}
    return facts | {
        "input": judged.input,
        "kind": judged.kind.value,
        "verdict": judged.verdict.value,
        "normalised": judged.normalised,
        "reason": judged.reason,
        "suggestion": judged.suggestion,
        "sentence": judged.sentence,
        "sentence_en": judged.sentence_en,
    }


def _as_text(row: int | None, judged: kernel_codes.Judged) -> str:
    place = f"{row}: " if row is not None else ""
    lines = [
        f"{place}{_MARKS[judged.verdict]} {judged.input}  {judged.kind.value}  {judged.verdict.value}  {judged.reason}"
    ]
    if judged.normalised != judged.input:
        lines.append(f"    规范形式 normalised: {judged.normalised}")
    if judged.reason:
        lines.append(f"    {judged.sentence}\n    {judged.sentence_en}")
    if judged.suggestion:
        lines.append(f"    建议 suggestion: {judged.suggestion}")
    return "\n".join(lines).rstrip()


def _summarise(counts: Counter[str], as_json: bool) -> None:
    facts = {name: counts[name] for name in ("valid", "doubtful", "invalid", "empty")}
    total = sum(facts.values())
    if as_json:
        click.echo(json.dumps({"summary": {"total": total, **facts}}, ensure_ascii=False))
        return
    click.echo(
        f"共 {total} 个：有效 {facts['valid']}，疑问 {facts['doubtful']}，无效 {facts['invalid']}，空 {facts['empty']}\n"
        f"{total} codes: {facts['valid']} valid, {facts['doubtful']} doubtful, {facts['invalid']} invalid, "
        f"{facts['empty']} empty"
    )


def _column(path: Path, column: str | None) -> Iterator[tuple[int | None, str]]:
    """The cells of a column with their row as a spreadsheet counts it, streaming. Raises NoSuchColumn."""
    with path.open("rb") as raw:
        sample = raw.read(_SAMPLE_BYTES)
    encoding = _encoding(sample)
    first_line = sample.decode(encoding, errors="ignore").splitlines()[:1]
    delimiter = "\t" if first_line and first_line[0].count("\t") > first_line[0].count(",") else ","
    with path.open(encoding=encoding, errors="replace", newline="") as lines:
        rows = csv.reader(_without_nulls(lines), delimiter=delimiter)
        header = next(rows, [])
        at, rest = _place(header, column, path)
        body = itertools.chain([header] if rest else [], rows)
        for number, row in enumerate(body, 1 if rest else 2):
            yield number, row[at] if at < len(row) else ""


def _without_nulls(lines: io.TextIOBase | Iterable[str]) -> Iterator[str]:
    return (line.replace("\x00", "") for line in lines)


def _encoding(sample: bytes) -> str:
    """UTF-16 by its mark; UTF-8 when the sample decodes, but for a character cut at its end; else GB18030."""
    if sample[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    for cut in range(4):
        with contextlib.suppress(UnicodeDecodeError):
            sample[: len(sample) - cut].decode("utf-8")
            return "utf-8-sig"
    return "gb18030"


def _place(header: list[str], column: str | None, path: Path) -> tuple[int, bool]:
    """Index of the column, and whether the first line is already data."""
    names = [name.strip() for name in header]
    if column is None:
        found = next((at for at, name in enumerate(names) if "代码" in name or name.lower() in ("code", "uscc")), None)
        if found is not None:
            return found, False
        if len(names) == 1:
            return 0, True
    elif column in names:
        return names.index(column), False
    elif column.isdecimal() and 1 <= int(column) <= len(names):
        return int(column) - 1, False
    listed = "、".join(names[:30])
    raise NoSuchColumn(
        f"文件 {path.name} 没有列“{column or '代码'}”。现有列：{listed}",
        f"The file {path.name} has no column “{column or '代码'}”. Its columns: {listed}",
    )
