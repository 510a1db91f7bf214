"""A chunk's rows checked in columns: form of each cell, what must stand or be empty, one-of groups, the item's rules,
what may never be collected."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from xinyong.catalogue import forbidden
from xinyong.catalogue.schema import Field, FieldType, Grade, Severity
from xinyong.intake import _columns
from xinyong.intake._coded import Coded, Columns, of_raw
from xinyong.intake.outcome import Findings, Found
from xinyong.intake.plan import CONTEXT_COLUMNS, Plan
from xinyong.kernel import names
from xinyong.rules import duckdb_engine
from xinyong.rules.language import Expression
from xinyong.security import scanner

_LOST_DIGITS = (
    "该单元格是数字格式，末几位已被电子表格改成 0，无法还原。请把整列改为“文本”格式后重新录入。",
    "This cell is a number: the spreadsheet has already replaced its last digits by 0. Format the column as text and "
    "type it again.",
)
_NOTES: dict[str, tuple[str, str, str]] = {
    "number-lost-digits": ("F9-number-lost-digits", *_LOST_DIGITS),
    "row-too-long": ("row-too-long", "此行的单元格比表头多，可能有未加引号的分隔符。请检查此行。",
                     "This row has more cells than the header: perhaps a separator without quotes. Check the row."),
    "row-too-short": ("row-too-short", "此行的单元格比表头少。请检查此行是否被截断。",
                      "This row has fewer cells than the header. Check whether it was cut off."),
    "rows-joined": ("rows-joined", "此处有落单的引号，把后面的行并进了本行。请检查这一行的引号。",
                    "A stray quote has swallowed the rows that follow. Check the quotes of this row."),
    "error-value": ("error-value", "单元格是公式错误（如 #N/A）。请改为实际的值。",
                    "The cell holds a formula error (like #N/A). Replace it by the value."),
    "formula-without-value": ("formula-without-value", "单元格是公式，且没有计算结果。请粘贴为数值后重报。",
                              "The cell is a formula without a result. Paste it as a value."),
    "nested-value": ("nested-value", "此处应为单个值，而不是列表或对象。", "Must be a single value, not a list or an object."),
}  # fmt: skip
#: Types whose digits all matter: a number cell here is already destroyed (security.md F9).
_ALL_DIGITS = {FieldType.USCC, FieldType.ORG_CODE, FieldType.CERTIFICATE, FieldType.TEXT}


@dataclass(slots=True)
class Checked:
    """A chunk after checking: typed columns by field code, findings, the sender's own columns."""

    chunk_no: int
    row_no: npt.NDArray[np.int32]
    columns: Columns
    raw: pa.Table
    findings: Findings
    name_keys: Coded  # compare keys of the subject names
    verdicts: dict[str, pa.Array]  # what the item's severity classes say of each row, by name

    def __len__(self) -> int:
        return len(self.row_no)


def validate(chunk_no: int, table: pa.Table, notes: list[tuple[int, int, str]], plan: Plan) -> Checked:
    """Checks one chunk. ``table`` has ``row_no`` and ``c0`` … as read; ``notes`` are (row_no, column, note) of it."""
    table = table.combine_chunks()
    row_no = table.column("row_no").combine_chunks().to_numpy(zero_copy_only=False).astype(np.int32)
    findings = Findings(row_no=row_no, headers=plan.headers, unspoken=_unspoken(plan))
    columns = _read_columns(table, plan, findings)
    keys = columns.coded(plan.item.roles.subject_name).over(names.key_column)
    checked = Checked(chunk_no, row_no, columns, table, findings, keys, {})
    _note(checked, notes, plan)
    _check_groups(checked, plan)
    _check_rules(checked, plan)
    _check_source(checked, plan)
    _check_own(checked, plan)
    _check_forbidden(checked, plan)
    return checked


def _unspoken(plan: Plan) -> frozenset[str]:
    """Texts of persons' rows in which anything may stand; keys, authority and source are no such texts."""
    if not plan.item.is_about_persons:
        return frozenset()
    roles = plan.item.roles
    plain = {*plan.item.natural_key, roles.subject_name, roles.authority_name, roles.source_name}
    return frozenset(f.code for f in plan.item.fields if f.type is FieldType.TEXT and f.code not in plain)


