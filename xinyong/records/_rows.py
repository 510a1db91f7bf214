"""From a row of the record table to what a reader sees."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from xinyong.catalogue import codes, load, publish
from xinyong.catalogue.schema import FieldType, Item
from xinyong.kernel import clock, sql
from xinyong.kernel.periods import INDEFINITE
from xinyong.records import _cursor, disclosure
from xinyong.records.disclosure import Sight
from xinyong.records.view import Declared, FieldView, Mark, RecordView
from xinyong.security import identity

_SQL = sql.load(__file__, "records.sql")
#: A record whose publicity ends within this many days carries the mark 即将到期.
SOON = timedelta(days=30)


@lru_cache(maxsize=256)
def _item(item_id: str, version: int) -> Item:
    return publish.version(item_id, version)


class Sources:
    """Names of source units by id, and which of organisations' own words were checked, read once for a page."""

    def __init__(self, known_at: datetime | None = None) -> None:
        self._names: dict[int, str] = {}
        self._known_at = known_at
        self._checked: dict[int, dict[int, Declared]] = {}

    def name(self, source_id: int) -> str:
        """The unit's name; its id when the unit is unknown (it cannot be: departments are never deleted)."""
        if source_id not in self._names:
            self._names[source_id] = identity.department_name(source_id) or f"#{source_id}"
        return self._names[source_id]

    def declared(self, subject_id: int, submission_id: int) -> Declared:
        """The state of a declaration that a record is from."""
        if subject_id not in self._checked:
            self._checked[subject_id] = _checked(subject_id, self._known_at)
        return self._checked[subject_id].get(submission_id, Declared())


def _checked(subject_id: int, known_at: datetime | None) -> dict[int, Declared]:
    """Submission → who has checked it and when, for one subject."""
    parameters = {"subject_id": subject_id, "known_at": known_at or clock.now()}
    return {
        row["submission_id"]: Declared(row["unit"], row["checked_on"])
        for row in _cursor.rows(_SQL["checked"], parameters)
    }


def view(
    row: Mapping[str, Any], *, seen: Sight, as_of: date, sources: Sources, subject_code: str | None, subject_name: str
) -> RecordView:
    """One row as this sight shows it. ``row`` has the columns of the query ``columns``."""
    item = _item(row["item_id"], row["item_version"])
    payload: Mapping[str, Any] = row["payload"]
    roles = item.roles

    def part(code: str | None) -> str:
        return text_of(payload.get(code), None) if code else ""

    return RecordView(
        ref=bytes(row["key_digest"]).hex(),
        version=row["version"],
        subject_code=subject_code,
        subject_name=subject_name,
        item_id=item.id,
        item_title_zh=item.title_zh,
        item_title_en=item.title_en,
        section=item.section,
        is_adverse=item.is_adverse,
        title=_title(item, payload),
        document_no=part(roles.document_no),
        authority=part(roles.authority_name),
        source=sources.name(row["source_id"]),
        decided_on=row["decided_on"],
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        publish_from=row["publish_from"],
        publish_until=row["publish_until"],
        repair_from=row["repair_from"],
        severity=row["severity"],
        marks=_marks(row, item, as_of, seen),
        fields=_fields(item, payload, seen, is_sole_trader=(subject_code or "").startswith("92")),
        known_from=row["known_from"],
        submission_id=row["submission_id"],
        declared=sources.declared(row["subject_id"], row["submission_id"]) if item.is_self_declared else None,
        is_disputed=row.get("is_disputed", False),
        statement=row.get("statement") or "",
    )


def texts(row: Mapping[str, Any]) -> dict[str, str]:
    """Every field that is filled, as it would read with nothing masked: for comparing, and shown to nobody."""
    item = _item(row["item_id"], row["item_version"])
    return {
        field.code: _named(field.code_list, str(value)) if field.code_list else text_of(value, field.type)
        for field in item.fields
        if (value := row["payload"].get(field.code)) is not None
    }


