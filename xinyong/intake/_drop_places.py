"""The watched folders as the file system shows them, looked at by open handles only.

A department writes into its own folders while we work in them: any name may become a link between two looks. So every folder
is opened from its parent's handle, never through a link, and files are moved and opened relative to such a handle.
"""

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from xinyong.kernel.errors import Invalid
from xinyong.kernel.scrubbing import unnumbered

IN, DONE, QUARANTINE, RECEIPTS, FEEDBACK = "in", "done", "quarantine", "receipts", "feedback"
FOLDERS = (IN, DONE, QUARANTINE, RECEIPTS, FEEDBACK)
#: The platform's own folder beside the departments': files on their way. A rename within one file system gets them there.
WORK = ".work"
#: What a file is called while it is written; some programs do so by themselves.
_UNFINISHED = re.compile(r"^\.|(\.part|\.tmp|\.filepart|\.crdownload|~)$", re.IGNORECASE)
CONTROLS = (".ok", ".ctl.json", ".ctl.xml")
_UNFIT = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|\ud800-\udfff]")
_MOST_NAME = 120
_BLOCK = 1 << 20
_FOLDER_MODE, _FILE_MODE = 0o750, 0o640


class NotAPlainFile(Invalid):
    """A link, a device, a pipe: nothing that holds a department's data of its own."""

    code = "intake.drop-not-a-plain-file"


class StillWritten(Exception):
    """The file changed while it was copied."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A name in a folder where departments write. ``folder`` is the item's, "" directly in ``in``; ``changed_at``: seconds
    since 1970 of the last change of any kind, which nobody can set back."""

    folder: str
    name: str
    size: int
    changed_at: float
    is_control: bool


@contextmanager
def root(path: Path) -> Iterator[int]:
    """A handle on the root that the operator has named."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield handle
    finally:
        os.close(handle)


@contextmanager
def folder(parent: int, *names: str, is_made: bool = False) -> Iterator[int]:
    """A handle on a folder below, each step a folder and no link. Raises OSError."""
    handle = os.dup(parent)
    try:
        for name in names:
            if is_made:
                with suppress(FileExistsError):
                    os.mkdir(name, _FOLDER_MODE, dir_fd=handle)
            below = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=handle)
            os.close(handle)
            handle = below
        yield handle
    finally:
        os.close(handle)


def folders(handle: int) -> list[str]:
    """Names of the folders in a folder, hidden ones and links apart."""
    with os.scandir(handle) as found:
        return sorted(one.name for one in found if one.is_dir(follow_symlinks=False) and not one.name.startswith("."))


def waiting(handle: int, within: str) -> list[Waiting]:
    """What lies in a folder and is complete by its name, oldest first; folders apart."""
    found = []
    with os.scandir(handle) as entries:
        for one in entries:
            if _UNFINISHED.search(one.name):
                continue
            with suppress(FileNotFoundError):  # taken back meanwhile
                seen = one.stat(follow_symlinks=False)
                if not stat.S_ISDIR(seen.st_mode):
                    is_control = one.name.endswith(CONTROLS) and stat.S_ISREG(seen.st_mode)
                    found.append(Waiting(within, one.name, seen.st_size, seen.st_ctime, is_control))
    return sorted(found, key=lambda one: (one.changed_at, one.name))


def move(name: str, source: int, to: str, target: int) -> bool:
    """Gives a file its new place at once or not at all, and on disk; False when it is not there."""
    try:
        os.rename(name, to, src_dir_fd=source, dst_dir_fd=target)
    except FileNotFoundError:
        return False
    os.fsync(target)
    os.fsync(source)
    return True


def exists(handle: int, name: str) -> bool:
    """True when something, be it a link, has this name."""
    try:
        os.stat(name, dir_fd=handle, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def copy(handle: int, name: str, to: Path) -> tuple[str, int]:
    """Copies a plain file's content to a file of our own, whole or not at all; returns SHA-256 and size. Whoever still holds
    the original open writes into the original. Raises NotAPlainFile, StillWritten, OSError."""
    try:
        source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=handle)
    except OSError as error:
        if is_plain(handle, name):
            raise
        raise _not_plain() from error
    with os.fdopen(source, "rb") as plain:
        before = os.fstat(source)
        if not stat.S_ISREG(before.st_mode) or before.st_nlink != 1:
            raise _not_plain()
        digest = hashlib.sha256()
        part = to.with_name(f"{to.name}.part")
        with part.open("wb") as file:
            while block := plain.read(_BLOCK):
                digest.update(block)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        after = os.fstat(source)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise StillWritten
    part.replace(to)
    return digest.hexdigest(), to.stat().st_size


def is_plain(handle: int, name: str) -> bool:
    """True for a regular file, of however many names."""
    return stat.S_ISREG(os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode)


def small(handle: int, name: str, most: int) -> bytes:
    """The content of a small plain file, at most so many bytes and one more. Raises NotAPlainFile, OSError."""
    if not is_plain(handle, name):
        raise _not_plain()
    source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=handle)
    with os.fdopen(source, "rb") as file:
        if not stat.S_ISREG(os.fstat(source).st_mode):
            raise _not_plain()
        return file.read(most + 1)


def put(handle: int, name: str, content: bytes, *, mark: str) -> None:
    """Writes a file whole or not at all; one of this name is replaced. ``mark`` keeps the unfinished one apart."""
    fresh = f".{mark}.part"
    with suppress(FileNotFoundError):
        os.unlink(fresh, dir_fd=handle)
    written = os.open(
        fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, _FILE_MODE, dir_fd=handle
    )
    with os.fdopen(written, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(written)
    move(fresh, handle, name, handle)


def remove(handle: int, name: str) -> None:
    """Removes a file or a link, if it is there."""
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=handle)


def printable(name: str) -> str:
    """A name as a text: bytes that are none become question marks."""
    return name.encode("utf-8", "replace").decode()


def fit(name: str) -> str:
    """A name that any system can show, without a person's number, short enough for endings of ours."""
    plain = _UNFIT.sub("_", unnumbered(name))
    stem, dot, ending = plain.rpartition(".")
    if not dot or len(ending) > 8:
        stem, ending = plain, ""
    while len(stem.encode()) > _MOST_NAME:
        stem = stem[:-1]
    return f"{stem}.{ending}" if ending else stem


def marked(name: str, ticket: str, ending: str = "") -> str:
    """The fit name with the ticket's mark before its ending: one delivery's files belong together and never collide."""
    stem, dot, own = name.rpartition(".")
    base = f"{stem if dot else name}.{ticket[:8]}"
    return base + (ending or (f".{own}" if dot else ""))


def _not_plain() -> NotAPlainFile:
    return NotAPlainFile(
        "这不是普通文件（是链接、硬链接、管道或设备），没有读取。请把文件本身传入，不要传链接。",
        "This is no plain file (a symbolic or hard link, a pipe, a device) and was not read. Put the file itself there.",
    )
