"""A workbook's container, searched before anything in it is parsed (security.md §2 F8, T2).

Every entry is inflated once and its real bytes are counted; what the directory declares is not believed. Document type
declarations, macros, embedded programs, references to other files and doubled names refuse the file.
"""

import re
import stat
import zipfile
import zlib
from pathlib import Path

from xinyong.intake._limits import (
    MEGABYTE,
    DamagedFile,
    DangerousFile,
    EncryptedFile,
    FileTooLarge,
    Limits,
    UnknownFormat,
)

_FORBIDDEN_PARTS = (
    ("vbaproject.bin", "宏（VBA）", "macros (VBA)", "请另存为不含宏的 .xlsx"),
    ("xl/externallinks/", "指向其他文件的链接", "links to other files", "请在“数据→编辑链接”中断开链接后另存"),
    ("xl/activex/", "ActiveX 控件", "ActiveX controls", "请删除控件后另存"),
    ("xl/embeddings/", "嵌入的其他文件", "embedded files", "请删除嵌入对象后另存"),
    ("xl/macrosheets/", "宏表", "macro sheets", "请另存为不含宏的 .xlsx"),
    ("xl/connections.xml", "数据连接", "connections to other data", "请在“数据→连接”中删除后另存"),
    ("xl/querytables/", "数据连接", "connections to other data", "请在“数据→连接”中删除后另存"),
    ("customui/", "自定义界面", "a user interface of its own", "请另存为普通的 .xlsx"),
    ("xl/dialogsheets/", "对话框表", "dialog sheets", "请删除后另存"),
)
_STEP = MEGABYTE
_ENCODING = re.compile(rb"(?:\xef\xbb\xbf)?\s*<\?xml[^>]{0,300}?encoding\s*=\s*[\"']([^\"']*)")
_MOST_NAME = 255


def open_archive(path: Path, limits: Limits) -> zipfile.ZipFile:
    """The container, once it has been searched. Raises a refusal."""
    try:
        archive = zipfile.ZipFile(path)
        entries = archive.infolist()
        _search_names(entries, limits)
        _search_contents(archive, entries, path.stat().st_size, limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise DamagedFile(
            "工作簿的压缩结构不完整或已损坏（可能没有传完）。请重新保存并上传。",
            "The workbook's container is incomplete or damaged, perhaps cut short on its way. Save and send it again.",
        ) from error
    except RuntimeError as error:  # zipfile's word for an encrypted entry
        raise encrypted() from error
    return archive


def encrypted() -> EncryptedFile:
    """The refusal of a workbook protected by a password."""
    return EncryptedFile(
        "工作簿设有打开密码，无法读取。请取消密码后再报送。",
        "The workbook is protected by a password. Please remove the password and send it again.",
    )


def _search_names(entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    if len(entries) > limits.archive_entries:
        raise DangerousFile(
            f"工作簿内含 {len(entries)} 个部件，超过 {limits.archive_entries} 个的上限。",
            f"The workbook has {len(entries)} parts, more than {limits.archive_entries}.",
        )
    names = [entry.filename.replace("\\", "/").lower() for entry in entries]
    if len(set(names)) < len(names):
        raise DangerousFile("工作簿内有同名部件。", "The workbook has two parts of one name.")
    for name in names:
        if ".." in name.split("/") or name.startswith("/") or len(name) > _MOST_NAME or "\0" in name:
            raise DangerousFile("工作簿内有部件的路径不合规。", "A part of the workbook has an unlawful path.")
        for sign, zh, en, advice in _FORBIDDEN_PARTS:
            if sign in name:
                raise DangerousFile(
                    f"工作簿含有{zh}，不能接收。{advice}。", f"The workbook holds {en}. Save it without."
                )
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise encrypted()
    if any(stat.S_ISLNK(entry.external_attr >> 16) for entry in entries):
        raise DangerousFile("工作簿内有符号链接。", "The workbook has a symbolic link in it.")
    if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
        raise DangerousFile(
            "工作簿用了表格软件不用的压缩方式。请在表格软件中打开并另存后再报送。",
            "The workbook is compressed in a way no spreadsheet program uses. Open it in one, save it and send it again.",
        )
    _must_be_workbook(names)


def _must_be_workbook(names: list[str]) -> None:
    if any(name.endswith(".xml") and name.startswith("xl/") for name in names) or "[content_types].xml" in names:
        if "xl/workbook.bin" in names:
            raise UnknownFormat("请将 .xlsb 另存为 .xlsx 后再报送。", "Please save the .xlsb file as .xlsx.")
        if not any(name.startswith("xl/") for name in names):
            raise UnknownFormat(
                "这不是 Excel 工作簿（可能是 Word 等文档）。", "This is no workbook; a Word file perhaps."
            )
        return
    if "content.xml" in names:
        raise UnknownFormat("请将 .ods 另存为 .xlsx 后再报送。", "Please save the .ods file as .xlsx.")
    raise UnknownFormat(
        "这是压缩包，不是工作簿。请解压后逐个报送其中的数据文件。",
        "This is an archive, not a workbook. Unpack it and send the data files one by one.",
    )


def _search_contents(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], size: int, limits: Limits) -> None:
    if sum(entry.file_size for entry in entries) > limits.inflated_bytes:
        raise _bomb(limits)
    total = 0
    for entry in entries:
        is_markup = entry.filename.lower().endswith((".xml", ".rels", ".vml"))
        before = b""
        with archive.open(entry) as part:
            while piece := part.read(_STEP):
                total += len(piece)
                if total > limits.inflated_bytes:
                    raise _bomb(limits)
                if total > limits.ratio_from_bytes and total > size * limits.inflation_ratio:
                    raise _bomb(limits)
                if is_markup:
                    _search_markup(before + piece, is_start=not before)
                    before = piece[-16:]


def _search_markup(piece: bytes, *, is_start: bool) -> None:
    """No document type, so no entities; no encoding in which the search would be blind."""
    if is_start and (piece[:2] in (b"\xff\xfe", b"\xfe\xff") or 0 in piece[:4]):
        raise DangerousFile("工作簿部件的编码不合规。", "A part of the workbook is not in UTF-8.")
    declared = _ENCODING.match(piece) if is_start else None
    if declared and declared[1].lower() not in (b"utf-8", b"utf8", b"us-ascii", b"ascii"):
        raise DangerousFile("工作簿部件的编码不合规。", "A part of the workbook is not in UTF-8.")
    if b"<!DOCTYPE" in piece or b"<!ENTITY" in piece:
        raise DangerousFile(
            "工作簿的 XML 含有文档类型或实体定义，正常的表格软件不会这样保存，不能接收。",
            "The workbook's XML declares a document type or entities, which no spreadsheet program writes.",
        )


def _bomb(limits: Limits) -> FileTooLarge:
    return FileTooLarge(
        f"工作簿解压后超过上限（{limits.inflated_bytes // MEGABYTE} MB，或压缩比异常），已停止。数据量大时请报送 CSV。",
        f"The workbook inflates beyond {limits.inflated_bytes // MEGABYTE} MB or is abnormally dense. For many rows send "
        "CSV.",
    )
