"""The classes of subject (五类主体 and sole traders) and the states of a registration, with their labels.

An organisation's class follows from its unified code (kernel.codes.subject_class) unless the register says otherwise.
"""

import re
import unicodedata
from typing import NamedTuple


class Label(NamedTuple):
    """A label in Chinese and English."""

    zh: str
    en: str


#: subject_class → label, in the order facets and charts show them.
LABELS: dict[str, Label] = {
    "enterprise": Label("企业", "Enterprise"),
    "individual_business": Label("个体工商户", "Sole trader"),
    "farmers_cooperative": Label("农民专业合作社", "Farmers' cooperative"),
    "social_organization": Label("社会组织", "Social organisation"),
    "public_institution": Label("事业单位", "Public institution"),
    "government_body": Label("政府机关", "Government body"),
    "rural_collective": Label("农村集体经济组织", "Rural collective"),
    "other": Label("其他组织", "Other organisation"),
    "natural_person": Label("自然人", "Natural person"),
}

STATUS: dict[str, Label] = {
    "active": Label("存续", "In existence"),
    "revoked": Label("吊销", "Licence revoked"),
    "cancelled": Label("注销", "Deregistered"),
    "moved_out": Label("迁出", "Moved out"),
    "provisional": Label("待登记核实", "Not yet in the base register"),
}

# Base registers write the state in words or as the code of the registry's list (data.md §7.4).
_STATUS_WORDS = {
    "active": ("1", "存续", "在业", "在营", "开业", "营业", "正常", "存活", "登记成立", "歇业", "停业", "active"),
    "revoked": ("2", "吊销", "吊销未注销", "revoked"),
    "cancelled": ("3", "4", "5", "注销", "吊销已注销", "已注销", "撤销", "撤销登记", "cancelled", "canceled"),
    "moved_out": ("6", "迁出", "已迁出", "moved_out"),
}
_STATUS_OF = {word: status for status, words in _STATUS_WORDS.items() for word in words}
# In this order: 吊销未注销 holds 注销.
_HELD = (
    ("迁出", "moved_out"), ("已注销", "cancelled"), ("未注销", "revoked"), ("注销", "cancelled"), ("吊销", "revoked"),
    ("撤销", "cancelled"), ("存续", "active"), ("在业", "active"), ("开业", "active"),
)  # fmt: skip

_CLASS_WORDS = {
    "enterprise": ("企业法人", "非法人企业", "公司"),
    "individual_business": ("个体户", "个体"),
    "farmers_cooperative": ("合作社", "农民专业合作社(联合社)"),
    "social_organization": ("社会团体", "民办非企业单位", "社会服务机构", "基金会"),
    "public_institution": ("事业法人", "事业单位法人"),
    "government_body": ("机关", "机关法人", "政府机构"),
    "rural_collective": ("农村集体组织", "村集体经济组织"),
}
_CLASS_OF = {word: name for name, words in _CLASS_WORDS.items() for word in words}
_CLASS_OF |= {word: name for name, shown in LABELS.items() for word in (name, shown.zh) if name != "natural_person"}


def label(subject_class: str) -> Label:
    """The label of a class; an unknown class is shown as it is."""
    return LABELS.get(subject_class, Label(subject_class, subject_class))


def status_label(status: str) -> Label:
    """The label of a state; an unknown state is shown as it is."""
    return STATUS.get(status, Label(status, status))


def read_class(text: str | None) -> str | None:
    """The class a base register's word means: 个体工商户 → individual_business. None for blank or unknown words: the
    class then follows from the code."""
    return _CLASS_OF.get((text or "").strip())


def read_status(text: str | None) -> str | None:
    """The state a base register's word means: 在业 → active, 吊销未注销 → revoked. None for blank or unknown words:
    the caller keeps what is known and tells the sender."""
    word = re.sub(r"[\s()、;,]", "", unicodedata.normalize("NFKC", text or "")).lower()
    if not word:
        return None
    if word in _STATUS_OF:
        return _STATUS_OF[word]
    return next((status for part, status in _HELD if part in word), None)
