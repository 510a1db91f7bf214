"""Documents as the platform gives them out, some with a person's number planted in them; every number is made here.

The numbers that are nobody's stand in all of them: unified codes, document, registration, invoice and order numbers, dates,
amounts, telephone exchanges, serial numbers, identity numbers masked or with a wrong check digit.
"""

import io
import random
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import xlsxwriter
from pypdf import PdfWriter
from pypdf.annotations import FreeText

from tests.kernel import codes_made
from xinyong.kernel import codes
from xinyong.security.scanner import Kind

_WIDE = str.maketrans("0123456789Xx", "０１２３４５６７８９Ｘｘ")
_PLACES = ("1309", "1101", "3101", "4403", "5101", "6101", "6501", "2102", "4201", "5329")


@dataclass(frozen=True, slots=True)
class Document:
    """A file and the kind of number planted in it, if any; ``where`` says how."""

    content: bytes
    planted: Kind | None
    where: str


def documents(count: int, planted: int, *, seed: int = 21, files: bool = True) -> Iterator[Document]:
    """``count`` documents, ``planted`` of them with a number; one in twelve a workbook, one in twenty-five a PDF."""
    chance = random.Random(seed)
    chosen = set(chance.sample(range(count), planted))
    for number in range(count):
        kind = chance.choice([*Kind]) if number in chosen else None
        secret, how = _written(kind, chance) if kind else ("", "")
        if files and number % 25 == 0:
            content, place = _pdf(secret, chance)
        elif files and number % 12 == 1:
            content, place = _workbook(secret, chance)
        else:
            content, place = _text(secret, chance).encode(), "text"
        yield Document(content, kind, f"{place}, {how}")


def number_of(kind: Kind, chance: random.Random) -> str:
    """A number of this kind that is right in itself."""
    born = f"{chance.randint(1940, 2007)}{chance.randint(1, 12):02}{chance.randint(1, 28):02}"
    place = chance.choice(_PLACES) + f"{chance.randint(1, 80):02}"
    if kind is Kind.CITIZEN_ID:
        body = f"{place}{born}{chance.randrange(1000):03}"
        return body + codes.citizen_check(body)
    if kind is Kind.CITIZEN_ID_15:
        return f"{place}{chance.randint(30, 99):02}{born[4:]}{chance.randrange(1000):03}"
    if kind is Kind.PHONE:
        return chance.choice(("13", "15", "18", "19"))[:2] + f"{chance.choice('0123589')}{chance.randrange(10**8):08}"
    head, length = chance.choice(
        (("622202", 19), ("621700", 19), ("622588", 16), ("625912", 16), ("955880", 19), ("4392", 16), ("5187", 16))
    )
    body = head + "".join(chance.choices("0123456789", k=length - len(head) - 1))
    return body + luhn(body)


def luhn(body: str) -> str:
    """The check digit of a card."""
    total = sum(sum(map(int, str(int(d) * (2 - n % 2)))) for n, d in enumerate(reversed(body)))
    return str(-total % 10)


def _written(kind: Kind, chance: random.Random) -> tuple[str, str]:
    number = number_of(kind, chance)
    way = chance.randrange(8)
    if way == 0:
        return number.translate(_WIDE), "full width"
    if way == 1:
        return _grouped(number, kind, chance.choice((" ", "-", "\u3000", "\u00a0"))), "in groups"
    if way == 2:
        at = chance.randrange(3, len(number) - 3)
        return number[:at] + "\n" + number[at:], "over two lines"
    if way == 3:
        return "\u200b".join(number), "with zero-width blanks"
    if way == 4:
        return " ".join(number), "digit by digit"
    if way == 5 and kind is Kind.PHONE:
        return "+86 " + number, "with the country"
    if way == 6 and kind is Kind.CITIZEN_ID:
        return number.lower(), "in lower case"
    return number, "plain"


