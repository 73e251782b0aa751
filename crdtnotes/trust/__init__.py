"""The identities of devices, the members of a vault, and how two devices come to trust each other.

``device_id``    the hash of a certificate, as people read and type it
``certificate``  a device's certificate: its TLS key, and its other public keys in an extension
``weak_keys``    public keys of small order, which no device may have
``identity``     a device's own keys, in files of the user's data folder
``age``          encrypted data in the age format, for a passphrase or a key
``key_lock``     locking a device's own keys with a passphrase
``key_ring``     that passphrase in the system's keyring
``actors``       names of streams that prove which device owns the stream
``signatures``   a device's signature over the head of a stream
``records``      signed records that say which devices belong, or no longer belong, to the vault
``roles``        what a device may do: reader, writer, owner
``rooted``       which records count, because they chain back to the founder's
``limits``       what revocations and demotions strike, and which owner is senior to which
``membership``   the members that a set of records defines
``member_log``   who added, revoked or named whom, in causal order
``code``         the short code that pairs two devices
``words``        the words used in such codes
``pairing``      the protocol by which two devices pair, without I/O (docs/security.md)
``spake``        SPAKE2 whose times say nothing about the secret
``sealing``      bytes that only some devices can read

Functions that need `cryptography` or `spake2` load it when they are called, because most commands never do.
"""
