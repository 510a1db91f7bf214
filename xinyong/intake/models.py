"""Submissions, their chunks, findings and waiting rows; what departments owe and declare, drafts, uploads, windows."""

from django.db import models

from xinyong.intake.docking_models import DockedDatabase, DockedTable, Pull
from xinyong.intake.own_models import DeclarationProof, OwnDeclaration, OwnDeclarationAct
from xinyong.intake.supply_models import SupplyGrant, SupplyMode
from xinyong.security.models import Department
from xinyong.security.sealed import SealedColumn, SealedFiles

__all__ = [
    "DeclarationProof", "DockedDatabase", "DockedTable", "OwnDeclaration", "OwnDeclarationAct", "Pull", "SupplyGrant",
    "SupplyMode",
]  # fmt: skip

SEALED = (
    SealedColumn("intake_waitingrow", "waiting.sealed"),
    SealedFiles("intake/originals/*/*.sealed", "intake.original"),
    SealedColumn("intake_dockeddatabase", "docking.password"),
    SealedColumn("intake_entryrow", "entry.sealed"),
    SealedFiles("intake/uploads/*/*.sealed", "intake.part"),
    SealedFiles("intake/proofs/*/*.sealed", "intake.proof"),
)


class Submission(models.Model):
    """One file (or other delivery) of one source unit for one catalogue item. Same content twice is one submission, unless
    the first was taken back."""

    class Status(models.TextChoices):
        RECEIVED = "received", "已收到"
        STAGED = "staged", "已读取"
        DEPOSITED = "deposited", "已入库"
        REFUSED = "refused", "已拒收"
        CANCELLED = "cancelled", "已取消"
        REVERTED = "reverted", "已撤回"

    item_id = models.CharField(max_length=40)
    item_version = models.PositiveSmallIntegerField()
    source = models.ForeignKey(Department, on_delete=models.PROTECT)
    subject_id = models.BigIntegerField(null=True, help_text="the organisation whose own word it is (自主申报)")
    channel = models.CharField(max_length=12, default="file")
    file_name = models.CharField(max_length=200)
    file_size = models.BigIntegerField()
    content_digest = models.CharField(max_length=64)
    received_at = models.DateTimeField()
    received_by = models.CharField(max_length=80)
    status = models.CharField(max_length=10, choices=Status, default=Status.RECEIVED)
    mapping = models.JSONField(default=dict)
    facts = models.JSONField(default=dict, help_text="format, encoding, sheet, header row, lanes …")
    rows_read = models.BigIntegerField(default=0)
    accepted = models.BigIntegerField(default=0)
    doubtful = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    duplicate = models.BigIntegerField(default=0)
    unchanged = models.BigIntegerField(default=0)
    warnings = models.BigIntegerField(default=0)
    late = models.BigIntegerField(default=0)
    refusal = models.JSONField(null=True, help_text="code, zh, en of the reason it was refused")
    corrects = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="corrections")
    finished_at = models.DateTimeField(null=True)
    reverted_at = models.DateTimeField(null=True)
    reverted_by = models.CharField(max_length=80, blank=True, default="")
    revert_reason = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "item_id", "content_digest", "subject_id"], condition=models.Q(reverted_at__isnull=True),
                nulls_distinct=False, name="submission_content_once",
            ),
            models.CheckConstraint(
                condition=models.Q(reverted_at__isnull=True) | (~models.Q(reverted_by="") & ~models.Q(revert_reason="")),
                name="reverted_says_who_and_why",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["source", "-received_at"], name="submission_by_source"),
            models.Index(
                fields=["subject_id", "-id"], name="submission_of_subject", condition=models.Q(subject_id__isnull=False)
            ),
            models.Index(
                fields=["received_by"],
                name="submission_under_way",
                condition=models.Q(status__in=["received", "staged"]),
            ),
        ]


