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
from xinyong.intake import _privacy
from xinyong.intake._coded import Coded, combinations, empty, encoded
from xinyong.intake.keys import folded_column
from xinyong.intake.link import NOBODY, Linked
from xinyong.intake.outcome import DOUBTFUL
from xinyong.intake.plan import Clock, Plan
from xinyong.intake.validate import Checked
from xinyong.records import archive, terms
from xinyong.security import encryption

#: The part of a natural key that is the subject.
SUBJECT = "$subject"

_DIGEST = 16

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Ready:
    """Rows that may go in, one partition of the archive after the other and those of a subject together (so it takes them
    quickest), in the order of the file for each. ``table`` is what deciding needs: place, row_no, subject_id, key,
    content, month (of the decision: its first day), is_late, lane, and ``repeat``: 1 for the first row of a key in this
    chunk, 2 for later. ``rows`` are the same rows as the archive takes them.
    """

    table: pa.Table
    rows: archive.Rows

    def lane(self, lane: int) -> "Ready":
        """The rows of one lane, not copied."""
        lanes = self.table.column("lane").to_numpy()
        start, end = (int(place) for place in np.searchsorted(lanes, [lane, lane + 1]))
        return Ready(self.table.slice(start, end - start), self.rows.slice(start, end - start))


def prepare(checked: Checked, linked: Linked, plan: Plan) -> Ready:
    """The rows of a chunk that are neither doubtful nor wrong and have a subject, ready for the lanes."""
    good = np.flatnonzero((checked.findings.level < DOUBTFUL) & (linked.subject_id != NOBODY))
    partition = archive.partition_of(linked.subject_id[good])
    order = np.lexsort((linked.subject_id[good], partition))
    rows, lane = good[order], (partition[order] >= archive.PARTITIONS // 2).astype(np.int8)
    subject_ids, row_nos = pa.array(linked.subject_id[rows]), pa.array(checked.row_no[rows])
    sealed, sealed_digest, open_fields = _seal(checked, plan, rows)
    payloads = _payload(checked, plan, open_fields, rows)
    content = payloads
    if sealed_digest.null_count < len(sealed_digest):
        content = pc.binary_join_element_wise(payloads, sealed_digest, "\x1f", null_handling="skip")
    keys, contents = digests(_key(checked, plan, subject_ids, rows)), digests(content)
    clocks, is_late = _clocks(checked, plan, rows)
    table = pa.table(
        {
            "place": pa.array(rows.astype(np.int32)),
            "row_no": row_nos,
            "subject_id": subject_ids,
            "key": keys,
            "content": contents,
            "month": pc.floor_temporal(_decided(checked, plan).take(rows), unit="month"),
            "is_late": is_late,
            "lane": pa.array(lane),
            "repeat": _repeats(keys),
        }
    )
    extras = _extra(checked, plan, rows)
    return Ready(table, archive.Rows(subject_ids, keys, contents, row_nos, clocks, payloads, sealed, extras))


def sketch(checked: Checked, linked: Linked, plan: Plan) -> pa.Table:
    """What deciding needs of the same rows, in the order of the file, and nothing the archive would keep: no key of the
    installation is asked for. Digests of contents are equal where those of ``prepare`` are, and are others."""
    rows = np.flatnonzero((checked.findings.level < DOUBTFUL) & (linked.subject_id != NOBODY))
    keys = digests(_key(checked, plan, pa.array(linked.subject_id[rows]), rows))
    whole = plan.item.is_about_persons
    hidden = [one.code for one in plan.item.fields if whole or one.is_personal]
    payloads = _payload(checked, plan, [one.code for one in plan.item.fields if one.code not in hidden], rows)
    parts = [pc.fill_null(checked.columns.coded(code).over(_as_text).take(rows), "\x1e") for code in hidden]
    return pa.table(
        {
            "place": pa.array(rows.astype(np.int32)),
            "row_no": pa.array(checked.row_no[rows]),
            "key": keys,
            "content": digests(pc.binary_join_element_wise(payloads, *parts, "\x1f")),
            "is_late": _clocks(checked, plan, rows)[1],
            "repeat": _repeats(keys),
        }
    )


def digests(texts: pa.Array) -> pa.Array:
    """The first 16 bytes of each text's SHA-256."""
    kind = pa.binary(_DIGEST)
    _, offsets, data = texts.buffers()
    if data is None or not len(texts):
        return pa.nulls(0, kind)
    view, sha256 = memoryview(data), hashlib.sha256
    ends = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1].tolist()
    whole = b"".join([sha256(view[start:end]).digest() for start, end in pairwise(ends)])
    cut = np.frombuffer(whole, np.uint8).reshape(-1, 32)[:, :_DIGEST].tobytes()
    return pa.Array.from_buffers(kind, len(texts), [None, pa.py_buffer(cut)])


