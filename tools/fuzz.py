"""``python -m tools.fuzz --files 10000``: generated files of every item through the whole check, without a database.

A third are messy rows as departments send them, a third such files with bytes changed, a third files of any format mutated.
Each is read, checked, decided on and counted as ``xinyong check --bundle`` does it. Looked for: any exception but a refusal with
its sentences, a file that takes too long, rows that do not add up, another answer the second time.
"""

import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from xinyong.config import stand_alone

_AT = datetime.fromisoformat("2026-06-15T10:00:00+08:00")
#: Seconds a file of some hundred rows may take, on a machine that is busy with other things.
_LONGEST = 30
_SOURCE = "11990100MA0000000X"


@dataclass(slots=True)
class Fuzzed:
    """What became of the files. ``wrong``: what was looked for and found."""

    files: int = 0
    read: int = 0
    rows: int = 0
    findings: int = 0
    slowest: float = 0
    refusals: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def figure(self) -> str:
        """The figures in one line."""
        refused = ", ".join(f"{code} {n}" for code, n in self.refusals.most_common())
        return (
            f"{len(self.wrong)} wrong of {self.files} files: {self.read} read ({self.rows} rows, {self.findings} findings), "
            f"{sum(self.refusals.values())} refused ({refused}), at most {self.slowest:.1f} s"
        )


def fuzz(count: int, *, seed: int, again: int = 10) -> Fuzzed:
    """Checks so many generated files; each ``again``-th twice."""
    found, bundles = Fuzzed(), _bundles()
    with TemporaryDirectory(prefix="xinyong-fuzz-") as folder:
        for number, (item_id, path) in enumerate(_files(Path(folder), count, random.Random(seed))):
            found.files += 1
            started = time.monotonic()
            said = _check(path, bundles[item_id], found)
            found.slowest = max(found.slowest, time.monotonic() - started)
            if time.monotonic() - started > _LONGEST:
                found.wrong.append(f"no. {number} {path.name} of {item_id}: took {time.monotonic() - started:.0f} s")
            if number % again == 0 and _check(path, bundles[item_id], Fuzzed()) != said:
                found.wrong.append(f"no. {number} {path.name} of {item_id}: another answer the second time")
            if found.wrong and found.wrong[-1].startswith("!"):
                found.wrong[-1] = f"no. {number} {path.name} of {item_id}: {found.wrong[-1][1:]}"
            path.unlink()
    return found


def _check(path: Path, bundle: Any, found: Fuzzed) -> object:
    from xinyong.intake import offline
    from xinyong.kernel.errors import Invalid

    try:
        trial = offline.check(path, bundle, file_name=path.name, received_at=_AT, source_code=_SOURCE)
    except Invalid as refusal:
        found.refusals[refusal.code] += 1
        if not (refusal.zh.endswith("。") and refusal.en.endswith((".", "!", "?"))):
            found.wrong.append(f"!no sentence: {refusal!r}")
        return refusal.code
    except Exception as error:  # noqa: BLE001  whatever it is, it is what is looked for
        found.wrong.append(f"!{type(error).__name__}: {error}"[:200])
        return type(error)
    if not trial.counts.is_whole:
        found.wrong.append(f"!rows do not add up: {trial.counts}")
    found.read += 1
    found.rows += trial.counts.rows_read
    found.findings += len(trial.findings)
    return trial.counts, trial.findings


def _files(folder: Path, count: int, chance: random.Random) -> Iterator[tuple[str, Path]]:
    """Files with their items, the same for the same seed but for the numbers of persons and organisations."""
    from tests.intake import made, messy
    from tests.intake.hostile import mutated
    from xinyong.catalogue import load
    from xinyong.security.identity import SourceUnit

    items = list(load.library().values())
    unit = SourceUnit(0, _SOURCE, "云溪市示例管理局", "", "", frozenset())
    others = mutated.files(count, seed=chance.randrange(10**6))
    for number in range(count):
        item = items[number % len(items)]
        if number % 3 == 2:
            kind, content = next(others)
            path = folder / f"{number}.{kind.partition('-')[0]}"
            path.write_bytes(content)
        else:
            who = [made.organisation() for _ in range(4)]
            rows = messy.rows(item, unit, chance, chance.choice((1, 5, 30, 120)), who)
            path = messy.write(folder, str(number), rows, chance)
            if number % 3 == 1:
                path.write_bytes(mutated.mutated(path.read_bytes(), chance))
        yield item.id, path


def _bundles() -> dict[str, Any]:
    """The library's items, as an installation without changes of its own would give them away."""
    from xinyong import __version__
    from xinyong.catalogue import load
    from xinyong.catalogue.bundle import Bundle, Stamp
    from xinyong.kernel.calendar import Calendar
    from xinyong.security.identity import SourceUnit

    unit = SourceUnit(0, _SOURCE, "云溪市示例管理局", "示例局", "", frozenset({_SOURCE}))
    return {
        item.id: Bundle(
            stamp=Stamp(item.id, item.version, _AT, __version__, "", "", {}), item=item, editions=load.editions(),
            exceptions=frozenset(), calendar=Calendar.builtin(), units={unit.code: unit}, digest="", signed_by=(),
        )
        for item in load.library().values()
    }  # fmt: skip


@click.command()
@click.option("--files", default=10_000, show_default=True)
@click.option("--seed", default=11, show_default=True)
def main(files: int, seed: int) -> None:
    """Checks generated files; exit code 1 when anything was wrong."""
    stand_alone.configure()
    found = fuzz(files, seed=seed)
    print(found.figure())
    print(*found.wrong[:50], sep="\n")
    sys.exit(1 if found.wrong else 0)


if __name__ == "__main__":
    main()
