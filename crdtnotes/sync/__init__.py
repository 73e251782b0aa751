"""Peers exchange the changes that the other lacks (docs/protocol.md).

``session``  one conversation with one peer: frames in, frames out, without I/O
``net``      websockets, TLS, addresses, and limits on what a connection may cost
``peers``    a replica among its peers: serving, following, pairing, finding devices
"""
