"""What is wrong with a catalogue file: every problem with its file, line, path and sentence."""

from collections.abc import Sequence
from dataclasses import dataclass

from xinyong.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to correct. ``path`` is written like ``fields[3].type``; ``line`` counts from 1, None when unknown."""

    file: str
    line: int | None
    path: str
    zh: str
    en: str

    @property
    def place(self) -> str:
        """``file:line path``, the form editors jump to."""
        line = f":{self.line}" if self.line else ""
        return f"{self.file}{line} {self.path}".rstrip()


class CatalogueError(Invalid):
    """A catalogue file cannot be used. ``problems`` holds all of them; the message shows the first three."""

    code = "catalogue.invalid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        shown = problems[:3]
        rest = len(problems) - len(shown)
        zh = "；".join(f"{one.place}：{one.zh.rstrip('。')}" for one in shown) + "。"
        en = " ".join(f"{one.place}: {one.en}" for one in shown)
        if rest:
            zh += f"另有 {rest} 处，请用 xinyong catalogue check 查看全部。"
            en += f" {rest} more: see xinyong catalogue check."
        super().__init__(zh, en, problems=len(problems))
        self.problems = tuple(problems)
