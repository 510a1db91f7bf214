"""The one font of reports, embedded in every PDF: Noto Sans CJK SC, as the package ``mplfonts`` ships it (OFL).

Only this font is offered to the typesetter: what a report looks like does not depend on the machine, and loading is a
memory map of one file.
"""

import importlib.util
import os
from functools import cache
from pathlib import Path

import typst
from django.conf import settings
from fontTools.ttLib import TTFont

FAMILY = "Noto Sans CJK SC"
_FILE = "NotoSansCJKsc-Regular.otf"


class FontMissing(RuntimeError):
    """The installation lacks the font package: a fault of the installation, not of a request."""


@cache
def fonts() -> typst.Fonts:
    """The typesetter's view of the font, kept for the life of the process (shared by threads)."""
    found = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(_folder())])
    if FAMILY not in found.families():
        raise FontMissing(f"{_FILE} does not hold {FAMILY}")
    return found


@cache
def glyphs() -> frozenset[int]:
    """Code points the font can show."""
    with TTFont(_source(), lazy=True) as font:
        return frozenset(font.getBestCmap())


def _source() -> Path:
    spec = importlib.util.find_spec("mplfonts")  # found, not imported: importing it would load matplotlib
    for place in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(place) / "fonts" / _FILE
        if path.is_file():
            return path
    raise FontMissing(f"the package mplfonts with {_FILE} is not installed")


def _folder() -> Path:
    """A folder that holds a link to this font and nothing else (the typesetter takes folders, not files)."""
    folder = Path(settings.XINYONG_HOME) / "fonts"
    folder.mkdir(exist_ok=True)
    link, source = folder / _FILE, _source()
    if not link.exists() or link.resolve() != source.resolve():
        fresh = folder / f".{_FILE}.{os.getpid()}"  # made aside and moved: another process may be doing the same
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(source)
        fresh.replace(link)
    return folder
