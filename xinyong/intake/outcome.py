"""What became of a row, and what was found in it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt


class Outcome(StrEnum):
    """What became of a row. The five add up to the rows read."""

    ACCEPTED = "accepted"
    DOUBTFUL = "doubtful"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"  # the same datum stands earlier in this file
    UNCHANGED = "unchanged"  # the archive has it already, word for word


@dataclass(frozen=True, slots=True)
class Found:
    """One finding: which row and cell, which rule, what to do. ``value`` is masked for personal fields."""

    row_no: int
    column: str  # the sender's header
    field: str
    value: str
    rule: str
    severity: str  # error | doubtful | warning
    message: str
    message_en: str
    basis: str
    suggestion: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows by outcome. Raises nothing: ``is_whole`` says whether they add up (INV-11)."""

    rows_read: int = 0
    accepted: int = 0
    doubtful: int = 0
    rejected: int = 0
    duplicate: int = 0
    unchanged: int = 0

    @property
    def is_whole(self) -> bool:
        """True when the five outcomes add up to the rows read."""
        return self.rows_read == self.accepted + self.doubtful + self.rejected + self.duplicate + self.unchanged


#: Severity of a row as a number, so that columns of it can be compared: the worst finding decides.
FINE, WARNED, DOUBTFUL, WRONG = 0, 1, 2, 3
_LEVEL = {"warning": WARNED, "doubtful": DOUBTFUL, "error": WRONG}

Rows = npt.NDArray[np.int64]


@dataclass(slots=True)
class Findings:
    """Collects the findings of a chunk; ``level`` keeps each row's worst severity."""

    row_no: npt.NDArray[np.int32]
    headers: dict[str, str]  # field code → the sender's header
    unspoken: frozenset[str] = frozenset()  # fields whose values are not repeated: free text about a person
    level: npt.NDArray[np.uint8] = field(init=False)
    found: list[Found] = field(default_factory=list)
    #: Text fields in which some cell needs a closer look: rough, or like something that may not be collected.
    strange: set[str] = field(default_factory=set)
    #: Fields in which some cell holds a character that JSON escapes (quote, backslash, line end).
    rough: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.level = np.zeros(len(self.row_no), dtype=np.uint8)

    def add(
        self,
        rows: Rows | Sequence[int],
        *,
        rule: str,
        severity: str,
        message: str,
        message_en: str,
        field_code: str = "",
        basis: str = "",
        values: Sequence[str] | None = None,
        suggestions: Sequence[str] | None = None,
    ) -> None:
        """Notes the same finding for several rows (positions in the chunk). ``values`` and ``suggestions`` go by row."""
        positions = np.asarray(rows, dtype=np.int64)
        if not len(positions):
            return
        self.level[positions] = np.maximum(self.level[positions], _LEVEL[severity])
        header = self.headers.get(field_code, "")[:200]
        for place, position in enumerate(positions.tolist()):
            self.found.append(
                Found(
                    row_no=int(self.row_no[position]), column=header, field=field_code,
                    value=values[place] if values is not None and field_code not in self.unspoken else "", rule=rule, severity=severity,
                    message=message, message_en=message_en, basis=basis,
                    suggestion=suggestions[place] if suggestions is not None else "",
                )
            )  # fmt: skip
