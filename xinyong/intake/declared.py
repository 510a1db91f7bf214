"""What a department says it decided in a month (应报数), "nothing this month" (零报告), and what a spot check found (抽查):
the denominators of the reporting rate, which come from outside the platform.

A word is never changed: a later one takes its place, also to take it back, and all of them stay in the history. A zero
report stands beside what arrives: when rows of that month come after all, everybody who sees the one sees the other.
Basis: domain rules of the two-item publicity (上报率 = 已报 ÷ 应报; 瞒报抽查), [M] for the form of the declaration.
"""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, connection, transaction

from xinyong.catalogue import publish
from xinyong.intake import duties
from xinyong.intake.models import Declaration
from xinyong.kernel import clock, sql
from xinyong.kernel.errors import Conflict, Invalid
from xinyong.kernel.periods import Period, month_of
from xinyong.records import arrived
from xinyong.security import audit, identity
from xinyong.security.access import BOUNDED, Action, Actor, require
from xinyong.security.identity import SourceUnit

_SQL = sql.load(__file__, "intake.sql")
TOTAL, SPOT_CHECK = Declaration.Kind.TOTAL.value, Declaration.Kind.SPOT_CHECK.value
#: No department of a city decides more in a month; a longer number is a slip of the finger.
MOST = 10_000_000


class NotThatMonth(Invalid):
    """The month has not begun."""

    code = "intake.month-not-begun"


class BadNumber(Invalid):
    """Not a count of decisions."""

    code = "intake.bad-declared-number"


class SaidMeanwhile(Conflict):
    """Another word came between."""

    code = "intake.declared-meanwhile"


class NothingToTakeBack(Conflict):
    """Nothing is declared."""

    code = "intake.nothing-declared"


@dataclass(frozen=True, slots=True)
class Word:
    """One version of a declaration; ``number`` None was taken back, 0 of a total is a zero report."""

    source_id: int
    item_id: str
    kind: str
    version: int
    number: int | None
    found: int | None
    note: str
    made_at: datetime
    made_by: str

    @property
    def is_zero_report(self) -> bool:
        """Nothing this month."""
        return self.kind == TOTAL and self.number == 0


@dataclass(frozen=True, slots=True)
class Line:
    """A unit, an item and a month: whether it is owed, what was declared and checked, and what arrived."""

    source_id: int
    source_code: str
    source_name: str
    item_id: str
    is_owed: bool
    total: Word | None
    spot_check: Word | None
    arrived: int

    @property
    def is_contradicted(self) -> bool:
        """A zero report, and rows of that month all the same."""
        return bool(self.total and self.total.is_zero_report and self.arrived)

    @property
    def version(self) -> int:
        """The version somebody sees who declares now."""
        return self.total.version if self.total else 0


def declare(
    *, item_id: str, source_code: str, period: Period, number: int, note: str = "", after: int | None = None, by: Actor,
    at: datetime,
) -> Word:  # fmt: skip
    """Says how many decisions of the item a unit made in a month; zero is a zero report. ``after``: the version the one
    who declares has seen. Raises NotAllowed, NotThatMonth, BadNumber, SaidMeanwhile, UnknownItem, UnknownDepartment."""
    _counts(number)
    return _say(TOTAL, item_id, source_code, period, number, None, note, after, by, at)


def report_zero(
    *, item_id: str, source_code: str, period: Period, note: str = "", after: int | None = None, by: Actor, at: datetime
) -> Word:
    """Says that there was nothing (零报告). Raises as ``declare``."""
    return declare(
        item_id=item_id, source_code=source_code, period=period, number=0, note=note, after=after, by=by, at=at
    )


def take_back(
    *, item_id: str, source_code: str, period: Period, kind: str = TOTAL, note: str = "", after: int | None = None,
    by: Actor, at: datetime,
) -> Word:  # fmt: skip
    """Takes a declaration back by a later version without a number; the history keeps what was said. Raises as
    ``declare``, and NothingToTakeBack."""
    return _say(kind, item_id, source_code, period, None, None, note, after, by, at)


def spot_check(
    *, item_id: str, source_code: str, period: Period, checked: int, found: int, note: str = "", by: Actor, at: datetime
) -> Word:
    """Enters a spot check: of so many decisions seen at the unit, so many had been reported. Raises as ``declare``."""
    _counts(checked)
    _counts(found)
    if found > checked:
        raise BadNumber(
            f"抽查 {checked} 件，不可能查到 {found} 件已报。",
            f"{found} cannot have been reported of {checked} looked at.",
        )
    return _say(SPOT_CHECK, item_id, source_code, period, checked, found, note, None, by, at)