def _grouped(number: str, kind: Kind, blank: str) -> str:
    cuts = {
        Kind.CITIZEN_ID: (6, 14), Kind.CITIZEN_ID_15: (6, 12), Kind.PHONE: (3, 7), Kind.BANK_CARD: (4, 8, 12, 16),
    }[kind]  # fmt: skip
    places = (0, *(cut for cut in cuts if cut < len(number)), len(number))
    return blank.join(number[one:two] for one, two in pairwise(places))


_LABELS = (
    "",
    "身份证号：",
    "联系方式",
    "号码 ",
    "当事人（",
    "收款账户：",
    "见附件，",
    "李某某 ",
    "tel: ",
    "经办人电话",
)


def _text(secret: str, chance: random.Random) -> str:
    lines = [_innocent(chance) for _ in range(chance.randrange(3, 14))]
    if secret:
        lines.insert(
            chance.randrange(len(lines) + 1),
            chance.choice(_LABELS) + secret + chance.choice(("", "。", "，男，汉族", "）")),
        )
    return chance.choice(("\n", "。\n", "\n\n")).join(lines)


def _innocent(chance: random.Random) -> str:
    digits: Callable[[int], str] = lambda size: "".join(chance.choices("0123456789", k=size))  # noqa: E731
    make = chance.choice(_INNOCENT)
    return make(digits, chance)


def _wrong(chance: random.Random) -> str:
    number = number_of(Kind.CITIZEN_ID, chance)
    return number[:17] + chance.choice([c for c in "0123456789X" if c != number[17]])


_INNOCENT: tuple[Callable[[Callable[[int], str], random.Random], str], ...] = (
    lambda d, c: f"统一社会信用代码 {codes_made.uscc(c)}，名称云溪市示例商贸有限公司",
    lambda d, c: f"{codes_made.uscc(c)}",
    lambda d, c: f"组织机构代码：{d(8)}-{d(1)}",
    lambda d, c: f"注册号：{codes_made.registration_number(c)}，成立日期 2012 年 3 月 {c.randint(1, 28)} 日",
    lambda d, c: f"企业注册号 1309{d(2)}{c.choice('123')}{d(8)}（旧）",
    lambda d, c: f"云市监罚〔20{c.randint(10, 26)}〕{c.randint(1, 999)}号",
    lambda d, c: f"云溪建许字第1309{c.randint(2015, 2026)}{d(4)}{d(3)}号",
    lambda d, c: f"发票号码：{d(20)}，金额 {c.randint(1, 999)},{d(3)},{d(3)}.{d(2)} 元",
    lambda d, c: f"决定日期 20{c.randint(10, 26)}-0{c.randint(1, 9)}-{c.randint(10, 28)}，截止 2099-12-31",
    lambda d, c: f"咨询电话 0317-{c.randint(2, 8)}{d(6)}，传真 010-{c.randint(5, 8)}{d(7)}",
    lambda d, c: f"身份证号 {c.choice(_PLACES)}02********{d(4)}",
    lambda d, c: f"证件号码（校验未通过）{_wrong(c)}",
    lambda d, c: f"设备序列号 {d(c.choice((12, 13, 14, 16, 17, 20, 24)))}",
    lambda d, c: f"坐标 {c.randint(100, 120)}.{d(6)}, {c.randint(20, 40)}.{d(6)}；面积 {d(4)}.{d(2)} 平方米",
    lambda d, c: f"2020年 {d(3)} 件，2021年 {d(3)} 件，2022年 {d(3)} 件，2023年 {d(4)} 件，合计 {d(4)} 件",
    lambda d, c: f"批次 {d(10)}、{d(10)}、{d(9)}",
    lambda d, c: f"https://example.invalid/verify/{d(6)}/{c.randbytes(8).hex()}",
    lambda d, c: f"罚款人民币{c.randint(1, 90)}万元，没收违法所得{d(5)}.{d(2)}元",
    lambda d, c: f"流水号 62{d(14)}",
    lambda d, c: f"版本 {c.randint(1, 9)}.{d(2)}.{d(4)}.{d(5)}",
    lambda d, c: f"SHA-256 {c.randbytes(32).hex()}",
    lambda d, c: f"区划 13{d(4)}，行业 {d(4)}，门类 A，编码 {d(12)}",
    lambda d, c: "违反《示例条例》第八条、第十五条第二款之规定，责令改正",
)  # fmt: skip


