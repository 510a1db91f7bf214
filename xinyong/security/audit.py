"""The audit log: exactly one entry for each write and each non-public read, in the transaction of its effect."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from django.db import connection
from django.db.models import Q

from xinyong.kernel import clock, sql
from xinyong.kernel.scrubbing import unnumbered
from xinyong.security.access import Action, Actor, require
from xinyong.security.ledger import health
from xinyong.security.models import AuditEntry

_SQL = sql.load(__file__, "audit.sql")


class Event(StrEnum):
    """What can stand in the log. The value is stable: auditors filter by it."""

    SIGNED_IN = "signed-in"
    SIGN_IN_REFUSED = "sign-in-refused"
    SIGNED_OUT = "signed-out"
    ACCESS_REFUSED = "access-refused"
    SESSION_ENDED = "session-ended"
    INVITED = "invited"
    INVITATION_USED = "invitation-used"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - the name of an event
    FACTOR_ADDED = "factor-added"
    FACTOR_REMOVED = "factor-removed"
    FACTOR_SHOWN = "factor-shown"
    RECOVERY_CODES_MADE = "recovery-codes-made"
    OUTSIDE_LINKED = "outside-linked"
    OUTSIDE_UNLINKED = "outside-unlinked"
    FILE_RECEIVED = "file-received"
    FILE_REFUSED = "file-refused"
    FILE_TRIED = "file-tried"
    SUBMISSION_CANCELLED = "submission-cancelled"
    SUBMISSION_DEPOSITED = "submission-deposited"
    SUBMISSION_REVERTED = "submission-reverted"
    FEEDBACK_TAKEN = "feedback-taken"
    COLUMNS_CHOSEN = "columns-chosen"
    SUBMISSION_VIEWED = "submission-viewed"
    SUBMISSIONS_LISTED = "submissions-listed"
    LINEAGE_VIEWED = "lineage-viewed"
    DOUBTS_VIEWED = "doubts-viewed"
    SUGGESTION_ACCEPTED = "suggestion-accepted"
    DOUBT_WAIVED = "doubt-waived"
    WAIVER_ENDED = "waiver-ended"
    ROW_SENT_BACK = "row-sent-back"
    ROW_PASSED_ON = "row-passed-on"
    WARNING_CONFIRMED = "warning-confirmed"
    ROW_ACT_UNDONE = "row-act-undone"
    MANDATE_GIVEN = "mandate-given"
    MANDATE_ENDED = "mandate-ended"
    MANDATES_VIEWED = "mandates-viewed"
    DECLARATION_MADE = "declaration-made"
    DECLARATION_CHECKED = "declaration-checked"
    DECLARATION_REFUSED = "declaration-refused"
    DECLARATION_WITHDRAWN = "declaration-withdrawn"
    OWN_VIEWED = "own-declarations-viewed"
    CASE_OPENED = "case-opened"
    CASE_STEP = "case-step"
    CASE_VIEWED = "case-viewed"
    CASES_LISTED = "cases-listed"
    REPAIR_ACKNOWLEDGED = "repair-acknowledged"
    ANNULMENT_NOTED = "annulment-noted"
    RECORD_ANNULLED = "record-annulled"
    ANNULMENTS_VIEWED = "annulments-viewed"
    GUIDANCE_ENTERED = "guidance-entered"
    GUIDANCE_TAKEN_BACK = "guidance-taken-back"
    GUIDANCE_VIEWED = "guidance-viewed"
    PROOF_OPENED = "proof-opened"
    DOSSIER_VIEWED = "dossier-viewed"
    PERSON_ADMITTED = "person-admitted"
    PERSON_ERASED = "person-erased"
    PERSONS_VIEWED = "persons-viewed"
    ABOUT_ME_VIEWED = "about-me-viewed"
    ABOUT_ME_TAKEN = "about-me-taken"
    CLAIM_MADE = "claim-made"
    CLAIM_REFUSED = "claim-refused"
    CLAIMS_VIEWED = "claims-viewed"
    SUBJECTS_TOLD = "subjects-told"
    OWN_CHANNELS_SET = "own-channels-set"
    CONTACT_VERIFIED = "contact-verified"
    TOTAL_DECLARED = "total-declared"
    TOTAL_TAKEN_BACK = "total-taken-back"
    SPOT_CHECKED = "spot-checked"
    DECLARATIONS_VIEWED = "declarations-viewed"
    DUTY_SET = "duty-set"
    DUTIES_VIEWED = "duties-viewed"
    SUPPLY_SET = "supply-set"
    SUPPLIES_VIEWED = "supplies-viewed"
    WINDOW_RULE_SET = "window-rule-set"
    WINDOW_EXCEPTION_GRANTED = "window-exception-granted"
    WINDOW_EXCEPTION_WITHDRAWN = "window-exception-withdrawn"
    WINDOWS_VIEWED = "windows-viewed"
    REMINDERS_TOLD = "reminders-told"
    NOTICES_VIEWED = "notices-viewed"
    NOTICES_READ = "notices-read"
    NOTICE_SENT = "notice-sent"
    NOTICE_GIVEN_UP = "notice-given-up"
    NOTICE_RESENT = "notice-resent"
    CHANNELS_SET = "channels-set"
    RATES_VIEWED = "rates-viewed"
    RATES_EXPORTED = "rates-exported"
    BULLETIN_ISSUED = "bulletin-issued"
    BULLETIN_VIEWED = "bulletin-viewed"
    TASKS_IMPORTED = "tasks-imported"
    TASK_ENTERED = "task-entered"
    TASK_REPORTED = "task-reported"
    TASK_DECIDED = "task-decided"
    TASK_CHANGED = "task-changed"
    TASKS_VIEWED = "tasks-viewed"
    TASKS_EXPORTED = "tasks-exported"
    LINK_JUDGED = "link-judged"
    LINK_UNDONE = "link-undone"
    LINKS_VIEWED = "links-viewed"
    LOG_VIEWED = "log-viewed"
    LOG_KEY_ADDED = "log-key-added"
    EVIDENCE_VIEWED = "evidence-viewed"
    RECEIPT_TAKEN = "receipt-taken"
    DROP_QUARANTINED = "drop-quarantined"
    DROP_RELEASED = "drop-released"
    DROP_DISCARDED = "drop-discarded"
    WORK_TRIED_AGAIN = "work-tried-again"
    DROP_OPENED = "drop-opened"
    DROPS_VIEWED = "drops-viewed"
    CHANGES_RECEIVED = "changes-received"
    CHANGES_SKIPPED = "changes-skipped"
    FEEDS_VIEWED = "feeds-viewed"
    SUCCESSION_UNDONE = "succession-undone"
    REPORT_ISSUED = "report-issued"
    REPORT_REVOKED = "report-revoked"
    REPORTS_VIEWED = "reports-viewed"
    REPORT_BATCH_ASKED = "report-batch-asked"
    REPORT_BATCH_TAKEN = "report-batch-taken"
    REPORT_BATCH_REMOVED = "report-batch-removed"
    CATALOGUE_DRAFTED = "catalogue-drafted"
    CATALOGUE_PUBLISHED = "catalogue-published"
    CATALOGUE_RETIRED = "catalogue-retired"
    CATALOGUE_DISCARDED = "catalogue-discarded"
    CATALOGUE_RECHECK_ASKED = "catalogue-recheck-asked"
    CATALOGUE_RECHECKED = "catalogue-rechecked"
    TABLE_CHANGED = "table-changed"
    CLOCKS_RUN = "clocks-run"
    ERASING_BEGUN = "erasing-begun"
    CONTENT_ERASED = "content-erased"
    ANSWERS_ERASED = "answers-erased"
    DATA_DUTIES_VIEWED = "data-duties-viewed"
    PROCESSING_EXPORTED = "processing-exported"
    ASSESSMENT_WRITTEN = "assessment-written"
    ASSESSMENT_IN_FORCE = "assessment-in-force"
    KEYS_ROTATED = "keys-rotated"
    KEYS_REWRAPPED = "keys-rewrapped"
    KEYS_RESEALED = "keys-resealed"
    ACCOUNT_CREATED = "account-created"
    ACCOUNT_DISABLED = "account-disabled"
    DEPARTMENT_REGISTERED = "department-registered"
    DEPARTMENT_CLOSED = "department-closed"
    OFFICE_FOUNDED = "office-founded"
    OFFICE_CLOSED = "office-closed"
    ACCOUNT_MOVED = "account-moved"
    PEOPLE_VIEWED = "people-viewed"
    GRANT_GIVEN = "grant-given"
    GRANT_ENDED = "grant-ended"
    GRANT_DELEGATED = "grant-delegated"
    GRANT_CHOSEN = "grant-chosen"
    ACCESS_EXPLAINED = "access-explained"
    APPROVAL_ASKED = "approval-asked"
    APPROVAL_GIVEN = "approval-given"
    APPROVAL_REFUSED = "approval-refused"
    APPROVAL_USED = "approval-used"
    APPROVAL_LAPSED = "approval-lapsed"
    APPROVALS_VIEWED = "approvals-viewed"
    LOG_EXPORTED = "log-exported"
    SHARED_EXPORTED = "shared-exported"
    SPECIAL_QUERIED = "special-queried"
    AUTHORISED_QUERIED = "authorised-queried"
    GLASS_BROKEN = "glass-broken"
    CONSENT_ASKED = "consent-asked"
    CONSENT_GIVEN = "consent-given"
    CONSENT_REFUSED = "consent-refused"
    CONSENT_WITHDRAWN = "consent-withdrawn"
    CONSENT_ENDED = "consent-ended"
    ASKING_ALLOWED = "asking-allowed"
    CONSENTS_VIEWED = "consents-viewed"
    ACCESS_LOG_VIEWED = "access-log-viewed"
    ALARMS_RAISED = "alarms-raised"
    ALARMS_VIEWED = "alarms-viewed"
    ALARM_REVIEWED = "alarm-reviewed"
    HONOURS_LEFT_OUT = "honours-left-out"
    CLIENT_REGISTERED = "client-registered"
    CLIENT_CHANGED = "client-changed"
    CLIENT_SECRET_ROTATED = "client-secret-rotated"  # noqa: S105 (an event)
    CLIENT_DISABLED = "client-disabled"
    CLIENTS_VIEWED = "clients-viewed"
    TOKEN_ISSUED = "token-issued"  # noqa: S105 (an event)
    TOKEN_REFUSED = "token-refused"  # noqa: S105 (an event)
    CALL_REFUSED = "call-refused"
    DOCKING_DECLARED = "docking-declared"
    DOCKING_CHANGED = "docking-changed"
    DOCKING_REMOVED = "docking-removed"
    DOCKING_VIEWED = "docking-viewed"
    DOCKING_TRIED = "docking-tried"
    DOCKING_PULLED = "docking-pulled"
    PARTNER_REGISTERED = "partner-registered"
    PARTNER_DISABLED = "partner-disabled"
    PARTNER_KEY_ADDED = "partner-key-added"
    PARTNER_KEY_ENDED = "partner-key-ended"
    PARTNER_SUPPLIED = "partner-supplied"
    MESSAGE_ACCEPTED = "message-accepted"
    MESSAGE_REFUSED = "message-refused"


#: Acts that go on while no checkpoint can be signed: signing in, looking at the log's health, refusals, taking rights away,
#: and what is handed in or ends by the clock, which waits for its leaf. Everything else that is not public stops, a new event
#: too until it stands here (ledger/health.py).
GOES_ON = frozenset(
    {
        Event.SIGNED_IN, Event.SIGN_IN_REFUSED, Event.SIGNED_OUT, Event.FACTOR_SHOWN, Event.SESSION_ENDED, Event.GRANT_CHOSEN,
        Event.ACCESS_REFUSED, Event.TOKEN_REFUSED, Event.CALL_REFUSED, Event.MESSAGE_REFUSED, Event.APPROVAL_LAPSED,
        Event.ACCOUNT_DISABLED, Event.GRANT_ENDED, Event.MANDATE_ENDED, Event.CONSENT_REFUSED, Event.CONSENT_WITHDRAWN,
        Event.HONOURS_LEFT_OUT, Event.ALARMS_RAISED,
        Event.CLIENT_DISABLED, Event.PARTNER_DISABLED, Event.PARTNER_KEY_ENDED,
        Event.FILE_RECEIVED, Event.DECLARATION_MADE, Event.CASE_OPENED,
        Event.FILE_REFUSED, Event.DROP_QUARANTINED, Event.SUBMISSION_DEPOSITED, Event.CLOCKS_RUN, Event.EVIDENCE_VIEWED,
        Event.LOG_KEY_ADDED, Event.DOCKING_PULLED, Event.DOCKING_REMOVED, Event.WAIVER_ENDED, Event.CHANGES_RECEIVED,
        Event.REMINDERS_TOLD, Event.NOTICE_SENT, Event.NOTICE_GIVEN_UP, Event.SUBJECTS_TOLD, Event.CLAIM_MADE,
        Event.PERSON_ERASED, Event.CONSENT_ENDED, Event.ANSWERS_ERASED,
    }
)  # fmt: skip


#: Facts that people type; so is the purpose. What looks like a person's number is taken out of them before it is entered.
_TYPED = frozenset({"reason", "basis"})


def enter(
    event: Event,
    *,
    by: Actor,
    object_kind: str,
    object_ref: str,
    outcome: str = "done",
    purpose: str = "",
    **facts: str | int | float | bool | None,
) -> None:
    """Adds one entry. Call it inside the transaction of the effect, and before data leave.

    ``object_ref`` and ``facts`` must not hold personal identifiers; ids, counts and organisation codes may stand. What people
    type (``purpose``, and the facts ``reason`` and ``basis``) stands without the numbers of persons and telephones in it. Raises
    ledger.health's NoEvidence when the act cannot be entered, or could not be proved.
    """
    if by.guardianship is not None:  # what a guardian does for a child is theirs, and said to be
        facts |= {"guardianship": by.guardianship}
    facts |= {name: unnumbered(text) for name in _TYPED if isinstance(text := facts.get(name), str)}
    facts = {name: _storable(value) if isinstance(value, str) else value for name, value in facts.items()}
    values = {
        "at": clock.now(), "role": by.role.value, "actor": by.name, "department": by.department or by.subject_code or "",
        "address": by.address, "event": event.value, "object_kind": object_kind, "object_ref": _storable(object_ref),
        "purpose": _storable(unnumbered(purpose)), "outcome": outcome, "facts": json.dumps(facts, ensure_ascii=False),
    }  # fmt: skip
    with health.guarded(by, may_go_on=event in GOES_ON), connection.cursor() as cursor:
        cursor.execute(_SQL["enter"], values)


def _storable(text: str) -> str:
    """PostgreSQL keeps no zero character in a text; whoever sends one must not keep their act out of the log."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log as an auditor sees it."""

    id: int
    at: datetime
    role: str
    actor: str
    department: str
    event: str
    object_kind: str
    object_ref: str
    purpose: str
    outcome: str
    address: str | None
    facts: dict[str, object]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which entries: each word exact, ``since`` and ``until`` the first and last day, ``address`` from where, "" for any."""

    event: str = ""
    actor: str = ""
    department: str = ""
    object_kind: str = ""
    object_ref: str = ""
    outcome: str = ""
    address: str = ""
    since: date | None = None
    until: date | None = None

    @property
    def names(self) -> str:
        """Which were given, without what they say: somebody may type a person's number into one."""
        return ",".join(name for name in self.__slots__ if getattr(self, name))


