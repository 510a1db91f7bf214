"""Cursors of keyset pages: sealed, so that nobody reads a sequence in them, makes one up or carries one to another list.

What a page ends with (a date, an inner number) would tell how many there are and invites counting on from there
(ASVS 5.0 V8.2.2, security.md row 37). A cursor is good for the list it was given for and for no other.
"""

import base64
import binascii
import json
from collections.abc import Sequence

from xinyong.security import encryption

#: Longer text is no cursor of ours.
_LONGEST = 400


class Broken(ValueError):
    """Not a cursor that this list gave. Rooms turn it into their own error."""


def give(place: Sequence[str | int], *, of: str) -> str:
    """The cursor of a place in the list ``of`` (its name with all its filters)."""
    sealed = encryption.seal(json.dumps(list(place)).encode(), context=_context(of))
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def read(cursor: str, *, of: str) -> list[str | int]:
    """The place a cursor stands for. Raises Broken."""
    if len(cursor) > _LONGEST or not cursor.isascii():
        raise Broken
    try:
        sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        place = json.loads(encryption.unseal(sealed, context=_context(of)))
    except (binascii.Error, encryption.Unreadable) as error:
        raise Broken from error
    assert isinstance(place, list)
    return place


def _context(of: str) -> str:
    return f"cursor\x1f{of}"
