"""Data keys: what values are sealed with. They lie in the table ``security_datakey``, each wrapped by a key-encryption key.

One key a use: ``seal`` (fields), ``vault`` (files), ``digest`` (blind index). Keys of the first two have versions; every
sealed value says by number which key opens it. A process unwraps a key once and keeps it in memory; it looks for new ones
every two seconds, so that a rotation reaches all processes while they run. The ring reads and writes on a connection of
its own: a key must not vanish with somebody's transaction.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import psycopg
from cryptography.hazmat.primitives import hmac
from django.conf import settings
from django.db import connection as django_connection

from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict
from xinyong.security import ciphers, keys, providers

SEAL: Final = "seal"
VAULT: Final = "vault"
DIGEST: Final = "digest"
#: Seconds a process goes on with the keys it knows before it looks for newer ones.
KNOWN_FOR: Final = 2.0
#: What keys derived from the master key were, before data keys had a table: version 1 of the sealed form.
DERIVED: Final = "derived"
_RANDOM: Final = "random"
_LOCK: Final = 0x786B6579  # "xkey": one process at a time makes or wraps keys
_LOG = logging.getLogger("xinyong.security")
_IS_OWNER: Final = (
    "SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = 'security_datakey'::regclass"
)
_COLUMNS: Final = "number, use, algorithm, origin, wrapped, wrapped_by, made_at"


class NotOwner(Conflict):
    """Only the owner of the tables may do this, and the program does not sign in as one."""

    code = "security.not-owner"


class UnknownKey(Conflict):
    """A sealed value names a data key that this database does not have."""

    code = "security.unknown-key"


@dataclass(frozen=True, slots=True)
class DataKey:
    """A data key, open. Its bytes never show in a log or a traceback."""

    number: int
    use: str
    algorithm: str
    origin: str
    wrapped_by: str
    made_at: datetime
    secret: bytes = field(repr=False)
    sealer: ciphers.Sealer | None = field(repr=False, default=None)
    digester: hmac.HMAC | None = field(repr=False, default=None)


@dataclass(slots=True)
class _Ring:
    keys: dict[int, DataKey]
    current: dict[str, DataKey]
    until: float


_ring: _Ring | None = None
_guard = threading.RLock()


def current(use: str) -> DataKey:
    """The key that seals now: the newest of the algorithm that is set. For digests always the first one, since a look-up
    has to find what was entered years ago. The installation's first keys are made here."""
    ring = _ring
    if ring is None or time.monotonic() >= ring.until:
        ring = _refresh(ring)
    found = ring.current.get(use)
    return found if found is not None else _make_missing(use)


def numbered(number: int, use: str) -> DataKey:
    """The key with this number. Raises UnknownKey."""
    ring = _ring
    if ring is None or number not in ring.keys:
        ring = _refresh(ring)
    found = ring.keys.get(number)
    if found is None or found.use != use:
        raise UnknownKey(
            f"数据库中没有 {number} 号数据密钥：加密内容与本库不配套。",
            f"This database has no data key {number}: the sealed content belongs to another one.",
        )
    return found


def derived(use: str) -> DataKey:
    """The key of values sealed before data keys had numbers. Raises UnknownKey."""
    ring = _ring or _refresh(None)
    for found in ring.keys.values():
        if found.use == use and found.origin == DERIVED:
            return found
    raise UnknownKey(
        "内容按旧格式加密，而本库没有旧密钥。",
        "The content is sealed in the older form, and this database has no older key.",
    )


def all_keys() -> list[DataKey]:
    """Every data key, by number, as the table has them now."""
    return sorted(_refresh(_ring).keys.values(), key=lambda one: one.number)


def rotate(uses: tuple[str, ...] = (SEAL, VAULT)) -> list[int]:
    """Makes the next version of these keys, in the caller's transaction; returns their numbers. What is sealed once it is
    committed takes them."""
    own = _djangos()
    _lock(own)
    return [_insert(own, use, _algorithm(use), ciphers.fresh(_algorithm(use)), _RANDOM) for use in uses]


def rewrap(wrapper: keys.Wrapper) -> int:
    """Wraps every data key with this key-encryption key, in the caller's transaction; returns how many were not yet. No
    sealed value is touched. The owner of the tables does it: what runs may add data keys, never change them."""
    own, count = _djangos(), 0
    _lock(own)
    own.execute("SET LOCAL xinyong.rewrap = 'on'")
    for row in _rows(own):
        if row["wrapped_by"] == wrapper.label:
            continue
        about = _about(row["number"], row["use"], row["algorithm"])
        secret = providers.named(row["wrapped_by"]).unwrap(bytes(row["wrapped"]), about)
        wrapped = wrapper.wrap(secret, about)
        if wrapper.unwrap(wrapped, about) != secret:
            raise keys.wrong_key(wrapper.label)
        own.execute(
            "UPDATE security_datakey SET wrapped = %s, wrapped_by = %s WHERE number = %s",
            [wrapped, wrapper.label, row["number"]],
        )
        count += 1
    return count


def forget() -> None:
    """The next use reads the table again."""
    global _ring
    with _guard:
        _ring = None


@contextmanager
def connect(*, as_owner: bool = False) -> Iterator[psycopg.Connection[Any]]:
    """A connection of the ring's own, to the database Django uses, in autocommit."""
    place = settings.DATABASE_AS["owner"] if as_owner else django_connection.settings_dict
    with psycopg.connect(
        host=place["HOST"] or None, port=place["PORT"] or None, user=place["USER"] or None, password=place.get("PASSWORD") or None,
        dbname=django_connection.settings_dict["NAME"], autocommit=True, application_name="xinyong-keys",
        options=place["OPTIONS"].get("options"),
    ) as own:  # fmt: skip
        if as_owner and own.execute(_IS_OWNER).fetchone() != (True,):
            raise not_owner()  # row-level security would show nothing, and nothing would seem to be left to do
        yield own


