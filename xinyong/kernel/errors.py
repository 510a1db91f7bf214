"""The four error families. A subclass stands beside the verb that raises it, with ``code = "room.kebab-case"`` for ever.

The message is for the person who caused it, in Chinese and English: what happened, to what, what to do.
"""

from typing import ClassVar

from xinyong.kernel.scrubbing import unnumbered


class XinyongError(Exception):
    """Root of every error we raise on purpose. ``zh`` and ``en`` are sentences for the person who caused it; ``invariant`` is the
    refusal code of what the law never allows (kernel/invariants.py), the class's or, by a fact of that name, this one's."""

    code: ClassVar[str] = "kernel.error"
    status: ClassVar[int] = 500
    invariant: str = ""

    def __init__(self, zh: str, en: str, **facts: object) -> None:
        zh, en = unnumbered(zh), unnumbered(en)  # whatever was typed where a code belongs and is quoted
        super().__init__(f"{zh} / {en}")
        self.zh = zh
        self.en = en
        self.facts = facts
        self.invariant = str(facts.get("invariant") or type(self).invariant)

    @property
    def mark(self) -> str:
        """Our code, and beside it the invariant's where it guards one."""
        return f"{self.code} · {self.invariant}" if self.invariant else self.code


class NotFound(XinyongError):
    """What was asked for does not exist, or its existence is not for this actor to know."""

    code = "kernel.not-found"
    status = 404


class Forbidden(XinyongError):
    """The actor may not do this."""

    code = "kernel.forbidden"
    status = 403


class Conflict(XinyongError):
    """The state of things does not allow it now."""

    code = "kernel.conflict"
    status = 409


class Invalid(XinyongError):
    """The input is wrong; the message says what, where, and what to do."""

    code = "kernel.invalid"
    status = 400
