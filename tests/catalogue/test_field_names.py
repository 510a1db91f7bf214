"""A catalogue whose field names try to be something else is refused with a sentence; in headers and rules they are names only
(security.md §3-23, T25)."""

from datetime import date

import pyarrow as pa
import pytest

from tests.catalogue import samples
from xinyong.catalogue import load
from xinyong.catalogue.load import CatalogueError
from xinyong.intake import headers
from xinyong.rules import duckdb_engine
from xinyong.rules.language import ColumnType, parse

NAMES = [
    "_connector", 'a"b', "x__regex", "X__REGEX; --", "id", "pk", "class", "__class__", "{0.__class__}", "%(x)s", "a'b", "a b", "a;b",
    "$where", "DROP TABLE record", "\u202eCODE", "ＣＯＤＥ", "C" * 41, "", "1CODE", "CO\nDE", "../x", "A.B", "A[0]", "A->B",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_field_code_is_capital_letters_digits_and_underscores(name: str) -> None:
    item = samples.data()
    item["fields"][4]["code"] = name
    with pytest.raises(CatalogueError):
        load.load_item(samples.text(item))


@pytest.mark.parametrize(
    "name", ["_connector", 'a"b', "x__regex", "'; DROP TABLE record; --", "{0.__class__}", "%(x)s"]
)
def test_a_strange_alias_is_a_header_and_nothing_else(name: str) -> None:
    item = samples.data()
    item["fields"][4]["aliases"] = [name]
    found = load.load_item(samples.text(item))
    mapping = headers.map_headers(["ZTMC", "TYSHXYDM", "JCBH", "JCRQ", name], found)
    assert mapping.columns[4] == "JCJG"


@pytest.mark.parametrize("name", NAMES[:12])
def test_a_rule_over_a_strange_column_reads_that_column(name: str) -> None:
    rule = parse('"' + name.replace('"', '""') + "\" = 'x'", columns={name: ColumnType.TEXT, "today": ColumnType.DATE})
    table = pa.table({name: ["x", "y", None]})
    result = duckdb_engine.evaluate(table, {"rule": rule}, given={"today": date(2026, 1, 1)})
    assert result.column("rule").to_pylist() == [True, False, None]
