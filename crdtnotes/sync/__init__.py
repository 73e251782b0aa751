"""Sync: two peers send each other the changes that the other lacks (docs/protocol.md).

``session``  one conversation with one peer: frames in, frames out, without I/O
``net``      websockets, TLS, addresses, and limits on the resources that a connection may use
``peers``    a replica among its peers: serving, following, pairing, finding devices
"""
