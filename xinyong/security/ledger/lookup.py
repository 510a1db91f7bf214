"""What the public may ask of the log: how it stands, its files, and where a receipt's statements are."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from xinyong.security.ledger import health, merkle, signing, statements, tiles, witnesses
from xinyong.security.ledger.notes import Checkpoint
from xinyong.security.ledger.witnesses import Seen

_PLACE = re.compile(r"((?:x[0-9]{3}/)*)([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True, slots=True)
class Standing:
    """The last checkpoint, and what witnesses say."""

    checkpoint: Checkpoint
    signed_at: datetime
    origin: str
    root: str
    witnesses: tuple[Seen, ...]

    @property
    def signed_count(self) -> int:
        """Witnesses that have signed a checkpoint of ours."""
        return sum(one.checkpoint is not None for one in self.witnesses)


@dataclass(frozen=True, slots=True)
class Stated:
    """A statement of a receipt: what it is about is told to nobody here, only that it stands in the log."""

    kind: str
    position: int | None
    is_covered: bool


def standing() -> Standing | None:
    """How the log stands; None before its first checkpoint."""
    found = health.last()
    if found is None:
        return None
    at = datetime.fromtimestamp(found.at, tz=UTC)
    return Standing(found, at, found.origin, found.root.hex(), tuple(witnesses.all_seen()))


def receipt(public_id: str) -> tuple[Stated, ...]:
    """The statements of the receipt with this number; empty when nobody knows it."""
    first, last = statements.by_public_id(public_id), health.last()
    if first is None:
        return ()
    size = last.size if last else 0
    return tuple(
        Stated(one.kind, one.position, one.position is not None and one.position < size)
        for one in statements.about(first.about)
    )


def public_keys() -> list[str]:
    """The public keys, the newest first."""
    return [str(one) for one in signing.public_keys()]


def checkpoint_note() -> str | None:
    """The signed checkpoint; None before the first."""
    path = signing.home() / tiles.CHECKPOINT
    return path.read_text("utf-8") if path.is_file() else None


def witnessed_note() -> str | None:
    """The newest checkpoint with a witness's signature; None where there is none."""
    return witnesses.cosigned()


def tile(level: int, place: str) -> bytes:
    """A tile by its place (``x001/234/067`` or ``067.p/12``). Raises KeyError, ValueError."""
    found = _PLACE.fullmatch(place)
    if found is None or not 0 <= level < 8:
        raise ValueError(place)
    number = int("".join(re.findall("[0-9]{3}", found[1])) + found[2])
    width = int(found[3]) if found[3] else merkle.TILE
    if width > merkle.TILE or tiles.path_of(level, number, width) != f"tile/{level}/{place}":
        raise ValueError(place)
    content = tiles.read(signing.home(), level, number, width)
    if len(content) != 32 * width:
        raise KeyError(place)
    return content
