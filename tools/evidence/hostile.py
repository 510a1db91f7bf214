"""Evidence for the hostile world: fuzzed JSON, mutated files, planted numbers, formulas, patterns (security.md §3–§5)."""

import json
import random
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from tests.intake import hostile
from tests.intake.hostile import exports_made, formulas, mutated, others, verdicts
from tests.kernel import json_made
from tests.security import planted
from tools import audit, static
from xinyong.intake._limits import Limits
from xinyong.kernel import strict_json
from xinyong.rules import duckdb_engine
from xinyong.rules.language import ColumnType, RuleError, parse
from xinyong.security import scanned_files
from xinyong.security.scanner import Kind

ROOT = Path(__file__).parent.parent.parent
_BAD = ROOT / "tests" / "contracts" / "static" / "bad.py"
_STATIC = "0 faults; every line of a deliberately bad file found"
_TODAY = date(2026, 6, 15)


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


@dataclass(slots=True)
class Judged:
    """What became of hostile files at the real door."""

    files: int = 0
    read: int = 0
    stopped: int = 0
    seconds: float = 0
    peak_kilobytes: int = 0
    wrong: list[str] = field(default_factory=list)

    def take(self, name: str, path: Path, *, is_read: bool | None = None, again: bool = False) -> None:
        """Judges a file, twice if ``again``; ``is_read`` is what is expected, if anything is."""
        try:
            verdict = verdicts.judge(path)
            if again and verdicts.judge(path).text != verdict.text:
                self.wrong.append(f"{name}: another verdict the second time")
        except Exception as error:  # noqa: BLE001  whatever it is, it is what is looked for
            self.wrong.append(f"{name}: {type(error).__name__}: {error}"[:200])
            return
        self.files += 1
        self.read += verdict.is_read
        self.stopped += verdict.is_stopped
        self.seconds = max(self.seconds, verdict.seconds or verdict.waited)
        self.peak_kilobytes = max(self.peak_kilobytes, verdict.peak_kilobytes)
        if is_read not in (None, verdict.is_read) or verdict.text.startswith("no sentence"):
            self.wrong.append(f"{name}: {verdict.text[:120]}")

    @property
    def passed(self) -> bool:
        return not self.wrong and self.peak_kilobytes < 512 * 1024 and self.seconds < 10

    def figure(self) -> str:
        """The figure in one line."""
        found = "; ".join(self.wrong[:3])
        return (
            f"{len(self.wrong)} wrong of {self.files} ({self.read} read, {self.stopped} stopped), at most "
            f"{self.peak_kilobytes // 1024} MB and {self.seconds:.1f} s{f': {found}' if found else ''}"
        )


def craft_files(names: Collection[str] | None = None) -> Judged:
    """The crafted corpus, each file judged twice; or the files of these names, once."""
    found = Judged()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "input"
        for makers, is_read in ((hostile.REFUSED, False), (hostile.READ, True)):
            for name, make in makers.items():
                if names is None or name in names:
                    make(path)
                    found.take(name, path, is_read=is_read, again=names is None)
    return found


def mutate_files(count: int, *, seed: int = 20, again: int = 4) -> Judged:
    """So many mutated files; each ``again``-th is judged a second time."""
    found = Judged()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "input"
        for number, (kind, content) in enumerate(mutated.files(count, seed=seed)):
            path.write_bytes(content)
            found.take(f"{kind} no. {number}", path, again=number % again == 0)
    return found


def unbounded_peak() -> int:
    """The negative control: what a hungry file takes where nobody looks at the memory, in kilobytes."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "input"
        others.many_times("长" * 6_000, 50_000)(path)
        limits = Limits(resident_bytes=1 << 40, memory_bytes=3072 << 20, unfolded_bytes=1 << 40)
        return verdicts.judge(path, limits=limits).peak_kilobytes


def crafted_row() -> tuple[object, str, bool]:
    """T2: the crafted corpus."""
    found = craft_files()
    return found.figure(), "≥ 200 crafted files: 0 wrong, < 512 MB, < 10 s each", found.passed and found.files >= 200


def mutated_row() -> tuple[object, str, bool]:
    """B1: twenty thousand mutated files, and a hungry one with the bound taken away."""
    found, control = mutate_files(20_000), unbounded_peak()
    figure = f"{found.figure()}; without the bound {control // 1024} MB"
    target = "20,000 mutated files: 0 crashes, one verdict each, < 512 MB, < 10 s; without the bound more"
    return figure, target, found.passed and found.files == 20_000 and control > 512 * 1024


@dataclass(slots=True)
class Planted:
    """What the outgoing scanner said of documents some of which hold a person's number."""

    documents: int = 0
    planted: int = 0
    found: int = 0
    flagged: int = 0
    checked_through: int = 0  # identity numbers with a right check digit that passed
    missed: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float:
        return self.found / self.planted

    @property
    def precision(self) -> float:
        return self.found / self.flagged


