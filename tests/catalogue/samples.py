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
