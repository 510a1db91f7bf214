"""Divisions, departments, accounts, their posts and grants, consents of second persons, the audit log."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models

from xinyong.security.ledger import models as ledger_models  # noqa: F401 - the log's own tables
from xinyong.security.sealed import SealedColumn, SealedFiles
from xinyong.security.sign_in_models import (
    Attempt,
    Factor,
    OneTimeLink,
    OpenSession,
    OutsideIdentity,
    RecoveryCode,
    UsedPassword,
)

__all__ = [
    "Account", "Attempt", "AuditEntry", "Department", "Factor", "OneTimeLink", "OpenSession", "OutsideIdentity",
    "RecoveryCode", "Region", "UsedPassword",
]  # fmt: skip

SEALED = (
    SealedColumn("security_factor", "factor.secret", column="secret"),
    SealedColumn("security_outsideidentity", "oidc.subject", column="subject"),
    SealedColumn("security_personaccount", "person.sealed"),
    SealedColumn("security_guardianship", "guardian.sealed"),
    SealedFiles("security/mandates/*/*.sealed", "mandate.proof"),
    SealedFiles("security/guardians/*/*.sealed", "guardian.proof"),
)


class Region(models.Model):
    """An administrative division this node knows, with its validity (行政区划). Codes have 6, 9 or 12 digits."""

    code = models.CharField(max_length=12)
    name = models.CharField(max_length=60)
    level = models.PositiveSmallIntegerField(help_text="1 province, 2 city, 3 county, 4 township, 5 village")
    parent_code = models.CharField(max_length=12, blank=True)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    successor_code = models.CharField(max_length=12, blank=True)
    source = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "valid_from"], name="region_code_once", nulls_distinct=False)
        ]


class Department(models.Model):
    """A source unit (信源单位): reports data under its own unified social credit code. One row stands for what organisations
    declare of themselves (自主申报): no department, never active, so nobody serves in it and nothing is owed by it."""

    class Kind(models.TextChoices):
        DEPARTMENT = "department", "信源单位"
        SUBJECTS = "subjects", "市场主体自主申报"

    code = models.CharField(max_length=18, unique=True)
    name = models.CharField(max_length=200)
    short_name = models.CharField(max_length=60, blank=True)
    region_code = models.CharField(max_length=12, blank=True)
    is_active = models.BooleanField(default=True)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.DEPARTMENT)
    reports_for = models.ManyToManyField("self", symmetrical=False, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="department") | models.Q(is_active=False), name="department_or_inactive"
            ),
            models.UniqueConstraint(fields=["kind"], condition=models.Q(kind="subjects"), name="subjects_unit_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Accounts(BaseUserManager["Account"]):
    """Django's account manager, as its auth asks for one."""


class Account(AbstractBaseUser):
    """Somebody who signs in: to the office, where what they may do stands in grants, or for an organisation (mandates), or for
    themself (``is_person``: PersonAccount). One account, one person."""

    username = models.CharField(max_length=60, unique=True)
    display_name = models.CharField(max_length=60)
    is_active = models.BooleanField(default=True)
    is_demo = models.BooleanField(default=False)
    is_person = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    password_set_at = models.DateTimeField(null=True)

    objects: ClassVar[Accounts] = Accounts()
    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["display_name"]


class Office(models.Model):
    """A department's office (科室)."""

    department = models.ForeignKey(Department, on_delete=models.PROTECT)
    name = models.CharField(max_length=60)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["department", "name"], name="office_name_once")]


