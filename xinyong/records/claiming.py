"""Claiming an organisation with what the register knows beside it: whether its legal representative has the claimant's name.

A name is no proof, and many people share one; it is what whoever decides would look up first.
"""

import unicodedata
from datetime import date, datetime
from pathlib import Path

from xinyong.catalogue import publish
from xinyong.catalogue.schema import Section
from xinyong.kernel import clock, sql
from xinyong.records import _cursor
from xinyong.security import persons, scope, sessions
from xinyong.security.access import Action, Actor, require, system
from xinyong.subjects import claims, registry
from xinyong.subjects.claims import ClaimView

_SQL = sql.load(__file__, "own.sql")


def claim(
    code: str, *, kind: str, last_on: date, proof: Path | None, proof_name: str, by: Actor, at: datetime
) -> ClaimView:  # fmt: skip
    """A person claims an organisation (subjects/claims.py, whose refusals it raises)."""
    require(by, Action.CLAIM_ORGANISATION)
    subject = registry.subject(code, seen_by=by)
    known = representative(subject.id)
    says = "unknown" if not known else "same" if _same(known, persons.name_of(sessions.own_id(by))) else "differs"
    return claims.enter(
        code, kind=kind, last_on=last_on, proof=proof, proof_name=proof_name, register_says=says, by=by, at=at
    )  # fmt: skip


def representative(subject_id: int) -> str:
    """The name of an organisation's legal representative by the newest word of the register, "" where it says none."""
    fields = {
        item.id: item.roles.legal_representative
        for item in publish.items()
        if item.section is Section.REGISTRATION and item.roles.legal_representative
    }
    parameters = {"subject_id": subject_id, "items": list(fields), "now": clock.now()}
    with scope.acting(system("claims")):
        row = next(_cursor.rows(_SQL["registered"], parameters), None)
    return str(row["payload"].get(fields[row["item_id"]]) or "") if row is not None else ""


def _same(one: str, other: str) -> bool:
    first, second = ("".join(unicodedata.normalize("NFKC", text).split()).casefold() for text in (one, other))
    return bool(first) and first == second