def item_of(row: Mapping[str, Any]) -> Item:
    """The version of the catalogue item that a row was entered under."""
    return _item(row["item_id"], row["item_version"])


def text_of(value: Any, kind: FieldType | None) -> str:
    """A payload value ready to print. The sentinel 2099-12-31 of the standard reads 长期."""
    if value is None:
        return ""
    text = str(value)
    if kind is FieldType.DATE and text == INDEFINITE.isoformat():
        return "长期"
    if kind is FieldType.DECIMAL:
        number = Decimal(text)
        plain = f"{number:,.6f}".rstrip("0")
        whole, _, rest = plain.partition(".")
        return f"{whole}.{rest.ljust(2, '0')}"
    return text


def _fields(item: Item, payload: Mapping[str, Any], seen: Sight, *, is_sole_trader: bool) -> tuple[FieldView, ...]:
    shown = []
    # A sole trader's operator is a natural person, whose name is not public (data.md §7.3).
    hidden = item.roles.legal_representative if is_sole_trader and seen.is_public else None
    receivable = disclosure.fields_of(item, seen)
    for field in item.fields:
        value = payload.get(field.code)
        if value is None or field.code == hidden or field.code not in receivable:
            continue
        text = _named(field.code_list, str(value)) if field.code_list else text_of(value, field.type)
        text, is_masked = disclosure.masked(text, field.masking)
        label = f"{field.name_zh}({field.unit})" if field.unit and field.unit not in field.name_zh else field.name_zh
        shown.append(
            FieldView(
                code=field.code, label_zh=label, label_en=field.name_en, text=text, is_masked=is_masked,
                grade=field.grade.value,
            )
        )  # fmt: skip
    return tuple(shown)


@lru_cache(maxsize=4096)
def _named(code_list: str, value: str) -> str:
    """Values of a code list by their names: 1 → 有效; several joined by ; stay joined, a detail stays behind."""
    shipped = [one for one in load.editions() if one.id == code_list]
    names = {code.value: code.name_zh for one in shipped for code in one.codes}
    parts = []
    for part in value.split(";"):
        head, dash, detail = part.partition("-")
        if part not in names and head not in names:  # of an edition published here; the library's are asked for first
            names |= {code.value: code.name_zh for one in codes.editions() if one.id == code_list for code in one.codes}
        parts.append(names.get(part) or (names.get(head, head) + dash + detail))
    return "、".join(parts)


def _title(item: Item, payload: Mapping[str, Any]) -> str:
    for code in (*item.summary, item.roles.document_title, item.roles.kind, item.roles.document_no):
        text = text_of(payload.get(code), None) if code else ""
        if text:
            return text
    return item.title_zh


def _marks(row: Mapping[str, Any], item: Item, as_of: date, seen: Sight) -> tuple[Mark, ...]:
    marks = [Mark.DISPUTED] if row.get("is_disputed") else []
    if row["state"] != 1:
        marks.append(Mark.WITHDRAWN)
    elif row["valid_to"] is not None and row["valid_to"] <= as_of:
        marks.append(Mark.ENDED)
    elif row["valid_from"] is not None or row["valid_to"] is not None:
        marks.append(Mark.IN_FORCE)
    until = row["publish_until"]
    if until is not None and as_of < until <= as_of + SOON:
        marks.append(Mark.ENDING_SOON)
    if row["version"] > 1:
        marks.append(Mark.CORRECTED)
    if not seen.is_public:
        is_public_now = row["publish_from"] is not None and (until is None or as_of < until)
        if not is_public_now or item.disclosure.value != "public":
            marks.append(Mark.NOT_PUBLIC)
        if row["is_late"]:
            marks.append(Mark.LATE)
    return tuple(marks)


def instant(known_at: datetime | None, now: datetime) -> datetime:
    """The asked instant on the axis of what was known, or now."""
    return known_at or now