class Post(models.Model):
    """Where somebody serves, from when to when (任职). One at a time (an exclusion constraint); rights hang on it and end
    with it (a trigger). No department: the platform's own staff."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT)
    department = models.ForeignKey(Department, null=True, on_delete=models.PROTECT)
    office = models.ForeignKey(Office, null=True, on_delete=models.PROTECT)
    title = models.CharField(max_length=60, blank=True)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    entered_by = models.CharField(max_length=80)
    ended_by = models.CharField(max_length=80, blank=True)
    end_reason = models.CharField(max_length=200, blank=True)


class Approval(models.Model):
    """A request for a second person's consent, what they said, and its one use (双人复核). Bound to the digest of exactly
    what is asked for; each step is taken once (a trigger)."""

    class Outcome(models.TextChoices):
        OPEN = "", "待审批"
        APPROVED = "approved", "同意"
        REFUSED = "refused", "不同意"

    kind = models.CharField(max_length=40)
    object_ref = models.CharField(max_length=80)
    digest = models.CharField(max_length=64)
    facts = models.JSONField(default=dict)
    purpose = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=400)
    asked_by = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    asked_under = models.ForeignKey("Grant", null=True, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True, default="")
    decided_by = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="+")
    decided_under = models.ForeignKey("Grant", null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.CharField(max_length=400, blank=True)
    used_at = models.DateTimeField(null=True)
    lapsed_at = models.DateTimeField(null=True, help_text="when it was noted that its time had passed unused")

    class Meta:
        indexes = [models.Index(fields=["kind", "asked_by", "-id"], name="approval_of_asker")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(decided_by__isnull=True) | ~models.Q(decided_by=models.F("asked_by")),
                name="approval_by_another",
            ),
            models.CheckConstraint(
                condition=models.Q(outcome="", decided_by__isnull=True, decided_at__isnull=True)
                | (~models.Q(outcome="") & models.Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="approval_decided_whole",
            ),
            models.CheckConstraint(
                condition=models.Q(used_at__isnull=True) | models.Q(outcome="approved"), name="approval_before_use"
            ),
            models.CheckConstraint(condition=models.Q(expires_at__gt=models.F("asked_at")), name="approval_expires"),
        ]


class Grant(models.Model):
    """A right given (授权): a role within a scope for a time, on a post. Never edited: it ends, once (triggers; they hold
    the grantor's bounds and the three administrators too). No department: all; ``region`` "": all; ``items`` empty: all.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT)
    post = models.ForeignKey(Post, on_delete=models.PROTECT)
    role = models.CharField(max_length=20)
    department = models.ForeignKey(Department, null=True, on_delete=models.PROTECT)
    region = models.CharField(max_length=12, blank=True)
    items = ArrayField(models.CharField(max_length=60), default=list)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)
    given_at = models.DateTimeField()
    given_by = models.CharField(max_length=80)
    granted_by = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="+")
    granted_under = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    delegated_from = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="delegations")
    approval = models.OneToOneField(Approval, null=True, on_delete=models.PROTECT)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=80, blank=True)
    end_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    role__in=[
                        "source_unit", "unit_admin", "reader", "operator", "system_admin", "security_admin", "auditor",
                    ]
                ),
                name="grant_of_a_role",
            ),
            models.CheckConstraint(
                condition=~models.Q(role__in=["source_unit", "unit_admin"]) | models.Q(department__isnull=False),
                name="grant_has_department",
            ),
            models.CheckConstraint(
                condition=models.Q(granted_by__isnull=True) | ~models.Q(granted_by=models.F("account")),
                name="grant_by_another",
            ),
            models.CheckConstraint(
                condition=models.Q(valid_to__isnull=True) | models.Q(valid_to__gt=models.F("valid_from")),
                name="grant_has_time",
            ),
            models.CheckConstraint(
                condition=models.Q(delegated_from__isnull=True) | models.Q(valid_to__isnull=False),
                name="delegation_ends",
            ),
        ]  # fmt: skip


class Mandate(models.Model):
    """That an account acts for an organisation, from when up to, not including, when (代表关系), and the sealed file that proves
    it. Never edited: it ends, once (a trigger). Who serves in an office has none, and the other way round (a trigger too)."""

    class Kind(models.TextChoices):
        LEGAL = "legal", "法定代表人（负责人）"
        AGENT = "agent", "经办人"

    account = models.ForeignKey(Account, on_delete=models.PROTECT)
    subject_id = models.BigIntegerField(help_text="of the register of subjects, which lies above this room")
    subject_code = models.CharField(max_length=18)
    region_code = models.CharField(max_length=12, blank=True, help_text="the organisation's division when it was given")
    kind = models.CharField(max_length=5, choices=Kind)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField()
    proof_name = models.CharField(max_length=200)
    proof_digest = models.CharField(max_length=64, help_text="SHA-256 of the kept file")
    proof_size = models.BigIntegerField()
    given_at = models.DateTimeField()
    given_by = models.CharField(max_length=80)
    given_under = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="agents")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=80, blank=True)
    end_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(valid_to__gt=models.F("valid_from")), name="mandate_has_time"),
        ]
        indexes = [models.Index(fields=["account"], name="mandate_of_account")]


