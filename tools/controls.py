"""The tables of controls and threats with their proofs and last figures (docs/reference/controls.md, threats.md)."""

import csv
import importlib
import json
import pkgutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDER = Path(__file__).parent / "evidence"
LATEST = ROOT / "evidence" / "latest.json"
STATES = {"met": "✓", "partly": "部分 partly", "later": "待建 later", "deployer": "部署方 deployer"}


@dataclass(frozen=True, slots=True)
class Line:
    """One control or threat. ``rows`` are ids of evidence rows, ``tests`` paths of the suite."""

    id: str
    what: str
    source: str
    how: str
    state: str
    rows: tuple[str, ...]
    tests: tuple[str, ...]


def lines(name: str) -> list[Line]:
    """The lines of "controls" or "threats"."""
    found = []
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        for one in csv.DictReader(file):
            proofs = one["proof"].split()
            found.append(
                Line(
                    one["id"], one.get("control") or one["attack"], one.get("source") or "", one.get("how") or one["answer"],
                    one["state"], tuple(p[4:] for p in proofs if p.startswith("row:")),
                    tuple(p[5:] for p in proofs if p.startswith("test:")),
                )
            )  # fmt: skip
    return found


def row_ids() -> set[str]:
    """The ids of every row that ``make evidence`` can run."""
    found: set[str] = set()
    for one in pkgutil.iter_modules([str(FOLDER)]):
        if not one.name.startswith("_"):
            found |= set(getattr(importlib.import_module(f"tools.evidence.{one.name}"), "ROWS", {}))
    return found


def page(name: str) -> str:
    """The generated page of a table."""
    titles = {
        "controls": ("控制项 Controls", "每项控制措施、如何做到、由什么证明；数字来自最近一次 `make evidence`。"
                     " Each control, how it is met, what proves it; figures are of the last `make evidence`."),
        "threats": ("威胁登记 Threats", "每种攻击、我们的回答、由什么证明。 Each attack, our answer, what proves it."),
    }  # fmt: skip
    title, words = titles[name]
    measured = (
        {row["id"]: row for row in json.loads(LATEST.read_text(encoding="utf-8"))["rows"]} if LATEST.exists() else {}
    )
    out = [f"# {title}", "", "<!-- made by python -m tools.references from tools/evidence -->", "", words, ""]
    out += ["| # | what | how | state | proof |", "| --- | --- | --- | --- | --- |"]
    for one in lines(name):
        what = f"{one.what}" + (f" ({one.source})" if one.source else "")
        proofs = [_figure(row, measured) for row in one.rows] + [f"`{path}`" for path in one.tests]
        out.append(f"| {one.id} | {_cell(what)} | {_cell(one.how)} | {STATES[one.state]} | {'<br>'.join(proofs)} |")
    return "\n".join(out) + "\n"


def _figure(row: str, measured: dict[str, dict[str, object]]) -> str:
    command = f"`make evidence ROW={row}`"
    if row not in measured:
        return command
    found = measured[row]
    return f"{command}: {'✓' if found['pass'] else '✗'} {_cell(str(found['figure']))}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
