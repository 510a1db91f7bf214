"""An item's rules to take away (离线校验包): one signed ZIP with the item, its code lists, the working days, the exceptions and
the source units, from which ``intake/offline.py`` finds what the platform would find, without its database.

``manifest.note`` is a signed note: the form, the name of the platform's log, one line of JSON that names every other member
by its SHA-256; then the log's signatures. A bundle that differs from its manifest in one byte is refused.
"""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from xinyong import __version__
from xinyong.catalogue import body, codes, load, publish, tables
from xinyong.catalogue.problems import CatalogueError
from xinyong.catalogue.schema import CodeList, Item
from xinyong.kernel import clock
from xinyong.kernel.calendar import Calendar
from xinyong.kernel.errors import Invalid
from xinyong.security import identity
from xinyong.security.identity import SourceUnit
from xinyong.security.ledger import notes, signing
from xinyong.security.ledger.notes import PublicKey

FORM = "xinyong-bundle/1"
_MANIFEST, _KEYS = "manifest.note", "key"
#: A bundle is some 100 kB. What would unfold to more than this is none.
_MOST_BYTES = 64 << 20
_MOST_MEMBERS = 20


class NotABundle(Invalid):
    """The file is no bundle of this form, or not whole."""

    code = "catalogue.not-a-bundle"


class AlteredBundle(Invalid):
    """A member is not what the manifest says, or the signature is not right."""

    code = "catalogue.altered-bundle"


class NoSuchUnit(Invalid):
    """The bundle knows no source unit of this code."""

    code = "catalogue.unit-not-in-bundle"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a bundle says of itself. ``digests``: SHA-256 by member, by which two bundles are compared."""

    item_id: str
    version: int
    made_at: datetime
    program: str
    platform: str
    log: str
    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Bundle:
    """An opened bundle. ``digest`` names it, ``signed_by`` are the keys whose signatures were found right."""

    stamp: Stamp
    item: Item
    editions: tuple[CodeList, ...]
    exceptions: frozenset[str]
    calendar: Calendar
    units: Mapping[str, SourceUnit]
    digest: str
    signed_by: tuple[PublicKey, ...]

    def unit(self, code: str) -> SourceUnit:
        """The source unit with this code. Raises NoSuchUnit."""
        if code not in self.units:
            raise NoSuchUnit(
                f"校验包中没有代码为 {code} 的信源单位。请核对代码；单位是新登记的，请取新的校验包。",
                f"The bundle knows no source unit {code}. Check the code; if the unit is new, take a new bundle.",
            )
        return self.units[code]


def make(item_id: str, to: Path, *, made_at: datetime) -> Stamp:
    """Writes the bundle of the item in force on the day. Holds public things only. Raises UnknownItem, NoSigningKey."""
    item = publish.current(item_id, on=clock.day(made_at))
    members = _members(item)
    stamp = {
        "item": item.id, "version": item.version, "made_at": made_at.astimezone(clock.ZONE).isoformat(timespec="seconds"),
        "program": __version__, "platform": settings.SITE_ORIGIN, "members": _digests(members),
    }  # fmt: skip
    text = f"{FORM}\n{signing.origin()}\n{json.dumps(stamp, ensure_ascii=False, sort_keys=True)}\n"
    note = text + "\n" + "".join(signer.line(text) for signer in signing.signers())
    keys = "".join(f"{signer.public}\n" for signer in signing.signers())
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {_MANIFEST: note, _KEYS: keys, **members}.items():
            entry = zipfile.ZipInfo(name, made_at.astimezone(clock.ZONE).timetuple()[:6])
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, content)
    return _stamp(stamp, signing.origin())


def present(item_id: str) -> Mapping[str, Any]:
    """Version and digests of the bundle that would be made now, by which an older one sees that it is old. Raises UnknownItem."""
    item = publish.current(item_id)
    return {"item": item.id, "version": item.version, "program": __version__, "members": _digests(_members(item))}


def read(path: Path, *, keys: Sequence[PublicKey] = ()) -> Bundle:
    """Opens a bundle and verifies all of it: against ``keys`` when they are given, else against the key it brings along,
    which shows damage but not forgery. Needs no database. Raises NotABundle, AlteredBundle."""
    members = _unpacked(path)
    try:
        note = notes.read_note(members[_MANIFEST])
        lines = note.text.splitlines()
        brought = [notes.public_key(line) for line in members[_KEYS].splitlines()]
        form, origin, stamp = lines[0], lines[1], json.loads(lines[2])
        named = dict(stamp["members"])
        if form != FORM or len(lines) != 3:
            raise ValueError(form)
    except (ValueError, KeyError, IndexError, TypeError, notes.Unreadable) as error:
        raise _no_bundle() from error
    signed_by = _signers(note, origin, keys or brought)
    found = {name: text for name, text in members.items() if name not in {_MANIFEST, _KEYS}}
    if _digests(found) != named:
        wrong = sorted(name for name in {*named, *found} if _digests(found).get(name) != named.get(name))
        raise AlteredBundle(
            f"校验包与其签名清单不一致（{'、'.join(wrong)}），可能被改动或损坏。请重新下载。",
            f"The bundle is not what its signed manifest says ({', '.join(wrong)}): altered or damaged. Download it again.",
        )
    try:
        return _opened(found, _stamp(stamp, origin), hashlib.sha256(note.text.encode()).hexdigest(), signed_by)
    except (ValueError, KeyError, TypeError, CatalogueError) as error:  # signed, but for another version of the program
        raise NotABundle(
            f"本程序（{__version__}）无法使用这个校验包（由 {stamp.get('program', '?')} 版制作）。请更新程序或重新取校验包。",
            f"This program ({__version__}) cannot use the bundle (made by {stamp.get('program', '?')}). Update one of them.",
        ) from error


def _members(item: Item) -> dict[str, str]:
    lists = {field.code_list for field in item.fields if field.code_list}
    calendar = tables.calendar()
    units = {
        one.code: {"name": one.name, "short_name": one.short_name, "reports_for": sorted(one.may_report_for)}
        for one in identity.source_units(only_active=True)
    }
    working = {
        "days": {day.isoformat(): works for day, works in sorted(calendar.overrides.items())},
        "official_years": sorted(calendar.official_years),
    }
    return {
        "item.json": body.canonical(item) + "\n",
        "item.yaml": body.to_yaml(item),
        "code_lists.json": _json([body.code_list_data(one) for one in codes.editions() if one.id in lists]),
        "exceptions.json": _json(sorted(tables.exceptions())),
        "calendar.json": _json(working),
        "units.json": _json(units),
        "README.txt": _README.format(item=item.id, title_zh=item.title_zh, title_en=item.title_en),
    }


def _opened(members: Mapping[str, str], stamp: Stamp, digest: str, signed_by: tuple[PublicKey, ...]) -> Bundle:
    file = "code_lists.json"
    editions = tuple(load.code_list_from_data(one, file=file) for one in json.loads(members[file]))
    working = json.loads(members["calendar.json"])
    days = {date.fromisoformat(day): bool(works) for day, works in working["days"].items()}
    units = {
        code: SourceUnit(0, code, one["name"], one["short_name"], "", frozenset(one["reports_for"]))
        for code, one in json.loads(members["units.json"]).items()
    }
    item = load.item_from_data(
        json.loads(members["item.json"]), file="item.json", lists={one.id: one for one in editions}
    )
    return Bundle(
        stamp=stamp, item=item, editions=editions, exceptions=frozenset(json.loads(members["exceptions.json"])),
        calendar=Calendar(days, working["official_years"]), units=units, digest=digest, signed_by=signed_by,
    )  # fmt: skip


def _signers(note: notes.Note, origin: str, keys: Sequence[PublicKey]) -> tuple[PublicKey, ...]:
    try:
        found = tuple(one for one in notes.signed_by(note, keys) if one.kind == notes.LOG and one.name == origin)
    except notes.NotSigned:
        found = ()
    if not found:
        raise AlteredBundle(
            "校验包的签名无效，或不是您所信任的密钥签的。请向信用中心重新索取校验包和公钥。",
            "The bundle's signature is wrong, or not by a key that you trust. Ask the credit centre for bundle and key.",
        )
    return found


def _unpacked(path: Path) -> dict[str, str]:
    """The members' texts; nothing is written to disk, and no more is read than a bundle can hold."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            names = [entry.filename for entry in entries]
            too_much = len(entries) > _MOST_MEMBERS or sum(entry.file_size for entry in entries) > _MOST_BYTES
            if too_much or len(set(names)) != len(names) or _MANIFEST not in names:
                raise _no_bundle()
            return {entry.filename: _text(archive, entry) for entry in entries}
    except (
        OSError,
        zipfile.BadZipFile,
        UnicodeDecodeError,
        NotImplementedError,
        EOFError,
        RuntimeError,
        zlib.error,
    ) as error:
        raise _no_bundle() from error


