"""Peers exchange the changes that the other lacks (docs/protocol.md).

``replica``       what a session needs of a replica
``session``       one conversation with one peer: frames in, frames out, no I/O
``address``       where a peer listens
``tls``           mutual TLS with pinned certificates
``transport``     websockets with the options that crdtnotes wants: dial, listen, peek
``lobby``         bounds the connections that have not said Hello
``inbox``         frames on their way to the replica's thread
``worker``        the replica's own thread
``conversation``  moves frames between one session and its websocket
``watch``         notices what other processes commit
``backoff``       when to dial again
``limits``        what one peer may cost
``surroundings``  the networks that this machine is in, and when they change
``discovery``     finding devices in the local network
``pairing``       two devices come to trust each other
``reach``         staying in touch with the devices of a vault
``bundle``        changes in one file
``node``          a replica among its peers: serve, follow, sync once
"""
