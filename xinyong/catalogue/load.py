"""Reading catalogue files: YAML in, checked ``Item`` out. What cannot be used is refused with file, line, path, sentence.

The library (``catalogue/library``) holds the baseline items, the legal bases, the dated code lists and the dated
publicity rule sets. A published version's body (JSON) is read by the same code, so both obey the same checks.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from xinyong.catalogue import _checks
from xinyong.catalogue._reading import Book, Node, read
from xinyong.catalogue.problems import CatalogueError, Problem
from xinyong.catalogue.schema import (
    Basis,
    Code,
    CodeList,
    Field,
    FieldType,
    Grade,
    Item,
    Masking,
    Nature,
    Parent,
    Publicity,
    Requirement,
    Retention,
    Roles,
    Rule,
    RuleSet,
    Section,
    Severity,
    SeverityRule,
)
from xinyong.kernel.errors import NotFound

__all__ = ["CatalogueError", "Problem", "UnknownCodeList", "bases", "code_list", "code_list_from_data", "code_lists", "editions",
           "item_from_data", "item_from_text", "items_from_text", "library", "load_item", "rule_sets"]  # fmt: skip

LIBRARY = Path(__file__).parent / "library"
#: Since then there is a minor class (轻微), which is not published, or three months at most where that is necessary (INV-61, 令36号).
_MINOR_FROM, _MINOR_MONTHS = date(2026, 4, 1), 3
_TABLES = frozenset({"bases.yaml", "code_lists.yaml", "rule_sets.yaml"})
_ID = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
_FIELD_CODE = r"[A-Z][A-Z0-9_]{0,39}"
_RANKS = ("law", "regulation", "rule", "policy", "standard", "local-regulation", "practice")


class UnknownCodeList(NotFound):
    """No code list of this id is in force on the date."""

    code = "catalogue.unknown-code-list"


def load_item(source: Path | str) -> Item:
    """The item in a YAML file (``Path``) or YAML text (``str``), completely checked.

    Raises CatalogueError with every problem: unknown key, wrong type, a rule that does not type-check, a missing basis,
    a forbidden class of information (INV-06, 07, 08; domain rules of Zhejiang 14, Credit Reporting Regulation 14).
    """
    return _item(read(source))


def item_from_text(text: str, *, file: str) -> Item:
    """The item in YAML or JSON text; ``file`` names it in problems. Raises CatalogueError."""
    return _item(read(text, file=file))


def items_from_text(text: str, *, file: str, form: str) -> list[Item]:
    """The items of a file ``{format: …, items: [ … ]}``, or the one item a text holds; every problem of every item is told, by
    the item's place in the file. Raises CatalogueError."""
    root = read(text, file=file)
    if not root.has("items"):
        return [_item(root)]
    if root.text("format") != form:
        root.bad("format", f"“format”应为 {form}。", f"“format” must be {form}.")
    problems, found = root.book.problems, []
    for place, data in enumerate(root.entries("items")):
        prefix = f"items[{place}]."
        lines = {path.removeprefix(prefix): line for path, line in root.book.lines.items() if path.startswith(prefix)}
        name = data.get("id") if isinstance(data, dict) else None
        book = Book(f"{file} {name or prefix[:-1]}", {"": root.book.lines.get(prefix[:-1], 1), **lines})
        try:
            found.append(_item(Node(data, "", book)))
        except CatalogueError as error:
            problems.extend(error.problems)
    root.close()
    root.book.settle()
    return found


def item_from_data(data: Mapping[str, Any], *, file: str, lists: Mapping[str, CodeList] | None = None) -> Item:
    """The item in a published body or any parsed mapping; ``file`` names it in problems; ``lists`` are the code lists it may
    name, the library's unless given. Raises CatalogueError."""
    return _item(Node(dict(data), "", Book(file)), lists)


def code_list_from_data(data: Mapping[str, Any], *, file: str) -> CodeList:
    """An edition of a code list from a parsed mapping. Raises CatalogueError."""
    node = Node(dict(data), "", Book(file))
    found = _code_list(node)
    node.book.settle()
    return found


@cache
def library() -> dict[str, Item]:
    """The baseline items by id, in the order of the national catalogue's categories."""
    items = [load_item(path) for path in sorted(LIBRARY.glob("*.yaml")) if path.name not in _TABLES]
    return {item.id: item for item in sorted(items, key=lambda item: (item.category, item.id))}


@cache
def bases() -> dict[str, Basis]:
    """Every legal and standard basis of the library, by id."""
    root = read(LIBRARY / "bases.yaml")
    found = [_basis(node) for node in root.children("bases", least=1)]
    root.close()
    root.book.settle()
    return {basis.id: basis for basis in found}


@cache
def code_lists() -> dict[str, CodeList]:
    """The newest edition of each code list, by id."""
    return {one.id: one for one in sorted(editions(), key=lambda one: one.valid_from)}


