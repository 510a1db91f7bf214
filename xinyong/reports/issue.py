"""Giving out a paper: number, check code, file, signature, register entry and audit entry, all before a byte leaves."""

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from django.conf import settings
from django.db import IntegrityError, transaction

from xinyong.kernel import clock
from xinyong.kernel.errors import Conflict, Invalid
from xinyong.kernel.scrubbing import unnumbered
from xinyong.reports import compose, render, signing
from xinyong.reports.content import Stamp, facts_digest
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


class Paper(Protocol):
    """What every kind of paper says of itself to the register."""

    @property
    def kind(self) -> str:
        """ordinary, special, statement."""

    @property
    def subject_id(self) -> int:
        """Whose it is."""

    @property
    def code(self) -> str:
        """Their unified social credit code."""

    @property
    def name(self) -> str:
        """Their name as printed."""

    @property
    def as_of(self) -> date:
        """Up to which day it speaks."""

    @property
    def totals(self) -> dict[str, int | None]:
        """How much it lists of what, as printed; None for what was not searched."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A paper that was given out. ``file_digest`` is the SHA-256 (hex) of ``pdf``, which is signed; ``beside`` a statement's
    JSON, signed by the same key."""

    number: str
    check_code: str
    verify_url: str
    issued_at: datetime
    file_digest: str
    pdf: bytes
    content: Any
    facts: str
    beside: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """For what a paper was asked, as the register keeps it. Papers of one subject, kind and ``series`` supersede each other."""

    series: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    purpose: str = ""


#: Makes the PDF of a paper; and what goes out beside it.
Make = Callable[[Any, Stamp], bytes]
Beside = Callable[[Any, Stamp], str]


def issue(code: str, *, as_of: date, seen_by: Actor, issued_at: datetime, kind: str = "ordinary") -> Issued:
    """Composes, sets, signs and registers the report of the organisation with this unified social credit code.

    Every call gives out a new number. The register row and the audit entry commit together before this returns.
    Raises what ``compose.compose`` raises, InstantWithoutZone, NoFreeNumber, signing's NoPaperKey, TimeStampRefused.
    """
    _with_zone(issued_at)
    content = compose.compose(code, as_of=as_of, seen_by=seen_by, kind=kind)
    return give(content, make=render.pdf, by=seen_by, issued_at=issued_at)


def give(
    content: Paper, *, make: Make, by: Actor, issued_at: datetime, asked: Asked | None = None, beside: Beside | None = None,
    also: Callable[[Issued], None] | None = None,
) -> Issued:  # fmt: skip
    """Gives out a paper that was composed, for the verbs that compose one and have checked who asks. ``also`` is done in the
    transaction of the register row: both or neither. Raises InstantWithoutZone, NoFreeNumber, NoPaperKey, TimeStampRefused."""
    _with_zone(issued_at)
    asked, facts, signer = asked or Asked(), facts_digest(content), signing.signer()
    for _ in range(_ATTEMPTS):
        stamp = _stamp(issued_at, facts=facts, signer=signer)
        # The file in the register is the signed one: its digest is taken last.
        pdf = signing.sign_pdf(make(content, stamp), number=stamp.number, facts=facts, at=issued_at)
        issued = Issued(
            number=stamp.number,
            check_code=stamp.check_code,
            verify_url=stamp.verify_url,
            issued_at=issued_at,
            file_digest=hashlib.sha256(pdf).hexdigest(),
            pdf=pdf,
            content=content,
            facts=facts,
            beside=beside(content, stamp) if beside else "",
        )
        if _register(issued, asked=asked, signer=signer.fingerprint, by=by, also=also):
            return issued
    raise NoFreeNumber("未能生成报告编号，请稍后重试。", "No report number could be made; try again later.")


def number_of(issued_at: datetime) -> str:
    """A number for a paper: when, and eight letters drawn at random."""
    return f"{issued_at.astimezone(clock.ZONE):%Y%m%d%H%M%S}" + "".join(secrets.choice(_ALPHABET) for _ in range(8))


def _with_zone(issued_at: datetime) -> None:
    if issued_at.tzinfo is None:
        raise InstantWithoutZone("出具时间缺少时区。", "The issuing time lacks a time zone.")


def _stamp(issued_at: datetime, *, facts: str, signer: signing.Signer) -> Stamp:
    number = number_of(issued_at)
    check_code = base64.b32encode(secrets.token_bytes(16)).decode("ascii").rstrip("=")
    url = f"{settings.SITE_ORIGIN}/verify/{check_code}/"
    return Stamp(number, check_code, issued_at, url, facts, signer.subject, signer.is_demo)


def _register(
    issued: Issued, *, asked: Asked, signer: str, by: Actor, also: Callable[[Issued], None] | None
) -> bool:  # fmt: skip
    """Adds the register row and the audit entry; False when the number or the check code is taken."""
    content: Paper = issued.content
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
                content_digest=issued.facts,
                file_digest=issued.file_digest,
                counts=content.totals,
                asked={"series": asked.series, **asked.details} if asked.series else {},
                purpose=unnumbered(asked.purpose)[:200],
                other_digest=hashlib.sha256(issued.beside.encode()).hexdigest() if issued.beside else "",
                signer=signer,
            )
            audit.enter(
                audit.Event.REPORT_ISSUED,
                by=by,
                object_kind="report",
                object_ref=issued.number,
                purpose=asked.purpose,
                subject_code=content.code,
                as_of=content.as_of.isoformat(),
                **({"kind": content.kind, "series": asked.series[:200]} if asked.series else {}),
            )
            if also is not None:
                also(issued)
    except IntegrityError as error:
        if _violated(error) in _DRAWN:
            return False
        raise
    return True


def _violated(error: IntegrityError) -> str:
    diagnostics = getattr(error.__cause__, "diag", None)
    return getattr(diagnostics, "constraint_name", None) or ""
