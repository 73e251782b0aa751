"""One conversation with one peer, as plain synchronous code: no sockets, no clock, no database.

``ports``            the interface of a replica that a session uses
``session``          the conversation: messages in their order
``versions``         the versions of both sides
``peer_heads``       the heads of a peer that has more than its Hello names
``outgoing``         which changes are sent, and when
``records``          the exchange of records about devices
``groups``           changes that are held back until their signatures have come
``held``             one budget for what all connections hold back
``branches``         how a fork is described to the other side
``fork_resolution``  which branch gives way, and the proof that it must
``close_reasons``    why a conversation ends, as a message and as an error
``presence``         who has which note open, and where
"""
