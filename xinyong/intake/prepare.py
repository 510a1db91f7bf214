"""From checked, linked rows to rows of the archive: digests, clocks, payload, sealed personal fields. In columns.

The natural key's digest is the first 16 bytes of SHA-256 over item, key fields and subject; the content's over the
payload and a keyed digest of what is sealed. Document numbers are compared with brackets and blanks unified, because
the same number is written 〔2025〕, [2025] and （2025） (security.md T18).
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from xinyong.catalogue.schema import Field, FieldType
from xinyong.intake._coded import Coded
from xinyong.intake.keys import folded_column
from xinyong.intake.link import NOBODY, Linked
from xinyong.intake.outcome import DOUBTFUL
from xinyong.intake.plan import Clock, Plan
from xinyong.intake.validate import Checked
from xinyong.records import terms
from xinyong.records.archive import COPY_HEAD, COPY_REST
from xinyong.security import encryption

#: The part of a natural key that is the subject.
SUBJECT = "$subject"

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Ready:
    """Rows that may go in, those of one subject together (the archive's indexes take them in that order, which is
    quicker), in the order of the file for each. ``table`` is what deciding needs: place, row_no, subject_id, key_hex,
    content_hex, month (of the decision, 2026-03), is_late, lane, and ``repeat``: 1 for the first row of a key in this chunk, 2 for later.
    ``heads`` and ``rests`` are their columns in COPY's text form, before and after what the deposit adds.
    """

    table: pa.Table
    heads: pa.Array
    rests: pa.Array


def prepare(checked: Checked, linked: Linked, plan: Plan) -> Ready:
    """The rows of a chunk that are neither doubtful nor wrong and have a subject, ready for the lanes."""
    good = np.flatnonzero((checked.findings.level < DOUBTFUL) & (linked.subject_id != NOBODY))
    rows = good[np.argsort(linked.subject_id[good], kind="stable")]
    subject_ids = pa.array(linked.subject_id[rows])
    sealed, sealed_digest, open_fields = _seal(checked, plan, rows)
    clocks = _clocks(checked, plan, rows)
    payload = _payload(checked, plan, open_fields, rows)
    content = payload
    if sealed_digest.null_count < len(sealed_digest):
        content = pc.binary_join_element_wise(payload, sealed_digest, "\x1f", null_handling="skip")
    subject_text = subject_ids.cast(pa.string())
    key_hex = pa.array(digests(_key(checked, plan, subject_text, rows)), pa.string())
    content_hex = pa.array(digests(content), pa.string())
    row_no = pa.array(checked.row_no[rows])
    made = clocks | {
        "subject_id": subject_text,
        "key_digest": pc.binary_join_element_wise("\\\\x", key_hex, ""),
        "content_digest": pc.binary_join_element_wise("\\\\x", content_hex, ""),
        "row_no": row_no.cast(pa.string()),
        "payload": payload,
        "sealed": sealed,
        "extra": _extra(checked, plan, rows),
    }
    table = pa.table(
        {
            "place": pa.array(rows.astype(np.int32)),
            "row_no": row_no,
            "subject_id": subject_ids,
            "key_hex": key_hex,
            "content_hex": content_hex,
            "month": pc.utf8_slice_codeunits(clocks["decided_on"], 0, 7),
            "is_late": pc.equal(clocks["is_late"], "t"),
            "lane": pc.greater_equal(key_hex, "8").cast(pa.int8()),
            "repeat": _repeats(key_hex),
        }
    )
    rests = [made[name] for name in COPY_REST]
    rests[-1] = pc.binary_join_element_wise(_or_null(rests[-1]), "\n", "")
    return Ready(table, _joined([made[name] for name in COPY_HEAD]), _joined(rests))


def digests(texts: pa.Array) -> list[str]:
    """The first 16 bytes of each text's SHA-256, as hex."""
    _, offsets, data = texts.buffers()
    if data is None:
        return []
    view = memoryview(data)
    ends = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1].tolist()
    sha256 = hashlib.sha256
    return [sha256(view[start:end]).hexdigest()[:32] for start, end in pairwise(ends)]


def _joined(columns: Sequence[pa.Array]) -> pa.Array:
    """Columns as COPY's text form writes them: tabs between, ``\\N`` for nothing."""
    return pc.binary_join_element_wise(*columns, "\t", null_handling="replace", null_replacement="\\N")


