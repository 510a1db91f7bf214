"""Watched folders (前置机文件交换): what a department puts into its folder is taken, handed in and answered there.

``look`` is called every minute. A file is taken by renaming it into the platform's own folder beside the departments'; from
then on a *ticket* (a folder with a note of what was taken from where) says how far it is, and each step can be done again: a
look that was killed is finished by the next. Nothing is deleted before its successor is on disk.
"""

import json
import logging
import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from xinyong.catalogue import publish
from xinyong.intake import _drop_answers as answers
from xinyong.intake import _drop_control as controls
from xinyong.intake import _drop_places as places
from xinyong.intake import headers, supply
from xinyong.intake._drop_places import DONE, IN, QUARANTINE, WORK, Waiting
from xinyong.intake.models import DropFile, DropLook, Submission
from xinyong.intake.read import Refused, read
from xinyong.intake.views import SubmissionView
from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Invalid, NotFound, XinyongError
from xinyong.security import audit, identity
from xinyong.security.access import Action, Actor, require
from xinyong.security.identity import SourceUnit

_LOG = logging.getLogger("xinyong.drop")
_NOTE, _ORIGINAL, _CONTROL, _CONTENT = "note.json", "original", "control", "content"
#: Files taken from one department in one look; the next takes more, so that nobody waits behind a flood.
_MOST = 200
#: Seconds after which a control file without its file is worth a word.
_FORGOTTEN = 3600
#: Seconds that a control file must not have changed for; a small file is written in less.
_WRITTEN = 5
CHANNEL = "folder"

#: What stops one file or one department's folder: it is told and tried again, and the others go on. ValueError: a name or a
#: text that no database takes.
_IN_THE_WAY = (OSError, XinyongError, DatabaseError, ValueError)
#: In quarantine, whatever has been decided since.
_ASIDE = frozenset({DropFile.Status.QUARANTINED, DropFile.Status.RELEASING, DropFile.Status.DISCARDING})

HandIn = Callable[..., tuple[SubmissionView, bool]]
Status = DropFile.Status


class NoItemNamed(Invalid):
    """Neither the folder nor a control file says which item the file is of."""

    code = "intake.drop-no-item"


class NotOn(Conflict):
    """There are no watched folders."""

    code = "intake.drop-not-on"


@dataclass(slots=True)
class Look:
    """What one look at the folders did and met. ``problems`` are sentences, Chinese and English, with the folder."""

    at: datetime
    taken: int = 0
    done: int = 0
    quarantined: int = 0
    is_busy: bool = False
    folders: list[dict[str, Any]] = field(default_factory=list)
    problems: list[dict[str, str]] = field(default_factory=list)

    def met(self, where: str, error: Exception) -> None:
        """Notes what was in the way; the file stays where it is, and the next look tries again."""
        zh, en = (error.zh, error.en) if isinstance(error, XinyongError) else answers.trouble(error)
        is_expected = isinstance(error, (XinyongError, OSError))
        where = places.printable(where)
        _LOG.warning("drop-trouble folder=%s kind=%s", where, type(error).__name__, exc_info=not is_expected)
        self.problems.append({"folder": where, "zh": places.printable(zh), "en": places.printable(en)})


