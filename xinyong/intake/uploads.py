"""Uploads in parts (断点续传): a file of any size over a line that breaks. What has arrived stays; the rest goes on from there.

An upload has a size and a number of parts, each sent with its SHA-256, kept sealed on the disk before it counts, in order.
Sent twice it is kept once. ``finish`` puts the parts together, checks each again and the whole, and hands the file in. Killed
in between, whatever was counted is there. It belongs to one person; what is not gone on with for a day is removed.
Idea: draft-ietf-httpbis-resumable-upload (Upload-Offset), tus 1.0; RFC 9530 (Content-Digest).
"""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet, Sum

from xinyong.catalogue import publish
from xinyong.intake import space, supply, views
from xinyong.intake.models import Upload
from xinyong.intake.space import NoRoom
from xinyong.intake.views import SubmissionView
from xinyong.kernel.errors import Conflict, Invalid, NotFound
from xinyong.kernel.scrubbing import unnumbered
from xinyong.security import identity, vault
from xinyong.security.access import Action, Actor, may, require

#: A part is held in memory while it is checked and sealed.
PART = 4 * 1024 * 1024
#: How long an upload that nobody goes on with is kept.
KEPT = timedelta(hours=24)
_MOST_OPEN = 20
_CONTEXT = "intake.part"
_HEX = frozenset("0123456789abcdef")

#: ``jobs.hand_in``: the submission, and whether it is new.
HandIn = Callable[..., tuple[SubmissionView, bool]]


class UnknownUpload(NotFound):
    """There is none, it is somebody else's, or it is over."""

    code = "intake.no-such-upload"


class BadUpload(Invalid):
    """The upload is of no size that is taken, or what names it is wrong."""

    code = "intake.bad-upload"


class TooManyUploads(Conflict):
    """The department has too much begun and not finished."""

    code = "intake.too-many-uploads"
    status = 429


class NotHere(Conflict):
    """A part was sent that is not the next one. ``facts["expected"]`` is the offset to go on from."""

    code = "intake.upload-offset"


class PartBroken(Invalid):
    """A part is not what its digest says, or not as long as it must be: send it again."""

    code = "intake.part-broken"


class NotWhole(Conflict):
    """Parts are missing, or together they are not the file that was meant."""

    code = "intake.upload-not-whole"


@dataclass(frozen=True, slots=True)
class UploadView:
    """An upload as its owner sees it. ``offset``: bytes that have arrived and are kept; ``part_size``: how long every part
    but the last must be."""

    id: int
    item_id: str
    source_code: str
    file_name: str
    size: int
    offset: int
    part_size: int
    made_at: datetime
    ends_at: datetime
    submission_id: int | None

    @property
    def percent(self) -> int:
        """How much has arrived."""
        return self.offset * 100 // self.size


@transaction.atomic
def begin(
    *, item_id: str, source_code: str, file_name: str, size: int, mark: str, by: Actor, at: datetime
) -> UploadView:
    """Begins an upload, or gives the one that this person has begun of the same file (``mark``: 64 hexadecimal digits that
    the sender makes of it).

    Raises NotAllowed, supply's NotGranted, BadUpload, TooManyUploads, NoRoom, UnknownItem, UnknownDepartment.
    """
    account_id = _account(by)
    require(by, Action.SUBMIT, department=source_code, item=item_id)
    source, item = identity.source_unit(source_code), publish.current(item_id, on=at.date())
    supply.require_may(source, item, on=at.date())
    _must_be_sensible(size, mark)
    with connection.cursor() as cursor:  # of two at once that begin the same, the second finds the first's
        cursor.execute("SELECT pg_advisory_xact_lock(7311, %s)", [source.id])
    same = _open().filter(account_id=account_id, source_id=source.id, item_id=item.id, mark=mark, size=size).first()
    if same is not None:
        return _view(same)
    _open().filter(account_id=account_id, source_id=source.id, item_id=item.id, mark=mark).delete()
    _must_fit(source.id, size)
    made = Upload.objects.create(
        account_id=account_id, source_id=source.id, item_id=item.id, file_name=unnumbered(Path(file_name).name)[-200:],
        size=size, part_size=PART, mark=mark, made_at=at, changed_at=at,
    )  # fmt: skip
    return _view(made)


def find(upload_id: int, *, by: Actor) -> UploadView:
    """How far it is. Raises UnknownUpload."""
    return _view(_mine(upload_id, by))


