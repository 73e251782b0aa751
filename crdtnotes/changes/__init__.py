"""Changes and messages as they are stored and sent: to bytes and back, with all limits in one place.

``change``       a change: one actor's operations on one note
``codec``        a change to bytes and back
``wire_ops``     operations as they are stored and sent
``erasing``      a change without some of its texts
``derived``      actors of elements that are the same whoever makes them
``limits``       the limits of everything that is stored and sent
``batch``        several changes in one byte string
``block``        many small changes of one actor, as columns
``compression``  Zstandard, with bounds
``messages``     the messages of a sync session to bytes and back
``relabel``      the changes of one stream, moved to another after a fork
``snapshot``     a note's state to bytes and back
"""
