"""The master key: made at first use, kept outside the database."""

import secrets
from pathlib import Path

from xinyong.kernel.errors import Conflict
from xinyong.kernel.secrets_kept import kept

_LENGTH = 32


class NoKey(Conflict):
    """The key file holds no whole key; an empty one would seal everything with a key that anybody knows."""

    code = "security.no-key"


def master(home: Path) -> bytes:
    """The 32-byte master key of this installation, from ``<home>/keys/master`` (mode 0600); made when absent.

    Raises NoKey.
    """
    path = home / "keys" / "master"
    text = kept(path, lambda: secrets.token_hex(_LENGTH))
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != _LENGTH:
        raise NoKey(
            f"主密钥文件 {path} 不完整，不能用来加密。请从备份恢复。",
            f"The master key file {path} is not whole and encrypts nothing. Restore it from a backup.",
        )
    return key
