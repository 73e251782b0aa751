"""Bytes between this machine and its peers.

``address``      the addresses at which peers listen
``tls``          mutual TLS with pinned certificates
``account_key``  the secret by which the programs of one user recognise each other
``recognition``  the proofs that two programs on this machine exchange first
``transport``    websockets with the options that crdtnotes uses: dial, listen, peek
``admission``    limits the connections that have not said Hello
``rate_limits``  limits the resources that one peer may use
``backoff``      when to dial again
``inbox``        a queue of frames on their way to the replica's thread
"""