def not_owner() -> NotOwner:
    """The error for an act of the owner's, tried as somebody else."""
    return NotOwner(
        "数据库用户无权处理密钥：请把 XINYONG_OWNER_URL 设为表的所有者后再运行。",
        "The database user may not touch keys: set XINYONG_OWNER_URL to the owner of the tables, and run it again.",
    )


def _refresh(known: _Ring | None) -> _Ring:
    """Reads the table; unwraps what this process does not know yet."""
    global _ring
    with _guard:
        if _ring is not None and _ring is not known and time.monotonic() < _ring.until:
            return _ring  # another thread was quicker
        opened = dict(known.keys) if known is not None else {}
        try:
            with connect() as own:
                rows = _rows(own)
        except psycopg.OperationalError:
            if known is None:
                raise
            _LOG.warning("data-keys-not-read-again")
            known.until = time.monotonic() + KNOWN_FOR
            return known
        wrappers: dict[str, keys.Wrapper] = {}
        for row in rows:
            before = opened.get(row["number"])
            if before is None or before.wrapped_by != row["wrapped_by"]:
                opened[row["number"]] = _open(row, before, wrappers)
        _ring = _arranged(opened)
        return _ring


def _open(row: dict[str, Any], before: DataKey | None, wrappers: dict[str, keys.Wrapper]) -> DataKey:
    label = row["wrapped_by"]
    if before is None:
        if label not in wrappers:
            wrappers[label] = providers.named(label)
        secret = wrappers[label].unwrap(bytes(row["wrapped"]), _about(row["number"], row["use"], row["algorithm"]))
    else:
        secret = before.secret
    is_digest = row["use"] == DIGEST
    return DataKey(
        row["number"], row["use"], row["algorithm"], row["origin"], label, row["made_at"], secret,
        sealer=None if is_digest else ciphers.sealer(row["algorithm"], secret),
        digester=ciphers.digester(row["algorithm"], secret) if is_digest else None,
    )  # fmt: skip


def _arranged(opened: dict[int, DataKey]) -> _Ring:
    chosen: dict[str, DataKey] = {}
    for number in sorted(opened):
        one = opened[number]
        if one.use == DIGEST:
            chosen.setdefault(DIGEST, one)
        elif one.algorithm == _algorithm(one.use):
            chosen[one.use] = one
    return _Ring(opened, chosen, time.monotonic() + KNOWN_FOR)


def _make_missing(use: str) -> DataKey:
    """The first key of a use, or of an algorithm that was chosen since. Of processes that come together one makes it."""
    with _guard:
        with connect() as own, own.transaction():
            _lock(own)
            rows = _rows(own)
            is_old = not rows and _was_in_use()
            for each in (SEAL, VAULT, DIGEST):
                there = [row for row in rows if row["use"] == each]
                if any(each == DIGEST or row["algorithm"] == _algorithm(each) for row in there):
                    continue
                if is_old:
                    secret = keys.derived(keys.master(settings.XINYONG_HOME), each)
                    algorithm = ciphers.HMAC_SHA256 if each == DIGEST else ciphers.AES_256_GCM
                    _insert(own, each, algorithm, secret, DERIVED)
                else:
                    _insert(own, each, _algorithm(each), ciphers.fresh(_algorithm(each)), _RANDOM)
        ring = _refresh(_ring)
        return ring.current[use] if use in ring.current else _make_missing(use)


def _was_in_use() -> bool:
    """True for an installation that sealed files before data keys had a table: its keys are taken over."""
    home = settings.XINYONG_HOME
    return (home / "keys" / "master").exists() and next(
        (home / "intake" / "originals").glob("*/*.sealed"), None
    ) is not None


def _algorithm(use: str) -> str:
    return str(settings.KEYS["digest" if use == DIGEST else "cipher"])


def _insert(own: psycopg.Connection[Any], use: str, algorithm: str, secret: bytes, origin: str) -> int:
    wrapper = providers.current()
    found = own.execute("SELECT coalesce(max(number), 0) + 1 FROM security_datakey").fetchone()
    assert found is not None
    number = int(found[0])
    own.execute(
        f"INSERT INTO security_datakey ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s)",  # noqa: S608  # nosec B608  a constant
        [
            number,
            use,
            algorithm,
            origin,
            wrapper.wrap(secret, _about(number, use, algorithm)),
            wrapper.label,
            clock.now(),
        ],
    )
    return number


def _about(number: int, use: str, algorithm: str) -> bytes:
    """What a wrapped key is bound to: it opens as this one only."""
    return f"xinyong/data-key\x1f{number}\x1f{use}\x1f{algorithm}".encode()


def _djangos() -> psycopg.Connection[Any]:
    """Django's own connection, whose transaction the caller has opened."""
    assert django_connection.in_atomic_block
    found: psycopg.Connection[Any] = django_connection.connection
    return found


def _rows(own: psycopg.Connection[Any]) -> list[dict[str, Any]]:
    cursor = own.execute(f"SELECT {_COLUMNS} FROM security_datakey ORDER BY number")  # noqa: S608  # nosec B608  a constant
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def _lock(own: psycopg.Connection[Any]) -> None:
    own.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
