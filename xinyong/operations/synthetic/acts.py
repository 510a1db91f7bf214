"""What departments of the city decide: acts that are penalised and licences that are granted, read from acts.yaml."""

from dataclasses import dataclass
from importlib import resources
from typing import Any

from xinyong.kernel import plain_yaml

WARNING, NOTICE, FINE, GAINS, GOODS = "警告", "通报批评", "罚款", "没收违法所得", "没收非法财物"
STOP, SUSPEND, REVOKE = "责令停产停业", "暂扣许可证", "吊销许可证"

#: Kinds of penalty that go together and how often, out of a hundred.
Kinds = tuple[tuple[float, tuple[str, ...]], ...]
_PATTERNS: dict[str, Kinds] = {
    "fine": ((100, (FINE,)),),
    "warning": ((100, (WARNING,)),),
    "minor": ((32, (WARNING,)), (3, (NOTICE,)), (65, (FINE,))),
    "warn": ((60, (WARNING,)), (40, (WARNING, FINE))),
    "mixed": ((15, (WARNING, FINE)), (85, (FINE,))),
    "seize": ((35, (FINE, GAINS)), (10, (FINE, GAINS, GOODS)), (55, (FINE,))),
    "stop": ((60, (FINE, STOP)), (40, (FINE,))),
    "hard": ((82, (FINE,)), (10, (FINE, STOP)), (5, (FINE, SUSPEND)), (3, (REVOKE,))),
}


@dataclass(frozen=True, slots=True)
class Act:
    """A kind of breach: conduct, how the facts read, the basis, the usual fine in yuan, which penalties follow."""

    topic: str
    conduct: str
    fact: str
    basis: str
    fine: int
    kinds: Kinds
    industries: tuple[str, ...]
    weight: float
    certificate: str


@dataclass(frozen=True, slots=True)
class Grant:
    """A kind of licence: document title, certificate and its letters, what is licensed, category, years (0: no end)."""

    topic: str
    title: str
    certificate: str
    letters: str
    content: str
    category: str
    years: int
    industries: tuple[str, ...]
    weight: float


def _read() -> tuple[tuple[Act, ...], tuple[Grant, ...]]:
    text = resources.files(__package__).joinpath("acts.yaml").read_text(encoding="utf-8")
    data: dict[str, list[dict[str, Any]]] = plain_yaml.load(text)
    optional: dict[str, Any] = {"industries": (), "weight": 1.0, "certificate": ""}
    acts = [optional | row | {"kinds": _PATTERNS[row["kinds"]]} for row in data["acts"]]
    grants = [optional | row for row in data["grants"]]
    for row in [*acts, *grants]:
        row["industries"] = tuple(row["industries"])
    return tuple(Act(**row) for row in acts), tuple(Grant(**row) for row in grants)


ACTS, GRANTS = _read()
