"""The replica: one SQLite file that holds a vault's log and everything derived from it.

``replica``      a replica with all its parts: reading, receiving and maintenance
``core``         the file, its state in memory, and its transactions
``committed``    the effects of a commit, reported once after it
``writer``       turns local edits into operations of a change
``deps``         which streams a local change names as its past
``ingest``       takes in changes from other replicas
``causality``    the rules that every change must follow
``horizons``     which changes an author had seen at each of its changes
``marks``        which findings of the review the user has seen
``past_texts``   the texts that a note had earlier
``known_files``  the Markdown files that were imported or exported here
``digest``       one hash to compare the contents of two replicas
``forks``        two versions of one change: which one wins, and how the other gives way
``signatures``   which changes are signed, each call a transaction
``clock``        the time that this device claims
``erasure``      erasing text for good
``devices``      the devices of the vault, each call a transaction
``own_stream``   which stream this replica writes
``local_state``  what this machine remembers of the file, stored outside it
``activity``     who changed which note since a version
``file``         the SQLite file: opening, creating, its schema
``log``          the bytes of every change: rows, packed blocks, dictionaries
``views``        data derived from the log: snapshots, names, links, the search index
``signing``      members, signatures and checkpoints of a paired vault
``compaction``   packing small changes, recompressing large ones
``upkeep``       checking, salvaging and backing up a file
"""

from crdtnotes.store.replica import Replica

__all__ = ["Replica"]
