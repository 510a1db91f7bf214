"""What goes back into a department's folder: receipt, feedback, and the words beside a file that was laid aside."""

import errno
import json
import os
from pathlib import Path

from xinyong.intake import _drop_places as places
from xinyong.intake import receipt, returned
from xinyong.intake._drop_places import FEEDBACK, QUARANTINE, RECEIPTS
from xinyong.intake.models import DropFile
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict
from xinyong.security.access import Actor

#: Notes in the ticket which receipt was given.
_FIRST = "receipt-given"
_LEAST_FREE = 1 << 30


class NestedFolder(Conflict):
    """A folder lies in an item's folder."""

    code = "intake.drop-nested-folder"


class LonelyControl(Conflict):
    """A control file waits for a file that does not come."""

    code = "intake.drop-lonely-control"


class DiskNearlyFull(Conflict):
    """The disk of the watched folders is nearly full."""

    code = "intake.drop-disk-nearly-full"


def give_receipt(row: DropFile, own: int, work: int, *, is_final: bool, by: Actor) -> None:
    """The signed receipt, once when the file was received and once when it is known what became of it."""
    assert row.submission_id is not None
    if not is_final and places.exists(work, _FIRST):
        return
    made = json.dumps(receipt.of(row.submission_id, seen_by=by), ensure_ascii=False, indent=1) + "\n"
    with places.folder(own, RECEIPTS, is_made=True) as handle:
        places.put(handle, places.marked(row.file_name, row.ticket, ".receipt.json"), made.encode(), mark=row.ticket)
    places.put(work, _FIRST, b"", mark="receipt")


def give_feedback(row: DropFile, own: int, made: Path, *, by: Actor) -> None:
    """The returned workbook: the sender's own file with what to correct."""
    assert row.submission_id is not None
    path = returned.write(row.submission_id, to=made / "feedback.xlsx", seen_by=by)
    path.chmod(0o640)
    with path.open("rb") as file:
        os.fsync(file.fileno())
    with places.folder(own, FEEDBACK, is_made=True) as handle, places.root(made) as work:
        places.move(path.name, work, places.marked(row.file_name, row.ticket, ".feedback.xlsx"), handle)


def lay_aside(row: DropFile, own: int, work: int, original: str) -> None:
    """Puts a file into quarantine, its reason beside it. What is no file (a link, a pipe) holds no data and is removed."""
    kept = places.marked(row.file_name, row.ticket)
    with places.folder(own, QUARANTINE, is_made=True) as handle:
        places.put(handle, f"{kept}.txt", _words(row).encode(), mark=row.ticket)
        if places.exists(work, original):
            if places.is_plain(work, original):
                places.move(original, work, kept, handle)
            else:
                places.remove(work, original)


def _words(row: DropFile) -> str:
    reason = row.reason or {}
    at = f"{row.taken_at.astimezone(clock.ZONE):%Y-%m-%d %H:%M}"
    where = f"in/{row.item_id}/" if row.item_id else "in/"
    return (
        f"文件 {row.file_name}（{where}，{at} 取走）没有入库。\n"
        f"原因：{reason.get('zh', '')}\n"
        f"怎么办：更正后重新放入 in/事项标识/。如认为文件无误，请联系信用中心放行，并告知编号 {row.ticket[:8]}。\n\n"
        f"The file {row.file_name} ({where}, taken {at}) did not go in.\n"
        f"Why: {reason.get('en', '')}\n"
        f"What to do: correct it and put it into in/ITEM/ again. If you think it is right, ask the credit centre to release "
        f"it; its number is {row.ticket[:8]}.\n\n[{reason.get('code', '')}]\n"
    )


def trouble(error: Exception) -> tuple[str, str]:
    """What an error of the file system means for the operator, in Chinese and English."""
    number = getattr(error, "errno", None)
    return _TROUBLES.get(
        number if isinstance(number, int) else 0,
        (
            f"读写交换目录出错（{type(error).__name__}），下次重试。",
            f"Reading or writing failed ({type(error).__name__}).",
        ),
    )


_NOT_THERE = (
    "目录不存在，或不是目录（可能没有挂载，或被改成链接）。请检查挂载和目录名称；文件没有丢失，恢复后自动继续。",
    "The folder is not there, or is no folder (not mounted, or turned into a link). Nothing is lost; it goes on when it is back.",
)
_DENIED = (
    "没有读写权限。请检查目录的属主和权限（见 docs/how-to/drop-folder.md）；文件没有丢失，修正后自动继续。",
    "Permission denied. Check owner and mode of the folder; nothing is lost, it goes on when they are right.",
)
_FULL = (
    "磁盘已满。请清理或扩容；文件没有丢失，有空间后自动继续。",
    "The disk is full. Free some space; nothing is lost, it goes on by itself.",
)
_TROUBLES = {
    errno.ENOENT: _NOT_THERE, errno.ENOTDIR: _NOT_THERE, errno.ELOOP: _NOT_THERE, errno.ESTALE: _NOT_THERE,
    errno.EACCES: _DENIED, errno.EPERM: _DENIED, errno.EROFS: _DENIED,
    errno.ENOSPC: _FULL, errno.EDQUOT: _FULL,
    errno.EXDEV: (
        "部门目录与根目录不在同一文件系统，无法原子移动。请把整个交换目录放在一个文件系统上。",
        "The department's folder is on another file system than the root: files cannot be moved at once. Use one for all.",
    ),
}  # fmt: skip


def nested() -> NestedFolder:
    """A folder in an item's folder is not looked into."""
    return NestedFolder(
        "事项目录内又有子目录，其中的文件不会被取走。请通知单位把文件直接放在 in/事项标识/ 下。",
        "There is a folder within the item's folder; its files are not taken. Files go directly into in/ITEM/.",
    )


def lonely() -> LonelyControl:
    """A control file without its file."""
    return LonelyControl(
        "有控制文件等候一小时以上，没有对应的数据文件。请通知单位补传数据文件，或删去控制文件。",
        "A control file has waited more than an hour for its file. Have the file sent, or the control file removed.",
    )


def sound_disk(path: Path) -> None:
    """Raises DiskNearlyFull when less than a gigabyte is left."""
    found = os.statvfs(path)
    if found.f_bavail * found.f_frsize < _LEAST_FREE:
        raise DiskNearlyFull(
            "交换目录所在磁盘剩余不足 1 GB。请尽快清理或扩容。",
            "Less than 1 GB is left on the disk of the watched folders. Free some space soon.",
        )
