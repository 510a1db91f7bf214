"""认领单位 Claims: a person says online that they represent an organisation, with proof; what comes of it is a mandate that ends.

Where the identity provider says of which organisations somebody is the legal representative, its word is the proof and the claim is
granted at once. Otherwise the credit centre looks at the file, with what the register knows beside it, and grants or refuses
with a reason. What a mandate then is: security/mandates.py.
"""

import json
import tempfile
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Invalid, NotFound
from xinyong.kernel.scrubbing import unnumbered
from xinyong.security import audit, mandates, persons, proofs, scope, sessions
from xinyong.security.access import Action, Actor, require, significant, system
from xinyong.security.mandates import MandateView, Wanted
from xinyong.security.models import Account
from xinyong.security.persons import Held
from xinyong.subjects import registry
from xinyong.subjects.mandates import LONGEST_DAYS, BadTerm, NotForThisSubject, begins
from xinyong.subjects.models import Claim, ClaimAct

#: The provider's word is taken for so long after it was given.
WORD_LASTS = timedelta(hours=24)
_CONTEXT = "claim.proof"
_SHORTEST, _LONGEST = 4, 200


class UnknownClaim(NotFound):
    """No such claim, or not for this actor to see."""

    code = "subjects.unknown-claim"


class ClaimWaits(Conflict):
    """The person has a claim of this organisation that waits, or a mandate of it."""

    code = "subjects.claim-waits"


class ProofMissing(Invalid):
    """A claim that the identity provider does not vouch for needs a file of proof."""

    code = "subjects.claim-proof-missing"


class ClaimReason(Invalid):
    """Refusing a claim needs its reason."""

    code = "subjects.claim-reason-needed"


class ClaimDecided(Conflict):
    """Somebody has decided on the claim already."""

    code = "subjects.claim-decided"


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A claim. ``state``: waiting, granted, refused. ``claimant`` is the account's masked name."""

    id: int
    username: str
    claimant: str
    subject_code: str
    subject_name: str
    kind: str
    last_on: date
    way: str
    register_says: str
    proof_name: str
    proof_size: int
    made_at: datetime
    state: str
    reason: str
    decided_at: datetime | None
    decided_by: str
    mandate_id: int | None


def enter(
    code: str, *, kind: str, last_on: date, proof: Path | None, proof_name: str, register_says: str, by: Actor, at: datetime
) -> ClaimView:  # fmt: skip
    """A person claims an organisation until a day. ``register_says`` whether the register's legal representative has their name: what
    whoever decides sees beside the proof. One entry, and one for the mandate where it is granted at once.

    Raises UnknownSubject, NotForThisSubject, BadTerm, ProofMissing, proofs.UnfitProof, ClaimWaits, mandates' refusals, NotAllowed,
    FactorNeeded.
    """
    require(by, Action.CLAIM_ORGANISATION)
    subject = registry.subject(code, seen_by=by)
    if subject.code is None or subject.status in {"cancelled", "moved_out"}:
        raise NotForThisSubject(
            "这个主体不能认领：已注销、迁出的主体不再办理。",
            "This organisation cannot be claimed: it was deregistered or has moved out.",
        )
    today = clock.day(at)
    if not today <= last_on or (last_on - today).days > LONGEST_DAYS:
        raise BadTerm("截止日不早于今天，最长三年。", "The last day is today or later, three years from now at most.")
    held = persons.of_account(sessions.own_id(by))
    is_vouched = kind == mandates.LEGAL and held is not None and _vouches(held, subject.code, at)
    if proof is None and not is_vouched:
        raise ProofMissing(
            "请上传证明材料：营业执照、法定代表人证明或授权委托书。",
            "Hand in proof: the business licence, a statement on the legal representative, or a letter of authority.",
        )
    if proof is not None:
        proofs.look(proof, today=today)
    with transaction.atomic(), scope.acting(system("claims")):
        account = Account.objects.select_for_update().get(pk=sessions.own_id(by))
        _require_none(account, subject.id, at)
        digest, size = proofs.keep(proof, folder(), context=_CONTEXT) if proof is not None else ("", 0)
        made = Claim.objects.create(
            account=account, subject_id=subject.id, kind=kind, last_on=last_on, register_says=register_says, made_at=at,
            way=Claim.Way.PROVIDER if is_vouched else Claim.Way.PAPER, proof_digest=digest, proof_size=size,
            proof_name=unnumbered(Path(proof_name).name)[-200:] if proof is not None else "",
        )  # fmt: skip
        audit.enter(
            audit.Event.CLAIM_MADE, by=by, object_kind="claim", object_ref=str(made.pk), subject=subject.code, kind=kind,
            way=made.way, until=last_on.isoformat(), digest=digest,
        )  # fmt: skip
        if is_vouched and held is not None:
            _grant_by_word(made, held, at)
    return _view(_get(made.pk))


