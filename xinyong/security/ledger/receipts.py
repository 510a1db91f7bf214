"""A receipt: what the platform stated about one thing, signed, with the proof that each statement stands in the log.

Whoever holds the file and the platform's public key can check it without the platform: the signature, that each statement
is a leaf of the tree, and that the tree's root is the one in a signed checkpoint. A denial later needs another log, which
witnesses and every other holder of a checkpoint would notice.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from xinyong.kernel.errors import Invalid
from xinyong.security.ledger import merkle, notes, signing, statements, store, witnesses
from xinyong.security.ledger.merkle import HASHES
from xinyong.security.ledger.notes import Checkpoint, PublicKey
from xinyong.security.ledger.statements import Found

FORM = "xinyong-receipt/1"


class NotAReceipt(Invalid):
    """The file is no receipt of this form."""

    code = "security.not-a-receipt"


def compose(found: Sequence[Found], note: str) -> dict[str, Any]:
    """The receipt over these statements, proved against the checkpoint in ``note``. A statement that the checkpoint does not
    hold yet has no proof."""
    checkpoint = notes.read_checkpoint(notes.read_note(note).text)
    signers = signing.signers()
    text = "".join(f"{line}\n" for line in (FORM, signing.origin(), *(one.body for one in found)))
    return {
        "form": FORM,
        "id": found[0].public_id,
        "statements": [json.loads(one.body) for one in found],
        "signed": text + "\n" + "".join(signer.line(text) for signer in signers),
        "leaves": [_leaf(one, checkpoint) for one in found],
        "checkpoint": note,
        "witnessed": witnesses.cosigned(),
        "keys": [str(signer.public) for signer in signers],
    }


def _leaf(one: Found, checkpoint: Checkpoint) -> dict[str, Any] | None:
    path = statements.proof(one, checkpoint)
    if path is None:
        return None
    return {
        "position": one.position, "ref": one.id, "salt": one.salt.hex(), "hash": one.hash.hex(),
        "proof": [base64.b64encode(neighbour).decode() for neighbour in path],
    }  # fmt: skip


@dataclass(slots=True)
class Verdict:
    """What holds of a receipt and what does not, in Chinese and English, in the order it was looked at."""

    statements: list[dict[str, Any]] = field(default_factory=list)
    holds: list[tuple[str, str]] = field(default_factory=list)
    fails: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_genuine(self) -> bool:
        """True when nothing failed."""
        return not self.fails


def verify(text: str, *, keys: Sequence[PublicKey], file_digest: str | None = None) -> Verdict:
    """Checks a receipt with nothing but the keys that are given; ``file_digest``: SHA-256 of the file one holds.

    Raises NotAReceipt.
    """
    try:
        given = json.loads(text)
        lines = notes.read_note(given["signed"]).text.splitlines()
        leaves, checkpoint_note = list(given["leaves"]), str(given["checkpoint"])
        bodies = lines[2:]
        said = [json.loads(body) for body in bodies]
        if given["form"] != FORM or lines[0] != FORM or len(leaves) != len(bodies) or not bodies:
            raise ValueError(given["form"])
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, notes.Unreadable) as error:
        raise NotAReceipt(
            "这不是本平台的报送回执文件，或内容不完整。请重新下载 receipt.json。",
            "This is not a receipt of the platform, or not whole. Download receipt.json again.",
        ) from error
    verdict = Verdict(said)
    _signature(verdict, given["signed"], lines[1], keys)
    if said != given.get("statements"):
        verdict.fails.append(("明文与签名内容不一致。", "The readable part says other than what is signed."))
    checkpoint = _checkpoint(verdict, checkpoint_note, lines[1], keys)
    if checkpoint is not None:
        for body, leaf in zip(bodies, leaves, strict=True):
            _proved(verdict, body, leaf, checkpoint)
    if file_digest is not None:
        _same_file(verdict, said, file_digest)
    return verdict


def _signature(verdict: Verdict, signed: str, origin: str, keys: Sequence[PublicKey]) -> None:
    try:
        by = notes.signed_by(notes.read_note(signed), keys)
    except notes.NotSigned as error:
        verdict.fails.append((error.zh, error.en))
        return
    if any(key.kind == notes.LOG and key.name == origin for key in by):
        verdict.holds.append(("平台签名有效。", "The platform's signature is right."))
    else:
        verdict.fails.append(("没有您所信任的密钥的签名。", "No key that you trust has signed it."))


def _checkpoint(verdict: Verdict, note: str, origin: str, keys: Sequence[PublicKey]) -> Checkpoint | None:
    try:
        checkpoint, _ = notes.trusted(note, keys=keys)
    except (notes.NotSigned, notes.Unreadable) as error:
        verdict.fails.append((error.zh, error.en))
        return None
    if checkpoint.origin != origin or checkpoint.hash_name not in HASHES:
        verdict.fails.append(("检查点属于另一个日志。", "The checkpoint is another log's."))
        return None
    return checkpoint


def _proved(verdict: Verdict, body: str, leaf: dict[str, Any] | None, checkpoint: Checkpoint) -> None:
    kind = json.loads(body).get("kind", "")
    if leaf is None:
        verdict.fails.append(
            (
                f"“{kind}”尚无日志证明；请一分钟后重新下载回执。",
                f"“{kind}” has no proof yet; download again in a minute.",
            )
        )
        return
    h = HASHES[checkpoint.hash_name]
    try:
        path = [base64.b64decode(one, validate=True) for one in leaf["proof"]]
        digest = store.leaf_hash("statement", int(leaf["ref"]), bytes.fromhex(leaf["salt"]), body.encode(), h)
        is_in = merkle.is_included(digest, leaf["position"], checkpoint.size, path, checkpoint.root, h)
    except (ValueError, KeyError, TypeError):
        is_in = False
    if is_in:
        verdict.holds.append(
            (f"“{kind}”在日志第 {leaf['position']} 位，检查点共 {checkpoint.size} 条。",
             f"“{kind}” stands in the log at position {leaf['position']} of {checkpoint.size}.")
        )  # fmt: skip
    else:
        verdict.fails.append((f"“{kind}”的日志证明不成立。", f"The proof of “{kind}” does not hold."))


def _same_file(verdict: Verdict, said: Sequence[dict[str, Any]], digest: str) -> None:
    stated = {one["sha256"] for one in said if "sha256" in one}
    if stated == {digest}:
        verdict.holds.append(
            ("您手中的文件就是平台收到的文件，一个字节不差。", "The file you hold is the file received, to the byte.")
        )
    else:
        verdict.fails.append(
            ("您手中的文件与平台收到的文件不同。", "The file you hold is not the file that was received.")
        )
