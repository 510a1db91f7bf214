"""The clocks of a record, computed from the catalogue and the dated rule sets, never taken from the sender.

Publicity, retention and list term are separate clocks (rules.md, third caution). All ends are exclusive: the first day
without. Source of the publicity terms: 信用修复管理办法 (令36号) and its predecessors, rules.md §4.1; months run from the
date of the document.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from xinyong.catalogue.schema import Item, RuleSet
from xinyong.kernel.periods import INDEFINITE, add_months


@dataclass(frozen=True, slots=True)
class Terms:
    """The clocks of one record; None is "no end", or for ``publish_from`` "never published"."""

    publish_from: date | None
    publish_until: date | None
    repair_from: date | None
    retain_until: date | None
    rule_set: str | None


def rule_set_on(day: date, rule_sets: Sequence[RuleSet]) -> RuleSet:
    """The rule set in force on the day a decision was taken; the oldest for decisions before all of them."""
    ordered = sorted(rule_sets, key=lambda one: one.valid_from)
    in_force = [one for one in ordered if one.valid_from <= day]
    return in_force[-1] if in_force else ordered[0]


def end_exclusive(last_day: date | None) -> date | None:
    """The first day without, for a standard's inclusive last day; the 2099-12-31 sentinel is no end."""
    if last_day is None or last_day == INDEFINITE:
        return None
    return last_day + timedelta(days=1)


def terms(
    item: Item, *, decided_on: date, valid_to: date | None, severity: str | None, rule_sets: Sequence[RuleSet]
) -> Terms:
    """The clocks of a record of ``item``. ``valid_to`` is exclusive, None for indefinite."""
    retain_until = None
    if item.retention.years is not None:
        start = valid_to if item.retention.start == "valid_to" else decided_on
        retain_until = add_months(start, item.retention.years * 12) if start else None
    rule_set = rule_set_on(decided_on, rule_sets) if severity else None
    publish_from: date | None = decided_on
    publish_until: date | None = None
    repair_from: date | None = None
    if item.publicity.clock == "never" or item.disclosure.value != "public":
        publish_from = None
    elif item.publicity.clock == "severity" and severity and rule_set:
        minimum, maximum = rule_set.months.get(severity, (0, 0))
        publish_until = add_months(decided_on, maximum)
        repair_from = add_months(decided_on, minimum)
        if maximum == 0:
            publish_from, publish_until = None, None
    elif item.publicity.clock in {"while_valid", "while_listed"} and valid_to is not None:
        publish_until = add_months(valid_to, item.publicity.months_after)
    if publish_from is not None and retain_until is not None:
        publish_until = min(publish_until, retain_until) if publish_until else retain_until
    if publish_from is not None and publish_until is not None and publish_until <= publish_from:
        # Over before it began (a licence decided long after its validity): never shown.
        publish_from, publish_until = None, None
    return Terms(publish_from, publish_until, repair_from, retain_until, rule_set.id if rule_set else None)
