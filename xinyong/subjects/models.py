"""Subjects, their identifiers and names with history, and judgements on who is who."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.functions import Substr

from xinyong.security.models import Account, Department
from xinyong.security.sealed import SealedColumn, SealedFiles

SEALED = (
    SealedColumn("subjects_subject", "subject.sealed"),
    SealedColumn("subjects_change", "change.sealed"),
    SealedFiles("subjects/claims/*/*.sealed", "claim.proof"),
)


class Subject(models.Model):
    """A credit subject (信用主体): an organisation, a sole trader, or (sealed) a natural person."""

    class Status(models.TextChoices):
        ACTIVE = "active", "存续"
        REVOKED = "revoked", "吊销"
        CANCELLED = "cancelled", "注销"
        MOVED_OUT = "moved_out", "迁出"
        PROVISIONAL = "provisional", "待登记"  # known from a report only, not yet in the base register

    # Collation C: the unique index also answers "begins with", whatever the database's collation is.
    code = models.CharField(
        max_length=18, null=True, db_collation="C", help_text="canonical unified social credit code; null for persons"
    )
    person_digest = models.BinaryField(null=True, help_text="keyed digest of kind and number of a person's certificate")
    subject_class = models.CharField(max_length=24)
    name = models.TextField(blank=True, help_text="empty for natural persons")
    name_key = models.TextField(
        blank=True, db_default="", help_text="key of the current name: a link compares it first"
    )
    status = models.CharField(max_length=12, choices=Status, default=Status.ACTIVE)
    region_code = models.CharField(max_length=12, blank=True)
    registered_on = models.DateField(null=True)
    ended_on = models.DateField(null=True)
    sealed = models.BinaryField(null=True, help_text="a person's name and certificate, encrypted")
    known_from = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code"], name="subject_code_once"),
            models.UniqueConstraint(
                fields=["person_digest"], condition=models.Q(person_digest__isnull=False), name="subject_person_once"
            ),
            models.CheckConstraint(
                condition=models.Q(code__isnull=False) ^ models.Q(person_digest__isnull=False),
                name="subject_has_one_key",
            ),
        ]
        indexes = [
            models.Index(Substr("code", 9, 9), name="subject_org_code", condition=models.Q(code__isnull=False)),
        ]


class SubjectIdentifier(models.Model):
    """Another code of a subject: registration, tax, institution, social organisation number, or an organisation code
    that is not the one inside its unified code (that one is found by the index ``subject_org_code``)."""

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, db_constraint=False)
    scheme = models.CharField(max_length=20)
    value = models.CharField(max_length=50, db_collation="C")
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["value", "scheme", "subject"], name="identifier_once")]


class SubjectName(models.Model):
    """A name a subject has or had. ``grams`` holds what search looks up: see subjects/grams.py.

    A name that comes back after another opens a new period, so the same name may stand twice.
    """

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, db_constraint=False, db_index=False)
    name = models.TextField()
    name_key = models.TextField(db_collation="C")
    trade_name = models.TextField(blank=True)
    is_current = models.BooleanField(default=True)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    grams = SearchVectorField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject"], condition=models.Q(is_current=True), name="subject_one_current_name"
            )
        ]
        indexes = [
            # fastupdate: 30 µs instead of 132 µs a name (measured); the registry empties the pending list after a batch.
            GinIndex(fields=["grams"], name="subject_name_grams", fastupdate=True),
            models.Index(fields=["name_key"], name="subject_name_key"),
            models.Index(fields=["subject"], condition=models.Q(is_current=False), name="subject_former_names"),
        ]


class Judgement(models.Model):
    """A person's or the engine's word on whether a row without a usable code is this subject. Append-only: undoing is
    a later judgement."""

    class Verdict(models.TextChoices):
        CANDIDATE = "candidate", "候选"
        SAME = "same", "同一主体"
        DIFFERENT = "different", "不同主体"

    at = models.DateTimeField()
    submission_id = models.BigIntegerField()
    row_no = models.IntegerField()
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT)
    verdict = models.CharField(max_length=10, choices=Verdict)
    score = models.DecimalField(max_digits=5, decimal_places=4, null=True)
    reasons = models.JSONField(default=list)
    judged_by = models.CharField(max_length=80)
    undoes = models.ForeignKey("self", null=True, on_delete=models.PROTECT, db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["undoes"], name="judgement_undone_once")]
        indexes = [models.Index(fields=["submission_id", "row_no"], name="judgement_row")]


class Change(models.Model):
    """A change that a registration authority sent, in its own numbering. Append-only; what became of it stands in
    ``ChangeOutcome``. What it says is sealed: nobody has checked it yet."""

    source = models.ForeignKey(Department, on_delete=models.PROTECT, db_index=False)
    sequence = models.BigIntegerField(help_text="the authority's number, without gaps")
    event_id = models.CharField(max_length=64, help_text="the authority's own name of the event")
    kind = models.CharField(max_length=12)
    code = models.CharField(max_length=18, blank=True, help_text="empty when it is no organisation's code")
    effective_on = models.DateField(help_text="when it happened in the world")
    digest = models.BinaryField(max_length=16, help_text="keyed digest of the whole event")
    sealed = models.BinaryField(help_text="the event as sent, or why that may not be kept")
    received_at = models.DateTimeField()
    received_by = models.CharField(max_length=80)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "sequence"], name="change_sequence_once"),
            models.UniqueConstraint(fields=["source", "event_id"], name="change_event_once"),
        ]


class ChangeRun(models.Model):
    """Changes that go in together: first to last, as one submission. Written when the submission is entered, so that a
    run that was killed is finished and not begun again."""

    source = models.ForeignKey(Department, on_delete=models.PROTECT, db_index=False)
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    submission_id = models.BigIntegerField()
    begun_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "first"], name="change_run_once")]


class ChangeOutcome(models.Model):
    """What became of a change, once and for all: a wrong one is corrected by a later one."""

    class Outcome(models.TextChoices):
        APPLIED = "applied", "已生效"
        REFUSED = "refused", "已拒绝"

    change = models.OneToOneField(Change, on_delete=models.PROTECT)
    source = models.ForeignKey(Department, on_delete=models.PROTECT, db_index=False)
    sequence = models.BigIntegerField()
    outcome = models.CharField(max_length=8, choices=Outcome)
    reasons = models.JSONField(default=list)
    submission_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "sequence"], name="change_outcome_once")]
        indexes = [
            models.Index(fields=["source", "-sequence"], condition=models.Q(outcome="refused"), name="change_refused")
        ]


class ChangeSkip(models.Model):
    """Numbers that never came and are waited for no more, and why."""

    source = models.ForeignKey(Department, on_delete=models.PROTECT, db_index=False)
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    reason = models.CharField(max_length=200)
    skipped_by = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "first"], name="change_skip_once"),
            models.CheckConstraint(condition=models.Q(last__gte=models.F("first")), name="change_skip_has_length"),
        ]


class Succession(models.Model):
    """An organisation was followed by another (承继). Append-only: undoing is a later row. Nothing said of the first is
    said of the second by that."""

    class Relation(models.TextChoices):
        MERGED = "merged", "新设合并"
        ABSORBED = "absorbed", "吸收合并"
        SPLIT = "split", "分立"
        RECODED = "recoded", "迁移换码"
        CONVERTED = "converted", "转制改组"

    relation = models.CharField(max_length=9, choices=Relation)
    predecessor = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="followed_by")
    successor = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="follows")
    effective_on = models.DateField()
    instrument = models.CharField(max_length=100, blank=True, help_text="number of the document it rests on")
    change = models.ForeignKey(Change, on_delete=models.PROTECT)
    known_from = models.DateTimeField()
    said_by = models.CharField(max_length=80)
    reason = models.CharField(max_length=200, blank=True, help_text="of an undoing")
    undoes = models.OneToOneField("self", null=True, on_delete=models.PROTECT)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(predecessor=models.F("successor")), name="succession_by_another"
            ),
        ]


class Claim(models.Model):
    """That a person says they represent an organisation (认领), until when, with a sealed file of proof, or by the word of the
    identity provider. Append-only; what became of it stands in ``ClaimAct``."""

    class Way(models.TextChoices):
        PAPER = "paper", "材料核验"
        PROVIDER = "provider", "身份认证"

    class Says(models.TextChoices):
        SAME = "same", "姓名一致"
        DIFFERS = "differs", "姓名不一致"
        UNKNOWN = "unknown", "没有登记"

    account = models.ForeignKey(Account, on_delete=models.PROTECT)
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT)
    kind = models.CharField(max_length=5, help_text="legal or agent, as a mandate")
    last_on = models.DateField()
    way = models.CharField(max_length=8, choices=Way)
    register_says = models.CharField(max_length=7, choices=Says, help_text="of the legal representative's name")
    proof_name = models.CharField(max_length=200, blank=True)
    proof_digest = models.CharField(max_length=64, blank=True)
    proof_size = models.BigIntegerField(default=0)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(way="provider") | ~models.Q(proof_digest=""), name="claim_has_proof"
            )
        ]
        indexes = [models.Index(fields=["account", "-id"], name="claim_of_account")]


class ClaimAct(models.Model):
    """What became of a claim, once and for all: granted, with the mandate that came of it, or refused with a reason. Append-only."""

    class Kind(models.TextChoices):
        GRANTED = "granted", "已认领"
        REFUSED = "refused", "不予认领"

    claim = models.OneToOneField(Claim, on_delete=models.PROTECT, related_name="act")
    kind = models.CharField(max_length=7, choices=Kind)
    reason = models.CharField(max_length=200, blank=True)
    mandate_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    decided_by = models.CharField(max_length=80)
