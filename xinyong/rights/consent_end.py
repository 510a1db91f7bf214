"""授权终止 An authorisation ends: its subject takes it back, its term is over, or its purpose has ended. What rests on it alone goes with it.

What that is stands in the one list of effects (rights/effects.py). A withdrawal carries it out in its own transaction; term and purpose
end by the clock, and the hourly job carries that out, each authorisation in a transaction of its own: one that was killed is taken up
by the next, and nothing is done twice. Nothing waits for the job: a query is refused from the first instant on (rights/queries.py).
Source: PIPL 15, 16, 47; INV-21, INV-66.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time

from django.db import transaction
from django.db.models import Q

from xinyong.kernel import clock
from xinyong.rights import effects, purposes, recipients, whose
from xinyong.rights.effects import Cause, Happening
from xinyong.rights.models import Consent, ConsentEnd
from xinyong.rights.recipients import RecipientView
from xinyong.security import audit, scope
from xinyong.security.access import Action, Actor, require, system
from xinyong.workflow import subject_notices
from xinyong.workflow.subject_kinds import SubjectKind

Way = ConsentEnd.Way
#: Authorisations that one round ends at most.
_MOST = 2000
_WHY: dict[str, tuple[str, str]] = {
    Way.WITHDRAWN: ("您已撤回", "you withdrew it"),
    Way.TERM: ("期限届满", "its term is over"),
    Way.PURPOSE: ("查询目的已经终止", "its purpose has ended"),
}


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What came of the end of an authorisation: since when it holds no more, how many kept answers were erased, who was told."""

    way: str
    ended_at: datetime
    erased: int
    recipients: Sequence[RecipientView]


@transaction.atomic
def carry_out(found: Consent, way: ConsentEnd.Way, *, ended_at: datetime, by: Actor, at: datetime) -> dict[str, int]:
    """All that follows from the end of an authorisation, once; the subject is told. What followed, by name of the effect; {} when it was
    carried out before. Callers hold the subject (``whose.hold``) and have asked who may."""
    with scope.acting(system("effects")):
        if ConsentEnd.objects.filter(consent=found).exists():
            return {}
        about = whose.of_key(found.subject_id)
    what = Happening(Cause.CONSENT_ENDED, at, about.id, subject_code=about.code, consent_id=found.pk, ref=found.number)
    done = effects.carry_out(what)
    with scope.acting(system("effects")):
        ConsentEnd.objects.create(
            consent=found, subject_id=about.key, way=way, ended_at=ended_at, carried_out_at=at, effects=done
        )
    zh, en = _WHY[way]
    subject_notices.tell(
        SubjectKind.CONSENT_ENDED, subject_id=about.id,
        facts={"unit": found.recipient.name, "why_zh": zh, "why_en": en, "count": done.get("kept-answers", 0)},
        link=f"/own/consents/{found.pk}/", key=str(found.pk), by=by, at=at,
    )  # fmt: skip
    return done


def aftermath(consent_id: int, *, by: Actor, at: datetime) -> Aftermath | None:
    """What came of it, for its own subject; None while nothing was carried out. Raises NotAllowed."""
    require(by, Action.GIVE_CONSENT, subject=by.subject)
    who = whose.speaker(by)
    if who.subject is None:
        return None
    with scope.acting(who):
        found = ConsentEnd.objects.filter(consent_id=consent_id, subject_id=who.subject).first()
    if found is None:
        return None
    return Aftermath(
        found.way, found.ended_at, found.effects.get("kept-answers", 0), recipients.of_consent(consent_id, at=at)
    )


def end_due(*, by: Actor, at: datetime) -> int:
    """Carries out the end of every authorisation whose term or purpose is over, and returns how many. Safe to run again and beside
    anybody. Raises NotAllowed."""
    require(by, Action.OPERATE)
    today = clock.day(at)
    over = [one.id for one in purposes.register() if purposes.is_over(one.id, on=today)]
    with scope.acting(system("effects")):
        due = Consent.objects.filter(
            Q(valid_to__lte=at) | Q(purpose__in=over), ending__isnull=True, withdrawal__isnull=True
        )
        found = list(due.select_related("recipient").order_by("id")[:_MOST])
    return sum(_end(one, by, at) for one in found)


@transaction.atomic
def _end(one: Consent, by: Actor, at: datetime) -> int:
    whose.hold(one.subject_id)
    with scope.acting(system("effects")):
        if ConsentEnd.objects.filter(consent=one).exists():  # withdrawn, or ended by another round, meanwhile
            return 0
    ended_on = purposes.ended_on(one.purpose)
    purpose_end = None if ended_on is None else datetime.combine(ended_on, time(), tzinfo=clock.ZONE)
    is_purpose = purpose_end is not None and purpose_end < one.valid_to
    way, ended_at = (Way.PURPOSE, purpose_end) if is_purpose else (Way.TERM, one.valid_to)
    assert ended_at is not None
    done = carry_out(one, way, ended_at=ended_at, by=by, at=at)
    audit.enter(
        audit.Event.CONSENT_ENDED, by=by, object_kind="consent", object_ref=one.number, way=way.value,
        erased=done.get("kept-answers", 0),
    )  # fmt: skip
    return 1
