"""Files that somebody hands over as proof (证明材料): looked through before they are kept, sealed where they lie.

A proof is a PDF, a picture, a document or a workbook. What acts by itself (macros, scripts, embedded programs) and what shows
a person's number is refused; what a picture shows no program can say: whoever gives it answers for it.
Source: GB/T 22239-2019 8.1.4.5 (malicious code); PIPL art. 6 (no more data than needed).
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

from xinyong.kernel.errors import Invalid
from xinyong.security import scanned_files, scanner, vault

MOST_BYTES = 10 << 20
#: What a browser's file dialogue offers.
OFFERED = ".pdf,.png,.jpg,.jpeg,.docx,.xlsx"
_DANGEROUS_PART = re.compile(
    r"vbaproject|/activex/|/embeddings/|/externallinks/|macrosheets|connections\.xml|customui|\.exe$|\.js$"
)
_DANGEROUS_PDF = re.compile(rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia|XFA)\b")
#: Objects of a PDF may stand in compressed streams; what they inflate to, all together at most.
_OBJECTS = re.compile(rb"/ObjStm.{0,300}?stream\r?\n", re.DOTALL)
_MOST_INFLATED = 64 << 20
_OOXML = "application/vnd.openxmlformats-officedocument"


class UnfitProof(Invalid):
    """The file cannot be kept as proof: its kind, its size, what it carries, or a person's number in it."""

    code = "security.unfit-proof"


def look(path: Path, *, today: date) -> str:
    """Looks a file through, whatever it is called; its content type. Raises UnfitProof."""
    size = path.stat().st_size
    if not size:
        raise _unfit("这个文件是空的。请检查后重新选择。", "The file is empty.")
    if size > MOST_BYTES:
        raise _unfit(
            "文件超过 10 MB。请压缩或分成几个文件。", "The file is larger than 10 MB. Make it smaller, or part it."
        )
    content = path.read_bytes()
    content_type = _type(content)
    try:
        scan = scanned_files.scan_file(content, today=today)
    except scanned_files.NotScannable as error:
        raise _unfit(error.zh, error.en) from error
    if scan.hits:
        zh, en = scanner.NAMES[scan.hits[0].kind]
        raise _unfit(
            f"文件中有{zh}，不能作为证明材料保存。请遮盖个人信息后重新上传。",
            f"The file shows a {en}. Cover what is a person's and hand it in again.",
        )
    return content_type


def keep(path: Path, folder: Path, *, context: str) -> tuple[str, int]:
    """Seals a file that was looked through under its digest in ``folder``; SHA-256 and size."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return vault.keep(path, folder, lambda digest: place(folder, digest), context=context)


def place(folder: Path, digest: str) -> Path:
    """Where the sealed file with this SHA-256 lies."""
    found = folder / digest[:2] / f"{digest}.sealed"
    found.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


def take(digest: str, to: Path, folder: Path, *, context: str) -> str:
    """Opens a kept file into ``to``; its content type."""
    vault.take(place(folder, digest), to, context=context)
    content = to.read_bytes()
    return "application/json" if content.startswith(b"{") else _type(content)  # what the platform itself wrote down


def _type(content: bytes) -> str:
    if content.startswith(b"%PDF-"):
        if any(_DANGEROUS_PDF.search(one) for one in (content, *_objects(content))):
            raise _unfit(
                "PDF 中有脚本、启动命令或嵌入的文件，不能接收。请重新“打印为 PDF”后上传。",
                "The PDF carries scripts, commands or files. Print it to PDF again and hand that in.",
            )
        return "application/pdf"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"PK\x03\x04"):
        return _of_office(content)
    raise _unfit(
        "只接收 PDF、图片（PNG、JPG）、Word（docx）和 Excel（xlsx）文件。",
        "Only PDF, pictures (PNG, JPG), Word (docx) and Excel (xlsx) are taken.",
    )


def _objects(content: bytes) -> Iterator[bytes]:
    """What the compressed streams of a PDF's objects say."""
    left = _MOST_INFLATED
    for found in _OBJECTS.finditer(content):
        with suppress(zlib.error):
            inner = zlib.decompressobj().decompress(content[found.end() :], left)
            left -= len(inner)
            yield inner
        if left <= 0:
            raise _unfit("PDF 展开后过大。", "The PDF is too large when it is unfolded.")


def _of_office(content: bytes) -> str:
    try:
        names = [one.replace("\\", "/").lower() for one in zipfile.ZipFile(io.BytesIO(content)).namelist()]
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise _unfit("文件已损坏，无法打开。", "The file is damaged.") from error
    if any(_DANGEROUS_PART.search(one) or ".." in one.split("/") for one in names):
        raise _unfit(
            "文件中有宏、嵌入对象或外部链接，不能接收。请另存为不含这些内容的文件。",
            "The file holds macros, embedded objects or links to others. Save it without.",
        )
    if "word/document.xml" in names:
        return f"{_OOXML}.wordprocessingml.document"
    if "xl/workbook.xml" in names:
        return f"{_OOXML}.spreadsheetml.sheet"
    raise _unfit("压缩包不能作为证明材料，请上传其中的文件。", "An archive is no proof: hand in the files within it.")


def _unfit(zh: str, en: str) -> UnfitProof:
    return UnfitProof(zh, en)
