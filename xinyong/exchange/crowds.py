"""How many machines one process answers at once: people who look something up must find somebody free.

Requests of machines beyond that are asked to come back in a moment, before anything of them was read or counted; their
programs wait by themselves, visitors of the portal do not.
"""

import random
import threading

from django.conf import settings

from xinyong.kernel.errors import Conflict

#: Seconds to wait, drawn for each, or all would come back together.
_WAIT = (1, 3)


class Crowded(Conflict):
    """Too many machines at once. ``facts["retry_after"]`` says how long to wait."""

    code = "exchange.crowded"
    status = 429


class Places:
    """The places of one process; none counted (0) means as many as there are threads."""

    def __init__(self, count: int) -> None:
        self._free = threading.BoundedSemaphore(count) if count else None

    def take(self) -> bool:
        """True when a place was taken that is to be given back, False when none are counted. Raises Crowded."""
        if self._free is None:
            return False
        if not self._free.acquire(blocking=False):
            raise Crowded(
                "此刻接口请求过多，请稍候几秒重试；本次请求未作任何处理。",
                "Too many requests at this moment. Try again in a few seconds; nothing was done with this one.",
                retry_after=random.randint(*_WAIT),  # noqa: S311  # nosec B311  no secret
            )
        return True

    def give_back(self) -> None:
        """Frees a place that ``take`` gave."""
        if self._free is not None:
            self._free.release()


def places() -> Places:
    """The places this process has by its settings."""
    return Places(settings.API_AT_ONCE)
