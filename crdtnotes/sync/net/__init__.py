"""Bytes between this machine and its peers.

``address``      where a peer listens
``tls``          mutual TLS with pinned certificates
``transport``    websockets with the options that crdtnotes wants: dial, listen, peek
``admission``    bounds the connections that have not said Hello
``rate_limits``  what one peer may cost
``backoff``      when to dial again
``inbox``        frames on their way to the replica's thread
"""
