"""What is said in natural persons' cases stands with no step: a room keeps it sealed, and the steps keep what terms are computed from.

A case without a subject's code is a natural person's. A kind of case whose room has said where (``keeps``) is treated so; in others what is
said stands with its steps. Source: PIPL 6, 51.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from xinyong.kernel.scrubbing import unnumbered
from xinyong.workflow.case_models import Case

#: Characters of a file's name, and of its ending.
_LONGEST, _ENDING = 200, 6


class Words(Protocol):
    """Where a room keeps what is said: reasons, and the facts of these ``names``."""

    @property
    def names(self) -> frozenset[str]:
        """Facts of a step that are sealed."""
        ...

    def keep(self, case_id: int, number: int, reason: str, facts: Mapping[str, object]) -> None:
        """Keeps what a step says, in its transaction."""
        ...

    def of(self, case_id: int) -> Mapping[int, tuple[str, Mapping[str, object]]]:
        """What each step of a case says, by its number; for callers who have checked who asks."""
        ...


_WORDS: dict[str, Words] = {}


def keeps(kind: str, words: Words) -> None:
    """Says where what is said in a kind of case is kept; each room does so for its kinds when it is loaded."""
    _WORDS[kind] = words


def apart(case: Case, reason: str, facts: Mapping[str, object]) -> tuple[str, dict[str, object]]:
    """What of a step stands with it; the rest is kept sealed, in the step's transaction."""
    words, stay = _of(case), dict(facts)
    if words is None:
        return reason, stay
    words.keep(case.pk, case.step_count, reason, {name: stay.pop(name) for name in words.names & stay.keys()})
    return "", stay


def said(case: Case) -> Mapping[int, tuple[str, Mapping[str, object]]]:
    """What is kept of each step, by its number; nothing where it stands with the steps."""
    words = _of(case)
    return words.of(case.pk) if words is not None else {}


def file_name(case: Case, number: int, name: str) -> str:
    """How a paper is called: as it was, without persons' numbers; a person's by its number, for the name may say who they are."""
    if _of(case) is not None:
        return f"材料{number}{Path(name).suffix[:_ENDING]}"
    return unnumbered(Path(name).name)[-_LONGEST:]


def _of(case: Case) -> Words | None:
    return None if case.subject_code else _WORDS.get(case.kind)
