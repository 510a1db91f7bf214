"""A strict reader of YAML: typed access that collects every problem with its line instead of stopping at the first.

Stricter than YAML itself, because a catalogue is law turned into data: a key may stand once, anchors and aliases are
refused (they hide what a field says and can blow up), ``yes``/``no``/``on``/``off`` stay text, a file has a size limit.
"""

import contextlib
import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import yaml

from xinyong.catalogue.problems import CatalogueError, Problem

#: The largest catalogue file read; the longest of the library has about 30 KB.
LARGEST = 1_000_000
_MISSING = object()
#: The only kinds of value; a tag such as !!python/… is refused before anything is made of it.
_TAGS = frozenset(
    f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "timestamp", "seq", "map")
)
Choice = TypeVar("Choice", bound=StrEnum)

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]  # libyaml's loader where the wheel has it
    """YAML 1.2 booleans only: a code ``NO`` or ``ON`` stays text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in _Base.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))


@dataclass(slots=True)
class Book:
    """The problems of one file while it is read, and where each path stands."""

    file: str
    lines: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def note(self, path: str, zh: str, en: str) -> None:
        """Adds a problem; the line is that of the path or of the nearest part above it."""
        place = path
        while place and place not in self.lines:
            place = re.sub(r"(\.[^.\[]*|\[\d+\]|^[^.\[]+)$", "", place)
        self.problems.append(Problem(self.file, self.lines.get(place), path, zh, en))

    def settle(self) -> None:
        """Raises CatalogueError when anything was noted."""
        if self.problems:
            raise CatalogueError(self.problems)


def read(source: str | Path, *, file: str | None = None) -> "Node":
    """The root of a YAML text or file. Raises CatalogueError for what is no mapping, too large, or no YAML at all."""
    name = file or (source.name if isinstance(source, Path) else "<text>")
    book = Book(name)
    if isinstance(source, Path):
        try:
            raw = source.read_bytes()
            text = raw.decode("utf-8-sig") if len(raw) <= LARGEST else "x" * (LARGEST + 1)
        except (OSError, UnicodeDecodeError):
            book.note("", "文件无法读取，或不是 UTF-8 编码。请核对路径与编码。", "Cannot be read, or is not UTF-8.")
            book.settle()
    else:
        text = source
    if len(text) > LARGEST:
        book.note("", f"文件超过 {LARGEST} 个字符。", f"The file has more than {LARGEST} characters.")
        book.settle()
    return Node(_compose(text, book), "", book)


def _compose(text: str, book: Book) -> Any:
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=_Loader)):
            book.note(
                "",
                "目录文件中不允许使用锚点引用（*名称），请写出完整内容。",
                "Aliases (*name) may not be used; write it out.",
            )
            book.settle()
        root = yaml.compose(text, Loader=_Loader)
        return _value(root, "", book) if root is not None else {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        if mark is not None:
            book.lines[""] = mark.line + 1
        detail = getattr(error, "problem", None) or "unreadable"
        book.note("", f"不是有效的 YAML：{detail}。", f"Not valid YAML: {detail}.")
    except (ValueError, RecursionError) as error:
        book.note("", f"值无法解析：{error}。", f"A value cannot be read: {error}.")
    book.settle()
    return {}


def _value(node: yaml.Node, path: str, book: Book) -> Any:
    book.lines[path] = node.start_mark.line + 1
    if node.tag not in _TAGS:
        book.note(path, f"YAML 标签 {node.tag} 不允许使用。", f"The YAML tag {node.tag} is not allowed.")
        return None
    if isinstance(node, yaml.SequenceNode):
        return [_value(child, f"{path}[{index}]", book) for index, child in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key_node, child in node.value:
            key = str(key_node.value)
            inner = f"{path}.{key}" if path else key
            if key in found:
                book.lines[inner] = key_node.start_mark.line + 1
                book.note(inner, f"“{key}”写了两次。", f"“{key}” stands twice.")
            found[key] = _value(child, inner, book)
        return found
    return yaml.constructor.SafeConstructor().construct_object(node)


@dataclass(slots=True)
class Node:
    """A mapping at a path. Each getter marks its key as known; ``close`` reports the others."""

    value: Any
    path: str
    book: Book
    _known: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        if not isinstance(self.value, dict):
            self.book.note(self.path, "此处应为“键: 值”的映射。", "A mapping of keys to values is expected here.")
            self.value = {}

    def at(self, key: str) -> str:
        """The path of a key of this mapping."""
        return f"{self.path}.{key}" if self.path else key

    def has(self, key: str) -> bool:
        """True when the key stands and has a value."""
        return self.value.get(key) is not None

    def bad(self, key: str, zh: str, en: str) -> None:
        """Notes a problem at a key."""
        self.book.note(self.at(key), zh, en)

    def _get(self, key: str, default: object, kind: type | tuple[type, ...], zh: str, en: str) -> Any:
        self._known.add(key)
        found = self.value.get(key)
        if found is None:
            if default is _MISSING:
                self.bad(key, f"缺少“{key}”。", f"“{key}” is missing.")
                return None
            return default
        if not isinstance(found, kind) or (isinstance(found, bool) and kind is not bool):
            self.bad(key, f"“{key}”应为{zh}，现为 {_shown(found)}。", f"“{key}” must be {en}, not {_shown(found)}.")
            return None if default is _MISSING else default
        return found

    def text(self, key: str, default: Any = _MISSING, *, pattern: str | None = None) -> str:
        """A non-empty text, trimmed."""
        given = self._get(key, default, str, "文本（数字和日期请加引号）", "text (put quotes around numbers and dates)")
        if given is None:
            return ""
        found = str(given).strip()
        if not found and default is _MISSING:
            self.bad(key, f"“{key}”不能为空。", f"“{key}” may not be empty.")
        if found and pattern and not re.fullmatch(pattern, found):
            self.bad(key, f"“{key}”的值 {_shown(found)} 不合格式。", f"“{key}”: {_shown(found)} has a wrong form.")
        return found

    def optional_text(self, key: str) -> str | None:
        """A text or None."""
        return self.text(key, "") or None

    def whole(self, key: str, default: Any = _MISSING, *, least: int = 0, most: int = 100_000) -> int:
        """A whole number within bounds."""
        found = self._get(key, default, int, "整数", "a whole number")
        if found is None:
            return least
        if not least <= found <= most:
            self.bad(key, f"“{key}”应在 {least} 至 {most} 之间。", f"“{key}” must lie between {least} and {most}.")
        return int(found)

    def optional_whole(self, key: str, *, least: int = 0, most: int = 100_000) -> int | None:
        """A whole number or None."""
        self._known.add(key)
        return self.whole(key, least=least, most=most) if self.has(key) else None

    def flag(self, key: str, default: bool = False) -> bool:
        """true or false."""
        return bool(self._get(key, default, bool, " true 或 false", "true or false"))

    def day(self, key: str, default: Any = _MISSING) -> date | None:
        """A date (2018-07-25), or the default."""
        found = self.value.get(key)
        if isinstance(found, str):
            with contextlib.suppress(ValueError):
                self.value[key] = date.fromisoformat(found)
        day = self._get(key, default, date, "日期（如 2018-07-25）", "a date such as 2018-07-25")
        return day if isinstance(day, date) else None

    def choice(self, key: str, kind: type[Choice], default: Choice | None = None) -> Choice:
        """One of an enumeration's values."""
        found = self.text(key, default.value if default is not None else _MISSING)
        try:
            return kind(found)
        except ValueError:
            if found:
                allowed = "、".join(kind)
                self.bad(
                    key,
                    f"“{key}”不能是 {_shown(found)}；可选：{allowed}。",
                    f"“{key}”: choose one of {', '.join(kind)}.",
                )
            return next(iter(kind))

    def texts(self, key: str, *, least: int = 0) -> tuple[str, ...]:
        """A list of texts."""
        found = self._get(key, _MISSING if least else [], list, "列表", "a list")
        kept = []
        for index, one in enumerate(found or []):
            if isinstance(one, str) and one.strip():
                kept.append(one.strip())
            else:
                zh, en = (
                    f"应为文本，现为 {_shown(one)}；数字请加引号。",
                    f"Must be text, not {_shown(one)}; quote numbers.",
                )
                self.book.note(f"{self.at(key)}[{index}]", zh, en)
        if found is not None and len(found) < least:
            self.bad(key, f"“{key}”至少要有 {least} 项。", f"“{key}” needs at least {least}.")
        return tuple(kept)

    def map_of_texts(self, key: str) -> dict[str, str]:
        """A mapping of texts to texts."""
        inner = self.child(key)
        return {name: inner.text(name) for name in inner.value} if inner else {}

    def child(self, key: str, *, must: bool = False) -> "Node | None":
        """The mapping under a key."""
        found = self._get(key, _MISSING if must else None, dict, "映射", "a mapping")
        return Node(found, self.at(key), self.book) if found is not None else None

    def children(self, key: str, *, least: int = 0) -> list["Node"]:
        """The mappings of a list."""
        found = self._get(key, _MISSING if least else [], list, "列表", "a list")
        if found is not None and len(found) < least:
            self.bad(key, f"“{key}”至少要有 {least} 项。", f"“{key}” needs at least {least}.")
        return [Node(one, f"{self.at(key)}[{index}]", self.book) for index, one in enumerate(found or [])]

    def entries(self, key: str) -> Sequence[Any]:
        """A list whose members may be texts or mappings, as it stands."""
        found = self._get(key, [], list, "列表", "a list")
        return found if found is not None else []

    def pair(self, key: str, *, must: bool = True) -> tuple[str, str]:
        """``{zh: …, en: …}``."""
        inner = self.child(key, must=must)
        if inner is None:
            return "", ""
        both = inner.text("zh"), inner.text("en")
        inner.close()
        return both

    def close(self) -> None:
        """Reports the keys nobody asked for, with the one that was probably meant."""
        for key in self.value:
            if key not in self._known:
                close = difflib.get_close_matches(key, self._known, n=1, cutoff=0.7)
                zh, en = (
                    (f"是否想写“{close[0]}”？", f" Did you mean “{close[0]}”?")
                    if close
                    else ("请删除。", " Remove it.")
                )
                self.bad(key, f"不认识的键“{key}”。{zh}", f"Unknown key “{key}”.{en}")


def _shown(value: object) -> str:
    text = repr(value) if not isinstance(value, Mapping | list) else type(value).__name__
    return text if len(text) <= 40 else text[:39] + "…"
