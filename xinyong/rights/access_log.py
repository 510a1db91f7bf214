"""谁查过我 The access log a subject sees of its own file: when, which unit, for which registered purpose, what; not which official.

It is read from the one audit log, so nothing that was entered there can be missing here. What is lawfully withheld comes up when its
time is over, at the latest. Exports of whole items are told by item, in the log of who answers for the record (intake/lineage.py): the
log does not hold whom they were about. Source: INV-71, INV-73; Zhejiang 20, Shenzhen 45; PIPL 44, 45.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.db import transaction

from xinyong.catalogue import publish
from xinyong.kernel.errors import NotFound
from xinyong.rights import purposes, whose
from xinyong.rights.models import UsageReference
from xinyong.security import audit, identity, looks, scope
from xinyong.security.access import Action, Actor, Role, require, system
from xinyong.security.looks import One
from xinyong.subjects import registry
from xinyong.workflow import closed
from xinyong.workflow.closed import Brief

_AT_ONCE = 1000
#: What kind of look it was, zh and en.
KINDS: dict[str, tuple[str, str]] = {
    "dossier-viewed": ("查看档案", "Looked at the file"),
    "lineage-viewed": ("查看记录来历", "Looked at where a record came from"),
    "special-queried": ("特殊查询（经复核）", "Special query (with a second person's consent)"),
    "report-issued": ("打印公开信用报告", "Printed the public report"),
    "authorised-queried": ("授权查询", "Authorised query"),
    "glass-broken": ("紧急查询（未经授权，须复核）", "Emergency query (without authorisation, under review)"),
}


class UnknownLook(NotFound):
    """No such look at one's own file, or it is withheld still, which looks the same."""

    code = "rights.unknown-look"


class UnknownUser(NotFound):
    """Nobody has this reference."""

    code = "rights.unknown-usage-reference"


@dataclass(frozen=True, slots=True)
class Line:
    """One look. ``unit_code`` is "" for the credit centre and the public; ``purpose_zh`` "" where none was registered. ``items``: titles,
    zh and en, of what was asked for; () for the file as a whole. ``is_marked``: an emergency; ``is_public``: a visitor's.
    ``withheld_until``: until when it was kept from the subject, where it was; ``complaint``: one's own about it, where there is one."""

    id: int
    at: datetime
    unit_code: str
    unit_zh: str
    unit_en: str
    kind_zh: str
    kind_en: str
    purpose_zh: str
    purpose_en: str
    items: tuple[tuple[str, str], ...]
    authorisation: str
    is_marked: bool
    is_by_program: bool
    purpose_id: str = ""
    withheld_until: datetime | None = None
    is_public: bool = False
    complaint: Brief | None = None


def of(*, by: Actor, at: datetime, after: int | None = None, limit: int = 50) -> tuple[list[Line], int]:
    """Looks at one's own file, the newest first, and how many there are from here on; ``after`` continues a page. One entry. Raises
    NotAllowed."""
    require(by, Action.VIEW_ACCESS_LOG, subject=by.subject)
    ref = whose.ref_of_oneself(by)
    audit.enter(audit.Event.ACCESS_LOG_VIEWED, by=by, object_kind="access-log", object_ref=ref)
    found, total = looks.of_subject(ref, now=at, before=after, limit=limit)
    said = closed.about("complaint", by.subject, [ref_of(one.id) for one in found]) if by.subject is not None else {}
    return [replace(one, complaint=said.get(ref_of(one.id))) for one in lines(found)], total


def ref_of(look_id: int) -> str:
    """How a case names a look."""
    return f"look:{look_id}"


def own_line(look_id: int, *, by: Actor, at: datetime) -> tuple[Line, One]:
    """One line of one's own log, and the entry behind it. Raises UnknownLook, also for one that is withheld still, NotAllowed."""
    require(by, Action.VIEW_ACCESS_LOG, subject=by.subject)
    found, _ = looks.of_subject(whose.ref_of_oneself(by), now=at, before=look_id + 1, limit=1)
    if not found or found[0].id != look_id:
        raise UnknownLook("查询记录中没有这一次。", "The log has no such look.")
    return lines(found)[0], found[0]


