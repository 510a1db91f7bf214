"""The form of one row, made from a catalogue item: a label, a hint and an input for each field; and what was typed, read back.

A code that must be made concrete (其他-补办) has a box beside its list. Numbers of persons that were kept are not put into
the page again: the box is empty, and left empty it leaves them as they are.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext

from xinyong.catalogue import codes
from xinyong.catalogue.schema import Code, Field, FieldType, Item, Requirement
from xinyong.intake import entry

#: Longer lists are searched by typing.
_MANY = 40
#: Texts longer than this have several lines.
_LINE = 250
_SEPARATORS = re.compile(r"[;；、,，|\n]+")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_DETAIL, _CLEAR = "--detail", "--clear"


class RowForm(forms.Form):
    """One row. ``values``: what stands in it; ``kept``: of hidden fields, what may be shown of what is kept."""

    use_required_attribute = False

    def __init__(
        self, item: Item, values: Mapping[str, str], kept: Mapping[str, str], *, english: bool, on: date
    ) -> None:
        super().__init__()
        self.lists: dict[str, list[tuple[str, str]]] = {}
        for one in entry.fields(item):
            codes = _codes(one, on)
            hidden = kept.get(one.code, "") if entry.is_hidden(one) else ""
            if one.code in kept and entry.is_hidden(one):
                values = {**values, one.code: ""}
            made = _made(one, codes, values.get(one.code, ""), english)
            made.label = one.name_en if english else one.name_zh
            made.required = one.requirement is Requirement.REQUIRED
            made.help_text = _hint(one, item, hidden, english)
            made.widget.attrs["aria-describedby"] = " ".join(
                [f"id_{one.code}_helptext"] * bool(made.help_text) + [f"said-{one.code}"]
            )
            self.fields[one.code] = made
            if codes and not one.is_multiple and len(codes) > _MANY:
                self.lists[one.code] = _options(codes, english)
            if any(code.needs_detail for code in codes):
                self.fields[one.code + _DETAIL] = forms.CharField(
                    label=gettext("“%(field)s”选“其他”的，写明具体类别") % {"field": made.label}, required=False, max_length=100,
                    initial=_detail(values.get(one.code, ""), codes),
                )  # fmt: skip
            if hidden and not made.required:
                self.fields[one.code + _CLEAR] = forms.BooleanField(label=gettext("删去已保存的号码"), required=False)


def typed(item: Item, sent: QueryDict, before: Mapping[str, str], on: date) -> dict[str, str]:
    """Field code → what was typed; a hidden field left empty keeps what it had ``before``."""
    found = {}
    for one in entry.fields(item):
        text = sent.get(one.code, "")
        codes = _codes(one, on)
        if codes:
            detail = sent.get(one.code + _DETAIL, "").strip()
            parts = [_with_detail(part, detail, codes) for part in sent.getlist(one.code) if part.strip()]
            text = ";".join(parts) if one.is_multiple else (parts or [""])[0]
        if not text.strip() and entry.is_hidden(one) and not sent.get(one.code + _CLEAR):
            text = before.get(one.code, "")
        found[one.code] = text
    return entry.tidy(item, found)


def _made(one: Field, codes: tuple[Code, ...], value: str, english: bool) -> forms.Field:
    attrs: dict[str, Any] = {"autocomplete": "off"}
    if codes:
        return _choice(one, codes, value, english)
    if one.type is FieldType.BOOLEAN:
        options = [("", gettext("请选择")), ("是", gettext("是")), ("否", gettext("否"))]
        return forms.ChoiceField(choices=options + _strange([value], options), initial=value)
    if one.type is FieldType.DATE and (not value or _ISO.fullmatch(value)):
        return forms.CharField(initial=value, widget=forms.DateInput(attrs=attrs | {"type": "date"}))
    if one.type in {FieldType.DECIMAL, FieldType.INTEGER}:
        attrs["inputmode"] = "decimal" if one.type is FieldType.DECIMAL else "numeric"
    if one.type in {FieldType.USCC, FieldType.ORG_CODE, FieldType.CERTIFICATE}:
        attrs |= {"spellcheck": "false", "autocapitalize": "characters"}
    is_long = one.type is FieldType.TEXT and (one.length or 0) > _LINE
    # A text from a file that is too long stays whole, to be shortened by a person.
    longest = max(one.length or 0, len(value)) if one.length else None
    widget = forms.Textarea(attrs=attrs | {"rows": 3}) if is_long else forms.TextInput(attrs=attrs)
    return forms.CharField(initial=value, widget=widget, max_length=longest)


def _choice(one: Field, codes: tuple[Code, ...], value: str, english: bool) -> forms.Field:
    options = _options(codes, english)
    chosen = [_head(part, codes) for part in (_SEPARATORS.split(value) if one.is_multiple else [value]) if part.strip()]
    extra = _strange(chosen, options)
    if one.is_multiple:
        return forms.MultipleChoiceField(choices=options + extra, initial=chosen, widget=forms.CheckboxSelectMultiple)
    first = (chosen or [""])[0]
    if len(codes) > _MANY:
        attrs = {"list": f"list-{one.code}", "autocomplete": "off"}
        return forms.CharField(initial=first, widget=forms.TextInput(attrs=attrs))
    return forms.ChoiceField(choices=[("", gettext("请选择")), *options, *extra], initial=first)


def _codes(one: Field, on: date) -> tuple[Code, ...]:
    return codes.of(one.code_list, on).codes if one.code_list else ()


def _options(codes: Iterable[Code], english: bool) -> list[tuple[str, str]]:
    named = [(one.value, one.name_en if english else one.name_zh) for one in codes]
    return [
        (value, name if value == name or value.isascii() is False else f"{name}（{value}）") for value, name in named
    ]


def _strange(chosen: Iterable[str], options: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """What stands there and is no choice stays one, until a person chooses."""
    known = {value for value, _ in options}
    return [(value, value) for value in chosen if value and value not in known]


def _head(part: str, codes: tuple[Code, ...]) -> str:
    """The code that a text says, whichever way it is written; the text where it says none."""
    plain = part.strip()
    for one in codes:
        if plain.lower() in {spelling.lower() for spelling in (one.value, one.name_zh, *one.aliases)}:
            return one.value
    return next((one.value for one in codes if one.needs_detail and plain.startswith(f"{one.value}-")), plain)


def _detail(value: str, codes: tuple[Code, ...]) -> str:
    for part in _SEPARATORS.split(value):
        for one in codes:
            if one.needs_detail and part.strip().startswith(f"{one.value}-"):
                return part.strip().removeprefix(f"{one.value}-")
    return ""


def _with_detail(part: str, detail: str, codes: tuple[Code, ...]) -> str:
    needs = detail and any(one.value == part and one.needs_detail for one in codes)
    return f"{part}-{detail}" if needs else part.strip()


def _hint(one: Field, item: Item, hidden: str, english: bool) -> str:
    said = [one.note] if one.note else []
    if one.requirement is Requirement.REQUIRED:
        said.insert(0, gettext("必填。"))
    elif one.required_when:
        said.insert(0, gettext("视其他内容必填，检查时会提示。"))
    elif one.one_of:
        group = [f.name_en if english else f.name_zh for f in item.fields if f.one_of == one.one_of and f is not one]
        said.insert(0, gettext("与“%(others)s”至少填一项。") % {"others": "、".join(group)})
    if one.unit:
        said.append(gettext("单位：%(unit)s。") % {"unit": one.unit})
    if one.example and not entry.is_hidden(one):
        said.append(gettext("例：%(example)s") % {"example": one.example})
    if hidden:
        said.append(gettext("已保存 %(masked)s，不改请留空。") % {"masked": hidden})
    return " ".join(said)
