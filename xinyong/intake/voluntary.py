"""自主申报 What an organisation declares of itself: its facts with proof, handed in by whoever holds its mandate.

A declaration is one submission of one item marked ``self_declared``: checked, linked and deposited by the same work as every
file, under a source of its own (security/identity.py ``subjects_unit``), about the declaring organisation only. It is shown as
self-declared until the desk has checked it (intake/voluntary_desk.py), and its organisation withdraws it when it likes.
Source: the voluntary registration mechanism of the cities' plans; catalogue category 13 (经营主体自愿提供的信用信息).
"""

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from xinyong.catalogue import publish
from xinyong.catalogue.schema import Item
from xinyong.intake import entry, revert, submit, views
from xinyong.intake.models import DeclarationProof, OwnDeclaration, OwnDeclarationAct, Submission
from xinyong.intake.views import FindingView, Trial
from xinyong.intake.voluntary_view import DeclarationView, view, views_of
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Invalid, NotFound
from xinyong.kernel.scrubbing import unnumbered
from xinyong.records import declared
from xinyong.records.view import RecordView
from xinyong.security import audit, identity, proofs, quotas
from xinyong.security.access import Action, Actor, require
from xinyong.subjects import registry

#: Files of proof of one declaration, at least one and at most.
MOST_PROOFS = 3
#: The commitment of truth by edition, Chinese and English; the newest is signed. An edition is never changed.
COMMITMENTS: Mapping[str, tuple[str, str]] = {
    "2026-1": (
        "本单位承诺：所申报的信息和所附证明材料真实、准确、完整、有效，不含国家秘密、商业秘密和他人的个人信息；知悉这些信息将以“自主申报”"
        "名义向社会公开，未经核实前注明“未经核实”；情况变化时及时更正或撤回。申报不实的，同意停止公开，并依法承担责任。",
        "We commit that what is declared and the proof attached are true, accurate, complete and valid, and hold no state or "
        "business secrets and nothing of other persons; that it is published as self-declared, and as not verified until it "
        "is; that we correct or withdraw it when things change. If it is not true we agree that its publication ends, and "
        "answer for it by law.",
    )
}
COMMITMENT = max(COMMITMENTS)
CONTEXT = "intake.proof"
#: Looks while filling in that one person may take.
_PER_MINUTE, _PER_DAY = 30, 2_000
_State, _Kind = OwnDeclaration.State, OwnDeclarationAct.Kind


class UnknownDeclaration(NotFound):
    """No such declaration, or it is another organisation's, which looks the same."""

    code = "intake.unknown-own-declaration"


class NotClean(Invalid):
    """What was filled in would not go in as it stands."""

    code = "intake.declaration-not-clean"


class Uncommitted(Invalid):
    """Nothing is declared without the commitment of truth, in the edition that was shown."""

    code = "intake.declaration-uncommitted"


class ProofNeeded(Invalid):
    """A declaration has proof: at least one file, and not too many."""

    code = "intake.declaration-proof-needed"


class NotWithdrawable(Conflict):
    """The declaration is being worked on, or does not stand any more."""

    code = "intake.declaration-not-withdrawable"


