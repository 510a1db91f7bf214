"""The interface page of an item is generated from it: its example passes its own schema and the checks it lists exist."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from jsonschema import Draft202012Validator

from xinyong.catalogue import load
from xinyong.intake import usage

ITEMS = load.library()
ORIGIN, TODAY = "https://credit.example.gov.cn", date(2026, 11, 22)


@pytest.mark.parametrize("item_id", ITEMS)
def test_the_openapi_document_is_one_and_its_example_fits_its_own_schema(item_id: str) -> None:
    one = usage.of(ITEMS[item_id], on=TODAY, origin=ORIGIN)
    described = usage.openapi(one, on=TODAY, origin=ORIGIN)
    operations = [found.ok() for found in schemathesis.openapi.from_dict(described).get_all_operations()]
    assert [(one.method, one.path) for one in operations] == [("post", "/submissions")]
    content: dict[str, Any] = described["paths"]["/submissions"]["post"]["requestBody"]["content"]["application/json"]
    row = described["components"]["schemas"]["Row"]
    assert content["example"]["item"] == item_id
    assert list(Draft202012Validator(row).iter_errors(content["example"]["rows"][0])) == []


@pytest.mark.parametrize("item_id", ITEMS)
def test_the_page_to_take_away_names_every_field_and_every_check_of_the_item(item_id: str) -> None:
    item = ITEMS[item_id]
    text = usage.markdown(usage.of(item, on=TODAY, origin=ORIGIN))
    for one in item.fields:
        assert (f"| `{one.code}` |" in text) == (one.requirement != "blank" and not one.is_computed)
    for rule in item.rules:
        assert f"| `{rule.id}` | {rule.severity} |" in text


def test_no_page_shows_a_number_of_a_person() -> None:
    for item in ITEMS.values():
        text = usage.markdown(usage.of(item, on=TODAY, origin=ORIGIN))
        assert not re.search(r"(?<!\d)[1-9]\d{5}(?:19|20)\d{9}[\dXx](?![\dA-Z])", text), item.id
        assert (usage.NUMBER in text) == item.is_about_persons


def test_every_general_check_on_the_page_is_one_the_intake_makes() -> None:
    folder = Path(usage.__file__).parent
    made = "".join(path.read_text("utf-8") for path in folder.glob("*.py") if path.name != "usage.py")
    for _, rule, *_ in usage._FORMATS:
        head, _, reason = rule.partition("-")
        assert rule in made or (f"{head}-{{" in made and f'"{reason}"' in made), rule