def _or_null(column: pa.Array) -> pa.Array:
    return pc.fill_null(column, "\\N")


def _key(checked: Checked, plan: Plan, subject_text: pa.Array, rows: Rows) -> pa.Array:
    parts = []
    for code in plan.item.natural_key:
        if code == SUBJECT:
            parts.append(subject_text)
            continue
        column = checked.columns.coded(code)
        is_text = plan.item.field_of(code).type is FieldType.TEXT
        parts.append(pc.fill_null(column.over(folded_column if is_text else _as_text).take(rows), ""))
    return pc.binary_join_element_wise(plan.item.id, *parts, "\x1f")


def _payload(checked: Checked, plan: Plan, open_fields: list[str], rows: Rows) -> pa.Array:
    """A JSON object of the fields that are filled, as COPY's text form has it: backslashes doubled.

    What the platform computes (公示截止期) stands in its own columns; what the sender wrote there is not kept.
    """
    computed = {field.code for field in plan.item.fields if field.is_computed}
    first = plan.item.roles.subject_name  # never empty in a row that goes in
    codes = [
        code for code in open_fields if code not in computed and checked.columns.coded(code).null_count < len(checked)
    ]
    if first not in codes:
        return pa.repeat("{}", len(rows))
    parts = [_member(checked, first, "{", rows)]
    parts += [pc.fill_null(_member(checked, code, ",", rows), "") for code in codes if code != first]
    return pc.binary_join_element_wise(*parts, "}", "")


def _member(checked: Checked, code: str, before: str, rows: Rows) -> pa.Array:
    """``,"CODE":"value"`` for each row; made once for each distinct value. Null where the field is empty."""

    def member(values: pa.Array) -> pa.Array:
        texts = _as_text(values)
        if code in checked.findings.rough:
            rough = pc.fill_null(pc.match_substring_regex(texts, '[\\x00-\\x1f"\\\\]'), False)
            inner = [
                json.dumps(text, ensure_ascii=False)[1:-1].replace("\\", "\\\\")
                for text in texts.filter(rough).to_pylist()
            ]
            texts = pc.replace_with_mask(texts, rough, pa.array(inner, pa.string()))
        return pc.binary_join_element_wise(f'{before}"{code}":"', texts, '"', "")

    column = checked.columns.coded(code)
    if column.indices is None:
        return member(column.take(rows))
    return column.over(member).take(rows)


def _repeats(key_hex: pa.Array) -> pa.Array:
    """1 for the first row of a key, 2 for later ones."""
    keys = key_hex.dictionary_encode()
    repeat = np.ones(len(key_hex), dtype=np.int32)
    if len(keys.dictionary) < len(key_hex):
        _, first, back = np.unique(keys.indices.to_numpy(), return_index=True, return_inverse=True)
        repeat[first[back] != np.arange(len(key_hex))] = 2
    return pa.array(repeat)


def _as_text(column: pa.Array) -> pa.Array:
    if pa.types.is_string(column.type):
        return column
    if pa.types.is_boolean(column.type):
        return pc.if_else(column, "true", "false")
    return pc.cast(column, pa.string())


def _seal(checked: Checked, plan: Plan, rows: Rows) -> tuple[pa.Array, pa.Array, list[str]]:
    """Encrypts personal fields row by row; a person's row is sealed whole, its extra columns too.

    Returns sealed bytes as PostgreSQL's hex in COPY's text form, the keyed digest of what was sealed (both null where
    nothing was), and the fields that stay readable.
    """
    whole = plan.item.is_about_persons
    fields: list[Field] = [f for f in plan.item.fields if whole or f.is_personal]
    hidden = {field.code for field in fields}
    open_fields = [field.code for field in plan.item.fields if field.code not in hidden]
    filled = [f.code for f in fields if checked.columns.coded(f.code).null_count < len(checked)]
    sealed: list[str | None] = [None] * len(rows)
    keyed: list[str | None] = [None] * len(rows)
    if filled:
        texts = [_as_text(checked.columns.coded(code).take(rows)).to_pylist() for code in filled]
        extras = extra_texts(checked, plan, pa.array(rows)) if whole else [None] * len(rows)
        for place, (row, extra) in enumerate(zip(zip(*texts, strict=True), extras, strict=True)):
            content: dict[str, Any] = {c: value for c, value in zip(filled, row, strict=True) if value is not None}
            if not content and not extra:
                continue
            plain = json.dumps(content, ensure_ascii=False, sort_keys=True)
            keyed[place] = encryption.digest(plain, kind="sealed-content").hex()
            if extra:
                content["$extra"] = json.loads(extra)
            plain = json.dumps(content, ensure_ascii=False)
            sealed[place] = "\\\\x" + encryption.seal(plain.encode(), context="record.sealed").hex()
    return pa.array(sealed, pa.string()), pa.array(keyed, pa.string()), open_fields


