"""The house's own rules that no linter knows: sizes, privacy of modules, direction of foreign keys, one clock."""

import ast
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db.models import ForeignKey, ManyToManyField

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "xinyong"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts)

#: Rooms from the ground up, as in DESIGN.md; a foreign key points to its own floor's room or below.
FLOORS = [
    "kernel", "rules", "oauth2_provider", "security", "workflow", "web", "catalogue", "subjects", "records", "intake", "rights", "reports", "analytics",
    "portal", "office", "exchange", "operations", "config",
]  # fmt: skip


def _imports(path: Path) -> list[tuple[int, str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.append((node.lineno, node.module))
            found += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_has_at_most_500_lines_and_begins_with_a_docstring(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 500
    if path.name not in {"apps.py"}:
        assert ast.get_docstring(ast.parse(text)), f"{path} says nothing about itself"


def test_a_private_module_stays_in_its_room() -> None:
    strays = []
    for path in MODULES:
        room = path.relative_to(PACKAGE).parts[0]
        for line, name in _imports(path):
            parts = name.split(".")
            is_private = parts[0] == "xinyong" and any(part.startswith("_") for part in parts[2:])
            if is_private and parts[1] != room:
                strays.append(f"{path.relative_to(ROOT)}:{line}: {name}")
    assert strays == []


def test_foreign_keys_point_down() -> None:
    climbing = []
    for model in apps.get_models():
        if model.__module__.split(".")[0] != "xinyong":
            continue
        for field in model._meta.get_fields():
            if isinstance(field, (ForeignKey, ManyToManyField)):
                target = field.related_model._meta.app_label
                if FLOORS.index(target) > FLOORS.index(model._meta.app_label):
                    climbing.append(f"{model.__name__}.{field.name} → {target}")
    assert climbing == []


def test_only_the_clock_reads_the_clock() -> None:
    readers = re.compile(r"\b(datetime\.now|datetime\.utcnow|date\.today|timezone\.now|time\.time)\(")
    allowed = {"kernel/clock.py", "operations/doctor.py"}  # the doctor compares two clocks
    found = [
        f"{path.relative_to(PACKAGE)}:{number}"
        for path in MODULES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if readers.search(line) and str(path.relative_to(PACKAGE)) not in allowed
    ]
    assert found == []


def test_only_env_reads_the_environment() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{number}"
        for path in MODULES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"os\.environ(\.get\(|\[)|os\.getenv", line) and path.name != "env.py"
    ]
    assert found == []


def test_no_verb_swallows_every_exception() -> None:
    found = []
    for path in MODULES:
        room = path.relative_to(PACKAGE).parts[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler) and (
                node.type is None
                or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"})
            ):
                if isinstance(node.body[-1], ast.Raise):
                    continue  # it notes what happened, and the error goes on
                found.append((room, path.name))
    doors = {"portal", "office", "exchange", "operations", "web"}
    # A door's and a job's edge log what they catch; the reader's child turns whatever a hostile file does into a refusal.
    inside = [place for place in found if place[0] not in doors and not place[1].startswith(("_child", "jobs"))]
    assert inside == []


def test_an_error_code_belongs_to_one_class_and_is_named_for_its_room() -> None:
    from xinyong.kernel.errors import XinyongError

    seen: dict[str, str] = {}
    pending = list(XinyongError.__subclasses__())
    while pending:
        cls = pending.pop()
        pending += cls.__subclasses__()
        code = cls.__dict__.get("code")
        if code is None:
            continue
        where = f"{cls.__module__}.{cls.__qualname__}"
        assert re.fullmatch(r"[a-z]+\.[a-z0-9]+(-[a-z0-9]+)*", code), where
        assert code.split(".")[0] == cls.__module__.split(".")[1], f"{where} has the code {code}"
        assert seen.setdefault(code, where) == where, f"{code} is used twice: {seen[code]}, {where}"
    assert len(seen) > 20


@pytest.mark.django_db
def test_migrations_are_complete() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_no_file_names_a_package_registry_or_a_foreign_host_that_pages_would_load() -> None:
    pattern = re.compile(r"https?://(pypi|files\.pythonhosted|registry\.npmjs|cdn\.|unpkg|fonts\.googleapis)")
    found = [
        str(path.relative_to(ROOT))
        for folder in ("xinyong", "tools", "requirements", "docs")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix in {".py", ".html", ".css", ".js", ".lock", ".md", ".yaml", ".sh"}
        and pattern.search(path.read_text(encoding="utf-8", errors="replace"))
    ]  # fmt: skip
    assert found == []