def look(*, now: datetime, by: Actor, hand_in: HandIn) -> Look:
    """One look at all folders: finishes what is on its way, does what an operator decided, takes what is new.

    ``hand_in`` is ``jobs.hand_in``: it enters a submission and asks for the work on it. Raises NotOn, NotAllowed.
    """
    require(by, Action.MANAGE_DROPS)
    path, seen = root(), Look(now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(7306, -1)")
        if not cursor.fetchone()[0]:
            seen.is_busy = True
            return seen
        try:
            _look(path, seen, _Hands(path, by, hand_in, now))
        finally:
            cursor.execute("SELECT pg_advisory_unlock(7306, -1)")
    return seen


def note(seen: Look) -> None:
    """Keeps what a look met, for the operator's page."""
    if not seen.is_busy:
        DropLook.objects.update_or_create(
            pk=1, defaults={"at": seen.at, "folders": seen.folders, "problems": seen.problems}
        )


@dataclass(frozen=True, slots=True)
class _Hands:
    """Who looks, where, and when."""

    root: Path
    by: Actor
    hand_in: HandIn
    now: datetime

    def folder(self, ticket: str) -> Path:
        return self.root / WORK / ticket


def root() -> Path:
    """Where the watched folders lie. Raises NotOn."""
    if settings.DROP_FOLDERS is None:
        raise NotOn(
            "没有启用前置机交换目录。请设置 XINYONG_DROP_FOLDERS（见 docs/how-to/drop-folder.md）。",
            "There are no watched folders: set XINYONG_DROP_FOLDERS (docs/how-to/drop-folder.md).",
        )
    return Path(settings.DROP_FOLDERS)


def _look(path: Path, seen: Look, hands: _Hands) -> None:
    try:
        (path / WORK).mkdir(mode=0o700, exist_ok=True)
        _decided(hands, seen)
        for ticket in sorted(one.name for one in (path / WORK).iterdir()):
            _advance(ticket, hands, seen)
        with places.root(path) as top:
            for code in places.folders(top):
                try:
                    _department(top, code, hands, seen)
                except _IN_THE_WAY as error:
                    seen.met(code, error)
        answers.sound_disk(path)
    except (OSError, XinyongError) as error:
        seen.met("", error)


def _department(top: int, code: str, hands: _Hands, seen: Look) -> None:
    """Takes what is ready in a department's folder, and says what waits."""
    unit = identity.source_unit(code)
    found: list[Waiting] = []
    with places.folder(top, code) as own, places.folder(own, IN) as inbox:
        for within in ("", *places.folders(inbox)):
            with places.folder(inbox, *([within] if within else [])) as handle:
                found += places.waiting(handle, within)
                if within and places.folders(handle):
                    seen.met(f"{code}/in/{within}", answers.nested())
    by_name = {(one.folder, one.name): one for one in found}
    begun = _begun(hands)
    ready = [one for one in found if not one.is_control and (code, one.folder, one.name) not in begun]
    ready = [one for one in ready if _is_ready(one, _control_of(one, by_name), hands.now)][:_MOST]
    for one in ready:
        control = _control_of(one, by_name)
        seen.taken += 1
        _advance(_ticket(unit, one.folder, one.name, control.name if control else "", hands), hands, seen)
    lonely = [one for one in found if one.is_control and not _has_file(one, by_name)]
    if any(hands.now.timestamp() - one.changed_at > _FORGOTTEN for one in lonely):
        seen.met(f"{code}/in", answers.lonely())
    left = sum(not one.is_control for one in found) - len(ready)
    seen.folders.append({"code": code, "name": unit.name, "waiting": left})
    with places.folder(top, code) as own:
        _sweep(own, hands.now)


def _control_of(one: Waiting, by_name: dict[tuple[str, str], Waiting]) -> Waiting | None:
    return next((by_name[key] for end in places.CONTROLS if (key := (one.folder, one.name + end)) in by_name), None)


def _has_file(control: Waiting, by_name: dict[tuple[str, str], Waiting]) -> bool:
    stems = (control.name.removesuffix(ending) for ending in places.CONTROLS)
    return any((control.folder, stem) in by_name for stem in stems if stem != control.name)


def _is_ready(one: Waiting, control: Waiting | None, now: datetime) -> bool:
    """Said to be complete by a control file, or not changed for a while."""
    still = settings.DROP_STILL_SECONDS
    if control is not None:
        return now.timestamp() - control.changed_at >= min(_WRITTEN, still)
    return now.timestamp() - one.changed_at >= still


def _begun(hands: _Hands) -> set[tuple[str, str, str]]:
    """Files with a ticket that could not be moved yet (no permission, say): they get no second one."""
    found = set()
    for made in (hands.root / WORK).iterdir():
        if (made / _NOTE).exists() and not os.path.lexists(made / _ORIGINAL):
            note = json.loads((made / _NOTE).read_bytes())
            if note["from"] == IN:
                found.add((note["unit"], note["folder"], note["name"]))
    return found


def _ticket(unit: SourceUnit, folder: str, name: str, control: str, hands: _Hands, **more: str) -> str:
    """Notes that a file is about to be taken, before anything is moved."""
    ticket = more.pop("ticket", "") or secrets.token_hex(16)
    made = hands.folder(ticket)
    made.mkdir(mode=0o700, exist_ok=True)
    note = {"unit": unit.code, "from": IN, "folder": folder, "name": name, "control": control,
            "taken_at": hands.now.isoformat()} | more  # fmt: skip
    with places.root(made) as handle, places.root(made.parent) as work:
        places.put(handle, _NOTE, json.dumps(note).encode(), mark="note")
        os.fsync(work)
    return ticket


def _advance(ticket: str, hands: _Hands, seen: Look) -> None:
    """Brings one ticket as far as it can go now."""
    try:
        made = hands.folder(ticket)
        if not (made / _NOTE).exists():  # ended before its note was whole: nothing was moved
            shutil.rmtree(made)
            return
        note = json.loads((made / _NOTE).read_bytes())
        with places.root(hands.root) as top, places.folder(top, note["unit"]) as own, places.root(made) as work:
            row = DropFile.objects.filter(ticket=ticket).select_related("source").first()
            row = row or _take(ticket, note, own, work, hands)
            if row is None:
                shutil.rmtree(made)
                return
            is_settled = _settle(row, note, own, work, hands, seen)
        if is_settled:
            shutil.rmtree(made)
    except places.StillWritten:
        _LOG.info("drop-still-written ticket=%s", ticket)
    except _IN_THE_WAY as error:
        seen.met(ticket[:8], error)


def _take(ticket: str, note: dict[str, Any], own: int, work: int, hands: _Hands) -> DropFile | None:
    """Moves the file to us, looks at it and hands it in; None when it was taken back before we came."""
    _pull(note, own, work)
    if not places.exists(work, _ORIGINAL):
        return None
    made, source = hands.folder(ticket), identity.source_unit(note["unit"], even_closed=True)
    row = DropFile(
        ticket=ticket, source_id=source.id, item_id=note.get("item", "") or places.printable(note["folder"])[:40],
        file_name=places.fit(note.get("as", note["name"])), taken_at=datetime.fromisoformat(note["taken_at"]), status=Status.SUBMITTED,
    )  # fmt: skip
    try:
        row.content_digest, row.size = places.copy(work, _ORIGINAL, made / _CONTENT)
        control = _control(note, work)
        row.item_id = _item(row.item_id, control)
        controls.compare(control, made / _CONTENT)
        _compare_rows(control, row.item_id, made, row.file_name)
        with transaction.atomic():
            entered, _ = hands.hand_in(
                made / _CONTENT, item_id=row.item_id, source_code=source.code, file_name=row.file_name, by=hands.by,
                received_at=hands.now, channel=CHANNEL,
            )  # fmt: skip
            row.submission_id = entered.id
            row.save()
    except (Invalid, NotFound, supply.NotGranted) as refusal:
        with transaction.atomic():
            row.submission = None
            _quarantine(row, refusal.code, refusal.zh, refusal.en, by=hands.by)
    return row


def _pull(note: dict[str, Any], own: int, work: int) -> None:
    """The control file first: a file that is here has its control file here too."""
    parts = [note["from"], *([note["folder"]] if note["folder"] else [])]
    with places.folder(own, *parts) as handle:
        if note["control"] and not places.exists(work, _CONTROL):
            places.move(note["control"], handle, _CONTROL, work)
        if not places.exists(work, _ORIGINAL):
            places.move(note["name"], handle, _ORIGINAL, work)


def _control(note: dict[str, Any], work: int) -> controls.Control:
    if not places.exists(work, _CONTROL):
        return controls.Control()
    content = places.small(work, _CONTROL, controls.MOST_BYTES)
    return controls.read(content, is_mark=note["control"].endswith(".ok"))


def _item(from_folder: str, control: controls.Control) -> str:
    if from_folder and control.item_id and from_folder != control.item_id:
        raise controls.NotAsDeclared(
            f"文件放在 {from_folder} 目录，控制文件却写明事项 {control.item_id}，没有采用。请核对后重新传送。",
            f"The file lay in the folder {from_folder}, its control file says {control.item_id}; not taken. Send it again.",
        )
    if not from_folder and not control.item_id:
        raise NoItemNamed(
            "不知道这是哪个目录事项的数据。请放入 in/事项标识/ 目录（如 in/admin-penalty-org/），或在控制文件中写明 item。",
            "Which item's data these are is not said. Put the file into in/ITEM/, or name the item in a control file.",
        )
    return from_folder or control.item_id


def _compare_rows(control: controls.Control, item_id: str, made: Path, file_name: str) -> None:
    """Counts the rows before anything goes in, when a number is declared. What cannot be read is refused in its own words."""
    if control.rows is None:
        return
    known = headers.known(publish.current(item_id))
    try:
        rows = read(made / _CONTENT, folder=made / "count", file_name=file_name, known_headers=known).rows
    except Refused:
        return
    finally:
        shutil.rmtree(made / "count", ignore_errors=True)
    controls.compare_rows(control, rows)


def _settle(row: DropFile, note: dict[str, Any], own: int, work: int, hands: _Hands, seen: Look) -> bool:
    """Answers what is to be answered and puts the file where it belongs; True when nothing is left to do."""
    if row.status == Status.SUBMITTED:
        assert row.submission_id is not None
        (hands.folder(row.ticket) / _CONTENT).unlink(missing_ok=True)  # the sealed one is kept
        submission = Submission.objects.get(pk=row.submission_id)
        is_over = submission.status not in {Submission.Status.RECEIVED, Submission.Status.STAGED}
        answers.give_receipt(row, own, work, is_final=is_over, by=hands.by)
        if not is_over:
            return False
        if submission.status == Submission.Status.REFUSED:
            refusal = submission.refusal or {}
            with transaction.atomic():
                _quarantine(row, refusal["code"], refusal["zh"], refusal["en"], by=hands.by)
        else:
            if submission.status == Submission.Status.DEPOSITED:  # and not taken back meanwhile
                answers.give_feedback(row, own, hands.folder(row.ticket), by=hands.by)
            _put_away(row, own, work)
            row.status, row.finished_at = Status.DONE, hands.now
            row.save()
            seen.done += 1
    if row.status in _ASIDE:
        answers.lay_aside(row, own, work, _ORIGINAL)
        seen.quarantined += 1
    return True


def _put_away(row: DropFile, own: int, work: int) -> None:
    day = f"{row.taken_at.astimezone(clock.ZONE):%Y-%m-%d}"
    with places.folder(own, DONE, day, is_made=True) as handle:
        places.move(_ORIGINAL, work, places.marked(row.file_name, row.ticket), handle)


def _quarantine(row: DropFile, code: str, zh: str, en: str, *, by: Actor) -> None:
    row.status, row.reason = Status.QUARANTINED, {"code": code, "zh": zh, "en": en}
    row.save()
    audit.enter(
        audit.Event.DROP_QUARANTINED, by=by, object_kind="drop", object_ref=row.ticket, outcome="refused", reason=code,
        size=row.size, item=row.item_id,
    )  # fmt: skip


def _decided(hands: _Hands, seen: Look) -> None:
    """Does what an operator decided on files in quarantine."""
    for row in DropFile.objects.filter(status__in=(Status.RELEASING, Status.DISCARDING)).select_related("source"):
        if hands.folder(row.ticket).exists():
            continue  # not in quarantine yet
        kept = places.marked(row.file_name, row.ticket)
        try:
            with places.root(hands.root) as top, places.folder(top, row.source.code, QUARANTINE) as handle:
                if row.status == Status.RELEASING:
                    _begin_again(row, kept, hands)
                else:
                    places.remove(handle, kept)
                places.remove(handle, f"{kept}.txt")
            row.status = Status.RELEASED if row.status == Status.RELEASING else Status.DISCARDED
            row.finished_at = hands.now
            row.save()
        except (OSError, XinyongError) as error:
            seen.met(f"{row.source.code}/{QUARANTINE}", error)


def _begin_again(row: DropFile, kept: str, hands: _Hands) -> None:
    """A ticket for a file that was released; its name follows from the old one's, so a second look makes no second one."""
    again = row.ticket[16:] + row.ticket[:16]
    if not DropFile.objects.filter(ticket=again).exists() and not (hands.folder(again) / _NOTE).exists():
        unit = identity.source_unit(row.source.code, even_closed=True)
        more = {"from": QUARANTINE, "as": row.file_name, "item": row.item_id}
        _ticket(unit, "", kept, "", hands, ticket=again, **more)


def _sweep(own: int, now: datetime) -> None:
    """Removes days of done/ that have been kept long enough; the sealed originals stay with the platform."""
    last = f"{(now - timedelta(days=settings.DROP_KEEP_DAYS)).astimezone(clock.ZONE):%Y-%m-%d}"
    try:
        with places.folder(own, DONE) as handle:
            for day in places.folders(handle):
                if len(day) == len(last) and day < last:
                    shutil.rmtree(day, dir_fd=handle)
    except FileNotFoundError:
        return  # nothing was ever done
