"""What an act left: its entries as they are stored, what else of the database it changed, and what can be made to fail."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import re2
from django.db import OperationalError, connection

GOLDEN = Path(__file__).parent / "entries.json"
TABLE = "security_auditentry"
#: The log's own tables: what the sequencer does with entries is no effect of the act.
_OF_THE_LOG = {TABLE, "security_pending", "security_leaf", "security_node", "security_checkpoint"}
#: Counts of tries and of what has been seen, which stay whatever becomes of the act: they are there to count failures too.
ASIDE = {"django_session", "django_cache", "security_seennonce", "security_quotause", "security_attempt"}
_COLUMNS = (
    "role", "actor", "department", "address", "event", "object_kind", "object_ref", "purpose", "outcome", "facts",
)  # fmt: skip
_WRITE = re2.compile(
    r'(?is)\b(?:INSERT\s+INTO|DELETE\s+FROM|UPDATE)\s+"?(\w+)"?(?:\s+AS\s+\w+)?.*?(?:\bSET\b|\bVALUES\b|\bSELECT\b|\bWHERE\b|$)'
)
_LOCKED = re2.compile(r"(?i)FOR\s+(?:NO\s+KEY\s+)?UPDATE")

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Write:
    """A statement that writes: to which table, within which transaction of the verb's; None where it stood alone."""

    table: str
    within: str | None


@dataclass(slots=True)
class Left:
    """What one act left, as it is stored; ``known`` stands for what was drawn at random."""

    entries: list[Entry]
    changed: list[str]
    writes: list[Write]
    known: Mapping[str, object] = field(default_factory=dict)


def last() -> int:
    """The number of the newest entry."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(max(id), 0) FROM {TABLE}")
        return int(cursor.fetchone()[0])


def since(number: int) -> list[tuple[datetime, Entry]]:
    """The entries after this one, in order, each with its time."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT at, {', '.join(_COLUMNS)} FROM {TABLE} WHERE id > %s ORDER BY id", [number])
        rows = cursor.fetchall()
    found = []
    for at, *values in rows:
        entry = dict(zip(_COLUMNS, values, strict=True))
        entry["facts"] = json.loads(entry["facts"]) if isinstance(entry["facts"], str) else entry["facts"]
        entry["address"] = None if entry["address"] is None else str(entry["address"])
        found.append((at, entry))
    return found


def tables() -> list[str]:
    """Every table of the platform's, a divided one once; the log's own apart."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
            " AND NOT relispartition AND has_table_privilege(oid, 'SELECT') AND relname !~ '^procrastinate' ORDER BY 1"
        )
        return [name for (name,) in cursor.fetchall() if name not in _OF_THE_LOG]


def digests(names: Sequence[str]) -> dict[str, str]:
    """Which versions of rows stand in these tables: whatever is written makes another one, and undoing brings the old back."""
    if not names:
        return {}
    each = "(SELECT md5(coalesce(string_agg(concat_ws(' ', tableoid, ctid, xmin), ',' ORDER BY tableoid, ctid), '')) FROM {name})"
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(each.format(name=name) for name in names))
        return dict(zip(names, cursor.fetchone(), strict=True))


def normal(entry: Entry, known: Mapping[str, object]) -> Entry:
    """The entry with what was drawn at random replaced by the word for it: a value that *is* the known one, as it is or as
    text, nothing that merely looks like it. The columns that say who and what kind are never drawn."""
    words = {value: f"<{word}>" for word, value in known.items()}
    words |= {str(value): word for value, word in list(words.items())}

    def said(value: object) -> object:
        return words.get(value, value) if isinstance(value, (str, int)) and not isinstance(value, bool) else value

    fixed = {"role", "event", "object_kind", "outcome", "address"}
    plain = {name: value if name in fixed else said(value) for name, value in entry.items() if name != "facts"}
    return plain | {"facts": {name: said(value) for name, value in sorted(entry["facts"].items())}}


def golden() -> dict[str, Any]:
    """The reviewed file."""
    return dict(json.loads(GOLDEN.read_text(encoding="utf-8"))) if GOLDEN.exists() else {}


def write(found: Mapping[str, Any]) -> None:
    """Writes the reviewed file anew."""
    GOLDEN.write_text(json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


class Failing(OperationalError):
    """The database refuses this statement, as it would with a full disk."""


def written(sql: str) -> str:
    """The table a statement writes to; "" when it only reads."""
    found = _WRITE.search(_LOCKED.sub("", sql))
    return found[1] if found else ""


@contextmanager
def watched(refuses: Callable[[str], bool] = lambda table: False) -> Iterator[list[Write]]:
    """Within, every statement that writes is put down, and fails before it is sent where ``refuses`` says so."""
    seen: list[Write] = []

    def wrapper(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        table = written(str(sql))
        if table:
            # Inside the test's own transaction a verb's is a savepoint; the outermost one tells verbs apart.
            seen.append(Write(table, next(iter(connection.savepoint_ids), None)))
            if refuses(table):
                raise Failing(f"{table} cannot be written")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield seen
