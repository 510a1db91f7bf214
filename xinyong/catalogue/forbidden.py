"""What may never enter the catalogue, and what may not stand in a value (不得归集的信息).

Three classes of *definitions* (item and field names in Chinese, English or pinyin):
- ABSOLUTE (INV-06): religion, genes, fingerprints and other biometrics, blood type, disease and medical history, and
  ethnicity, race, family origin, political belief. Credit Reporting Regulation 14; Zhejiang 14, Shanghai 14, Shandong 42,
  Henan 45; Tianjin (biometrics); Jiayuguan (ethnicity, belief).
- CONSENT (INV-07): income, deposits, securities, commercial insurance, real estate, tax amounts of a *person* without a
  declared written consent. Same articles.
- TOPIC (INV-08): petitioning, demolition, jay-walking, dog keeping, property fees, garbage sorting, … without a law that
  names the topic. City credit index 2020 item 43; Henan 27.

``PATTERN`` is for *values*: strict phrases only, because a penalty for poor hospital hygiene, or for letting a sick cook
serve food, is lawful content. It is RE2 without look-around, so that DuckDB, google-re2 and Python agree.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Ban(StrEnum):
    """Class of a forbidden definition; the value is the refusal code of the domain rules."""

    ABSOLUTE = "E_FORBIDDEN_CLASS"
    CONSENT = "E_CONSENT_CLASS"
    TOPIC = "E_OFF_TOPIC"


#: ban → (meaning zh, meaning en, Chinese words, English and pinyin words)
_WORDS: dict[Ban, tuple[tuple[str, str, str, str], ...]] = {
    Ban.ABSOLUTE: (
        ("宗教信仰", "religion", "宗教 信仰 教派 信教", "religion religious faith belief beliefs zongjiao xinyang"),
        ("基因", "genes", "基因 遗传信息 染色体", "gene genes genetic dna genome jiyin"),
        (
            "生物识别信息",
            "biometrics",
            "指纹 掌纹 虹膜 声纹 人脸 面部特征 步态 生物识别 生物特征",
            "fingerprint fingerprints iris voiceprint biometric biometrics faceprint zhiwen hongmo renlian",
        ),
        ("血型", "blood type", "血型 血液类型", "blood xuexing"),
        (
            "疾病和病史",
            "disease and medical history",
            "疾病 病史 病历 病情 病症 患病 诊断结果 残疾情况 残疾等级 健康状况 体检结果 艾滋 乙肝 精神障碍 用药记录",
            "disease diseases illness illnesses medical diagnosis disability hiv aids hepatitis jibing bingshi",
        ),
        ("民族、种族", "ethnicity or race", "民族 种族 族裔", "ethnic ethnicity race racial nationality_group minzu"),
        ("家庭出身、籍贯", "family origin", "出身 籍贯 血统", "origin_family ancestry jiguan"),
        (
            "政治面貌和信仰",
            "political affiliation or belief",
            "政治面貌 政治信仰 党派 党籍",
            "political party_membership dangpai",
        ),
        ("性取向", "sexual orientation", "性取向 性生活", "sexual"),
    ),
    Ban.CONSENT: (
        ("收入", "income", "收入 工资额 薪酬 薪资", "income salary wage wages shouru"),
        ("存款", "deposits", "存款 银行余额 账户余额", "deposit deposits cunkuan"),
        ("有价证券", "securities", "有价证券 证券 股票 债券 基金份额", "securities stocks bonds"),
        ("商业保险", "commercial insurance", "商业保险 保单", "insurance baoxian"),
        ("不动产", "real estate", "不动产 房产 房屋产权", "estate property_title budongchan"),
        ("纳税数额", "tax amounts", "纳税数额 纳税额 税额 缴税金额", "tax_amount tax_paid nashuie"),
    ),
    Ban.TOPIC: (
        ("信访", "petitioning", "信访 上访", "petition petitions petitioning xinfang"),
        ("拆迁纠纷", "demolition disputes", "拆迁 征迁", "demolition chaiqian"),
        ("行人闯红灯", "jay-walking", "闯红灯 横穿马路 行人违章", "jaywalking jay_walking"),
        ("养犬", "dog keeping", "养犬 养狗 遛狗", "dog dogs yangquan"),
        ("物业费", "property fees", "物业费 物业欠费", "property_fee property_fees wuyefei"),
        (
            "水电气欠费",
            "utility arrears",
            "水费 电费 燃气费 水电欠费 公用事业欠费",
            "utility_arrears utility_fee utility_fees",
        ),
        ("垃圾分类", "garbage sorting", "垃圾分类 垃圾投放", "garbage rubbish waste_sorting"),
        ("献血", "blood donation", "献血", "donation_blood xianxue"),
        ("志愿服务的负面使用", "not volunteering", "未参加志愿服务 志愿服务缺勤", "volunteer_absence"),
        ("行踪轨迹", "whereabouts", "行踪 轨迹 定位信息", "whereabouts trajectory geolocation"),
        ("跳槽", "changing jobs", "跳槽 频繁离职", "job_hopping"),
    ),
}


#: Names of bodies, laws and trades in which such a word says nothing of anybody; taken out before the words are looked for.
_LAWFUL = re.compile(
    "疾病预防控制|传染病防治|职业病(?:防治|诊断机构)|民族自治|民族乡|民族宗教事务|民族区域|宗教活动场所|宗教事务|证券公司|证券期货|"
    "证券监督|不动产登记机构|不动产测绘|商业保险公司|动物疾病|指纹锁|股票代码|信访事项办理机关"
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A forbidden word in a name: which ban, what it means, the word that matched."""

    ban: Ban
    meaning_zh: str
    meaning_en: str
    word: str


