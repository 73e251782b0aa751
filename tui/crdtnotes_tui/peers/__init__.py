"""Other people and devices.

``collaboration``  who is in the open note, what they change, what has come in
``peer_states``    how it stands with each peer, in words
``pairing``        letting a device join, and joining another one's vault
"""
