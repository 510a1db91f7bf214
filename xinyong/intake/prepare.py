"""From checked, linked rows to rows of the archive: digests, clocks, payload, sealed personal fields. In columns.

The natural key's digest is the first 16 bytes of SHA-256 over item, key fields and subject; the content's over the
payload and a keyed digest of what is sealed. Document numbers are compared with brackets and blanks unified, because
the same number is written 〔2025〕, [2025] and （2025） (security.md T18).
"""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from xinyong.catalogue.schema import Field, FieldType
from xinyong.intake.keys import folded_sql
from xinyong.intake.link import NOBODY, Linked
from xinyong.intake.outcome import DOUBTFUL
from xinyong.intake.plan import Plan
from xinyong.intake.validate import Checked, with_context
from xinyong.records import terms
from xinyong.rules import duckdb_engine
from xinyong.security import encryption

#: The part of a natural key that is the subject.
SUBJECT = "$subject"


@dataclass(frozen=True, slots=True)
class Ready:
    """Rows that may go in, in the columns of the archive; ``place`` is the position in the chunk.

    ``table``: place, subject_id, key_hex, content_hex, payload, extra, sealed_hex, severity, rule_set, decided_on,
    valid_from, valid_to, publish_from, publish_until, repair_from, retain_until, is_late, row_no, repeat, is_same.
    ``repeat`` is 1 for the first row of a key in this chunk, 2 for later ones; ``is_same``: with the first one's content.
    """

    table: pa.Table
    late: int


def prepare(checked: Checked, linked: Linked, plan: Plan, engine: duckdb.DuckDBPyConnection) -> Ready:
    """The rows of a chunk that are neither doubtful nor wrong and have a subject, ready for the lanes."""
    good = np.flatnonzero((checked.findings.level < DOUBTFUL) & (linked.subject_id != NOBODY))
    places = pa.array(good)
    columns = {code: column.take(places) for code, column in checked.columns.items()}
    subject_id = linked.subject_id[good]
    clocks = _clocks(columns, checked, plan, good)
    _note_late(checked, plan, good, clocks["is_late"])
    sealed, sealed_digest, payload_columns = _seal(columns, checked, plan, places)
    used = {*payload_columns, *plan.item.natural_key}
    texts = {code: _as_text(column) for code, column in columns.items() if code in used}
    staged = pa.table(
        {
            "place": pa.array(good, pa.int32()),
            "row_no": pa.array(checked.row_no[good], pa.int32()),
            "subject_id": pa.array(subject_id, pa.int64()),
            "sealed_hex": sealed,
            "sealed_digest": sealed_digest,
            "extra": _extra(checked, plan, places),
            **clocks,
            **{f"f_{index}": texts[code] for index, code in enumerate(texts)},
        }
    )
    index_of = {code: index for index, code in enumerate(texts)}
    statement = _statement(plan, index_of, payload_columns)
    engine.register("staged", staged)
    table = _mark_repeats(engine.sql(statement).to_arrow_table())
    engine.unregister("staged")
    return Ready(table, int(np.count_nonzero(clocks["is_late"].to_numpy(zero_copy_only=False))))


def _statement(plan: Plan, index_of: dict[str, int], payload_columns: list[str]) -> str:
    pieces = ", ".join(
        f"""'"{code}":' || to_json(f_{index_of[code]})""" for code in payload_columns if _may_fill(plan, code)
    )
    payload = f"'{{' || concat_ws(',', {pieces}) || '}}'" if pieces else "'{}'"
    keys = []
    for part in plan.item.natural_key:
        if part == SUBJECT:
            keys.append("subject_id::VARCHAR")
        elif plan.item.field_of(part).type is FieldType.TEXT:
            keys.append(folded_sql(f"f_{index_of[part]}"))
        else:
            keys.append(f"coalesce(f_{index_of[part]}, '')")
    key = "concat_ws(chr(31), '" + plan.item.id + "', " + ", ".join(keys) + ")"
    return f"""
        WITH made AS (SELECT *, {payload} AS payload, left(sha256({key}), 32) AS key_hex FROM staged)
        SELECT place, row_no, subject_id, key_hex, left(sha256(concat_ws(chr(31), payload, sealed_digest)), 32)
               AS content_hex, payload, extra, sealed_hex, severity, rule_set, decided_on, valid_from, valid_to,
               publish_from, publish_until, repair_from, retain_until, is_late
        FROM made
    """


