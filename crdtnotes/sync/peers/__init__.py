"""A replica among its peers.

``worker``         the replica's own thread
``file_watch``     notices commits of other processes
``inotify``        notifications of writes to a file, on Linux
``status``         the state of the conversation with one peer, and its result
``conversation``   moves frames between one session and its websocket
``per_device``     limits the connections of one device
``node``           serves peers, follows them, syncs once
``peer_book``      records when each device was connected and what it had
``network_watch``  this machine's addresses, and when they change
``discovery``      finds devices in the local network
``hints``          addresses that were announced, and how much a flood of them may cost
``dialer``         stays connected with the devices of a vault
``pairing``        pairs two devices, so that they trust each other
``bundle``         changes in one file
"""
