"""Signed notes, checkpoints and cosignatures as C2SP writes them down (signed-note, tlog-checkpoint, tlog-cosignature).

A checkpoint's text is origin, number of leaves and root; then our extension lines, which the log signs with the rest:
``number`` (checkpoints are counted, so that a missing one shows), ``time`` (seconds since 1970), and ``hash sm3`` where the
tree is not SHA-256. Pure: keys and instants are arguments.
"""

import base64
import binascii
import hashlib
import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from xinyong.kernel.errors import Invalid

#: Signature types: of a log, of a witness.
LOG, WITNESS = 1, 4

_DASH = "— "
_MOST_SIGNATURES = 64
_NAME = re.compile(r"[^\s+]+")
_COUNT = re.compile(r"0|[1-9][0-9]{0,18}")


class Unreadable(Invalid):
    """Not a signed note, not a checkpoint, or not a public key."""

    code = "security.unreadable-note"


class NotSigned(Invalid):
    """No signature of a key that we were told to trust, or one of them is wrong."""

    code = "security.not-signed"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key to verify with: its name, what it signs (LOG or WITNESS), and its 32 bytes."""

    name: str
    kind: int
    raw: bytes

    @property
    def id(self) -> bytes:
        """The four bytes by which a signature names its key."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.raw).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.kind]) + self.raw).decode()}"


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key and the name it signs under."""

    name: str
    kind: int
    seed: bytes

    @property
    def public(self) -> PublicKey:
        """What others verify with."""
        key = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return PublicKey(self.name, self.kind, raw)

    def line(self, text: str, *, at: int = 0) -> str:
        """The signature line under ``text``; ``at`` (seconds since 1970) stands in a witness's."""
        key = Ed25519PrivateKey.from_private_bytes(self.seed)
        stated = (struct.pack(">Q", at), _cosigned(text, at)) if self.kind == WITNESS else (b"", text.encode())
        signed = stated[0] + key.sign(stated[1])
        return f"{_DASH}{self.name} {base64.b64encode(self.public.id + signed).decode()}\n"


def public_key(text: str) -> PublicKey:
    """Reads ``name+id+key``. Raises Unreadable."""
    try:
        name, number, encoded = text.strip().split("+", 2)
        raw = base64.b64decode(encoded, validate=True)
        found = PublicKey(name, raw[0], raw[1:])
        if _NAME.fullmatch(name) and len(raw) == 33 and found.kind in {LOG, WITNESS} and found.id.hex() == number:
            return found
    except (ValueError, IndexError, binascii.Error):
        pass
    raise Unreadable(
        "这不是可用的公钥（应为一行：名称+编号+内容）。请向信用中心或见证方索取公钥文件。",
        "This is not a public key (one line: name+id+key). Ask the credit centre or the witness for the key file.",
    )


@dataclass(frozen=True, slots=True)
class Note:
    """A text and the signature lines under it: (name, key id, signature)."""

    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]
    whole: str


def read_note(whole: str) -> Note:
    """Takes a signed note apart; verifies nothing. Raises Unreadable."""
    text, blank, lines = whole.rpartition("\n\n")
    signatures = []
    if blank and lines.endswith("\n") and not re.search(r"[\x00-\x09\x0b-\x1f]", whole):
        for line in lines[:-1].split("\n"):
            name, _, encoded = line.removeprefix(_DASH).partition(" ")
            try:
                raw = base64.b64decode(encoded, validate=True)
            except (binascii.Error, ValueError):
                raw = b""
            if not line.startswith(_DASH) or not _NAME.fullmatch(name) or len(raw) < 5:
                raise _unreadable()
            signatures.append((name, raw[:4], raw[4:]))
    if not signatures or len(signatures) > _MOST_SIGNATURES:
        raise _unreadable()
    return Note(text + "\n", tuple(signatures), whole)


