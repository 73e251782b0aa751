"""The replica: one SQLite file that holds a vault's log and everything derived from it.

``replica``      a replica with all its parts: reading it and caring for its file
``core``         the file, what is kept of it in memory, and its transactions
``committed``    what a commit did, told once after it
``writer``       local edits become operations of a change
``ingest``       changes that come from other replicas
``causality``    the rules that every change must keep
``digest``       one hash of what two replicas have in common
``forks``        two versions of one change: which one wins, and how the other gives way
``signatures``   which changes are signed, each call a transaction
``devices``      who belongs to the vault, each call a transaction
``own_stream``   which stream this replica writes
``local_state``  what this machine remembers of the file outside of it
``activity``     who changed which note since a version
``file``         the SQLite file: opening, creating, its schema
``log``          every change in its bytes: rows, packed blocks, dictionaries
``views``        what follows from the log: snapshots, names, links, the search index
``signing``      members, signatures and checkpoints of a paired vault
``compaction``   packing small changes, compressing large ones anew
``upkeep``       checking, salvaging and backing up a file
"""

from crdtnotes.store.replica import Replica

__all__ = ["Replica"]