def _key(checked: Checked, plan: Plan, subject_ids: pa.Array, rows: Rows) -> pa.Array:
    parts = []
    for code in plan.item.natural_key:
        if code == SUBJECT:
            parts.append(subject_ids.cast(pa.string()))
            continue
        column = checked.columns.coded(code)
        is_text = plan.item.field_of(code).type is FieldType.TEXT
        parts.append(pc.fill_null(column.over(folded_column if is_text else _as_text).take(rows), ""))
    return pc.binary_join_element_wise(plan.item.id, *parts, "\x1f")


def _payload(checked: Checked, plan: Plan, open_fields: list[str], rows: Rows) -> pa.Array:
    """A JSON object of the fields that are filled. Its members stand as PostgreSQL sorts them, by length of the name and
    then the name, which it notices and need not sort.

    What the platform computes (公示截止期) stands in its own columns; what the sender wrote there is not kept.
    """
    computed = {field.code for field in plan.item.fields if field.is_computed}
    never_empty = plan.item.roles.subject_name
    codes = [
        code for code in open_fields if code not in computed and checked.columns.coded(code).null_count < len(checked)
    ]
    if never_empty not in codes:
        return pa.repeat("{}", len(rows))
    codes.sort(key=lambda code: (len(code), code))
    middle = codes.index(never_empty)
    parts: list[pa.Array | str] = ["{"]
    for place, code in enumerate(codes):
        # Commas stand on the side of the member that is always there.
        before, after = "," if place > middle else "", "," if place < middle else ""
        parts.append(pc.fill_null(_member(checked, code, before, after, rows), ""))
    return pc.binary_join_element_wise(*parts, "}", "")


def _member(checked: Checked, code: str, before: str, after: str, rows: Rows) -> pa.Array:
    """``"CODE":"value"`` for each row, made once for each distinct value. Null where the field is empty."""

    def member(values: pa.Array) -> pa.Array:
        texts = _as_text(values)
        if code in checked.findings.rough:
            rough = pc.fill_null(pc.match_substring_regex(texts, '[\\x00-\\x1f"\\\\]'), False)
            inner = [json.dumps(text, ensure_ascii=False)[1:-1] for text in texts.filter(rough).to_pylist()]
            texts = pc.replace_with_mask(texts, rough, pa.array(inner, pa.string()))
        return pc.binary_join_element_wise(f'{before}"{code}":"', texts, f'"{after}', "")

    column = checked.columns.coded(code)
    if column.indices is None:
        return member(column.take(rows))
    return column.over(member).take(rows)


def _repeats(keys: pa.Array) -> pa.Array:
    """1 for the first row of a key, 2 for later ones."""
    coded = keys.dictionary_encode()
    repeat = np.ones(len(keys), dtype=np.int32)
    if len(coded.dictionary) < len(keys):
        _, first, back = np.unique(coded.indices.to_numpy(), return_index=True, return_inverse=True)
        repeat[first[back] != np.arange(len(keys))] = 2
    return pa.array(repeat)


def _as_text(column: pa.Array) -> pa.Array:
    if pa.types.is_string(column.type):
        return column
    if pa.types.is_boolean(column.type):
        return pc.if_else(column, "true", "false")
    return pc.cast(column, pa.string())


def _seal(checked: Checked, plan: Plan, rows: Rows) -> tuple[pa.Array, pa.Array, list[str]]:
    """Encrypts personal fields row by row; a person's row is sealed whole. Of the sender's own columns, all of a person's and
    those of an organisation's that may be about a person.

    Returns sealed bytes, the keyed digest of the fields that were sealed (both null where nothing was), and the fields that
    stay readable.
    """
    whole = plan.item.is_about_persons
    fields: list[Field] = [f for f in plan.item.fields if whole or f.is_personal]
    hidden = {field.code for field in fields}
    open_fields = [field.code for field in plan.item.fields if field.code not in hidden]
    filled = [f.code for f in fields if checked.columns.coded(f.code).null_count < len(checked)]
    own = _personal(checked, plan)
    sealed: list[bytes | None] = [None] * len(rows)
    keyed: list[str | None] = [None] * len(rows)
    if filled or own:
        texts = [_as_text(checked.columns.coded(code).take(rows)).to_pylist() for code in filled]
        values = zip(*texts, strict=True) if texts else [()] * len(rows)
        extras = extra_texts(checked, plan, pa.array(rows), own)
        for place, (row, extra) in enumerate(zip(values, extras, strict=True)):
            content: dict[str, Any] = {c: value for c, value in zip(filled, row, strict=True) if value is not None}
            if not content and not extra:
                continue
            if content:
                plain = json.dumps(content, ensure_ascii=False, sort_keys=True)
                keyed[place] = encryption.digest(plain, kind="sealed-content").hex()
            if extra:
                content["$extra"] = json.loads(extra)
            plain = json.dumps(content, ensure_ascii=False)
            sealed[place] = encryption.seal(plain.encode(), context="record.sealed")
    return pa.array(sealed, pa.binary()), pa.array(keyed, pa.string()), open_fields


