"""Which acts there are: for every event what leaves an entry of it, done as in life by the room's verb or at the door.

An act is a function that prepares what has to be there and returns the deed itself; what the deed draws at random it returns
by name, so that the golden file says ``<report>`` where the number stood. Acts stand by theme in the modules beside this.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from tests.golden.world import World
from xinyong.security.audit import Event

#: What was drawn, by the word that stands for it; None where nothing was.
Drawn = Mapping[str, object] | None
Deed = Callable[[], Drawn]
Prepare = Callable[[World], Deed]
Effect = Callable[[World], object]
_MODULES = (
    "acts_people",
    "acts_sign_in",
    "acts_data",
    "acts_drops",
    "acts_feeds",
    "acts_catalogue",
    "acts_machines",
    "acts_docking",
    "acts_log",
    "acts_rates",
    "acts_windows",
    "acts_notices",
    "acts_tasks",
    "acts_own",
    "acts_objections",
    "acts_repairs",
    "acts_effects",
    "acts_consents",
    "acts_papers",
    "acts_persons",
    "acts_duties",
)


class NotDone(Exception):
    """A door answered otherwise than the act expects."""


@dataclass(frozen=True, slots=True)
class Act:
    """``variant`` tells acts of one event apart. ``lasting``: why it cannot be done in a transaction that is undone (it
    works on a connection of its own, as the owner, or in files); ``effect`` then says what it does, where that is not all
    it writes. ``spends``: tables of what is used up by trying. ``keeps``: what it does in tables that are otherwise
    beside the point (stored.ASIDE)."""

    event: Event
    prepare: Prepare
    variant: str = ""
    lasting: str = ""
    effect: Effect | None = None
    spends: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The key in the golden file."""
        return f"{self.event.value} ({self.variant})" if self.variant else self.event.value


_acts: dict[str, Act] = {}


def act(
    event: Event, variant: str = "", *, lasting: str = "", effect: Effect | None = None, spends: tuple[str, ...] = (),
    keeps: tuple[str, ...] = (),
) -> Callable[[Prepare], Prepare]:  # fmt: skip
    """Says which event an act leaves."""

    def keep(prepare: Prepare) -> Prepare:
        made = Act(event, prepare, variant, lasting, effect, spends, keeps)
        assert made.name not in _acts, made.name
        _acts[made.name] = made
        return prepare

    return keep


def everything() -> dict[str, Act]:
    """Every act by its name."""
    for name in _MODULES:
        import_module(f"tests.golden.{name}")
    return dict(_acts)


def answered(response: Any, status: int = 200) -> Any:
    """A door's answer, which must have this status."""
    if response.status_code != status:
        raise NotDone(f"{response.status_code}, not {status}")
    if response.streaming:
        b"".join(response.streaming_content)
    return response
