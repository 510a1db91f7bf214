"""A catalogue item for other tools: JSON Schema, Frictionless Table Schema, an empty import workbook.

Sources: JSON Schema 2020-12; Table Schema 1 (Frictionless Data). What those cannot say stands under ``x-xinyong``.
"""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from xinyong.catalogue import _workbook, body, load
from xinyong.catalogue.schema import Code, CodeList, Field, FieldType, Item, Requirement

#: Editions of code lists to look in; None: the library's.
Editions = Sequence[CodeList] | None
_By = tuple[date | None, Editions]

#: The 31 characters of a unified social credit code (GB 32100-2015), and those of an organisation code (GB 11714).
_PATTERNS = {
    FieldType.USCC: "^[0-9A-HJ-NPQRTUWXY]{18}$",
    FieldType.ORG_CODE: "^[0-9A-Z]{8}-?[0-9X]$",
}


def yaml(item: Item) -> str:
    """The item as a catalogue file, ready to be edited into the next version."""
    return body.to_yaml(item)


def workbook(item: Item, *, on: date | None = None, among: Editions = None) -> bytes:
    """An empty XLSX to fill in: headers with drop-downs, notes and formats; a second sheet explains every field."""
    codes = {one.code: _codes(one, (on, among)) for one in item.fields if one.code_list}
    return _workbook.build(item, codes)


def json_schema(item: Item, *, on: date | None = None, among: Editions = None) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one row keyed by column codes, as interfaces send it. ``on`` picks code editions, ``among`` these
    instead of the library's.

    What depends on other fields (``required_when``, rules) cannot be said there: it stands in ``x-xinyong``.
    """
    required = [one.code for one in item.fields if one.requirement is Requirement.REQUIRED]
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:xinyong:catalogue:{item.id}:{item.version}",
        "title": item.title_zh,
        "description": item.description,
        "type": "object",
        "properties": {one.code: _property(one, (on, among)) for one in item.fields},
        "required": required,
        "additionalProperties": True,
    }
    groups: dict[str, list[str]] = {}
    for one in item.fields:
        if one.one_of:
            groups.setdefault(one.one_of, []).append(one.code)
    if groups:
        schema["allOf"] = [{"anyOf": [{"required": [code]} for code in codes]} for codes in groups.values()]
    schema["x-xinyong"] = _extras(item)
    return schema


def table_schema(item: Item, *, on: date | None = None, among: Editions = None) -> dict[str, Any]:
    """The Frictionless Table Schema of a file with the column codes as headers; Chinese headers are the titles."""
    fields = [_column(one, (on, among)) for one in item.fields if one.requirement is not Requirement.BLANK]
    return {"fields": fields, "missingValues": [""], "x-xinyong": _extras(item)}


def _property(one: Field, by: _By) -> dict[str, Any]:
    found: dict[str, Any] = {"title": one.name_zh, "description": one.note} if one.note else {"title": one.name_zh}
    if one.requirement is Requirement.BLANK:
        return found | {"enum": [None, ""]}
    must = one.requirement is Requirement.REQUIRED
    match one.type:
        case FieldType.INTEGER:
            found |= {"type": "integer"}
        case FieldType.BOOLEAN:
            found |= {"type": "boolean"}
        case FieldType.DECIMAL:
            # As text too: 18 digits with 6 decimals do not fit a double exactly.
            found |= {"type": ["number", "string"], "pattern": _decimal(one)}
        case FieldType.DATE:
            found |= {"type": "string", "format": "date"}
        case FieldType.CODE:
            found |= _coded(one, _codes(one, by))
        case _:
            found |= {"type": "string"}
            if one.length:
                found["maxLength"] = one.length
            if one.type in _PATTERNS:
                found["pattern"] = _PATTERNS[one.type]
    if must and found.get("type") == "string":
        found["minLength"] = 1
    if not must:
        kinds = found.pop("type", None)
        if "enum" in found:
            found["enum"] = [*found["enum"], None]
        else:
            found["type"] = [*(kinds if isinstance(kinds, list) else [kinds]), "null"]
    return found | _notes(one)


def _coded(one: Field, codes: tuple[Code, ...]) -> dict[str, Any]:
    if not one.is_multiple and not any(code.needs_detail for code in codes):
        return {"enum": [code.value for code in codes]}
    found: dict[str, Any] = {"type": "string", "pattern": _pattern(one, codes)}
    return found | ({"maxLength": one.length} if one.length else {})


def _pattern(one: Field, codes: tuple[Code, ...]) -> str:
    values = [re.escape(code.value) + ("-[^;]+" if code.needs_detail else "") for code in codes]
    single = f"(?:{'|'.join(values)})"
    return f"^{single}(?:;{single})*$" if one.is_multiple else f"^{single}$"


def _decimal(one: Field) -> str:
    whole = (one.length or 18) - (one.scale or 0)
    return rf"^-?\d{{1,{whole}}}(?:\.\d{{1,{one.scale}}})?$"


def _column(one: Field, by: _By) -> dict[str, Any]:
    kinds = {
        FieldType.INTEGER: "integer", FieldType.BOOLEAN: "boolean", FieldType.DECIMAL: "number", FieldType.DATE: "date",
    }  # fmt: skip
    found: dict[str, Any] = {"name": one.code, "title": one.name_zh, "type": kinds.get(one.type, "string")}
    if one.type is FieldType.BOOLEAN:
        found |= {"trueValues": ["是", "true", "TRUE", "1"], "falseValues": ["否", "false", "FALSE", "0"]}
    if one.note:
        found["description"] = one.note
    if one.example:
        found["example"] = _example(one, by)
    limits: dict[str, Any] = {}
    if one.requirement is Requirement.REQUIRED:
        limits["required"] = True
    if one.length and found["type"] == "string":
        limits["maxLength"] = one.length
    if one.code_list:
        codes = _codes(one, by)
        coded = _coded(one, codes)
        limits |= {"enum": coded["enum"]} if "enum" in coded else {"pattern": coded["pattern"]}
    elif one.type in _PATTERNS:
        limits["pattern"] = _PATTERNS[one.type]
    return found | ({"constraints": limits} if limits else {}) | _notes(one)


def _example(one: Field, by: _By) -> str:
    """The example as a file of codes has it: the library's examples are what people write, which may be a code's name."""
    assert one.example is not None
    by_name = {code.name_zh: code.value for code in _codes(one, by)} if one.code_list else {}
    return by_name.get(one.example, one.example)


def _notes(one: Field) -> dict[str, Any]:
    notes = {
        "grade": one.grade.value, "personal": one.is_personal or None, "unit": one.unit, "aliases": list(one.aliases),
        "required_when": one.required_when, "computed": one.is_computed or None, "code_list": one.code_list,
    }  # fmt: skip
    return {"x-xinyong": {key: value for key, value in notes.items() if value}}


def _extras(item: Item) -> dict[str, Any]:
    return {
        "item": item.id,
        "version": item.version,
        "effective_from": item.effective_from.isoformat() if item.effective_from else None,
        "natural_key": list(item.natural_key),
        "disclosure": item.disclosure.value,
        "rules": [body.rule_data(rule) for rule in item.rules],
        "bases": [{"id": one.id, "title": one.title, "article": one.article} for one in item.bases],
    }


def _codes(one: Field, by: _By) -> tuple[Code, ...]:
    assert one.code_list is not None
    on, among = by
    known = load.editions() if among is None else among
    day = on or max(edition.valid_from for edition in known if edition.id == one.code_list)
    return load.code_list(one.code_list, day, among=known).codes
