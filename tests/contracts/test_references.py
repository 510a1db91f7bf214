"""The documentation is what the code says: generated pages are current, links lead somewhere, names that prose uses exist."""

import re
from pathlib import Path

import pytest

from tools import references
from xinyong.config.env import VARIABLES
from xinyong.operations.command import COMMANDS

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def wanted() -> dict[str, str]:
    return references.pages()


def test_generated_references_are_current(wanted: dict[str, str]) -> None:
    assert references.out_of_date(wanted) == [], "run: make docs"


def test_every_setting_command_and_error_code_is_documented(wanted: dict[str, str]) -> None:
    undocumented = [one.name for one in VARIABLES if f"`{one.name}`" not in wanted["settings.md"]]
    undocumented += [name for name in COMMANDS if f"## xinyong {name}\n" not in wanted["commands.md"]]
    undocumented += [one.code for one in references.errors() if f"`{one.code}`" not in wanted["errors.md"]]
    assert undocumented == []


def test_every_setting_says_what_it_does_and_every_error_what_happened() -> None:
    assert [one.name for one in VARIABLES if len(one.meaning) < 20] == []
    assert [one.code for one in references.errors() if not (one.__doc__ or "").strip()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_of_the_repository(page: Path) -> None:
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    places = [link.partition("#")[0] for link in _LINK.findall(text) if not re.match(r"[a-z]+:", link)]
    assert [place for place in places if place and not (page.parent / place).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_prose_names_only_modules_and_commands_that_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    paths = re.findall(r"`([a-z]+/[\w/-]+\.(?:py|yaml|sql|typ|sh|css|lock))`", text)
    missing = [path for path in paths if not (ROOT / path).exists() and not (ROOT / "xinyong" / path).exists()]
    missing += [f"xinyong {name}" for name in re.findall(r"`xinyong ([a-z]+)", text) if name not in COMMANDS]
    assert missing == []
