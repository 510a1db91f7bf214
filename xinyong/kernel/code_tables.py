"""What the code standards fix: alphabets, weights, departments and categories, provinces, reasons and their sentences.

Sources: GB 32100-2015 with amendment 1 (2016), GB 11714, GB 11643-1999, GS 15-2006 (registration numbers), GB/T 17710.
"""

from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a code is. 统一社会信用代码, 组织机构代码, 注册号, 居民身份证号码, 居住证, 外国人永久居留身份证, 占位代码."""

    USCC = "uscc"
    ORG_CODE = "org-code"
    REGISTRATION_15 = "registration-15"
    REGISTRATION_13 = "registration-13"
    CITIZEN_ID = "citizen-id"
    CITIZEN_ID_15 = "citizen-id-15"
    RESIDENCE_PERMIT = "residence-permit"
    FOREIGN_PERMANENT = "foreign-permanent"
    PLACEHOLDER = "placeholder"
    UNKNOWN = "unknown"


class Verdict(StrEnum):
    """``valid``: follows its standard. ``doubtful``: a person must look (疑问数据). ``invalid``: to be corrected."""

    VALID = "valid"
    DOUBTFUL = "doubtful"
    INVALID = "invalid"


#: Kinds that identify a natural person: never shown, logged or written into a finding unmasked.
PERSONAL: Final = frozenset({Kind.CITIZEN_ID, Kind.CITIZEN_ID_15, Kind.RESIDENCE_PERMIT, Kind.FOREIGN_PERMANENT})

#: GB 32100: digits and capital letters without I, O, S, V, Z; the position is the value.
USCC_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_WEIGHTS: Final = tuple(pow(3, i, 31) for i in range(17))
#: GB 11714: all digits and capital letters.
ORG_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ORG_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
#: GB 11643: ISO 7064 MOD 11-2.
CITIZEN_WEIGHTS: Final = tuple(pow(2, 17 - i, 11) for i in range(17))
CITIZEN_CHECKS: Final = "10X98765432"

#: Written where a counterparty has no code yet (the two-item publicity standard of 2018, live data).
PLACEHOLDER: Final = "0" * 17 + "X"

#: First character: department that registers. Names in Chinese and English.
DEPARTMENTS: Final[dict[str, tuple[str, str]]] = {
    "1": ("机构编制", "institutional establishment"),
    "2": ("外交", "foreign affairs"),
    "3": ("司法行政", "judicial administration"),
    "4": ("文化", "culture"),
    "5": ("民政", "civil affairs"),
    "6": ("旅游", "tourism"),
    "7": ("宗教", "religious affairs"),
    "8": ("工会", "trade unions"),
    "9": ("市场监管（工商）", "market regulation"),
    "A": ("中央军委改革和编制办公室", "Central Military Commission reform and establishment office"),
    "N": ("农业", "agriculture"),
    "Y": ("其他", "other"),
}

#: First two characters: department and category, with the class of subject. Amendment 1 gives A and N. Two pairs are
#: practice: 54 self-governing bodies of villages and residents (civil affairs, 2017); 99 others of market regulation
#: (processing plants, representative offices of foreign companies: real registers have them).
CATEGORIES: Final[dict[str, tuple[str, str, str]]] = {
    "11": ("机关", "state organ", "government_body"),
    "12": ("事业单位", "public institution", "public_institution"),
    "13": ("中央编办直接管理机构编制的群众团体", "mass organisation under the central office", "other"),
    "19": ("其他", "other", "other"),
    "21": ("外国常驻新闻机构", "resident foreign news agency", "other"),
    "29": ("其他", "other", "other"),
    "31": ("律师执业机构", "law firm", "other"),
    "32": ("公证处", "notary office", "other"),
    "33": ("基层法律服务所", "grass-roots legal service office", "other"),
    "34": ("司法鉴定机构", "forensic institution", "other"),
    "35": ("仲裁委员会", "arbitration commission", "other"),
    "39": ("其他", "other", "other"),
    "41": ("外国在华文化中心", "foreign cultural centre", "other"),
    "49": ("其他", "other", "other"),
    "51": ("社会团体", "social association", "social_organization"),
    "52": ("民办非企业单位", "private non-enterprise unit", "social_organization"),
    "53": ("基金会", "foundation", "social_organization"),
    "54": ("基层群众性自治组织", "villagers' or residents' committee", "other"),
    "59": ("其他", "other", "social_organization"),
    "61": ("外国旅游部门常驻代表机构", "foreign tourism office", "other"),
    "62": ("港澳台地区旅游部门常驻内地（大陆）代表机构", "tourism office of Hong Kong, Macao or Taiwan", "other"),
    "69": ("其他", "other", "other"),
    "71": ("宗教活动场所", "site for religious activities", "other"),
    "72": ("宗教院校", "religious school", "other"),
    "79": ("其他", "other", "other"),
    "81": ("基层工会", "grass-roots trade union", "social_organization"),
    "89": ("其他", "other", "social_organization"),
    "91": ("企业", "enterprise", "enterprise"),
    "92": ("个体工商户", "individual business", "individual_business"),
    "93": ("农民专业合作社", "specialised farmers' cooperative", "farmers_cooperative"),
    "99": ("其他", "other", "other"),
    "A1": ("军队事业单位", "military institution", "other"),
    "A9": ("其他", "other", "other"),
    "N1": ("组级集体经济组织", "collective economic organisation of a group", "rural_collective"),
    "N2": ("村级集体经济组织", "collective economic organisation of a village", "rural_collective"),
    "N3": ("乡镇级集体经济组织", "collective economic organisation of a township", "rural_collective"),
    "N9": ("其他", "other", "rural_collective"),
    "Y1": ("其他", "other", "other"),
}

#: First two digits of GB/T 2260 codes ever given; 81–83 are the residence permits of Hong Kong, Macao and Taiwan
#: residents. 99 is no province: it is set aside here for fictitious places (demonstrations, tests).
PROVINCES: Final = frozenset(
    f"{first}{second}"
    for first, seconds in {
        1: "12345",
        2: "123",
        3: "1234567",
        4: "123456",
        5: "01234",
        6: "12345",
        7: "1",
        8: "123",
        9: "9",
    }.items()
    for second in seconds
)
RESIDENCE_PERMIT_HEADS: Final = frozenset({"810000", "820000", "830000"})
FIRST_BIRTH_YEAR: Final = 1900

#: reason → (verdict, Chinese, English). A reason never changes its meaning; new ones go to the end.
_VALID, _DOUBTFUL, _INVALID = Verdict.VALID, Verdict.DOUBTFUL, Verdict.INVALID
REASON_TABLE: Final[dict[str, tuple[Verdict, str, str]]] = {
    "": (_VALID, "代码符合标准。", "The code follows its standard."),
    "empty": (_INVALID, "没有填写代码。", "No code is given."),
    "not-ascii": (
        _INVALID,
        "代码含有形似字母或数字的其他字符（如西里尔字母、不可见字符），请用键盘重新录入。",
        "The code holds a character that only looks like a letter or digit (Cyrillic, invisible); type it again.",
    ),
    "illegal-character": (
        _INVALID,
        "代码含有字母和数字以外的字符。",
        "The code holds a character that is neither letter nor digit.",
    ),
    "forbidden-letter": (
        _INVALID,
        "统一社会信用代码不使用字母I、O、S、V、Z，请核对是否为1、0、5、U、2。",
        "A unified social credit code never uses I, O, S, V or Z; look whether 1, 0, 5, U or 2 is meant.",
    ),
    "wrong-length": (_INVALID, "代码位数不对。", "The code has the wrong number of characters."),
    "placeholder": (
        _INVALID,
        "这是占位代码（17个0加X），不是任何主体的代码。",
        "This is the placeholder (17 zeros and X), no subject's code.",
    ),
    "placeholder-allowed": (
        _DOUBTFUL,
        "使用了占位代码（17个0加X），须凭名称和其他代码确认主体。",
        "The placeholder stands here; name and other codes must tell who the subject is.",
    ),
    "all-zeros": (_INVALID, "代码全部为0，不是任何主体的代码。", "The code is all zeros, no subject's code."),
    "division-not-digits": (
        _INVALID,
        "第3至8位（登记管理机关行政区划码）应为数字。",
        "Characters 3 to 8 (the registering division) must be digits.",
    ),
    "wrong-check-character": (
        _INVALID,
        "校验码不对，代码中至少有一位录入错误。",
        "The check character is wrong: at least one character was mistyped.",
    ),
    "legally-issued-exception": (
        _DOUBTFUL,
        "校验码不对，但该代码在合法赋码例外表中，请人工核实。",
        "The check character is wrong, but the table of legally issued exceptions has this code; a person must look.",
    ),
    "organisation-check-failed": (
        _VALID,
        "统一社会信用代码校验码正确，但第9至17位主体标识码不符合GB 11714的校验，请留意。",
        "The code's own check is right, but characters 9 to 17 fail the organisation code check of GB 11714; take note.",
    ),
    "unknown-category": (
        _DOUBTFUL,
        "校验码正确，但前两位（登记管理部门和机构类别）不在已知代码表中，请人工核实。",
        "The check is right, but the first two characters (department, category) are not in the known table.",
    ),
    "unknown-category-and-organisation-check": (
        _DOUBTFUL,
        "前两位（登记管理部门和机构类别）不在已知代码表中，且主体标识码不符合GB 11714的校验，请人工核实。",
        "The first two characters are not in the known table and the organisation code check fails.",
    ),
    "also-citizen-id": (
        _DOUBTFUL,
        "该号码同时符合统一社会信用代码和公民身份号码的规则，请人工核实，核实前不得公开。",
        "The number follows the rules of both a unified social credit code and a citizen ID; do not publish it unseen.",
    ),
    "citizen-id-instead": (
        _INVALID,
        "此处应填组织的代码，填写的却是公民身份号码。",
        "An organisation's code is due here, but a citizen ID was given.",
    ),
    "old-registration-number": (
        _DOUBTFUL,
        "这是旧的工商注册号，不是统一社会信用代码，请补填统一社会信用代码。",
        "This is an old business registration number, not a unified social credit code; supply the code.",
    ),
    "organisation-code-instead": (
        _DOUBTFUL,
        "这是旧的组织机构代码，不是统一社会信用代码，请补填统一社会信用代码。",
        "This is an old organisation code, not a unified social credit code; supply the code.",
    ),
    "no-check-character": (
        _DOUBTFUL,
        "这是2007年以前的13位注册号，没有校验码，无法校验。",
        "A 13-digit registration number from before 2007: it has no check character and cannot be checked.",
    ),
    "ambiguous-15-digits": (
        _DOUBTFUL,
        "这15位数字既像旧注册号又像旧身份证号码，请人工核实。",
        "These 15 digits may be an old registration number or an old citizen ID; a person must look.",
    ),
    "not-digits": (_INVALID, "号码应为数字（末位可以是X）。", "The number must be digits (the last may be X)."),
    "impossible-birth-date": (
        _INVALID,
        "号码中的出生日期不存在。",
        "The birth date in the number does not exist.",
    ),
    "birth-date-too-early": (_INVALID, "号码中的出生日期早于1900年。", "The birth date lies before 1900."),
    "birth-date-in-future": (_INVALID, "号码中的出生日期晚于当天。", "The birth date lies in the future."),
    "unknown-place": (
        _DOUBTFUL,
        "号码的前六位不是已知的行政区划，请人工核实。",
        "The first six digits name no known place; a person must look.",
    ),
    "old-15-digit-id": (
        _DOUBTFUL,
        "这是15位旧身份证号码，没有校验码且已停用，请改用18位公民身份号码。",
        "A 15-digit citizen ID: it has no check character and is no longer in use; give the 18-digit number.",
    ),
    "old-foreign-permit": (
        _DOUBTFUL,
        "这是旧版外国人永久居留证号码，无法校验。",
        "A number of the old foreign permanent residence card; it cannot be checked.",
    ),
    "other-kind": (
        _INVALID,
        "这是另一种号码，不是此处应填的号码。",
        "This is a number of another kind than is due here.",
    ),
    "unknown-kind": (_INVALID, "看不出这是哪一种代码。", "This is no code of a known kind."),
    "number-lost-digits": (
        _INVALID,
        "代码曾被电子表格当作数字保存，后几位已经丢失，请从原始材料重新录入。",
        "A spreadsheet kept this code as a number and its last digits are lost; take it from the source again.",
    ),
}

#: Machine reasons; a column's ``reason`` is an index into this tuple.
REASONS: Final[tuple[str, ...]] = tuple(REASON_TABLE)
