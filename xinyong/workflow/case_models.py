"""Cases, what was done about them, and the papers handed in with a step."""

from django.db import models

from xinyong.security.models import Department


class Case(models.Model):
    """A case (案件) about one subject and one thing of its, as it stands; what led there is in ``CaseStep``. It keeps the version of the
    procedure it was taken under. Only its state, count, end and whether the source unit sees it ever change (a trigger holds it)."""

    kind = models.CharField(max_length=30)
    procedure = models.CharField(max_length=30)
    procedure_version = models.PositiveSmallIntegerField()
    subject_id = models.BigIntegerField(help_text="of the register of subjects, which lies above this room")
    subject_code = models.CharField(max_length=18)
    subject_name = models.CharField(max_length=200)
    region_code = models.CharField(max_length=12, blank=True)
    item_id = models.CharField(max_length=40)
    object_ref = models.CharField(max_length=64, help_text="what of the subject's it is about")
    title = models.CharField(max_length=200)
    source = models.ForeignKey(
        Department, null=True, on_delete=models.PROTECT, db_index=False, help_text="null: the credit centre itself"
    )
    is_forwarded = models.BooleanField(default=False)
    state = models.CharField(max_length=30)
    step_count = models.IntegerField(default=0)
    token = models.CharField(max_length=64, help_text="of the form it was opened by: sent again it opens nothing")
    opened_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "subject_id", "token"], name="case_opened_once"),
            models.UniqueConstraint(
                fields=["kind", "subject_id", "object_ref"], name="case_one_open", condition=models.Q(ended_at__isnull=True)
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["kind", "-id"], name="case_open", condition=models.Q(ended_at__isnull=True)),
            models.Index(fields=["kind", "subject_id", "-id"], name="case_of_subject"),
            models.Index(fields=["source", "kind", "-id"], name="case_of_source"),
        ]


class CaseStep(models.Model):
    """One step: who took it, as what, when, from which state to which, what was said. Append-only (a trigger holds it). ``token`` is of
    the form it was sent by: the same step sent again is not taken again."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="steps", db_index=False)
    number = models.IntegerField(help_text="from 1 within the case")
    action = models.CharField(max_length=30)
    from_state = models.CharField(max_length=30, blank=True)
    to_state = models.CharField(max_length=30)
    at = models.DateTimeField()
    party = models.CharField(max_length=10)
    account_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=80)
    by_role = models.CharField(max_length=20)
    unit = models.CharField(max_length=200, blank=True, help_text="which unit acted, as the other parties read it")
    reason = models.CharField(max_length=1000, blank=True)
    facts = models.JSONField(default=dict)
    token = models.CharField(max_length=64)
    said_digest = models.CharField(max_length=64, help_text="SHA-256 of what the form said")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="case_step_number_once"),
            models.UniqueConstraint(fields=["case", "token"], name="case_step_once"),
        ]


class CaseDocument(models.Model):
    """A paper handed in with a step, sealed. Append-only (a trigger holds it)."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="documents", db_index=False)
    number = models.IntegerField(help_text="from 1 within the case")
    step = models.IntegerField(help_text="the step it came with")
    party = models.CharField(max_length=10)
    file_name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the kept file")
    size = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "number"], name="case_document_once")]
