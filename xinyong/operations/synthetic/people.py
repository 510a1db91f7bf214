"""A handful of rows about natural persons, to prove that they stay hidden. Their numbers are made when the city is.

The numbers start with division 99, which no card ever carried: they belong to nobody.
"""

from datetime import date

import numpy as np

from xinyong.operations.synthetic import draw, identifiers, naming, places
from xinyong.operations.synthetic.agencies import Agency
from xinyong.operations.synthetic.decisions import NO_END, Columns
from xinyong.operations.synthetic.organisations import City


def person(index: int, *, seed: int, today: date) -> tuple[str, str]:
    """Name and number of one of the city's people: licences are of those from 0 on, penalties of those from 1,000 on."""
    found = _person(City(seed=seed, subjects=1, records=0, today=today), "X", np.array([index], dtype=np.int64))
    return str(found["X_XDR_MC"].to_pylist()[0]), str(found["X_XDR_ZJHM"].to_pylist()[0])


def licences(city: City, agency: Agency, days: draw.Whole) -> Columns:
    """Licences of persons: a driver's qualification."""
    index = np.arange(len(days), dtype=np.int64)
    years = draw.parts_of(days)[0]
    return _person(city, "XK", index) | {
        "XK_XKWS": draw.same("道路运输从业人员从业资格许可决定书", len(days)),
        "XK_WSH": draw.join(agency.mark, "资〔", draw.plain(years), "〕", draw.plain(index + 1), "号"),
        "XK_XKLB": draw.same("认可", len(days)),
        "XK_XKZS": draw.same("道路运输从业人员从业资格证", len(days)),
        "XK_XKBH": draw.join("CY990100", draw.digits(index + 1, 6)),
        "XK_NR": draw.same("准予从事经营性道路旅客运输驾驶", len(days)),
        "XK_JDRQ": draw.iso(days), "XK_YXQZ": draw.iso(days), "XK_YXQZI": draw.iso(days + 6 * 365),
        "XK_ZT": draw.same("1", len(days)),
    } | _agency(agency, len(days), "XK_XKJG", "XK_LYDW")  # fmt: skip


def penalties(city: City, agency: Agency, days: draw.Whole) -> Columns:
    """Penalties of persons: driving a taxi without qualification."""
    index = np.arange(len(days), dtype=np.int64) + 1_000
    years = draw.parts_of(days)[0]
    fine = (draw.below(city.seed, "people/fine", index, 9) + 2) * 100 * 100
    return _person(city, "CF", index) | {
        "CF_WSH": draw.join(agency.mark, "个罚〔", draw.plain(years), "〕", draw.plain(index + 1), "号"),
        "CF_WFXW": draw.same("未取得从业资格证驾驶出租汽车从事经营活动", len(days)),
        "CF_SY": draw.join(draw.in_words(days - 20), "，当事人未取得从业资格证驾驶巡游出租汽车从事经营活动。"),
        "CF_YJ": draw.same("《出租汽车驾驶员从业资格管理规定》第四十一条第（一）项", len(days)),
        "CF_CFLB": draw.same("罚款", len(days)),
        "CF_NR": draw.join("处以罚款", draw.plain(fine // 100), "元。"),
        "CF_NR_FK": draw.in_ten_thousands(fine),
        "CF_JDRQ": draw.iso(days), "CF_YXQ": draw.same(NO_END, len(days)), "CF_GSJZQ": draw.iso(days + 365),
    } | _agency(agency, len(days), "CF_CFJG", "CF_SJLY")  # fmt: skip


def _person(city: City, prefix: str, index: draw.Whole) -> Columns:
    counties = np.array([int(one.code) for one in places.COUNTIES], dtype=np.int64)
    born = draw.day(city.today) - 365 * 25 - draw.below(city.seed, "people/born", index, 365 * 35)
    heads = counties[draw.below(city.seed, "people/county", index, len(counties))]
    return {
        f"{prefix}_XDR_MC": naming.persons(city.seed, "people", index),
        f"{prefix}_XDR_LB": draw.same("自然人", len(index)),
        f"{prefix}_XDR_ZJLX": draw.same("身份证", len(index)),
        f"{prefix}_XDR_ZJHM": identifiers.citizen_numbers(city.seed, index, heads, born),
    }


def _agency(agency: Agency, count: int, authority: str, source: str) -> Columns:
    return {
        authority: draw.same(agency.name, count), authority + "DM": draw.same(agency.code, count),
        source: draw.same(agency.name, count), source + "DM": draw.same(agency.code, count),
    }  # fmt: skip
