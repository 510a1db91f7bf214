"""A chunk's columns, field by field: from the sender's text to typed values, with a finding for every cell that is not
what its field asks for.

Everything works on whole columns, and on each distinct value once (``_coded``).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xinyong.catalogue import forbidden, load
from xinyong.catalogue.schema import CodeList, Field, FieldType, Masking, Requirement
from xinyong.intake import _coded, _privacy, _values
from xinyong.intake._coded import Coded, coded
from xinyong.intake.outcome import Findings
from xinyong.kernel import codes
from xinyong.kernel.masking import Personal, mask
from xinyong.security import scanner

#: Trimmed from both ends of every cell: blanks of all widths, byte order mark, zero-width characters.
_EDGES = " \t\r\n\v\f\u00a0\u3000\ufeff\u200b\u200c\u200d\u2060"
_CONTROL = "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f\u202a-\u202e\u2066-\u2069]"
_ROUGH = '[\\x00-\\x1f\\x7f"\\\\\u202a-\u202e\u2066-\u2069]'
_SHOWN = 200

#: Rough characters, and the phrases and numbers that ``validate`` refuses: one automaton for one look.
_STRANGE = f"{_ROUGH}|{forbidden.PATTERN}|{scanner.LIKENESS}"

_READERS: dict[FieldType, Callable[[str], Any]] = {
    FieldType.DATE: _values.read_date,
    FieldType.INTEGER: _values.read_integer,
    FieldType.BOOLEAN: _values.read_boolean,
}

_CITIZEN = {"身份证", "居民身份证", "10", "01", "111"}


@dataclass(frozen=True, slots=True)
class Tables:
    """What checking needs from outside: code lists, exception codes, today's date."""

    code_lists: dict[str, CodeList]
    exceptions: frozenset[str]
    today: date


def shown(field: Field, values: pa.Array) -> list[str]:
    """Cell values for findings: cut, and masked where the field is personal or a person's number stands in it."""
    texts = [("" if v is None else str(v))[:_SHOWN] for v in values.to_pylist()]
    if not field.is_personal:
        return [_privacy.masked(text) for text in texts]
    what = Personal.CERTIFICATE if field.masking is Masking.NONE else Personal(field.masking.value)
    return [mask(text, what) for text in texts]