def _read_columns(table: pa.Table, plan: Plan, findings: Findings) -> Columns:
    index_of = {code: index for index, code in plan.columns.items()}
    columns: dict[str, Coded] = {}
    # A certificate number is judged by its kind, so kinds come first.
    ordered = sorted(plan.item.fields, key=lambda field: field.type is FieldType.CERTIFICATE)
    for field in ordered:
        if field.code not in index_of:
            columns[field.code] = _columns.empty(field, len(table), findings)
            continue
        raw = of_raw(table.column(f"c{index_of[field.code]}").combine_chunks())
        if field.code == plan.item.roles.subject_name:
            raw = raw.over(_wide_brackets)
        kinds = columns.get(field.certificate_kind) if field.certificate_kind else None
        columns[field.code] = _columns.read(
            field, raw, kinds, tables=plan.tables, findings=findings,
            is_subject=field.code == plan.item.roles.subject_code,
        )  # fmt: skip
    _columns.note_strange(plan.item.fields, columns, findings)
    return Columns({field.code: columns[field.code] for field in plan.item.fields})


def _wide_brackets(raw: pa.Array) -> pa.Array:
    # A quarter of the name differences between two registries are bracket width only.
    return pc.replace_substring(pc.replace_substring(raw, "(", "（"), ")", "）")


def _note(checked: Checked, notes: list[tuple[int, int, str]], plan: Plan) -> None:
    destroyed: set[tuple[int, str]] = set()
    positions = {int(number): place for place, number in enumerate(checked.row_no)} if notes else {}
    fields = {field.code: field for field in plan.item.fields}
    for number, column, note in notes:
        if number not in positions or note not in _NOTES:
            continue
        code = plan.columns.get(column, "")
        if note == "number-lost-digits" and (not code or fields[code].type not in _ALL_DIGITS):
            continue
        if note == "number-lost-digits":
            destroyed.add((number, code))
        rule, zh, en = _NOTES[note]
        value = ""
        if code:
            cell = checked.raw.column(f"c{column}").combine_chunks().slice(positions[number], 1)
            value = _columns.shown(fields[code], cell)[0]
        checked.findings.add(
            [positions[number]], rule=rule, severity="error", message=zh, message_en=en, field_code=code, values=[value]
        )
    if destroyed:
        # What the digits that are left look like is no help: the cell is to be typed again.
        form = ("V02-", "V04-", "V12-")
        checked.findings.found[:] = [
            one
            for one in checked.findings.found
            if (one.row_no, one.field) not in destroyed or not one.rule.startswith(form)
        ]


def _check_groups(checked: Checked, plan: Plan) -> None:
    groups: dict[str, list[Field]] = {}
    for field in plan.item.fields:
        if field.one_of:
            groups.setdefault(field.one_of, []).append(field)
    for fields in groups.values():
        missing = np.ones(len(checked), dtype=bool)
        for field in fields:
            missing &= pc.is_null(checked.columns[field.code]).to_numpy(zero_copy_only=False)
        zh, en = "、".join(f.name_zh for f in fields), ", ".join(f.name_en for f in fields)
        checked.findings.add(
            np.flatnonzero(missing), rule="V01-one-of", severity="error", field_code=fields[0].code,
            message=f"以下各项至少填一项：{zh}。", message_en=f"At least one of these is needed: {en}.",
        )  # fmt: skip


