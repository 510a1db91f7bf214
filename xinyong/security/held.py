"""What this room keeps of an account and of who acts for an organisation, for the file of everything about it (reports/everything.py),
which has checked whose it is. Secrets are told by their kind alone."""

from typing import Any

from xinyong.security.models import Account, Guardianship, Mandate
from xinyong.security.sign_in_models import Factor, OpenSession, OutsideIdentity

#: The tables told here; the test of the whole counts on it.
TABLES = ("security_mandate", "security_personaccount", "security_factor", "security_opensession", "security_outsideidentity",
          "security_account", "security_guardianship")  # fmt: skip
_FACTOR = ("kind", "name", "created_at", "used_at")
_SESSION = ("started_at", "seen_at", "address", "agent")
_MANDATE = ("subject_code", "kind", "valid_from", "valid_to", "proof_name", "given_at", "ended_at", "end_reason")


def account(account_id: int) -> dict[str, Any]:
    """One's own account: since when, how one signs in, from where one is signed in, whom one acts for."""
    one = Account.objects.get(pk=account_id)
    return {
        "username": one.username, "created_at": one.created_at, "last_login": one.last_login,
        "password_set_at": one.password_set_at,
        "factors": list(Factor.objects.filter(account_id=account_id).order_by("pk").values(*_FACTOR)),
        "outside_identities": list(OutsideIdentity.objects.filter(account_id=account_id).values("issuer", "linked_at")),
        "sessions": list(OpenSession.objects.filter(account_id=account_id).order_by("pk").values(*_SESSION)),
        "acts_for": list(Mandate.objects.filter(account_id=account_id).order_by("pk").values(*_MANDATE)),
    }  # fmt: skip


def guardianships(account_id: int) -> list[dict[str, Any]]:
    """For whom one acts, or acted, as a guardian: since when, until when, on which proof. The ward by the number of the entry."""
    found = Guardianship.objects.filter(account_id=account_id).order_by("pk")
    return [
        dict(one)
        for one in found.values("pk", "valid_from", "valid_to", "proof_name", "given_at", "ended_at", "end_reason")
    ]


def mandates(subject_id: int) -> list[dict[str, Any]]:
    """Who acts, or acted, for an organisation: the account's name, as what, from when to when, why it ended."""
    found = Mandate.objects.filter(subject_id=subject_id).order_by("pk").values(*_MANDATE, "account__username")
    return [{"account": one.pop("account__username"), **one} for one in found]
