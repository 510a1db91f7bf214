"""What the last verification of the database found: kept beside the log, for the page that shows it."""

import json
from dataclasses import dataclass
from datetime import datetime

from xinyong.security.ledger import signing, tiles
from xinyong.security.ledger.verify import Report


@dataclass(frozen=True, slots=True)
class Last:
    """When it was, how much was looked at, and the first findings."""

    at: datetime
    leaves: int
    rows: int
    count: int
    findings: tuple[str, ...]


def keep(report: Report, *, at: datetime) -> None:
    """Keeps the outcome."""
    said = {
        "at": at.isoformat(), "leaves": report.leaves, "rows": report.rows, "count": len(report.findings),
        "findings": [str(one) for one in report.findings[:20]],
    }  # fmt: skip
    tiles.put(signing.home() / "verified.json", json.dumps(said, ensure_ascii=False).encode())


def last() -> Last | None:
    """The last outcome; None when nothing was verified here."""
    try:
        said = json.loads((signing.home() / "verified.json").read_text("utf-8"))
        return Last(
            datetime.fromisoformat(said["at"]), said["leaves"], said["rows"], said["count"], tuple(said["findings"])
        )
    except (OSError, ValueError, KeyError):
        return None
