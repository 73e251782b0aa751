"""Other people and devices.

``collaboration``  the people in the open note, their changes, and news from other devices
``device_words``   the devices of the vault in words
``peer_states``    the state of each peer, in words
``pairing``        letting a device join, and joining another device's vault
"""
