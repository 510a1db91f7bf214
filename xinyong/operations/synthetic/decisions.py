"""Licences and penalties of a department, as they stand in its own books: right, before any clerk touches them.

Columns carry the codes of the 2018 two-item publicity standard (data.md §1.1, §1.2).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from xinyong.operations.synthetic import draw, parties, phrases
from xinyong.operations.synthetic.acts import (
    ACTS,
    FINE,
    GAINS,
    GOODS,
    GRANTS,
    NOTICE,
    REVOKE,
    STOP,
    SUSPEND,
    WARNING,
    Act,
    Grant,
)
from xinyong.operations.synthetic.agencies import Agency
from xinyong.operations.synthetic.organisations import City, slots_of

#: Column code → text. Every column has the same number of rows.
Columns = dict[str, draw.Texts]
NO_END = "2099-12-31"
_KINDS = (WARNING, NOTICE, FINE, GAINS, GOODS, STOP, SUSPEND, REVOKE)
_BUSINESS = ("enterprise", "trader")
_EVERY_CLASS = ("enterprise", "trader", "cooperative", "welfare")


@dataclass(slots=True)
class Batch:
    """Some records of one department: columns, the day of each decision, the organisations concerned."""

    columns: Columns
    days: draw.Whole
    parties: parties.Parties
    index: draw.Whole

    def __len__(self) -> int:
        return len(self.days)


def penalties(city: City, agency: Agency, days: draw.Whole, first: int) -> Batch:
    """Penalties decided on these days, the first with serial number ``first``."""
    seed, salt = city.seed, f"{agency.code}/penalty"
    index = np.arange(first, first + len(days), dtype=np.int64)
    known = [act for act in ACTS if act.topic in agency.topics]
    act = draw.weighted(seed, salt + "/act", index, [one.weight for one in known])
    numbers = parties.choose(
        city, salt, index, days, slots=_slots(known), which=act, county=agency.county, power=parties.PENALTY_POWER
    )
    found = parties.Parties(city, numbers)
    kinds, texts = _kinds(seed, salt, index, act, known)
    fine = _fine(seed, salt, index, np.array([one.fine for one in known])[act])
    gains = (fine * (0.05 + 0.4 * draw.unit(seed, salt + "/gains", index))).astype(np.int64) // 100 * 100 + 100
    slots = phrases.common(seed, salt, index, days, found.by_row(found.each.addresses))
    certificate = draw.join(
        draw.take([one.certificate or "营业执照" for one in known], act),
        "（编号",
        draw.plain(910_000_000 + numbers * 7),
        "）",
    )
    bound = kinds[SUSPEND] | kinds[REVOKE]
    years = draw.parts_of(days)[0]
    serious = kinds[REVOKE] | kinds[STOP]
    columns: Columns = _party(found, days, "CF") | {
        "CF_WSH": draw.join(agency.mark, "罚〔", draw.plain(years), "〕", draw.plain(index + 1), "号"),
        "CF_WFXW": draw.take([one.conduct for one in known], act),
        "CF_SY": phrases.fill_each([one.fact for one in known], act, slots),
        "CF_YJ": draw.take([one.basis for one in known], act),
        "CF_CFLB": texts,
        "CF_NR": _content(kinds, fine, gains, certificate),
        "CF_NR_FK": draw.choose(kinds[FINE], draw.in_ten_thousands(fine), None),
        "CF_NR_WFFF": draw.choose(kinds[GAINS] | kinds[GOODS], draw.in_ten_thousands(gains), None),
        "CF_NR_ZKDX": draw.choose(bound, certificate, None),
        "CF_JDRQ": draw.iso(days),
        "CF_YXQ": draw.choose(draw.unit(seed, salt + "/endless", index) < 0.4, NO_END, draw.iso(days + 365)),
        "CF_GSJZQ": draw.iso(days + np.where(serious, 1095, 365)),
    }  # fmt: skip
    return Batch(columns | _agency(agency, len(days), "CF_CFJG", "CF_SJLY"), days, found, index)


def licences(city: City, agency: Agency, days: draw.Whole, first: int) -> Batch:
    """Licences decided on these days, the first with serial number ``first``."""
    seed, salt = city.seed, f"{agency.code}/licence"
    index = np.arange(first, first + len(days), dtype=np.int64)
    known = [grant for grant in GRANTS if grant.topic in agency.topics]
    grant = draw.weighted(seed, salt + "/grant", index, [one.weight for one in known])
    numbers = parties.choose(
        city, salt, index, days, slots=_slots(known), which=grant, county=agency.county, power=parties.LICENCE_POWER
    )
    found = parties.Parties(city, numbers)
    slots = phrases.common(seed, salt, index, days, found.by_row(found.each.addresses))
    terms = np.array([one.years for one in known])[grant]
    since = days + draw.below(seed, salt + "/since", index, 4)
    until = since + terms * 365 - 1
    void = draw.unit(seed, salt + "/void", index) < 0.012
    has_certificate = np.array([bool(one.certificate) for one in known])[grant]
    number = draw.join(draw.take([one.letters for one in known], grant), agency.region, draw.digits(index + 1, 7))
    years = draw.parts_of(days)[0]
    again = draw.unit(seed, salt + "/again", index) < 0.015
    columns: Columns = _party(found, days, "XK") | {
        "XK_XKWS": draw.take([one.title for one in known], grant),
        "XK_WSH": draw.join(agency.mark, "许〔", draw.plain(years), "〕", draw.plain(index + 1), "号"),
        "XK_XKLB": draw.choose(again, "其他-补办", draw.take([one.category for one in known], grant)),
        "XK_XKZS": draw.take([one.certificate or None for one in known], grant),
        "XK_XKBH": draw.choose(has_certificate, number, None),
        "XK_NR": phrases.fill_each([one.content for one in known], grant, slots),
        "XK_JDRQ": draw.iso(days),
        "XK_YXQZ": draw.iso(since),
        "XK_YXQZI": draw.choose(terms == 0, NO_END, draw.iso(until)),
        "XK_ZT": draw.choose(void, "2", "1"),
    }
    return Batch(columns | _agency(agency, len(days), "XK_XKJG", "XK_LYDW"), days, found, index)


def _slots(known: Sequence[Act] | Sequence[Grant]) -> list[draw.Whole]:
    """For each act or licence the organisations that can be concerned. Civil affairs: social organisations only."""
    return [
        slots_of(classes=("society", "welfare"), industries=())
        if one.topic == "civil"
        else slots_of(classes=_BUSINESS if one.industries else _EVERY_CLASS, industries=one.industries)
        for one in known
    ]


def _party(found: parties.Parties, days: draw.Whole, prefix: str) -> Columns:
    return {
        f"{prefix}_XDR_MC": found.names(days),
        f"{prefix}_XDR_LB": draw.choose(found.are_traders, "个体工商户", "法人及非法人组织"),
        f"{prefix}_XDR_SHXYM": found.by_row(found.each.codes),
        f"{prefix}_XDR_GSZC": found.by_row(found.each.registration_numbers),
        f"{prefix}_XDR_ZZJG": found.by_row(found.each.organisation_codes),
        f"{prefix}_FRDB": found.by_row(found.each.representatives),
    }


def _agency(agency: Agency, count: int, authority: str, source: str) -> Columns:
    return {
        authority: draw.same(agency.name, count), authority + "DM": draw.same(agency.code, count),
        source: draw.same(agency.name, count), source + "DM": draw.same(agency.code, count),
    }  # fmt: skip


def _kinds(
    seed: int, salt: str, index: draw.Whole, act: draw.Whole, known: list[Act]
) -> tuple[dict[str, draw.Flags], draw.Texts]:
    """Which kinds of penalty each row carries, and the text of 处罚类别 (several joined with a semicolon)."""
    combos = [combo for one in known for _, combo in one.kinds]
    start = np.cumsum([0, *(len(one.kinds) for one in known)])
    share = draw.unit(seed, salt + "/kinds", index)
    combo = np.zeros(len(index), dtype=np.int64)
    for place, one in enumerate(known):
        rows = act == place
        combo[rows] = start[place] + draw.positions(share[rows], [weight for weight, _ in one.kinds])
    flags = {kind: np.array([kind in each for each in combos])[combo] for kind in _KINDS}
    return flags, draw.take([";".join(each) for each in combos], combo)


def _fine(seed: int, salt: str, index: draw.Whole, usual: draw.Whole) -> draw.Whole:
    """Fines in fen: log-normal about the usual one, mostly round; one in thirty is a multiple of the value of goods."""
    exact = usual * np.exp(draw.bell(seed, salt + "/fine", index) * 0.85)
    step = np.where(exact > 50_000, 10_000, np.where(exact > 5_000, 1_000, 100))
    rounded = np.maximum(np.round(exact / step) * step, 100) * 100
    return np.where(draw.unit(seed, salt + "/odd", index) < 0.033, exact * 100 + 1, rounded).astype(np.int64)


def _content(kinds: dict[str, draw.Flags], fine: draw.Whole, gains: draw.Whole, certificate: draw.Texts) -> draw.Texts:
    def piece(kind: str, text: draw.Texts | str) -> draw.Texts:
        return draw.choose(kinds[kind], text, "")

    text = draw.join(
        piece(WARNING, "给予警告；"), piece(NOTICE, "给予通报批评；"),
        piece(FINE, draw.join("处以罚款", _yuan(fine), "元；")),
        piece(GAINS, draw.join("没收违法所得", _yuan(gains), "元；")),
        piece(GOODS, "没收违法经营的物品；"), piece(STOP, "责令停产停业整顿；"),
        piece(SUSPEND, draw.join("暂扣", certificate, "；")), piece(REVOKE, draw.join("吊销", certificate, "；")),
    )  # fmt: skip
    return draw.join(pc.utf8_rtrim(text, characters="；"), "。")


def _yuan(fen: draw.Whole) -> draw.Texts:
    cents = draw.join(draw.plain(fen // 100), ".", draw.digits(fen % 100, 2))
    return draw.choose(fen % 100 == 0, draw.plain(fen // 100), cents)
