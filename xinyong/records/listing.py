"""Records across subjects: the latest of an item, page by page, and the figures printed on charts."""

import json
import threading
import time
from collections import defaultdict
from datetime import date, datetime
from typing import Any

from xinyong.catalogue import publish
from xinyong.catalogue.schema import Item, Section
from xinyong.kernel import clock, sql
from xinyong.records import _cursor, _rows, disclosure
from xinyong.records.disclosure import Sight
from xinyong.records.models import Tally
from xinyong.records.view import Count, Figures, Page
from xinyong.security.access import Actor
from xinyong.security.identity import source_units
from xinyong.subjects import classes

_SQL = sql.load(__file__, "records.sql")

#: Totals are counted up to here; beyond, a page says "more than".
TOTAL_CAP = 10_000
#: Records of a list that the public gets page by page; further in, by a narrower filter or on the organisation's own page.
DEEPEST = 500
#: Figures are summed again after this many seconds.
FIGURES_KEPT = 60.0


def latest(
    *,
    item_ids: tuple[str, ...],
    as_of: date,
    seen_by: Actor,
    limit: int = 20,
    after: str | None = None,
    source_code: str | None = None,
    year: int | None = None,
    month: int | None = None,
    with_total: bool = False,
) -> Page:
    """The newest records of the items by date of decision, of one ``year`` or one ``month`` of it; keyset pages. Items out
    of this actor's sight give nothing. After DEEPEST records the public gets no further page (``is_cut``).

    ``total`` is counted when asked for, None when above TOTAL_CAP. Raises BadCursor.
    """
    seen = disclosure.sight(seen_by)
    parameters: dict[str, Any] = {"as_of": as_of, "known_at": clock.now(), "limit": limit + 1, **seen.parameters}
    of = json.dumps(["latest", item_ids, source_code, year, month])
    before = 0
    if after:
        place, before = _cursor.decode(after, of=of)
        parameters |= place
    filters = _filters(parameters, source_code, year, month)
    found: list[dict[str, Any]] = []
    total = 0
    for item_id in item_ids:
        if not disclosure.is_shown_item(publish.current(item_id), seen):
            continue
        own = parameters | {"item_id": item_id, "cap": TOTAL_CAP + 1}
        found += _cursor.rows(_fill("latest", seen, after=_cursor.AFTER if after else "true", filters=filters), own)
        if with_total:
            total += next(_cursor.rows(_fill("count_latest", seen, filters=filters), own))["count"]
    found.sort(key=lambda row: (row["decided_on"], row["subject_id"], bytes(row["key_digest"])), reverse=True)
    sources = _rows.Sources()
    views = tuple(
        _rows.view(row, seen=seen, as_of=as_of, sources=sources, subject_code=row["code"], subject_name=row["name"])
        for row in found[:limit]
    )
    has_more, is_deepest = len(found) > limit, seen.is_public and before + limit >= DEEPEST
    return Page(
        views,
        _cursor.encode(found[limit - 1], of=of, before=before + limit) if has_more and not is_deepest else None,
        total if with_total and total <= TOTAL_CAP else None,
        is_cut=has_more and is_deepest,
    )


def _filters(parameters: dict[str, Any], source_code: str | None, year: int | None, month: int | None) -> str:
    parts = ["true"]
    if source_code:
        parts.append("r.source_id = (SELECT id FROM security_department WHERE code = %(source_code)s)")
        parameters["source_code"] = source_code
    if year:
        parts.append("r.decided_on >= %(year_from)s AND r.decided_on < %(year_to)s")
        first, last = month or 1, month or 12
        parameters |= {"year_from": date(year, first, 1), "year_to": date(year + last // 12, last % 12 + 1, 1)}
    return " AND ".join(parts)


def collected(*, seen_by: Actor) -> frozenset[Section]:
    """Sections of which anything was ever deposited here, within this actor's sight: only there does "none" mean
    "searched, none"."""
    seen = disclosure.sight(seen_by)
    sections = {item.id: item.section for item in publish.items() if disclosure.is_shown_item(item, seen)}
    return frozenset(sections[row["item_id"]] for row in _cursor.rows(_SQL["collected"], {"item_ids": list(sections)}))


_kept: dict[bool, tuple[float, int, Figures]] = {}
_keep = threading.Lock()


def figures(*, as_of: date, seen_by: Actor) -> Figures:
    """What the platform holds, summed from the tallies of deposited chunks (new records, by month of decision).

    Kept for a minute: the sums change with every submission, and nobody needs them to the second.
    """
    seen = disclosure.sight(seen_by)
    newest = Tally.objects.order_by("-id").values_list("id", flat=True).first() or 0
    with _keep:
        held = _kept.get(seen.is_public)
    if held and held[1] == newest and time.monotonic() - held[0] < FIGURES_KEPT and held[2].records_total >= 0:
        return held[2]
    made = _figures(seen, as_of)
    with _keep:
        _kept[seen.is_public] = (time.monotonic(), newest, made)
    return made


def _figures(seen: Sight, as_of: date) -> Figures:
    items = {item.id: item for item in publish.reported() if disclosure.is_shown_item(item, seen)}
    first = date(as_of.year - 2, 1, 1)
    by_item: dict[str, int] = defaultdict(int)
    by_source: dict[int, int] = defaultdict(int)
    by_month: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for row in _cursor.rows(_SQL["figures_tally"], {"item_ids": list(items)}):
        by_item[row["item_id"]] += row["sum"]
        if row["item_id"] != "organisation-register":
            by_source[row["source_id"]] += row["sum"]
        if first <= row["month"] <= as_of:
            by_month[row["item_id"]][row["month"]] += row["sum"]
    subject_counts = list(_cursor.rows(_SQL["figures_by_class"], {}))
    units = {unit.id: unit for unit in source_units()}
    return Figures(
        subjects_total=sum(row["count"] for row in subject_counts),
        records_total=sum(by_item.values()),
        by_class=tuple(
            Count(row["subject_class"], *classes.LABELS[row["subject_class"]], row["count"]) for row in subject_counts
        ),
        by_item=tuple(
            Count(item_id, items[item_id].title_zh, items[item_id].title_en, count)
            for item_id, count in sorted(by_item.items(), key=lambda pair: -pair[1])
        ),
        by_department=tuple(
            Count(units[key].code, units[key].short_name, units[key].short_name, count)
            for key, count in sorted(by_source.items(), key=lambda pair: -pair[1])
            if key in units
        ),
        by_month={item_id: _months(items[item_id], months, first, as_of) for item_id, months in by_month.items()},
        latest_received_at=_latest_received(),
    )


def _months(item: Item, counts: dict[date, int], first: date, last: date) -> tuple[Count, ...]:
    bars = []
    month = first
    while month <= last:
        label = f"{month:%Y-%m}"
        bars.append(Count(label, label, label, counts.get(month, 0)))
        month = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return tuple(bars)


def _latest_received() -> datetime | None:
    newest = Tally.objects.order_by("-id").first()
    return newest.deposited_at if newest else None


def _fill(name: str, seen: Sight, **parts: str) -> str:
    return _SQL[name].format(
        columns=_SQL["columns"], marks=_SQL["marks"], newest=_SQL["newest"], sight=seen.predicate, **parts
    )