def strange(texts: pa.Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which texts may hold what is never collected, or a person's number in any writing: they need a closer look."""
    patterns = (forbidden.PATTERN, _privacy.LIKENESS, scanner.LIKENESS)
    found = np.zeros(len(texts), dtype=bool)
    for pattern in patterns:
        found |= _mask(pc.match_substring_regex(texts, pattern))
    return found


def title(basis: str) -> str:
    """The title of a legal or standard basis of the catalogue, as findings name it."""
    return load.bases()[basis].title


def tidy(raw: Coded) -> Coded:
    """Outer blanks off; an empty cell is null."""
    trimmed = pc.utf8_trim(raw.values, characters=_EDGES)
    is_empty = pc.equal(pc.binary_length(trimmed), 0)
    if pc.any(is_empty).as_py():
        trimmed = pc.if_else(is_empty, pa.scalar(None, pa.string()), trimmed)
    return coded(trimmed, raw.indices)


def read(
    field: Field, raw: Coded, kinds: Coded | None, *, tables: Tables, findings: Findings, is_subject: bool = False
) -> Coded:
    """The typed column of a field. ``kinds`` is the column of certificate kinds for a certificate number;
    ``is_subject``: the field holds the code of the counterparty."""
    text = tidy(raw)
    _check_presence(field, text, findings)
    if text.null_count == len(text):
        return _coded.empty(_arrow_type(field), len(text))
    if field.type is FieldType.TEXT:
        return _read_text(field, text, findings)
    if field.type is FieldType.USCC:
        return _read_code(field, text, codes.Kind.USCC, tables, findings, is_subject=is_subject)
    if field.type is FieldType.ORG_CODE:
        return _read_code(field, text, codes.Kind.ORG_CODE, tables, findings)
    if field.type is FieldType.CERTIFICATE:
        return Coded(_read_certificate(field, text.plain(), kinds.plain() if kinds else None, tables, findings))
    if field.type is FieldType.CODE:
        assert field.code_list is not None
        return _read_code_list(field, _few(text), tables.code_lists[field.code_list], findings)
    return _read_distinct(field, _few(text), findings)


def empty(field: Field, rows: int, findings: Findings) -> Coded:
    """The column of a field that the file does not have."""
    column = _coded.empty(_arrow_type(field), rows)
    _check_presence(field, column, findings)
    return column


def _few(text: Coded) -> Coded:
    """As distinct values, whatever their number: they are read one by one."""
    if text.indices is not None:
        return text
    found = text.values.dictionary_encode()
    return Coded(found.dictionary, found.indices)


def _arrow_type(field: Field) -> pa.DataType:
    if field.type is FieldType.DATE:
        return pa.date32()
    if field.type is FieldType.DECIMAL:
        return pa.decimal128(18, 6)
    if field.type is FieldType.INTEGER:
        return pa.int64()
    return pa.bool_() if field.type is FieldType.BOOLEAN else pa.string()


def _check_presence(field: Field, column: Coded, findings: Findings) -> None:
    if field.is_computed:
        return
    if field.requirement is Requirement.REQUIRED and column.null_count:
        findings.add(
            np.flatnonzero(_mask(pc.is_null(column.values if column.indices is None else column.indices))),
            rule="V01-required", severity="error", field_code=field.code,
            message=f"“{field.name_zh}”必填，此处为空。请补填。",
            message_en=f"“{field.name_en}” is required and empty here. Fill it in.",
            basis=title("two-item-publicity-2018"),
        )  # fmt: skip
    if field.requirement is Requirement.BLANK and column.null_count < len(column):
        findings.add(
            np.flatnonzero(_mask(pc.is_valid(column.values if column.indices is None else column.indices))),
            rule="V01-blank", severity="error", field_code=field.code,
            message=f"此模板中“{field.name_zh}”应为空。请删去，或改用自然人模板。",
            message_en=f"“{field.name_en}” must be empty in this template. Remove it, or use the persons' template.",
            basis=title("two-item-publicity-2018"),
        )  # fmt: skip


def _mask(column: pa.Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
    values: np.ndarray[Any, np.dtype[np.bool_]] = pc.fill_null(column, False).to_numpy(zero_copy_only=False)
    return values


def _report(
    field: Field, text: Coded, bad: Any, findings: Findings, *, rule: str, zh: str, en: str,
    severity: str = "error", suggestions: Callable[[str], str] | None = None, basis: str = "",
) -> None:  # fmt: skip
    """One finding for each row whose value is ``bad`` (a mask of the values)."""
    rows = text.rows(bad)
    if not len(rows):
        return
    cells = text.take(rows)
    hints = None if suggestions is None else [suggestions(v or "") for v in cells.to_pylist()]
    findings.add(
        rows, rule=rule, severity=severity, message=zh, message_en=en, field_code=field.code, basis=basis,
        values=shown(field, cells), suggestions=hints,
    )  # fmt: skip


def _read_text(field: Field, text: Coded, findings: Findings) -> Coded:
    values = text.values
    if field.length is not None:
        # A string's byte length bounds its characters: most columns need no character count at all.
        longest = pc.max(pc.binary_length(values)).as_py() or 0
        if longest > field.length:
            _report(
                field, text, pc.greater(pc.utf8_length(values), field.length), findings, rule="V02-length",
                zh=f"“{field.name_zh}”超过 {field.length} 个字符。请精简后重报。",
                en=f"“{field.name_en}” is longer than {field.length} characters. Shorten it.",
                basis=title("two-item-publicity-2018"),
            )  # fmt: skip
    return text


def note_strange(fields: Iterable[Field], columns: Mapping[str, Coded], findings: Findings) -> None:
    """One look at all texts finds what is refused, what JSON will have to escape, and what may not be collected; nearly
    every column has nothing of the kind. One, over one array, because the pattern is prepared anew for every call and every
    piece of a chunked array, and that costs as much as 10,000 cells."""
    texts = [
        field
        for field in fields
        if field.type is FieldType.TEXT and columns[field.code].null_count < len(columns[field.code])
    ]
    if not texts:
        return
    values = pa.concat_arrays([columns[field.code].values for field in texts])
    hits = pc.match_substring_regex(values, _STRANGE)
    end = 0
    for field in texts:
        start, end = end, end + len(columns[field.code].values)
        if not pc.any(hits.slice(start, end - start)).as_py():
            continue
        findings.strange.add(field.code)
        text = columns[field.code]
        if pc.any(pc.match_substring_regex(text.values, _ROUGH)).as_py():
            findings.rough.add(field.code)
            _report(
                field, text, pc.match_substring_regex(text.values, _CONTROL), findings, rule="V02-control",
                zh="含有不可见的控制字符。请重新输入此单元格的内容。",
                en="Holds invisible control characters. Type the cell's content again.",
            )  # fmt: skip


def _read_code(
    field: Field, text: Coded, kind: codes.Kind, tables: Tables, findings: Findings, *, is_subject: bool = False
) -> Coded:
    judged = codes.judge_column(
        text.values, expect=kind, exceptions=tables.exceptions, today=tables.today,
        # 17 zeros and X stand for a sole trader without a code: the row waits, it is not refused (data.md V04).
        placeholder_allowed=is_subject,
    )  # fmt: skip
    verdict = np.asarray(judged.verdict)
    for level, severity in ((2, "error"), (1, "doubtful")):
        bad = verdict == level
        if not bad.any():
            continue
        for reason in np.unique(np.asarray(judged.reason)[bad]).tolist():
            name = codes.REASONS[reason]
            zh, en = codes.sentence(name)
            _report(
                field, text, bad & (np.asarray(judged.reason) == reason), findings, rule=f"V04-{name}", zh=zh, en=en,
                severity=severity, basis=title("gb-32100"),
                # An excepted code was issued as it stands: another check character would make it somebody else's.
                suggestions=None
                if name == "legally-issued-exception"
                else lambda value: codes.suggest(value, kind) or "",
            )  # fmt: skip
    return coded(judged.normalised, text.indices)


def _read_certificate(
    field: Field, text: pa.Array, kinds: pa.Array | None, tables: Tables, findings: Findings
) -> pa.Array:
    values, kind_names = text.to_pylist(), kinds.to_pylist() if kinds is not None else [None] * len(text)
    normalised: list[str | None] = []
    bad: dict[tuple[str, str, str], list[int]] = {}
    for place, (value, kind) in enumerate(zip(values, kind_names, strict=True)):
        if value is None:
            normalised.append(None)
            continue
        if kind is None or kind in _CITIZEN:
            judged = codes.judge(value, expect=codes.Kind.CITIZEN_ID, today=tables.today)
            normalised.append(judged.normalised or value)
            if judged.verdict is not codes.Verdict.VALID:
                severity = "error" if judged.verdict is codes.Verdict.INVALID else "doubtful"
                bad.setdefault((judged.reason, severity, judged.sentence + "\x1f" + judged.sentence_en), []).append(
                    place
                )
        else:
            plain = value.strip().upper()
            normalised.append(plain)
            if not (5 <= len(plain) <= 30 and plain.isascii() and plain.replace("-", "").isalnum()):
                zh = "证件号码应为 5 至 30 位字母或数字。请核对证件类型和号码。"
                en = "A certificate number has 5 to 30 letters or digits. Check its kind and number."
                bad.setdefault(("certificate-form", "error", zh + "\x1f" + en), []).append(place)
    for (reason, severity, sentences), places in bad.items():
        zh, _, en = sentences.partition("\x1f")
        cells = text.take(pa.array(places))
        findings.add(
            places, rule=f"V12-{reason}", severity=severity, message=zh, message_en=en, field_code=field.code,
            basis=title("gb-11643"), values=shown(field, cells),
        )  # fmt: skip
    return pa.array(normalised, pa.string())


def _read_code_list(field: Field, text: Coded, code_list: CodeList, findings: Findings) -> Coded:
    reader = _values.CodeReader(code_list, is_multiple=field.is_multiple)
    read = [reader.read(value) if value is not None else (None, "") for value in text.values.to_pylist()]
    options = "、".join(reader.names[:12]) + ("……" if len(reader.names) > 12 else "")
    for reason, zh, en in (
        (
            "unknown-code",
            f"“{field.name_zh}”不在代码表内。可填：{options}。",
            f"Not in the code list of “{field.name_en}”.",
        ),
        (
            "detail-missing",
            "填“其他”时应注明具体类别，例如“其他-补办”。",
            "After 其他 (other) name the concrete kind, e.g. 其他-补办.",
        ),
    ):
        _report(
            field, text, np.array([why == reason for _, why in read], dtype=bool), findings, rule=f"V10-{reason}",
            zh=zh, en=en, basis=title("two-item-publicity-2018"),
        )  # fmt: skip
    return coded(pa.array([value for value, _ in read], pa.string()), text.indices)


def _read_distinct(field: Field, text: Coded, findings: Findings) -> Coded:
    scale = 6 if field.scale is None else field.scale
    rule, zh, en = {
        FieldType.DATE: (
            "V06-date",
            "不是存在的日期。请写成 2026-03-05 或 2026年3月5日 的形式。",
            "Not a date that exists. Write it like 2026-03-05.",
        ),
        FieldType.DECIMAL: (
            "V07-amount",
            f"不是数字，或小数超过 {scale} 位。请只填数字，单位为{field.unit or '表头所示'}。",
            f"Not a number, or more than {scale} decimals. Write the number only, in the unit of the header.",
        ),
        FieldType.INTEGER: ("V07-integer", "应为整数。", "Must be a whole number."),
        FieldType.BOOLEAN: ("V07-boolean", "请填“是”或“否”。", "Write 是 (yes) or 否 (no)."),
    }[field.type]
    if field.type is FieldType.DECIMAL:
        column = _values.decimal_column(text.values, scale=scale)
    else:
        reader = _READERS[field.type]
        column = pa.array(
            [None if value is None else reader(value) for value in text.values.to_pylist()], _arrow_type(field)
        )
    bad = pc.and_(pc.is_valid(text.values), pc.is_null(column))
    _report(field, text, bad, findings, rule=rule, zh=zh, en=en, basis=title("two-item-publicity-2018"))
    return coded(column, text.indices)
