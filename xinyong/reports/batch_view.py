"""What a reader gets to see of batches: plain values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class LineView:
    """One name or code and what came of it."""

    number: int
    given: str
    outcome: str
    subject_code: str
    subject_name: str
    report_number: str
    found: int | None
    branches: tuple[tuple[str, str], ...]
    note: str


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch. ``done`` lines of ``total``; ``counts`` by outcome; ``kept_until`` the day its files are removed."""

    id: int
    state: str
    asked_at: datetime
    by_name: str
    purpose: str
    asked: dict[str, Any]
    total: int
    done: int
    counts: dict[str, int]
    finished_at: datetime | None
    kept_until: datetime | None
    lines: tuple[LineView, ...] = ()

    @property
    def is_ready(self) -> bool:
        """Its archive can be taken."""
        return self.state == "done"
