"""What is said in natural persons' cases, sealed."""

from django.db import models

from xinyong.workflow.models import Case


class CaseWords(models.Model):
    """What one step of a natural person's case says: its reason, and what the record should say. Append-only (a trigger holds it)."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, db_index=False)
    number = models.IntegerField(help_text="of the step within the case")
    sealed = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "number"], name="case_words_once")]
