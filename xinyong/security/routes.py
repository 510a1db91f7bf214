"""Every address the program answers, with the action it declares. One that declares none stops the program from starting.

What the gate checks at each request is checked here once for all of them, so that a forgotten declaration is a failed
start and not a page that somebody finds.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from xinyong.security.access import Action

#: Views of libraries that we mount as they are, that hold nothing of ours and declare nothing themselves.
OPEN_MODULES = ("django.views.i18n",)


class UndeclaredView(RuntimeError):
    """A view without ``@access(...)``: a programming error, refused."""


@dataclass(frozen=True, slots=True)
class Route:
    """One address: its pattern from the root, its name (``door:name``), the view, the action it declares."""

    pattern: str
    name: str
    view: Callable[..., Any]
    action: Action | None


def routes(patterns: Sequence[URLPattern | URLResolver] | None = None) -> list[Route]:
    """All addresses of the program, or of these patterns, in the order in which they are tried."""
    return list(_walk(get_resolver().url_patterns if patterns is None else patterns, "", ""))


def declared(view: Callable[..., Any]) -> Action | None:
    """The action a view declares, None for a library's open view. Raises UndeclaredView."""
    action = getattr(view, "xinyong_action", None)
    if isinstance(action, Action):
        return action
    if view.__module__ in OPEN_MODULES:
        return None
    raise UndeclaredView(f"{view.__module__}.{getattr(view, '__name__', view)} declares no action")


def require_declared(patterns: Sequence[URLPattern | URLResolver] | None = None) -> int:
    """Looks at every address and says how many there are. Raises UndeclaredView, naming all that declare nothing."""
    found = routes(patterns)
    silent = [one for one in found if one.action is None and one.view.__module__ not in OPEN_MODULES]
    if silent:
        names = ", ".join(f"/{one.pattern} ({one.view.__module__})" for one in silent)
        raise UndeclaredView(f"no action declared: {names}")
    return len(found)


def _walk(patterns: Sequence[URLPattern | URLResolver], before: str, space: str) -> Iterator[Route]:
    for one in patterns:
        path = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _walk(one.url_patterns, path, f"{space}{one.namespace}:" if one.namespace else space)
            continue
        action = getattr(one.callback, "xinyong_action", None)
        yield Route(path, f"{space}{one.name or ''}", one.callback, action if isinstance(action, Action) else None)
