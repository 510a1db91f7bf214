"""Giving out a report: number, check code, file, register entry and audit entry, all before a byte leaves."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db import IntegrityError, transaction

from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Invalid
from xinyong.reports import compose, render
from xinyong.reports.content import ReportContent, Stamp, facts_digest
from xinyong.reports.models import IssuedReport
from xinyong.security import audit
from xinyong.security.access import Actor

#: Letters and digits that are not taken for one another when read aloud or typed (no I, L, O, U, 0, 1).
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_ATTEMPTS = 3
#: Unique constraints over what is drawn at random: a violation means "draw again".
_DRAWN = frozenset({"reports_issuedreport_number_key", "reports_issuedreport_check_code_key"})


class NoFreeNumber(Conflict):
    """Three random numbers in a row were taken: the random source is broken."""

    code = "reports.no-free-number"


class InstantWithoutZone(Invalid):
    """An issuing time must say its time zone."""

    code = "reports.instant-without-zone"


@dataclass(frozen=True, slots=True)
class Issued:
    """A report that was given out. ``file_digest`` is the SHA-256 (hex) of ``pdf``."""

    number: str
    check_code: str
    verify_url: str
    issued_at: datetime
    file_digest: str
    pdf: bytes
    content: ReportContent


def issue(code: str, *, as_of: date, seen_by: Actor, issued_at: datetime, kind: str = "ordinary") -> Issued:
    """Composes, sets and registers the report of the organisation with this unified social credit code.

    Every call gives out a new number. The register row and the audit entry commit together before this returns.
    Raises what ``compose.compose`` raises, InstantWithoutZone, NoFreeNumber.
    """
    if issued_at.tzinfo is None:
        raise InstantWithoutZone("出具时间缺少时区。", "The issuing time lacks a time zone.")
    content = compose.compose(code, as_of=as_of, seen_by=seen_by, kind=kind)
    for _ in range(_ATTEMPTS):
        stamp = _stamp(issued_at)
        # Whatever else is ever done to the bytes (a signature) is done here, before the digest is taken.
        pdf = render.pdf(content, stamp)
        issued = Issued(
            number=stamp.number,
            check_code=stamp.check_code,
            verify_url=stamp.verify_url,
            issued_at=issued_at,
            file_digest=hashlib.sha256(pdf).hexdigest(),
            pdf=pdf,
            content=content,
        )
        if _register(issued, by=seen_by):
            return issued
    raise NoFreeNumber("未能生成报告编号，请稍后重试。", "No report number could be made; try again later.")


def _stamp(issued_at: datetime) -> Stamp:
    moment = issued_at.astimezone(clock.ZONE)
    number = f"{moment:%Y%m%d%H%M%S}" + "".join(secrets.choice(_ALPHABET) for _ in range(8))
    check_code = base64.b32encode(secrets.token_bytes(16)).decode("ascii").rstrip("=")
    return Stamp(number, check_code, issued_at, f"{settings.SITE_ORIGIN}/verify/{check_code}/")


def _register(issued: Issued, *, by: Actor) -> bool:
    """Adds the register row and the audit entry; False when the number or the check code is taken."""
    content = issued.content
    counts = {f"{one.chapter}.{one.place}": one.total for one in content.counts}
    try:
        with transaction.atomic():
            IssuedReport.objects.create(
                number=issued.number,
                check_code=issued.check_code,
                subject_id=content.subject_id,
                subject_code=content.code,
                subject_name=content.name,
                kind=content.kind,
                as_of=content.as_of,
                issued_at=issued.issued_at,
                issued_to=f"{by.role.value}:{by.name}"[:80],
                content_digest=facts_digest(content),
                file_digest=issued.file_digest,
                counts=counts,
            )
            audit.enter(
                audit.Event.REPORT_ISSUED,
                by=by,
                object_kind="report",
                object_ref=issued.number,
                subject_code=content.code,
                as_of=content.as_of.isoformat(),
            )
    except IntegrityError as error:
        if _violated(error) in _DRAWN:
            return False
        raise
    return True


def _violated(error: IntegrityError) -> str:
    diagnostics = getattr(error.__cause__, "diag", None)
    return getattr(diagnostics, "constraint_name", None) or ""