def scan_planted(count: int, planted_count: int, *, seed: int = 21) -> Planted:
    """Scans documents: a planted one is found when a number of its kind is, an innocent one is false when any is."""
    result = Planted()
    for document in planted.documents(count, planted_count, seed=seed):
        hits = scanned_files.scan_file(document.content, today=_TODAY).hits
        result.documents += 1
        result.planted += document.planted is not None
        result.flagged += bool(hits)
        if document.planted is not None and any(hit.kind is document.planted for hit in hits):
            result.found += 1
        elif document.planted is not None:
            result.missed.append(f"{document.planted.value} in {document.where}")
            result.checked_through += document.planted is Kind.CITIZEN_ID
        elif hits:
            result.false.append(f"{hits[0].kind.value} in {hits[0].place}")
    return result


def outgoing_row() -> tuple[object, str, bool]:
    """T21: five hundred numbers planted in five thousand documents."""
    found = scan_planted(5_000, 500)
    figure = (
        f"recall {found.recall:.2%}, precision {found.precision:.2%}; {found.checked_through} identity numbers with a right "
        f"check digit passed"
    )
    passed = found.recall >= 0.995 and found.precision >= 0.95 and found.checked_through == 0
    return figure, "recall ≥ 99.5 %, precision ≥ 95 %, no number with a right check digit passes", passed


#: patterns that a backtracking engine needs minutes or years for, and what each needs them on
_EVIL = (
    ("^(a+)+$", "a"), ("^(a|aa)+$", "a"), ("^(a*)*$", "a"), ("(x+x+)+y", "x"), ("^([a-zA-Z0-9]+\\s?)+$", "a "), ("(.*a){20}", "a"),
    ("^(([a-z])+.)+[A-Z]([a-z])+$", "a"), ("(a?){50}a{50}", "a"), ("^(\\w+\\.?)+@", "w."), ("(0|1|01|10)*2", "01"), ("(.+)*[^,]$", ","),
    ("^(许|可|许可)+号$", "许可"), ("[^号]*号[^号]*号[^号]*号[^号]*X", "号"), (".*.*.*.*=.*", "="), ("(\\d{1,200}){1,3}Z", "7"),
    ("^[0-9A-HJ-NPQRTUWXY]{18}$", "9"), ("(.{0,128}){2}Z", "z"), (".{0,255}Z", "z"),
)  # fmt: skip


def slowest_pattern(count: int, *, seed: int = 24) -> tuple[float, str, int]:
    """The longest that a pattern of the rule language takes over one cell of a hundred thousand characters: milliseconds of
    processor time, the pattern, and how many were tried (those the language refuses are not among them)."""
    chance = random.Random(seed)
    worst, slowest, tried = 0.0, "", 0
    for number in range(count):
        pattern, fuel = (
            _EVIL[number]
            if number < len(_EVIL)
            else (_random_pattern(chance, 4), chance.choice(("a", "ab", "号", "0 ")))
        )
        text = (fuel * 100_000)[:99_999] + "!"
        try:
            rule = parse(f"regexp_matches(CELL, '{pattern}')", columns={"CELL": ColumnType.TEXT})
        except RuleError:
            continue
        tried += 1
        cell, names = pa.table({"CELL": [text]}), {"rule": rule}
        spent = []
        for _ in range(3):
            started = time.process_time()
            duckdb_engine.evaluate(cell, names)
            spent.append(time.process_time() - started)
        if min(spent) * 1000 > worst:
            worst, slowest = min(spent) * 1000, pattern
    return worst, slowest, tried


def _random_pattern(chance: random.Random, depth: int) -> str:
    if not depth or chance.random() < 0.3:
        return chance.choice(("a", "b", ".", "[ab]", "[^号]", "\\d", "\\w", "\\s", "号", "0"))
    inner = _random_pattern(chance, depth - 1)
    return chance.choice((
        f"({inner})*", f"({inner})+", f"({inner})?", f"({inner}){{0,{chance.randrange(1, 9)}}}", f"{inner}{_random_pattern(chance, depth - 1)}",
        f"({inner}|{_random_pattern(chance, depth - 1)})", f"({inner}|{inner})+",
    ))  # fmt: skip


def patterns_row() -> tuple[object, str, bool]:
    """S3-24: patterns that an administrator may write, over a hundred thousand characters."""
    worst, pattern, tried = slowest_pattern(1_500)
    return (
        f"{worst:.1f} ms at most ({tried} patterns, {pattern})",
        "any pattern × 10⁵ characters ≤ 50 ms",
        worst <= 50 and tried > 500,
    )


def static_row() -> tuple[object, str, bool]:
    """S1: bandit and the house's rules over the program, and over the deliberately bad file."""
    try:
        faults = static.bandit(ROOT / "xinyong") + static.semgrep(ROOT / "xinyong")
        bad = static.bandit(_BAD) + static.semgrep(_BAD)
    except static.NotRun as reason:
        return f"not run: {reason}", _STATIC, False
    return f"{len(faults)} faults in the program, {len(bad)} in the bad file", _STATIC, not faults and len(bad) > 30


def audit_row() -> tuple[object, str, bool]:
    """S3-42: known vulnerabilities in the lock; never met where no database answered."""
    found = audit.audit()
    return f"{found.outcome.value}: {found.reason}", "every package looked up, no vulnerability", found.exit_code == 0


ROWS: dict[str, Callable[[], tuple[Any, str, bool]]] = {
    "B1": mutated_row,
    "S3-42": audit_row,
    "T2": crafted_row,
    "S1": static_row,
    "S3-24": patterns_row,
    "S3-25": formulas_row,
    "T21": outgoing_row,
    "T26": strict_json_row,
}