def code_list(id: str, on: date, *, among: Iterable[CodeList] | None = None) -> CodeList:
    """The edition of a code list in force on a date, of the library or ``among`` these; before the first edition, the first.
    Raises UnknownCodeList."""
    known = editions() if among is None else among
    found = sorted((one for one in known if one.id == id), key=lambda one: one.valid_from)
    fitting = [one for one in found if one.valid_from <= on and (one.valid_to is None or on < one.valid_to)]
    if fitting:
        return fitting[-1]
    if found and on < found[0].valid_from:
        return found[0]
    raise UnknownCodeList(
        f"{on} 没有有效的代码表“{id}”。请核对代码表标识与日期。", f"No code list “{id}” is in force on {on}."
    )


@cache
def rule_sets() -> tuple[RuleSet, ...]:
    """The publicity rule sets, oldest first."""
    return rule_sets_of(LIBRARY / "rule_sets.yaml")


def rule_sets_of(path: Path) -> tuple[RuleSet, ...]:
    """The rule sets of a file, oldest first. Raises CatalogueError."""
    root = read(path)
    found = []
    for node in root.children("rule_sets", least=1):
        found.append(_rule_set(node))
        node.close()
    root.close()
    root.book.settle()
    return tuple(sorted(found, key=lambda one: one.valid_from))


@cache
def editions() -> tuple[CodeList, ...]:
    """Every edition of every code list, in the order of the file."""
    root = read(LIBRARY / "code_lists.yaml")
    found = [_code_list(node) for node in root.children("code_lists", least=1)]
    root.close()
    root.book.settle()
    return tuple(found)


def _basis(node: Node) -> Basis:
    basis = Basis(
        id=node.text("id", pattern=_ID), title=node.text("title"), article=node.text("article", ""),
        rank=node.text("rank", "policy"), is_verified=node.flag("is_verified", True),
    )  # fmt: skip
    if basis.rank not in _RANKS:
        node.bad("rank", f"“rank”可选：{'、'.join(_RANKS)}。", f"“rank”: choose one of {', '.join(_RANKS)}.")
    node.close()
    return basis


def _code_list(node: Node) -> CodeList:
    title_zh, title_en = node.pair("title")
    codes = []
    for one in node.children("codes", least=1):
        name_zh, name_en = one.pair("name")
        value, detail = one.text("value"), one.flag("needs_detail")
        codes.append(Code(value, name_zh, name_en, one.texts("aliases"), detail))
        one.close()
    found = CodeList(
        id=node.text("id", pattern=_ID), title_zh=title_zh, title_en=title_en, codes=tuple(codes),
        valid_from=node.day("valid_from") or date.min, valid_to=node.day("valid_to", None), source=node.text("source", ""),
        is_verified=node.flag("is_verified", True),
    )  # fmt: skip
    _checks.check_code_list(found, node)
    node.close()
    return found


def _rule_set(node: Node) -> RuleSet:
    months: dict[str, tuple[int, int]] = {}
    table = node.child("months", must=True)
    for name in table.value if table else ():
        row = table.child(name, must=True) if table else None
        if row is not None:
            least, most = row.whole("min", most=1200), row.whole("max", most=1200)
            months[name] = (least, most)
            if least > most:
                row.bad("min", "最短公示期长于最长公示期。", "The minimum is longer than the maximum.")
            row.close()
    if set(months) != set(_checks.SEVERITY_CLASSES):
        node.bad("months", "须写明 minor、general、serious 三类。", "Needs minor, general and serious.")
    node.text("note", "")
    made = RuleSet(
        id=node.text("id", pattern=_ID), title=node.text("title"), valid_from=node.day("valid_from") or date.min,
        valid_to=node.day("valid_to", None), is_verified=node.flag("is_verified"), basis=node.text("basis"), months=months,
    )  # fmt: skip
    if made.valid_from >= _MINOR_FROM and months.get("minor", (0, 0))[1] > _MINOR_MONTHS:
        node.bad(
            "months", f"轻微失信信息不公示，确需公示的最长 {_MINOR_MONTHS} 个月。[E_PUBLICITY]",
            f"The minor class is not published, or for {_MINOR_MONTHS} months at most. [E_PUBLICITY]",
        )  # fmt: skip
    return made


def _item(root: Node, lists: Mapping[str, CodeList] | None = None) -> Item:
    title_zh, title_en = root.pair("title")
    description_zh, description_en = root.pair("description", must=False)
    consent_zh, consent_en = root.pair("consent", must=False)
    retention = root.child("retention", must=True)
    publicity = root.child("publicity", must=True)
    found = Item(
        id=root.text("id", pattern=_ID),
        version=root.whole("version", least=1, most=32_000),
        title_zh=title_zh,
        title_en=title_en,
        category=root.whole("category", least=1, most=13),
        nature=root.choice("nature", Nature),
        section=root.choice("section", Section),
        is_adverse=root.flag("is_adverse"),
        level=root.text("level", "national"),
        is_verified=root.flag("is_verified"),
        subject_classes=root.texts("subject_classes", least=1),
        is_about_persons=root.flag("is_about_persons"),
        bases=_bases_of(root),
        natural_key=root.texts("natural_key", least=1),
        source=root.text("source"),
        disclosure=root.choice("disclosure", Grade),
        update_cycle=root.text("update_cycle"),
        timeliness_working_days=root.optional_whole("timeliness_working_days", least=1, most=250),
        publicity=_publicity(publicity) if publicity else Publicity("never"),
        retention=_retention(retention) if retention else Retention(None),
        roles=_roles(root),
        fields=tuple(_field(node) for node in root.children("fields", least=1)),
        rules=tuple(_rule(node) for node in root.children("rules")),
        severity=_severity(root),
        summary=root.texts("summary"),
        effective_from=root.day("effective_from"),
        description=description_zh,
        description_en=description_en,
        consent=consent_zh,
        consent_en=consent_en,
        topic_basis=root.optional_text("topic_basis"),
        parent=_parent(root),
        is_self_declared=root.flag("self_declared"),
    )
    root.close()
    _checks.check_item(found, root.book, lists=code_lists() if lists is None else dict(lists))
    root.book.settle()
    return found


