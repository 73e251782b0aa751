"""Who a device is, which devices belong to a vault, and how two of them come to trust each other.

``device_id``    the hash of a certificate, as people read and type it
``certificate``  a device's certificate: its TLS key, and in an extension its other public keys
``identity``     a device's own keys, in files of the user's data folder
``actors``       names of streams that prove whose they are
``signatures``   a device's word for the head of a stream
``records``      signed records: this device belongs to the vault, that one does no longer
``membership``   what a set of records means
``code``         the short code that pairs two devices
``words``        the words of which such codes are made
``pairing``      the conversation in which they pair, without I/O (docs/security.md)
``sealing``      bytes that only some devices can read

What needs `cryptography` or `spake2` loads it when it is called: most commands never do.
"""
