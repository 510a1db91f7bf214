"""Handing in by a program (接口报送): once for each key of the sender's, never more than the worker can follow, or only tried.

A program that got no answer asks again. With the same key and the same content it gets the same submission, however often
and from however many processes at once, across restarts; with the same key and other content it is told so.
Source: draft-ietf-httpapi-idempotency-key-header.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction

from xinyong.intake import jobs, submit, views
from xinyong.intake.models import RequestKey, Submission
from xinyong.intake.views import SubmissionView, Trial
from xinyong.kernel.errors import Conflict, Invalid
from xinyong.security import audit, encryption, identity
from xinyong.security.access import Action, Actor, require

CHANNEL = "api"
#: How long a key is remembered. After that the content itself still stands for one submission.
KEPT = timedelta(days=30)
#: Seconds to wait when too much is under way: a small file takes the worker a few.
_WAIT = 15


class KeyReused(Invalid):
    """The key stood for another request before: other rows, another item, name or mapping."""

    code = "intake.key-reused"
    status = 422


class TooManyWaiting(Conflict):
    """The sender has too many submissions on which the work is not done. ``facts["retry_after"]`` says how long to wait."""

    code = "intake.too-many-waiting"
    status = 429


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A submission by the interface. ``is_repeated``: the key was seen before, and nothing was done now."""

    submission: SubmissionView
    is_repeated: bool


@transaction.atomic
def hand_in(
    path: Path,
    *,
    key: str,
    item_id: str,
    source_code: str,
    file_name: str,
    mapping: Mapping[str, str],
    by: Actor,
    received_at: datetime,
) -> HandedIn:
    """Enters a submission and asks for the work on it, in one transaction; or gives the one that this key stands for.

    Exactly one audit entry either way. Raises KeyReused, TooManyWaiting, and what ``submit.enter`` raises; then the key
    stands for nothing.
    """
    require(by, Action.SUBMIT, department=source_code, item=item_id)
    asked = _request(path, item_id, file_name, mapping)
    mine = {"client": by.name, "key_digest": encryption.digest(key, kind="request-key")}
    # Of two at once, the second waits here until the first has entered everything, and then finds it.
    RequestKey.objects.bulk_create(
        [RequestKey(**mine, request_digest=asked, source_id=identity.source_unit(source_code).id, made_at=received_at)],
        ignore_conflicts=True,
    )
    kept = RequestKey.objects.get(client=mine["client"], key_digest=mine["key_digest"])
    if kept.request_digest != asked:
        raise KeyReused(
            "这个 Idempotency-Key 以前用于另一份内容。重试请原样重发；报送新内容请换一个新的键。",
            "This Idempotency-Key stood for other content before. To retry, send the same again; for new content, use a "
            "new key.",
        )
    if kept.submission_id is not None:
        return HandedIn(views.submission(kept.submission_id, seen_by=by), is_repeated=True)
    _require_room(by)
    entered, is_new = submit.enter(
        path, item_id=item_id, source_code=source_code, file_name=file_name, by=by, received_at=received_at,
        mapping=mapping, channel=CHANNEL,
    )  # fmt: skip
    RequestKey.objects.filter(pk=kept.pk).update(submission_id=entered.id)
    if is_new:
        jobs.later(entered.id)
    else:  # the same content under another key, or by another channel: a look at what it became
        entered = views.submission(entered.id, seen_by=by)
    return HandedIn(entered, is_repeated=False)


def attempt(
    path: Path,
    *,
    item_id: str,
    source_code: str,
    file_name: str,
    mapping: Mapping[str, str],
    by: Actor,
    received_at: datetime,
) -> Trial:
    """What would become of the rows if they were handed in now. One audit entry, which says that somebody tried; nothing
    else is kept. Raises as ``submit.check``."""
    require(by, Action.SUBMIT, department=source_code, item=item_id)
    audit.enter(
        audit.Event.FILE_TRIED, by=by, object_kind="catalogue-item", object_ref=item_id, size=path.stat().st_size
    )
    return submit.check(
        path, item_id=item_id, source_code=source_code, file_name=file_name, mapping=mapping, by=by,
        received_at=received_at,
    )  # fmt: skip


def sweep(*, now: datetime) -> int:
    """Forgets keys of long ago; returns how many. The hourly job calls it."""
    return int(RequestKey.objects.filter(made_at__lt=now - KEPT).delete()[0])


def _request(path: Path, item_id: str, file_name: str, mapping: Mapping[str, str]) -> str:
    """One digest for all that makes a request the same."""
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    whole = json.dumps([item_id, file_name, sorted(mapping.items()), content], ensure_ascii=False)
    return hashlib.sha256(whole.encode()).hexdigest()


def _require_room(by: Actor) -> None:
    open_ones = (Submission.Status.RECEIVED, Submission.Status.STAGED)
    waiting = Submission.objects.filter(received_by=by.name, status__in=open_ones).count()
    if waiting >= settings.API_WAITING:
        raise TooManyWaiting(
            f"该客户端已有 {waiting} 次报送等待处理，请等处理完再继续。建议把多行合成一个文件报送。",
            f"This client has {waiting} submissions that wait for the worker. Go on when some are done; better send many rows "
            "as one file.",
            retry_after=_WAIT,
        )
