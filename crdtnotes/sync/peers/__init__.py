"""A replica among its peers.

``worker``         the replica's own thread
``file_watch``     notices what other processes commit
``inotify``        Linux tells when a file is written
``conversation``   moves frames between one session and its websocket
``node``           serves peers, follows them, syncs once
``peer_book``      writes down when each device was here and what it had
``network_watch``  the networks that this machine is in, and when they change
``discovery``      finds devices in the local network
``dialer``         stays in touch with the devices of a vault
``pairing``        two devices come to trust each other
``bundle``         changes in one file
"""
