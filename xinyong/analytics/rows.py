"""The rows behind a figure: where each stands, whose it is and how it counted. Nothing of what a row says: who may read that
finds it in its submission, by its number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from xinyong.analytics import _facts
from xinyong.analytics.definitions import Level, Rate, rate
from xinyong.analytics.rates import By
from xinyong.catalogue import publish
from xinyong.kernel.errors import Invalid
from xinyong.kernel.periods import Period
from xinyong.records import arrived
from xinyong.security import audit, identity
from xinyong.security.access import Action, Actor, require


class NoRows(Invalid):
    """The figure is not made of rows that were handed in."""

    code = "analytics.no-rows"


@dataclass(frozen=True, slots=True)
class RowBehind:
    """One row. ``hit`` and ``whole``: what it adds to numerator and denominator, both 0 for what is left out."""

    submission_id: int
    row_no: int
    source_name: str
    item_zh: str
    item_en: str
    decided_on: date | None
    received_at: datetime
    outcome: str
    is_late: bool
    is_closed: bool
    hit: int
    whole: int
    sender_code: str  # who handed it in


@dataclass(frozen=True, slots=True)
class Asked:
    """Rows of which figure: of which line (``key`` "" is the whole), and which of them: ``all`` of the denominator, ``hit``,
    ``miss``, or one of the rate's exclusions."""

    rate_id: str
    by: By = By.DEPARTMENT
    key: str = ""
    part: str = "all"


def of(
    asked: Asked, period: Period, *, as_of: datetime, seen_by: Actor, after: tuple[int, int] = (0, 0), limit: int = 100
) -> list[RowBehind]:
    """A page of rows by submission and row, after the place given; one audit entry. What is another unit's is not there
    for a source unit. Raises NotAllowed, UnknownRate, NoRows."""
    require(seen_by, Action.VIEW_RATES)
    one = rate(asked.rate_id)
    if one.level is not Level.ROWS:
        raise NoRows(
            f"“{one.zh}”不是由报送的行算出的，请看应报数表。", f"{one.en} is not made of rows; see what was declared."
        )
    audit.enter(
        audit.Event.RATES_VIEWED, by=seen_by, object_kind="rates", object_ref=f"{period.start:%Y-%m}", rate=one.id,
        line=asked.key, part=asked.part,
    )  # fmt: skip
    text = _facts.statement(
        "rows", needs_filled=one.id == "completeness", hit=one.hit, whole=one.whole, which=_which(one, asked.part),
        whose="(%(units)s::bigint[] IS NULL OR source_id = ANY(%(units)s)) AND (%(only)s::text[] IS NULL OR item_id = ANY(%(only)s))",
    )  # fmt: skip
    values = _facts.parameters(period, as_of=as_of) | _scope(asked, seen_by)
    values |= {"after_submission": after[0], "after_row": after[1], "limit": limit}
    return _views(arrived.read(text, values))


def _which(one: Rate, part: str) -> str:
    if part == "hit":
        return f"({one.whole}) > 0 AND ({one.hit}) >= ({one.whole})"
    if part == "miss":
        return f"({one.whole}) > 0 AND ({one.hit}) < ({one.whole})"
    excluded = next((e for e in one.exclusions if e.id == part and e.where), None)
    return f"({excluded.where})" if excluded else f"({one.whole}) > 0"


def _scope(asked: Asked, seen_by: Actor) -> dict[str, Any]:
    """Units and items of the line, within what the actor may see; None is every one."""
    units, items = arrived.reach(seen_by), seen_by.items
    if asked.key and asked.by is By.ITEM:
        items = frozenset({asked.key}) & items if items is not None else frozenset({asked.key})
    elif asked.key:
        known = identity.source_units()
        is_its = {
            one.id for one in known if asked.key in (one.code if asked.by is By.DEPARTMENT else one.region_code[:6],)
        }
        units = frozenset(is_its) if units is None else units & is_its
    return {
        "units": None if units is None else sorted(units),
        "only": None if items is None else sorted(items),
    }


def _views(found: Sequence[tuple[Any, ...]]) -> list[RowBehind]:
    units = {one.id: one for one in identity.source_units()}
    titles = {one.item_id: one for one in publish.versions()}
    return [
        RowBehind(
            submission, row_no, units[source].name, titles[item].title_zh, titles[item].title_en, decided, received,
            outcome, is_late, is_closed, hit, whole, units[sender].code,
        )
        for submission, row_no, source, item, decided, received, outcome, is_late, is_closed, hit, whole, sender in found
    ]  # fmt: skip
