"""Somebody else who looks at the log and signs that it only grew: another office, another machine, a key of its own.

A witness keeps the last checkpoint it signed for each log. The next one must be proved to begin with it; a smaller one, or
another history of the same size, is refused and kept as a proof of the split (C2SP tlog-cosignature, tlog-witness). It needs
neither database nor Django: only the published files and the log's public key.
"""

import base64
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from xinyong.kernel.errors import Conflict, NotFound
from xinyong.kernel.secrets_kept import kept
from xinyong.security.ledger import merkle, notes, tiles
from xinyong.security.ledger.merkle import HASHES, Nodes
from xinyong.security.ledger.notes import WITNESS, Checkpoint, PublicKey, Signer

_LARGEST = 1 << 20


class Split(Conflict):
    """The log shows another history than it showed before: put back, or changed, or one for each reader."""

    code = "security.log-split"


class Unreachable(NotFound):
    """The log's files are not where they should be."""

    code = "security.log-unreachable"


class Source(Protocol):
    """Where a log's published files are read."""

    def checkpoint(self) -> str:
        """The signed checkpoint. Raises Unreachable."""

    def nodes(self, size: int) -> Nodes:
        """The nodes of the tree of so many leaves."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Files in a directory."""

    path: Path

    def checkpoint(self) -> str:
        """The signed checkpoint. Raises Unreachable."""
        try:
            return (self.path / tiles.CHECKPOINT).read_text("utf-8", errors="replace")
        except OSError as error:
            raise _unreachable(str(self.path / tiles.CHECKPOINT)) from error

    def nodes(self, size: int) -> Nodes:
        """The nodes of the tree of so many leaves."""
        return tiles.Files(self.path, size)


@dataclass(frozen=True, slots=True)
class Site:
    """Files below an address (https://credit.example/evidence)."""

    address: str

    def checkpoint(self) -> str:
        """The signed checkpoint. Raises Unreachable."""
        return self.read(tiles.CHECKPOINT).decode("utf-8", errors="replace")

    def nodes(self, size: int) -> Nodes:
        """The nodes of the tree of so many leaves."""

        def read(level: int, number: int, width: int) -> bytes:
            return self.read(tiles.path_of(level, number, width))

        return tiles.Files(Path(), size, read=read)

    def read(self, name: str) -> bytes:
        """A file's bytes. Raises Unreachable."""
        place = f"{self.address.rstrip('/')}/{name}"
        try:
            # nosemgrep: outgoing-request  the witness's operator names the log they witness
            with urlopen(place, timeout=20) as answer:  # noqa: S310  # nosec B310  the scheme is looked at
                return bytes(answer.read(_LARGEST))
        except (URLError, OSError) as error:
            raise _unreachable(place) from error


def source(text: str) -> Source:
    """A directory or an http(s) address."""
    return Site(text) if urlsplit(text).scheme in {"http", "https"} else Folder(Path(text))


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look brought: the checkpoint with the witness's line under it."""

    checkpoint: Checkpoint
    note: str
    before: int  # leaves of the checkpoint signed before; 0 at the first look


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness and its directory: ``key`` (name and seed, mode 0600), one note for each log, and refusals."""

    state: Path
    wanted: str  # the name it takes when it has none yet

    @property
    def signer(self) -> Signer:
        """Its key; made at first use, and its name with it, for good."""
        self.state.mkdir(parents=True, exist_ok=True)
        name = kept(self.state / "key" / "name", lambda: self.wanted)
        seed = kept(self.state / "key" / "seed", lambda: secrets.token_hex(32))
        return Signer(name, WITNESS, bytes.fromhex(seed))

    def last(self, log: PublicKey) -> Checkpoint | None:
        """What it signed last for a log."""
        path = self._note(log)
        if not path.is_file():
            return None
        return notes.trusted(path.read_text("utf-8"), keys=[log, self.signer.public], witnesses=1)[0]

    def look(self, files: Source, log: PublicKey, *, at: int) -> Looked:
        """Fetches the checkpoint, has its growth proved, cosigns and keeps it. ``at``: seconds since 1970.

        Raises Split (and keeps both checkpoints under ``refused``), Unreachable, NotSigned, Unreadable.
        """
        whole = files.checkpoint()
        checkpoint, _ = notes.trusted(whole, keys=[log])
        before = self.last(log)
        if before is not None:
            self._require_growth(files, log, before, checkpoint, whole)
        cosigned = notes.with_signatures(whole, [self.signer.line(checkpoint.text, at=at)])
        tiles.put(self._note(log), cosigned.encode())
        return Looked(checkpoint, cosigned, before.size if before else 0)

    def _require_growth(self, files: Source, log: PublicKey, before: Checkpoint, after: Checkpoint, whole: str) -> None:
        h = HASHES[after.hash_name]
        problem = ""
        if after.size < before.size or after.number < before.number or after.hash_name != before.hash_name:
            problem = f"{before.size} → {after.size}"
        elif before.size == after.size or before.size == 0:
            problem = "" if before.size < after.size or before.root == after.root else "root"
        else:
            try:
                proof = merkle.consistency(files.nodes(after.size), before.size, after.size, h)
            except (KeyError, OSError) as error:
                raise _unreachable(str(error)) from error
            if not merkle.is_consistent(before.size, after.size, proof, before.root, after.root, h):
                problem = "consistency"
        if problem:
            refused = {"log": str(log), "problem": problem, "kept": self._note(log).read_text("utf-8"), "shown": whole}
            text = json.dumps(refused, ensure_ascii=False, indent=1)
            tiles.put(self.state / "refused" / f"{_safe(log)}-{after.number}-{after.size}.json", text.encode())
            raise Split(
                f"日志前后矛盾（{problem}）：见证时有 {before.size} 条，现在给出的 {after.size} 条不是它的延续。可能被回退、改动，"
                "或对不同的人给出不同内容。不予签名；两份检查点已保存，请联系平台的审计管理员。",
                f"The log contradicts itself ({problem}): what is shown now ({after.size} leaves) does not continue the {before.size} "
                "leaves seen before. It was put back, altered, or shown differently. Not signed; both checkpoints are kept.",
                before=before.size,
                after=after.size,
            )

    def _note(self, log: PublicKey) -> Path:
        return self.state / "logs" / f"{_safe(log)}.note"


def _safe(log: PublicKey) -> str:
    return base64.b32encode(log.name.encode()).decode().rstrip("=").lower()[:80]


def _unreachable(place: str) -> Unreachable:
    return Unreachable(
        f"取不到日志文件 {place}。请检查地址或目录，以及平台是否在运行。",
        f"The log's file {place} cannot be had. Check the address or directory, and whether the platform is running.",
    )
