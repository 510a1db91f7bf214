"""How sending fails: said to the operator without what the other side wrote, which may hold anything."""

from xinyong.kernel.errors import Conflict


class Undelivered(Conflict):
    """The message was not taken; it is tried again."""

    code = "workflow.undelivered"
