"""Which column of a sender's file is which field (表头对应): by Chinese name, column code or alias, never by position.

A header that fits two fields, or two headers that fit one, is asked for; a header that fits none stays with the row and
goes back to the sender. Real layouts of 2015 and 2018 with their typing errors are the test cases.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from functools import lru_cache

from xinyong.catalogue.schema import Field, Item, Requirement
from xinyong.kernel.errors import Invalid

#: marks that senders put on a required column, and remarks of templates: ``*名称``, ``名称（必填）``, ``名称:``
_DECORATION = re.compile(r"\((?:必填|选填|必填项|选填项|非必填|条件必填|required|optional)\)|必填项?$")
_NOISE = re.compile(r"[\s*★☆※●#:;,.。、\"'‘’“”`_/\\|\-\u200b-\u200f\u2010-\u2015\u2060\u00ad\ufeff]+")


class UnknownChoice(Invalid):
    """A chosen correspondence names a header or a field that is not there, or uses one twice."""

    code = "intake.unknown-choice"


@dataclass(frozen=True, slots=True)
class Mapping:
    """What each column of the file is. Indexes count the sender's columns from 0.

    ``how``: name (Chinese name), code (column code), alias, chosen (by the sender). ``ambiguous``: column → fields it
    could be. ``missing``: required fields that no column was found for; ``english`` names are for the pages.
    """

    columns: dict[int, str]
    unmapped: tuple[int, ...]
    ambiguous: dict[int, tuple[str, ...]]
    missing: tuple[str, ...]
    how: dict[int, str]


@lru_cache(maxsize=65536)
def normalise(header: str) -> str:
    """The form in which headers are compared: width, case, blanks, brackets, required marks and punctuation folded.

    ``＊行政相对人代码_1（统一社会信用代码） `` and ``行政相对人代码1(统一社会信用代码)`` are the same header.
    """
    text = unicodedata.normalize("NFKC", header).casefold()
    text = text.translate(_BRACKETS)
    text = _NOISE.sub("", text)
    return _DECORATION.sub("", text)


_BRACKETS = str.maketrans({"【": "(", "】": ")", "[": "(", "]": ")", "〔": "(", "〕": ")", "{": "(", "}": ")"})


def known(item: Item, chosen: Iterable[str] = ()) -> frozenset[str]:
    """Every normalised spelling of a header of the item, and of the headers that the sender has said something of."""
    return frozenset(_spellings(item.fields)) | {normalise(header) for header in chosen} - {""}


def map_headers(headers: Sequence[str], item: Item, *, chosen: Dictionary[str, str] | None = None) -> Mapping:
    """Maps the sender's headers to fields of the item.

    ``chosen`` (header as sent → field code, or "" for none) settles what the sender was asked, and beats everything else.
    A header equal to a Chinese name or a code beats one that only equals an alias of the same field.
    Raises ``UnknownChoice``.
    """
    picked = _chosen(headers, item, chosen or {})
    spellings = _spellings(item.fields)
    options: dict[int, dict[str, str]] = {}
    for index, header in enumerate(headers):
        if index not in picked:
            options[index] = _settle_ways(spellings.get(normalise(header), {})) if header else {}
    taken = {code for code in picked.values() if code}
    for found in options.values():
        for code in taken & found.keys():
            del found[code]
    columns, how, ambiguous = _one_column_a_field(options)
    for index, code in picked.items():
        if code:
            columns[index], how[index] = code, "chosen"
    mapped = set(columns.values())
    asked = {code for codes in ambiguous.values() for code in codes}
    return Mapping(
        columns=dict(sorted(columns.items())),
        unmapped=tuple(i for i in range(len(headers)) if i not in columns and i not in ambiguous),
        ambiguous=ambiguous,
        missing=tuple(
            one.code
            for one in item.fields
            if one.requirement is Requirement.REQUIRED
            and not one.is_computed
            and one.code not in mapped
            and one.code not in asked
        ),
        how=dict(sorted(how.items())),
    )


def _spellings(fields: Iterable[Field]) -> dict[str, dict[str, str]]:
    """Normalised spelling → field code → way (name, code, alias; the strongest wins)."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for one in fields:
        for way, texts in (("name", (one.name_zh,)), ("code", (one.code,)), ("alias", one.aliases)):
            for text in texts:
                found[normalise(text)].setdefault(one.code, way)
    found.pop("", None)
    return found


def _settle_ways(found: dict[str, str]) -> dict[str, str]:
    """Of several fields for one header, a name or code beats an alias."""
    strong = {code: way for code, way in found.items() if way != "alias"}
    return dict(strong or found)


def _one_column_a_field(
    options: dict[int, dict[str, str]],
) -> tuple[dict[int, str], dict[int, str], dict[int, tuple[str, ...]]]:
    """Gives each field its one column; fields with several equally good columns, and columns with several fields, are
    left to the sender."""
    wanted: dict[str, dict[int, str]] = defaultdict(dict)
    for index, found in options.items():
        for code, way in found.items():
            wanted[code][index] = way
    columns: dict[int, str] = {}
    how: dict[int, str] = {}
    ambiguous: dict[int, tuple[str, ...]] = {}
    for index, found in options.items():
        if len(found) > 1:
            ambiguous[index] = tuple(found)
            continue
        for code, way in found.items():
            rivals = _settle_rivals(wanted[code])
            if index not in rivals:
                continue
            if len(rivals) > 1:
                ambiguous[index] = (code,)
            else:
                columns[index], how[index] = code, way
    return columns, how, ambiguous


def _settle_rivals(found: dict[int, str]) -> set[int]:
    """Of several columns for one field, those headed by its name or code beat those headed by an alias."""
    strong = {index for index, way in found.items() if way != "alias"}
    return strong or set(found)


def _chosen(headers: Sequence[str], item: Item, chosen: Dictionary[str, str]) -> dict[int, str]:
    codes = {one.code for one in item.fields}
    picked: dict[int, str] = {}
    for header, code in chosen.items():
        at = [i for i, each in enumerate(headers) if each == header]
        at = at or [i for i, each in enumerate(headers) if normalise(each) == normalise(header)]
        if not at:
            raise UnknownChoice(f"文件中没有“{header}”这一列。", f"The file has no column “{header}”.", header=header)
        if code and code not in codes:
            raise UnknownChoice(f"目录中没有字段 {code}。", f"The item has no field {code}.", field=code)
        if code and code in picked.values():
            raise UnknownChoice(
                f"字段 {code} 对应了两列，只能选一列。", f"Two columns were chosen for field {code}.", field=code
            )
        picked[at[0]] = code
        for other in at[1:] if code else ():
            picked.setdefault(other, "")
        if not code:
            picked.update(dict.fromkeys(at, ""))
    return picked
