"""删除 What intake keeps of persons is erased once their records are: rows that never went in, findings' quotations, kept files.

A submission about persons is over when nothing of what it brought has content any more (records/erased.py); one that brought
nothing, when the item's years of retention from its receipt are. Then its waiting rows lose what they say. The file as it was
sent stays some years longer, sealed, as proof of what was handed in, and is then removed whole: a sealed file cannot lose one row.
Source: PIPL 19, 47; the retention of the catalogue item.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice

from django.db import transaction
from django.db.models import Q, QuerySet

from xinyong.catalogue import publish
from xinyong.intake import staging
from xinyong.intake.models import Finding, Submission, WaitingRow
from xinyong.kernel import clock
from xinyong.records import erased
from xinyong.records.erased import Checked, Proof
from xinyong.security.access import Action, Actor, require

#: Rows, and files, of one transaction.
_ROWS, _FILES = 2_000, 100


@dataclass(frozen=True, slots=True)
class _Over:
    """A submission that is over, and the first day on which nothing of it might be used."""

    id: int
    item_id: str
    digest: str
    since: date


def run(*, today: date, grace_days: int, originals_years: int, by: Actor) -> list[Proof]:
    """Erases waiting rows of submissions that were over ``grace_days`` ago, and kept files of those that were so
    ``originals_years`` ago; a proof for each item. Broken off it goes on. Raises TooEarly, NotAllowed."""
    require(by, Action.OPERATE)
    if today > clock.today() or min(grace_days, originals_years) < 0:
        raise erased.TooEarly(
            "只能删除到今天为止已经期满的数据，宽限天数不能为负。",
            "Only what has ended by today is erased, and a grace is not negative.",
        )
    found = list(_submissions_over(by))
    rows_by, files_by = today - timedelta(days=grace_days), _years_before(today, originals_years)
    made = _rows([one for one in found if one.since <= rows_by], rows_by, grace_days, by)
    return made + _files([one for one in found if one.since <= files_by], files_by, grace_days, by)


def check(proof_id: int, *, seen_by: Actor) -> Checked:
    """``records.erased.check`` of a proof of any kind: also whether rows and files it says are gone are gone. Raises
    UnknownProof, NotAllowed."""
    checked = erased.check(proof_id, seen_by=seen_by)
    proof = checked.proof
    if proof.what not in (erased.WAITING_ROWS, erased.ORIGINALS):
        return checked
    places = erased.beside_of(proof.run, proof.item_id)
    submissions = {submission_id for submission_id, _ in places}
    if proof.what == erased.WAITING_ROWS:
        kept = _with_content().filter(submission_id__in=submissions).values_list("submission_id", "row_no")
        left = len(set(kept) & set(places))
    else:
        digests = Submission.objects.filter(pk__in=submissions).values_list("content_digest", flat=True)
        left = sum(staging.original_path(digest).exists() for digest in digests)
    return replace(checked, left=left)


def _submissions_over(by: Actor) -> Iterator[_Over]:
    items = {(one.id, one.version): one for one in publish.every_version() if one.is_about_persons}
    brought = erased.over(seen_by=by)
    known = Submission.objects.filter(item_id__in={item_id for item_id, _ in items}, finished_at__isnull=False)
    for one in known.order_by("pk").iterator(5000):
        years = items[one.item_id, one.item_version].retention.years
        if one.pk in brought:
            since = brought[one.pk]
        elif years is not None:
            received = clock.day(one.received_at)
            since = _years_before(received, -years)
        else:
            since = None
        if since is not None:
            yield _Over(one.pk, one.item_id, one.content_digest, since)


def _rows(found: list[_Over], ended_by: date, grace_days: int, by: Actor) -> list[Proof]:
    items = {one.id: one.item_id for one in found}
    due = _with_content().filter(submission_id__in=items).order_by("pk")
    run_id = None
    while rows := list(due[:_ROWS]):
        run_id = run_id or erased.begin(erased.WAITING_ROWS, ended_by=ended_by, grace_days=grace_days, by=by)
        with transaction.atomic():
            locked = list(_with_content().select_for_update().filter(pk__in=[one.pk for one in rows]))
            erased.beside(
                run_id, erased.WAITING_ROWS,
                [(one.submission_id, one.row_no, items[one.submission_id], _leaf(one)) for one in locked], by=by,
            )  # fmt: skip
            now = clock.now()
            kept = WaitingRow.objects.filter(pk__in=[one.pk for one in locked])
            kept.filter(closed_at__isnull=True).update(closed_at=now)
            kept.update(row=None, sealed=None, anchor_by_name=None, anchor_by_code=None)
            for submission_id in {one.submission_id for one in locked}:
                numbers = [one.row_no for one in locked if one.submission_id == submission_id]
                quoted = Finding.objects.filter(submission_id=submission_id, row_no__in=numbers)
                quoted.update(value="", suggestion="")
                quoted.filter(closed_at__isnull=True).update(closed_at=now)
    return _finish(run_id, erased.WAITING_ROWS, ended_by, grace_days, by)


def _files(found: list[_Over], ended_by: date, grace_days: int, by: Actor) -> list[Proof]:
    """A file of which several submissions were made goes when all of them are over."""
    over = {one.id for one in found}
    digests = {one.digest for one in found}
    needed = Submission.objects.filter(content_digest__in=digests).exclude(pk__in=over)
    kept = set(needed.values_list("content_digest", flat=True))
    due = [
        one for one in found
        if one.digest not in kept and not erased.is_erased_beside(erased.ORIGINALS, one.id)
    ]  # fmt: skip
    run_id = None
    for some in _by(due, _FILES):
        run_id = run_id or erased.begin(erased.ORIGINALS, ended_by=ended_by, grace_days=grace_days, by=by)
        with transaction.atomic():
            noted = [(one.id, 0, one.item_id, bytes.fromhex(one.digest)) for one in some]
            erased.beside(run_id, erased.ORIGINALS, noted, by=by)
            for (
                one
            ) in some:  # removed and not noted, it is noted by the next run; noted and not removed would be untrue
                staging.original_path(one.digest).unlink(missing_ok=True)
    return _finish(run_id, erased.ORIGINALS, ended_by, grace_days, by)


def _finish(run_id: int | None, what: str, ended_by: date, grace_days: int, by: Actor) -> list[Proof]:
    """Closes the run; also one that was killed when nothing was left to do but that."""
    run_id = run_id or erased.broken_off(what)
    return erased.finish(run_id, by=by) if run_id is not None else []


def _with_content() -> QuerySet[WaitingRow]:
    return WaitingRow.objects.filter(Q(sealed__isnull=False) | Q(row__isnull=False))


def _leaf(one: WaitingRow) -> bytes:
    said = bytes(one.sealed) if one.sealed is not None else repr(one.row).encode()
    return hashlib.sha256(f"{one.submission_id}/{one.row_no}/".encode() + said).digest()


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return day.replace(year=day.year - years, day=28)


def _by(found: Iterable[_Over], size: int) -> Iterator[list[_Over]]:
    rest = iter(found)
    while some := list(islice(rest, size)):
        yield some
