"""Room on the disks that intake writes to: looked at before a file is taken and before each chunk, said when it is short.

Files are refused, and work waits, while there is still enough left for the database to go on: a server whose disk is full to
the last byte stops for everybody. What a file needs: itself sealed, itself opened, and what is read from it.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from django.conf import settings

from xinyong.kernel import outages
from xinyong.kernel.outages import NoSpace, Outage

#: A file lies three times on the disk while it is worked on.
_TIMES = 3
#: Seconds until a sender tries again.
_LATER = 120
_GIBIBYTE = 1 << 30


class NoRoom(NoSpace):
    """The disk is full, or would be. ``facts["retry_after"]`` says when to try again."""

    code = "intake.no-room"


class State(StrEnum):
    """How much room is left."""

    GOOD = "good"
    CARE = "care"  # less than a tenth, or than 2 GiB
    BAD = "bad"  # work waits, files are refused


@dataclass(frozen=True, slots=True)
class Disk:
    """A folder's disk: bytes free and in all."""

    name: str
    folder: Path
    free: int
    total: int

    @property
    def state(self) -> State:
        """Good, short, or too short to go on."""
        if self.free < settings.DISK_SPARE:
            return State.BAD
        return State.GOOD if self.free > self.total // 10 and self.free > 2 * _GIBIBYTE else State.CARE

    @property
    def percent(self) -> int:
        """How much of it is free."""
        return self.free * 100 // self.total if self.total else 0


def disks() -> list[Disk]:
    """The disks that intake writes to: the data directory's, and where files lie while they are taken in and read."""
    home = Path(settings.XINYONG_HOME)
    places = {"data": home, "staging": _existing(home / "intake" / "staging"), "temporary": Path(tempfile.gettempdir())}
    found: dict[int, Disk] = {}
    for name, folder in places.items():
        usage = shutil.disk_usage(folder)
        found.setdefault(folder.stat().st_dev, Disk(name, folder, usage.free, usage.total))
    return list(found.values())


def require(size: int = 0) -> None:
    """Raises NoRoom unless a file of ``size`` bytes can be taken in and worked on, and enough is left for everything else."""
    staging = _existing(Path(settings.XINYONG_HOME) / "intake" / "staging")
    if shutil.disk_usage(staging).free < _TIMES * size + settings.DISK_SPARE:
        raise no_room()


@contextmanager
def guarded() -> Iterator[None]:
    """A disk that turns out full is said, not broken over. Raises NoRoom."""
    try:
        yield
    except OSError as error:
        if outages.of(error) is not Outage.DISK_FULL:
            raise
        raise no_room() from error


def no_room() -> NoRoom:
    """The sentence for a sender."""
    return NoRoom(
        "平台的磁盘空间不足，这次没有收下；已经收到的都在，不会丢失。请稍后再试，或告知系统管理员。",
        "The platform's disk is full and this was not taken. What has arrived before is kept. Try again later, or tell the "
        "administrator.",
        retry_after=_LATER,
    )


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder
