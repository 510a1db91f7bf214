"""The base register: what the registering bodies send of each organisation, as it stood on a day."""

import numpy as np

from xinyong.operations.synthetic import draw, places, vocabulary
from xinyong.operations.synthetic.agencies import AGENCIES, Agency
from xinyong.operations.synthetic.decisions import Columns
from xinyong.operations.synthetic.organisations import (
    CLASS_KEYS,
    CLASSES,
    STATUSES,
    TRADER,
    City,
    Organisations,
    registered_by,
)

_CLASS_NAMES = {
    "enterprise": "企业", "trader": "个体工商户", "cooperative": "农民专业合作社", "society": "社会组织", "welfare": "社会组织",
    "institution": "事业单位", "government": "政府机构", "village": "其他组织", "collective": "农村集体经济组织", "lawyers": "其他组织",
}  # fmt: skip
_FORMS = {
    "enterprise": "有限责任公司（自然人投资或控股）", "trader": "个体工商户", "cooperative": "农民专业合作社", "society": "社会团体",
    "welfare": "民办非企业单位", "institution": "事业单位法人", "government": "机关法人", "village": "村民委员会",
    "collective": "农村集体经济组织", "lawyers": "律师事务所",
}  # fmt: skip
_STATUS_NAMES = {"active": "存续", "ended": "注销", "revoked": "吊销", "moved": "迁出"}
_SECTORS = "HFCFEKGCCCIAPQRNDHLLOO"  # industry by industry, the section letter of GB/T 4754
_BATCH = 100_000


def numbers(city: City, registrar: str, since: int | None, until: int) -> list[draw.Whole]:
    """Organisations of a registrar that were registered, renamed or ended in (since, until], in batches; all that
    exist by then when ``since`` is None."""
    classes = [place for place, one in enumerate(CLASSES) if one.registrar == registrar]
    end = int(registered_by(city, np.array([until], dtype=np.int64))[0]) + 2
    found = []
    for start in range(0, min(end, city.subjects), _BATCH):
        some = Organisations(city, np.arange(start, min(start + _BATCH, end, city.subjects), dtype=np.int64))
        wanted = np.isin(some.classes, classes) & (some.established <= until)
        if since is not None:
            moved = (
                _within(some.established, since, until)
                | _within(some.renamed, since, until)
                | _within(some.ended, since, until)
            )
            wanted &= moved
        if wanted.any():
            found.append(some.index[wanted])
    return found


def _within(days: draw.Whole, since: int, until: int) -> draw.Flags:
    return (days > since) & (days <= until)


def rows(city: City, agency: Agency, index: draw.Whole, on: int) -> Columns:
    """The register's columns of these organisations as they stood on the day."""
    some = Organisations(city, index)
    count = len(some)
    has_ended = (some.ended >= 0) & (some.ended <= on)
    status = np.where(has_ended, some.statuses, 0)
    renamed = (some.renamed >= 0) & (some.renamed <= on)
    offices = _offices(agency)
    changed = np.maximum.reduce(
        [some.established, np.where(renamed, some.renamed, 0), np.where(has_ended, some.ended, 0)]
    )
    is_business = some.industries >= 0
    return {
        "ZTMC": some.names_on(on),
        "TYSHXYDM": some.codes,
        "ZTLX": draw.take([_CLASS_NAMES[key] for key in CLASS_KEYS], some.classes),
        "QYLX": draw.take([_FORMS[key] for key in CLASS_KEYS], some.classes),
        "JYZT": draw.take([_STATUS_NAMES[key] for key in STATUSES], status),
        "CLRQ": draw.iso(some.established),
        "ZXRQ": draw.choose(has_ended, draw.iso(some.ended), None),
        "FDDBR": some.representatives,
        "ZCZB": draw.choose(some.classes == TRADER, None, draw.join(draw.plain(some.capital), "万元人民币")),
        "JYFW": _scopes(some),
        "ZCDZ": some.addresses,
        "XZQH": draw.take([code for code, _, _ in places.TOWNS], some.towns),
        "DJJG": draw.take(offices, np.where(some.divisions == int(places.CITY[0]), 0, some.counties + 1)),
        "CYM": draw.choose(renamed, some.former_names, None),
        "ZCH": some.registration_numbers,
        "ZZJGDM": some.organisation_codes,
        "HZRQ": draw.iso(changed),
        "HYDM": draw.choose(is_business, draw.take(list(_SECTORS), np.maximum(some.industries, 0)), None),
        "SJLY": draw.same(agency.name, count),
        "SJLYDM": draw.same(agency.code, count),
    }


def _offices(agency: Agency) -> list[str]:
    """The agency's own name, then the office of each county that registers there."""
    by_county = {one.county: one.name for one in AGENCIES if one.key.startswith(agency.key + "-")}
    return [agency.name, *(by_county.get(place, agency.name) for place in range(len(places.COUNTIES)))]


def _scopes(some: Organisations) -> draw.Texts:
    """Scopes of business: the industry's lines, in an order and number of the organisation's own."""
    lines = [one.scope for one in vocabulary.INDUSTRIES]
    texts: list[str | None] = []
    for scope in lines:
        texts += [
            "；".join(scope),
            "；".join(scope[:1]),
            "；".join(reversed(scope)),
            "；".join(scope[:2]) + "（依法须经批准的项目除外）",
        ]
    which = some.industries * 4 + (some.share("scope") * 4).astype(np.int64)
    return draw.take([*texts, None], np.where(some.industries < 0, len(texts), which))