def lines(period: Period, *, seen_by: Actor, as_of: datetime, source_code: str = "") -> list[Line]:
    """A month's declarations beside what arrived, by unit and item: what is owed, what was declared, what came. A source
    unit sees its own. One audit entry. Raises NotAllowed, UnknownDepartment."""
    require(seen_by, Action.VIEW_RATES)
    audit.enter(
        audit.Event.DECLARATIONS_VIEWED, by=seen_by, object_kind="declarations", object_ref=f"{period.start:%Y-%m}"
    )
    is_bounded = Action.VIEW_RATES in BOUNDED.get(seen_by.role, frozenset())
    unit = identity.source_unit(str(seen_by.department), even_closed=True) if is_bounded else None
    if not is_bounded and source_code:
        unit = identity.source_unit(source_code, even_closed=True)
    said = {(one.source_id, one.item_id, one.kind): one for one in words(period, as_of=as_of)}
    due = {(one.source_id, one.item_id) for one in duties.owed(period, as_of=as_of, seen_by=seen_by)}
    came = arrived.counts(period, as_of=as_of, seen_by=seen_by)
    keys = {key[:2] for key in said} | due | set(came)
    units = {one.id: one for one in identity.source_units()}
    shown = [
        Line(
            source_id=source, source_code=units[source].code, source_name=units[source].name, item_id=item,
            is_owed=(source, item) in due, total=said.get((source, item, TOTAL)),
            spot_check=said.get((source, item, SPOT_CHECK)), arrived=came[source, item].standing if (source, item) in came else 0,
        )
        for source, item in keys
        if (unit is None or unit.id == source) and (seen_by.items is None or item in seen_by.items)
    ]  # fmt: skip
    return sorted(shown, key=lambda one: (one.source_code, one.item_id))


def words(period: Period, *, as_of: datetime) -> list[Word]:
    """The newest word of each unit, item and kind on a month, as it was known; what the actor may see, by the database."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL["declared"], {"from": period.start, "as_of": as_of, "unit": None})
        return [Word(*row) for row in cursor.fetchall()]


def history(*, item_id: str, source_code: str, period: Period, seen_by: Actor) -> list[Word]:
    """Every version, the newest first: who said what when; one audit entry. Raises NotAllowed, UnknownDepartment,
    UnknownItem."""
    unit = identity.source_unit(source_code, even_closed=True)
    require(seen_by, Action.VIEW_RATES, department=unit.code, item=item_id)
    publish.current(item_id)
    audit.enter(
        audit.Event.DECLARATIONS_VIEWED, by=seen_by, object_kind="declarations", object_ref=f"{period.start:%Y-%m}",
        unit=unit.code, item=item_id,
    )  # fmt: skip
    found = Declaration.objects.filter(source_id=unit.id, item_id=item_id, period=period.start).order_by("-id")
    return [_word(one) for one in found]


def _say(
    kind: str, item_id: str, source_code: str, period: Period, number: int | None, found: int | None, note: str,
    after: int | None, by: Actor, at: datetime,
) -> Word:  # fmt: skip
    action = Action.OVERSEE_REPORTING if kind == SPOT_CHECK else Action.DECLARE
    unit = identity.source_unit(source_code, even_closed=True)
    require(by, action, department=unit.code, item=item_id, region=unit.region_code)
    publish.current_reported(item_id)
    if period.start > month_of(clock.day(at)).start:
        raise NotThatMonth(
            f"{period.start:%Y-%m} 还没有开始，不能申报。",
            f"{period.start:%Y-%m} has not begun: nothing can be declared.",
        )
    try:
        with transaction.atomic():
            return _enter(kind, item_id, unit, period.start, number, found, note, after, by, at)
    except IntegrityError as error:
        raise _meanwhile() from error


def _enter(
    kind: str, item_id: str, unit: SourceUnit, month: date, number: int | None, found: int | None, note: str,
    after: int | None, by: Actor, at: datetime,
) -> Word:  # fmt: skip
    said = Declaration.objects.filter(source_id=unit.id, item_id=item_id, period=month, kind=kind)
    newest = said.order_by("-version").first()
    version = newest.version if newest else 0
    if after is not None and after != version:
        raise _meanwhile()
    if number is None and (newest is None or newest.number is None):
        raise NothingToTakeBack("没有可撤回的申报。", "There is no declaration to take back.")
    made = Declaration.objects.create(
        source_id=unit.id, item_id=item_id, period=month, kind=kind, version=version + 1, number=number, found=found,
        note=note.strip()[:300], made_at=at, made_by=by.name,
    )  # fmt: skip
    event = audit.Event.SPOT_CHECKED if kind == SPOT_CHECK else audit.Event.TOTAL_DECLARED
    audit.enter(
        audit.Event.TOTAL_TAKEN_BACK if number is None else event, by=by, object_kind="declaration",
        object_ref=str(made.pk), unit=unit.code, item=item_id, month=f"{month:%Y-%m}", number=number, found=found,
        version=made.version,
    )  # fmt: skip
    return _word(made)


def _word(one: Declaration) -> Word:
    return Word(
        one.source_id, one.item_id, one.kind, one.version, one.number, one.found, one.note, one.made_at, one.made_by
    )


def _counts(number: int) -> None:
    if not 0 <= number <= MOST:
        raise BadNumber(
            f"件数应为 0 到 {MOST:,} 的整数，没有请填 0（零报告）。",
            f"A count from 0 to {MOST:,}; nothing at all is 0 (a zero report).",
        )


def _meanwhile() -> SaidMeanwhile:
    return SaidMeanwhile(
        "您打开页面以后，这一项已有新的申报。请看过最新一版再改。",
        "This was declared anew since you opened the page. Look at the newest version first.",
    )
