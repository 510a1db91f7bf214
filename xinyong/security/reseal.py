"""Sealing again: after a rotation every sealed value and file is opened and sealed under the newest key, while the platform
runs.

What is sealed is declared beside its model (security/sealed.py). The work goes in small batches, each its
own transaction, along the table's key; a value that already has the newest key is not touched, so a run that was killed is
simply started again. It runs as the owner of the tables: records are append-only, and their trigger lets the owner change
nothing but the sealed bytes (docs/decisions/0014). What a value says stays the same, and so does its digest.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
from django.conf import settings
from django.db import transaction
from psycopg import sql

from xinyong.kernel.errors import Conflict
from xinyong.security import audit, encryption, keyring, providers, separation, vault
from xinyong.security.access import Action, Actor, require
from xinyong.security.sealed import SealedColumn, SealedFiles, declared

_BATCH: Final = 500
_LOCK: Final = 0x78736C73  # "xsls": one run at a time
_PASSES: Final = 5

Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Held:
    """How many values of a place lie under which key; number 0 is the form from before keys had numbers."""

    place: str
    by_key: dict[int, int]
    newest: int

    @property
    def count(self) -> int:
        """All of them."""
        return sum(self.by_key.values())

    @property
    def renewed(self) -> int:
        """Those under the newest key."""
        return self.by_key.get(self.newest, 0)


class Busy(Conflict):
    """Somebody else is sealing again."""

    code = "security.reseal-busy"


def rotate(*, by: Actor) -> list[int]:
    """New data keys for fields and files, used by all processes within seconds; returns their numbers. Old values wait for
    ``run``. Raises NotAllowed, FactorNeeded."""
    require(by, Action.ROTATE_KEYS)
    keyring.current(keyring.SEAL)
    with transaction.atomic():
        made = keyring.rotate()
        numbers = ",".join(map(str, made))
        audit.enter(audit.Event.KEYS_ROTATED, by=by, object_kind="data-key", object_ref=numbers)
    keyring.forget()
    return made


def rewrap(*, by: Actor, is_new: bool = False) -> tuple[str, int]:
    """Wraps every data key with the key-encryption key of the provider that is set, or with a new one of it; returns its
    label and how many data keys that changed. Raises NotAllowed, FactorNeeded, NoKey, NoToken."""
    require(by, Action.ROTATE_KEYS)
    keyring.current(keyring.SEAL)
    changed = providers.renewed() if is_new else None
    wrapper = changed.wrapper if changed else providers.current()
    try:
        with separation.as_owner(), transaction.atomic():
            count = keyring.rewrap(wrapper)
            audit.enter(
                audit.Event.KEYS_REWRAPPED, by=by, object_kind="key-encryption-key", object_ref=wrapper.label[:80],
                count=count,
            )  # fmt: skip
    except psycopg.errors.InsufficientPrivilege as error:
        raise keyring.not_owner() from error
    if changed:
        providers.settle(changed)
    keyring.forget()
    return wrapper.label, count


def run(*, by: Actor, progress: Progress | None = None) -> int:
    """Seals again what is not under the newest key; returns how many values and files that were. Ends when a pass that
    began after every process knew the newest key found nothing. The entry, which says how many wait, comes first: batches are
    committed one by one. Raises NotAllowed, FactorNeeded, Busy."""
    require(by, Action.ROTATE_KEYS)
    began, total = time.monotonic(), 0
    with keyring.connect(as_owner=True) as own:
        if own.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone() != (True,):
            raise Busy(
                "另一个进程正在重新加密，请等它完成（xinyong keys status 可看进度）。",
                "Another process is sealing again; wait for it (xinyong keys status shows how far it is).",
            )
        with transaction.atomic():
            waiting = sum(one.count - one.renewed for one in status())
            audit.enter(audit.Event.KEYS_RESEALED, by=by, object_kind="sealed-values", object_ref="all", count=waiting)
        for _ in range(_PASSES):
            found = sum(_all(own, place, progress) for place in declared())
            total += found
            late = began + keyring.KNOWN_FOR - time.monotonic()
            if not found and late <= 0:
                break
            time.sleep(max(0.0, late))
    return total


def status() -> list[Held]:
    """Every sealed place and its values by key: what is not under the newest one was sealed before it."""
    found = []
    with keyring.connect(as_owner=True) as own:
        for place in declared():
            if isinstance(place, SealedFiles):
                counts = _count(vault_key(path) for path in _files(place))
                newest = keyring.current(keyring.VAULT)
            else:
                counts, newest = _counted(own, place), keyring.current(keyring.SEAL)
            found.append(Held(place.name, counts, newest.number))
    return found


def vault_key(path: Path) -> int:
    """The number of the key that a sealed file names; 0 for the form from before."""
    with path.open("rb") as sealed:
        front = sealed.read(vault.HEAD)
    return int.from_bytes(front[-2:]) if front[:4] == vault.MAGIC else 0


def _all(own: psycopg.Connection[Any], place: SealedColumn | SealedFiles, progress: Progress | None) -> int:
    count = 0
    for done in _renew_files(place) if isinstance(place, SealedFiles) else _renew_column(own, place):
        count += done
        if progress and done:
            progress(place.name, count)
    return count


def _renew_files(place: SealedFiles) -> Iterator[int]:
    for path in _files(place):
        yield int(vault.renew(path, context=place.context))


def _files(place: SealedFiles) -> list[Path]:
    return sorted(Path(settings.XINYONG_HOME).glob(place.pattern))


def _renew_column(own: psycopg.Connection[Any], place: SealedColumn) -> Iterator[int]:
    newest = encryption.head(keyring.current(keyring.SEAL))
    after: Sequence[Any] | None = None
    while True:
        with own.transaction():
            # A trigger on an append-only table lets the owner change the sealed bytes, and nothing else, where this is said.
            own.execute("SET LOCAL xinyong.reseal = 'on'")
            rows = own.execute(_batch(place, after), {"newest": newest, "after": after, "limit": _BATCH}).fetchall()
            if not rows:
                return
            changes = [
                (encryption.seal(encryption.unseal(old, context=place.context), context=place.context), *key, old)
                for *key, old in rows
            ]
            with own.cursor() as cursor:
                cursor.executemany(_change(place), changes)
                yield cursor.rowcount
        after = list(rows[-1][:-1])


def _batch(place: SealedColumn, after: Sequence[Any] | None) -> sql.Composed:
    key = sql.SQL(", ").join(map(sql.Identifier, place.key))
    beyond: sql.Composable = sql.SQL("")
    if after is not None:
        values = sql.SQL(", ").join(sql.Literal(value) for value in after)
        beyond = sql.SQL("AND ({key}) > ({values})").format(key=key, values=values)
    return sql.SQL(
        "SELECT {key}, {column} FROM {table} WHERE {column} IS NOT NULL AND substring({column} FOR {head}) <> %(newest)s"
        " {beyond} ORDER BY {key} LIMIT %(limit)s"
    ).format(
        key=key, column=sql.Identifier(place.column), table=sql.Identifier(place.table), beyond=beyond,
        head=sql.Literal(encryption.HEAD),
    )  # fmt: skip


def _change(place: SealedColumn) -> sql.Composed:
    """Changes a row that still holds what was read."""
    found = sql.SQL(" AND ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in place.key)
    return sql.SQL("UPDATE {table} SET {column} = %s WHERE {found} AND {column} = %s").format(
        table=sql.Identifier(place.table), column=sql.Identifier(place.column), found=found
    )


def _counted(own: psycopg.Connection[Any], place: SealedColumn) -> dict[int, int]:
    counted = own.execute(
        sql.SQL(
            "SELECT CASE WHEN get_byte({column}, 0) = 1 THEN 0 ELSE get_byte({column}, 2) * 256 + get_byte({column}, 3) END,"
            " count(*) FROM {table} WHERE {column} IS NOT NULL GROUP BY 1"
        ).format(column=sql.Identifier(place.column), table=sql.Identifier(place.table))
    )
    return {int(number): int(count) for number, count in counted}


def _count(numbers: Iterator[int]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for number in numbers:
        counts[number] = counts.get(number, 0) + 1
    return counts
