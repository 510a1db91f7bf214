"""The log's own tables. All but ``Pending`` only grow (triggers hold it); all are made in migration 0002."""

from django.db import models


class Pending(models.Model):
    """What was committed and stands in no leaf yet: written by a trigger in the transaction of the thing itself, taken
    out by the sequencer. A queue, no cursor: a late commit is merely late, never skipped."""

    kind = models.CharField(max_length=10)
    ref = models.BigIntegerField()

    class Meta:
        app_label = "security"


class Leaf(models.Model):
    """One leaf of the tree: which thing it stands for, and the salt without which its published hash says nothing."""

    position = models.BigIntegerField(primary_key=True)
    kind = models.CharField(max_length=10)
    ref = models.BigIntegerField()
    salt = models.BinaryField(max_length=16)
    hash = models.BinaryField(max_length=32)

    class Meta:
        app_label = "security"
        constraints = [models.UniqueConstraint(fields=["kind", "ref"], name="leaf_once")]


class Node(models.Model):
    """The hash of a whole subtree of 256, 65,536, … leaves, so that no proof reads the log from its beginning."""

    pk = models.CompositePrimaryKey("level", "number")
    level = models.SmallIntegerField()
    number = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)

    class Meta:
        app_label = "security"


class Checkpoint(models.Model):
    """A head of the tree that was signed, as it was published. Counted without gaps; the count is signed too."""

    number = models.BigIntegerField(primary_key=True)
    size = models.BigIntegerField()
    note = models.TextField()
    signed_at = models.DateTimeField()

    class Meta:
        app_label = "security"


class Batch(models.Model):
    """The rows that came into the archive together: a digest for each, their root in one leaf of the log.

    ``row_nos`` has four bytes for each row (its number in the sender's file), ``digests`` thirty-two, in one order.
    """

    submission_id = models.BigIntegerField(db_index=True)
    rows = models.IntegerField()
    row_nos = models.BinaryField()
    digests = models.BinaryField()
    root = models.BinaryField(max_length=32)

    class Meta:
        app_label = "security"


class Statement(models.Model):
    """Something the platform says and answers for, such as what it received from whom. ``body`` is the signed text."""

    public_id = models.CharField(max_length=32, help_text="random, 128 bits; what it is asked for by")
    kind = models.CharField(max_length=30)
    object_ref = models.CharField(max_length=40)
    body = models.TextField()

    class Meta:
        app_label = "security"
        indexes = [
            models.Index(fields=["public_id"], name="statement_public_id"),
            models.Index(fields=["object_ref", "kind"], name="statement_object"),
        ]
