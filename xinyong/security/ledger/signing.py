"""The log's name and its keys: ``<home>/keys/log-origin`` and ``<home>/keys/log-signing`` (one seed in hex a line).

The last line signs; while a rotation is young the one before it signs too, so that whoever knows only the old key can
still verify, and finds the statement about the new one in the log.
"""

import os
import secrets
from pathlib import Path

from django.conf import settings

from xinyong.kernel.errors import Conflict
from xinyong.kernel.secrets_kept import kept
from xinyong.security.ledger.notes import LOG, PublicKey, Signer, public_key

#: The file of the public keys beside the checkpoint.
KEYS = "key"


class NoSigningKey(Conflict):
    """The file of the signing key holds no whole key."""

    code = "security.no-signing-key"


def home() -> Path:
    """Where the log publishes: checkpoint, tiles, cosignatures."""
    return Path(settings.XINYONG_HOME) / "log"


def origin() -> str:
    """The log's name, for ever: what its checkpoints begin with."""
    made = kept(Path(settings.XINYONG_HOME) / "keys" / "log-origin", lambda: f"xinyong.log/{secrets.token_hex(8)}")
    return settings.LOG_ORIGIN or made


def signers() -> list[Signer]:
    """The keys that sign now, the newest first; made at first use. Raises NoSigningKey."""
    text = kept(_path(), lambda: secrets.token_hex(32))
    try:
        seeds = [bytes.fromhex(line) for line in text.split()]
    except ValueError:
        seeds = []
    if not seeds or any(len(seed) != 32 for seed in seeds):
        raise NoSigningKey(
            f"日志签名密钥文件 {_path()} 不完整，不能签发检查点。请从备份恢复。",
            f"The log's signing key {_path()} is not whole and signs nothing. Restore it from a backup.",
        )
    return [Signer(origin(), LOG, seed) for seed in reversed(seeds[-2:])]


def public_keys() -> list[PublicKey]:
    """What checkpoints are verified with, the newest first: also while the private ones cannot be read."""
    try:
        return [signer.public for signer in signers()]
    except NoSigningKey:
        path = home() / KEYS
        lines = path.read_text("utf-8").splitlines() if path.is_file() else []
        return [public_key(line) for line in lines]


def fresh_key() -> Signer:
    """A new key, which signs nothing until it is added."""
    return Signer(origin(), LOG, secrets.token_bytes(32))


def add_key(key: Signer | None = None) -> Signer:
    """Lets this key, or a fresh one, be the next; the one before it goes on signing beside it."""
    key = key or fresh_key()
    signers()
    path = _path()
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(f"{path.read_text(encoding='ascii').strip()}\n{key.seed.hex()}\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    return signers()[0]


def _path() -> Path:
    return Path(settings.XINYONG_HOME) / "keys" / "log-signing"
