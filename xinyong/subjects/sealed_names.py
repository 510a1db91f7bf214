"""Natural persons by our own ids and keyed digests: for rooms that hold them from a link, never for a door."""

import json
from collections.abc import Collection

from xinyong.security import encryption
from xinyong.subjects.models import Subject


def digest_of(subject_id: int) -> bytes | None:
    """The keyed digest of a person; None for an organisation or nobody."""
    found = Subject.objects.filter(pk=subject_id).values_list("person_digest", flat=True).first()
    return bytes(found) if found is not None else None


def between(first: bytes, last: bytes) -> int | None:
    """The person whose digest lies there, both ends included; None for nobody."""
    found = Subject.objects.filter(person_digest__gte=first, person_digest__lte=last)
    return found.order_by("id").values_list("id", flat=True).first()


def names_of(digests: Collection[bytes]) -> dict[bytes, str]:
    """Digest → name, opened. What is done with a name is compared and forgotten: it is neither shown nor kept."""
    found = Subject.objects.filter(person_digest__in=list(digests)).values_list("person_digest", "sealed")
    return {
        bytes(digest): str(json.loads(encryption.unseal(bytes(sealed), context="subject.sealed"))[0])
        for digest, sealed in found
        if digest is not None and sealed is not None
    }
