"""The door that clients call (tests/exchange)."""

from tests.exchange.conftest import address, door, worker

__all__ = ["address", "door", "worker"]