def _mark_repeats(table: pa.Table) -> pa.Table:
    """Adds ``repeat`` (1 for the first row of a key) and ``is_same`` (content as in that first row)."""
    keys = table.column("key_hex").combine_chunks().dictionary_encode()
    repeat = np.ones(len(table), dtype=np.int32)
    is_same = np.ones(len(table), dtype=bool)
    if len(keys.dictionary) < len(table):
        indices = keys.indices.to_numpy()
        _, first, back = np.unique(indices, return_index=True, return_inverse=True)
        content = table.column("content_hex").combine_chunks()
        again = np.flatnonzero(first[back] != np.arange(len(table)))
        repeat[again] = 2
        is_same[again] = pc.equal(content.take(pa.array(again)), content.take(pa.array(first[back][again]))).to_numpy(
            zero_copy_only=False
        )
    return table.append_column("repeat", pa.array(repeat)).append_column("is_same", pa.array(is_same))


def _may_fill(plan: Plan, code: str) -> bool:
    return code in plan.headers


def _as_text(column: pa.Array) -> pa.Array:
    if pa.types.is_string(column.type):
        return column
    if pa.types.is_boolean(column.type):
        return pc.if_else(column, "true", "false")
    return pc.cast(column, pa.string())


def _seal(
    columns: dict[str, pa.Array], checked: Checked, plan: Plan, places: pa.Array
) -> tuple[pa.Array, pa.Array, list[str]]:
    """Encrypts personal fields row by row; a person's row is sealed whole, its extra columns too.

    Returns sealed bytes as hex, the keyed digest of what was sealed, and the fields that stay readable.
    """
    whole = plan.item.is_about_persons
    fields: list[Field] = [f for f in plan.item.fields if whole or f.is_personal]
    hidden = {field.code for field in fields}
    open_fields = [field.code for field in plan.item.fields if field.code not in hidden]
    filled = [f.code for f in fields if columns[f.code].null_count < len(columns[f.code])]
    nothing = pa.nulls(len(places), pa.string())
    if not filled:
        return nothing, nothing, open_fields
    texts = [_as_text(columns[code]).to_pylist() for code in filled]
    extras = extra_texts(checked, plan, places) if whole else [None] * len(places)
    sealed: list[str | None] = []
    digests: list[str | None] = []
    for row, extra in zip(zip(*texts, strict=True), extras, strict=True):
        content: dict[str, Any] = {code: value for code, value in zip(filled, row, strict=True) if value is not None}
        if not content and not extra:
            sealed.append(None)
            digests.append(None)
            continue
        plain = json.dumps(content, ensure_ascii=False, sort_keys=True)
        digests.append(encryption.digest(plain, kind="sealed-content").hex())
        if extra:
            content["$extra"] = json.loads(extra)
        sealed.append(
            "\\x" + encryption.seal(json.dumps(content, ensure_ascii=False).encode(), context="record.sealed").hex()
        )
    return pa.array(sealed, pa.string()), pa.array(digests, pa.string()), open_fields


def _extra(checked: Checked, plan: Plan, places: pa.Array) -> pa.Array:
    if not plan.unmapped or plan.item.is_about_persons:
        return pa.nulls(len(places), pa.string())
    return pa.array(extra_texts(checked, plan, places), pa.string())


def extra_texts(checked: Checked, plan: Plan, places: pa.Array) -> list[str | None]:
    """The sender's own columns as JSON, by header."""
    if not plan.unmapped:
        return [None] * len(places)
    headers = _distinct([plan.header_texts[index] or f"column {index + 1}" for index in plan.unmapped])
    columns = [checked.raw.column(f"c{index}").combine_chunks().take(places).to_pylist() for index in plan.unmapped]
    return [
        json.dumps({h: v for h, v in zip(headers, row, strict=True) if v is not None}, ensure_ascii=False)
        if any(v is not None for v in row)
        else None
        for row in zip(*columns, strict=True)
    ]


def _distinct(headers: list[str]) -> list[str]:
    """Headers as names: the second 备注 is 备注 (2)."""
    taken: dict[str, int] = {}
    named = []
    for header in headers:
        taken[header] = taken.get(header, 0) + 1
        named.append(header if taken[header] == 1 else f"{header} ({taken[header]})")
    return named


