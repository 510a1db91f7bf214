"""The forty source units of the city: who they are, what they decide, how much of it, and how they keep their files."""

from dataclasses import dataclass

import numpy as np

from xinyong.operations.synthetic import draw, identifiers, places


@dataclass(frozen=True, slots=True)
class Agency:
    """A department. ``mark`` starts its document numbers; weights are its shares of the city's records."""

    key: str
    name: str
    mark: str
    county: int | None
    topics: tuple[str, ...]
    penalties: float
    licences: float
    code: str
    #: Its own files come a quarter late as a whole: some units never report in time.
    is_tardy: bool = False

    @property
    def region(self) -> str:
        """The division it serves."""
        return places.CITY[0] if self.county is None else places.COUNTIES[self.county].code


#: key, name, mark, topics, weight of penalties, weight of licences
_CITY: tuple[tuple[str, str, str, tuple[str, ...], float, float], ...] = (
    ("market", "市场监督管理局", "市监", ("market", "medicine"), 130, 90),
    ("approval", "行政审批服务局", "审批", ("market", "construction", "health", "transport", "urban"), 0, 210),
    ("transport", "交通运输局", "交运", ("transport",), 120, 40),
    ("safety", "应急管理局", "应急", ("safety",), 40, 18),
    ("environment", "生态环境局", "环", ("environment",), 38, 22),
    ("construction", "住房和城乡建设局", "住建", ("construction",), 26, 26),
    ("health", "卫生健康委员会", "卫", ("health",), 34, 30),
    ("farming", "农业农村局", "农", ("farming",), 12, 10),
    ("culture", "文化广电和旅游局", "文旅", ("culture",), 12, 12),
    ("police", "公安局", "公", ("police",), 16, 12),
    ("tax", "税务局", "税", ("tax",), 90, 60),
    ("labour", "人力资源和社会保障局", "人社", ("labour",), 14, 10),
    ("land", "自然资源和规划局", "自然资", ("land",), 10, 14),
    ("urban", "城市管理综合行政执法局", "综执", ("urban",), 70, 20),
    ("water", "水务局", "水", ("water",), 6, 8),
    ("education", "教育局", "教", ("education",), 5, 6),
    ("civil", "民政局", "民", ("civil",), 2, 5),
    ("fire", "消防救援支队", "消", ("fire",), 60, 24),
    ("data", "政务服务和数据管理局", "数据", (), 0, 0),
    ("prices", "发展和改革委员会", "发改", ("prices",), 3, 8),
    ("tobacco", "烟草专卖局", "烟", ("tobacco",), 22, 40),
    ("justice", "司法局", "司", (), 0, 0),
    ("staffing", "机构编制委员会办公室", "编", (), 0, 0),
    ("court", "中级人民法院", "法", (), 0, 0),
)
_COUNTY: tuple[tuple[str, str, str, tuple[str, ...], float, float, tuple[int, ...]], ...] = (
    ("market", "市场监督管理局", "市监", ("market", "medicine"), 170, 110, (0, 1, 2, 3, 4, 5)),
    ("approval", "行政审批局", "审批", ("market", "health", "urban"), 0, 130, (0, 1, 2, 5)),
    ("safety", "应急管理局", "应急", ("safety",), 30, 10, (0, 1)),
    ("urban", "综合行政执法局", "综执", ("urban",), 50, 10, (0, 2, 3, 4)),
)


def _code(number: int, division: int) -> str:
    """A valid code of a body of state: head 11, its division, a new organisation code of its own."""
    one = np.array([number + 7], dtype=np.int64)
    body = identifiers.organisation_places(997, one, np.array([True]), np.array([identifiers.series("G")]))
    code: str = identifiers.credit_codes(np.array([identifiers.head("11")]), np.array([division]), body)[0].as_py()
    return code


def _agencies() -> tuple[Agency, ...]:
    made: list[Agency] = []
    for key, name, mark, topics, penalties, licences in _CITY:
        code = _code(len(made), int(places.CITY[0]))
        made.append(
            Agency(key, places.CITY[1] + name, "云" + mark, None, topics, penalties, licences, code, key == "land")
        )
    for key, name, mark, topics, penalties, licences, counties in _COUNTY:
        for place in counties:
            county = places.COUNTIES[place]
            share = county.weight / 100 * len(counties)
            is_tardy = (key, place) == ("urban", 4)
            made.append(
                Agency(f"{key}-{county.code}", county.name + name, county.short[0] + mark, place, topics,
                       penalties * share / 3, licences * share / 3, _code(len(made), int(county.code)), is_tardy)
            )  # fmt: skip
    return tuple(made)


AGENCIES: tuple[Agency, ...] = _agencies()


def agency(key: str) -> Agency:
    """The agency of this key."""
    return next(one for one in AGENCIES if one.key == key)


def quirk(one: Agency, salt: str) -> float:
    """A share in [0, 1) that belongs to the agency for ever, whatever the city's seed: its habits."""
    number = np.array([AGENCIES.index(one)], dtype=np.int64)
    return float(draw.unit(20_260, salt, number)[0])
