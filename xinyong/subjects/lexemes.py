"""How common the lexemes of names are, as the database's statistics say: a query asks for its rarest ones."""

from itertools import count

from django.db import connection

from xinyong.kernel import sql
from xinyong.subjects import grams

_SQL = sql.load(__file__, "search.sql")
#: Statistics change when ANALYZE runs; they are read anew after so many searches of a process.
_SEARCHES = 1000

_asked = count()
_held: dict[str, grams.Rarest] = {}


def rarest() -> grams.Rarest:
    """Picks the rarest of some lexemes; without statistics all of them."""
    name = connection.settings_dict["NAME"]
    if next(_asked) % _SEARCHES == 0 or name not in _held:
        with connection.cursor() as cursor:
            cursor.execute(_SQL["common_lexemes"])
            _held[name] = grams.rarest_by(dict(cursor.fetchall()))
    return _held[name]
