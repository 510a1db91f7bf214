"""Evidence for the hostile world: fuzzed JSON, mutated files, planted numbers, formulas, patterns (security.md §3–§5)."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.intake.hostile import exports_made, formulas
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


@dataclass(slots=True)
class Exported:
    """Texts that went through every exporter. ``formulas`` lists what came out as a formula; ``changed`` what came out as
    another text; ``bare``: formulas that an unguarded writer would have made of the same texts."""

    texts: int = 0
    formulas: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    bare: int = 0


def export_formulas(count: int, folder: Path, *, seed: int = 1) -> Exported:
    """Sends texts through CSV and workbook feedback (marked and made anew) and the catalogue's template, opens what comes
    out again and looks at every cell."""
    made = list(formulas.texts(count, seed=seed))
    found = Exported(len(made), bare=sum(map(formulas.runs, made)))
    for name, cells in exports_made.everywhere(made, folder).items():
        for cell in cells:
            if cell.is_formula or (cell.is_in_csv and formulas.runs(cell.text)):
                found.formulas.append(f"{name}: {cell.text[:40]!r}")
            elif cell.wanted is not None and cell.wanted != cell.text:
                found.changed.append(f"{name}: {cell.wanted[:40]!r} → {cell.text[:40]!r}")
    return found


def formulas_row() -> tuple[object, str, bool]:
    """S3-25: ten thousand texts through every exporter, opened again."""
    with TemporaryDirectory() as folder:
        found = export_formulas(10_000, Path(folder))
    figure = f"{len(found.formulas)} formulas, {len(found.changed)} texts changed ({found.bare} dangerous of {found.texts} texts)"
    return (
        figure,
        "0 cells of type formula after 10,000 texts",
        not found.formulas and not found.changed and found.bare > 2_000,
    )


ROWS: dict[str, Callable[[], tuple[Any, str, bool]]] = {
    "S3-25": formulas_row,
    "T26": strict_json_row,
}
