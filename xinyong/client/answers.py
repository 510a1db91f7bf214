"""What a platform answers, as plain values; and how it refuses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


class PlatformError(Exception):
    """The platform refused. ``code`` never changes its meaning (docs/reference/errors.md); ``zh`` and ``en`` are for people;
    ``errors`` says where the request is wrong; ``retry_after`` how many seconds to wait, where waiting helps."""

    def __init__(self, status: int, said: Mapping[str, Any], retry_after: float | None = None) -> None:
        self.status = status
        self.code = str(said.get("code") or said.get("error") or f"http-{status}")
        self.zh = str(said.get("zh") or f"平台答复 {status}。")
        self.en = str(said.get("en") or f"The platform answered {status}.")
        self.errors: list[Mapping[str, Any]] = list(said.get("errors") or [])
        self.retry_after = retry_after
        super().__init__(f"[{self.code}] {self.zh} / {self.en}")


class Unreachable(Exception):
    """No answer came, however often it was asked. What was handed in may have arrived: ask again with the same key."""


class NotOver(Exception):
    """The work on a submission was not over in the time given; it goes on. ``submission`` is as last seen."""

    def __init__(self, submission: "Submission") -> None:
        self.submission = submission
        super().__init__(f"submission {submission.id} is {submission.status}")


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows by what became of them; the five outcomes add up to the rows read."""

    rows_read: int
    accepted: int
    doubtful: int
    rejected: int
    duplicate: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in a cell: which rule, how bad (error, doubtful, warning), what to do."""

    column: str
    field: str
    value: str
    rule: str
    severity: str
    zh: str
    en: str
    basis: str
    suggestion: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row of which something is said: rejected, doubtful, duplicate, or noted (it is in). ``corrected_by``: the later
    submission whose row took its place."""

    row: int
    outcome: str
    findings: tuple[Finding, ...]
    corrected_by: int | None


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission. ``status``: received, staged (read), deposited (done), refused (whole, see ``refusal``), cancelled,
    reverted (a person took it back).
    ``key`` is the idempotency key it was handed in under, empty when it was only looked at."""

    id: int
    item_id: str
    source_code: str
    status: str
    is_over: bool
    received_at: datetime
    finished_at: datetime | None
    counts: Counts
    rows_done: int
    warnings: int
    late: int
    open_rows: int
    corrects: int | None
    refusal: Mapping[str, Any] | None
    key: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """What would become of the rows now; nothing was kept. ``rows`` are the first thousand of ``rows_told``."""

    item_id: str
    counts: Counts
    late: int
    columns: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...] = field(repr=False)
    rows_told: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one event of the base register: applied, refused (see ``reasons``; send the right one under a new number),
    waiting for the numbers before it, skipped, conflict (its number stood for another event)."""

    sequence: int
    outcome: str
    is_repeated: bool
    reasons: tuple[Mapping[str, str], ...]
    submission_id: int | None


@dataclass(frozen=True, slots=True)
class Feed:
    """How far the platform is with an authority's events: send on from ``last_sequence`` + 1. ``gap``: first and last of the
    numbers that are missing."""

    last_sequence: int
    received_up_to: int
    waiting: int
    gap: tuple[int, int] | None
    applied: int
    refused: int


def counts(said: Mapping[str, Any]) -> Counts:
    """From the platform's answer."""
    return Counts(**{name: int(said[name]) for name in Counts.__slots__})


def row(said: Mapping[str, Any]) -> Row:
    """From the platform's answer. A member that a later version adds is left out."""
    found = tuple(Finding(**{name: str(one[name]) for name in Finding.__slots__}) for one in said["findings"])
    return Row(int(said["row"]), str(said["outcome"]), found, said["corrected_by"])


def submission(said: Mapping[str, Any], *, key: str = "") -> Submission:
    """From the platform's answer."""
    plain = {
        name: said[name]
        for name in (
            "id", "item_id", "source_code", "status", "is_over", "rows_done", "warnings", "late", "open_rows", "corrects",
            "refusal",
        )
    }  # fmt: skip
    ended = said["finished_at"]
    return Submission(
        received_at=datetime.fromisoformat(said["received_at"]),
        finished_at=datetime.fromisoformat(ended) if ended else None, counts=counts(said["counts"]), key=key, **plain,
    )  # fmt: skip


def trial(said: Mapping[str, Any]) -> Trial:
    """From the platform's answer."""
    return Trial(
        item_id=said["item_id"], counts=counts(said["counts"]), late=said["late"],
        columns=tuple((header, code) for header, code in said["columns"]), rows=tuple(row(one) for one in said["rows"]),
        rows_told=said["rows_told"],
    )  # fmt: skip


def change(said: Mapping[str, Any]) -> Change:
    """From the platform's answer."""
    return Change(
        sequence=said["sequence"], outcome=said["outcome"], is_repeated=said["is_repeated"],
        reasons=tuple(said["reasons"]), submission_id=said["submission_id"],
    )  # fmt: skip


def feed(said: Mapping[str, Any]) -> Feed:
    """From the platform's answer."""
    gap = said["gap"]
    plain = {name: said[name] for name in ("last_sequence", "received_up_to", "waiting", "applied", "refused")}
    return Feed(gap=(gap[0], gap[1]) if gap else None, **plain)