def _clocks(
    columns: dict[str, pa.Array], checked: Checked, plan: Plan, good: npt.NDArray[np.int64]
) -> dict[str, pa.Array]:
    """Severity, terms and lateness. Computed once for each distinct (decision, end, severity)."""
    roles = plan.item.roles
    nothing = pa.nulls(len(good), pa.date32())
    days = pc.fill_null(columns[roles.decided_on], pa.scalar(plan.received_on, pa.date32()))
    starts = columns[roles.valid_from] if roles.valid_from else nothing
    ends = columns[roles.valid_to] if roles.valid_to else nothing
    severity = _severities(columns, checked, plan, good).dictionary_encode()
    # One whole number for each combination; distinct ones are few beside the rows.
    combined = _numbers(days) * (1 << 40) + _numbers(ends) * (1 << 8) + pc.fill_null(severity.indices, 255).to_numpy()
    _, first, back = np.unique(combined, return_index=True, return_inverse=True)
    made = [
        _one_clock(plan, decided, end, name)
        for decided, end, name in zip(
            days.take(pa.array(first)).to_pylist(),
            ends.take(pa.array(first)).to_pylist(),
            severity.take(pa.array(first)).to_pylist(),
            strict=True,
        )
    ]
    places = pa.array(back)

    def spread(values: list[Any], kind: pa.DataType) -> pa.Array:
        return pa.array(values, kind).take(places)

    dates = pa.date32()
    return {
        "severity": severity.cast(pa.string()),
        "rule_set": spread([one.rule_set for _, one, _ in made], pa.string()),
        "decided_on": days,
        "valid_from": starts,
        "valid_to": spread([end for end, _, _ in made], dates),
        "publish_from": spread([one.publish_from for _, one, _ in made], dates),
        "publish_until": spread([one.publish_until for _, one, _ in made], dates),
        "repair_from": spread([one.repair_from for _, one, _ in made], dates),
        "retain_until": spread([one.retain_until for _, one, _ in made], dates),
        "is_late": spread([late for _, _, late in made], pa.bool_()),
    }


def _numbers(dates: pa.Array) -> npt.NDArray[np.int64]:
    """Days since 1970 moved above zero; no date is zero."""
    numbers = pc.fill_null(pc.cast(dates, pa.int32()), -(1 << 30)).to_numpy().astype(np.int64)
    return np.where(numbers == -(1 << 30), 0, numbers + (1 << 20))


def _one_clock(
    plan: Plan, decided: date, end: date | None, severity: str | None
) -> tuple[date | None, terms.Terms, bool]:
    item = plan.item
    exclusive = terms.end_exclusive(end)
    found = terms.terms(item, decided_on=decided, valid_to=exclusive, severity=severity, rule_sets=plan.rule_sets)
    late = item.timeliness_working_days is not None and plan.calendar.is_late(
        decided, plan.received_at, working_days=item.timeliness_working_days
    )
    return exclusive, found, late


def _severities(columns: dict[str, pa.Array], checked: Checked, plan: Plan, good: npt.NDArray[np.int64]) -> pa.Array:
    if plan.item.severity is None:
        return pa.nulls(len(good), pa.string())
    table = with_context(checked, plan).take(pa.array(good))
    results = duckdb_engine.evaluate(table, dict(plan.severity))
    severity = pa.repeat(plan.item.severity.otherwise, len(good))
    for name, _ in reversed(plan.severity):
        holds = pc.fill_null(results.column(name).combine_chunks(), False)
        severity = pc.if_else(holds, name, severity)
    return severity


def _note_late(checked: Checked, plan: Plan, good: npt.NDArray[np.int64], is_late: pa.Array) -> None:
    rows = good[is_late.to_numpy(zero_copy_only=False)]
    if not len(rows):
        return
    code = plan.item.roles.decided_on
    days = plan.item.timeliness_working_days
    checked.findings.add(
        rows, rule="W_LATE", severity="warning", field_code=code,
        message=f"迟报:收到时已超过决定之日起 {days} 个工作日。数据已入库,计入迟报率。",
        message_en=f"Late: received more than {days} working days after the decision. It went in and counts as late.",
        basis="发改办财金〔2018〕424号",
        values=[str(v) for v in checked.columns[code].take(pa.array(rows)).to_pylist()],
    )  # fmt: skip
