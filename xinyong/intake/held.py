"""What this room keeps of an organisation, for the file of everything about it (reports/everything.py), which has checked whose it is."""

from typing import Any

from xinyong.intake.models import OwnDeclaration

#: The tables told here; the test of the whole counts on it.
TABLES = ("intake_owndeclaration", "intake_owndeclarationact", "intake_declarationproof")


def declarations(subject_id: int) -> list[dict[str, Any]]:
    """What an organisation declared of itself, what was done about it by which unit, and its proofs by name and digest. What it says
    stands among the records."""
    found = OwnDeclaration.objects.filter(subject_id=subject_id).order_by("pk").prefetch_related("acts", "proofs")
    return [
        {
            "number": one.pk, "item": one.item_id, "title": one.title, "declared_at": one.declared_at, "state": one.state,
            "commitment": one.commitment, "commitment_sha256": one.commitment_digest,
            "acts": [
                {"kind": each.kind, "at": each.at, "unit": each.unit, "note": each.note}
                for each in sorted(one.acts.all(), key=lambda each: each.number)
            ],
            "proofs": [
                {"name": each.file_name, "size": each.size, "sha256": each.digest}
                for each in sorted(one.proofs.all(), key=lambda each: each.number)
            ],
        }
        for one in found
    ]  # fmt: skip
