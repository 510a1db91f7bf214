"""An organisation on file, with one penalty that is public, one whose publicity has ended, and a licence."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa
import pytest

from xinyong.kernel import clock, codes
from xinyong.records.models import Tally
from xinyong.security import separation
from xinyong.security.models import Department
from xinyong.subjects import registry

PUBLIC_PENALTY, ENDED_PENALTY, LICENCE = "云市监罚决〔2026〕1号", "云市监罚决〔2022〕9号", "云市监许准字〔2026〕3号"


@dataclass(frozen=True)
class OnFile:
    """The organisation, the day, and a way to add a record."""

    code: str
    name: str
    subject_id: int
    today: date
    add: Callable[..., None]


@pytest.fixture
def on_file(lasting_db: None) -> OnFile:
    today, now = clock.today(), clock.now() - timedelta(hours=1)
    code, name = _code("91990102MA0RPT001"), "云溪市青禾食品有限公司"
    registered = registry.register(
        pa.table({"code": [code], "name": [name], "status": ["active"], "former_names": [["云溪市老禾食品厂"]]}),
        known_at=now,
    )
    subject_id = registered.column("subject_id")[0].as_py()
    unit = Department.objects.create(code=_code("11990100MB0RPT001"), name="云溪市市场监督管理局", short_name="市监局")

    def add(item_id: str, payload: dict[str, str], *, until: date | None, number: str) -> None:
        values = {
            "subject_id": subject_id, "key_digest": hashlib.sha256(number.encode()).digest()[:16], "version": 1,
            "content_digest": hashlib.sha256(str(payload).encode()).digest()[:16], "state": 1, "item_id": item_id,
            "item_version": 1, "source_id": unit.pk, "submission_id": 1, "row_no": 1, "disclosure": "public",
            "severity": "general", "decided_on": today - timedelta(days=200), "is_late": False,
            "publish_from": today - timedelta(days=200), "publish_until": until,
            "repair_from": today - timedelta(days=100), "payload": json.dumps(payload), "known_from": now,
        }  # fmt: skip
        marks = ", ".join(f"%({name})s" for name in values)
        with separation.as_loader() as own:
            own.execute(f"INSERT INTO record ({', '.join(values)}) VALUES ({marks})", values)

    soon, ended = today + timedelta(days=400), today
    add(
        "admin-penalty-org",
        {"CF_XDR_MC": name, "CF_WSH": PUBLIC_PENALTY, "CF_SY": "使用过期原料"},
        until=soon,
        number="1",
    )
    add("admin-penalty-org", {"CF_XDR_MC": name, "CF_WSH": ENDED_PENALTY, "CF_SY": "旧事"}, until=ended, number="2")
    add("admin-licence-org", {"XK_XDR_MC": name, "XK_WSH": LICENCE, "XK_NR": "准予经营"}, until=None, number="3")
    for item_id in ("admin-penalty-org", "admin-licence-org"):
        Tally.objects.create(
            item_id=item_id, source_id=unit.pk, month=today.replace(day=1), records=2, submission_id=1, deposited_at=now
        )
    return OnFile(code, name, subject_id, today, add)


def _code(first17: str) -> str:
    return first17 + codes.check_character(first17)
