"""Is this report genuine? By the check code in its QR, or by the file itself (T11).

The register holds the SHA-256 of every file given out: any changed byte makes another digest. A file that is not in the
register but carries a number or check code that is, was altered. What a file's own signature says is reports/offline.py's; only
here is known what was revoked or superseded.
"""

import hashlib
import re
import zlib
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path

from django.db.models import Q

from xinyong.kernel import clock
from xinyong.reports.models import IssuedReport, Revocation

_NUMBER = re.compile(rb"report-number:(\d{14}[2-9A-Z]{8})")
_CHECK_CODE = re.compile(rb"check-code:([A-Z2-7]{26})")
_CODE = re.compile(r"[A-Z2-7]{26}")
#: A file saved again by another program may have packed its metadata: so many packed streams are looked into, so far.
_STREAMS = 200
_STREAM_BYTES = 256 * 1024


class Verdict(StrEnum):
    """The answer. A file can be all five; a code alone cannot be altered."""

    GENUINE = "genuine"
    SUPERSEDED = "superseded"  # genuine, and a newer report of the same subject exists
    REVOKED = "revoked"  # given out, and revoked since: not to be relied on
    ALTERED = "altered"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verification:
    """The answer with its sentence and what the register says of the report, to compare with the paper in hand.

    ``counts`` are the numbers of records printed on the cover by section ("1.2": None where not collected). ``newer_at``
    and ``is_newer_same`` (its facts are the same) speak of the newest report of the same subject.
    """

    verdict: Verdict
    zh: str
    en: str
    kind: str = ""
    number: str = ""
    check_code: str = ""
    subject_code: str = ""
    subject_name: str = ""
    as_of: date | None = None
    issued_at: datetime | None = None
    counts: dict[str, int | None] | None = None
    file_digest: str = ""
    newer_at: datetime | None = None
    is_newer_same: bool = False
    revoked_at: datetime | None = None
    revoked_why: str = ""
    is_signed: bool = False

    @property
    def is_genuine(self) -> bool:
        """True when the platform gave it out as it is, and stands by it."""
        return self.verdict in {Verdict.GENUINE, Verdict.SUPERSEDED}


def code(check_code: str) -> Verification:
    """What the register says of the report with this check code (blanks, hyphens and case do not matter)."""
    wanted = re.sub(r"[\s-]", "", check_code).upper()
    found = IssuedReport.objects.filter(check_code=wanted).first() if _CODE.fullmatch(wanted) else None
    if found is None:
        return Verification(
            Verdict.UNKNOWN,
            "本平台没有出具过带有这个验证码的报告。请核对验证码；如扫码得到此结果，该报告不是本平台出具的。",
            "This platform has issued no report with this check code. Check the code; if it came from the QR code, "
            "the report is not ours.",
        )
    return _known(
        found,
        "本平台出具过这份报告。请核对下列编号、名称、时间和条数与手中的报告是否一致；有电子文件的，请上传文件核验是否被改动。",
        "This platform issued this report. Compare number, name, time and counts below with the report in hand; "
        "if you have the file, upload it to see whether it was changed.",
    )


def file(given: bytes | Path) -> Verification:
    """Whether this very file was given out by the platform, byte for byte."""
    data = given.read_bytes() if isinstance(given, Path) else given
    digest = hashlib.sha256(data).hexdigest()
    # A statement's JSON may have been saved with a line's end behind it.
    beside = hashlib.sha256(data.strip()).hexdigest() if len(data) < _STREAM_BYTES else digest
    found = IssuedReport.objects.filter(Q(file_digest=digest) | Q(other_digest=beside)).first()
    if found is not None:
        return _known(
            found,
            "文件真实：与本平台出具的报告逐字节一致。",
            "Genuine: byte for byte the report this platform issued.",
        )
    claimed = _claimed(data)
    if claimed is None:
        return Verification(
            Verdict.UNKNOWN,
            "不能确认：文件中没有本平台出具的报告编号。它不是本平台出具的原始文件；如由打印或截图得来，请用二维码核验。",
            "Not ours as it stands: the file holds no report number of this platform. If it is a print or a picture, "
            "use the QR code.",
            file_digest=digest,
        )
    return Verification(
        Verdict.ALTERED,
        f"文件已被改动：编号 {claimed.number} 的报告由本平台出具，但此文件与出具时不一致，请勿采信。",
        f"Altered: report {claimed.number} was issued by this platform, but this file differs from it. Do not rely on it.",
        number=claimed.number,
        subject_code=claimed.subject_code,
        subject_name=claimed.subject_name,
        as_of=claimed.as_of,
        issued_at=claimed.issued_at,
        counts=claimed.counts,
        file_digest=digest,
    )


