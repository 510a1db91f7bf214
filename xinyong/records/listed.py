"""Who stands on a list: organisations with a record of a list's items that holds on a day, not withdrawn, not repaired."""

from collections.abc import Sequence
from datetime import date

from django.db import connection

from xinyong.kernel import clock, sql
from xinyong.records.disclosure import NOT_REPAIRED
from xinyong.security import scope
from xinyong.security.access import system

_SQL = sql.load(__file__, "records.sql")


def subjects(items: Sequence[str], *, on: date) -> set[int]:
    """The subjects listed on a day; for callers who have checked who asks."""
    statement = _SQL["listed"].format(newest=_SQL["newest"], not_repaired=NOT_REPAIRED)
    with scope.acting(system("lists")), connection.cursor() as cursor:
        cursor.execute(statement, {"items": list(items), "on": on, "known_at": clock.now()})
        return {row[0] for row in cursor.fetchall()}
