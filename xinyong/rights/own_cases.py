"""办件 What whoever a case is about can do in every kind of it: list and read its own, add papers or a word, withdraw, open a paper.

A kind (rights/objection.py, repair.py, complaint.py, appeal.py) makes one ``OwnCases`` and adds how such a case begins, and what else
its steps mean.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from xinyong.catalogue import tables
from xinyong.kernel.errors import Invalid
from xinyong.security.access import Action, Actor, require
from xinyong.workflow import cases
from xinyong.workflow.case_view import CaseView
from xinyong.workflow.cases import Paper, Step

#: How the other parties read a natural person's case, and who took the person's own steps in it.
PERSON, ONESELF = "自然人", "当事人"
_LONGEST_TOKEN = 64
#: What a step of this actor's means, in its transaction.
Means = Callable[[CaseView, Actor, datetime], None]


class BadForm(Invalid):
    """The form carries no token of ours, and could not be told from a replay."""

    code = "rights.form-without-token"


def _nothing_more(_case: CaseView, _by: Actor, _at: datetime) -> None:
    """A step that means no more than it says."""


@dataclass(frozen=True, slots=True)
class OwnCases:
    """The cases of one kind, for whom they are about. ``sees`` and ``acts`` are what one may do who reads them and who takes a step;
    ``then`` is what a withdrawal means beyond the case; where papers were asked for (state ``waits``), adding them is the step
    ``answers``."""

    kind: str
    acts: Action
    sees: Action
    then: Means = _nothing_more
    waits: str = ""
    answers: str = "add"

    def listing(self, *, by: Actor, at: datetime, after: int | None = None, limit: int = 20) -> list[CaseView]:
        """One's own cases, the newest first; ``after`` is the last id of the page before. One entry. Raises NotAllowed."""
        require(by, self.sees, subject=by.subject)
        return cases.of_subject(kind=self.kind, by=by, at=at, calendar=tables.calendar(), after=after, limit=limit)

    def paper(self, case_id: int, number: int, *, to: Path, by: Actor) -> tuple[str, str]:
        """Opens a paper that one handed in; its name and content type. One entry. Raises UnknownCase, NotAllowed."""
        require(by, self.sees, subject=by.subject)
        return cases.open_document(case_id, number, kind=self.kind, to=to, by=by)

    def add(
        self, case_id: int, *, papers: Sequence[Paper], note: str, after: int, token: str, by: Actor, at: datetime
    ) -> CaseView:  # fmt: skip
        """Adds papers, or a word, while the case is open. Raises as ``cases.take``."""
        if not papers and not note.strip():
            raise cases.ReasonMissing("请附材料或写明要补充的内容。", "Attach a paper, or say what you add.")
        is_awaited = self.waits and self.now(case_id, by=by, at=at).state.id == self.waits
        action = self.answers if is_awaited else "add"
        return self.step(case_id, Step(action, after, checked_token(token), reason=note, papers=papers), by=by, at=at)

    def withdraw(self, case_id: int, *, reason: str, after: int, token: str, by: Actor, at: datetime) -> CaseView:
        """Withdraws the case, and what it did elsewhere ends with it. Raises as ``cases.take``."""
        step = Step("withdraw", after, checked_token(token), reason=reason)
        return self.step(case_id, step, by=by, at=at, then=self.then)

    def now(self, case_id: int, *, by: Actor, at: datetime) -> CaseView:
        """A case of this kind as it stands, for who takes a step in it. Raises UnknownCase, NotAllowed."""
        require(by, self.acts, subject=by.subject)
        return cases.again(case_id, kind=self.kind, by=by, at=at, calendar=tables.calendar())

    def step(
        self, case_id: int, step: Step, *, by: Actor, at: datetime, then: Means = _nothing_more
    ) -> CaseView:  # fmt: skip
        """Takes a step of one's own. Raises as ``cases.take``, and NotAllowed."""
        case = self.now(case_id, by=by, at=at)
        unit = ONESELF if case.is_private else case.subject_name
        return cases.take(
            case_id, step, kind=self.kind, unit=unit, by=by, at=at, then=lambda done: then(done, by, at)
        )[0]  # fmt: skip


def checked_token(token: str) -> str:
    """The token of a form of ours. Raises BadForm."""
    if not 16 <= len(token) <= _LONGEST_TOKEN or not token.replace("-", "").replace("_", "").isalnum():
        raise BadForm(
            "表单已失效。请刷新页面后再提交。", "The form is no longer good. Reload the page and send it again."
        )
    return token
