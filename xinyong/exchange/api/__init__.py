"""Operations of the interface, one module per room shown. Importing this package makes them known to the door."""

from xinyong.exchange.api import catalogue, changes, handing_in, intake, messages, queries, records, repairs, security

__all__ = ["catalogue", "changes", "handing_in", "intake", "messages", "queries", "records", "repairs", "security"]