def _check_rules(checked: Checked, plan: Plan) -> None:
    needed = {f"needs {code}": expression for code, expression in plan.required_when.items()}
    classes = {f"class {name}": expression for name, expression in plan.severity}
    asked = plan.rules | needed | classes
    if not asked:
        return
    results = duckdb_engine.evaluate(
        _typed(checked, asked), asked, given=dict.fromkeys(CONTEXT_COLUMNS, plan.received_on)
    )
    checked.verdicts.update((name, results.column(f"class {name}").combine_chunks()) for name, _ in plan.severity)
    fields = {field.code: field for field in plan.item.fields}
    titles = {basis.id: f"{basis.title}{basis.article}" for basis in plan.item.bases}
    for rule in plan.item.rules:
        broken = _is_false(results.column(rule.id))
        if not len(broken):
            continue
        column = rule.columns[0] if rule.columns else ""
        values = None
        if column:
            values = _columns.shown(fields[column], checked.columns.coded(column).take(broken))
        checked.findings.add(
            broken, rule=rule.id, severity=Severity(rule.severity).value, message=rule.message, message_en=rule.message_en,
            field_code=column, basis=titles.get(rule.basis, rule.basis), values=values,
            suggestions=[rule.suggestion] * len(broken) if rule.suggestion else None,
        )  # fmt: skip
    for code in plan.required_when:
        is_asked = pc.fill_null(results.column(f"needs {code}").combine_chunks(), False)
        if not pc.any(is_asked).as_py():
            continue
        missing = np.flatnonzero(pc.and_(is_asked, pc.is_null(checked.columns[code])).to_numpy(zero_copy_only=False))
        field = fields[code]
        checked.findings.add(
            missing, rule="V07-conditional", severity="error", field_code=code,
            message=f"按本行其他内容，“{field.name_zh}”必填。请补填。",
            message_en=f"Given the rest of the row, “{field.name_en}” is required. Fill it in.",
            basis=_columns.title("two-item-publicity-2018"),
        )  # fmt: skip


def _typed(checked: Checked, expressions: dict[str, Expression]) -> pa.Table:
    """The typed columns that the expressions read; texts as dictionaries, which the engine looks at value by value."""
    wanted = {name for one in expressions.values() for name in one.column_types} - CONTEXT_COLUMNS.keys()
    columns = {}
    for name in sorted(wanted):
        column = checked.columns.coded(name)
        columns[name] = column.dictionary() if pa.types.is_string(column.values.type) else checked.columns[name]
    return pa.table(columns) if columns else pa.table({"row": pa.nulls(len(checked))})


def _is_false(column: Any) -> npt.NDArray[np.int64]:
    filled = pc.fill_null(column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column, True)
    return np.flatnonzero(~filled.to_numpy(zero_copy_only=False))


def _check_source(checked: Checked, plan: Plan) -> None:
    """V09: the source unit named in the row is the one that hands in, or one it reports for."""
    code = plan.item.roles.source_code
    if plan.source is None or code is None or code not in plan.headers:
        return
    column = checked.columns.coded(code)
    allowed = pa.array(sorted(plan.source.may_report_for))
    wrong = column.rows(pc.and_(pc.is_valid(column.values), pc.invert(pc.is_in(column.values, value_set=allowed))))
    checked.findings.add(
        wrong, rule="V09-source", severity="error", field_code=code,
        message=f"数据来源单位代码不是报送单位（{plan.source.short_name}），也不是其代报单位。请核对，或由该单位自行报送。",
        message_en="The source unit's code is neither the reporting unit's nor one it reports for.",
        basis="谁产生、谁负责", values=_columns.shown(plan.item.field_of(code), column.take(wrong)),
    )  # fmt: skip


def _check_own(checked: Checked, plan: Plan) -> None:
    """Who declares of itself declares of nobody else."""
    code = plan.item.roles.subject_code
    if not plan.own_code or code is None:
        return
    column = checked.columns.coded(code)
    is_own = pc.fill_null(pc.equal(column.values, plan.own_code), False)
    others = np.setdiff1d(np.arange(len(checked)), column.rows(is_own))
    checked.findings.add(
        others, rule="V09-own-only", severity="error", field_code=code,
        message=f"本行不是贵单位（{plan.own_code}）的信息。自主申报只能申报本单位的情况，请删去或更正本行。",
        message_en=f"The row is not about your organisation ({plan.own_code}). One declares of oneself only: remove it or correct it.",
        basis="谁申报、谁负责", values=_columns.shown(plan.item.field_of(code), column.take(others)),
    )  # fmt: skip


