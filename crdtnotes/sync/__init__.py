"""Peers exchange the changes that the other lacks (docs/protocol.md).

``replica``       what a session needs of a replica
``session``       one conversation with one peer: frames in, frames out, no I/O
``address``       where a peer listens; until devices can be paired, on this machine only
``transport``     websockets with the options that crdtnotes wants: dial, listen, peek
``lobby``         bounds the connections that have not said Hello
``inbox``         frames on their way to the replica's thread
``worker``        the replica's own thread
``conversation``  moves frames between one session and its websocket
``watch``         notices what other processes commit
``backoff``       when to dial again
``node``          a replica among its peers: serve, follow, sync once
"""
