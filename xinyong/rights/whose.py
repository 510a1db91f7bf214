"""About whom: an organisation by its code, a natural person by the keyed digest of their certificate, which is given in a body, used and
forgotten: it is neither stored, nor logged, nor ever part of an address (INV-70).

Whether a person is on file is itself something about them (many are for a penalty only): a person nobody knows is found like any other,
under an id that is no subject's. Without their authorisation a query of either ends the same way, and so does asking for one.
"""

from dataclasses import dataclass

from django.db import connection

from xinyong.kernel.errors import Invalid
from xinyong.security import encryption, persons
from xinyong.security.access import Action, Actor, require
from xinyong.subjects import registry, resolve, sealed_names

_PERSON = "person:"


class OneSubject(Invalid):
    """A query is about one subject: an organisation's code or a person's certificate, not both, not neither."""

    code = "rights.one-subject"


@dataclass(frozen=True, slots=True)
class Whose:
    """A subject. ``ref`` names it in the log: its code, or ``person:`` and the digest. ``name`` is empty for persons."""

    id: int
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
        return Whose(found.id, found.code or "", found.code or "", found.name, is_person=False)
    digest = encryption.digest(f"{certificate_kind}\x1f{certificate.upper()}", kind="person")
    subject_id = resolve.by_people([digest]).get(digest) or -1 - int.from_bytes(digest[:7])
    return Whose(subject_id, _PERSON + digest.hex(), "", "", is_person=True)


def of_id(subject_id: int) -> Whose:
    """A subject by our own id. Raises UnknownSubject."""
    digest = sealed_names.digest_of(subject_id)
    if digest is not None:
        return Whose(subject_id, _PERSON + digest.hex(), "", "", is_person=True)
    found = registry.by_id(subject_id)
    return Whose(subject_id, found.code or "", found.code or "", found.name, is_person=False)


def ref_of_oneself(by: Actor) -> str:
    """How the log names who is signed in as a subject; also a person of whom nothing is recorded. "" for anybody else."""
    if by.subject_code is not None:
        return by.subject_code
    held = persons.of_account(by.account_id) if by.account_id is not None else None
    if held is not None:
        return _PERSON + held.digest.hex()
    return of_id(by.subject).ref if by.subject is not None else ""


def hold(subject_id: int, *, is_shared: bool = False) -> None:
    """Until the end of the transaction nobody else says anything for this subject; queries hold it together (``is_shared``), so that a
    withdrawal and an answer come one after the other."""
    alone, together = (
        "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
        "SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))",
    )
    with connection.cursor() as cursor:
        cursor.execute(together if is_shared else alone, [f"rights:{subject_id}"])