@dataclass(frozen=True, slots=True)
class Proof:
    """A file of proof as it was handed over, with its own name."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Seen:
    """One declaration with what it says, what was found wrong in it, and the way it went."""

    declaration: DeclarationView
    records: tuple[RecordView, ...]
    findings: tuple[FindingView, ...]


#: What asks the worker for the work on a submission, in the caller's transaction.
Then = Callable[[int], Any]


def items(*, by: Actor) -> list[Item]:
    """What can be declared today. Raises NotAllowed."""
    require(by, Action.DECLARE_OWN)
    return publish.declarable()


def item_of(item_id: str, *, by: Actor) -> Item:
    """An item that can be declared. Raises UnknownItem, NotReported, NotAllowed."""
    require(by, Action.DECLARE_OWN)
    return publish.current_declarable(item_id)


def own_values(item: Item, *, by: Actor) -> dict[str, str]:
    """What stands in every row: whose it is, from the register. It is put in, whatever was typed."""
    subject = registry.by_id(_own(by))
    pairs = {item.roles.subject_name: subject.name, item.roles.subject_code or "": subject.code or ""}
    return {code: text for code, text in pairs.items() if code}


def look(item_id: str, values: Mapping[str, str], *, by: Actor, at: datetime) -> Trial:
    """What the rules say of a row as it stands; nothing is kept and the archive is not asked. Raises QuotaSpent."""
    item = item_of(item_id, by=by)
    quotas.take(f"declare:{by.account_id}", per_minute=_PER_MINUTE, per_day=_PER_DAY, now=at)
    with _row(item, values, by) as path:
        return submit.check(
            path, item_id=item.id, file_name=path.name, by=by, received_at=at, is_apart=True, subject=_own(by)
        )


def declare(
    item_id: str, values: Mapping[str, str], *, proofs_given: Sequence[Proof], commitment: str, by: Actor, at: datetime, then: Then
) -> tuple[DeclarationView, bool]:  # fmt: skip
    """Declares one fact, filled in by form. False: the very same was declared before and stands.

    Raises NotClean when the rules would hold it up, Uncommitted, ProofNeeded, UnfitProof, UnknownItem, NotAllowed.
    """
    item = item_of(item_id, by=by)
    trial = look(item_id, values, by=by, at=at)
    held_up = [one for one in trial.findings if one.severity in ("error", "doubtful")]
    if held_up:
        raise NotClean(
            f"还有 {len(held_up)} 处需要改正，没有申报。", f"{len(held_up)} things to correct; nothing was declared."
        )
    title = next((values.get(code, "").strip() for code in item.summary if values.get(code, "").strip()), "")
    with _row(item, values, by) as path:
        name = f"自主申报-{item.title_zh}-{at.astimezone(clock.ZONE):%Y%m%d-%H%M%S}.json"
        return _hand_in(item, path, name, title[:200], proofs_given, commitment, by=by, at=at, then=then)


def declare_file(
    item_id: str, path: Path, *, file_name: str, proofs_given: Sequence[Proof], commitment: str, by: Actor, at: datetime, then: Then
) -> tuple[DeclarationView, bool]:  # fmt: skip
    """Declares the rows of a file. What is wrong in a row, another organisation's code above all, is a finding of that row.
    Raises as ``declare``, NotClean apart."""
    item = item_of(item_id, by=by)
    return _hand_in(item, path, file_name, "", proofs_given, commitment, by=by, at=at, then=then)


def listing(*, by: Actor, at: datetime, after: int | None = None, limit: int = 20) -> list[DeclarationView]:
    """One's organisation's declarations, the newest first; ``after`` is the last id of the page before. One entry."""
    require(by, Action.VIEW_OWN)
    audit.enter(audit.Event.OWN_VIEWED, by=by, object_kind="self-declarations", object_ref=by.subject_code or "")
    found = _mine(by).select_related("submission").order_by("-submission_id")
    if after is not None:
        found = found.filter(submission_id__lt=after)
    return views_of(list(found[:limit]), on=clock.day(at))


def find(declaration_id: int, *, by: Actor, at: datetime) -> Seen:
    """One declaration of one's organisation; one entry. Raises UnknownDeclaration."""
    require(by, Action.VIEW_OWN)
    found = _find(declaration_id, by)
    audit.enter(audit.Event.OWN_VIEWED, by=by, object_kind="self-declaration", object_ref=str(declaration_id))
    return seen(found, at=at)


def withdraw(declaration_id: int, *, reason: str, by: Actor, at: datetime, then: Then) -> DeclarationView:
    """Withdraws a declaration: what it brought leaves every page, report and extract. Withdrawn twice: once.

    Raises UnknownDeclaration, NotWithdrawable while it is being worked on or after it was refused, ReasonNeeded.
    """
    require(by, Action.DECLARE_OWN)
    with transaction.atomic():
        found = _find(declaration_id, by, lock=True)
        if found.state == _State.WITHDRAWN:
            return view(found, on=clock.day(at))
        if found.state == _State.REFUSED or found.submission.status in ("received", "staged"):
            raise NotWithdrawable(
                "正在处理中的请稍候再撤回；核验不通过的已经停止公开，不需要撤回。",
                "Wait while it is being worked on; what was refused is published no more and need not be withdrawn.",
            )
        said = take_back(found, reason=reason, by=by, then=then)
        act(found, _Kind.WITHDRAWN, note=said, by=by, at=at)
        audit.enter(
            audit.Event.DECLARATION_WITHDRAWN, by=by, object_kind="self-declaration", object_ref=str(declaration_id),
            subject=found.subject_code, item=found.item_id, reason=said,
        )  # fmt: skip
    return view(found, on=clock.day(at))


def take_back(found: OwnDeclaration, *, reason: str, by: Actor, then: Then) -> str:
    """Begins taking back what a declaration brought; of a file that was sent back there is nothing. The reason as it is kept."""
    submission = Submission.objects.select_for_update(of=("self",)).get(pk=found.pk)
    said = unnumbered(" ".join(reason.split()))
    if submission.status == Submission.Status.DEPOSITED:
        said = revert.enter(submission, reason=said, by=by)
        then(submission.pk)
        found.submission = submission
    return said[:200]