class Interruption(models.Model):
    """That the work on a submission broke off (intake/interruptions.py): the last time of a row of tries, and since when. One a
    submission; ``ended_at`` once the work was done or the file refused."""

    class Cause(models.TextChoices):
        DISK_FULL = "disk-full", "磁盘已满"
        DATABASE_FULL = "database-full", "数据库磁盘已满"
        DATABASE_AWAY = "database-away", "数据库不可用"
        OUT_OF_MEMORY = "out-of-memory", "内存不足"
        READER_KILLED = "reader-killed", "读取进程被中止"
        WORKER_DIED = "worker-died", "后台进程意外结束"
        BROKEN = "broken", "程序出错"

    class Stage(models.TextChoices):
        READ = "read", "读取"
        CHECK = "check", "校验"
        DEPOSIT = "deposit", "入库"
        FINISH = "finish", "办结"

    submission = models.OneToOneField(Submission, on_delete=models.PROTECT)
    source = models.ForeignKey(Department, on_delete=models.PROTECT)
    item_id = models.CharField(max_length=40)
    stage = models.CharField(max_length=8, choices=Stage)
    cause = models.CharField(max_length=16, choices=Cause)
    lines = models.IntegerField(default=0, help_text="ledger lines there were: more of them is progress")
    tries = models.IntegerField(default=0)
    since = models.DateTimeField()
    at = models.DateTimeField()
    next_at = models.DateTimeField(null=True, help_text="null: waits for an operator, or is over")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["-id"], name="interruption_open", condition=models.Q(ended_at__isnull=True)),
            models.Index(fields=["-ended_at"], name="interruption_over", condition=models.Q(ended_at__isnull=False)),
        ]


class RequestKey(models.Model):
    """A key that a client gave a request (Idempotency-Key), and the submission which that request became. Both key and
    request as digests: a program may build its keys from what it sends."""

    client = models.CharField(max_length=80)
    key_digest = models.BinaryField(max_length=16)
    request_digest = models.CharField(max_length=64)
    source = models.ForeignKey(Department, on_delete=models.PROTECT)
    submission_id = models.BigIntegerField(null=True, help_text="null only within the transaction that enters both")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "key_digest"], name="request_key_once")]
        indexes = [models.Index(fields=["made_at"], name="request_key_by_age")]


class Chunk(models.Model):
    """The ledger of deposited chunks: written in the chunk's own transaction, so a resumed run skips what is in."""

    pk = models.CompositePrimaryKey("submission_id", "chunk_no", "lane")
    submission_id = models.BigIntegerField()
    chunk_no = models.IntegerField()
    lane = models.SmallIntegerField()
    rows = models.IntegerField()
    accepted = models.IntegerField()
    doubtful = models.IntegerField()
    rejected = models.IntegerField()
    duplicate = models.IntegerField()
    unchanged = models.IntegerField()
    warnings = models.IntegerField(default=0)
    late = models.IntegerField(default=0)
    deposited_at = models.DateTimeField()


class Finding(models.Model):
    """One thing wrong with one cell of one row. ``value`` is masked where the field is personal."""

    submission_id = models.BigIntegerField()
    row_no = models.IntegerField(
        help_text="row in the sender's file, as a spreadsheet counts it (the header has a number too)"
    )
    column = models.CharField(max_length=200, help_text="the sender's header")
    field = models.CharField(max_length=40, blank=True)
    value = models.TextField(blank=True)
    rule = models.CharField(max_length=60)
    severity = models.CharField(max_length=8)
    message = models.TextField()
    message_en = models.TextField()
    basis = models.CharField(max_length=200, blank=True)
    suggestion = models.TextField(blank=True)
    closed_by = models.BigIntegerField(null=True, help_text="the submission whose row corrected it")
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["submission_id", "row_no"], name="finding_row")]


class WaitingRow(models.Model):
    """A row that did not go in: doubtful or rejected, with what it needs to be deposited later. Sealed for persons."""

    submission_id = models.BigIntegerField()
    row_no = models.IntegerField()
    outcome = models.CharField(max_length=10)
    anchor_by_name = models.BinaryField(null=True, max_length=16, help_text="digest of the document and the name")
    anchor_by_code = models.BinaryField(null=True, max_length=16, help_text="digest of the document and the code")
    row = models.JSONField(null=True, help_text="normalised fields; null when sealed")
    sealed = models.BinaryField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["submission_id", "row_no"], name="waiting_row_once")]
        indexes = [
            models.Index(fields=["anchor_by_name"], name="waiting_by_name", condition=models.Q(closed_at__isnull=True)),
            models.Index(fields=["anchor_by_code"], name="waiting_by_code", condition=models.Q(closed_at__isnull=True)),
            models.Index(fields=["id"], name="waiting_open", condition=models.Q(closed_at__isnull=True)),
        ]


