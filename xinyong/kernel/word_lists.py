"""The word and character lists in ``data/`` that names are read with."""

from functools import cache
from importlib.resources import files


@cache
def words(section: str) -> frozenset[str]:
    """The words of a section of ``words.txt``. KeyError for a section it does not have."""
    return _sections()[section]


def pairs(file: str) -> dict[str, str]:
    """Lines of two characters: a form and what it is compared under."""
    return {line[0]: line[1] for line in _lines(file)}


@cache
def _sections() -> dict[str, frozenset[str]]:
    found: dict[str, list[str]] = {}
    section = ""
    for line in _lines("words.txt"):
        if line.startswith("["):
            section = line.strip("[]")
        else:
            found.setdefault(section, []).extend(line.split())
    return {name: frozenset(listed) for name, listed in found.items()}


def _lines(file: str) -> list[str]:
    text = files("xinyong.kernel").joinpath("data", file).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
