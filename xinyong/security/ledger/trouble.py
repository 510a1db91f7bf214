"""Why no checkpoint could be signed: kept beside the log, because the database may be the reason."""

import json
from pathlib import Path

from xinyong.kernel.errors import XinyongError
from xinyong.security.ledger import signing, tiles


def note(error: XinyongError | None) -> None:
    """Keeps why signing failed, for whoever looks; None: it works again."""
    path = _path()
    if error is None:
        path.unlink(missing_ok=True)
    else:
        tiles.put(path, json.dumps({"zh": error.zh, "en": error.en}, ensure_ascii=False).encode())


def told() -> tuple[str, str] | None:
    """Why signing failed last time, in Chinese and English; None when it worked."""
    try:
        said = json.loads(_path().read_text("utf-8"))
        return str(said["zh"]), str(said["en"])
    except (OSError, ValueError, KeyError):
        return None


def _path() -> Path:
    return signing.home() / "trouble.json"
