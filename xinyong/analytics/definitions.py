"""The rates, as data: what each divides by what, what it leaves out, which way is better, on what it rests.

A rate over rows says its two numbers and its exclusions as expressions over one row as ``analytics.sql`` (received) makes
it; the figure and the list of the rows behind it are made from the same words, so they cannot disagree. Basis [M] in the
domain files is ``is_verified=False`` here, and pages say so. Formulas in prose: docs/explanation/rates.md.
"""

from dataclasses import dataclass
from enum import StrEnum

from xinyong.kernel.errors import NotFound


class Level(StrEnum):
    """Over what a rate is computed."""

    ROWS = "rows"  # rows handed in within the period
    DECLARED = "declared"  # what units owe, declare and what a spot check found
    AREA = "area"  # organisations of a division


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why something is not in the denominator; ``where`` finds it among the rows, "" where no row is meant."""

    id: str
    zh: str
    en: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """One rate. ``hit`` and ``whole``: what a row adds to numerator and denominator, as whole numbers in SQL. ``decimals``:
    of the printed percent."""

    id: str
    zh: str
    en: str
    numerator_zh: str
    numerator_en: str
    denominator_zh: str
    denominator_en: str
    level: Level
    basis: str
    is_verified: bool = False
    is_up_good: bool = True
    hit: str = ""
    whole: str = ""
    exclusions: tuple[Exclusion, ...] = ()
    decimals: int = 2


class UnknownRate(NotFound):
    """There is no such rate."""

    code = "analytics.unknown-rate"


_WITHDRAWN = Exclusion("withdrawn", "已撤回", "withdrawn", "outcome = 'accepted' AND is_withdrawn")
_WAITING = Exclusion("waiting", "未入库（疑问、退回）", "did not go in (doubtful, rejected)", "outcome <> 'accepted'")
_CORRECTION = Exclusion(
    "correction", "已有数据的更正", "corrections of data already here",
    "outcome = 'accepted' AND NOT is_withdrawn AND NOT is_first",
)  # fmt: skip
_NO_DAY = Exclusion(
    "no-due-day", "事项未规定时限", "items without a time limit",
    "outcome = 'accepted' AND NOT is_withdrawn AND is_first AND NOT has_due",
)  # fmt: skip
_IN_TIME = "(outcome = 'accepted' AND NOT is_withdrawn AND is_first AND has_due)"
_BULLETIN = "青海省2024年2月通报（以已报送为分母）"
_OWN = "平台定义"

RATES: tuple[Rate, ...] = (
    Rate(
        "collection", "归集率", "Collection rate", "已报送的事项", "items delivered", "应报送的事项", "items due",
        Level.DECLARED, "归集率＝已归集目录事项÷应归集目录事项", decimals=1,
        exclusions=(Exclusion("not-owed", "责任表以外报送的事项", "items delivered that nobody owed"),),
    ),
    Rate(
        "subject-collection", "主体归集率", "Collection rate by subject", "有信用记录的组织", "organisations with a record",
        "存续的组织", "organisations in existence", Level.AREA, _OWN, decimals=1,
        exclusions=(Exclusion("ended", "已注销、吊销、迁出或待登记", "ended, moved out or not yet registered"),),
    ),
    Rate(
        "reporting", "上报率", "Reporting rate", "已报送的当月决定", "decisions of the month reported", "应报数",
        "decisions declared", Level.DECLARED, "上报率＝已报÷应报；应报数由单位申报", decimals=1,
        exclusions=(
            Exclusion("no-target", "未申报应报数的已报", "reported where no total is declared"),
            Exclusion("withdrawn", "已撤回", "withdrawn"),
        ),
    ),
    Rate(
        "spot-check", "抽查上报率", "Reporting rate by spot check", "抽查中已报送的", "of these reported", "抽查的决定",
        "decisions looked at", Level.DECLARED, "瞒报抽查：未报＝瞒报、漏报", decimals=1,
    ),
    Rate(
        "compliance", "合规率", "Compliance rate", "清洗入库的行", "rows that went in", "报送的行", "rows reported", Level.ROWS,
        "合规率＝清洗入库÷报送；" + _BULLETIN, is_verified=True,
        hit="(outcome = 'accepted' AND NOT is_withdrawn)::int", whole="(NOT is_withdrawn)::int",
        exclusions=(
            _WITHDRAWN,
            Exclusion("duplicate", "文件内重复", "repeated within their file"),
            Exclusion("unchanged", "与已有相同", "the same as the archive has"),
        ),
    ),
    Rate(
        "timeliness", "及时率", "Timeliness rate", "时限内报送的", "reported in time", "首次报送的数据", "data reported first",
        Level.ROWS, "及时率＝1－迟报率；发改办财金〔2018〕424号：7个工作日内；" + _BULLETIN, is_verified=True,
        hit=f"({_IN_TIME} AND NOT is_late)::int", whole=f"{_IN_TIME}::int",
        exclusions=(_WAITING, _CORRECTION, _WITHDRAWN, _NO_DAY),
    ),
    Rate(
        "late", "迟报率", "Late rate", "超过时限报送的", "reported late", "首次报送的数据", "data reported first", Level.ROWS,
        "发改办财金〔2018〕424号：7个工作日内；" + _BULLETIN, is_verified=True, is_up_good=False,
        hit=f"({_IN_TIME} AND is_late)::int", whole=f"{_IN_TIME}::int",
        exclusions=(_WAITING, _CORRECTION, _WITHDRAWN, _NO_DAY),
    ),
    Rate(
        "completeness", "完整率", "Completeness", "已填写的数据项", "fields filled", "目录要求的公开数据项",
        "fields of the item that are kept open", Level.ROWS, _OWN, decimals=1,
        hit="CASE WHEN outcome = 'accepted' AND is_newest AND asked > 0 THEN filled ELSE 0 END",
        whole="CASE WHEN outcome = 'accepted' AND is_newest THEN asked ELSE 0 END",
        exclusions=(
            _WAITING, _WITHDRAWN,
            Exclusion("superseded", "已被后来的版本取代", "superseded by a later version",
                      "outcome = 'accepted' AND NOT is_withdrawn AND NOT is_newest"),
            Exclusion("sealed", "整行加密的自然人数据", "persons' rows, sealed whole",
                      "outcome = 'accepted' AND is_newest AND asked = 0"),
        ),
    ),
    Rate(
        "linkage", "关联率", "Linkage rate", "关联到主体的行", "rows linked to a subject", "入库的行和只差关联的行",
        "rows that went in, and those that wait for nothing but their subject", Level.ROWS, _OWN,
        hit="(outcome = 'accepted' AND NOT is_withdrawn)::int",
        whole="((outcome = 'accepted' AND NOT is_withdrawn) OR (is_unlinked AND NOT is_closed))::int",
        exclusions=(
            _WITHDRAWN,
            Exclusion("other-faults", "因其他问题未入库，或已更正重报", "waiting for another reason, or sent again corrected",
                      "outcome <> 'accepted' AND (NOT is_unlinked OR is_closed)"),
        ),
    ),
    Rate(
        "conflict", "冲突率", "Conflict rate", "与他源或同文件相矛盾的行", "rows that contradict another source or their file",
        "报送的行", "rows reported", Level.ROWS, "一数一源", is_up_good=False,
        hit="is_conflict::int", whole="(NOT is_withdrawn)::int", exclusions=(_WITHDRAWN,),
    ),
    Rate(
        "correction", "更正率", "Correction rate", "已更正重报的行", "rows sent again corrected", "疑问和退回的行",
        "rows that did not go in", Level.ROWS, _OWN, decimals=1,
        hit="(outcome <> 'accepted' AND is_closed)::int", whole="(outcome <> 'accepted')::int",
    ),
    Rate(
        "code-defects", "重错码率", "Duplicate-and-wrong-code rate", "重码和错码", "duplicate and wrong codes", "存量代码",
        "codes held", Level.AREA, "重错码率＝（重码＋错码）÷存量代码", is_up_good=False, decimals=3,
    ),
)  # fmt: skip

#: 六类特定信息: a class of its own each → the catalogue items that hold it. They are not in the national catalogue; the library
#: has an unverified item for each (basis 国办发〔2021〕52号). records ÷ enterprises (domain rules §5.2).
SPECIFIC: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("tax", "纳税", "Tax", ("tax-payment",)),
    ("water", "用水", "Water", ("water-fee",)),
    ("power", "用电", "Power", ("power-fee",)),
    ("gas", "用气", "Gas", ("gas-fee",)),
    ("real-estate", "不动产", "Real estate", ("real-estate",)),
    ("research", "科技研发", "R&D", ("research",)),
)
RATES += tuple(
    Rate(
        f"specific-{id}", f"{zh}信息归集比", f"{en}: records per enterprise", "记录数", "records", "存续的企业法人",
        "enterprises in existence", Level.AREA, "六类特定信息＝记录数÷企业法人数",
    )
    for id, zh, en, _ in SPECIFIC
)  # fmt: skip

_BY_ID = {one.id: one for one in RATES}
#: What pages show when nobody asks for more.
MAIN = (
    "collection",
    "reporting",
    "compliance",
    "timeliness",
    "late",
    "completeness",
    "linkage",
    "conflict",
    "correction",
)

#: Rules of the intake that are about whose row it is, and those where two rows or sources contradict each other.
WHOSE = ("V05-no-subject", "V05-name-mismatch", "V05-codes-disagree", "V05-ambiguous")
CONFLICTS = ("V11-same-key-twice", "V11-other-source")

#: Words for the intake's own rules; those of the catalogue bring their own.
RULES: dict[str, tuple[str, str]] = {
    "V01-required": ("必填项没有填", "a required field is empty"),
    "V01-one-of": ("几项中至少应填一项", "one of several fields must be filled"),
    "V01-blank": ("不应填写的项填了内容", "a field that must be blank is filled"),
    "V02-length": ("内容超过规定长度", "longer than allowed"),
    "V02-control": ("含有看不见的控制字符", "holds control characters"),
    "V03-code": ("统一社会信用代码校验不通过", "the code's check fails"),
    "V04-old-registration": ("填的是旧注册号", "an old registration number"),
    "V05-no-subject": ("没有可关联的主体", "no subject to link to"),
    "V05-name-mismatch": ("名称与代码不是同一主体", "name and code are not of one subject"),
    "V05-codes-disagree": ("几个代码指向不同主体", "its codes point to different subjects"),
    "V05-ambiguous": ("可能的主体不止一个", "more than one possible subject"),
    "V05-new-subject": ("主体待登记部门数据核对", "subject not yet in the base register"),
    "V06-date": ("日期读不懂或不存在", "not a date"),
    "V07-amount": ("金额读不懂", "not an amount"),
    "V07-integer": ("不是整数", "not a whole number"),
    "V07-boolean": ("不是“是”或“否”", "neither yes nor no"),
    "V07-conditional": ("按其他项的内容应当填写", "required by another field"),
    "V09-source": ("不是本单位的数据", "not the unit's own data"),
    "V11-duplicate": ("文件内重复的行", "a row repeated within its file"),
    "V11-same-key-twice": ("同一文书两行内容不同", "one document, two contents"),
    "V11-other-source": ("另一单位已报同一文书", "another unit reported the document"),
    "V12-person-in-text": ("公开文本中有个人信息", "a person in public text"),
    "V12-personal-number-in-public-text": ("公开文本中疑有个人号码", "a personal number in public text"),
    "W_LATE": ("超过规定时限", "after the time limit"),
    "E_FORBIDDEN_CLASS": ("禁止归集的信息", "of a class that may not be collected"),
    "E_OFF_TOPIC": ("目录以外的信息", "outside the catalogue"),
    "E_ANNUL": ("所依据的决定已被撤销或确认违法", "the decision behind it was annulled or found unlawful"),
    "E_CONSENT_CLASS": ("须经书面同意的信息", "needs written consent"),
}


def rate(rate_id: str) -> Rate:
    """The rate of this id. Raises UnknownRate."""
    if rate_id not in _BY_ID:
        raise UnknownRate(f"没有“{rate_id}”这个指标。", f"There is no rate {rate_id!r}.")
    return _BY_ID[rate_id]
