"""疑问数据 The desk of doubtful data: rows that wait with a doubt, or with an error whose correction is suggested; what is wrong
with each, and how it stands. What is done about them is in ``settle``."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection

from xinyong.catalogue import publish
from xinyong.intake import lineage, views
from xinyong.intake.lineage import ActView
from xinyong.intake.models import Finding, RowAct
from xinyong.intake.views import FindingView
from xinyong.kernel import clock, sql
from xinyong.security import audit, identity
from xinyong.security.access import BOUNDED, Action, Actor, require

_SQL = sql.load(__file__, "intake.sql")
Kind = RowAct.Kind
#: Acts that say how a row stands now.
_STANDING = {Kind.SENT_BACK, Kind.PASSED_ON, Kind.ENDED, Kind.WAIVED, Kind.ACCEPTED}
#: Rules whose suggestion is a value for the cell; an item's own rules suggest what to do in a sentence.
_VALUE_RULES = "V04-"
#: The state of a row that was sent back and not corrected by its day.
OVERDUE = "overdue"
#: States that can be asked for.
STATES = (Kind.PASSED_ON.value, Kind.SENT_BACK.value, OVERDUE, Kind.ENDED.value)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which rows: of an item, a department, with a finding of a rule, received more than so many days ago, standing as the
    last act says or ``OVERDUE``; "" and 0: any."""

    item_id: str = ""
    source_code: str = ""
    rule: str = ""
    days: int = 0
    state: str = ""


@dataclass(frozen=True, slots=True)
class DoubtRow:
    """A row that waits. ``can_accept``: a suggestion can be put into its cell. ``standing``: the last act that holds."""

    id: int
    submission_id: int
    row_no: int
    outcome: str
    item_id: str
    item_title_zh: str
    item_title_en: str
    source_name: str
    file_name: str
    received_at: datetime
    findings: tuple[FindingView, ...]
    can_accept: bool
    standing: ActView | None
    is_overdue: bool


def rows(
    *,
    seen_by: Actor,
    asked: Asked | None = None,
    ids: Sequence[int] | None = None,
    after: int | None = None,
    limit: int = 30,
) -> list[DoubtRow]:
    """Rows that wait with a doubt, or with an error whose correction is suggested; oldest first; ``ids``: of these
    only. A department sees its own. One audit entry. Raises NotAllowed."""
    require(seen_by, Action.SETTLE_DOUBTS)
    asked = asked or Asked()
    audit.enter(audit.Event.DOUBTS_VIEWED, by=seen_by, object_kind="waiting-rows", object_ref=f"after {after or 0}")
    own = Action.SETTLE_DOUBTS in BOUNDED.get(seen_by.role, frozenset())
    parameters = {
        "ids": list(ids) if ids is not None else None,
        "after": after or 0, "limit": limit, "item": asked.item_id, "rule": asked.rule, "values": _VALUE_RULES + "%",
        "source": seen_by.department if own else asked.source_code,
        "items": sorted(seen_by.items) if seen_by.items is not None else None,
        "state": asked.state,
        "standing": [one.value for one in _STANDING],
        "today": clock.today(),
        "before": clock.now() - timedelta(days=asked.days),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_SQL["doubt_rows"], parameters)
        found = cursor.fetchall()
    return _told(found)


@dataclass(frozen=True, slots=True)
class Waiver:
    """A row that is in although it is doubtful: why, by whom, and the first day without the waiver."""

    submission_id: int
    row_no: int
    by_name: str
    reason: str
    until: date


def waivers(*, seen_by: Actor, limit: int = 50) -> list[Waiver]:
    """Waivers that hold, the first to end first; a department's are of its own rows. Raises NotAllowed."""
    require(seen_by, Action.SETTLE_DOUBTS)
    held = RowAct.objects.filter(
        kind=Kind.WAIVED, rowact__isnull=True, submission_id__in=views.within(seen_by).values("pk")
    ).order_by("until", "id")
    return [Waiver(one.submission_id, one.row_no, one.by_name, one.note, one.until or date.max) for one in held[:limit]]


def rules(*, seen_by: Actor) -> list[str]:
    """The rules that waiting rows have broken, for the choice of a filter; within the reader's sight. Raises NotAllowed."""
    require(seen_by, Action.SETTLE_DOUBTS)
    own = Action.SETTLE_DOUBTS in BOUNDED.get(seen_by.role, frozenset())
    with connection.cursor() as cursor:
        cursor.execute(_SQL["doubt_rules"], {"source": seen_by.department if own else "", "values": _VALUE_RULES + "%"})
        return [row[0] for row in cursor.fetchall()]


def _told(found: Iterable[tuple[int, int, int, str, str, int, int, str, datetime]]) -> list[DoubtRow]:
    found = list(found)
    by_submission: dict[int, list[int]] = defaultdict(list)
    for _, submission_id, row_no, *_ in found:
        by_submission[submission_id].append(row_no)
    findings: dict[tuple[int, int], list[Finding]] = defaultdict(list)
    acts: dict[tuple[int, int], list[ActView]] = {}
    for submission_id, row_nos in by_submission.items():
        for one in Finding.objects.filter(
            submission_id=submission_id, row_no__in=row_nos, closed_at__isnull=True
        ).order_by("id"):
            findings[submission_id, one.row_no].append(one)
        for row_no, done in lineage.acts_of(submission_id, row_nos).items():
            acts[submission_id, row_no] = done
    units = {unit.id: unit for unit in identity.source_units(with_subjects=True)}
    made = []
    for row_id, submission_id, row_no, outcome, item_id, version, source_id, file_name, received_at in found:
        item, place = publish.version(item_id, version), (submission_id, row_no)
        standing = last_standing(acts.get(place, []))
        made.append(
            DoubtRow(
                row_id, submission_id, row_no, outcome, item_id, item.title_zh, item.title_en, units[source_id].name,
                file_name, received_at, tuple(views.finding_view(one) for one in findings[place]),
                bool(changes_of(findings[place])), standing,
                standing is not None and standing.kind == Kind.SENT_BACK and (standing.until or date.max) < clock.today(),
            )
        )  # fmt: skip
    return made


def last_standing(acts: Sequence[ActView]) -> ActView | None:
    """The last act about a row that says how it stands now."""
    said = [one for one in acts if not one.is_undone and one.kind in _STANDING]
    return said[-1] if said else None


def changes_of(found: Sequence[Finding]) -> dict[str, str]:
    """What is suggested for cells of a row: field → value."""
    return {
        one.field: one.suggestion
        for one in found
        if one.suggestion and one.field and one.severity != "warning" and one.rule.startswith(_VALUE_RULES)
    }
