"""The divisions of the city that does not exist: province-level 99 岭海省, city 990100 云溪市, its counties and towns.

Division 99 is used by no body in GB/T 2260, so no code made from it can belong to a real organisation or person.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from xinyong.operations.synthetic import draw

PROVINCE = ("990000", "岭海省")
CITY = ("990100", "云溪市")
SOURCE = "虚构区划(演示城市) fictitious divisions of the synthetic city"


@dataclass(frozen=True, slots=True)
class County:
    """A district or county; ``short`` starts names and document numbers; ``weight`` is its share of organisations."""

    code: str
    name: str
    short: str
    weight: float
    towns: tuple[str, ...]


COUNTIES: tuple[County, ...] = (
    County(
        "990102", "青岚区", "青岚", 26, ("云麓街道", "听溪街道", "岚桥街道", "石澜街道", "青渡镇", "雾屏镇", "竹汐镇")
    ),
    County("990103", "望泽区", "望泽", 22, ("泽畔街道", "鹭洲街道", "长汀口街道", "望澜街道", "蒲湾镇", "菱塘浦镇")),
    County("990104", "临霁区", "临霁", 18, ("霁月街道", "明霁街道", "雨歇镇", "虹落镇", "晴坞镇", "枕霞镇")),
    County("990121", "松墨县", "松墨", 12, ("墨池坊镇", "松烟镇", "砚田镇", "纸屏镇", "笔架坳乡", "笺溪乡", "端砾乡")),
    County("990122", "鹤汀县", "鹤汀", 10, ("鹤栖镇", "汀兰镇", "白翎镇", "芦雪镇", "渔灯浦乡", "苇汐乡")),
    County("990181", "砚泉市", "砚泉", 12, ("泉心街道", "漱石街道", "叠泉镇", "流觞镇", "甘澧镇", "映泉镇", "泠音乡")),
)
#: Every town: its 9-digit code, its name, the place of its county in COUNTIES.
TOWNS: tuple[tuple[str, str, int], ...] = tuple(
    (f"{county.code}{number:03d}", town, place)
    for place, county in enumerate(COUNTIES)
    for number, town in enumerate(county.towns, start=1)
)
_STREETS = (
    "听松路", "望岚大道", "溪畔路", "墨香街", "霁虹路", "汀芷路", "采菱巷", "云栈路", "漱玉街", "归帆路", "星桥路", "晚枫路",
    "枕流街", "竹影路", "双溪大道", "拾翠路", "月照路", "泊舟巷", "浣纱街", "听雨路", "长亭路", "知鱼路", "横塘街", "暮雪路",
)  # fmt: skip
_FIRST_TOWN = np.cumsum([0, *(len(county.towns) for county in COUNTIES[:-1])])
_TOWN_COUNTS = np.array([len(county.towns) for county in COUNTIES])


def regions() -> list[dict[str, Any]]:
    """Rows for ``security.identity.load_regions``, from the province down."""
    rows = [_region(*PROVINCE, level=1, parent=""), _region(*CITY, level=2, parent=PROVINCE[0])]
    rows += [_region(county.code, county.name, level=3, parent=CITY[0]) for county in COUNTIES]
    rows += [_region(code, name, level=4, parent=COUNTIES[place].code) for code, name, place in TOWNS]
    return rows


def _region(code: str, name: str, *, level: int, parent: str) -> dict[str, Any]:
    return {
        "code": code, "name": name, "level": level, "parent_code": parent,
        "valid_from": None, "valid_to": None, "successor_code": "",
    }  # fmt: skip


def counties_of(seed: int, index: draw.Whole) -> draw.Whole:
    """The county each organisation sits in (its place in COUNTIES)."""
    return draw.weighted(seed, "county", index, [county.weight for county in COUNTIES])


def towns_of(seed: int, index: draw.Whole, counties: draw.Whole) -> draw.Whole:
    """The town each organisation sits in (its place in TOWNS)."""
    inside = (draw.unit(seed, "town", index) * _TOWN_COUNTS[counties]).astype(np.int64)
    towns: draw.Whole = _FIRST_TOWN[counties] + inside
    return towns


def addresses(seed: int, salt: str, index: draw.Whole, counties: draw.Whole, towns: draw.Whole) -> draw.Texts:
    """Street addresses inside the towns."""
    return draw.join(
        PROVINCE[1], CITY[1],
        draw.take([county.name for county in COUNTIES], counties),
        draw.take([town for _, town, _ in TOWNS], towns),
        draw.take(_STREETS, draw.below(seed, salt + "/street", index, len(_STREETS))),
        draw.plain(draw.below(seed, salt + "/number", index, 899) + 1), "号",
        draw.choose(draw.unit(seed, salt + "/room?", index) < 0.55,
                    draw.join(draw.plain(draw.below(seed, salt + "/floor", index, 22) + 1), "0",
                              draw.plain(draw.below(seed, salt + "/room", index, 9) + 1), "室"), ""),
    )  # fmt: skip
