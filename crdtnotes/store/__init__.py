"""The replica: one SQLite file that holds a vault's log and everything derived from it.

``replica``      the open file: reading, and transactions that store a change with everything derived from it
``core``         the interface of a replica that its parts use
``writer``       turns local edits into operations of a change
``ingest``       takes in changes from other replicas
``causality``    the rules that every change must follow
``digest``       one hash to compare the contents of two replicas
``devices``      the devices of the vault, each call a transaction
``own_stream``   which stream this replica writes
``local_state``  what this machine remembers about the file, stored outside the file
``activity``     who changed which note since a version
``file``         the SQLite file: opening, creating, its schema
``log``          the bytes of every change: rows, packed blocks, dictionaries
``views``        data derived from the log: snapshots, names, links, the search index
``forks``        two versions of one change: which one wins, and how the other gives way
``signing``      members, signatures and checkpoints of a paired vault
``compaction``   packing small changes, recompressing large ones
``upkeep``       checking, salvaging and backing up a file
"""

from crdtnotes.store.replica import Replica

__all__ = ["Replica"]
