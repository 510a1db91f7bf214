"""An item as plain data: the form of the YAML files, of a published version's body, and of its digest."""

import hashlib
import json
from dataclasses import fields as parts_of
from enum import StrEnum
from typing import Any

import yaml

from xinyong.catalogue.schema import Basis, Code, CodeList, Field, Item, Publicity, Retention, Roles, Rule, SeverityRule

#: Attributes that are two halves of one ``{zh: …, en: …}`` in the file.
_FIELD_KEYS = (
    "type", "length", "scale", "unit", "requirement", "required_when", "one_of", "grade", "is_personal", "masking",
    "code_list", "is_multiple", "certificate_kind", "is_computed", "aliases", "example", "note",
)  # fmt: skip
_FIELD_DEFAULTS = {one.name: one.default for one in parts_of(Field)}


def to_data(item: Item) -> dict[str, Any]:
    """The item as data that ``load.item_from_data`` reads back to an equal item; defaults are left out."""
    data: dict[str, Any] = {
        "id": item.id,
        "version": item.version,
        "effective_from": item.effective_from.isoformat() if item.effective_from else None,
        "title": _pair(item.title_zh, item.title_en),
        "description": _pair(item.description, item.description_en) if item.description else None,
        "category": item.category,
        "nature": item.nature.value,
        "section": item.section.value,
        "is_adverse": item.is_adverse,
        "level": item.level,
        "parent": {"item": item.parent.item, "version": item.parent.version} if item.parent else None,
        "is_verified": item.is_verified,
        "subject_classes": list(item.subject_classes),
        "is_about_persons": item.is_about_persons,
        "self_declared": True if item.is_self_declared else None,
        "consent": _pair(item.consent, item.consent_en) if item.consent else None,
        "topic_basis": item.topic_basis,
        "bases": [_basis(one) for one in item.bases],
        "natural_key": list(item.natural_key),
        "source": item.source,
        "disclosure": item.disclosure.value,
        "update_cycle": item.update_cycle,
        "timeliness_working_days": item.timeliness_working_days,
        "publicity": _publicity(item.publicity),
        "retention": _retention(item.retention),
        "roles": _roles(item.roles),
        "summary": list(item.summary),
        "fields": [field_data(one) for one in item.fields],
        "rules": [rule_data(one) for one in item.rules],
        "severity": _severity(item.severity) if item.severity else None,
    }
    return {key: value for key, value in data.items() if value is not None}


def canonical(item: Item) -> str:
    """The item as JSON with sorted keys: equal items give equal text."""
    return json.dumps(to_data(item), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(item: Item) -> str:
    """SHA-256 of the canonical form, in hex."""
    return hashlib.sha256(canonical(item).encode()).hexdigest()


def to_yaml(item: Item) -> str:
    """The item as a YAML file that loads back to an equal item."""
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(yaml.dump(to_data(item), Dumper=dumper, allow_unicode=True, sort_keys=False, width=118))


def field_data(one: Field) -> dict[str, Any]:
    """A field as data; what equals the default is left out."""
    data: dict[str, Any] = {"code": one.code, "name": _pair(one.name_zh, one.name_en)}
    for key in _FIELD_KEYS:
        value = getattr(one, key)
        if key == "type" or value != _FIELD_DEFAULTS[key]:
            data[key] = (
                value.value if isinstance(value, StrEnum) else list(value) if isinstance(value, tuple) else value
            )
    return data


def rule_data(one: Rule) -> dict[str, Any]:
    """A rule as data."""
    data: dict[str, Any] = {
        "id": one.id, "check": one.expression, "severity": one.severity.value,
        "message": _pair(one.message, one.message_en), "basis": one.basis, "columns": list(one.columns),
    }  # fmt: skip
    return data | ({"suggestion": one.suggestion} if one.suggestion else {})


def code_data(one: Code) -> dict[str, Any]:
    """A code of a list as data."""
    return {
        "value": one.value,
        "name": _pair(one.name_zh, one.name_en),
        "aliases": list(one.aliases),
        "needs_detail": one.needs_detail,
    }


def code_list_data(one: CodeList) -> dict[str, Any]:
    """An edition of a code list as data that ``load.code_list_from_data`` reads back to an equal one."""
    return {
        "id": one.id, "title": _pair(one.title_zh, one.title_en), "valid_from": one.valid_from.isoformat(),
        "valid_to": one.valid_to.isoformat() if one.valid_to else None, "source": one.source,
        "is_verified": one.is_verified, "codes": [code_data(code) for code in one.codes],
    }  # fmt: skip


def _pair(zh: str, en: str) -> dict[str, str]:
    return {"zh": zh, "en": en}


def _basis(one: Basis) -> dict[str, Any]:
    data = {"id": one.id, "title": one.title, "article": one.article, "rank": one.rank, "is_verified": one.is_verified}
    return {key: value for key, value in data.items() if value != ""}


def _publicity(one: Publicity) -> dict[str, Any]:
    return {"clock": one.clock} | ({"months_after": one.months_after} if one.months_after else {})


def _retention(one: Retention) -> dict[str, Any]:
    return ({"years": one.years} if one.years is not None else {}) | {"start": one.start}


def _roles(one: Roles) -> dict[str, Any]:
    named = {part.name: getattr(one, part.name) for part in parts_of(Roles)}
    return {key: dict(value) if isinstance(value, dict) else value for key, value in named.items() if value}


def _severity(one: SeverityRule) -> dict[str, Any]:
    return {
        "basis": one.basis,
        "classes": [{"is": name, "when": expression} for name, expression in one.classes],
        "otherwise": one.otherwise,
    }
