"""Versioned records, hash-partitioned by subject (the table is made by SQL in the first migration)."""

from django.db import models

from xinyong.security.sealed import SealedColumn

SEALED = (
    SealedColumn("record", "record.sealed", key=("subject_id", "key_digest", "version")),
    SealedColumn("records_annotation", "record.statement"),
)


class Verification(models.Model):
    """That what an organisation declared of itself in a submission was looked at and found to be so (核验): by which unit, on
    which day. Append-only (a trigger holds it); none is there while nobody has looked."""

    submission_id = models.BigIntegerField(primary_key=True)
    subject_id = models.BigIntegerField()
    unit = models.CharField(max_length=200)
    checked_on = models.DateField()
    checked_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["subject_id"], name="verification_of_subject")]


class Annotation(models.Model):
    """Something noted beside a datum for a case (workflow): that it is disputed, or what its subject says of it. Rows are only ever
    added (a trigger holds it); where one ended there is an ``AnnotationEnd``."""

    class Kind(models.TextChoices):
        DISPUTED = "disputed", "异议标注"
        STATEMENT = "statement", "异议声明"

    subject_id = models.BigIntegerField()
    key_digest = models.BinaryField(max_length=16)
    kind = models.CharField(max_length=9, choices=Kind)
    case_id = models.BigIntegerField()
    text = models.CharField(max_length=300, blank=True)
    sealed = models.BinaryField(null=True)  # a natural person's statement, in place of the text
    noted_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["subject_id", "key_digest"], name="annotation_of_datum"),
            models.Index(fields=["case_id"], name="annotation_of_case"),
        ]


class AnnotationEnd(models.Model):
    """That a note stands no more, and since when. Rows are only ever added (a trigger holds it)."""

    annotation = models.OneToOneField(Annotation, primary_key=True, on_delete=models.PROTECT, related_name="end")
    ended_at = models.DateTimeField()


class OptOut(models.Model):
    """That a subject does not want one kind of good deed recorded or shown (不记载), or does again. The latest word counts; rows are
    only ever added (a trigger holds it)."""

    class Kind(models.TextChoices):
        HONOURS = "honours", "荣誉表彰"
        DONATIONS = "donations", "慈善捐赠"
        VOLUNTEERING = "volunteering", "志愿服务"

    subject_id = models.BigIntegerField()
    kind = models.CharField(max_length=12, choices=Kind)
    is_out = models.BooleanField()
    said_at = models.DateTimeField()
    said_by = models.CharField(max_length=80)

    class Meta:
        indexes = [models.Index(fields=["subject_id", "kind", "-id"], name="opt_out_of_subject")]


class Record(models.Model):
    """One version of one datum about one subject. Rows are only ever added (a trigger holds it).

    ``key_digest`` is the first 16 bytes of the SHA-256 of the natural key; a new ``content_digest`` under the same key
    is version + 1. "Now" is the newest version known at the asked instant. Periods are half-open.
    """

    class State(models.IntegerChoices):
        ACTIVE = 1, "有效"
        WITHDRAWN = 2, "已撤回"

    pk = models.CompositePrimaryKey("subject_id", "key_digest", "version")
    subject_id = models.BigIntegerField()
    key_digest = models.BinaryField(max_length=16)
    version = models.SmallIntegerField(default=1)
    content_digest = models.BinaryField(max_length=16)
    state = models.SmallIntegerField(choices=State, default=State.ACTIVE)
    item_id = models.CharField(max_length=40)
    item_version = models.SmallIntegerField()
    source_id = models.BigIntegerField(help_text="security.Department")
    submission_id = models.BigIntegerField()
    row_no = models.IntegerField()
    disclosure = models.CharField(max_length=10)
    severity = models.CharField(max_length=8, null=True)
    rule_set = models.CharField(max_length=40, null=True)
    decided_on = models.DateField()
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True, help_text="first day it is no longer in force; null is indefinite")
    publish_from = models.DateField(null=True, help_text="null: never published")
    publish_until = models.DateField(null=True, help_text="first day it is no longer shown; null is no end")
    repair_from = models.DateField(null=True, help_text="first day repair may be asked for")
    retain_until = models.DateField(null=True, help_text="first day it may no longer be used; null is no end")
    is_late = models.BooleanField(default=False)
    payload = models.JSONField()
    sealed = models.BinaryField(null=True, help_text="personal fields, encrypted")
    extra = models.JSONField(null=True, help_text="the sender's own columns, given back in every feedback")
    known_from = models.DateTimeField()

    class Meta:
        db_table = "record"


class Repair(models.Model):
    """That what a datum says was repaired (信用修复): from ``at`` on nobody is shown it, whatever versions it gains. Entered and
    ended, never changed (triggers hold it). That it is so is no secret: who may not see the datum learns nothing of it by this."""

    subject_id = models.BigIntegerField()
    key_digest = models.BinaryField(max_length=16)
    case_id = models.BigIntegerField(help_text="workflow.Case")
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["subject_id", "key_digest"], name="repair_of_datum"),
            models.Index(fields=["case_id"], name="repair_of_case"),
        ]


class RepairEnd(models.Model):
    """That a repair was revoked: the datum is shown again for what is left of its terms."""

    repair = models.OneToOneField(Repair, on_delete=models.PROTECT, primary_key=True, related_name="end")
    at = models.DateTimeField()
    reason = models.CharField(max_length=20, help_text="revoked (fraud, error) or plan-failed")


