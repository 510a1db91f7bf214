"""Abnormal operations, serious dishonesty and honours, as the deciding bodies hold them."""

from dataclasses import dataclass

import numpy as np

from xinyong.operations.synthetic import draw, parties, phrases
from xinyong.operations.synthetic.agencies import Agency
from xinyong.operations.synthetic.decisions import Batch, Columns
from xinyong.operations.synthetic.organisations import City, slots_of
from xinyong.operations.synthetic.vocabulary import KEYS

_REASONS = (
    "未按规定公示年度报告",
    "通过登记的住所无法联系",
    "公示信息隐瞒真实情况、弄虚作假",
    "未按责令期限公示企业信息",
)


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of seriously dishonest subjects: facts, basis, term in years, industries."""

    kind: str
    fact: str
    basis: str
    years: int
    industries: tuple[str, ...] = ()


#: Agency key → the list it keeps.
SERIOUS: dict[str, Listing] = {
    "court": Listing("失信被执行人", "有履行能力而拒不履行生效法律文书确定的义务，未履行标的{m}元，立案日期{d}。",
                     "《最高人民法院关于公布失信被执行人名单信息的若干规定》第一条", 2),
    "labour": Listing("拖欠农民工工资失信联合惩戒对象", "拖欠{n}名农民工工资{m}元，{d}经责令限期支付逾期未支付。",
                      "《拖欠农民工工资失信联合惩戒对象名单管理暂行办法》第五条", 3, ("construction", "textile")),
    "tax": Listing("重大税收违法失信主体", "{d}前后为他人虚开增值税专用发票{n}份，涉及税额{m}元。",
                   "《重大税收违法失信主体信息公布管理办法》第六条", 3, ("retail", "construction", "labour")),
    "market": Listing("市场监督管理严重违法失信名单", "{d}被查明生产经营禁止生产经营的食品，货值{m}元，受到较重行政处罚。",
                      "《市场监督管理严重违法失信名单管理办法》第五条", 3, ("food", "catering", "retail")),
    "safety": Listing("安全生产严重失信主体名单", "{d}发生生产安全事故并瞒报，经调查负有责任，直接经济损失{m}元。",
                      "《安全生产严重失信主体名单管理办法》第六条", 3, ("chemical", "construction", "machinery")),
}  # fmt: skip
#: Agency key → kind of honour, name of the honour, how many years it counts.
HONOURS: dict[str, tuple[str, str, int]] = {
    "tax": ("纳税信用A级", "年度纳税信用A级纳税人", 1),
    "market": ("守合同重信用企业", "年度守合同重信用企业", 2),
    "labour": ("诚信示范单位", "年度劳动保障守法诚信示范单位", 2),
    "prices": ("诚信示范单位", "年度诚信经营示范单位", 3),
}


def abnormal(city: City, agency: Agency, days: draw.Whole, first: int, *, removed: bool = False) -> Batch:
    """Entries of the abnormal-operation list; with ``removed``, the same entries once they left it."""
    batch, index = _listed(
        city, agency, "abnormal", days, first, slots_of(classes=("enterprise", "trader", "cooperative"), industries=())
    )
    years = draw.parts_of(days)[0]
    out = days + 40 + draw.below(city.seed, agency.code + "/abnormal/out", index, 40)
    number = draw.join("〔", draw.plain(years), "〕", draw.plain(index + 1), "号")
    return _with(batch, {
        "LRYY": draw.take(_REASONS, draw.weighted(city.seed, agency.code + "/abnormal/reason", index, (60, 34, 3, 3))),
        "LRRQ": draw.iso(days),
        "LRWSH": draw.join(agency.mark, "列异", number),
        "LRJG": draw.same(agency.name, len(days)), "LRJGDM": draw.same(agency.code, len(days)),
        "YCYY": draw.same("依法履行公示义务或者重新取得联系，申请移出" if removed else None, len(days)),
        "YCRQ": draw.iso(out) if removed else draw.same(None, len(days)),
        "YCWSH": draw.join(agency.mark, "移异", number) if removed else draw.same(None, len(days)),
        "YCJG": draw.same(agency.name if removed else None, len(days)),
    }, agency)  # fmt: skip


def serious(city: City, agency: Agency, days: draw.Whole, first: int) -> Batch:
    """Entries of the agency's list of seriously dishonest subjects."""
    listing = SERIOUS[agency.key]
    batch, index = _listed(
        city, agency, "serious", days, first, slots_of(classes=("enterprise",), industries=listing.industries or KEYS)
    )
    salt = agency.code + "/serious"
    slots = phrases.common(city.seed, salt, index, days, batch.parties.by_row(batch.parties.each.addresses))
    years = draw.parts_of(days)[0]
    return _with(batch, {
        "MDLB": draw.same(listing.kind, len(days)),
        "LRWSH": draw.join(agency.mark, "列〔", draw.plain(years), "〕", draw.plain(index + 1), "号"),
        "LRSY": phrases.fill(listing.fact, slots, len(days)),
        "LRYJ": draw.same(listing.basis, len(days)),
        "LRRQ": draw.iso(days), "LRJZRQ": draw.iso(days + listing.years * 365),
        "RDJG": draw.same(agency.name, len(days)), "RDJGDM": draw.same(agency.code, len(days)),
        "GZRQ": draw.iso(days - 20 - draw.below(city.seed, salt + "/notice", index, 40)),
        "CSSB": draw.choose(draw.unit(city.seed, salt + "/heard", index) < 0.3, "提出陈述申辩，经复核不予采纳", "未提出陈述申辩"),
    }, agency)  # fmt: skip


def honours(city: City, agency: Agency, days: draw.Whole, first: int) -> Batch:
    """Honours the agency gave on these days."""
    kind, name, term = HONOURS[agency.key]
    batch, index = _listed(
        city, agency, "honour", days, first, slots_of(classes=("enterprise", "cooperative"), industries=())
    )
    years = draw.parts_of(days)[0]
    return _with(batch, {
        "RYLB": draw.same(kind, len(days)),
        "RYMC": draw.join(draw.plain(years - 1), name),
        "ND": draw.plain(years - 1),
        "RDWSH": draw.join(agency.mark, "〔", draw.plain(years), "〕", draw.plain(index // 400 + 3), "号"),
        "RDRQ": draw.iso(days), "YXQZ": draw.iso(days), "YXQZI": draw.iso(days + term * 365 - 1),
        "JB": draw.same("市级", len(days)),
        "RDJG": draw.same(agency.name, len(days)), "RDJGDM": draw.same(agency.code, len(days)),
    }, agency)  # fmt: skip


def _listed(
    city: City, agency: Agency, what: str, days: draw.Whole, first: int, slots: draw.Whole
) -> tuple[Batch, draw.Whole]:
    index = np.arange(first, first + len(days), dtype=np.int64)
    all_alike = np.zeros(len(days), dtype=np.int64)
    numbers = parties.choose(
        city, f"{agency.code}/{what}", index, days, slots=[slots], which=all_alike, county=agency.county, power=1.0
    )
    return Batch({}, days, parties.Parties(city, numbers), index), index


def _with(batch: Batch, columns: Columns, agency: Agency) -> Batch:
    found, count = batch.parties, len(batch)
    own: Columns = {
        "ZTMC": found.names(batch.days),
        "TYSHXYDM": found.by_row(found.each.codes),
    }
    source: Columns = {"SJLY": draw.same(agency.name, count), "SJLYDM": draw.same(agency.code, count)}
    return Batch(own | columns | source, batch.days, found, batch.index)
