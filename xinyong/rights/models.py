"""What subjects allow whom, answers kept for hand-over, alarms about looks; all but the kept answers only ever grow."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from xinyong.rights.annulment_models import Annulment, AnnulmentDone, AnnulmentOrder
from xinyong.rights.repair_models import Guidance, PartnerSupply, Recipient, RecipientReceipt
from xinyong.security.models import Department
from xinyong.security.sealed import SealedColumn

__all__ = [
    "Annulment", "AnnulmentDone", "AnnulmentOrder", "Guidance", "PartnerSupply", "Recipient", "RecipientReceipt",
]  # fmt: skip
from xinyong.rights.case_words_models import CaseWords

__all__ = ["CaseWords", "Guidance", "Recipient", "RecipientReceipt"]

SEALED = (SealedColumn("rights_keptanswer", "rights.answer"), SealedColumn("rights_casewords", "rights.case-words"))


class ConsentRequest(models.Model):
    """A recipient asks a subject for an authorisation (授权请求): for what, which items, how long, and what happens without. Unanswered
    it ends at ``lapses_at``. ``subject_id``, here and below: of the register for an organisation, a person's key (whose.key_of)."""

    subject_id = models.BigIntegerField()
    recipient = models.ForeignKey(Department, on_delete=models.PROTECT)
    purpose = models.CharField(max_length=20)
    items = ArrayField(models.CharField(max_length=40))
    days = models.PositiveSmallIntegerField()
    without = models.CharField(max_length=200, help_text="what happens when the subject says no")
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=80)
    lapses_at = models.DateTimeField(help_text="first instant at which it can be answered no more")

    class Meta:
        indexes = [
            models.Index(fields=["subject_id", "-id"], name="consent_request_of_subject"),
            models.Index(fields=["recipient", "-id"], name="consent_request_of_unit"),
        ]


class ConsentRefusal(models.Model):
    """That a subject said no to a request; the recipient does not ask for that purpose again."""

    request = models.OneToOneField(ConsentRequest, on_delete=models.PROTECT, primary_key=True, related_name="refusal")
    subject_id = models.BigIntegerField()
    refused_at = models.DateTimeField()
    refused_by = models.CharField(max_length=80)
    guardianship_id = models.BigIntegerField(null=True, help_text="of the guardian who said it, where one did")


class RefusalUndoing(models.Model):
    """That a subject took its refusal back: the recipient may ask for that purpose again (允许再次请求)."""

    refusal = models.OneToOneField(ConsentRefusal, on_delete=models.PROTECT, primary_key=True, related_name="undoing")
    subject_id = models.BigIntegerField()
    undone_at = models.DateTimeField()
    undone_by = models.CharField(max_length=80)
    guardianship_id = models.BigIntegerField(null=True, help_text="of the guardian who said it, where one did")


class Consent(models.Model):
    """An authorisation (授权): the subject lets a recipient look for a purpose at some items for a time. ``request`` is null where the
    subject gave it unasked. ``notice_digest``: of the text that was shown. It ends by its term, or by a withdrawal."""

    number = models.CharField(max_length=24, unique=True, help_text="on the receipt")
    request = models.OneToOneField(ConsentRequest, null=True, on_delete=models.PROTECT, related_name="consent")
    subject_id = models.BigIntegerField()
    recipient = models.ForeignKey(Department, on_delete=models.PROTECT)
    purpose = models.CharField(max_length=20)
    items = ArrayField(models.CharField(max_length=40))
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(help_text="first instant it holds no more")
    notice = models.CharField(max_length=20, help_text="edition of the text that was shown")
    notice_digest = models.CharField(max_length=64)
    given_at = models.DateTimeField()
    given_by = models.CharField(max_length=80)
    guardianship_id = models.BigIntegerField(null=True, help_text="of the guardian who said it, where one did")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(valid_to__gt=models.F("valid_from")), name="consent_has_a_term")
        ]
        indexes = [
            models.Index(fields=["subject_id", "recipient", "purpose"], name="consent_of_subject"),
            models.Index(fields=["recipient", "-id"], name="consent_of_unit"),
        ]


