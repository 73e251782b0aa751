"""The signatures of a paired vault's members, and how they are stored.

``founding``     which vault a file belongs to, and whether it was ever paired
``members``      the stored records about devices
``contacts``     when each device was last connected, and where it was reached
``signer``       signs local changes and checks the signatures of others
``checkpoints``  the stored signatures of heads
``recut``        rebuilds the checkpoints after signatures were lost or came late
"""
