"""What an organisation of the demo city declares of itself: one account with its mandate, declarations in several states."""

import struct
import tempfile
import zlib
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from xinyong.kernel import clock

if TYPE_CHECKING:
    from xinyong.intake.voluntary_view import DeclarationView
    from xinyong.security.access import Actor

USERNAME, DISPLAY_NAME = "company", "某企业经办人（自主申报）"
_FACTS: tuple[tuple[str, dict[str, str], str], ...] = (
    (
        "self-qualification",
        {
            "ZZLB": "管理体系认证", "ZZMC": "质量管理体系认证证书", "ZSBH": "QMS-DEMO-0001", "FZJG": "云溪市示例认证中心",
            "ZZFW": "一般商品的销售和售后服务",
        },
        "checked",
    ),
    (
        "self-contract",
        {
            "HTBH": "YX-DEMO-018", "HTMC": "办公家具采购合同", "HTLX": "市场化合同", "XDFMC": "云溪市示例学校",
            "LYZT": "全部履行", "HTJE": "36.5",
        },
        "declared",
    ),
    ("self-welfare", {"GYLB": "公益捐赠", "HDMC": "乡村学校图书捐赠", "HDNR": "向示例镇中心学校捐赠图书 2000 册。", "SYDW": "示例镇中心学校"}, "refused"),
)  # fmt: skip
_DAYS = {"self-qualification": "FZRQ", "self-contract": "QDRQ", "self-welfare": "HDRQ"}


def open_account(username: str, display_name: str, password: str, *, by: "Actor") -> int:
    """A demo account of an organisation, without any post; what it may do hangs on its mandate. Returns its id."""
    from django.db import transaction

    from xinyong.security import audit, people

    with transaction.atomic():
        account = people.open_account(username=username, display_name=display_name, password=password, is_demo=True)
        audit.enter(
            audit.Event.ACCOUNT_CREATED, by=by, object_kind="account", object_ref=username, role="subject", unit=""
        )
    return account.pk


def say(*, account_id: int, today: date, by: "Actor") -> None:
    """Gives the mandate, and declares; said already, nothing is said twice."""
    from xinyong.intake import voluntary
    from xinyong.security import mandates, scope
    from xinyong.security.access import Actor, Role

    now = clock.now()
    with tempfile.TemporaryDirectory(prefix="xinyong-city-own-") as name:
        proof = Path(name) / "proof.png"
        proof.write_bytes(picture())
        if not mandates.of_account(account_id, at=now):
            _give(proof, today=today, by=by)
        somebody = Actor(role=Role.PUBLIC, name=USERNAME, account_id=account_id)
        speaker = mandates.actor(somebody, at=clock.now())
        if speaker.role is not Role.SUBJECT:  # no organisation of the city could be given to it
            return
        with scope.acting(speaker):
            is_said = bool(voluntary.listing(by=speaker, at=now, limit=1))
        for item_id, facts, state in () if is_said else _FACTS:
            day = {_DAYS[item_id]: (today - timedelta(days=200)).isoformat()}
            _settle(_declare(item_id, facts | day, proof, speaker), state, by)


def _give(proof: Path, *, today: date, by: "Actor") -> None:
    """The mandate of an organisation with an honour on file: its page has something official to stand beside."""
    from xinyong.records import listing
    from xinyong.security import mandates
    from xinyong.subjects import mandates as counter
    from xinyong.subjects import registry

    found = listing.latest(item_ids=("honour",), as_of=today, seen_by=by, limit=20).records
    codes = [one.subject_code for one in found if one.subject_code]
    code = next((one for one in codes if registry.subject(one, seen_by=by).status == "active"), None)
    if code is not None:
        counter.give(
            code, kind=mandates.AGENT, username=USERNAME, display_name=DISPLAY_NAME, starts_on=clock.today(),
            last_on=clock.today() + timedelta(days=730), proof=proof, proof_name="授权委托书.png", by=by, at=clock.now(),
        )  # fmt: skip


def _declare(item_id: str, facts: dict[str, str], proof: Path, speaker: "Actor") -> "DeclarationView":
    from xinyong.intake import jobs, voluntary
    from xinyong.intake.voluntary import Proof
    from xinyong.security import scope

    with scope.acting(speaker):
        made, _ = jobs.declare(
            item_id, facts, proofs_given=[Proof(proof, "证明材料.png")], commitment=voluntary.COMMITMENT, by=speaker,
            at=clock.now(),
        )  # fmt: skip
    return made


def _settle(made: "DeclarationView", state: str, by: "Actor") -> None:
    from django.conf import settings

    from xinyong.intake import jobs, revert, submit, voluntary_desk

    submit.run(made.id, by=by)
    if state == "checked":
        voluntary_desk.check(
            made.id,
            after=made.after,
            unit=settings.SITE_NAME,
            basis="与认证机构公开查询结果一致",
            by=by,
            at=clock.now(),
        )
    elif state == "refused":
        jobs.refuse_declared(
            made.id,
            after=made.after,
            reason="所附证明看不出受益单位和数量，请补充接收证明后重新申报",
            by=by,
            at=clock.now(),
        )
        revert.finish(made.id, by=by)


def picture() -> bytes:
    """A white picture of a few points: a file of proof that shows nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\x00" + b"\xff" * 8 for _ in range(8))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