class RowAct(models.Model):
    """What somebody did about a row: never changed, undoing is a later act. What the row says is not repeated here: ``finding``
    names the finding, which has the cell and the suggestion."""

    class Kind(models.TextChoices):
        ACCEPTED = "accepted", "采纳建议"
        WAIVED = "waived", "豁免"
        SENT_BACK = "sent-back", "退回单位"
        PASSED_ON = "passed-on", "提请信用中心"
        CONFIRMED = "confirmed", "确认属实"
        UNDONE = "undone", "撤销"
        ENDED = "ended", "豁免到期"

    submission_id = models.BigIntegerField()
    row_no = models.IntegerField()
    kind = models.CharField(max_length=10, choices=Kind)
    at = models.DateTimeField()
    by_name = models.CharField(max_length=80)
    by_role = models.CharField(max_length=20)
    finding_id = models.BigIntegerField(null=True)
    note = models.CharField(max_length=200, blank=True)
    until = models.DateField(
        null=True, help_text="a waiver's first day without it; the last day to correct what was sent back"
    )
    undoes = models.ForeignKey("self", null=True, on_delete=models.PROTECT, db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["undoes"], name="row_act_undone_once")]
        indexes = [
            models.Index(fields=["submission_id", "row_no"], name="row_act_row"),
            models.Index(fields=["until"], name="row_act_until", condition=models.Q(kind="waived")),
        ]


class Duty(models.Model):
    """That a unit owes an item, from a day up to, not including, another (报送责任): what a collection rate divides by.
    Rows are only ever added (a trigger holds it); of one beginning the highest version holds."""

    source = models.ForeignKey(Department, on_delete=models.PROTECT)
    item_id = models.CharField(max_length=40)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, help_text="first day it is owed no more; the first day itself: never owed")
    version = models.SmallIntegerField()
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "item_id", "starts_on", "version"], name="duty_version_once"),
            models.CheckConstraint(
                condition=models.Q(ends_on__isnull=True) | models.Q(ends_on__gte=models.F("starts_on")),
                name="duty_ends_after_it_begins",
            ),
        ]


class Declaration(models.Model):
    """What a unit says it decided in a month (应报数; zero is 零报告), or what a spot check found (抽查). Rows are only
    ever added (a trigger holds it); of one unit, item, month and kind the highest version holds."""

    class Kind(models.TextChoices):
        TOTAL = "total", "应报数"
        SPOT_CHECK = "spot-check", "抽查"

    source = models.ForeignKey(Department, on_delete=models.PROTECT)
    item_id = models.CharField(max_length=40)
    period = models.DateField(help_text="first day of the month of decision")
    kind = models.CharField(max_length=10, choices=Kind)
    version = models.SmallIntegerField()
    number = models.IntegerField(null=True, help_text="decided, or looked at in a spot check; null: taken back")
    found = models.IntegerField(null=True, help_text="of those looked at, how many had been reported")
    note = models.CharField(max_length=300, blank=True)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "item_id", "period", "kind", "version"], name="declaration_version_once"
            ),
            models.CheckConstraint(
                condition=models.Q(number__isnull=True) | models.Q(number__gte=0), name="declared_number_counts"
            ),
            models.CheckConstraint(
                condition=models.Q(found__isnull=True, kind="total")
                | models.Q(found__isnull=True, number__isnull=True)
                | models.Q(kind="spot-check", found__gte=0, found__lte=models.F("number")),
                name="found_of_a_spot_check",
            ),
        ]
        indexes = [models.Index(fields=["period"], name="declaration_month")]


class DropFile(models.Model):
    """A file that was taken from a watched folder. ``ticket`` names it on the disk while it is on its way, and ever after
    in the names of what came of it. What an operator decides is done by the next look at the folders."""

    class Status(models.TextChoices):
        SUBMITTED = "submitted", "已报送"
        DONE = "done", "已办结"
        QUARANTINED = "quarantined", "已隔离"
        RELEASING = "releasing", "待放行"
        RELEASED = "released", "已放行"
        DISCARDING = "discarding", "待删除"
        DISCARDED = "discarded", "已删除"

    ticket = models.CharField(max_length=32, unique=True)
    source = models.ForeignKey(Department, on_delete=models.PROTECT)
    item_id = models.CharField(max_length=40, blank=True)
    file_name = models.CharField(max_length=200)
    size = models.BigIntegerField(default=0)
    content_digest = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=12, choices=Status)
    submission = models.ForeignKey(Submission, null=True, on_delete=models.PROTECT)
    reason = models.JSONField(null=True, help_text="code, zh, en of why it is in quarantine")
    taken_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["source", "-taken_at"], name="drop_by_source"),
            models.Index(fields=["status"], name="drop_by_status"),
        ]


