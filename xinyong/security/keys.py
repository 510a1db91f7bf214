"""The master key: made at first use, kept outside the database."""

import os
import secrets
from pathlib import Path


def master(home: Path) -> bytes:
    """The 32-byte master key of this installation, from ``<home>/keys/master`` (mode 0600); made when absent."""
    folder = home / "keys"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / "master"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return bytes.fromhex(path.read_text(encoding="ascii").strip())
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32))
    return bytes.fromhex(path.read_text(encoding="ascii").strip())
