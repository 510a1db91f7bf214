"""关于我的一切 Everything held about oneself in one file, as JSON and as PDF, sealed and signed as papers are; free, for nobody else.

It is composed when it is asked for, leaves at once and is kept nowhere: no register holds it, so whoever has it verifies it by its
signature alone. What stands in it is whole, nothing masked; taking it asks for the second factor again. Which official did something
is not told, their unit is. The parts are what each room keeps (``held.py`` of each); ``TOLD`` names their tables, ``NOT_TOLD`` those
that say something of a subject and are left out, with the reason: a test holds that no table is in neither.
Source: PIPL 44, 45; Shanghai 34, Shandong 37 (INV-73).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction

from xinyong.intake import held as of_intake
from xinyong.kernel import clock
from xinyong.records import held as of_records
from xinyong.records import own
from xinyong.reports import issue, render_everything, signing
from xinyong.reports.models import BatchLine, IssuedReport, ReportBatch
from xinyong.rights import held as of_rights
from xinyong.rights import whose
from xinyong.security import audit, scope
from xinyong.security import held as of_security
from xinyong.security.access import Action, Actor, require, system
from xinyong.subjects import held as of_subjects
from xinyong.subjects import persons as register
from xinyong.workflow import held as of_workflow

#: Tables whose rows about a subject stand in the file.
TOLD = frozenset(
    {
        *of_intake.TABLES, *of_records.TABLES, *of_rights.TABLES, *of_security.TABLES, *of_subjects.TABLES, *of_workflow.TABLES,
        "reports_issuedreport", "reports_revocation", "reports_reportbatch", "reports_batchline", "security_auditentry",
    }
)  # fmt: skip
#: Tables with a column of a subject, an account or a person that are left out, and why.
NOT_TOLD: Mapping[str, str] = {
    "security_recoverycode": "secrets for signing in, kept as digests",
    "security_usedpassword": "secrets for signing in, kept as digests",
    "security_onetimelink": "secrets for signing in, kept as digests",
    "security_post": "offices of staff; nobody who asks for this file has one",
    "security_grant": "offices of staff; nobody who asks for this file has one",
    "security_allowance": "quotas of staff",
    "security_handout": "files handed out to staff",
    "workflow_message": "the outbox; the notices it carried are told",
    "records_accounterasure": "holds counts and a digest; an account that was given up asks no more",
    "intake_submission": "what it brought stands among the records, each with its number",
    "intake_entryrow": "a draft of staff",
    "intake_upload": "an unfinished upload of staff",
    "intake_dockeddatabase": "the account of a department's database",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """The file: ``number`` names it, ``digest`` is the SHA-256 (hex) of what it says; ``json`` is sealed, ``pdf`` signed."""

    number: str
    digest: str
    made_at: datetime
    said: Mapping[str, Any]
    text: str
    pdf: bytes


def of_oneself(*, by: Actor, at: datetime, as_pdf: bool = False) -> Taken:
    """Everything held about who asks: sealed JSON, and where it is wanted the signed PDF of the same. One entry, before a byte leaves.

    Raises security's NotAllowed, FactorNeeded, signing's NoPaperKey, TimeStampRefused.
    """
    with transaction.atomic():
        who = register.settled(by)
        require(who, Action.TAKE_ABOUT_ME, subject=who.subject)
        number = issue.number_of(at)
        said = _plain({"number": number, "made_at": at.astimezone(clock.ZONE)} | _parts(who, at))
        digest = digest_of(said)
        audit.enter(
            audit.Event.ABOUT_ME_TAKEN, by=who, object_kind="own-file", object_ref=who.subject_code or "own",
            records=len(said["records"]),
        )  # fmt: skip
    text = json.dumps(said | {"seal": _seal(number, digest, at)}, ensure_ascii=False, indent=1) + "\n"
    pdf = b""
    if as_pdf:
        signer = signing.signer()
        made = render_everything.pdf(said, digest=digest, signer=signer, at=at)
        pdf = signing.sign_pdf(made, number=number, facts=digest, at=at)
    return Taken(number, digest, at, said, text, pdf)


def digest_of(said: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of what a file says, its seal apart: canonical JSON, as of every paper."""
    plain = {name: value for name, value in said.items() if name != "seal"}
    return hashlib.sha256(
        json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")
    ).hexdigest()