def _extra(checked: Checked, plan: Plan, rows: Rows) -> pa.Array:
    if not plan.unmapped or plan.item.is_about_persons:
        return pa.nulls(len(rows), pa.string())
    texts = extra_texts(checked, plan, pa.array(rows))
    return pa.array([None if text is None else text.replace("\\", "\\\\") for text in texts], pa.string())


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


def _clocks(checked: Checked, plan: Plan, rows: Rows) -> dict[str, pa.Array]:
    """Severity, terms and lateness, as text. Computed once for each distinct (decision, end, severity) of the run."""
    roles = plan.item.roles
    nothing = pa.nulls(len(rows), pa.date32())
    decided = checked.columns.coded(roles.decided_on).take(rows)
    days = pc.fill_null(decided, pa.scalar(plan.received_on, pa.date32()))
    starts = checked.columns.coded(roles.valid_from).take(rows) if roles.valid_from else nothing
    ends = checked.columns.coded(roles.valid_to).take(rows) if roles.valid_to else nothing
    severity = _severities(checked, plan, rows).dictionary_encode()
    # One whole number for each combination; distinct ones are few beside the rows.
    combined = _numbers(days) * (1 << 40) + _numbers(ends) * (1 << 8) + pc.fill_null(severity.indices, 255).to_numpy()
    _, first, back = np.unique(combined, return_index=True, return_inverse=True)
    places = pa.array(first)
    asked = zip(
        days.take(places).to_pylist(), ends.take(places).to_pylist(), severity.take(places).to_pylist(), strict=True
    )
    made = [plan.clocks.get(one) or plan.clocks.setdefault(one, _one_clock(plan, *one)) for one in asked]
    texts = {
        name: Coded(pa.array([getattr(one, name) for one in made], pa.string()), pa.array(back)).plain()
        for name in Clock.__slots__
    }
    return texts | {
        "severity": severity.cast(pa.string()),
        "decided_on": days.cast(pa.string()),
        "valid_from": starts.cast(pa.string()),
    }


def _numbers(dates: pa.Array) -> npt.NDArray[np.int64]:
    """Days since 1970 moved above zero; no date is zero."""
    numbers = pc.fill_null(pc.cast(dates, pa.int32()), -(1 << 30)).to_numpy().astype(np.int64)
    return np.where(numbers == -(1 << 30), 0, numbers + (1 << 20))


def _one_clock(plan: Plan, decided: date, end: date | None, severity: str | None) -> Clock:
    item = plan.item
    exclusive = terms.end_exclusive(end)
    found = terms.terms(item, decided_on=decided, valid_to=exclusive, severity=severity, rule_sets=plan.rule_sets)
    late = item.timeliness_working_days is not None and plan.calendar.is_late(
        decided, plan.received_at, working_days=item.timeliness_working_days
    )
    return Clock(
        rule_set=found.rule_set,
        valid_to=_iso(exclusive),
        publish_from=_iso(found.publish_from),
        publish_until=_iso(found.publish_until),
        repair_from=_iso(found.repair_from),
        retain_until=_iso(found.retain_until),
        is_late="t" if late else "f",
    )


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _severities(checked: Checked, plan: Plan, rows: Rows) -> pa.Array:
    if plan.item.severity is None:
        return pa.nulls(len(rows), pa.string())
    severity = pa.repeat(plan.item.severity.otherwise, len(rows))
    for name, _ in reversed(plan.severity):
        holds = pc.fill_null(checked.verdicts[name], False).take(pa.array(rows))
        severity = pc.if_else(holds, name, severity)
    return severity
