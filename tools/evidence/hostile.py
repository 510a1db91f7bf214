"""Evidence for the hostile world: fuzzed JSON, mutated files, planted numbers, formulas, patterns (security.md §3–§5)."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.kernel import json_made
from xinyong.kernel import strict_json


@dataclass(slots=True)
class FuzzedJson:
    """What became of fuzzed texts. ``loose``: refused here, taken by the standard library's parser."""

    read: int = 0
    refused: int = 0
    loose: int = 0
    crashes: list[str] = field(default_factory=list)


def fuzz_json(count: int, *, seed: int = 26) -> FuzzedJson:
    """Reads fuzzed texts. A crash is any other exception than the refusal, a value another parser does not agree with,
    or another verdict the second time."""
    found = FuzzedJson()
    for text in json_made.texts(count, seed=seed):
        try:
            value, again = strict_json.parse(text), strict_json.parse(text)
            if value != again or value != json.loads(text, parse_float=Decimal):
                found.crashes.append(f"differs: {text[:80]!r}")
            found.read += 1
        except strict_json.NotStrictJson:
            found.refused += 1
            found.loose += _is_taken_elsewhere(text)
        except Exception as error:  # noqa: BLE001  whatever it is, it is what is looked for
            found.crashes.append(f"{type(error).__name__}: {text[:80]!r}")
    return found


def _is_taken_elsewhere(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def strict_json_row() -> tuple[object, str, bool]:
    """T26: a hundred thousand fuzzed JSON texts."""
    found = fuzz_json(100_000)
    figure = f"{len(found.crashes)} crashes; {found.read} read, {found.refused} refused ({found.loose} of them taken elsewhere)"
    return figure, "0 crashes in 100,000 fuzzed texts", not found.crashes and found.loose > 1_000


ROWS: dict[str, Callable[[], tuple[Any, str, bool]]] = {
    "T26": strict_json_row,
}
