"""What a submission is checked against, compiled once and used for every chunk: the item, the mapping of columns, the
rules parsed, the tables as they are on the day of receipt."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache

from xinyong.catalogue import codes, forbidden, load, tables
from xinyong.catalogue.schema import CodeList, FieldType, Item, RuleSet
from xinyong.intake._columns import Tables
from xinyong.kernel.calendar import Calendar
from xinyong.rules.language import ColumnType, Expression, parse
from xinyong.security.identity import SourceUnit
from xinyong.subjects import registry

_COLUMN_TYPES = {
    FieldType.DATE: ColumnType.DATE,
    FieldType.DECIMAL: ColumnType.DECIMAL,
    FieldType.INTEGER: ColumnType.INTEGER,
    FieldType.BOOLEAN: ColumnType.BOOLEAN,
}
#: Columns that rules may use besides the item's fields.
CONTEXT_COLUMNS = {"today": ColumnType.DATE, "received_on": ColumnType.DATE}


@dataclass(frozen=True, slots=True)
class Clock:
    """What follows from a decision's date, its start and end and its severity: the archive's columns, and lateness."""

    columns: bytes
    is_late: bool


#: Decided on, valid from, last day, severity.
Dates = tuple[date, date | None, date | None, str | None]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a chunk needs. ``columns`` maps the file's column index to a field code, ``headers`` the reverse.
    ``unmapped`` are the sender's own columns, kept with the row; one for a class that may never be collected is not."""

    item: Item
    source: SourceUnit | None
    columns: dict[int, str]
    unmapped: tuple[int, ...]
    header_texts: tuple[str, ...]
    rules: dict[str, Expression]
    required_when: dict[str, Expression]
    severity: tuple[tuple[str, Expression], ...]
    tables: Tables
    calendar: Calendar
    rule_sets: tuple[RuleSet, ...]
    received_at: datetime
    #: The only organisation that rows may be about, by its unified code: who declares of itself. "" is any.
    own_code: str = ""
    #: Remembered for the run: the same dates come again by the thousand.
    clocks: dict[Dates, Clock] = field(default_factory=dict, compare=False, repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """Field code → the sender's header."""
        return {code: self.header_texts[index] for index, code in self.columns.items()}

    @property
    def received_on(self) -> date:
        """The Beijing date of receipt, which "today" means in rules."""
        return self.received_at.date()


@dataclass(frozen=True, slots=True)
class Material:
    """The tables a plan is made with: editions of code lists, exceptions to the check character, working days."""

    editions: Sequence[CodeList]
    exceptions: frozenset[str]
    calendar: Calendar


def own_code(subject_id: int | None) -> str:
    """The code of the organisation that declares of itself, "" where a department reports."""
    return registry.by_id(subject_id).code or "-" if subject_id is not None else ""


def installed() -> Material:
    """The tables of this installation."""
    return Material(codes.editions(), tables.exceptions(), tables.calendar())


def plan(
    item: Item,
    *,
    source: SourceUnit | None,
    columns: dict[int, str],
    headers: tuple[str, ...],
    received_at: datetime,
    material: Material | None = None,
    own_code: str = "",
) -> Plan:
    """Compiles the plan. ``received_at`` is aware, in Beijing time; ``material`` is the installation's own unless given."""
    material = material or installed()
    types = {field.code: _COLUMN_TYPES.get(field.type, ColumnType.TEXT) for field in item.fields} | CONTEXT_COLUMNS
    columns_typed = tuple(types.items())
    on = received_at.date()
    return Plan(
        item=item,
        source=source,
        columns=columns,
        unmapped=tuple(i for i, header in enumerate(headers) if i not in columns and not _is_forbidden(header)),
        header_texts=headers,
        rules={rule.id: _parsed(rule.expression, columns_typed) for rule in item.rules},
        required_when={
            field.code: _parsed(field.required_when, columns_typed) for field in item.fields if field.required_when
        },
        severity=tuple((name, _parsed(text, columns_typed)) for name, text in item.severity.classes)
        if item.severity
        else (),
        tables=Tables(
            code_lists={
                field.code_list: load.code_list(field.code_list, on, among=material.editions)
                for field in item.fields
                if field.code_list
            },
            exceptions=material.exceptions,
            today=on,
        ),
        calendar=material.calendar,
        rule_sets=load.rule_sets(),
        received_at=received_at,
        own_code=own_code,
    )


@lru_cache(4096)
def _parsed(text: str, columns: tuple[tuple[str, ColumnType], ...]) -> Expression:
    return parse(text, columns=dict(columns))


def _is_forbidden(header: str) -> bool:
    """INV-06: a column for religion, blood type and the like goes back with the file and is not kept."""
    hit = forbidden.in_name(header)
    return hit is not None and hit.ban is forbidden.Ban.ABSOLUTE
