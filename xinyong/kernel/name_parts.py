"""Cuts an organisation's name into its parts (企业名称登记管理规定: division + trade name + industry + legal form)."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from xinyong.kernel import divisions, word_lists


@dataclass(frozen=True, slots=True)
class NameParts:
    """``division`` 行政区划, ``trade_name`` 字号, ``industry`` 行业, ``legal_form`` 组织形式, ``branch`` 分支机构."""

    division: str
    trade_name: str
    industry: str
    legal_form: str
    branch: str


#: A company's form ends its name; what follows is a branch, a union or a shop of it.
_COMPANY: Final = re.compile(
    r"(?P<form>股份有限责任公司|股份有限公司|有限责任公司|有限公司|集团总公司|集团公司|总公司|公司|股份经济合作联合社|股份经济合作社|经济合作社"
    r"|农民专业合作社联合社|专业合作社联合社|农民专业合作社|专业合作社|合作社)(?P<group>（集团）)?"
)
#: Forms of other bodies, longest first: one may end another.
_OTHER_FORMS: Final = tuple(sorted(word_lists.words("forms"), key=len, reverse=True))
_INDUSTRY: Final = word_lists.words("industry")
_LONGEST_INDUSTRY: Final = max(map(len, _INDUSTRY))
#: What ends a division's name; without it the short form stands before a name ("杭州…"). Districts keep their 区.
_SHORTENED: Final = re.compile(
    r"(?:(?:壮族|回族|维吾尔)?自治区|特别行政区|省|市|地区|(?:[一-龥]族|朝鲜族|蒙古族?|哈萨克|柯尔克孜|土家族)+自治[州县]|盟|县|旗)$"
)
_BRACKETED: Final = re.compile(r"（([^（）]*)）")


def cut(name: str) -> NameParts:
    """Cuts a normalised name. Empty parts are ""."""
    body, form, branch = _form(name)
    division, body = _division(body)
    for inner in _BRACKETED.findall(body):
        if not division and _is_place(inner):
            division = inner
    body = _BRACKETED.sub("", body)
    trade_name, industry = _industry(body)
    return NameParts(division, trade_name, industry, form, branch)


def _form(name: str) -> tuple[str, str, str]:
    """What stands before the legal form, the form, what follows. A company's form wins wherever it stands."""
    company = _COMPANY.search(name)
    if company and company.start() > 0:
        end = company.end()
        if name[end:].startswith("（有限合伙）"):
            end += len("（有限合伙）")
        return name[: company.start()], name[company.start() : end], name[end:]
    form = next((form for form in _OTHER_FORMS if name.endswith(form) and len(name) > len(form)), "")
    return (name[: -len(form)], form, "") if form else (name, "", "")


def _division(body: str) -> tuple[str, str]:
    """The chain of divisions before the name: "浙江省杭州市", "内蒙古", "余干县". Each must lie in the one before."""
    names, longest = _place_names()
    at = 0
    inside: tuple[str, ...] = ("",)
    while at < len(body):
        # Two characters at least must be left for the trade name.
        for size in range(min(longest, len(body) - at - 2), 1, -1):
            within = tuple(code for code in names.get(body[at : at + size], ()) if code.startswith(inside))
            if within:
                break
        else:
            break
        at += size
        inside = tuple(code.rstrip("0") for code in within)
    return body[:at], body[at:]


def _is_place(text: str) -> bool:
    return bool(text) and _division(text + "字号")[1] == "字号"


def _industry(body: str) -> tuple[str, str]:
    at = len(body)
    while at > 2:
        sizes = range(min(_LONGEST_INDUSTRY, at - 2), 1, -1)
        step = next((size for size in sizes if body[at - size : at] in _INDUSTRY), 0)
        if not step:
            break
        at -= step
    return body[:at], body[at:]


@cache
def _place_names() -> tuple[dict[str, tuple[str, ...]], int]:
    """Names of provinces, cities and counties, today's and former, full and short, with their codes; and "中国"."""
    names: dict[str, tuple[str, ...]] = {"中国": ("",)}
    for full, codes in divisions.builtin().names().items():
        short = _SHORTENED.sub("", full)
        forms = {full, short} if len(short) > 1 and short not in word_lists.words("not-places") else {full}
        if full.endswith(("自治县", "自治州")) and len(short) > 1:
            forms.add(short + full[-1])
        for form in forms:
            names[form] = (*names.get(form, ()), *codes)
    return names, max(map(len, names))
