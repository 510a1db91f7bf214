"""Changes of the register as rows of its item: what each kind means, over what the register says of the organisation now."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from xinyong.catalogue.schema import FieldType, Item
from xinyong.kernel import codes
from xinyong.security import scanner
from xinyong.subjects import succession

Value = str | int | None
Reason = dict[str, str]

#: What an authority may call an event: nothing that could be a person's number.
EVENT_ID = r"[A-Za-z][A-Za-z0-9._:-]{0,63}"
#: The sender's own columns, by which a row is found again.
SEQUENCE, EVENT = "变更序号", "变更事件号"


class Kind(NamedTuple):
    """A kind of change: its name, the fields of which it must bring one, and what it sets itself ("on": the day)."""

    zh: str
    en: str
    brings: tuple[str, ...] = ()
    sets: tuple[tuple[str, str | None], ...] = ()


#: Kinds that change the organisation's entry.
OF_ENTRY: dict[str, Kind] = {
    "new": Kind("设立", "Registered", ("ZTMC",)),
    "renamed": Kind("更名", "Renamed", ("ZTMC",)),
    "moved": Kind("迁址", "Moved", ("ZCDZ", "XZQH")),
    "changed": Kind("其他变更", "Other change"),
    "cancelled": Kind("注销", "Deregistered", (), (("JYZT", "注销"), ("ZXRQ", "on"))),
    "revoked": Kind("吊销", "Licence revoked", (), (("JYZT", "吊销"), ("ZXRQ", "on"))),
    "moved_out": Kind("迁出", "Moved out", (), (("JYZT", "迁出"), ("ZXRQ", "on"))),
    "restored": Kind("恢复", "Restored", (), (("JYZT", "存续"), ("ZXRQ", None))),
}
UNDONE = "undone"
#: Every kind, with its names.
KINDS: dict[str, tuple[str, str]] = {
    **{name: (kind.zh, kind.en) for name, kind in OF_ENTRY.items()},
    **{name: (words.zh, words.en) for name, words in succession.RELATIONS.items()},
    UNDONE: ("撤销承继", "Succession taken back"),
}


@dataclass(frozen=True, slots=True)
class Change:
    """A change as an authority sends it. ``row``: fields of the register by code; what is not named stays as it is, null
    empties it. ``successors`` and ``instrument`` for a succession, ``undoes`` for the event one takes back."""

    sequence: int
    event_id: str
    kind: str
    on: date
    code: str
    row: Mapping[str, Value]
    successors: tuple[str, ...] = ()
    instrument: str = ""
    undoes: str = ""

    def plain(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {
            "sequence": self.sequence, "event_id": self.event_id, "kind": self.kind, "on": self.on.isoformat(),
            "code": self.code, "row": dict(self.row), "successors": list(self.successors), "instrument": self.instrument,
            "undoes": self.undoes,
        }  # fmt: skip

    @staticmethod
    def of(plain: Mapping[str, Any]) -> "Change":
        """The inverse of ``plain``; what is left out is empty. Raises KeyError, TypeError, ValueError."""
        given = {
            "row": {}, "successors": [], "instrument": "", "undoes": "", **plain, "on": date.fromisoformat(plain["on"]),
        }  # fmt: skip
        event = Change(**given | {"successors": tuple(given["successors"])})
        texts = (event.event_id, event.code, event.instrument, event.undoes, *event.successors)
        if (
            not isinstance(event.sequence, int)
            or not 1 <= event.sequence < 2**62
            or event.kind not in KINDS
            or not re.fullmatch(EVENT_ID, event.event_id)
            or not all(isinstance(text, str) and len(text) <= 100 for text in texts)
            or not all(value is None or isinstance(value, str | int) for value in event.row.values())
        ):
            raise ValueError("no event")
        return event


def organisation_code(written: str) -> str:
    """The canonical code, "" when it is none of an organisation; then it may be a person's."""
    judged = codes.judge(written, expect=codes.Kind.USCC)
    is_one = judged.verdict is not codes.Verdict.INVALID and judged.kind is codes.Kind.USCC
    return judged.normalised if is_one else ""


