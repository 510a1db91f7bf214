"""What is on file about one subject, up to a grade: for callers that have settled whether somebody may have it, and have entered it in
the log (records/special.py: a second person's consent; rights/queries.py: the subject's own)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from xinyong.catalogue.schema import Field, Grade, Item
from xinyong.kernel import sql
from xinyong.records import _cursor, _rows, annotations, disclosure, opt_outs
from xinyong.security import encryption, scope
from xinyong.security.access import Actor, system
from xinyong.security.identity import department_names

_SQL = sql.load(__file__, "special.sql")
_MOST = 200
_UP_TO: Mapping[Grade, tuple[str, ...]] = {
    Grade.SHARED: ("public", "shared"),
    Grade.AUTHORISED: ("public", "shared", "authorised"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One record: its item, the day, the source unit, and the fields that are filled, as (label, text)."""

    decided_on: date
    source: str
    fields: tuple[tuple[str, str], ...]
    item_id: str = ""
    item_title: str = ""
    is_disputed: bool = False  # its subject objects to it


def fields(item: Item, grade: Grade) -> list[Field]:
    """The fields of an item that can be had at a grade: shared or authorised."""
    codes = disclosure.fields_of(item, replace(disclosure.public_sight(), grade=grade, is_public=False))
    return [field for field in item.fields if field.code in codes]


def records(
    subject_id: int, wanted: Sequence[tuple[Item, Sequence[Field]]], *, grade: Grade, of: Actor, today: date
) -> tuple[Row, ...]:
    """The newest records of these items about a subject with these fields, masked as the catalogue says, the latest first, 200 at
    most; within the division of the actor ``of``. The platform itself reads: past the permission the actor's own scope ends at the
    shared grade."""
    parameters = {
        "subject_id": subject_id, "item_ids": [item.id for item, _ in wanted], "today": today, "limit": _MOST,
        "disclosures": list(_UP_TO[grade]), "reach": scope.reach_of(of.region) if of.region else None,
        **opt_outs.parameters(),
    }  # fmt: skip
    with scope.acting(system("authorised-query")):
        found = list(
            _cursor.rows(
                _SQL["of_subject"].format(is_kept_out=opt_outs.IS_KEPT_OUT, not_repaired=disclosure.NOT_REPAIRED),
                parameters,
            )
        )
    names = department_names()
    items = {item.id: (item, {field.code: field for field in asked}) for item, asked in wanted}
    return tuple(
        Row(
            row["decided_on"], names.get(row["source_id"], ""),
            _shown(row, items[row["item_id"]][1]) + _said(row), row["item_id"],
            items[row["item_id"]][0].title_zh, row["is_disputed"],
        )
        for row in found
    )  # fmt: skip


def _said(row: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What its subject says of the record, where an objection was refused: it goes wherever the record goes."""
    said = annotations.statement_of(row)
    return (("异议声明", said),) if said else ()


def _shown(row: Mapping[str, Any], wanted: Mapping[str, Field]) -> tuple[tuple[str, str], ...]:
    """The asked fields, masked as the catalogue says, and nothing else of the record."""
    payload = dict(row["payload"])
    if row["sealed"] is not None and any(code not in payload for code in wanted):
        payload |= json.loads(encryption.unseal(bytes(row["sealed"]), context="record.sealed"))
    shown = []
    for code, field in wanted.items():
        text = _rows.text_of(payload.get(code), field.type)
        if text:
            shown.append((field.name_zh, disclosure.masked(text, field.masking)[0]))
    return tuple(shown)