def _parent(root: Node) -> Parent | None:
    node = root.child("parent")
    if node is None:
        return None
    found = Parent(node.text("item", pattern=_ID), node.whole("version", least=1, most=32_000))
    node.close()
    return found


def _bases_of(root: Node) -> tuple[Basis, ...]:
    found = []
    for index, one in enumerate(root.entries("bases")):
        path = f"{root.at('bases')}[{index}]"
        if isinstance(one, str) and one in bases():
            found.append(bases()[one])
        elif isinstance(one, dict):
            found.append(_basis(Node(one, path, root.book)))
        else:
            zh, en = f"library/bases.yaml 中没有依据“{one}”。", f"library/bases.yaml has no basis “{one}”."
            root.book.note(path, zh, en)
    if not found:
        root.bad(
            "bases", "目录事项必须写明依据。请至少列出一项法律、法规、政策或标准。", "An item needs at least one basis."
        )
    return tuple(found)


def _publicity(node: Node) -> Publicity:
    found = Publicity(clock=node.text("clock"), months_after=node.whole("months_after", 0, most=1200))
    if found.clock not in _checks.CLOCKS:
        node.bad(
            "clock", f"“clock”可选：{'、'.join(_checks.CLOCKS)}。", f"“clock”: one of {', '.join(_checks.CLOCKS)}."
        )
    node.close()
    return found


def _retention(node: Node) -> Retention:
    found = Retention(years=node.optional_whole("years", least=1, most=100), start=node.text("start", "decided_on"))
    if found.start not in ("decided_on", "valid_to"):
        node.bad("start", "“start”可选：decided_on、valid_to。", "“start” is decided_on or valid_to.")
    node.close()
    return found


def _roles(root: Node) -> Roles:
    node = root.child("roles", must=True)
    if node is None:
        return Roles(subject_name="", decided_on="")
    others = node.map_of_texts("other_codes")
    singles = {name: node.optional_text(name) for name in _checks.SINGLE_ROLES}
    found = Roles(
        subject_name=node.text("subject_name"), decided_on=node.text("decided_on"), other_codes=others, **singles
    )
    node.close()
    return found


def _field(node: Node) -> Field:
    name_zh, name_en = node.pair("name")
    is_personal = node.flag("is_personal")
    found = Field(
        code=node.text("code", pattern=_FIELD_CODE),
        name_zh=name_zh,
        name_en=name_en,
        type=node.choice("type", FieldType, FieldType.TEXT),
        length=node.optional_whole("length", least=1, most=1_000_000),
        scale=node.optional_whole("scale", most=12),
        unit=node.text("unit", ""),
        requirement=node.choice("requirement", Requirement, Requirement.OPTIONAL),
        required_when=node.optional_text("required_when"),
        one_of=node.optional_text("one_of"),
        grade=node.choice("grade", Grade, Grade.PUBLIC),
        is_personal=is_personal,
        masking=node.choice("masking", Masking, Masking.NONE),
        code_list=node.optional_text("code_list"),
        is_multiple=node.flag("is_multiple"),
        certificate_kind=node.optional_text("certificate_kind"),
        aliases=node.texts("aliases"),
        note=node.text("note", ""),
        example=node.text("example", ""),
        is_computed=node.flag("is_computed"),
    )
    node.close()
    return found


def _rule(node: Node) -> Rule:
    zh, en = node.pair("message")
    found = Rule(
        id=node.text("id", pattern=r"[A-Z][A-Z0-9]{1,5}[a-z]?"),
        expression=node.text("check"),
        severity=node.choice("severity", Severity),
        message=zh,
        message_en=en,
        basis=node.text("basis"),
        columns=node.texts("columns", least=1),
        suggestion=node.text("suggestion", ""),
    )
    node.close()
    return found


def _severity(root: Node) -> SeverityRule | None:
    node = root.child("severity")
    if node is None:
        return None
    classes = []
    for one in node.children("classes"):
        classes.append((one.text("is"), one.text("when")))
        one.close()
    found = SeverityRule(classes=tuple(classes), otherwise=node.text("otherwise"), basis=node.text("basis"))
    node.close()
    return found
