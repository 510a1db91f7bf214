"""Writes docs/reference/rule-language.md: ``python tools/rule_reference.py``."""

from pathlib import Path

from xinyong.rules.reference import page

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "rule-language.md"

if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