class Guardianship(models.Model):
    """That a person acts for a child (监护), and the sealed file that proves it. Never edited: it ends, once, and then who the ward was is
    forgotten (a trigger). The day on which the ward is of age is computed from the sealed number and stands nowhere."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT)
    ward_digest = models.BinaryField(null=True, help_text="keyed digest of kind and number, as of the subject")
    sealed = models.BinaryField(null=True, help_text="name, kind and number of the ward's certificate, encrypted")
    subject_id = models.BigIntegerField(null=True, help_text="of the register of subjects, once something is on file")
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(help_text="the end of the term asked for, never a birthday")
    proof_name = models.CharField(max_length=200)
    proof_digest = models.CharField(max_length=64, help_text="SHA-256 of the kept file")
    proof_size = models.BigIntegerField()
    given_at = models.DateTimeField()
    given_by = models.CharField(max_length=80)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=80, blank=True)
    end_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(valid_to__gt=models.F("valid_from")), name="guardianship_has_time"
            ),
            models.CheckConstraint(
                condition=models.Q(ward_digest__isnull=False, sealed__isnull=False)
                | models.Q(ward_digest__isnull=True, sealed__isnull=True, subject_id__isnull=True),
                name="guardianship_whole_or_forgotten",
            ),
        ]
        indexes = [models.Index(fields=["account"], name="guardianship_of_account")]


class PersonAccount(models.Model):
    """Who a person's account is (个人账号): verified by a government identity provider or by an operator who saw the papers. Name
    and number are sealed, found by a keyed digest; erased they are gone for ever, and nothing else is ever changed of who it
    is (a trigger)."""

    class Way(models.TextChoices):
        OIDC = "oidc", "统一身份认证"
        COUNTER = "counter", "窗口核验"

    account = models.OneToOneField(Account, on_delete=models.PROTECT, related_name="person")
    digest = models.BinaryField(null=True, unique=True, help_text="keyed digest of kind and number, as of the subject")
    sealed = models.BinaryField(null=True, help_text="name, kind and number of the certificate, encrypted")
    way = models.CharField(max_length=7, choices=Way)
    verified_at = models.DateTimeField()
    verified_by = models.CharField(max_length=200)
    subject_id = models.BigIntegerField(null=True, help_text="of the register of subjects, once something is on file")
    represents = ArrayField(models.CharField(max_length=18), default=list)
    represents_at = models.DateTimeField(null=True, help_text="when the provider said which organisations")
    erased_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(erased_at__isnull=True, digest__isnull=False, sealed__isnull=False)
                | models.Q(erased_at__isnull=False, digest__isnull=True, sealed__isnull=True, subject_id__isnull=True),
                name="person_whole_or_erased",
            )
        ]
        indexes = [
            models.Index(fields=["subject_id"], name="person_of_subject", condition=models.Q(subject_id__isnull=False))
        ]


class Allowance(models.Model):
    """How much of a day's quota an account has used (每日额度)."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT)
    kind = models.CharField(max_length=40)
    day = models.DateField()
    used = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "kind", "day"], name="allowance_once")]


class Handout(models.Model):
    """A file of data that left the platform (导出台账): to whom, what for, how many rows, under which mark. Only added to."""

    mark = models.BigIntegerField(unique=True, help_text="32 bits hidden in every row of the file")
    kind = models.CharField(max_length=40)
    account = models.ForeignKey(Account, on_delete=models.PROTECT)
    at = models.DateTimeField()
    rows = models.PositiveIntegerField()
    purpose = models.CharField(max_length=200, blank=True)
    facts = models.JSONField(default=dict)
    approval = models.ForeignKey(Approval, null=True, on_delete=models.PROTECT)


class AuditEntry(models.Model):
    """One act: who, for whom, what, on what, why, with what result, from where. Append-only (a trigger holds it)."""

    at = models.DateTimeField(db_index=True)
    role = models.CharField(max_length=20)
    actor = models.CharField(max_length=80)
    department = models.CharField(max_length=18, blank=True)
    address = models.GenericIPAddressField(null=True)
    event = models.CharField(max_length=60)
    object_kind = models.CharField(max_length=30)
    object_ref = models.CharField(max_length=80, help_text="never a personal identifier: an id, or a keyed digest")
    purpose = models.CharField(max_length=200, blank=True)
    outcome = models.CharField(max_length=20)
    facts = models.JSONField(default=dict)