class Later(models.Model):
    """That a datum has a version after its first, and since when that is known; nothing of what it says. A trigger on
    ``record`` writes it. Rows are only ever added."""

    pk = models.CompositePrimaryKey("subject_id", "key_digest", "version")
    subject_id = models.BigIntegerField()
    key_digest = models.BinaryField(max_length=16)
    version = models.SmallIntegerField()
    known_from = models.DateTimeField()

    class Meta:
        db_table = "record_later"


class Tally(models.Model):
    """How many new records a chunk brought, by item, source and month of decision: what figures are summed from."""

    item_id = models.CharField(max_length=40)
    source_id = models.BigIntegerField()
    month = models.DateField()
    records = models.IntegerField()
    submission_id = models.BigIntegerField()
    deposited_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["month"], name="tally_month"),
            models.Index(fields=["item_id"], name="tally_item"),
        ]


class ClockEnd(models.Model):
    """A clock that ran out: which record, which clock, why, from which day. Rows are only ever added (a trigger holds
    it)."""

    subject_id = models.BigIntegerField()
    key_digest = models.BinaryField(max_length=16)
    version = models.SmallIntegerField()
    item_id = models.CharField(max_length=40)
    clock = models.CharField(max_length=10, help_text="publicity, retention or list")
    reason = models.CharField(max_length=40)
    ended_on = models.DateField(help_text="first day without it")
    noted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "key_digest", "version", "clock"], name="clock_ends_once")
        ]
        indexes = [models.Index(fields=["ended_on"], name="clock_end_day")]


class ClockRun(models.Model):
    """One nightly run of the clocks: which day it closed, how many records left publicity and why."""

    day = models.DateField(unique=True)
    at = models.DateTimeField()
    ended = models.JSONField(default=dict)


class Telling(models.Model):
    """A run that told subjects what is new: up to which batch of the log. Rows are only ever added (a trigger holds it)."""

    day = models.DateField()
    at = models.DateTimeField()
    batch = models.BigIntegerField(help_text="newest batch of the log that was looked at")


class AccountErasure(models.Model):
    """That a person gave up their account: what went, what stays until when on which basis, and whether the register forgot them; nothing
    of what it said. Rows are only ever added (a trigger holds it)."""

    at = models.DateTimeField()
    subjects = models.IntegerField()
    digest = models.CharField(max_length=64, help_text="SHA-256 over the digests of what was erased, in order")
    facts = models.JSONField(default=dict, help_text="what went, what stays until when on which basis")


class ErasureRun(models.Model):
    """One run of erasing what may no longer be kept, begun and, where it was killed, taken up again. Rows are only ever
    added (a trigger holds it); what came of it stands in ``Erasure``."""

    what = models.CharField(max_length=12, help_text="records, waiting-rows or originals")
    ended_by = models.DateField(help_text="erased is what had ended by this day, grace included")
    grace_days = models.IntegerField()
    basis = models.CharField(max_length=200)
    began_at = models.DateTimeField()
    began_by = models.CharField(max_length=80)


class Erased(models.Model):
    """What is left of a version whose content was erased beside its dates: that it was, and the digest that the evidence log has
    of it. Only the erasing itself enters one (a trigger holds it)."""

    pk = models.CompositePrimaryKey("subject_id", "key_digest", "version")
    subject_id = models.BigIntegerField()
    key_digest = models.BinaryField(max_length=16)
    version = models.SmallIntegerField()
    item_id = models.CharField(max_length=40)
    content_digest = models.BinaryField(max_length=16)
    leaf = models.BinaryField(max_length=32, help_text="the version's digest in the evidence log")
    ended_on = models.DateField(help_text="first day it might no longer be used")
    run_id = models.BigIntegerField()
    erased_at = models.DateTimeField()

    class Meta:
        db_table = "record_erased"
        indexes = [models.Index(fields=["run_id", "item_id"], name="erased_by_run")]


class ErasedBeside(models.Model):
    """What was erased beside the archive: a row that had waited (``row_no``), or a kept file, of a submission."""

    what = models.CharField(max_length=12)
    submission_id = models.BigIntegerField()
    row_no = models.IntegerField(default=0, help_text="0: the file as a whole")
    item_id = models.CharField(max_length=40)
    leaf = models.BinaryField(max_length=32)
    run_id = models.BigIntegerField()
    erased_at = models.DateTimeField()

    class Meta:
        db_table = "record_erased_beside"
        constraints = [models.UniqueConstraint(fields=["what", "submission_id", "row_no"], name="erased_beside_once")]
        indexes = [models.Index(fields=["run_id", "item_id"], name="erased_beside_by_run")]


class Erasure(models.Model):
    """Proof of deletion (删除凭证): of one run and item how much was erased, and the Merkle root over its digests. Append-only; the
    audit log has the root too."""

    run = models.ForeignKey(ErasureRun, on_delete=models.PROTECT)
    item_id = models.CharField(max_length=40)
    count = models.IntegerField()
    root = models.BinaryField(max_length=32)
    hash_name = models.CharField(max_length=8)
    first_ended_on = models.DateField(null=True)
    last_ended_on = models.DateField(null=True)
    finished_at = models.DateTimeField()
    finished_by = models.CharField(max_length=80)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "item_id"], name="erasure_once")]