def _known(found: IssuedReport, zh: str, en: str) -> Verification:
    verdict = Verdict.GENUINE
    revoked = Revocation.objects.filter(report=found).first()
    newest = None if revoked else _newer(found)
    if revoked is not None:
        verdict = Verdict.REVOKED
        when = _moment(revoked.at)
        zh = f"已撤销：本平台出具过这份文件，但已于 {when} 撤销，请勿采信。撤销原因：{revoked.reason}"
        en = f"Revoked: this platform gave it out and revoked it at {when}. Do not rely on it. Why: {revoked.reason}"
    elif newest is not None:
        verdict = Verdict.SUPERSEDED
        when = _moment(newest.issued_at)
        is_same = newest.content_digest == found.content_digest
        zh += f"该主体在 {when} 有更新的报告，所列事实{'没有变化' if is_same else '有变化，请以新报告为准'}。"
        en += f" A newer report of this subject was issued at {when}; its facts {'are the same' if is_same else 'differ'}."
    return Verification(
        verdict,
        zh,
        en,
        kind=found.kind,
        number=found.number,
        check_code=found.check_code,
        subject_code=found.subject_code,
        subject_name=found.subject_name,
        as_of=found.as_of,
        issued_at=found.issued_at,
        counts=found.counts,
        file_digest=found.file_digest,
        newer_at=newest.issued_at if newest else None,
        is_newer_same=newest is not None and newest.content_digest == found.content_digest,
        revoked_at=revoked.at if revoked else None,
        revoked_why=revoked.reason if revoked else "",
        is_signed=bool(found.signer),
    )


def _newer(found: IssuedReport) -> IssuedReport | None:
    """The newest paper that supersedes one: of the same subject and kind, asked for the same, and not revoked itself."""
    newer = IssuedReport.objects.filter(
        subject_id=found.subject_id, kind=found.kind, id__gt=found.pk, as_of__gte=found.as_of, revocation=None
    )
    if found.asked:
        newer = newer.filter(asked__series=found.asked["series"])
    return newer.order_by("-id").first()


def _moment(at: datetime) -> str:
    return f"{at.astimezone(clock.ZONE):%Y-%m-%d %H:%M:%S}"


def _claimed(data: bytes) -> IssuedReport | None:
    """The registered report whose number or check code the file carries: plain, or in packed streams."""
    numbers, check_codes = _marks(data)
    if not numbers and not check_codes:
        numbers, check_codes = _marks(_unpacked(data))
    if not numbers and not check_codes:
        return None
    return IssuedReport.objects.filter(Q(number__in=numbers) | Q(check_code__in=check_codes)).order_by("id").first()


def _marks(data: bytes) -> tuple[set[str], set[str]]:
    numbers = {one.decode("ascii") for one in _NUMBER.findall(data)}
    return numbers, {one.decode("ascii") for one in _CHECK_CODE.findall(data)}


def _unpacked(data: bytes) -> bytes:
    """The beginnings of the file's deflated streams, bounded: a hostile file costs no more than this."""
    parts = []
    for found, place in enumerate(re.finditer(rb"stream\r?\n", data)):
        if found >= _STREAMS:
            break
        try:
            parts.append(
                zlib.decompressobj().decompress(data[place.end() : place.end() + _STREAM_BYTES], _STREAM_BYTES)
            )
        except zlib.error:
            continue
    return b"\n".join(parts)