def unfinished(*, by: Actor) -> list[UploadView]:
    """What this person has begun, not finished, and may go on with where they work now, the latest first."""
    found = _open().filter(account_id=_account(by)).select_related("source").order_by("-id")
    return [_view(one) for one in found if may(by, Action.SUBMIT, department=one.source.code, item=one.item_id)]


@transaction.atomic
def put(upload_id: int, *, offset: int, digest: str, content: bytes, by: Actor, at: datetime) -> UploadView:
    """Keeps the part that begins at ``offset``; ``digest`` is its SHA-256. A part that is kept already is not kept again.

    Raises UnknownUpload, NotAllowed, PartBroken, NotHere, NoRoom; then nothing has changed.
    """
    upload = _mine(upload_id, by, lock=True)
    number, rest = divmod(offset, upload.part_size)
    if hashlib.sha256(content).hexdigest() != digest.lower():
        raise PartBroken("这一段在传输中有损，请重新发送。", "This part was damaged on its way. Send it again.")
    is_again = not rest and number < len(upload.parts) and upload.parts[number] == digest.lower()
    if is_again or upload.submission_id is not None:
        return _view(upload)
    if offset != _offset(upload):
        raise NotHere(
            f"请从第 {_offset(upload)} 字节继续上传。", f"Go on from byte {_offset(upload)}.", expected=_offset(upload)
        )
    if len(content) != min(upload.part_size, upload.size - offset):
        raise PartBroken(
            f"这一段长 {len(content)} 字节，应为 {min(upload.part_size, upload.size - offset)} 字节。",
            f"This part has {len(content)} bytes instead of {min(upload.part_size, upload.size - offset)}.",
        )
    with _kept():
        vault.put_block(content, _part(upload.pk, number, make=True), context=_CONTEXT)
    upload.parts.append(digest.lower())
    upload.changed_at = at
    upload.save(update_fields=["parts", "changed_at"])
    return _view(upload)


@transaction.atomic
def finish(upload_id: int, *, digest: str, by: Actor, at: datetime, hand_in: HandIn) -> tuple[SubmissionView, bool]:
    """Hands the file in; False when the same content was handed in before. ``digest``: the SHA-256 of the parts' SHA-256s,
    one after the other as bytes. Finished twice, it is finished once.

    Raises UnknownUpload, NotAllowed, NotWhole, NoRoom, and what ``hand_in`` raises; then the upload stands as before.
    """
    upload = _mine(upload_id, by, lock=True)
    if upload.submission_id is not None:
        return views.find(upload.submission_id, seen_by=by), False
    if _offset(upload) != upload.size:
        raise NotWhole(
            f"还有 {upload.size - _offset(upload)} 字节没有传到，请继续上传。",
            f"{upload.size - _offset(upload)} bytes have not arrived. Go on.",
        )
    if together(upload.parts) != digest.lower():
        raise _not_the_file()
    with tempfile.TemporaryDirectory(prefix="xinyong-upload-") as name, _kept():
        path = Path(name) / "whole"
        _join(upload, path)
        entered, is_new = hand_in(
            path,
            item_id=upload.item_id,
            source_code=upload.source.code,
            file_name=upload.file_name,
            by=by,
            received_at=at,
        )
    upload.submission_id, upload.changed_at = entered.id, at
    upload.save(update_fields=["submission", "changed_at"])
    transaction.on_commit(lambda: shutil.rmtree(_folder(upload_id), ignore_errors=True))
    return entered, is_new


def cancel(upload_id: int, *, by: Actor) -> None:
    """Ends an upload and removes what has arrived. Raises UnknownUpload."""
    with transaction.atomic():
        _mine(upload_id, by, lock=True).delete()
    shutil.rmtree(_folder(upload_id), ignore_errors=True)


def sweep(*, now: datetime) -> int:
    """Removes uploads that nobody went on with for a day, and parts whose upload is gone; returns how many uploads. The
    nightly job calls it."""
    count, _ = Upload.objects.filter(changed_at__lt=now - KEPT).delete()
    root = Path(settings.XINYONG_HOME) / "intake" / "uploads"
    known = set(_open().values_list("pk", flat=True))
    for folder in root.iterdir() if root.exists() else ():
        if folder.name.isdecimal() and int(folder.name) not in known:
            shutil.rmtree(folder, ignore_errors=True)
    return count


