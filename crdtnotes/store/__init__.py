"""The replica: one SQLite file that holds a vault's log and everything derived from it."""

from crdtnotes.store.replica import Replica

__all__ = ["Replica"]
