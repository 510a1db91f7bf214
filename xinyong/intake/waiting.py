"""Rows that did not go in: what is kept of them, and how a later row is recognised as their correction."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xinyong.catalogue import forbidden
from xinyong.catalogue.schema import FieldType
from xinyong.intake import _columns, _privacy, prepare
from xinyong.intake.keys import folded, folded_column
from xinyong.intake.outcome import Outcome
from xinyong.intake.plan import Plan
from xinyong.intake.prepare import SUBJECT
from xinyong.intake.validate import Checked
from xinyong.security import encryption, scanner

#: Where a waiting row keeps the sender's own columns.
EXTRA = "$extra"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One waiting row, ready to be written."""

    row_no: int
    outcome: Outcome
    anchor_by_name: bytes | None
    anchor_by_code: bytes | None
    row: str | None  # JSON, None when sealed
    sealed: bytes | None


def rows(checked: Checked, plan: Plan, positions: Sequence[int], outcomes: Sequence[Outcome]) -> list[Waiting]:
    """The waiting rows at these positions of the chunk."""
    places = pa.array(np.asarray(positions, dtype=np.int64))
    by_name, by_code = anchors(checked, plan, places)
    is_sealed = plan.item.is_about_persons
    fields = plan.item.fields
    texts = [
        [None if v is None else str(v) for v in checked.columns.coded(f.code).take(places).to_pylist()] for f in fields
    ]
    names = [field.code for field in fields] + [EXTRA]
    texts.append([text or None for text in prepare.extra_texts(checked, plan, places)])
    personal = {field.code for field in fields if field.is_personal}
    whole = ["\x1f".join(filter(None, row)) for row in zip(*texts, strict=True)]
    is_strange = _columns.strange(pa.array(whole, pa.string())).tolist()
    made = []
    for index, position in enumerate(positions):
        values = {name: text for name, column in zip(names, texts, strict=True) if (text := column[index]) is not None}
        private = (personal | {EXTRA}) & values.keys()  # what a sender adds of their own may be about anybody
        # One look at all rows says whose cells need looking at; nearly no row has anything of the kind. What may never
        # be collected is not kept with the row either: the sender has it, and must remove it.
        if is_strange[index]:
            values = {code: value for code, value in values.items() if not forbidden.scan(value)}
            private |= {
                code for code, value in values.items() if _privacy.holds_number(value) or scanner.holds_any(value)
            }
            private &= values.keys()
        hidden = values if is_sealed else {code: values.pop(code) for code in private}
        made.append(
            Waiting(
                row_no=int(checked.row_no[position]),
                outcome=outcomes[index],
                anchor_by_name=by_name[index],
                anchor_by_code=by_code[index],
                row=None if is_sealed else json.dumps(values, ensure_ascii=False),
                sealed=encryption.seal(json.dumps(hidden, ensure_ascii=False).encode(), context="waiting.sealed")
                if hidden
                else None,
            )
        )
    return made


def anchors(checked: Checked, plan: Plan, places: pa.Array) -> tuple[list[bytes | None], list[bytes | None]]:
    """Two digests a row: its document with its subject's name, and with its code as written.

    A row that waits has no trustworthy subject; the correction keeps the document and the name, or the document and
    the code. Persons' digests are keyed: a bare hash of an identity number can be searched through (security.md F13);
    such a number in the column of organisations' codes gets none.
    """
    item = plan.item
    documents = [checked.columns[part].take(places).to_pylist() for part in _document(plan)]
    document = ["\x1f".join(map(folded, row)) for row in zip(*documents, strict=True)] or [""] * len(places)
    code_field = _code_field(plan)
    written = checked.columns[code_field].take(places).to_pylist() if code_field else [None] * len(places)

    def one(kind: str, key: str, value: str | None) -> bytes | None:
        if value is None or (kind == "code" and not item.is_about_persons and _privacy.holds_number(value)):
            return None
        text = f"{item.id}\x1f{kind}\x1f{key}\x1f{value}"
        if item.is_about_persons:
            return encryption.digest(text, kind="anchor")
        return hashlib.sha256(text.encode()).digest()[:16]

    people = checked.name_keys.take(places).to_pylist()
    return (
        [one("name", key, value) for key, value in zip(document, people, strict=True)],
        [one("code", key, value) for key, value in zip(document, written, strict=True)],
    )


def met(checked: Checked, plan: Plan, places: pa.Array, open_anchors: frozenset[bytes]) -> list[bytes]:
    """Anchors of earlier waiting rows that the rows at ``places`` answer to; in columns, since every row is asked."""
    if not open_anchors or not len(places):
        return []
    if plan.item.is_about_persons:
        by_name, by_code = anchors(checked, plan, places)
        return [anchor for anchor in (*by_name, *by_code) if anchor in open_anchors]
    item = plan.item
    parts = [pc.fill_null(checked.columns.coded(part).over(folded_column).take(places), "") for part in _document(plan)]
    document = pc.binary_join_element_wise(*parts, "\x1f") if parts else pa.repeat("", len(places))
    code_field = _code_field(plan)
    asked = {"name": checked.name_keys}
    if code_field:
        asked["code"] = checked.columns.coded(code_field)
    found: set[bytes] = set()
    for kind, column in asked.items():
        texts = pc.binary_join_element_wise(f"{item.id}\x1f{kind}", document, column.take(places), "\x1f").drop_null()
        found.update(open_anchors.intersection(prepare.digests(texts).to_pylist()))
    return sorted(found)


def _document(plan: Plan) -> list[str]:
    """The natural key's text fields: what names the document."""
    item = plan.item
    return [part for part in item.natural_key if part != SUBJECT and item.field_of(part).type is FieldType.TEXT]


def _code_field(plan: Plan) -> str | None:
    roles = plan.item.roles
    return roles.person_certificate if plan.item.is_about_persons else roles.subject_code
