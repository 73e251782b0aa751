"""Other people and devices.

``connections``     the peers that are served and followed
``paired_devices``  the node that meets the vault's paired devices
``collaboration``   who is in the open note, what they change, what has come in
"""