class DropLook(models.Model):
    """The last look at the watched folders, one row: when, what lay in each, what was in the way."""

    at = models.DateTimeField()
    folders = models.JSONField(default=list)
    problems = models.JSONField(default=list)


class EntryRow(models.Model):
    """A row that a clerk is entering by hand and has not handed in (手工录入的草稿). Sealed whole: it may be about a person.
    ``corrects`` and ``corrects_row`` name the row of an earlier submission that it puts right."""

    account_id = models.BigIntegerField()
    source = models.ForeignKey(Department, on_delete=models.PROTECT)
    item_id = models.CharField(max_length=40)
    sealed = models.BinaryField()
    corrects = models.ForeignKey(Submission, null=True, on_delete=models.PROTECT)
    corrects_row = models.IntegerField(null=True)
    made_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account_id", "corrects", "corrects_row"], name="entry_corrects_once"),
            models.CheckConstraint(
                name="entry_corrects_a_row",
                condition=models.Q(corrects__isnull=True, corrects_row__isnull=True)
                | models.Q(corrects__isnull=False, corrects_row__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["account_id", "source", "item_id"], name="entry_draft"),
            models.Index(fields=["changed_at"], name="entry_by_age"),
        ]


class Upload(models.Model):
    """A file that comes in parts. ``parts``: SHA-256 of each part that is kept, in order; so many times ``part_size`` (the
    last part is shorter) have arrived. ``mark`` is the browser's word for the same file. Handed in, it stays a day with
    its ``submission``, for whoever asks again."""

    account_id = models.BigIntegerField()
    source = models.ForeignKey(Department, on_delete=models.PROTECT)
    item_id = models.CharField(max_length=40)
    file_name = models.CharField(max_length=200)
    size = models.BigIntegerField()
    part_size = models.IntegerField()
    mark = models.CharField(max_length=64)
    parts = models.JSONField(default=list)
    made_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    submission = models.ForeignKey(Submission, null=True, on_delete=models.PROTECT)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account_id", "source", "item_id", "mark"], name="upload_once",
                condition=models.Q(submission__isnull=True),
            )
        ]  # fmt: skip
        indexes = [models.Index(fields=["changed_at"], name="upload_by_age")]


class WindowRule(models.Model):
    """When a unit has to report an item, from a period on (报送窗口): how long a period is, by which working day after it, with
    how much grace, and whether it is locked then. Rows are only ever added (a trigger holds it); for a period the highest
    version holds whose ``since`` it reaches."""

    class Every(models.TextChoices):
        MONTH = "month", "每月"
        QUARTER = "quarter", "每季度"

    source = models.ForeignKey(Department, on_delete=models.PROTECT)
    item_id = models.CharField(max_length=40)
    version = models.SmallIntegerField()
    since = models.DateField(help_text="first day of the first period it holds for")
    every = models.CharField(max_length=7, choices=Every)
    due_days = models.PositiveSmallIntegerField(help_text="working days after the period")
    grace_days = models.PositiveSmallIntegerField(help_text="working days after the due day")
    lock_days = models.PositiveSmallIntegerField(
        null=True, help_text="working days after the grace; null: never locked"
    )
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "item_id", "version"], name="window_rule_version_once")
        ]


class WindowException(models.Model):
    """That a unit may report and correct a locked period up to a day (补报许可), or that such a one was withdrawn. Rows are only
    ever added (a trigger holds it)."""

    source = models.ForeignKey(Department, on_delete=models.PROTECT)
    item_id = models.CharField(max_length=40)
    period = models.DateField(help_text="first day of the period")
    until = models.DateField(help_text="last day on which it holds")
    reason = models.CharField(max_length=200)
    withdraws = models.ForeignKey("self", null=True, db_index=False, on_delete=models.PROTECT)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["withdraws"], name="window_exception_withdrawn_once")]
        indexes = [models.Index(fields=["source", "item_id", "period"], name="window_exception_of")]