def entries(
    *,
    seen_by: Actor,
    before: int | None = None,
    event: str = "",
    actor: str = "",
    until: date | None = None,
    limit: int = 50,
    asked: Asked | None = None,
) -> Sequence[Entry]:
    """The newest entries first, for auditors only; ``before`` continues a page (keyset by id). What is asked for stands in
    ``asked``, or for short in ``event``, ``actor`` and ``until``."""
    require(seen_by, Action.VIEW_AUDIT)
    asked = asked or Asked(event=event, actor=actor, until=until)
    exact = ("event", "actor", "department", "object_kind", "object_ref", "outcome", "address")
    wanted = [Q((name, getattr(asked, name))) for name in exact if getattr(asked, name)]
    if before is not None:
        wanted.append(Q(id__lt=before))
    if asked.since is not None:
        wanted.append(Q(at__gte=datetime.combine(asked.since, time(), tzinfo=clock.ZONE)))
    if asked.until is not None:
        wanted.append(Q(at__lt=datetime.combine(asked.until + timedelta(days=1), time(), tzinfo=clock.ZONE)))
    found = AuditEntry.objects.filter(*wanted).order_by("-id")
    return [
        Entry(
            id=e.id, at=e.at, role=e.role, actor=e.actor, department=e.department, event=e.event,
            object_kind=e.object_kind, object_ref=e.object_ref, purpose=e.purpose, outcome=e.outcome,
            address=e.address, facts=e.facts,
        )
        for e in found[:limit]
    ]  # fmt: skip
