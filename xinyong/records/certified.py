"""What stands on file for a special report (信用代证): the acts of one organisation by item and period, and since when data came in.

Source: 发改财金〔2025〕565号 (what such a report covers at least); INV-05, INV-60.
"""

from collections.abc import Collection
from datetime import date

from xinyong.catalogue import publish
from xinyong.kernel import clock, sql
from xinyong.kernel.periods import Period
from xinyong.records import _cursor, _rows, disclosure
from xinyong.records.view import RecordView
from xinyong.security import scope
from xinyong.security.access import system
from xinyong.security.identity import department_names
from xinyong.subjects.registry import SubjectView

_SQL = sql.load(__file__, "records.sql")
#: Acts of one item that are read; beyond, a paper says how many there are.
MOST = 1000


def acts(
    subject: SubjectView, items: Collection[str], *, period: Period, standing: Collection[str], as_of: date
) -> tuple[list[RecordView], dict[str, int]]:
    """The acts that are confirmed by a document, the newest first, and for each item how many more than ``MOST`` there are.
    ``standing``: items of which entries of before the period count while they stand. Callers have checked who asks and enter
    it in the log before anything leaves."""
    shown = [one for one in items if not publish.current(one).is_about_persons]
    seen = disclosure.certified_sight(shown, period, standing=standing)
    statement = _SQL["of_subject"].format(
        columns=_SQL["columns"], marks=_SQL["marks"], newest=_SQL["newest"], sight=seen.predicate
    )
    parameters = {
        "subject_id": subject.id, "as_of": as_of, "known_at": clock.now(), "per_item": MOST, **seen.parameters
    }  # fmt: skip
    # Nobody's own scope reaches what is not published: the platform itself reads, this one statement.
    with scope.acting(system("special-report")):
        found = list(_cursor.rows(statement, parameters))
    sources = _rows.Sources()
    views, more = [], {}
    for row in found:
        more[row["item_id"]] = max(0, row["total"] - MOST)
        view = _rows.view(
            row, seen=seen, as_of=as_of, sources=sources, subject_code=subject.code, subject_name=subject.name
        )
        if view.document_no.strip() or publish.version(row["item_id"], row["item_version"]).roles.document_no is None:
            views.append(view)
    views.sort(key=lambda one: (one.decided_on, one.ref), reverse=True)
    return views, more


def supplied(items: Collection[str]) -> dict[tuple[str, str], date]:
    """Since which day data of an item came from a unit: (item, the unit's name) → day of the first deposit."""
    names = department_names()
    with scope.acting(system("special-report")):
        found = list(_cursor.rows(_SQL["supplied"], {"items": list(items)}))
    return {(row["item_id"], names.get(row["source_id"], "")): clock.day(row["since"]) for row in found}
