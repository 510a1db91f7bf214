"""代表关系的办理 Giving somebody the mandate of an organisation, at the counter: who it is, whose account, for how long, on
which proof. What a mandate then is and does: security/mandates.py.

Organisations of the register only, never a natural person. Of who acts no more is kept than the account's name: the file
proves the rest, and shows no person's number (security/proofs.py).
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from xinyong.kernel import clock
from xinyong.kernel.errors import Invalid
from xinyong.security import mandates, proofs
from xinyong.security.access import Action, Actor, require
from xinyong.security.mandates import MandateView, Wanted
from xinyong.subjects import registry

#: A mandate is given for so many days at most; then it is looked at again.
LONGEST_DAYS = 3 * 366


class NotForThisSubject(Invalid):
    """Nobody acts for this subject: a person, or an organisation that is no more."""

    code = "subjects.no-mandate-for-this"


class BadTerm(Invalid):
    """The mandate's days do not make a term."""

    code = "subjects.bad-mandate-term"


@dataclass(frozen=True, slots=True)
class Given:
    """A mandate that was entered, of which organisation, and the token of the one-time link to hand over ("" where the account is
    in use already): it is shown to nobody again."""

    mandate: MandateView
    subject_name: str
    token: str


def give(
    code: str, *, kind: str, username: str, display_name: str, starts_on: date, last_on: date, proof: Path, proof_name: str,
    by: Actor, at: datetime,
) -> Given:  # fmt: skip
    """Gives an account the mandate of an organisation from a day up to and with another, on a file of proof.

    Raises UnknownSubject, NotForThisSubject, BadTerm, UnfitProof, and what ``mandates.enter`` raises.
    """
    subject = registry.subject(code, seen_by=by)
    require(by, Action.GIVE_MANDATES, region=subject.region_code or None)
    if (
        subject.code is None
        or subject.subject_class == "natural_person"
        or subject.status in {"cancelled", "moved_out"}
    ):
        raise NotForThisSubject(
            "这个主体不能办理代表关系：自然人不在此列；已注销、迁出的主体不再申报。",
            "Nobody is given a mandate of this subject: a person, or an organisation that was deregistered or has moved out.",
        )
    today = clock.day(at)
    if not today <= last_on or not starts_on <= last_on or (last_on - starts_on).days > LONGEST_DAYS:
        raise BadTerm(
            "起止日期不对：截止日不早于起始日和今天，期限最长三年。",
            "The days make no term: the last is neither before the first nor before today, and three years are the most.",
        )
    proofs.look(proof, today=today)
    wanted = Wanted(
        subject_id=subject.id, subject_code=subject.code, region_code=subject.region_code, username=username.strip(),
        display_name=display_name.strip(), kind=kind, valid_from=max(begins(starts_on), at),
        valid_to=begins(last_on + timedelta(days=1)),
    )  # fmt: skip
    made, token = mandates.enter(wanted, proof=proof, proof_name=proof_name, by=by, at=at)
    return Given(made, subject.name, token)


def names(codes: list[str], *, seen_by: Actor) -> dict[str, str]:
    """Code → current name, for lists of mandates."""
    return {code: registry.subject(code, seen_by=seen_by).name for code in dict.fromkeys(codes)}


def begins(day: date) -> datetime:
    """Midnight in Beijing, with which a day begins."""
    return datetime.combine(day, time(), tzinfo=clock.ZONE)
