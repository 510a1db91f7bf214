"""A chunk's columns, field by field: from the sender's text to typed values, with a finding for every cell that is not
what its field asks for.

Everything works on whole columns; a column of few distinct values (dates, kinds, authorities) is checked by those.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xinyong.catalogue import load
from xinyong.catalogue.schema import CodeList, Field, FieldType, Masking, Requirement
from xinyong.intake import _privacy, _values
from xinyong.intake.outcome import Findings
from xinyong.kernel import codes, names

#: Trimmed from both ends of every cell: blanks of all widths, byte order mark, zero-width characters.
_EDGES = " \t\r\n\v\f\u00a0\u3000\ufeff\u200b\u200c\u200d\u2060"
_CONTROL = "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f\u202a-\u202e\u2066-\u2069]"
_ROUGH = '[\\x00-\\x1f\\x7f"\\\\\u202a-\u202e\u2066-\u2069]'
_SHOWN = 200
_HEAD = 2_000

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
    mask = names.mask if field.masking is Masking.NAME else codes.mask
    return [mask(text) for text in texts]


def over_distinct(column: pa.Array, work: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """``work`` over a text column, done once for each distinct value where a look at the first rows says that values
    come again; the result row for row."""
    head = column.slice(0, _HEAD)
    if len(column) <= _HEAD or len(head.unique()) * 2 > _HEAD:
        return work(column)
    distinct = column.dictionary_encode()
    return work(distinct.dictionary).take(distinct.indices)


def title(basis: str) -> str:
    """The title of a legal or standard basis of the catalogue, as findings name it."""
    return load.bases()[basis].title


def tidy(raw: pa.Array) -> pa.Array:
    """Outer blanks off; an empty cell is null."""
    trimmed = pc.utf8_trim(raw, characters=_EDGES)
    return pc.if_else(pc.equal(pc.binary_length(trimmed), 0), pa.scalar(None, pa.string()), trimmed)


def read(
    field: Field, raw: pa.Array, kinds: pa.Array | None, *, tables: Tables, findings: Findings, is_subject: bool = False
) -> pa.Array:
    """The typed column of a field. ``kinds`` is the column of certificate kinds for a certificate number;
    ``is_subject``: the field holds the code of the counterparty."""
    text = tidy(raw)
    _check_presence(field, text, findings)
    if text.null_count == len(text):
        return pa.nulls(len(text), _arrow_type(field))
    if field.type is FieldType.TEXT:
        return _read_text(field, text, findings)
    if field.type is FieldType.USCC:
        return _read_code(field, text, codes.Kind.USCC, tables, findings, is_subject=is_subject)
    if field.type is FieldType.ORG_CODE:
        return _read_code(field, text, codes.Kind.ORG_CODE, tables, findings)
    if field.type is FieldType.CERTIFICATE:
        return _read_certificate(field, text, kinds, tables, findings)
    if field.type is FieldType.CODE:
        assert field.code_list is not None
        return _read_code_list(field, text, tables.code_lists[field.code_list], findings)
    return _read_distinct(field, text, findings)


def empty(field: Field, rows: int, findings: Findings) -> pa.Array:
    """The column of a field that the file does not have."""
    column = pa.nulls(rows, _arrow_type(field))
    _check_presence(field, column, findings)
    return column


def _arrow_type(field: Field) -> pa.DataType:
    if field.type is FieldType.DATE:
        return pa.date32()
    if field.type is FieldType.DECIMAL:
        return pa.decimal128(18, 6)
    if field.type is FieldType.INTEGER:
        return pa.int64()
    return pa.bool_() if field.type is FieldType.BOOLEAN else pa.string()


def _check_presence(field: Field, column: pa.Array, findings: Findings) -> None:
    if field.is_computed:
        return
    if field.requirement is Requirement.REQUIRED and column.null_count:
        findings.add(
            np.flatnonzero(_mask(pc.is_null(column))), rule="V01-required", severity="error", field_code=field.code,
            message=f"“{field.name_zh}”必填，此处为空。请补填。",
            message_en=f"“{field.name_en}” is required and empty here. Fill it in.",
            basis=title("two-item-publicity-2018"),
        )  # fmt: skip
    if field.requirement is Requirement.BLANK and column.null_count < len(column):
        findings.add(
            np.flatnonzero(_mask(pc.is_valid(column))), rule="V01-blank", severity="error", field_code=field.code,
            message=f"此模板中“{field.name_zh}”应为空。请删去，或改用自然人模板。",
            message_en=f"“{field.name_en}” must be empty in this template. Remove it, or use the persons' template.",
            basis=title("two-item-publicity-2018"),
        )  # fmt: skip


def _mask(column: pa.Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
    values: np.ndarray[Any, np.dtype[np.bool_]] = pc.fill_null(column, False).to_numpy(zero_copy_only=False)
    return values


def _report(
    field: Field, text: pa.Array, bad: np.ndarray[Any, Any], findings: Findings, *, rule: str, zh: str, en: str,
    severity: str = "error", suggestions: Callable[[str], str] | None = None, basis: str = "",
) -> None:  # fmt: skip
    """One finding for each row where ``bad`` holds."""
    rows = np.flatnonzero(bad)
    if not len(rows):
        return
    cells = text.take(pa.array(rows))
    hints = None if suggestions is None else [suggestions(v or "") for v in cells.to_pylist()]
    findings.add(
        rows, rule=rule, severity=severity, message=zh, message_en=en, field_code=field.code, basis=basis,
        values=shown(field, cells), suggestions=hints,
    )  # fmt: skip


def _read_text(field: Field, text: pa.Array, findings: Findings) -> pa.Array:
    if field.length is not None:
        # A string's byte length bounds its characters: most columns need no character count at all.
        longest = pc.max(pc.binary_length(text)).as_py() or 0
        if longest > field.length:
            _report(
                field, text, _mask(pc.greater(pc.utf8_length(text), field.length)), findings, rule="V02-length",
                zh=f"“{field.name_zh}”超过 {field.length} 个字符。请精简后重报。",
                en=f"“{field.name_en}” is longer than {field.length} characters. Shorten it.",
                basis=title("two-item-publicity-2018"),
            )  # fmt: skip
    # One look finds both what is refused and what JSON will have to escape; nearly every column has neither.
    if pc.any(pc.match_substring_regex(text, _ROUGH)).as_py():
        findings.rough.add(field.code)
        _report(
            field, text, _mask(pc.match_substring_regex(text, _CONTROL)), findings, rule="V02-control",
            zh="含有不可见的控制字符。请重新输入此单元格的内容。",
            en="Holds invisible control characters. Type the cell's content again.",
        )  # fmt: skip
    return text


def _read_code(
    field: Field, text: pa.Array, kind: codes.Kind, tables: Tables, findings: Findings, *, is_subject: bool = False
) -> pa.Array:
    judged = codes.judge_column(
        text, expect=kind, exceptions=tables.exceptions, today=tables.today,
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
    return judged.normalised


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


def _read_code_list(field: Field, text: pa.Array, code_list: CodeList, findings: Findings) -> pa.Array:
    reader = _values.CodeReader(code_list, is_multiple=field.is_multiple)
    distinct = text.dictionary_encode()
    read = [reader.read(value) for value in distinct.dictionary.to_pylist()]
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
        wrong = pa.array([why == reason for _, why in read])
        if pc.any(wrong).as_py():
            _report(
                field, text, _mask(wrong.take(distinct.indices)), findings, rule=f"V10-{reason}", zh=zh, en=en,
                basis=title("two-item-publicity-2018"),
            )  # fmt: skip
    return pa.array([value for value, _ in read], pa.string()).take(distinct.indices)


def _read_distinct(field: Field, text: pa.Array, findings: Findings) -> pa.Array:
    distinct = text.dictionary_encode()
    scale = 6 if field.scale is None else field.scale
    readers: dict[FieldType, tuple[Callable[[str], Any], str, str, str]] = {
        FieldType.DATE: (
            _values.read_date, "V06-date",
            "不是存在的日期。请写成 2026-03-05 或 2026年3月5日 的形式。",
            "Not a date that exists. Write it like 2026-03-05.",
        ),
        FieldType.DECIMAL: (
            lambda value: _values.read_decimal(value, scale=scale), "V07-amount",
            f"不是数字，或小数超过 {scale} 位。请只填数字，单位为{field.unit or '表头所示'}。",
            f"Not a number, or more than {scale} decimals. Write the number only, in the unit of the header.",
        ),
        FieldType.INTEGER: (_values.read_integer, "V07-integer", "应为整数。", "Must be a whole number."),
        FieldType.BOOLEAN: (_values.read_boolean, "V07-boolean", "请填“是”或“否”。", "Write 是 (yes) or 否 (no)."),
    }  # fmt: skip
    reader, rule, zh, en = readers[field.type]
    read = [reader(value) for value in distinct.dictionary.to_pylist()]
    column = pa.array(read, _arrow_type(field)).take(distinct.indices)
    if any(value is None for value in read):
        bad = _mask(pc.and_(pc.is_valid(text), pc.is_null(column)))
        _report(field, text, bad, findings, rule=rule, zh=zh, en=en, basis=title("two-item-publicity-2018"))
    return column
