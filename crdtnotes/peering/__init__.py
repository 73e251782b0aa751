"""Meeting other devices, as library calls that the command line and the editor share.

``open_vault``     a vault, open on a thread of its own
``known_devices``  what the vault says of its devices
``listener``       what a service tells its program
``progress``       how much has arrived, from one peer or several
``sync_once``      exchange what is missing, once
``clone``          a replica of the vault that a peer serves
``service``        stay in sync: serve, follow, meet the vault's devices
``addresses``      where a peer can be reached
``codes``          pairing codes and device ids, as people read and type them
``pair``           show a code and let a new device join
``join``           give a code and make a replica of the vault that was joined

Nothing here prints or asks. Questions, progress and notices go through callables, and results are returned.
"""