def together(parts: list[str]) -> str:
    """The digest of a whole: SHA-256 of the digests of its parts."""
    return hashlib.sha256(b"".join(bytes.fromhex(part) for part in parts)).hexdigest()


def _open() -> "QuerySet[Upload]":
    return Upload.objects.filter(submission__isnull=True)


def _mine(upload_id: int, by: Actor, *, lock: bool = False) -> Upload:
    asked = Upload.objects.select_for_update(of=("self",)) if lock else Upload.objects.all()
    found = asked.select_related("source").filter(pk=upload_id, account_id=_account(by)).first()
    if found is None:
        raise UnknownUpload(
            "没有这次上传：可能已经完成、取消，或超过 24 小时没有继续。请重新选择文件上传。",
            "There is no such upload: finished, cancelled, or not gone on with for 24 hours. Choose the file again.",
        )
    require(by, Action.SUBMIT, department=found.source.code, item=found.item_id)
    return found


def _account(by: Actor) -> int:
    """Uploads are somebody's: a program or the platform itself hands files in whole."""
    require(by, Action.SUBMIT)
    if by.account_id is None:
        raise UnknownUpload("请登录后上传。", "Sign in to upload.")
    return by.account_id


def _must_be_sensible(size: int, mark: str) -> None:
    if not 0 < size <= settings.UPLOAD_LIMIT:
        limit = settings.UPLOAD_LIMIT // (1024 * 1024)
        raise BadUpload(
            f"文件不能为空，也不能超过 {limit} MB。过大的请按月份或类别拆分后报送。",
            f"A file has something in it and at most {limit} MB. Split a larger one by month or kind.",
        )
    if len(mark) != 64 or not _HEX.issuperset(mark):
        raise BadUpload("缺少文件的标记。", "The file's mark is missing.")


def _must_fit(source_id: int, size: int) -> None:
    """Within what a department may have begun, and on the disk: the parts, and the whole when it is handed in."""
    begun = _open().filter(source_id=source_id).aggregate(size=Sum("size"))["size"] or 0
    if begun + size > settings.UPLOADS_OPEN or _open().filter(source_id=source_id).count() >= _MOST_OPEN:
        raise TooManyUploads(
            "本单位未完成的上传太多。请先完成或取消一些，再上传新的文件。",
            "Your department has too many unfinished uploads. Finish or cancel some first.",
        )
    with _kept():
        space.require(size)


@contextmanager
def _kept() -> Iterator[None]:
    """A full disk is said, not broken over: what was kept before stays."""
    try:
        with space.guarded():
            yield
    except NoRoom as error:
        raise NoRoom(
            "平台的磁盘空间不足，已经上传的部分保留不动。请稍后继续，或告知系统管理员。",
            "The platform's disk is full. What has arrived is kept. Go on later, or tell the administrator.",
            **error.facts,
        ) from error


def _join(upload: Upload, path: Path) -> None:
    """The parts, each checked once more, as one plain file."""
    size = 0
    with path.open("wb") as whole:
        for number, digest in enumerate(upload.parts):
            content = b"".join(vault.blocks(_part(upload.pk, number), context=_CONTEXT))
            if hashlib.sha256(content).hexdigest() != digest:
                raise _not_the_file()
            size += whole.write(content)
    if size != upload.size:
        raise _not_the_file()


def _not_the_file() -> NotWhole:
    return NotWhole(
        "各段合起来与所选文件不一致，没有报送。文件可能在上传途中改过，请取消后重新上传。",
        "The parts together are not the file that was chosen; nothing was handed in. Perhaps it was changed meanwhile: cancel "
        "and upload it again.",
    )


def _folder(upload_id: int) -> Path:
    return Path(settings.XINYONG_HOME) / "intake" / "uploads" / str(upload_id)


def _part(upload_id: int, number: int, *, make: bool = False) -> Path:
    folder = _folder(upload_id)
    if make:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / f"{number:05d}.sealed"


def _offset(upload: Upload) -> int:
    return min(len(upload.parts) * upload.part_size, upload.size)


def _view(one: Upload) -> UploadView:
    return UploadView(
        one.pk, one.item_id, one.source.code, one.file_name, one.size, _offset(one), one.part_size, one.made_at,
        one.changed_at + KEPT, one.submission_id,
    )  # fmt: skip
