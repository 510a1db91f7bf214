"""What a reader gets to see of declarations: plain values, and the state in one word."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from xinyong.catalogue import publish
from xinyong.intake.models import OwnDeclaration, Submission
from xinyong.intake.outcome import Counts
from xinyong.records import declared
from xinyong.records.declared import Standing


class State(StrEnum):
    """How a declaration stands."""

    UNDER_WAY = "under-way"  # 处理中
    NOT_TAKEN = "not-taken"  # 未入库: the file was sent back, or nothing in it went in
    DECLARED = "declared"  # 待核验: shown as not verified
    CHECKED = "checked"  # 已核验
    REFUSED = "refused"  # 核验不通过
    WITHDRAWN = "withdrawn"  # 已撤回
    OVER = "over"  # 已到期: its own term, or the term of publicity, has ended
    REPLACED = "replaced"  # 已被后来的申报取代


@dataclass(frozen=True, slots=True)
class ActView:
    """One act: what, when, by whom, and what was said. Who checked is a unit; which person stands in the log."""

    number: int
    kind: str
    at: datetime
    unit: str
    note: str


@dataclass(frozen=True, slots=True)
class ProofView:
    """A file of proof: its number, name and size."""

    number: int
    file_name: str
    size: int


@dataclass(frozen=True, slots=True)
class DeclarationView:
    """A declaration. ``stored`` is the state as the desk knows it, ``state`` as it stands today; ``after`` the number of its
    last act: who decides names it, so that nobody overtakes another."""

    id: int
    subject_id: int
    subject_code: str
    subject_name: str
    item_id: str
    item_title_zh: str
    item_title_en: str
    title: str
    declared_at: datetime
    state: State
    stored: str
    after: int
    counts: Counts
    refusal_text_zh: str
    refusal_text_en: str
    commitment: str
    acts: tuple[ActView, ...] = field(default=())
    proofs: tuple[ProofView, ...] = field(default=())

    @property
    def may_withdraw(self) -> bool:
        """It stands, or might have: its organisation can take it back."""
        return self.state not in (State.UNDER_WAY, State.REFUSED, State.WITHDRAWN)

    @property
    def may_check(self) -> bool:
        """It waits for its first word."""
        return self.state is State.DECLARED

    @property
    def may_refuse(self) -> bool:
        """It can be found not to be so: also after it was checked."""
        return self.state in (State.DECLARED, State.CHECKED)


def views_of(found: Sequence[OwnDeclaration], *, on: date) -> list[DeclarationView]:
    """The views of declarations of one organisation; one question to the archive for all of them."""
    subject = found[0].subject_id if found else 0
    standing = declared.standing(subject, [one.pk for one in found], as_of=on) if found else {}
    return [_view(one, standing.get(one.pk, Standing())) for one in found]


def view(one: OwnDeclaration, *, on: date, is_whole: bool = False) -> DeclarationView:
    """The view of one; ``is_whole`` with its acts, the newest first, and its proofs."""
    standing = declared.standing(one.subject_id, [one.pk], as_of=on).get(one.pk, Standing())
    return _view(one, standing, is_whole=is_whole)


def plain(one: OwnDeclaration) -> DeclarationView:
    """The view for a list across organisations, without asking the archive for each."""
    return _view(one, Standing(shown=1))


def _view(one: OwnDeclaration, standing: Standing, *, is_whole: bool = False) -> DeclarationView:
    submission = one.submission
    item = publish.version(one.item_id, submission.item_version)
    refusal = submission.refusal or {"zh": "", "en": ""}
    return DeclarationView(
        id=one.pk, subject_id=one.subject_id, subject_code=one.subject_code, subject_name=one.subject_name,
        item_id=one.item_id, item_title_zh=item.title_zh, item_title_en=item.title_en,
        title=one.title or submission.file_name, declared_at=one.declared_at, state=_state(one, submission, standing),
        stored=one.state, after=one.act_count,
        counts=Counts(
            submission.rows_read, submission.accepted, submission.doubtful, submission.rejected, submission.duplicate,
            submission.unchanged,
        ),
        refusal_text_zh=refusal["zh"], refusal_text_en=refusal["en"], commitment=one.commitment,
        acts=tuple(
            ActView(act.number, act.kind, act.at, act.unit, act.note) for act in one.acts.order_by("-number")
        ) if is_whole else (),
        proofs=tuple(
            ProofView(proof.number, proof.file_name, proof.size) for proof in one.proofs.order_by("number")
        ) if is_whole else (),
    )  # fmt: skip


def _state(one: OwnDeclaration, submission: Submission, standing: Standing) -> State:
    if one.state in (State.REFUSED, State.WITHDRAWN):
        return State(one.state)
    if submission.status in (Submission.Status.RECEIVED, Submission.Status.STAGED):
        return State.UNDER_WAY
    if not submission.accepted:
        return State.NOT_TAKEN
    if standing.shown:
        return State(one.state)
    return State.OVER if standing.over else State.REPLACED
