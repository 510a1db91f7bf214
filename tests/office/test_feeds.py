"""The page of the register's change feeds: state, gap, refused events, successions and their undoing."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from tests.intake import made
from tests.office.conftest import Office
from tests.office.test_pages import said
from xinyong.intake import feed
from xinyong.kernel import clock
from xinyong.security.identity import SourceUnit
from xinyong.subjects import registry, succession

PAGE = "/office/feeds/"


@dataclass(frozen=True, slots=True)
class Fed:
    """An authority whose feed has a refused event, a succession and a gap."""

    unit: SourceUnit
    old: made.Organisation
    new: made.Organisation


@pytest.fixture
def fed(browsers: Office) -> Fed:
    unit, old, new = made.department(), made.organisation(), made.organisation()
    parts = [
        (1, "new", old, {"ZTMC": old.name, "CLRQ": "2020-01-02"}, ()), (2, "new", new, {"ZTMC": new.name, "CLRQ": "2020-01-02"}, ()),
        (3, "absorbed", old, {}, (new.code,)), (4, "renamed", old, {"ZTMC": "测试"}, ()), (7, "cancelled", old, {}, ()),
    ]  # fmt: skip
    events = [
        feed.Change(number, f"E-{number}", kind, clock.today() - timedelta(days=3), who.code, row, successors)
        for number, kind, who, row, successors in parts
    ]
    feed.receive(events, source_code=unit.code, by=made.SYSTEM, received_at=clock.now())
    return Fed(unit, old, new)


def test_the_operator_sees_what_is_missing_what_was_refused_and_who_followed(browsers: Office, fed: Fed) -> None:
    page = said(browsers["operator"].get(PAGE))
    for part in (fed.unit.name, "缺第 5 号至第 6 号", "第 4 号", fed.old.name, fed.new.name, "吸收合并"):
        assert part in page
    refused = said(browsers["operator"].get(f"{PAGE}{fed.unit.code}/refused"))
    assert "占位文字" in refused
    assert "没有被拒绝" not in refused
    assert "filler" in said(
        browsers["operator"].get(f"{PAGE}{fed.unit.code}/refused", headers={"accept-language": "en"})
    )
    for role in ("clerk", "auditor"):
        assert browsers[role].get(PAGE).status_code == 403
    assert browsers["operator"].get(f"{PAGE}{made.code_of('11')}/refused").status_code == 404


def test_a_gap_is_skipped_with_a_reason_and_what_waited_goes_in(browsers: Office, fed: Fed) -> None:
    where = f"{PAGE}{fed.unit.code}/skip"
    assert "第 5 号至第 6 号不再等待" in said(browsers["operator"].get(where))
    assert browsers["operator"].post(where, {"reason": "", "until": "6"}).status_code == 400
    assert browsers["clerk"].post(where, {"reason": "对方确认作废", "until": "6"}).status_code == 403
    assert browsers["operator"].post(where, {"reason": "对方确认作废", "until": "6"}).status_code == 302
    assert registry.subject(fed.old.code, seen_by=made.SYSTEM).status == "cancelled"
    assert "没有缺号" in said(browsers["operator"].get(where, follow=True))


def test_a_succession_is_taken_back_with_a_reason_and_the_pages_lead_nowhere(browsers: Office, fed: Fed) -> None:
    assert fed.new.code in said(browsers["public"].get(f"/subject/{fed.old.code}/"))
    subject = registry.subject(fed.old.code, seen_by=made.SYSTEM)
    (link,) = succession.of(subject.id, known_at=clock.now())
    where = f"{PAGE}successions/{link.id}/undo"
    assert fed.new.name in said(browsers["operator"].get(where))
    assert browsers["operator"].post(where, {"reason": "短"}).status_code == 400
    assert browsers["operator"].post(where, {"reason": "文书登记有误"}).status_code == 302
    assert fed.new.code not in said(browsers["public"].get(f"/subject/{fed.old.code}/"))
    assert browsers["operator"].post(where, {"reason": "文书登记有误"}).status_code == 404