def signed_by(note: Note, keys: Iterable[PublicKey]) -> dict[PublicKey, int]:
    """Which of these keys have signed: key → the instant that a witness's signature states (0 for a log's).

    Unknown signatures count for nothing; a wrong one under a known name and id spoils the note. Raises NotSigned.
    """
    found = {}
    for key in keys:
        for name, number, signature in note.signatures:
            if (name, number) != (key.name, key.id):
                continue
            try:
                found[key] = _verified(key, note.text, signature)
            except (InvalidSignature, struct.error) as error:
                raise NotSigned(
                    f"检查点上 {key.name} 的签名不对：内容或签名被改动过，请勿采信。",
                    f"The signature of {key.name} is wrong: text or signature was altered. Do not trust it.",
                ) from error
    return found


def _verified(key: PublicKey, text: str, signature: bytes) -> int:
    public = Ed25519PublicKey.from_public_bytes(key.raw)
    if key.kind == LOG:
        public.verify(signature, text.encode())
        return 0
    (at,) = struct.unpack(">Q", signature[:8])
    public.verify(signature[8:], _cosigned(text, at))
    return int(at)


def _cosigned(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree's head: whose, how many leaves, which root; the log's own count and instant."""

    origin: str
    size: int
    root: bytes
    number: int = 0
    at: int = 0
    hash_name: str = "sha256"

    @property
    def text(self) -> str:
        """What is signed."""
        lines = [self.origin, str(self.size), base64.b64encode(self.root).decode()]
        lines += [f"number {self.number}", f"time {self.at}"]
        if self.hash_name != "sha256":
            lines.append(f"hash {self.hash_name}")
        return "".join(f"{line}\n" for line in lines)

    def signed(self, signers: Sequence[Signer]) -> str:
        """The signed note."""
        return f"{self.text}\n" + "".join(signer.line(self.text) for signer in signers)


def read_checkpoint(text: str) -> Checkpoint:
    """Reads a checkpoint's text; of extension lines it takes ours. Raises Unreadable."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]) or not _COUNT.fullmatch(lines[1]):
        raise _unreadable()
    said = dict(line.partition(" ")[::2] for line in lines[3:-1])
    try:
        root = base64.b64decode(lines[2], validate=True)
        number, at = int(said.get("number", "0")), int(said.get("time", "0"))
    except (ValueError, binascii.Error) as error:
        raise _unreadable() from error
    if len(root) != 32 or base64.b64encode(root).decode() != lines[2]:
        raise _unreadable()
    return Checkpoint(lines[0], int(lines[1]), root, number, at, said.get("hash", "sha256"))


def trusted(whole: str, *, keys: Sequence[PublicKey], witnesses: int = 0) -> tuple[Checkpoint, dict[PublicKey, int]]:
    """The checkpoint of a note that one of the log's keys among ``keys`` has signed, and at least ``witnesses`` of the
    witnesses' among them. Raises Unreadable, NotSigned."""
    note = read_note(whole)
    checkpoint = read_checkpoint(note.text)
    signatures = signed_by(note, keys)
    if not any(key.kind == LOG and key.name == checkpoint.origin for key in signatures):
        raise NotSigned(
            "检查点没有您所信任的日志密钥的签名。请核对公钥文件是否属于这个平台。",
            "No key of the log that you trust has signed the checkpoint. Check that the key file is this platform's.",
        )
    if sum(key.kind == WITNESS for key in signatures) < witnesses:
        raise NotSigned(
            f"检查点上可信见证方的签名不足 {witnesses} 个。",
            f"Fewer than {witnesses} trusted witnesses have signed the checkpoint.",
        )
    return checkpoint, signatures


def with_signatures(whole: str, lines: Iterable[str]) -> str:
    """The note with more signature lines under it; those it has already stay once."""
    return whole + "".join(line for line in dict.fromkeys(lines) if line not in whole)


def _unreadable() -> Unreadable:
    return Unreadable(
        "这不是签名检查点（或内容不完整）。请重新下载 checkpoint 文件。",
        "This is not a signed checkpoint, or it is not whole. Download the checkpoint file again.",
    )
