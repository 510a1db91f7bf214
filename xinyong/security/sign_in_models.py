"""What signing in remembers: factors, recovery codes, one-time links, open sessions, attempts, passwords once used.

Nothing here opens anything by itself: secrets are sealed, codes, links and session keys are hashes.
"""

from django.db import models


class Factor(models.Model):
    """A second factor of an account (第二因素): an authenticator app's secret, or a security key's public key."""

    class Kind(models.TextChoices):
        TOTP = "TOTP", "动态口令"
        KEY = "KEY", "安全密钥"

    account = models.ForeignKey("security.Account", on_delete=models.PROTECT, related_name="factors")
    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=60)
    secret = models.BinaryField(help_text="sealed: the TOTP secret, or the key's credential data")
    credential = models.BinaryField(null=True, unique=True, help_text="SHA-256 of the key's credential id")
    last_step = models.BigIntegerField(default=0, help_text="TOTP: the last step a code was taken of; key: its counter")
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=models.Q(kind="TOTP"), name="one_authenticator_an_account"
            ),
            models.CheckConstraint(
                condition=models.Q(kind="TOTP") | models.Q(credential__isnull=False), name="key_has_a_credential"
            ),
        ]


class RecoveryCode(models.Model):
    """One of ten codes for the day the other factors are lost (恢复码): good once."""

    account = models.ForeignKey("security.Account", on_delete=models.PROTECT, related_name="recovery_codes")
    digest = models.BinaryField(unique=True)
    used_at = models.DateTimeField(null=True)


class OneTimeLink(models.Model):
    """A link by which a person sets password and second factor themself (一次性链接)."""

    account = models.ForeignKey("security.Account", on_delete=models.PROTECT, related_name="links")
    digest = models.BinaryField(unique=True)
    made_by = models.CharField(max_length=80)
    made_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class OpenSession(models.Model):
    """A session in which somebody has shown password and second factor. A session without a row is nobody's."""

    account = models.ForeignKey("security.Account", on_delete=models.PROTECT, related_name="open_sessions")
    digest = models.BinaryField(unique=True, help_text="SHA-256 of the session key")
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    factor_at = models.DateTimeField()
    address = models.GenericIPAddressField(null=True)
    agent = models.CharField(max_length=200, blank=True)


class Attempt(models.Model):
    """How often signing in failed of late: for an account from a network, from a device, or from anywhere."""

    key = models.BinaryField(primary_key=True, help_text="keyed digest of what is counted")
    failures = models.PositiveIntegerField(default=0)
    failed_at = models.DateTimeField(null=True)
    closed_until = models.DateTimeField(null=True)
    succeeded_at = models.DateTimeField(null=True)


class UsedPassword(models.Model):
    """The hash of a password an account has had, so that it is not one of the next."""

    account = models.ForeignKey("security.Account", on_delete=models.PROTECT, related_name="used_passwords")
    encoded = models.CharField(max_length=128)
    set_at = models.DateTimeField()


class OutsideIdentity(models.Model):
    """Who an account is at the provider of single sign-on (统一身份认证): set by an administrator."""

    account = models.ForeignKey("security.Account", on_delete=models.PROTECT, related_name="outside_identities")
    digest = models.BinaryField(unique=True, help_text="keyed digest of issuer and subject")
    subject = models.BinaryField(help_text="sealed")
    issuer = models.CharField(max_length=200)
    linked_by = models.CharField(max_length=80)
    linked_at = models.DateTimeField()