def own(*, by: Actor, limit: int = 50) -> list[ClaimView]:
    """One's own claims, the newest first. Raises NotAllowed."""
    require(by, Action.VIEW_ABOUT_ME)
    with scope.acting(system("claims")):
        found = Claim.objects.select_related("account", "subject", "act").filter(account_id=sessions.own_id(by))
        return [_view(one) for one in found.order_by("-id")[:limit]]


def represented(*, by: Actor, at: datetime) -> list[str]:
    """Codes of organisations for which the provider's word of today grants a claim at once. Raises NotAllowed."""
    require(by, Action.CLAIM_ORGANISATION)
    held = persons.of_account(sessions.own_id(by))
    return [code for code in held.represents if _vouches(held, code, at)] if held is not None else []


def listing(
    *, state: str = "waiting", after: int | None = None, limit: int = 30, seen_by: Actor
) -> list[ClaimView]:  # fmt: skip
    """Claims for whoever decides, those that wait the oldest first, others the newest; ``after`` the last id of the page before. One
    entry. Raises NotAllowed."""
    require(seen_by, Action.VIEW_MANDATES)
    audit.enter(audit.Event.CLAIMS_VIEWED, by=seen_by, object_kind="claims", object_ref=state)
    found = Claim.objects.select_related("account", "subject", "act").filter(_of_region(seen_by))
    if state == "waiting":
        found = found.filter(act__isnull=True).order_by("id")
        found = found.filter(pk__gt=after) if after is not None else found
    else:
        found = found.filter(act__kind=state).order_by("-id") if state != "all" else found.order_by("-id")
        found = found.filter(pk__lt=after) if after is not None else found
    return [_view(one) for one in found[:limit]]


def find(claim_id: int, *, seen_by: Actor) -> ClaimView:
    """One claim. One entry. Raises UnknownClaim, NotAllowed."""
    require(seen_by, Action.VIEW_MANDATES)
    found = _get(claim_id, seen_by)
    audit.enter(audit.Event.CLAIMS_VIEWED, by=seen_by, object_kind="claim", object_ref=str(claim_id))
    return _view(found)


def proof(claim_id: int, *, to: Path, seen_by: Actor) -> tuple[str, str]:
    """Opens the file that proves a claim into ``to``; its name and content type. One entry. Raises UnknownClaim, NotAllowed."""
    require(seen_by, Action.VIEW_MANDATES)
    found = _get(claim_id, seen_by)
    if not found.proof_digest:
        raise _unknown(claim_id)
    audit.enter(
        audit.Event.PROOF_OPENED, by=seen_by, object_kind="claim", object_ref=str(claim_id), digest=found.proof_digest
    )
    return found.proof_name, proofs.take(found.proof_digest, to, folder(), context=_CONTEXT)


@transaction.atomic
def grant(claim_id: int, *, by: Actor, at: datetime) -> MandateView:
    """Grants a claim whose file was looked at: its mandate holds from now on. One entry, the mandate's. Raises UnknownClaim,
    ClaimDecided, mandates' refusals, NotAllowed, FactorNeeded."""
    require(by, Action.GIVE_MANDATES)
    found = _undecided(claim_id, by)
    with tempfile.TemporaryDirectory(prefix="xinyong-claim-") as name:
        path = Path(name) / "proof"
        proofs.take(found.proof_digest, path, folder(), context=_CONTEXT)
        given, _ = mandates.enter(_wanted(found, at), proof=path, proof_name=found.proof_name, by=by, at=at)
    ClaimAct.objects.create(
        claim=found, kind=ClaimAct.Kind.GRANTED, mandate_id=given.id, at=at, decided_by=by.name
    )  # fmt: skip
    return given


