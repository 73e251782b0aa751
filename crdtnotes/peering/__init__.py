"""Connecting to other devices: library calls that the command line and the editor share.

``open_vault``     a vault, open on a thread of its own
``known_devices``  the active devices of a vault
``devices``        the devices as people see them, their roles, revoking them
``listener``       callbacks through which a service notifies its program
``progress``       how much has arrived, from one peer or several
``sync_once``      exchange missing changes, once
``clone``          make a replica of the vault that a peer serves
``service``        stay in sync: serve, follow, connect to the vault's devices
``lazy_node``      a node of a service, started when it is needed
``addresses``      where a peer can be reached
``codes``          pairing codes and device ids, as people read and type them
``pair``           show a code and let a new device join
``join``           enter a code and make a replica of the vault that was joined

Nothing here prints or asks. Questions, progress and notices go through callables, and results are returned.
"""
