"""Which subject of the register an account of a person is: found by the keyed digest, never entered by it.

Nothing is on file of most people who sign in; they see an empty file, and nobody makes a subject of them for having looked.
"""

import secrets
from collections.abc import Sequence
from dataclasses import replace

from django.db import connection, transaction

from xinyong.kernel import sql
from xinyong.security import guardians, persons, scope
from xinyong.security.access import Action, Actor, Role, require, system
from xinyong.subjects import resolve
from xinyong.subjects.models import Subject

_SQL = sql.load(__file__, "persons.sql")


def settled(by: Actor) -> Actor:
    """The actor with the subject they are now: of a person something may have come on file since they signed in, or have gone.
    Others as they are. Raises NotAllowed."""
    require(by, Action.VIEW_ABOUT_ME)
    if by.role is not Role.PERSON or by.account_id is None:
        return by
    digest = guardians.digest_of(by)
    found = resolve.by_people([digest]).get(digest) if digest is not None else None
    if digest is not None and found != by.subject:
        if by.guardianship is None:
            persons.settle(by.account_id, found)
        else:
            guardians.settle(by, found)
    return replace(by, subject=found)


def settle_all(*, by: Actor) -> int:
    """Notes for every account of a person, and for every ward, which subject it is now, by two statements; how many accounts that changed.
    Raises NotAllowed."""
    require(by, Action.OPERATE)
    with scope.acting(system("persons")), connection.cursor() as cursor:
        cursor.execute(_SQL["settle_wards"])
        cursor.execute(_SQL["settle_all"])
        return int(cursor.rowcount)


@transaction.atomic
def erase(subject_ids: Sequence[int], *, by: Actor) -> list[bytes]:
    """Erases who natural persons are: the sealed name and certificate, and the digest that finds them, in whose place stands a
    random one that nobody's certificate leads to. For rooms that have seen that nothing rests on it any more. Returns a
    SHA-256 of what each was, for the proof. What has been erased already is not erased twice. Raises NotAllowed."""
    require(by, Action.OPERATE)
    ids = list(
        Subject.objects.select_for_update()
        .filter(pk__in=subject_ids, person_digest__isnull=False, sealed__isnull=False)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    with connection.cursor() as cursor:
        cursor.execute(_SQL["erase"], {"ids": ids, "random": [secrets.token_bytes(16) for _ in ids]})
        return [bytes(was) for (was,) in cursor.fetchall()]