@transaction.atomic
def refuse(claim_id: int, *, reason: str, by: Actor, at: datetime) -> None:
    """Refuses a claim. One entry. Raises UnknownClaim, ClaimReason, ClaimDecided, NotAllowed, FactorNeeded."""
    require(by, Action.GIVE_MANDATES)
    found = _undecided(claim_id, by)
    said = " ".join(unnumbered(reason).split())
    if not _SHORTEST <= len(said) <= _LONGEST:
        raise ClaimReason(
            f"请写明不予认领的原因（{_SHORTEST} 至 {_LONGEST} 字），申请人会看到。",
            f"Say why it is refused ({_SHORTEST} to {_LONGEST} characters); the claimant sees it.",
        )
    ClaimAct.objects.create(claim=found, kind=ClaimAct.Kind.REFUSED, reason=said, at=at, decided_by=by.name)
    audit.enter(
        audit.Event.CLAIM_REFUSED, by=by, object_kind="claim", object_ref=str(claim_id), subject=found.subject.code or "",
        reason=said,
    )  # fmt: skip


def folder() -> Path:
    """Where the files that prove claims lie, sealed."""
    return Path(settings.XINYONG_HOME) / "subjects" / "claims"


def _grant_by_word(made: Claim, held: Held, at: datetime) -> None:
    """The provider's word is written down and kept as a proof is."""
    word = {
        "organisation": made.subject.code, "account": made.account.username,
        "provider": settings.CITIZEN_OIDC["issuer"], "said_at": held.represents_at.isoformat() if held.represents_at else "",
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="xinyong-claim-") as name:
        path = Path(name) / "word"
        path.write_text(json.dumps(word, ensure_ascii=False), encoding="utf-8")
        given, _ = mandates.enter(
            _wanted(made, at), proof=path, proof_name="provider.json", by=system("citizens"), at=at
        )
    ClaimAct.objects.create(
        claim=made, kind=ClaimAct.Kind.GRANTED, mandate_id=given.id, at=at, decided_by="citizens"
    )  # fmt: skip


def _wanted(one: Claim, at: datetime) -> Wanted:
    return Wanted(
        subject_id=one.subject_id, subject_code=one.subject.code or "", region_code=one.subject.region_code,
        username=one.account.username, display_name=one.account.display_name, kind=one.kind, valid_from=at,
        valid_to=begins(one.last_on + timedelta(days=1)),
    )  # fmt: skip


def _vouches(held: Held, code: str, at: datetime) -> bool:
    return code in held.represents and held.represents_at is not None and at - held.represents_at <= WORD_LASTS


def _require_none(account: Account, subject_id: int, at: datetime) -> None:
    waits = Claim.objects.filter(account=account, subject_id=subject_id, act__isnull=True).exists()
    if waits or any(one.subject_id == subject_id for one in mandates.of_account(account.pk, at=at)):
        raise ClaimWaits(
            "您对这个单位的认领正在办理，或者您已经可以代表它。",
            "Your claim of this organisation is being looked at, or you act for it already.",
        )


def _undecided(claim_id: int, by: Actor) -> Claim:
    found = _get(claim_id, by, lock=True)
    if ClaimAct.objects.filter(claim=found).exists():
        raise ClaimDecided("这项认领已经办结。请刷新页面查看。", "This claim has been decided. Reload the page.")
    return found


def _get(claim_id: int, by: Actor | None = None, *, lock: bool = False) -> Claim:
    with scope.acting(system("claims")):
        found = Claim.objects.select_related("account", "subject").filter(pk=claim_id)
        found = found.filter(_of_region(by)) if by is not None else found
        # Held by its account: whoever may only read and add cannot lock what is only added to.
        one = found.first()
        if one is not None and lock:
            Account.objects.select_for_update().get(pk=one.account_id)
    if one is None:
        raise _unknown(claim_id)
    return one


def _of_region(by: Actor) -> Q:
    return Q(subject__region_code__startswith=significant(by.region)) if by.region else Q()


def _view(one: Claim) -> ClaimView:
    with scope.acting(system("claims")):
        act = ClaimAct.objects.filter(claim=one).first()
    return ClaimView(
        id=one.pk, username=one.account.username, claimant=one.account.display_name, subject_code=one.subject.code or "",
        subject_name=one.subject.name, kind=one.kind, last_on=one.last_on, way=one.way, register_says=one.register_says,
        proof_name=one.proof_name, proof_size=one.proof_size, made_at=one.made_at,
        state=act.kind if act is not None else "waiting", reason=act.reason if act is not None else "",
        decided_at=act.at if act is not None else None, decided_by=act.decided_by if act is not None else "",
        mandate_id=act.mandate_id if act is not None else None,
    )  # fmt: skip


def _unknown(claim_id: int) -> UnknownClaim:
    return UnknownClaim(
        f"没有编号为 {claim_id} 的认领，或者它不归您办理。", f"There is no claim {claim_id}, or it is not yours."
    )
