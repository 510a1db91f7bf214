"""The control file beside a delivered file (控制文件): which item, how many rows, which digest. All of it optional.

After the file exchange of GB/T 39443-2020, whose annex shows a data file with a description beside it; the element names are
ours, because the annex is not public. ``NAME.ok`` may be empty and then says only that NAME is complete.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from xinyong.kernel import strict_json
from xinyong.kernel.errors import Invalid

MOST_BYTES = 64 << 10
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {"sha256": hashes.SHA256, "sm3": hashes.SM3}
_ITEM = re.compile(r"[a-z][a-z0-9-]{0,39}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_ROWS = re.compile(r"[0-9]{1,12}")


class UnreadableControl(Invalid):
    """The control file is neither JSON nor XML of the documented form."""

    code = "intake.drop-unreadable-control"


class NotAsDeclared(Invalid):
    """The file is not what its control file says."""

    code = "intake.drop-not-as-declared"


@dataclass(frozen=True, slots=True)
class Control:
    """What the control file declares; ``digests`` by algorithm (sha256, sm3), in hex."""

    item_id: str = ""
    rows: int | None = None
    digests: dict[str, str] = field(default_factory=dict)


def read(content: bytes, *, is_mark: bool) -> Control:
    """What a control file says; ``is_mark``: it is a NAME.ok, which may be empty. Raises UnreadableControl."""
    text = content.removeprefix(b"\xef\xbb\xbf").strip()
    if is_mark and not text:
        return Control()
    if len(content) > MOST_BYTES or text[:1] not in (b"{", b"<"):
        raise _unreadable("")
    return _control(_xml(text) if text[:1] == b"<" else _json(text))


def compare(control: Control, path: Path) -> None:
    """Raises NotAsDeclared when the file's bytes have another digest than declared."""
    for name, wanted in control.digests.items():
        shown = "SHA-256" if name == "sha256" else name.upper()
        digest = hashes.Hash(_HASHES[name]())
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        if digest.finalize().hex() != wanted:
            raise NotAsDeclared(
                f"文件的 {shown} 摘要与控制文件所写不同，可能没有传完或被改动，没有采用。请重新传送文件和控制文件。",
                f"The file's {shown} digest is not the control file's: cut short or altered; not taken. Send both again.",
                algorithm=name,
            )


def compare_rows(control: Control, rows: int) -> None:
    """Raises NotAsDeclared when the file has another number of rows than declared."""
    if control.rows is not None and control.rows != rows:
        raise NotAsDeclared(
            f"控制文件写明 {control.rows:,} 行，文件中有 {rows:,} 行（不计表头），没有采用。请核对后重新传送。",
            f"The control file says {control.rows:,} rows, the file has {rows:,} without its header; not taken. Send both again.",
            declared=control.rows, rows=rows,
        )  # fmt: skip


def _json(text: bytes) -> dict[str, Any]:
    try:
        found = strict_json.parse(text)
    except strict_json.NotStrictJson as error:
        raise _unreadable(error.zh) from error
    if not isinstance(found, dict):
        raise _unreadable("")
    digest = found.pop("digest", None)
    if isinstance(digest, dict):
        found[_algorithm(digest.get("algorithm"))] = digest.get("value") or "-"
    elif digest is not None:
        raise _unreadable("digest")
    return found


def _xml(text: bytes) -> dict[str, Any]:
    try:
        root = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise _unreadable("") from error
    found: dict[str, Any] = {}
    for one in root:
        name = one.tag.rpartition("}")[2].lower()
        found[_algorithm(one.get("algorithm")) if name == "digest" else name] = (one.text or "").strip() or "-"
    return found


def _algorithm(said: object) -> str:
    name = str(said).lower().replace("-", "")
    if name not in _HASHES:
        raise _unreadable("digest：SHA-256、SM3")
    return name


def _control(said: dict[str, Any]) -> Control:
    item, rows = said.pop("item", ""), said.pop("rows", None)
    digests = {name: str(said.pop(name)).lower() for name in _HASHES if said.get(name)}
    is_sound = isinstance(item, str) and (not item or _ITEM.fullmatch(item))
    is_sound = is_sound and (rows is None or bool(_ROWS.fullmatch(str(rows))))
    if not is_sound or not all(_DIGEST.fullmatch(one) for one in digests.values()):
        raise _unreadable("item、rows、digest")
    if any(name.startswith(("sha", "sm", "md5")) for name in said):
        raise _unreadable("digest：SHA-256、SM3")
    return Control(item, None if rows is None else int(rows), digests)


def _unreadable(where: str) -> UnreadableControl:
    place = f"（{where.rstrip('。')}）" if where else ""
    return UnreadableControl(
        f"控制文件无法读取{place}。请按说明写成 JSON 或 XML，或只放一个空的“文件名.ok”；数据文件没有采用。",
        "The control file cannot be read: JSON or XML as documented, or an empty NAME.ok. The data file was not taken.",
    )
