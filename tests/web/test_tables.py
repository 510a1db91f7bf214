"""Tables: sorting by address, drawn markup."""

from django.template import Context, Template

from xinyong.web.tables import Cell, Column, Sort, table

COLUMNS = (
    Column("name", "名称", is_sortable=True, is_key=True),
    Column("rows", "行数", "number", is_sortable=True),
    Column("x", "别的"),
)


def _draw(sort: Sort | None = None, rows: list[list[Cell]] | None = None) -> str:
    made = table(
        caption="报送",
        columns=COLUMNS,
        rows=rows if rows is not None else [[Cell("甲", href="/a"), Cell(3), Cell("<b>")]],
        sort=sort,
    )
    return Template("{% load pieces %}{% table made %}").render(Context({"made": made}))


def test_a_head_sorts_and_then_turns_the_order_round() -> None:
    first = Sort.of({"sort": "name", "status": "open", "after": "x"}, COLUMNS, "-rows")
    assert first.head(COLUMNS[0]).href == "?status=open&sort=-name"
    assert first.head(COLUMNS[0]).sorted == "ascending"
    assert first.head(COLUMNS[1]).href == "?status=open&sort=rows"
    assert first.head(COLUMNS[2]).href == ""


def test_an_unknown_sort_falls_back_to_the_default() -> None:
    asked = Sort.of({"sort": "password"}, COLUMNS, "-rows")
    assert (asked.key, asked.is_descending) == ("rows", True)


def test_the_drawn_table_has_a_caption_scopes_and_escaped_cells() -> None:
    html = _draw(Sort.of({}, COLUMNS, "-rows"))
    assert "<caption" in html
    assert html.count('scope="col"') == 3
    assert 'aria-sort="descending"' in html
    assert "&lt;b&gt;" in html
    assert 'data-label="行数"' in html


def test_an_empty_table_says_so() -> None:
    assert "没有符合条件的内容" in _draw(rows=[])
