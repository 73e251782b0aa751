"""What a paired vault's members sign, and how that is kept.

``members``      the records about devices, as they are stored
``signer``       signs what is written here and checks what others have signed
``checkpoints``  the signatures of heads, as they are stored
``recut``        arranges checkpoints anew after signatures were lost or came late
"""
