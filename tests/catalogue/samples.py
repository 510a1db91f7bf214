"""A small sound item, and the edits that spoil it."""

from typing import Any

import yaml

ITEM = """
id: site-safety
version: 1
effective_from: 2026-01-01
title: {zh: 安全检查结果, en: Safety inspection results}
category: 3
nature: administrative
section: other
level: national
subject_classes: [enterprise]
bases: [penalty-law-2021, platform-practice]
natural_key: [JCBH, $subject]
source: 检查机关
disclosure: public
update_cycle: 7个工作日内
publicity: {clock: always}
retention: {years: 5}
roles: {subject_name: ZTMC, subject_code: TYSHXYDM, decided_on: JCRQ, document_no: JCBH}
summary: [JCBH, JCRQ]
fields:
  - {code: ZTMC, name: {zh: 主体名称, en: Name}, length: 200, requirement: required}
  - {code: TYSHXYDM, name: {zh: 统一社会信用代码, en: Code}, type: uscc, length: 18, requirement: required}
  - {code: JCBH, name: {zh: 检查编号, en: Number}, length: 64, requirement: required}
  - {code: JCRQ, name: {zh: 检查日期, en: Date}, type: date, requirement: required}
  - {code: JCJG, name: {zh: 检查结果, en: Result}, length: 500}
rules:
  - id: V06a
    check: JCRQ <= today
    severity: error
    message: {zh: 检查日期晚于收到日期。, en: The inspection is later than the receipt.}
    basis: platform-practice
    columns: [JCRQ]
"""


def data() -> dict[str, Any]:
    """The item as plain data, to be spoiled."""
    found: dict[str, Any] = yaml.safe_load(ITEM)
    return found


def text(found: dict[str, Any]) -> str:
    """Data back to YAML."""
    return yaml.safe_dump(found, allow_unicode=True, sort_keys=False)


def assessed(*items: Any, days: int = 365) -> int:
    """An impact assessment in force of these items, for whatever reason they need one; its number."""
    from datetime import timedelta

    from xinyong.catalogue import assessment
    from xinyong.kernel import clock
    from xinyong.security.access import system

    owner, now = system("test"), clock.now()
    said = "为履行法定职责所必需，仅采集目录规定的数据项，手段相称。"
    made = assessment.write(
        title="示例影响评估", items=items, reasons=list(assessment.Reason), answers=assessment.Answers(said, said, said),
        valid_until=clock.today() + timedelta(days=days), by=owner, at=now,
    )  # fmt: skip
    return assessment.put_in_force(made.id, by=owner, at=now).id


#: A notice as the State Council's would be for 2027: day and whether it is worked.
NOTICE_OF_2027: dict[str, str] = {
    **dict.fromkeys(("2027-01-01", "2027-02-05", "2027-02-08", "2027-02-09", "2027-02-10", "2027-02-11"), "否"),
    **dict.fromkeys(("2027-04-05", "2027-05-03", "2027-06-09", "2027-09-15"), "否"),
    **dict.fromkeys(("2027-10-01", "2027-10-04", "2027-10-05", "2027-10-06", "2027-10-07"), "否"),
    **dict.fromkeys(("2027-01-30", "2027-02-14", "2027-09-25", "2027-10-09"), "是"),
}


def notice(head: str = "日期,是否上班,名称,来源", **changes: str) -> str:
    """The notice of 2027 as CSV; columns in the order of ``head``."""
    names = ("日期", "是否上班", "名称", "来源")
    days = {day: works for day, works in {**NOTICE_OF_2027, **changes}.items() if works}
    lines = [head]
    for day, works in days.items():
        row = dict(zip(names, (day, works, "节假日安排", "国办发明电〔2026〕9号"), strict=True))
        order = head.split(",") if head.split(",")[0] in names else names
        lines.append(",".join(row[name] for name in order))
    return "\n".join(lines) + "\n"
