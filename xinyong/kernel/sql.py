"""Named SQL from the ``.sql`` file beside the caller, so that every statement can be read and reviewed as SQL.

A file holds statements headed ``-- name: some_name``; comment lines under the head say why.
"""

import re
from functools import cache
from pathlib import Path

_HEAD = re.compile(r"^-- name: (\w+)[ \t]*$", re.MULTILINE)


@cache
def load(beside: str, file: str) -> dict[str, str]:
    """The statements of ``file`` in the folder of ``beside`` (pass ``__file__``), by name.

    Raises ValueError for text before the first head or a name used twice.
    """
    text = (Path(beside).parent / file).read_text(encoding="utf-8")
    parts = _HEAD.split(text)
    if any(line and not line.startswith("--") for line in parts[0].splitlines()):
        raise ValueError(f"{file}: SQL before the first '-- name:' line")
    names = parts[1::2]
    if len(set(names)) != len(names):
        raise ValueError(f"{file}: a name is used twice")
    return dict(zip(names, (body.strip().rstrip(";") for body in parts[2::2]), strict=True))