def _check_forbidden(checked: Checked, plan: Plan) -> None:
    """V13: classes that are never collected (INV-06); V12: persons' numbers in texts of organisations' records, which would
    be published with them (INV-70, INV-72). The value itself is not kept in the finding. One look at the distinct values,
    a closer one at those that it finds."""
    for field in plan.item.fields:
        if field.code not in checked.findings.strange:
            continue
        column = checked.columns.coded(field.code)
        matches = _mask(pc.match_substring_regex(column.values, _pattern(field, plan)))
        places = np.flatnonzero(matches)
        if len(places):
            odd = _Odd(column, places, column.values.take(pa.array(places)).to_pylist())
            _report_forbidden(checked, field, odd)
            if not plan.item.is_about_persons:
                _report_persons(checked, field, odd, plan)


def _pattern(field: Field, plan: Plan) -> str:
    if plan.item.is_about_persons:
        return forbidden.PATTERN
    is_another = scanner.names_another_number(field.name_zh)
    return f"{forbidden.PATTERN}|{scanner.LIKENESS_BEHIND if is_another else scanner.LIKENESS}"


@dataclass(frozen=True, slots=True)
class _Odd:
    """The distinct values of a column that need a closer look, and their places among all of its values."""

    column: Coded
    places: npt.NDArray[np.int64]
    texts: list[str]

    def rows(self, is_one: Callable[[str], bool]) -> npt.NDArray[np.int64]:
        holds = np.zeros(len(self.column.values), dtype=bool)
        holds[self.places] = [is_one(text) for text in self.texts]
        return self.column.rows(holds)


def _report_forbidden(checked: Checked, field: Field, odd: _Odd) -> None:
    checked.findings.add(
        odd.rows(lambda text: bool(forbidden.scan(text))),
        rule="E_FORBIDDEN_CLASS", severity="error", field_code=field.code,
        message="含有法律禁止采集的信息（宗教信仰、基因、指纹、血型、疾病和病史等）。请删去后重报；本行未被采集。",
        message_en="Holds information that may never be collected (religion, genes, fingerprints, blood type, illness). "
        "Remove it; the row has not been collected.",
        basis="《征信业管理条例》第十四条",
    )  # fmt: skip


def _report_persons(checked: Checked, field: Field, odd: _Odd, plan: Plan) -> None:
    # The column's name stands before the value: a document's number is not taken for a telephone's.
    label, today = f"{field.name_zh}：", plan.received_on
    kinds = {text: {one.kind for one in scanner.scan(label + text, today=today)} for text in odd.texts}
    is_sure = scanner.Kind.CITIZEN_ID
    checked.findings.add(
        odd.rows(lambda text: is_sure in kinds[text]),
        rule="V12-person-in-text", severity="error", field_code=field.code,
        message="含有自然人的身份证件号码，不能随法人数据公示。请删去号码后重报；自然人的数据请用自然人模板。",
        message_en="Holds a person's identity number, which may not be published with an organisation's data. Remove "
        "the number; for persons use the persons' template.",
        basis="《政府信息公开条例》第十五条",
    )  # fmt: skip
    if field.grade is not Grade.PUBLIC or plan.item.disclosure is not Grade.PUBLIC:
        return
    checked.findings.add(
        odd.rows(lambda text: bool(kinds[text]) and is_sure not in kinds[text]),
        rule="V12-personal-number-in-public-text", severity="doubtful", field_code=field.code,
        message="将公示的文字中疑有手机号码、银行卡号或 15 位身份证号码，本行暂不公示。请删去后重报，或由经办人核实后确认。",
        message_en="A text that would be published seems to hold a mobile phone, bank card or 15-digit identity number; the row "
        "waits. Remove the number, or have it confirmed.",
        basis="《政府信息公开条例》第十五条",
    )  # fmt: skip


def _mask(column: Any) -> npt.NDArray[np.bool_]:
    values: npt.NDArray[np.bool_] = pc.fill_null(column, False).to_numpy(zero_copy_only=False)
    return values


__all__ = ["Checked", "Found", "validate"]