def faults(event: Change, item: Item, *, today: date) -> list[Reason]:
    """Why an event cannot go in, before its row is checked as any row of the register is. Pure."""
    written = [event.code, *event.successors]
    if any(not organisation_code(one) for one in written):
        return [
            reason(
                "feed-not-an-organisation", "代码不是组织的统一社会信用代码。本通道只接收组织；自然人不在此登记。事件内容未留存。",
                "Not an organisation's unified code. Natural persons are not taken here, and the event's content is not kept.",
                field=item.roles.subject_code or "",
            )
        ]  # fmt: skip
    if scanner_finds(event.instrument, today):
        return [
            reason(
                "feed-person-in-text", "文书号中有自然人的号码。请删去后以新序号重发；事件内容未留存。",
                "The instrument's number holds a person's number. Remove it; the event's content is not kept.",
            )
        ]  # fmt: skip
    if event.on > today:
        return [reason("feed-not-yet", "变更日期晚于今天。请在生效后发送。", "The day of the change is in the future.")]
    if event.kind in OF_ENTRY:
        return _of_entry(event, item)
    if event.row:
        return [
            reason(
                "feed-row-with-succession", "承继事件只说明谁承继谁，不能带登记内容；请另发变更或注销事件。",
                "A succession says who follows whom and brings no row. Send the change or deregistration as its own event.",
            )
        ]  # fmt: skip
    if event.kind == UNDONE and not event.undoes:
        return [reason("feed-nothing-undone", "没有写明撤销哪个事件。", "It does not say which event is taken back.")]
    if event.kind != UNDONE and not event.successors:
        return [
            reason("feed-no-successor", "没有写明由谁承继。请填写 successors。", "Nobody follows: fill in successors.")
        ]
    return []


def _of_entry(event: Change, item: Item) -> list[Reason]:
    known = {one.code for one in item.fields if not one.is_computed}
    strange = sorted(event.row.keys() - known)
    if strange:
        shown = [one for one in strange if not re.search("[0-9]{5}", one)]  # a field's code, not somebody's number
        return [
            reason(
                "feed-unknown-field", f"目录中没有这些数据项：{'、'.join(shown)[:200]}。事件内容未留存。",
                f"The catalogue has no such fields: {', '.join(shown)[:200]}. The event's content is not kept.",
            )
        ]  # fmt: skip
    code_field = item.roles.subject_code or ""
    if organisation_code(str(event.row.get(code_field) or event.code)) != organisation_code(event.code):
        return [
            reason(
                "feed-two-codes", "登记内容中的代码与事件的代码不同。换码请发送新代码的设立、旧代码的迁出和承继事件。",
                "The row's code is another than the event's. For a new code send: new, moved_out, and the succession.",
                field=code_field,
            )
        ]  # fmt: skip
    brings = OF_ENTRY[event.kind].brings
    if brings and not any(event.row.get(code) for code in brings):
        names = "、".join(item.field_of(code).name_zh for code in brings)
        return [
            reason(
                "feed-brings-nothing", f"“{OF_ENTRY[event.kind].zh}”事件应带有：{names}。", f"It should bring: {names}.",
                field=brings[0],
            )
        ]  # fmt: skip
    return []


def row(event: Change, item: Item, standing: Mapping[str, str]) -> dict[str, Value]:
    """The whole row that the register would hold after the event. Pure."""
    made: dict[str, Value] = {one.code: standing.get(one.code) for one in item.fields if not one.is_computed}
    if "HZRQ" in made and event.kind != "new":
        made["HZRQ"] = event.on.isoformat()
    for code, value in OF_ENTRY[event.kind].sets:
        made[code] = event.on.isoformat() if value == "on" else value
    made |= dict(event.row)
    made[item.roles.subject_code or ""] = organisation_code(event.code)
    texts = {one.code for one in item.fields if one.type is FieldType.TEXT}
    plain: dict[str, Value] = {
        code: str(value) if code in texts and value is not None else value for code, value in made.items()
    }
    return plain | {SEQUENCE: str(event.sequence), EVENT: event.event_id}


def scanner_finds(text: str, today: date) -> bool:
    """True when a text holds a person's number."""
    return any(True for _ in scanner.scan(text, today=today))


def reason(rule: str, zh: str, en: str, *, field: str = "", suggestion: str = "") -> Reason:
    """Why a change was refused, as it is kept and told."""
    return {"rule": rule, "field": field, "zh": zh, "en": en, "suggestion": suggestion}