def every(ref: str, *, at: datetime) -> list[Line]:
    """All looks at what is on file of a subject, the newest first, for the file of everything about it: its caller has checked whose it
    is, and enters it in the log."""
    told: list[Line] = []
    before: int | None = None
    while found := looks.of_subject(ref, now=at, before=before, limit=_AT_ONCE)[0]:
        told += lines(found)
        before = found[-1].id
    return told


@dataclass(frozen=True, slots=True)
class Usage:
    """What a viewer of the subject's choice is told: lines of a period, and how many there are in it."""

    lines: tuple[Line, ...]
    total: int


@transaction.atomic
def usage(
    user: str, *, since: datetime | None, until: datetime | None, offset: int, limit: int, seen_by: Actor, at: datetime
) -> Usage:
    """The same for a program that shows it to the subject (the Estonian data tracker's ``findUsage``). ``user``: an organisation's
    code, or a subject's opaque reference. One entry, by the program. Raises UnknownUser, NotAllowed."""
    require(seen_by, Action.CALL_API)
    ref = _ref_of(user, seen_by)
    audit.enter(audit.Event.ACCESS_LOG_VIEWED, by=seen_by, object_kind="access-log", object_ref=ref, offset=offset)
    found, total = looks.of_subject(ref, now=at, since=since, until=until, offset=offset, limit=limit)
    return Usage(tuple(lines(found)), total)


@transaction.atomic
def reference(*, by: Actor, at: datetime, anew: bool = False) -> str:
    """The opaque reference by which a viewer asks for one's own log; made when first wanted, or ``anew``, and the one before is void.
    "" for a person of whom nothing is recorded. Raises NotAllowed."""
    require(by, Action.VIEW_ACCESS_LOG, subject=by.subject)
    if by.subject is None:
        return ""
    subject_id = by.subject
    whose.hold(subject_id)
    found = UsageReference.objects.filter(subject_id=subject_id).order_by("-id").first()
    if found is None or anew:
        found = UsageReference.objects.create(subject_id=subject_id, ref=f"XY{secrets.token_hex(15)}", made_at=at)
    return found.ref


def kept_since() -> datetime | None:
    """Since when looks are kept; None while there is no log."""
    return looks.kept_since()


def _ref_of(user: str, by: Actor) -> str:
    with scope.acting(system("usage")):
        held = UsageReference.objects.filter(ref=user).first()
        if held is not None:
            latest = (
                UsageReference.objects.filter(subject_id=held.subject_id).order_by("-id").values_list("ref", flat=True)
            )
            if latest.first() == user:
                return whose.of_id(held.subject_id).ref
    try:
        return registry.subject(user, seen_by=by).code or ""
    except registry.UnknownSubject as error:
        raise UnknownUser("没有这个查询标识。", "Nobody has this reference.") from error


def lines(found: Sequence[One]) -> list[Line]:
    """Looks as their subject reads them; for callers who have checked who asks."""
    units = {one.code: one.name for one in identity.source_units()}
    titles = {one.id: (one.title_zh, one.title_en) for one in publish.items()}
    told = []
    for one in found:
        zh, en = purposes.words(one.purpose)
        kind = KINDS[one.event]
        asked = str(one.facts.get("items") or one.facts.get("item") or "")
        unit, until = _unit(one, units), one.facts.get("withheld_until")
        told.append(
            Line(
                one.id, one.at, one.department, *unit, *kind, zh, en,
                tuple(titles.get(each, (each, each)) for each in asked.split(",") if each),
                str(one.facts.get("authorisation") or ""), one.event == "glass-broken", one.role == Role.CLIENT.value,
                one.purpose.partition(":")[0] if zh else "", datetime.fromisoformat(str(until)) if until else None,
                one.role == Role.PUBLIC.value,
            )
        )  # fmt: skip
    return told


def _unit(one: One, units: dict[str, str]) -> tuple[str, str]:
    """Which unit looked; somebody of none is the credit centre, a visitor the public."""
    if one.role == Role.PUBLIC.value:
        return "社会公众", "A member of the public"
    name = units.get(one.department, "") or settings.SITE_NAME
    return name, name