class DataKey(models.Model):
    """A key that seals fields, files or digests, wrapped by a key-encryption key that is not in the database. Only added; a
    trigger lets the owner of the tables wrap it anew, and nothing else."""

    class Use(models.TextChoices):
        SEAL = "seal", "字段加密"
        VAULT = "vault", "文件加密"
        DIGEST = "digest", "盲索引"

    number = models.PositiveSmallIntegerField(primary_key=True)
    use = models.CharField(max_length=10, choices=Use)
    algorithm = models.CharField(max_length=20)
    origin = models.CharField(max_length=10, help_text="random, or derived from the master key as before this table")
    wrapped = models.BinaryField()
    wrapped_by = models.CharField(max_length=120, help_text="label of the key-encryption key")
    made_at = models.DateTimeField()


class Client(models.Model):
    """A department's program at the machines' door (接口客户端). ``application`` is what the OAuth2 library knows of it: its
    public id. ``scopes`` are all it may ask for; ``items`` the catalogue items it reaches (None: all); ``networks`` where
    it may call from; ``key_pem`` a public key whose signature every call must carry, when there is one."""

    application = models.OneToOneField("oauth2_provider.Application", on_delete=models.PROTECT, related_name="client")
    department = models.ForeignKey(Department, on_delete=models.PROTECT)
    name = models.CharField(max_length=80)
    scopes = ArrayField(models.CharField(max_length=80))
    items = ArrayField(models.CharField(max_length=60), null=True)
    networks = ArrayField(models.CharField(max_length=50))
    key_pem = models.TextField(blank=True)
    per_minute = models.PositiveIntegerField()
    per_day = models.PositiveIntegerField()
    is_sandbox = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)


class ClientSecret(models.Model):
    """One secret of a client: hashed, shown once, good until a day. ``key_id`` is its public beginning, by which it is
    found."""

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="secrets")
    key_id = models.CharField(max_length=12, unique=True)
    secret = models.CharField(max_length=160, help_text="hash, by the site's password hasher")
    made_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)


class QuotaUse(models.Model):
    """How many calls one caller has made in one minute or one day (配额)."""

    caller = models.CharField(max_length=90)
    span = models.CharField(max_length=6, choices=[("minute", "minute"), ("day", "day")])
    starts_at = models.DateTimeField()
    used = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["caller", "span", "starts_at"], name="quota_once")]


class SeenNonce(models.Model):
    """The nonce of a signed message, kept for as long as its signature could be shown again."""

    sender = models.CharField(max_length=90)
    nonce = models.CharField(max_length=64)
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sender", "nonce"], name="nonce_once")]


class Partner(models.Model):
    """Another node of the network (共享节点): a city, a county, the province, a bank's platform."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    per_minute = models.PositiveIntegerField()
    per_day = models.PositiveIntegerField()
    is_active = models.BooleanField(default=True)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=80)


class PartnerKey(models.Model):
    """A public key of a partner and its epoch: signatures made outside it do not count."""

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="keys")
    key_id = models.CharField(max_length=80, unique=True)
    algorithm = models.CharField(max_length=24)
    public_pem = models.TextField()
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)


class PartnerMessage(models.Model):
    """A message a partner signed, whole, so that anybody can check the signature again. Append-only (a trigger holds it)."""

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT)
    key = models.ForeignKey(PartnerKey, on_delete=models.PROTECT)
    seq = models.BigIntegerField()
    follows = models.BigIntegerField(help_text="the number accepted before it; others between never came")
    message_id = models.UUIDField()
    kind = models.CharField(max_length=40)
    body = models.BinaryField()
    digest = models.BinaryField()
    target = models.CharField(max_length=400)
    signature_input = models.TextField()
    signature = models.TextField()
    created_at = models.DateTimeField(help_text="by the sender's clock")
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["partner", "seq"], name="message_seq_once"),
            models.UniqueConstraint(fields=["partner", "message_id"], name="message_id_once"),
            models.CheckConstraint(
                condition=models.Q(follows__gte=0) & models.Q(seq__gt=models.F("follows")),
                name="message_seq_only_rises",
            ),
        ]
        indexes = [
            models.Index(
                fields=["partner", "seq"], condition=models.Q(seq__gt=models.F("follows") + 1), name="message_gaps"
            )
        ]
