"""The reference page is current, and what it shows is true."""

from pathlib import Path

import pytest

from xinyong.rules._functions import FUNCTIONS, Function
from xinyong.rules.language import ColumnType, parse
from xinyong.rules.reference import page

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "rule-language.md"
_DATES = {"XK_JDRQ", "XK_YXQZ", "CF_JDRQ"}
_AMOUNTS = {"CF_NR_FK", "CF_NR_WFFF"}
_TEXTS = {"XK_WSH", "XK_XDR_MC", "XK_XDR_SHXYM", "BZ", "XK_XKJG", "CF_CFLB"}
COLUMNS = (
    dict.fromkeys(_DATES, ColumnType.DATE)
    | dict.fromkeys(_AMOUNTS, ColumnType.DECIMAL)
    | dict.fromkeys(_TEXTS, ColumnType.TEXT)
)


def test_the_page_is_what_the_lists_say_now() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python tools/rule_reference.py"


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda one: one.name)
def test_every_example_is_a_rule_that_uses_its_function(function: Function) -> None:
    rule = parse(function.example, columns=COLUMNS)
    assert any(node.value == function.name for node in rule.tree.walk())
    assert f"`{function.name}(" in page()