class ConsentWithdrawal(models.Model):
    """That a subject took an authorisation back, and what was erased or ended with it, by name of the effect."""

    consent = models.OneToOneField(Consent, on_delete=models.PROTECT, primary_key=True, related_name="withdrawal")
    subject_id = models.BigIntegerField()
    withdrawn_at = models.DateTimeField()
    withdrawn_by = models.CharField(max_length=80)
    effects = models.JSONField(default=dict)
    guardianship_id = models.BigIntegerField(null=True, help_text="of the guardian who said it, where one did")


class ConsentEnd(models.Model):
    """That an authorisation ended, how and since when, and what was done about it, by name of the effect. Append-only (a trigger)."""

    class Way(models.TextChoices):
        WITHDRAWN = "withdrawn", "主体撤回"
        TERM = "term", "期限届满"
        PURPOSE = "purpose", "目的终止"

    consent = models.OneToOneField(Consent, on_delete=models.PROTECT, primary_key=True, related_name="ending")
    subject_id = models.BigIntegerField()
    way = models.CharField(max_length=9, choices=Way)
    ended_at = models.DateTimeField(help_text="first instant it held no more")
    carried_out_at = models.DateTimeField()
    effects = models.JSONField(default=dict)


class KeptAnswer(models.Model):
    """The answer to a program's query, sealed, so that a broken connection costs no second look; for a day, or until what it rests on
    ends."""

    ref = models.CharField(max_length=32, unique=True)
    consent = models.ForeignKey(Consent, null=True, on_delete=models.PROTECT)
    recipient = models.ForeignKey(Department, on_delete=models.PROTECT)
    client = models.CharField(max_length=80)
    subject_id = models.BigIntegerField()
    sealed = models.BinaryField()
    made_at = models.DateTimeField()
    kept_until = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["kept_until"], name="kept_answer_ends")]


class Alarm(models.Model):
    """Something about looks that a person should see (查询告警), told once: ``key`` says what. An emergency, and a complaint that was
    founded, has a day by which it must be reviewed."""

    class Kind(models.TextChoices):
        BULK = "bulk", "短时间大量查询"
        HOURS = "hours", "非工作时间查询"
        SURNAME = "surname", "查询同姓自然人"
        EMERGENCY = "emergency", "紧急查询"
        COMPLAINT = "complaint", "投诉成立"

    kind = models.CharField(max_length=10, choices=Kind)
    key = models.CharField(max_length=160, unique=True)
    actor = models.CharField(max_length=80)
    department = models.CharField(max_length=18, blank=True)
    count = models.IntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    reason = models.CharField(
        max_length=200,
        blank=True,
        help_text="of an emergency, as its official said it; of a complaint, as it was decided",
    )
    due_on = models.DateField(null=True, help_text="the last day of the review")
    raised_at = models.DateTimeField()


class AlarmReview(models.Model):
    """What came out when somebody looked at an alarm. Never the one whose looks it is about."""

    class Outcome(models.TextChoices):
        IN_ORDER = "in-order", "属正常履职"
        REMINDED = "reminded", "已提醒纠正"
        REFERRED = "referred", "移送处理"

    alarm = models.OneToOneField(Alarm, on_delete=models.PROTECT, primary_key=True, related_name="review")
    outcome = models.CharField(max_length=10, choices=Outcome)
    note = models.CharField(max_length=200)
    reviewed_at = models.DateTimeField()
    reviewed_by = models.CharField(max_length=80)


class UsageReference(models.Model):
    """By which opaque reference a subject's access log is asked for by a viewer of its choice (exchange/tracker.py). It says nothing of
    who it is; a new one makes the one before void."""

    subject_id = models.BigIntegerField()
    ref = models.CharField(max_length=32, unique=True)
    made_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["subject_id", "-id"], name="usage_reference_of_subject")]
