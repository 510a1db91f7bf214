"""Erasing what identifies persons when they give up their account (注销): at once.

Records rest on law and stay as long as it says; what is over is erased by itself (records/erased.py). Where no datum of a person is
left, the register forgets who they are too. Each erasure leaves a row and an entry with a digest over what it was.
Source: PIPL art. 47; INV-66.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from xinyong.kernel import sql
from xinyong.records import own
from xinyong.records.models import AccountErasure
from xinyong.records.own import Stays
from xinyong.security import audit, persons
from xinyong.security.access import Action, Actor, require, system
from xinyong.subjects import persons as register
from xinyong.workflow import subject_channels

_SQL = sql.load(__file__, "erasure.sql")


@dataclass(frozen=True, slots=True)
class GivenUp:
    """What became of an account that was given up: mandates that ended, places forgotten, whether the register forgot who it was, and
    what stays on which basis until when."""

    mandates: int
    channels: int
    is_forgotten: bool
    stays: tuple[Stays, ...]


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
    made = _note(gone, facts, at)
    audit.enter(
        audit.Event.PERSON_ERASED, by=by, object_kind="account", object_ref=by.name, erasure=made.pk, mandates=mandates,
        channels=channels, records_stay=sum(one.count for one in stays), is_forgotten=bool(gone),
    )  # fmt: skip
    return GivenUp(mandates, channels, bool(gone), stays)


def _forgotten(subject_ids: Sequence[int]) -> list[bytes]:
    """Lets the register forget who persons are of whom nothing sealed is left in the archive; a digest of what each was."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL["nothing_left"], {"subjects": list(subject_ids)})
        ids = [int(subject_id) for (subject_id,) in cursor.fetchall()]
    return register.erase(ids, by=system("erasure")) if ids else []


def _note(subjects: Sequence[bytes], facts: dict[str, Any], at: datetime) -> AccountErasure:
    digest = hashlib.sha256(b"".join(sorted(subjects))).hexdigest()
    return AccountErasure.objects.create(at=at, subjects=len(subjects), digest=digest, facts=facts)
