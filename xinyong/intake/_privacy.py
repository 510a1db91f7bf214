"""Persons' numbers where none belongs: an identity number in a text or in a column meant for organisations.

Such a number is neither repeated in a finding nor kept in clear; in a text that would be public the row is refused
(《政府信息公开条例》第十五条: personal privacy is not published).
"""

import re

from xinyong.kernel import codes
from xinyong.kernel.masking import certificate

#: Shape of an 18-digit number with a birth date, for whole columns (RE2): what matches is looked at by ``is_sure``.
PATTERN = r"[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])[0-3][0-9]{4}[0-9Xx]"
_GAP = r"(?:-|\s|\pZ)?"
_MONTH_DAY = f"(?:0{_GAP}[1-9]|1{_GAP}[0-2]){_GAP}(?:0{_GAP}[1-9]|[12]{_GAP}[0-9]|3{_GAP}[01])"
#: Whatever ``holds_number`` may find, for whole columns (RE2): numbers cut by hyphens or blanks, any digit in full width.
LIKENESS = (
    rf"[０-９]|[1-9](?:{_GAP}[0-9]){{5}}{_GAP}(?:(?:1{_GAP}9|2{_GAP}0){_GAP})?[0-9]{_GAP}[0-9]{_GAP}{_MONTH_DAY}"
    rf"(?:{_GAP}[0-9]){{3}}"
)
#: A value that may be a person's number, a mobile number or a bank card's (RE2, for whole columns).
CONTACT = rf"{LIKENESS}|(?:^|[^0-9])(?:1[3-9][0-9]{{9}}|[1-9][0-9]{{15,18}})(?:[^0-9Xx]|$)"
#: A header of the sender's own that speaks of people. One too many is sealed; that costs nothing.
OWN_COLUMN = re.compile(
    r"姓名|联系|经办|负责人|当事人|家属|电话|手机|住址|地址|身份|证件|银行|账号|帐号|邮箱|微信|name|phone|mobile|tel|mail|address|contact",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"(?<![0-9A-Za-z])[1-9][0-9]{5}(?:(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx]"
    r"|[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3})(?![0-9A-Za-z])"
)
_WIDE = str.maketrans("０１２３４５６７８９Ｘｘ", "0123456789Xx")
_HYPHENS = re.compile(r"(?<=[0-9])[-\s](?=[0-9Xx])")


def masked(text: str) -> str:
    """The text with every person's number masked but for its place; also numbers in full width or cut by hyphens."""
    if not holds_number(text):
        return text
    plain = _HYPHENS.sub("", text.translate(_WIDE))
    return _NUMBER.sub(lambda found: certificate(found[0], codes.Kind.CITIZEN_ID), plain)


def holds_number(text: str) -> bool:
    """True when a person's number stands in the text, whole, in any writing."""
    plain = text.translate(_WIDE)
    return bool(_NUMBER.search(plain) or _NUMBER.search(_HYPHENS.sub("", plain)))


def is_sure(text: str) -> bool:
    """True when an 18-digit number stands in the text whose check character is right: no chance likeness."""
    return any(
        len(found[0]) == 18 and codes.judge(found[0], expect=codes.Kind.CITIZEN_ID).verdict is not codes.Verdict.INVALID
        for found in _NUMBER.finditer(text)
    )