def _parts(who: Actor, at: datetime) -> dict[str, Any]:
    """What every room keeps, part by part. The platform reads: some tables open to nobody else; each statement names the subject."""
    today, subject_id = clock.day(at), who.subject
    is_person = who.subject_code is None
    made: dict[str, Any] = {
        "subject": own.subject(who), "issuer": settings.SITE_NAME, "about": _ABOUT, "records": own.whole(who, today=today),
    }  # fmt: skip
    ref = whose.ref_of_oneself(who)
    with scope.acting(system("own-file")):
        made |= {
            "register": of_subjects.register(subject_id, known_at=at)
            if subject_id is not None and not is_person
            else {},
            "account": of_security.account(who.account_id) | {"channels": of_workflow.channels(who.account_id)}
            if who.account_id is not None and is_person
            else {},
            "claims": of_subjects.claims(
                account_id=who.account_id if is_person else None, subject_id=None if is_person else subject_id
            ),
            "mandates": of_security.mandates(subject_id) if subject_id is not None and not is_person else [],
            "guardianships": of_security.guardianships(who.account_id)
            if who.account_id is not None and is_person
            else [],
            "looks": of_rights.looks(ref, at=at) if ref else [],
        }
        made |= {name: read(subject_id) if subject_id is not None else [] for name, read in _BY_SUBJECT.items()}
        key = whose.speaker(who).subject
        made |= {name: read(key) if key is not None else [] for name, read in _BY_KEY.items()}
        made["told_to"] = of_rights.told_to(who.subject_code) if who.subject_code else []
    return made


def _papers(subject_id: int) -> list[dict[str, Any]]:
    """Papers that were given out about a subject, to whom by role, for what; revoked ones with the reason."""
    rows = IssuedReport.objects.select_related("revocation").filter(subject_id=subject_id).order_by("pk")
    return [
        {
            "number": one.number, "kind": one.kind, "as_of": one.as_of, "issued_at": one.issued_at,
            "to": one.issued_to.partition(":")[0], "purpose": one.purpose, "sha256": one.file_digest,
            "revoked_at": one.revocation.at if hasattr(one, "revocation") else None,
            "revoked_why": one.revocation.reason if hasattr(one, "revocation") else "",
        }
        for one in rows
    ]  # fmt: skip


def _batches(subject_id: int) -> list[dict[str, Any]]:
    """Lists of papers that an organisation asked for, and lines of others' lists that were about it."""
    asked = ReportBatch.objects.filter(subject_id=subject_id).order_by("pk")
    lines = (
        BatchLine.objects.filter(subject_id=subject_id).exclude(batch__subject_id=subject_id).select_related("batch")
    )
    return [
        {"batch": one.pk, "asked_at": one.asked_at, "lines": one.total, "is_own": True, "state": one.state} for one in asked
    ] + [
        {"batch": one.batch_id, "asked_at": one.batch.asked_at, "line": one.number, "is_own": False, "outcome": one.outcome,
         "paper": one.report_number}
        for one in lines.order_by("pk")
    ]  # fmt: skip


#: Parts that are read by the key under which a subject's word is kept: a person's does not change when they come on file.
_BY_KEY = {
    "consents": of_rights.consents, "consent_requests": of_rights.requests, "kept_answers": of_rights.kept_answers,
}  # fmt: skip
#: Parts that are read by the subject's number.
_BY_SUBJECT = {
    "annotations": of_records.annotations, "repairs": of_records.repairs, "terms_ended": of_records.clocks,
    "deletions": of_records.deletions, "verifications": of_records.verifications, "opt_outs": of_records.opt_outs,
    "annulments": of_rights.annulments, "viewer_references": of_rights.references, "guidance": of_rights.guidance, "cases": of_workflow.cases,
    "notices": of_workflow.notices, "declarations": of_intake.declarations, "links": of_subjects.links,
    "papers": _papers, "batches": _batches,
}  # fmt: skip
_ABOUT = {
    "zh": "本平台保存的有关您的全部信息，未作隐去，免费提供。本文件不在平台留存；是否被改动，请核对签名。经办人员的姓名不列出，只列单位。",
    "en": "All that this platform holds about you, nothing masked, free of charge. No copy is kept here; its signature tells whether it was "
    "changed. Units are named, not the officials.",
}


def _seal(number: str, digest: str, at: datetime) -> dict[str, str]:
    """The signature over what the file says, by the key of papers."""
    facts = {"kind": "everything", "document_sha256": digest}
    stated = hashlib.sha256(json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    return {
        "sha256": digest,
        "jws": signing.sign_json(
            {"iss": settings.SITE_ORIGIN, "jti": number, "iat": int(at.timestamp()), "check_code": "", "facts": facts,
             "facts_sha256": stated}
        ),
    }  # fmt: skip


def _plain(value: Any) -> Any:
    """As JSON has it: days and instants in ISO form, instants as Beijing reads them."""
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return value.astimezone(clock.ZONE).isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
