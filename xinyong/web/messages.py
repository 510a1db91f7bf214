"""Messages in two languages: Chinese stands in the source, English in locale/en/LC_MESSAGES/django.po.

Finds what needs a translation in templates and modules, and compiles the catalogue with Babel (no gettext tools needed).
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.template.base import Lexer, Token, TokenType
from django.utils.translation import trim_whitespace

PACKAGE = Path(__file__).resolve().parent.parent
SOURCE = PACKAGE / "web" / "locale" / "en" / "LC_MESSAGES" / "django.po"

_CALLS = {"gettext", "gettext_lazy", "gettext_noop", "_"}
_TRANSLATE = re.compile(r"""^(?:translate|trans)\s+(?P<quote>["'])(?P<text>.*?)(?P=quote)""", re.DOTALL)
_IN_EXPRESSION = re.compile(r"""\b_\((?P<quote>["'])(?P<text>.*?)(?P=quote)\)""", re.DOTALL)
_VARIABLE = re.compile(r"[\w.]+")


def compile_messages() -> Path:
    """Writes the .mo beside the .po, unless a newer one is there. Set-up calls it; the .mo is not committed."""
    target = SOURCE.with_suffix(".mo")
    if target.exists() and target.stat().st_mtime >= SOURCE.stat().st_mtime:
        return target
    fresh = target.with_suffix(".mo.new")
    with fresh.open("wb") as file:
        write_mo(file, translations())
    return fresh.replace(target)


def translations() -> Catalog:
    """The English catalogue as it stands in the .po file."""
    with SOURCE.open("rb") as file:
        return read_po(file, locale="en", domain="django", abort_invalid=True)


def missing() -> dict[str, list[str]]:
    """Messages without an English translation → where they stand."""
    known = {str(m.id): str(m.string) for m in translations() if m.id}
    return {text: places for text, places in found().items() if not known.get(text)}


def unused() -> list[str]:
    """Translations of messages that stand nowhere any more."""
    used = found()
    return [str(m.id) for m in translations() if m.id and str(m.id) not in used]


def add(lacking: dict[str, list[str]]) -> None:
    """Appends messages with empty translations to the .po (a message already there without one stays as it is)."""
    there = {str(m.id) for m in translations()}
    blocks = [
        f'\n#: {places[0]}\nmsgid {_quoted(text)}\nmsgstr ""\n' for text, places in lacking.items() if text not in there
    ]
    with SOURCE.open("a", encoding="utf-8") as file:
        file.writelines(blocks)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def found(package: Path = PACKAGE) -> dict[str, list[str]]:
    """Every message of the package's templates and modules → where it stands (path:line)."""
    messages: dict[str, list[str]] = {}
    for path in sorted([*package.rglob("*.html"), *package.rglob("*.txt"), *package.rglob("*.py")]):
        text = path.read_text(encoding="utf-8")
        for line, message in _in_module(text) if path.suffix == ".py" else _in_template(text):
            messages.setdefault(message, []).append(f"{path.relative_to(package.parent)}:{line}")
    return messages


def _in_module(text: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        argument = node.args[0]
        if name in _CALLS and isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield node.lineno, argument.value


def _in_template(text: str) -> Iterator[tuple[int, str]]:
    block: list[str] | None = None
    is_trimmed = False
    start = 0
    for token in Lexer(text).tokenize():
        line = token.lineno or 0
        for inline in _IN_EXPRESSION.finditer(token.contents if token.token_type != TokenType.TEXT else ""):
            yield line, inline["text"]
        if block is not None:
            if token.token_type == TokenType.BLOCK and token.contents.startswith(
                ("endblocktrans", "endblocktranslate")
            ):
                joined = "".join(block)
                yield start, trim_whitespace(joined) if is_trimmed else joined
                block = None
            else:
                block.append(_inside(token))
        elif token.token_type == TokenType.BLOCK and token.contents.startswith(("blocktrans", "blocktranslate")):
            block, is_trimmed, start = [], "trimmed" in token.split_contents(), line
        elif token.token_type == TokenType.BLOCK and (match := _TRANSLATE.match(token.contents)):
            yield line, match["text"].replace("%", "%%")


def _inside(token: Token) -> str:
    """What a piece of a blocktranslate becomes in its message."""
    if token.token_type == TokenType.VAR:
        name = _VARIABLE.match(token.contents)
        return f"%({name[0] if name else ''})s"
    return token.contents.replace("%", "%%") if token.token_type == TokenType.TEXT else ""
