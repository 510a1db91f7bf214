"""What witnesses gave back: which of those we know have signed which checkpoint, and when.

Their public keys stand in ``<home>/log/witness/keys`` (one a line); each delivers its cosigned checkpoint as a file beside it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from xinyong.security.ledger import notes, signing, tiles
from xinyong.security.ledger.notes import Checkpoint, PublicKey


@dataclass(frozen=True, slots=True)
class Seen:
    """A witness we know and the newest checkpoint it signed; None when it has signed none."""

    name: str
    key: str
    checkpoint: Checkpoint | None
    signed_at: datetime | None
    note: str = ""


def add(key: PublicKey) -> None:
    """Makes a witness known. The same one twice: once."""
    known = keys()
    if key not in known:
        text = "".join(f"{one}\n" for one in [*known, key])
        tiles.put(_folder() / "keys", text.encode())


def keys() -> list[PublicKey]:
    """The witnesses we know."""
    path = _folder() / "keys"
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return [notes.public_key(line) for line in lines if line.strip()]


def all_seen() -> list[Seen]:
    """Each witness we know, with the newest checkpoint of ours that it signed."""
    ours = signing.public_keys()
    found = []
    delivered = [path.read_text("utf-8", errors="replace") for path in sorted(_folder().glob("*.note"))]
    for key in keys():
        best = Seen(key.name, str(key), None, None)
        for note in delivered:
            try:
                checkpoint, signatures = notes.trusted(note, keys=[*ours, key], witnesses=1)
            except (notes.NotSigned, notes.Unreadable):
                continue
            if best.checkpoint is None or checkpoint.number > best.checkpoint.number:
                at = datetime.fromtimestamp(signatures[key], tz=UTC)
                best = Seen(key.name, str(key), checkpoint, at, note)
        found.append(best)
    return found


def cosigned() -> str | None:
    """The newest checkpoint with the signature of a witness we know, for the public."""
    seen = [one for one in all_seen() if one.checkpoint]
    return max(seen, key=lambda one: one.checkpoint.number if one.checkpoint else 0).note if seen else None


def _folder() -> Path:
    return signing.home() / "witness"
