"""Erasing what identifies persons (删除): at once when somebody gives up their account, and each night where retention is over.

Records rest on law and stay as long as it says. When no datum of a person may be used any more, what is sealed of them goes, and who
they are; what is left is a count, a clock and digests. Each erasure leaves a row and an entry with a digest over what it was. The
evidence log knows an erased version by the leaf it had and the leaf it has, so that nobody hides a change behind an erasure.

A file that names the same person in the very seconds in which they are erased may leave a record whose subject nobody finds; the
next night erases it with the rest, when its own time is over.
Source: PIPL art. 47; INV-66.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection, transaction

from xinyong.kernel import sql
from xinyong.records import _canonical, own
from xinyong.records._stream import COLUMNS
from xinyong.records.models import ErasedVersion, Erasure
from xinyong.records.own import Stays
from xinyong.security import audit, persons
from xinyong.security.access import Action, Actor, require, system
from xinyong.security.ledger import batches
from xinyong.security.ledger.merkle import HASHES
from xinyong.subjects import persons as register
from xinyong.workflow import subject_channels

_SQL = sql.load(__file__, "erasure.sql")
_SEALED, _SUBMISSION = COLUMNS.index("sealed"), COLUMNS.index("submission_id")
#: Data erased in one transaction.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class GivenUp:
    """What became of an account that was given up: mandates that ended, places forgotten, whether the register forgot who it was, and
    what stays on which basis until when."""

    mandates: int
    channels: int
    is_forgotten: bool
    stays: tuple[Stays, ...]


@dataclass(frozen=True, slots=True)
class Erased:
    """What a night erased: versions of records, persons of whom nothing is left."""

    versions: int
    subjects: int


@transaction.atomic
def on_request(*, by: Actor, at: datetime) -> GivenUp:
    """Gives up one's own account: who it is, addresses, outside identity and factors go at once; records rest on law and stay, and are
    named. Where none is left that says anything, the register forgets the person too. Raises NotAllowed, FactorNeeded."""
    require(by, Action.ERASE_ME)
    who = register.settled(by)
    stays = tuple(own.stays(who))
    channels = subject_channels.forget(who.account_id or 0)
    mandates = persons.give_up(by=by, at=at)
    gone = _forgotten([who.subject] if who.subject is not None else [])
    facts = {
        "gone": ["account", "identity", "contact", "factors"] + (["register"] if gone else []),
        "stays": [asdict(one) | {"retain_until": str(one.retain_until or "")} for one in stays],
    }
    made = _note(Erasure.Kind.REQUEST, [], gone, facts, at)
    audit.enter(
        audit.Event.PERSON_ERASED, by=by, object_kind="account", object_ref=by.name, erasure=made.pk, mandates=mandates,
        channels=channels, records_stay=sum(one.count for one in stays), is_forgotten=bool(gone),
    )  # fmt: skip
    return GivenUp(mandates, channels, bool(gone), stays)


def what_is_over(*, by: Actor, at: datetime) -> Erased:
    """Erases what is sealed of data whose retention is over, and who the persons are of whom nothing else is left; in batches, each its
    own transaction, so that a run that broke off is simply run again. One entry for each batch. Raises NotAllowed."""
    require(by, Action.OPERATE)
    versions = subjects = 0
    while True:
        done = _batch(by, at)
        if done is None:
            return Erased(versions, subjects)
        versions, subjects = versions + done.versions, subjects + done.subjects


@transaction.atomic
def _batch(by: Actor, at: datetime) -> Erased | None:
    with connection.cursor() as cursor:
        cursor.execute(_SQL["over"], {"most": _AT_ONCE})
        found = [(int(subject_id), bytes(key)) for subject_id, key in cursor.fetchall()]
    if not found:
        return None
    places: dict[str, Any] = {"subjects": [one[0] for one in found], "keys": [one[1] for one in found]}
    was = _leaves(places)
    with connection.cursor() as cursor:
        cursor.execute("SELECT record_erase(%(subjects)s::bigint[], %(keys)s::bytea[])", places)
        erased = int(cursor.fetchone()[0])
    if erased != len(was):
        raise RuntimeError("the database erased other versions than were read")  # a bug of ours: nothing is committed
    gone = _forgotten(sorted(set(places["subjects"])))
    made = _note(Erasure.Kind.RETENTION, [before for _, before, _ in was], gone, {}, at)
    ErasedVersion.objects.bulk_create(
        ErasedVersion(erasure=made, submission_id=submission, before=before, after=after)
        for submission, before, after in was
    )
    audit.enter(
        audit.Event.IDENTIFIERS_ERASED, by=by, object_kind="identifiers", object_ref=str(made.pk), versions=len(was),
        subjects=len(gone), digest=made.digest,
    )  # fmt: skip
    return Erased(len(was), len(gone))


def _leaves(places: dict[str, Any]) -> list[tuple[int, bytes, bytes]]:
    """Of each version that is about to lose what is sealed: its submission, its leaf, and the leaf it will have."""
    h = HASHES[settings.LOG_HASH]
    found = []
    statement = _SQL["versions"].format(columns=", ".join(f"r.{name}" for name in COLUMNS))
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as cursor:  # Django's own give no binary results
        cursor.execute(statement, places, binary=True)
        result = cursor.pgresult
        for at in range(result.ntuples if result else 0):
            values = [result.get_value(at, column) if result else None for column in range(len(COLUMNS))]
            line = _canonical.row(values)
            values[_SEALED] = None
            bare = _canonical.row(values)
            before, after = (batches.digest_of_rows(memoryview(one), [len(one)], h)[0] for one in (line, bare))
            found.append((int.from_bytes(values[_SUBMISSION] or b"", "big", signed=True), before, after))
    return found


def _forgotten(subject_ids: Sequence[int]) -> list[bytes]:
    """Lets the register forget who persons are of whom nothing sealed is left in the archive; a digest of what each was."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL["nothing_left"], {"subjects": list(subject_ids)})
        ids = [int(subject_id) for (subject_id,) in cursor.fetchall()]
    return register.erase(ids, by=system("erasure")) if ids else []


def _note(
    kind: str, versions: Sequence[bytes], subjects: Sequence[bytes], facts: dict[str, Any], at: datetime
) -> Erasure:
    digest = hashlib.sha256(b"".join(sorted(versions)) + b"".join(sorted(subjects))).hexdigest()
    return Erasure.objects.create(
        kind=kind, at=at, versions=len(versions), subjects=len(subjects), digest=digest, facts=facts
    )
