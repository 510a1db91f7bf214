"""What organisations declared of themselves, what was done about it, and the files that prove it."""

from django.db import models


class OwnDeclaration(models.Model):
    """What an organisation declared of itself in one submission (自主申报), as it stands; what led there is in
    ``OwnDeclarationAct``. ``commitment`` is the edition of the commitment of truth that was signed, by which account."""

    class State(models.TextChoices):
        DECLARED = "declared", "待核验"
        CHECKED = "checked", "已核验"
        REFUSED = "refused", "核验不通过"
        WITHDRAWN = "withdrawn", "已撤回"

    submission = models.OneToOneField(
        "intake.Submission", primary_key=True, on_delete=models.PROTECT, related_name="declaration"
    )
    subject_id = models.BigIntegerField()
    subject_code = models.CharField(max_length=18)
    subject_name = models.CharField(max_length=200)
    region_code = models.CharField(max_length=12, blank=True)
    item_id = models.CharField(max_length=40)
    title = models.CharField(max_length=200, blank=True, help_text="what it says, in one line")
    state = models.CharField(max_length=9, choices=State, default=State.DECLARED)
    act_count = models.IntegerField(default=0)
    account_id = models.BigIntegerField()
    commitment = models.CharField(max_length=20)
    commitment_digest = models.CharField(max_length=64, help_text="SHA-256 of the text that was shown")
    declared_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["subject_id", "-submission"], name="own_declaration_of"),
            models.Index(fields=["submission"], name="own_declaration_waits", condition=models.Q(state="declared")),
        ]


class OwnDeclarationAct(models.Model):
    """What was done about a declaration. Append-only (a trigger holds it)."""

    class Kind(models.TextChoices):
        DECLARED = "declared", "申报"
        CHECKED = "checked", "核验通过"
        REFUSED = "refused", "核验不通过"
        WITHDRAWN = "withdrawn", "撤回"

    declaration = models.ForeignKey(OwnDeclaration, on_delete=models.PROTECT, related_name="acts", db_index=False)
    number = models.IntegerField(help_text="from 1 within the declaration")
    kind = models.CharField(max_length=9, choices=Kind)
    at = models.DateTimeField()
    by_name = models.CharField(max_length=80)
    by_role = models.CharField(max_length=20)
    unit = models.CharField(max_length=200, blank=True, help_text="which unit checked")
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["declaration", "number"], name="own_act_number_once")]


class DeclarationProof(models.Model):
    """A file that an organisation gave as proof of what it declared, sealed. Append-only (a trigger holds it); never public."""

    declaration = models.ForeignKey(OwnDeclaration, on_delete=models.PROTECT, related_name="proofs", db_index=False)
    number = models.IntegerField()
    file_name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the kept file")
    size = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["declaration", "number"], name="declaration_proof_once")]
