"""What the synthetic city's registration authority sends as it happens: a few companies set up, renamed, moved, one taken
over by another, one that moved under a new code, and one event that is refused. In by the same door as any authority's.
"""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from xinyong.kernel import clock, codes

if TYPE_CHECKING:
    from xinyong.security.access import Actor

#: Organisation codes of these companies begin so; no other of the city's does.
_SERIES = "MAFEED"
_DIVISION = "990102"


def say(*, authority: str, today: date, by: "Actor") -> int:
    """Sends the events of the last days; returns how many were applied. Sent again, nothing changes."""
    from xinyong.intake import feed

    last = min(today, clock.today())
    events = [
        feed.Change(
            sequence=number, event_id=f"SCJG-{number:04d}", kind=kind, on=last - timedelta(days=days), code=code,
            row=facts.pop("row", {}), **facts,
        )
        for number, (kind, days, code, facts) in enumerate(_events(last), start=1)
    ]  # fmt: skip
    told, _ = feed.receive(events, source_code=authority, by=by, received_at=clock.now())
    return sum(one.outcome == "applied" for one in told)


def _events(last: date) -> list[tuple[str, int, str, dict[str, Any]]]:
    """(kind, days ago, code, what more it says)."""
    tea, trade, harbour, moved, moved_on = _code(1), _code(2), _code(3), _code(4), _code(5, "990104")

    def founded(name: str, days: int, place: str, where: str) -> dict[str, Any]:
        return {
            "row": {
                "ZTMC": name, "CLRQ": (last - timedelta(days=days)).isoformat(), "XZQH": where, "ZCDZ": place, "JYZT": "存续",
                "QYLX": "有限责任公司", "DJJG": "云溪市市场监督管理局",
            }
        }  # fmt: skip

    return [
        ("new", 12, tea, founded("云溪市岚雾茶业有限公司", 2200, "青岚区云麓街道采茶路8号", "990102")),
        ("new", 12, trade, founded("云溪市岚雾商贸有限公司", 1900, "青岚区听溪街道观溪巷3号", "990102")),
        ("new", 12, moved, founded("云溪市映霞文具有限公司", 1500, "望泽区鹭洲街道临洲路16号", "990103")),
        ("renamed", 9, tea, {"row": {"ZTMC": "云溪市岚雾茶叶集团有限公司"}}),
        ("moved", 8, trade, {"row": {"ZCDZ": "青岚区岚桥街道听雨路21号"}}),
        ("new", 7, harbour, founded("云溪市汀屿港务有限公司", 7, "望泽区长汀口街道码头路1号", "990103")),
        ("cancelled", 5, trade, {}),
        ("absorbed", 5, trade, {"successors": (tea,), "instrument": "云市监合字〔示例〕3号"}),
        ("new", 3, moved_on, founded("云溪市映霞文具有限公司", 1500, "临霁区霁月街道映霞路2号", "990104")),
        ("moved_out", 3, moved, {}),
        ("recoded", 3, moved, {"successors": (moved_on,), "instrument": "云市监迁字〔示例〕7号"}),
        ("renamed", 1, harbour, {"row": {"ZTMC": "测试"}}),  # a filler for a name: refused, with the reason
    ]


def _code(number: int, division: str = _DIVISION) -> str:
    body = f"{_SERIES}{number:02d}"
    whole = f"91{division}{body}{codes.org_check(body)}"
    return whole + codes.check_character(whole)