def _extra(checked: Checked, plan: Plan, rows: Rows) -> pa.Array:
    if not plan.unmapped or plan.item.is_about_persons:
        return pa.nulls(len(rows), pa.string())
    own = _personal(checked, plan)
    return pa.array(
        extra_texts(checked, plan, pa.array(rows), [index for index in plan.unmapped if index not in own]), pa.string()
    )


def _personal(checked: Checked, plan: Plan) -> list[int]:
    """Which of the sender's own columns may be about a person: by their header, or by a value in this chunk."""
    if plan.item.is_about_persons:
        return list(plan.unmapped)
    return [
        index
        for index in plan.unmapped
        if _privacy.OWN_COLUMN.search(plan.header_texts[index] or "")
        or _speaks_of_people(checked.raw.column(f"c{index}"))
    ]


def _speaks_of_people(column: pa.ChunkedArray) -> bool:
    """True when a value may be a person's number, phone or card; each distinct value is looked at once."""
    parts = [part.dictionary if pa.types.is_dictionary(part.type) else part for part in column.chunks]
    return any(pc.any(pc.match_substring_regex(part, _privacy.CONTACT)).as_py() for part in parts)


def extra_texts(checked: Checked, plan: Plan, places: pa.Array, only: Sequence[int] | None = None) -> list[str | None]:
    """The sender's own columns as JSON, by header; all of them, or ``only`` these."""
    wanted = plan.unmapped if only is None else only
    if not wanted:
        return [None] * len(places)
    named = _distinct([plan.header_texts[index] or f"column {index + 1}" for index in plan.unmapped])
    headers = [header for index, header in zip(plan.unmapped, named, strict=True) if index in wanted]
    columns = [checked.raw.column(f"c{index}").combine_chunks().take(places).to_pylist() for index in wanted]
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


def _decided(checked: Checked, plan: Plan) -> Coded:
    """The day of the decision; of receipt, where an item has none."""
    column = checked.columns.coded(plan.item.roles.decided_on)
    if not column.null_count:
        return column
    return Coded(pc.fill_null(column.plain(), pa.scalar(plan.received_on, pa.date32())))


def _clocks(checked: Checked, plan: Plan, rows: Rows) -> tuple[pa.Array, pa.Array]:
    """The archive's clock columns and lateness. Computed once for each combination of dates and severity of the run."""
    roles = plan.item.roles
    nothing = empty(pa.date32(), len(checked))
    asked = [
        _decided(checked, plan),
        checked.columns.coded(roles.valid_from) if roles.valid_from else nothing,
        checked.columns.coded(roles.valid_to) if roles.valid_to else nothing,
        encoded(_severities(checked, plan)),
    ]
    first, back = combinations(asked)
    made = [
        plan.clocks.get(one) or plan.clocks.setdefault(one, _one_clock(plan, *one))
        for one in zip(*(column.take(first).to_pylist() for column in asked), strict=True)
    ]
    places = pa.array(back[rows])
    return (
        pa.array([one.columns for one in made], pa.binary()).take(places),
        pa.array([one.is_late for one in made], pa.bool_()).take(places),
    )


def _one_clock(plan: Plan, decided: date, start: date | None, end: date | None, severity: str | None) -> Clock:
    item = plan.item
    exclusive = terms.end_exclusive(end)
    found = terms.terms(item, decided_on=decided, valid_to=exclusive, severity=severity, rule_sets=plan.rule_sets)
    late = item.timeliness_working_days is not None and plan.calendar.is_late(
        decided, plan.received_at, working_days=item.timeliness_working_days
    )
    days = {
        "decided_on": decided,
        "valid_from": start,
        "valid_to": exclusive,
        "publish_from": found.publish_from,
        "publish_until": found.publish_until,
        "repair_from": found.repair_from,
        "retain_until": found.retain_until,
    }
    return Clock(archive.clock(severity=severity, rule_set=found.rule_set, days=days, is_late=late), late)


def _severities(checked: Checked, plan: Plan) -> pa.Array:
    if plan.item.severity is None:
        return pa.nulls(len(checked), pa.string())
    severity = pa.repeat(plan.item.severity.otherwise, len(checked))
    for name, _ in reversed(plan.severity):
        severity = pc.if_else(pc.fill_null(checked.verdicts[name], False), name, severity)
    return severity
