"""What rests on an authorisation, and ends with it: one declared list. A withdrawal runs through all of it, in its own transaction.

Today only answers kept for hand-over rest on one. The register of exported files (security/handouts.py) keeps numbers and marks, no
data, and rests on none. A room above that keeps something declares it when it starts (``declare``). Source: PIPL 15, 16, 47; INV-21,
INV-66.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from xinyong.rights.models import KeptAnswer
from xinyong.security import scope
from xinyong.security.access import system


@dataclass(frozen=True, slots=True)
class Effect:
    """``end`` erases or ends what rests on one authorisation, by its id, and returns how many it was."""

    name: str
    zh: str
    en: str
    end: Callable[[int, datetime], int]


def _erase_answers(consent_id: int, at: datetime) -> int:
    return KeptAnswer.objects.filter(consent_id=consent_id).delete()[0]


EFFECTS: list[Effect] = [
    Effect("kept-answers", "为交接暂存的查询结果", "Answers kept for hand-over", _erase_answers),
]


def declare(effect: Effect) -> None:
    """Adds what a room above keeps. ValueError for a name that is taken."""
    if effect.name in {one.name for one in EFFECTS}:
        raise ValueError(f"an effect of this name is declared already: {effect.name}")
    EFFECTS.append(effect)


def end(consent_id: int, *, at: datetime) -> dict[str, int]:
    """Ends all that rests on an authorisation; how many of each, by name. As the platform: the subject sees none of it."""
    with scope.acting(system("consent-effects")):
        return {one.name: one.end(consent_id, at) for one in EFFECTS}
