"""What a file is looked into for (查询目的): nothing that is not public is looked at without it.

Which purposes there are, for whom, and on which basis, the register says (rights/purposes.py); here stands only that something was
said. Basis: provincial regulations on query logs (Zhejiang 20, Shenzhen 45: who, when, what, for what purpose); INV-70. Curiosity is
the commonest abuse of such registers (security.md T8): the matter's number makes a look checkable.
"""

from xinyong.kernel.errors import Invalid


class PurposeNeeded(Invalid):
    """A look at what is not public needs its purpose and the matter it is for."""

    code = "records.purpose-needed"
    invariant = "E_PURPOSE"


def required(purpose: str) -> None:
    """Raises PurposeNeeded when nothing was said."""
    if not purpose.strip():
        raise PurposeNeeded("查看非公开信息须说明目的。", "Looking at what is not public needs a purpose.")
