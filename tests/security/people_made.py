"""A small town hall for tests of rights: units, people, the three administrators, each grant given as in life."""

import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.intake import made
from xinyong.kernel import clock
from xinyong.security import approvals, grants, identity, people
from xinyong.security.access import Actor, Role, system
from xinyong.security.identity import SourceUnit

OWNER = system("test")
_numbers = itertools.count(1)


def start() -> datetime:
    """The instant a test begins at: the clock's, for the owner's verbs read it."""
    return clock.now()


@dataclass(slots=True)
class Hall:
    """Units and people by name; ``now`` goes forward only."""

    now: datetime
    units: list[SourceUnit] = field(default_factory=list)
    ids: dict[str, int] = field(default_factory=dict)

    def unit(self) -> SourceUnit:
        """Another department."""
        self.units.append(made.department())
        return self.units[-1]

    def wait(self, **much: float) -> datetime:
        """Lets time go by."""
        self.now += timedelta(**much)
        return self.now

    def owner_makes(self, name: str, role: Role, unit: SourceUnit | None = None) -> Actor:
        """Somebody the owner of the installation sets up."""
        username = f"{name}-{next(_numbers)}"
        self.ids[name] = identity.create_account(
            username=username, password="a long enough pass", display_name=name, role=role.value,
            department=unit.code if unit else None, by=OWNER,
        )  # fmt: skip
        self.now = max(self.now, clock.now())
        return self.actor(name)

    def admit(self, name: str, unit: SourceUnit | None, by: Actor) -> int:
        """A new account without rights."""
        self.ids[name] = people.admit(
            username=f"{name}-{next(_numbers)}", display_name=name, password="a long enough pass",
            department=unit.code if unit else None, by=by, at=self.now,
        )  # fmt: skip
        return self.ids[name]

    def actor(self, name: str, grant: int | None = None) -> Actor:
        """Who somebody is now, under the grant chosen."""
        return grants.actor(self.ids[name], name=name, at=self.now, chosen=grant)

    def give(self, to: str, role: Role, by: Actor, unit: SourceUnit | None = None, **more: object) -> grants.Held:
        """One grant, from now."""
        return grants.give(
            to=self.ids[to], role=role, department=unit.code if unit else None, reason="工作需要", by=by, at=self.now,
            **more,  # type: ignore[arg-type]
        )  # fmt: skip

    def agree(self, asked: approvals.Request, by: Actor) -> approvals.Request:
        """The second person's yes."""
        return approvals.decide(asked.id, agrees=True, by=by, at=self.now)
