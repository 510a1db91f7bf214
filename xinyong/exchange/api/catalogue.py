"""The catalogue as programs read it: items in force with their fields and checks, code tables."""

from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Schema

from xinyong.catalogue import codes, publish
from xinyong.catalogue.schema import CodeList, Item
from xinyong.exchange.door import SAME, Entrance, operation
from xinyong.kernel import clock
from xinyong.security.access import Action

Id = Annotated[str, Path(pattern=r"^[a-z0-9_]+([-_][a-z0-9_]+)*$", max_length=60)]


class ItemLine(Schema):
    """A catalogue item in a list."""

    id: str
    version: int
    title_zh: str
    title_en: str
    category: int
    section: str
    disclosure: str
    is_about_persons: bool
    effective_from: date | None


class ItemField(Schema):
    """A field: what to send and who may see it."""

    code: str
    name_zh: str
    name_en: str
    type: str
    length: int | None
    unit: str
    requirement: str
    grade: str
    is_personal: bool
    is_computed: bool
    code_table: str | None


class RuleOut(Schema):
    """A check that a row must pass."""

    id: str
    severity: str
    message_zh: str
    message_en: str
    columns: list[str]


class ItemOut(ItemLine):
    """An item with its fields, key, checks and bases."""

    source: str
    update_cycle: str
    timeliness_working_days: int | None
    natural_key: list[str]
    bases: list[str]
    fields: list[ItemField]
    rules: list[RuleOut]


class Items(Schema):
    """All items in force."""

    items: list[ItemLine]


class TableLine(Schema):
    """A code table in a list."""

    id: str
    title_zh: str
    title_en: str
    valid_from: date


class CodeOut(Schema):
    """A code and its names."""

    value: str
    name_zh: str
    name_en: str


class TableOut(TableLine):
    """A code table with its codes."""

    codes: list[CodeOut]


class Tables(Schema):
    """All code tables."""

    tables: list[TableLine]


@operation(
    "GET", "/catalogue/items", action=Action.CALL_API, by=Entrance.TOKEN, scope="read:catalogue", returns=Items,
    summary="目录事项 Catalogue items", sandbox=SAME,
)  # fmt: skip
def catalogue_items(request: HttpRequest) -> Items:
    """Every item in force today."""
    return Items(items=[ItemLine(**_line(one)) for one in publish.items()])


@operation(
    "GET", "/catalogue/items/{item_id}", action=Action.CALL_API, by=Entrance.TOKEN, scope="read:catalogue",
    returns=ItemOut, summary="一个目录事项 One catalogue item", sandbox=SAME,
)  # fmt: skip
def catalogue_item(request: HttpRequest, item_id: Id) -> ItemOut:
    """One item as it is in force today, with what its rows must look like."""
    one = publish.current(item_id)
    return ItemOut(
        **_line(one), source=one.source, update_cycle=one.update_cycle,
        timeliness_working_days=one.timeliness_working_days, natural_key=list(one.natural_key),
        bases=[f"{basis.title}{basis.article}" for basis in one.bases],
        fields=[
            ItemField(
                code=field.code, name_zh=field.name_zh, name_en=field.name_en, type=field.type, length=field.length,
                unit=field.unit, requirement=field.requirement, grade=field.grade, is_personal=field.is_personal,
                is_computed=field.is_computed, code_table=field.code_list,
            )
            for field in one.fields
        ],
        rules=[
            RuleOut(
                id=rule.id, severity=rule.severity, message_zh=rule.message, message_en=rule.message_en,
                columns=list(rule.columns),
            )
            for rule in one.rules
        ],
    )  # fmt: skip


@operation(
    "GET", "/catalogue/code-tables", action=Action.CALL_API, by=Entrance.TOKEN, scope="read:catalogue", returns=Tables,
    summary="代码表 Code tables", sandbox=SAME,
)  # fmt: skip
def code_tables(request: HttpRequest) -> Tables:
    """Every code table, in the edition in force today."""
    return Tables(tables=[TableLine(**_table(one)) for one in codes.newest(on=clock.today()).values()])


@operation(
    "GET", "/catalogue/code-tables/{table_id}", action=Action.CALL_API, by=Entrance.TOKEN, scope="read:catalogue",
    returns=TableOut, summary="一张代码表 One code table", sandbox=SAME,
)  # fmt: skip
def code_table(request: HttpRequest, table_id: Id) -> TableOut:
    """One code table with its codes, in the edition in force today."""
    one = codes.of(table_id, clock.today())
    entries = [CodeOut(value=code.value, name_zh=code.name_zh, name_en=code.name_en) for code in one.codes]
    return TableOut(**_table(one), codes=entries)


def _line(one: Item) -> dict[str, Any]:
    return {
        "id": one.id, "version": one.version, "title_zh": one.title_zh, "title_en": one.title_en,
        "category": one.category, "section": one.section.value, "disclosure": one.disclosure.value,
        "is_about_persons": one.is_about_persons, "effective_from": one.effective_from,
    }  # fmt: skip


def _table(one: CodeList) -> dict[str, Any]:
    return {"id": one.id, "title_zh": one.title_zh, "title_en": one.title_en, "valid_from": one.valid_from}
