"""About whom: an organisation by its code, a natural person by the keyed digest of their certificate, which is given in a body, used and
forgotten: it is neither stored, nor logged, nor ever part of an address (INV-70).

Whether a person is on file is itself something about them (many are for a penalty only): a person nobody knows is found like any other,
under an id that is no subject's. Without their authorisation a query of either ends the same way, and so does asking for one.

What a person says about who may look is kept under a key made of that digest, not under a subject of the register: a request waits for
somebody who is on no file and has no account, and is theirs on the day they prove who they are.
"""

from dataclasses import dataclass, replace

from django.db import connection

from xinyong.kernel.errors import Invalid
from xinyong.security import guardians, persons
from xinyong.security.access import Action, Actor, require
from xinyong.subjects import registry, resolve, sealed_names

_PERSON = "person:"


class OneSubject(Invalid):
    """A query is about one subject: an organisation's code or a person's certificate, not both, not neither."""

    code = "rights.one-subject"


@dataclass(frozen=True, slots=True)
class Whose:
    """A subject. ``id`` of the register, ``key`` under which its authorisations are kept: the same for organisations. ``ref`` names it
    in the log: its code, or ``person:`` and the digest. ``name`` is empty for persons."""

    id: int
    key: int
    ref: str
    code: str
    name: str
    is_person: bool


def find(*, code: str = "", certificate: str = "", certificate_kind: str = "身份证", by: Actor) -> Whose:
    """The subject that a caller names. Raises OneSubject, UnknownSubject (organisations only), NotAllowed, FactorNeeded."""
    require(by, Action.QUERY)
    code, certificate = code.strip(), certificate.strip()
    if bool(code) == bool(certificate):
        raise OneSubject(
            "请填写统一社会信用代码或自然人证件号码，二者填一项。",
            "Give an organisation's code or a person's certificate, one of the two.",
        )
    if code:
        found = registry.subject(code, seen_by=by)
        return Whose(found.id, found.id, found.code or "", found.code or "", found.name, is_person=False)
    digest = persons.digest(certificate_kind, certificate.upper())
    key = key_of(digest)
    return Whose(resolve.by_people([digest]).get(digest, key), key, _PERSON + digest.hex(), "", "", is_person=True)


def of_id(subject_id: int) -> Whose:
    """A subject by our own id. Raises UnknownSubject."""
    digest = sealed_names.digest_of(subject_id)
    if digest is not None:
        return Whose(subject_id, key_of(digest), _PERSON + digest.hex(), "", "", is_person=True)
    found = registry.by_id(subject_id)
    return Whose(subject_id, subject_id, found.code or "", found.code or "", found.name, is_person=False)


def key_of(digest: bytes) -> int:
    """62 bits of a person's digest, below every id of the register (and of migration 0006, which says the same in SQL)."""
    return -2 - (int.from_bytes(digest[:8]) >> 2)


def of_key(key: int) -> Whose:
    """Whose authorisations stand under a key. A person on no file is known by the key alone. Raises UnknownSubject."""
    if key >= -1:
        return of_id(key)
    start = (-2 - key) << 2  # what key_of left of the digest: all but the last two bits of its first eight bytes
    held = sealed_names.between(start.to_bytes(8), (start + 3).to_bytes(8) + b"\xff" * 24)
    return of_id(held) if held is not None else Whose(key, key, "", "", "", is_person=True)


def speaker(by: Actor) -> Actor:
    """Whoever speaks for a subject, under the key by which what it says is kept: a person of whom nothing is on file too, and a guardian
    for a child. Organisations as they are. Callers act as this one (scope.acting), so that the database holds the bound."""
    digest = _digest_of_oneself(by)
    return by if digest is None else replace(by, subject=key_of(digest))


def ref_of_oneself(by: Actor) -> str:
    """How the log names who is signed in as a subject; also a person of whom nothing is recorded. "" for anybody else."""
    if by.subject_code is not None:
        return by.subject_code
    digest = _digest_of_oneself(by)
    if digest is not None:
        return _PERSON + digest.hex()
    return of_id(by.subject).ref if by.subject is not None else ""


def _digest_of_oneself(by: Actor) -> bytes | None:
    if by.subject_code is not None:
        return None
    digest = guardians.digest_of(by)
    return digest if digest is not None or by.subject is None else sealed_names.digest_of(by.subject)


def hold(key: int, *, is_shared: bool = False) -> None:
    """Until the end of the transaction nobody else says anything for this subject; queries hold it together (``is_shared``), so that a
    withdrawal and an answer come one after the other."""
    alone, together = (
        "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
        "SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))",
    )
    with connection.cursor() as cursor:
        cursor.execute(together if is_shared else alone, [f"rights:{key}"])
