"""办件文字的密封 What is said in a natural person's case, sealed beside its steps: reasons, and what the record should say.

A step keeps in the open what its terms are computed from and nothing of the person (workflow/sealed_words.py). Who sees the case may open
what is said in it (migration 0003); nobody else, and no backup, reads it. Source: PIPL 6, 51.
"""

import json
from collections.abc import Mapping

from xinyong.rights.models import CaseWords
from xinyong.security import encryption

CONTEXT = "rights.case-words"


class SealedWords:
    """Keeps and opens them (workflow.sealed_words.Words)."""

    names = frozenset({"changes"})

    def keep(self, case_id: int, number: int, reason: str, facts: Mapping[str, object]) -> None:
        """Seals what a step says, in its transaction; nothing where it says nothing."""
        if reason or facts:
            said = json.dumps([reason, dict(facts)], ensure_ascii=False).encode()
            CaseWords.objects.create(case_id=case_id, number=number, sealed=encryption.seal(said, context=CONTEXT))

    def of(self, case_id: int) -> dict[int, tuple[str, dict[str, object]]]:
        """What each step of a case says, by its number; for callers who have checked who asks."""
        found = CaseWords.objects.filter(case_id=case_id).values_list("number", "sealed")
        return {number: _opened(bytes(sealed)) for number, sealed in found}


def _opened(sealed: bytes) -> tuple[str, dict[str, object]]:
    reason, facts = json.loads(encryption.unseal(sealed, context=CONTEXT))
    return reason, facts
