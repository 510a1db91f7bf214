"""The page of interrupted work: what happened, what is next, what to do, trying it now; how much room is left."""

from datetime import timedelta
from typing import Any

import pytest

from tests.office.conftest import Office
from tests.office.test_pages import said
from xinyong.intake.models import Interruption, Submission
from xinyong.kernel import clock
from xinyong.security import identity
from xinyong.security.models import AuditEntry

WHERE = "/office/interruptions/"


def _interrupted(office: Office, number: int, **more: Any) -> Interruption:
    """A submission whose work broke off, as the database has it."""
    unit, now = identity.source_unit(office.unit.code), clock.now()
    one = Submission.objects.create(
        item_id="admin-penalty-org", item_version=1, source_id=unit.id,
        file_name=f"f{number}.csv", file_size=10, content_digest=f"{number:064x}", received_at=now, received_by="clerk",
    )  # fmt: skip
    return Interruption.objects.create(
        **{
            "submission": one, "source_id": unit.id, "item_id": one.item_id, "stage": "deposit", "cause": "disk-full",
            "tries": 3, "since": now, "at": now, "next_at": now + timedelta(minutes=1),
        } | more
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _nothing_left(browsers: Office) -> Any:
    yield
    numbers = list(Interruption.objects.values_list("submission_id", flat=True))
    Interruption.objects.all().delete()
    Submission.objects.filter(pk__in=numbers).delete()


def test_the_operator_sees_what_happened_and_what_to_do(browsers: Office) -> None:
    looked = AuditEntry.objects.filter(event="submissions-listed", object_ref="interrupted")
    before = looked.count()
    empty = said(browsers["operator"].get(WHERE))
    assert "没有中断的处理" in empty
    assert "数据目录" in empty
    waiting, held = _interrupted(browsers, 1), _interrupted(browsers, 2, cause="broken", next_at=None)
    page = said(browsers["operator"].get(WHERE))
    assert f"报送 {waiting.submission_id}" in page
    assert f"报送 {held.submission_id}" in page
    assert "数据目录所在磁盘空间不足" in page
    assert "清理或扩容磁盘后自动继续" in page
    assert "程序出错" in page
    assert "已暂停" in page
    assert "submission-interrupted" in page
    assert looked.count() == before + 2, "each look leaves one entry"
    english = said(browsers["operator"].get(WHERE, headers={"accept-language": "en"}))
    assert "short of room" in english
    assert "Try again now" in english
    assert "While depositing" in english
    for role in ("clerk", "auditor"):
        assert browsers[role].get(WHERE).status_code == 403
    own = said(browsers["clerk"].get(f"/office/submissions/{waiting.submission_id}/"))
    assert "数据目录所在磁盘空间不足，处理中断" in own
    assert "不必重报" in own
    assert browsers["stranger"].get(f"/office/submissions/{waiting.submission_id}/").status_code == 404


def test_trying_again_is_asked_once_and_noted(browsers: Office) -> None:
    held = _interrupted(browsers, 3, cause="worker-died", next_at=None)
    where = f"{WHERE}{held.submission_id}/again"
    assert browsers["clerk"].post(where).status_code == 403
    assert browsers["operator"].get(where).status_code == 405
    assert "已交后台重试" in said(browsers["operator"].post(where, follow=True))
    held.refresh_from_db()
    assert held.tries == 0
    assert held.next_at is not None
    entry = AuditEntry.objects.filter(event="work-tried-again").latest("id")
    assert (entry.object_ref, entry.facts["cause"]) == (str(held.submission_id), "worker-died")
    Interruption.objects.update(ended_at=clock.now(), next_at=None)
    page = said(browsers["operator"].post(where, follow=True))
    assert "没有中断，或已经继续处理" in page
    assert "最近已恢复" in page


def test_the_second_page_and_a_full_disk(browsers: Office, settings: Any) -> None:
    for number in range(10, 42):
        _interrupted(browsers, number)
    first = browsers["operator"].get(WHERE)
    assert said(first).count('/again"') == 30
    second = said(browsers["operator"].get(WHERE + f"?after={first.context['next_after']}"))
    assert second.count('/again"') == 2
    assert "已是最后一页" in second
    settings.DISK_SPARE = 2**60
    assert "新文件不收，处理暂停" in said(browsers["operator"].get(WHERE))