def act(found: OwnDeclaration, kind: str, *, by: Actor, at: datetime, note: str = "", unit: str = "") -> None:
    """Enters an act and the state it leads to; callers hold the row's lock and have checked who acts."""
    found.state, found.act_count = kind, found.act_count + 1
    found.save(update_fields=["state", "act_count"])
    OwnDeclarationAct.objects.create(
        declaration=found, number=found.act_count, kind=kind, at=at, by_name=by.name, by_role=by.role.value, unit=unit,
        note=note,
    )  # fmt: skip


def seen(found: OwnDeclaration, *, at: datetime) -> Seen:
    """A declaration with what it says, for callers who have checked who asks."""
    on = clock.day(at)
    return Seen(
        view(found, on=on, is_whole=True),
        tuple(declared.said(found.subject_id, found.pk, as_of=on)),
        tuple(views.own_findings(found.pk)),
    )


def folder() -> Path:
    """Where files of proof lie, sealed."""
    return Path(settings.XINYONG_HOME) / "intake" / "proofs"


def _hand_in(
    item: Item, path: Path, file_name: str, title: str, given: Sequence[Proof], commitment: str, *, by: Actor, at: datetime,
    then: Then,
) -> tuple[DeclarationView, bool]:  # fmt: skip
    if commitment != COMMITMENT:
        raise Uncommitted(
            "请先阅读并勾选真实性承诺；承诺书有更新的，请按新的一版确认。",
            "Read the commitment of truth and agree to it; where it has changed, to the new edition.",
        )
    if not 1 <= len(given) <= MOST_PROOFS:
        raise ProofNeeded(
            f"请至少附一份证明材料，最多 {MOST_PROOFS} 份。", f"Attach proof: one file at least, {MOST_PROOFS} at most."
        )
    for one in given:
        proofs.look(one.path, today=clock.day(at))
    subject = registry.by_id(_own(by))
    with transaction.atomic():
        entered, is_new = submit.enter(
            path, item_id=item.id, source_code=identity.SUBJECTS_CODE, file_name=file_name, by=by, received_at=at,
            channel=submit.OWN, subject=subject.id,
        )  # fmt: skip
        if not is_new:
            return view(_find(entered.id, by), on=clock.day(at)), False
        made, _ = OwnDeclaration.objects.get_or_create(
            submission_id=entered.id,
            defaults={
                "subject_id": subject.id, "subject_code": subject.code or "", "subject_name": subject.name,
                "region_code": subject.region_code, "item_id": item.id, "title": title, "account_id": by.account_id or 0,
                "commitment": commitment, "commitment_digest": _digest(commitment), "declared_at": at,
            },
        )  # fmt: skip
        before = made.proofs.count()
        for number, one in enumerate(given, before + 1):
            digest, size = proofs.keep(one.path, folder(), context=CONTEXT)
            DeclarationProof.objects.create(
                declaration=made,
                number=number,
                digest=digest,
                size=size,
                file_name=unnumbered(Path(one.name).name)[-200:],
            )
        act(made, _Kind.DECLARED, by=by, at=at)
        audit.enter(
            audit.Event.DECLARATION_MADE, by=by, object_kind="self-declaration", object_ref=str(made.pk), item=item.id,
            subject=made.subject_code, size=entered.file_size, proofs=len(given), commitment=commitment,
        )  # fmt: skip
        then(entered.id)
    return view(_find(made.pk, by), on=clock.day(at)), True


def _own(by: Actor) -> int:
    require(by, Action.DECLARE_OWN)
    if by.subject is None:
        raise _unknown()
    return by.subject


def _mine(by: Actor) -> Any:
    """The declarations of the actor's own organisation (the database holds the same bound: migration 0012)."""
    return OwnDeclaration.objects.filter(subject_id=by.subject if by.subject is not None else -1)


def _find(declaration_id: int, by: Actor, *, lock: bool = False) -> OwnDeclaration:
    rows = _mine(by).select_related("submission").filter(pk=declaration_id)
    found: OwnDeclaration | None = (rows.select_for_update(of=("self",)) if lock else rows).first()
    if found is None:
        raise _unknown()
    return found


@contextmanager
def _row(item: Item, values: Mapping[str, str], by: Actor) -> Iterator[Path]:
    """The row as a file, gone afterwards; whose it is comes from the mandate."""
    clean = entry.tidy(item, {**values, **own_values(item, by=by)})
    with tempfile.TemporaryDirectory(prefix="xinyong-declare-") as name:
        path = Path(name) / "rows.json"
        whole = {one.code: clean.get(one.code, "") for one in entry.fields(item)}
        path.write_text(json.dumps([whole], ensure_ascii=False), encoding="utf-8")
        yield path


def _digest(commitment: str) -> str:
    return hashlib.sha256(COMMITMENTS[commitment][0].encode()).hexdigest()


def _unknown() -> UnknownDeclaration:
    return UnknownDeclaration(
        "没有这项自主申报，或它不是您单位的。", "There is no such declaration, or it is not your organisation's."
    )