def _workbook(secret: str, chance: random.Random) -> tuple[bytes, str]:
    buffer = io.BytesIO()
    place = chance.choice(
        ("cell", "hidden sheet", "hidden column", "hidden row", "comment", "property", "name", "rich text", "footer")
    )
    plain = secret.replace("\n", " ")
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet, other = book.add_worksheet("公示"), book.add_worksheet("内部")
        for row in range(chance.randrange(2, 8)):
            for column in range(3):
                sheet.write_string(row, column, _innocent(chance))
        other.write_string(0, 0, _innocent(chance))
        if secret:
            if place == "hidden sheet":
                other.write_string(3, 3, secret)
                other.very_hidden()
            elif place == "hidden column":
                sheet.write_string(1, 9, secret)
                sheet.set_column(9, 9, 8, None, {"hidden": True})
            elif place == "hidden row":
                sheet.write_string(20, 1, secret)
                sheet.set_row(20, 8, None, {"hidden": True})
            elif place == "comment":
                sheet.write_comment(0, 0, f"经办：{secret}")
            elif place == "property":
                book.set_properties({"comments": plain, "author": "x"})
            elif place == "name":
                book.define_name("备注", f'="{plain}"')
            elif place == "rich text":
                at = len(secret) // 2
                sheet.write_rich_string(
                    0, 5, book.add_format({"bold": True}), secret[:at], book.add_format(), secret[at:]
                )
            elif place == "footer":
                sheet.set_footer(f"&C{plain}")
            else:
                sheet.write_string(1, 4, secret)
    return buffer.getvalue(), f"workbook {place}"


def _pdf(secret: str, chance: random.Random) -> tuple[bytes, str]:
    place = chance.choice(("page", "metadata", "attachment", "annotation", "attached workbook"))
    plain = secret.replace("\n", " ")
    ascii_only = "".join(c for c in plain if c.isascii())
    lines = [f"Licence {codes_made.uscc(chance)} of 2026-01-{chance.randint(10, 28)}" for _ in range(4)]
    if place == "page" and secret == ascii_only:
        lines.insert(2, f"No. {secret}")
    writer = PdfWriter(io.BytesIO(_page(lines)))
    if secret and (place == "metadata" or (place == "page" and secret != ascii_only)):
        writer.add_metadata({"/Subject": plain})
    elif secret and place == "attachment":
        writer.add_attachment("a.txt", _text(secret, chance).encode())
    elif secret and place == "annotation":
        writer.add_annotation(0, FreeText(text=plain, rect=(50, 50, 300, 90)))
    elif secret and place == "attached workbook":
        writer.add_attachment("b.xlsx", _workbook(secret, chance)[0])
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue(), f"PDF {place}"


def _page(lines: list[str]) -> bytes:
    """A PDF of one page, written by hand."""
    shown = "BT /F1 12 Tf 50 780 Td 16 TL " + " ".join(f"({line}) Tj T*" for line in lines) + " ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R /Resources << /Font << /F1 4 0 R >> >> >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        f"<< /Length {len(shown)} >>\nstream\n{shown}\nendstream",
    ]
    out, places = "%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{text}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = f"xref\n0 6\n0000000000 65535 f \n{table}trailer << /Size 6 /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    return (out + end).encode("latin-1")


def document_file(secret: str) -> bytes:
    """A word processor's file that holds the text in two runs."""
    out = io.BytesIO()
    at = len(secret) // 2
    runs = "".join(f"<w:r><w:t>{piece}</w:t></w:r>" for piece in (secret[:at], secret[at:]))
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(
            "word/document.xml", f"<w:document xmlns:w='w'><w:body><w:p>{runs}</w:p></w:body></w:document>"
        )
    return out.getvalue()