def in_name(*names: str) -> Hit | None:
    """The first forbidden class named by any of these names (Chinese, English, or a column code), else None."""
    for ban, groups in _WORDS.items():
        for meaning_zh, meaning_en, chinese, latin in groups:
            for name in names:
                word = _hit(name, chinese.split(), latin.split())
                if word is not None:
                    return Hit(ban, meaning_zh, meaning_en, word)
    return None


def _hit(name: str, chinese: list[str], latin: list[str]) -> str | None:
    compact = _LAWFUL.sub("", re.sub(r"\s+", "", name))
    for word in chinese:
        if word in compact:
            return word
    # Whole words only: "gene" must not stand for "general", nor "race" for "trace".
    spaced = "_" + "_".join(re.findall(r"[a-z0-9]+", name.lower())) + "_"
    return next((word for word in latin if f"_{word}_" in spaced), None)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A strict phrase that states such information about somebody. ``pattern`` is RE2."""

    kind: str
    zh: str
    en: str
    pattern: str


_SOMEBODY = "(?:本人|其本人|该人|该员工|当事人|申请人|法定代表人|负责人|经营者|其父|其母|其配偶|其子女)"
_ILLNESS = "[\\p{Han}]{0,10}(?:病|癌|症|炎|肿瘤|综合征)"
#: Every phrase needs a label with a value, or a named person with a condition; a topic alone is no hit.
PHRASES: tuple[Phrase, ...] = (
    Phrase("religion", "宗教信仰", "religion",
           "(?:宗教信仰|信仰宗教|所信宗教|教派)\\s*[:：为]\\s*[^\\s;；,，、。]|" + _SOMEBODY
           + "(?:信仰|信奉)(?:佛教|道教|伊斯兰教|基督教|天主教)"),
    Phrase("ethnicity", "民族", "ethnicity",
           "民族\\s*[:：]\\s*[\\p{Han}]{1,6}|[男女][,，、\\s]{1,2}[\\p{Han}]{1,5}族[,，、。;；\\s]"),
    Phrase("blood-type", "血型", "blood type", "血型\\s*[:：为是]\\s*(?:AB|A|B|O|RH|Rh|rh|[\\p{Han}])"),
    Phrase("gene", "基因", "genes", "(?:基因型|基因检测结果|DNA(?:编号|分型|检测结果))\\s*[:：为]\\s*\\S"),
    Phrase("biometrics", "生物识别信息", "biometrics",
           "(?:指纹|虹膜|人脸|声纹)(?:编号|特征码|特征值|模板|数据)\\s*[:：为]\\s*\\S"),
    Phrase("disease", "疾病、病史", "disease or medical history",
           "(?:既往病史|既往史|病史|所患疾病|患病情况|健康状况|诊断结果)\\s*[:：]\\s*[^\\s无;；,，。]|"
           + _SOMEBODY + "(?:现)?(?:曾)?(?:患有|身患|确诊为|确诊患有|被诊断为)" + _ILLNESS),
    Phrase("hiv", "艾滋病、乙肝等感染情况", "HIV or hepatitis infection",
           "(?:HIV|艾滋病|乙肝|梅毒)[\\p{Han}]{0,6}(?:检测)?(?:结果)?(?:为|呈)?阳性|"
           + _SOMEBODY + "(?:系|为|是)(?:HIV|艾滋病|乙肝)[\\p{Han}]{0,4}(?:患者|病人|感染者|携带者)"),
    Phrase("political", "政治面貌", "political affiliation", "(?:政治面貌|党派)\\s*[:：]\\s*[\\p{Han}]"),
)  # fmt: skip

#: All phrases as one RE2 pattern, for ``regexp_matches(column, PATTERN)``.
PATTERN = "|".join(f"(?:{phrase.pattern})" for phrase in PHRASES)
#: Python's ``re`` has no script classes; \p{Han} there is the main block and its first extension.
_COMPILED = tuple((phrase, re.compile(phrase.pattern.replace("\\p{Han}", "㐀-鿿"))) for phrase in PHRASES)


@dataclass(frozen=True, slots=True)
class Found:
    """A phrase found in a value. The words themselves are not repeated: a finding must not spread what it refuses."""

    kind: str
    zh: str
    en: str
    start: int
    end: int


def scan(text: str) -> tuple[Found, ...]:
    """Every forbidden statement in a value, by position."""
    hits = [
        Found(phrase.kind, phrase.zh, phrase.en, match.start(), match.end())
        for phrase, pattern in _COMPILED
        for match in pattern.finditer(text)
    ]
    return tuple(sorted(hits, key=lambda hit: (hit.start, hit.kind)))


def sentence(text: str) -> tuple[str, str]:
    """What to tell the sender about a value that ``PATTERN`` matched, Chinese and English."""
    found = scan(text)
    kinds_zh = "、".join(dict.fromkeys(hit.zh for hit in found)) or "禁止归集的信息"
    kinds_en = ", ".join(dict.fromkeys(hit.en for hit in found)) or "information that may not be collected"
    return (
        f"内容含有不得归集的信息（{kinds_zh}）。请删除该部分后重新报送。",
        f"The text holds information that may not be collected ({kinds_en}). Remove it and send the row again.",
    )
