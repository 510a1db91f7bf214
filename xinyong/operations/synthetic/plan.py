"""Which files the city's departments send, when, with how many rows: the shape of three years.

A department sends the decisions of one working week on the next working day, so almost all its rows are in time; some
rows of every file are older (late), and the files of a tardy department come a quarter late as a whole. Not every week
of every department is there: files are spread so that departments and months have their share, in few files.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise

import numpy as np

from xinyong.kernel.calendar import Calendar
from xinyong.operations.synthetic import draw
from xinyong.operations.synthetic.agencies import AGENCIES, Agency, agency, quirk
from xinyong.operations.synthetic.lists import HONOURS, SERIOUS
from xinyong.operations.synthetic.organisations import City, apportion

SPAN_DAYS = 1_096
MONTHS = 36
PENALTY, LICENCE, ABNORMAL, SERIOUS_LIST, HONOUR = 0.37, 0.595, 0.018, 0.003, 0.014
#: January to December: little is decided around the Spring Festival, much before the year ends.
_SEASON = (0.9, 0.55, 1.0, 1.02, 0.98, 1.05, 1.02, 1.0, 1.05, 0.9, 1.2, 1.35)
_LATE_SHARE = 0.03
_WINDOW = 5
#: Below so many records a file more is dearer than its rows are worth.
_SMALL = 10_000


@dataclass(frozen=True, slots=True)
class FilePlan:
    """One file to write. ``rows`` decisions from ``first`` on, decided in the window; ``before`` is the agency's last
    file of the item, whose first rows are sent again."""

    item_id: str
    agency: Agency
    rows: int
    first: int
    window: tuple[int, ...]
    received_on: int
    since: int | None = None
    before: "FilePlan | None" = field(default=None, repr=False, compare=False)

    @property
    def salt(self) -> str:
        """Under which its chance is drawn."""
        return f"{self.item_id}/{self.agency.code}"


def days_of(city: City, plan: FilePlan) -> draw.Whole:
    """The day of each decision in the file, in order."""
    index = np.arange(plan.first, plan.first + plan.rows, dtype=np.int64)
    window = np.array(plan.window, dtype=np.int64)
    days = window[draw.below(city.seed, plan.salt + "/day", index, len(window))]
    if plan.item_id.startswith("admin-"):
        late = draw.unit(city.seed, plan.salt + "/late?", index) < _LATE_SHARE
        lag = 12 + (draw.unit(city.seed, plan.salt + "/lag", index) ** 2 * 110).astype(np.int64)
        days = np.where(late, days - lag, days)
    return np.sort(days)


def files(city: City) -> list[FilePlan]:
    """Every file of the city in the order in which they are received."""
    made = [
        *_registers(city),
        *_decisions(city, "admin-penalty-org", PENALTY),
        *_decisions(city, "admin-licence-org", LICENCE),
    ]
    made += [*_abnormal(city), *_serious(city), *_honours(city), *_people(city)]
    order = {"organisation-register": 0}
    return sorted(made, key=lambda plan: (plan.received_on, order.get(plan.item_id, 1), plan.item_id, plan.agency.code))


def record_files(records: int) -> int:
    """How many files of licences and penalties together: more records, larger files."""
    return int(min(min(4 + records / 500, 16) + records / 2_800, 360))


@lru_cache(maxsize=4)
def _working_days(today: date) -> draw.Whole:
    calendar = Calendar.builtin()
    all_days = (today - timedelta(days=past) for past in range(SPAN_DAYS + 20, 0, -1))
    return np.array([draw.day(one) for one in all_days if calendar.is_working(one)], dtype=np.int64)


def _start(city: City) -> int:
    return draw.day(city.today) - SPAN_DAYS


def _week(city: City, place: float) -> tuple[tuple[int, ...], int]:
    """A working week at this share of the three years, and the working day after it."""
    days = _working_days(city.today)
    end = int(_WINDOW + place * (len(days) - _WINDOW - 1))
    return tuple(int(one) for one in days[end - _WINDOW : end]), int(days[end])


def _month_weights(city: City) -> list[float]:
    start = np.datetime64(city.today.isoformat()) - np.timedelta64(SPAN_DAYS, "D")
    months = (start.astype("datetime64[M]").astype(int) + 1 + np.arange(MONTHS)) % 12
    return [_SEASON[int(month)] * (1 + 0.005 * number) for number, month in enumerate(months)]


def _decisions(city: City, item_id: str, share: float) -> Iterable[FilePlan]:
    is_penalty = item_id == "admin-penalty-org"
    weights = {one: one.penalties if is_penalty else one.licences for one in AGENCIES}
    senders = [one for one, weight in weights.items() if weight > 0]
    wanted = max(round(record_files(city.records) * (0.42 if is_penalty else 0.58)), 2)
    senders = sorted(senders, key=lambda one: -weights[one])[:wanted]
    counts = [1 + extra for extra in apportion([weights[one] ** 0.7 for one in senders], wanted - len(senders))]
    slots = [
        (sender, int((number + quirk(one, item_id)) / count * MONTHS))
        for sender, (one, count) in enumerate(zip(senders, counts, strict=True))
        for number in range(count)
    ]
    table = _fitted(slots, [weights[one] for one in senders], _month_weights(city))
    rows = apportion(list(table), round(city.records * share))
    last: dict[Agency, FilePlan] = {}
    for (sender, month), count in sorted(zip(slots, rows, strict=True), key=lambda pair: pair[0][1]):
        if not count:
            continue
        one = senders[sender]
        window, received = _week(city, (month + 0.12 + 0.8 * quirk(one, f"{item_id}/{month}")) / MONTHS)
        before = last.get(one)
        if quirk(one, f"{item_id}/tardy/{month}") < one.tardy:
            received = min(received + 90, int(_working_days(city.today)[-1]))
        first = before.first + before.rows if before else 0
        last[one] = FilePlan(item_id, one, count, first, window, received, before=before)
        yield last[one]


def _fitted(slots: list[tuple[int, int]], senders: list[float], months: list[float]) -> draw.Share:
    """A weight for each (sender, month) so that both margins hold as well as they can (iterative proportional fitting)."""
    rows = np.array([sender for sender, _ in slots])
    columns = np.array([month for _, month in slots])
    cells: draw.Share = (
        np.ones(len(slots)) / np.bincount(rows)[rows] * np.array(senders)[rows] * np.array(months)[columns]
    )
    by_month, by_sender = np.array(months) / sum(months), np.array(senders) / sum(senders)
    for _ in range(3):
        cells *= (by_month / np.maximum(np.bincount(columns, cells, MONTHS), 1e-12))[columns]
        cells *= (by_sender / np.maximum(np.bincount(rows, cells, len(senders)), 1e-12))[rows]
    return cells


def _registers(city: City) -> Iterable[FilePlan]:
    """Everything that exists when the platform starts; after that, twice or once a year, what changed."""
    start, end = _start(city) - 8, int(_working_days(city.today)[-1])
    for key, usual in (("market", 6), ("civil", 1), ("staffing", 1), ("farming", 1), ("justice", 1)):
        updates = int(key == "market") if city.records < _SMALL else usual
        bounds = np.linspace(start, end, updates + 1).astype(int).tolist()
        yield FilePlan("organisation-register", agency(key), 0, 0, (start,), start + 1)
        for since, until in pairwise(bounds):
            yield FilePlan("organisation-register", agency(key), 0, 0, (until,), until, since=since)


def _series(city: City, item_id: str, one: Agency, total: int, places: list[float]) -> Iterable[FilePlan]:
    before = None
    if city.records < _SMALL:
        places = places[-1:]
    for place, rows in zip(places, apportion([1.0] * len(places), total), strict=True):
        if rows:
            window, received = _week(city, place)
            first = before.first + before.rows if before else 0
            before = FilePlan(item_id, one, rows, first, window, received, before=before)
            yield before


def _abnormal(city: City) -> Iterable[FilePlan]:
    yield from _series(
        city, "abnormal-operation", agency("market"), round(city.records * ABNORMAL), [0.2, 0.45, 0.62, 0.8, 0.97]
    )


def _serious(city: City) -> Iterable[FilePlan]:
    total = round(city.records * SERIOUS_LIST)
    for number, (key, rows) in enumerate(zip(SERIOUS, apportion([5, 2, 2, 1.5, 0.5], total), strict=True)):
        yield from _series(city, "serious-dishonesty", agency(key), rows, [0.3 + 0.04 * number, 0.72 + 0.05 * number])


def _honours(city: City) -> Iterable[FilePlan]:
    total = round(city.records * HONOUR)
    for number, (key, rows) in enumerate(zip(HONOURS, apportion([7, 2, 1, 1], total), strict=True)):
        places = [0.16, 0.5, 0.83] if key == "tax" else [0.4 + 0.03 * number, 0.9 + 0.02 * number]
        yield from _series(city, "honour", agency(key), rows, places)


def _people(city: City) -> Iterable[FilePlan]:
    yield from _series(city, "admin-licence-person", agency("transport"), 12, [0.9])
    yield from _series(city, "admin-penalty-person", agency("transport"), 12, [0.93])
