"""Shared set-up: valid invented codes, register rows, a moment."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from xinyong.kernel import codes
from xinyong.security.models import Region
from xinyong.subjects import registry

DAY_ONE = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
DAY_TWO = datetime(2026, 5, 20, 1, 0, tzinfo=UTC)
DAY_THREE = datetime(2026, 9, 1, 1, 0, tzinfo=UTC)


def code(number: int, *, division: str = "990101", kind: str = "91") -> str:
    """A valid unified code of a fictitious division; ``number`` makes it unlike the others."""
    org = f"MA{number:06d}"
    body = f"{kind}{division}{org}{codes.org_check(org)}"
    return body + codes.check_character(body)


def table(*rows: dict[str, Any]) -> pa.Table:
    """Rows with any columns as an Arrow table; what a row lacks is null."""
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: [row.get(name) for row in rows] for name in names})


@pytest.fixture
def registered(db: None) -> Callable[..., dict[str, int]]:
    """Registers rows and gives code → subject id; the node knows its fictitious city and counties."""
    for number, place in enumerate(["云溪市", "白鹭县", "河湾县", "望川县"]):
        Region.objects.create(code=f"9901{number:02d}", name=place, level=2 + bool(number), source="invented")

    def apply(*rows: dict[str, Any], at: datetime = DAY_ONE) -> dict[str, int]:
        found = registry.register(table(*rows), known_at=at)
        return dict(zip(found["code"].to_pylist(), found["subject_id"].to_pylist(), strict=True))

    return apply