def _text(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> str:
    with archive.open(entry) as member:
        return member.read(_MOST_BYTES).decode()


def _stamp(data: Mapping[str, Any], origin: str) -> Stamp:
    return Stamp(
        item_id=str(data["item"]), version=int(data["version"]), made_at=datetime.fromisoformat(data["made_at"]),
        program=str(data["program"]), platform=str(data["platform"]), log=origin, digests=dict(data["members"]),
    )  # fmt: skip


def _digests(members: Mapping[str, str]) -> dict[str, str]:
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in sorted(members.items())}


def _no_bundle() -> NotABundle:
    return NotABundle(
        "这不是离线校验包，或文件不完整。请重新下载。",
        "This is not a bundle of rules, or not whole. Download it again.",
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1) + "\n"


_README = """离线校验包 {title_zh}（{item}）

在任何一台装有本程序的计算机上校验文件，不需要数据库，不联网，文件不离开您的计算机：

    pip install xinyong
    xinyong check 文件.xlsx --bundle 本文件.zip --source 报送单位代码

结果与平台“试校验”逐行一致；要查登记库和档案才能下的结论（主体关联、与已入库数据比对）除外，程序会逐项说明。
item.yaml 是便于阅读的目录事项全文。

Bundle of rules: {title_en} ({item})

Checks a file on any computer with this program, without a database or a network; the file stays with you:

    pip install xinyong
    xinyong check FILE.xlsx --bundle THIS.zip --source CODE_OF_YOUR_UNIT

The findings are the platform's own, row for row, but for what only its register and archive can say (whose row it is, what is
already in); the program names what it did not check. item.yaml is the whole item to read.
"""
