"""The PDF of everything held about oneself (reports/everything.typ): every part of the file as people read it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from xinyong.kernel import clock
from xinyong.reports import render
from xinyong.reports.content import Bilingual, Entry, Line
from xinyong.reports.everything_words import LABELS, PARTS, TITLES, VALUES
from xinyong.reports.signing import Signer

_TEMPLATE = Path(__file__).with_name("everything.typ")
#: Entries of one part that are printed; the rest stands in the JSON, and the paper says so.
ENTRIES = 2000
_TITLE = Bilingual("本平台保存的有关本人的全部信息", "Everything Held About Oneself")


def pdf(said: Mapping[str, Any], *, digest: str, signer: Signer, at: datetime) -> bytes:
    """The file as PDF, not yet signed. The same content and instant give the same bytes."""
    said = render.printable_in_font(said)  # before long runs get their places to break
    parts = [_part(name, said.get(name)) for name in PARTS]
    data: dict[str, Any] = {
        "title": render.pair(_TITLE),
        "issuer": said["issuer"],
        "number": said["number"],
        "issued_at": f"{at.astimezone(clock.ZONE):%Y-%m-%d %H:%M:%S}",
        "about": said["about"],
        "rows": render.rows_of(tuple(_lines(said["subject"]))),
        "parts": parts,
        "keywords": [f"report-number:{said['number']}", f"facts-sha256:{digest}"],
        "facts": " ".join(digest[place : place + 8] for place in range(0, len(digest), 8)),
        "signer": render.printable_in_font(signer.subject),
        "is_demo": signer.is_demo,
    }
    return render.typeset(_TEMPLATE, data, at=at)


def _part(name: str, value: Any) -> dict[str, Any]:
    """One part with its entries; what is one thing and no list (the register, the account) is one entry."""
    found: Sequence[Mapping[str, Any]] = value if isinstance(value, list) else [value] if value else []
    shown = [render.entry_data(_entry(name, number, one)) for number, one in enumerate(found[:ENTRIES], start=1)]
    return {"title": render.pair(Bilingual(*PARTS[name])), "total": len(found), "entries": shown}


def _entry(part: str, number: int, one: Mapping[str, Any]) -> Entry:
    if part == "records":
        return _record(number, one)
    title = next((str(one[name]) for name in TITLES.get(part, ()) if one.get(name)), "") or PARTS[part][0]
    return Entry(number, VALUES.get(title, title), Bilingual("", ""), tuple(_lines(one)), (), (), is_adverse=False)


def _record(number: int, one: Mapping[str, Any]) -> Entry:
    """A datum as papers print records; what its earlier versions said stands under it, version by version."""
    lines = [
        Line(field["name"], field["code"], _text(field["value"])) for field in one["fields"] if _text(field["value"])
    ]
    lines += [
        Line(name, "sender's own", _text(value)) for name, value in one["senders_own_columns"].items() if _text(value)
    ]
    known = ("source", "state", "version", "known_from", "submission", "decided_on", "publish_from", "publish_until", "repair_from",
             "retain_until", "bases")  # fmt: skip
    lines += _lines({name: one.get(name) for name in known})
    for before in one["earlier_versions"]:
        content = "；".join(
            f"{field['name']}：{_text(field['value'])}" for field in before["fields"] if _text(field["value"])
        )
        zh, en = f"第 {before['version']} 版", f"version {before['version']}"
        lines.append(Line(zh, en, f"{_text(before['known_from'])} {_text(before['state'])}。{content}"))
    kind = Bilingual(one["title_zh"], one["title_en"])
    return Entry(number, one["title_zh"], kind, tuple(lines), (), (), is_adverse=False)


def _lines(one: Mapping[str, Any]) -> list[Line]:
    """Labelled values in the order of the document; what is empty is left out, what is inside something is said with its label."""
    lines: list[Line] = []
    for name, value in one.items():
        zh, en = LABELS.get(name, (name, ""))
        if name != "items" and isinstance(value, list) and value and isinstance(value[0], Mapping):
            lines += [
                Line(f"{zh} {place}", f"{en} {place}", _inside(each)) for place, each in enumerate(value, start=1)
            ]
        elif isinstance(value, Mapping):
            if value:
                lines.append(Line(zh, en, _inside(value)))
        elif text := _text(value):
            lines.append(Line(zh, en, text))
    return lines


def _inside(one: Mapping[str, Any]) -> str:
    said = [f"{LABELS.get(name, (name, ''))[0]}：{_text(value)}" for name, value in one.items() if _text(value)]
    return "；".join(said)


def _text(value: Any) -> str:
    """A value in words; "" for what says nothing. Instants are printed to the minute, in Beijing's time."""
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(text for one in value if (text := _text(one)))
    if isinstance(value, Mapping):
        if set(value) == {"item", "zh", "en"}:
            return str(value["zh"])
        if "old" in value and "new" in value:  # a field as it was and as it should be
            return f"{value.get('label_zh', '')}：{value['old']} → {value['new']}"
        return f"（{_inside(value)}）" if _inside(value) else ""
    text = str(value)
    if len(text) == 25 and text[10] == "T" and text.endswith("+08:00"):
        return f"{text[:10]} {text[11:16]}"
    return VALUES.get(text, text)
