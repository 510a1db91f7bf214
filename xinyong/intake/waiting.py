"""Rows that did not go in: what is kept of them, and how a later row is recognised as their correction."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from xinyong.catalogue.schema import FieldType
from xinyong.intake import prepare
from xinyong.intake.outcome import Outcome
from xinyong.intake.plan import Plan
from xinyong.intake.prepare import SUBJECT
from xinyong.intake.validate import Checked
from xinyong.kernel import names
from xinyong.security import encryption

#: Where a waiting row keeps the sender's own columns.
EXTRA = "$extra"
_FOLD = str.maketrans("[]【】（）()［］{}「」", "〔〕〔〕〔〕〔〕〔〕〔〕〔〕", " 　")


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
    columns = [checked.columns[field.code].take(places).to_pylist() for field in fields]
    personal = {field.code for field in fields if field.is_personal}
    extras = prepare.extra_texts(checked, plan, places)
    made = []
    for index, position in enumerate(positions):
        values = {
            field.code: str(column[index])
            for field, column in zip(fields, columns, strict=True)
            if column[index] is not None
        }
        extra = extras[index]
        if extra:
            values[EXTRA] = extra
        hidden = values if is_sealed else {code: values.pop(code) for code in list(values) if code in personal}
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
    the code. Persons' digests are keyed: a bare hash of an identity number can be searched through (security.md F13).
    """
    roles, item = plan.item.roles, plan.item
    documents = [
        checked.columns[part].take(places).to_pylist()
        for part in item.natural_key
        if part != SUBJECT and item.field_of(part).type is FieldType.TEXT
    ]
    document = [
        "\x1f".join((value or "").translate(_FOLD).upper() for value in row) for row in zip(*documents, strict=True)
    ] or [""] * len(places)
    code_field = roles.person_certificate if item.is_about_persons else roles.subject_code
    people = [
        names.key(value) if value else None for value in checked.columns[roles.subject_name].take(places).to_pylist()
    ]
    written = checked.columns[code_field].take(places).to_pylist() if code_field else [None] * len(places)

    def one(kind: str, key: str, value: str | None) -> bytes | None:
        if value is None:
            return None
        text = f"{item.id}\x1f{kind}\x1f{key}\x1f{value}"
        if item.is_about_persons:
            return encryption.digest(text, kind="anchor")
        return hashlib.sha256(text.encode()).digest()[:16]

    return (
        [one("name", key, value) for key, value in zip(document, people, strict=True)],
        [one("code", key, value) for key, value in zip(document, written, strict=True)],
    )
