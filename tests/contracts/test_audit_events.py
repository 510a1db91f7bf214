"""What each kind of entry says is written down (audit_events.json) and read by a person when it changes."""

import ast
import functools
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import django
from django.apps import apps

if not apps.ready:  # run by itself, to write the file
    django.setup()

from xinyong.security.audit import Event

ROOT = Path(__file__).parent.parent.parent / "xinyong"
GOLDEN = Path(__file__).parent / "audit_events.json"
_OWN = {"by", "object_kind", "object_ref", "outcome", "purpose"}


def _event(node: ast.AST) -> list[str]:
    """The events an expression can be."""
    return [
        one.attr
        for one in ast.walk(node)
        if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Attribute | ast.Name)
        and (one.value.attr if isinstance(one.value, ast.Attribute) else one.value.id) == "Event"
    ]  # fmt: skip


def _shape(call: ast.Call) -> dict[str, Any]:
    """What a call of ``audit.enter`` enters: the kind of its object and the names of its facts."""
    kind = next((one.value for one in call.keywords if one.arg == "object_kind"), None)
    facts = sorted(one.arg for one in call.keywords if one.arg and one.arg not in _OWN)
    if any(one.arg is None for one in call.keywords):
        facts.append("…")
    return {"object": kind.value if isinstance(kind, ast.Constant) else "…", "facts": facts}


@functools.cache
def found() -> dict[str, list[dict[str, Any]]]:
    """Event → the shapes of its entries, each with the module that makes it."""
    shapes: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path in sorted(ROOT.rglob("*.py")):
        if path.name in {"audit.py", "words.py"} or "migrations" in path.parts:
            continue
        where = str(path.relative_to(ROOT))
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = [(node, _event(node.args[0])) for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
        entered = {name for _, names in calls for name in names}
        for node, names in calls:
            for name in names:
                _add(shapes[Event[name].value], {"by": where} | _shape(node))
        for name in set(_event(tree)) - entered:  # chosen first, entered further down
            _add(shapes[Event[name].value], {"by": where, "object": "…", "facts": ["…"]})
    return {event: sorted(shapes[event], key=json.dumps) for event in sorted(shapes)}


def _add(shapes: list[dict[str, Any]], shape: dict[str, Any]) -> None:
    if shape not in shapes:
        shapes.append(shape)


def test_every_event_is_entered_somewhere() -> None:
    assert {one.value for one in Event} - set(found()) == set()


def test_what_each_entry_says_is_as_it_was_read() -> None:
    """On purpose changed? ``python -m tests.contracts.test_audit_events`` writes the file anew; read the difference."""
    assert found() == json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_no_fact_is_named_for_what_must_not_stand_in_the_log() -> None:
    names = {fact for shapes in found().values() for shape in shapes for fact in shape["facts"]}
    assert names & {"name", "phone", "certificate", "id_number", "password", "secret", "token", "code_value"} == set()


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(found(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
