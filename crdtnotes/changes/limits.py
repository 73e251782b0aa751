"""The limits of everything that is stored and sent. Data from outside that breaks one is rejected."""

MAX_CHANGE_BYTES = 8 * 1024 * 1024
"""One change, and so also one note's first text, or one paste."""

BATCH_BYTES = 256 * 1024
"""Changes are sent in batches of up to this size; a larger change is a batch of its own."""

MAX_BATCH_BYTES = MAX_CHANGE_BYTES + BATCH_BYTES
"""A received batch."""

GROUP_BYTES = 1024 * 1024
"""A group of changes covered by the same signatures ends once it has this many bytes …"""

MAX_GROUP_BYTES = MAX_CHANGE_BYTES + 2 * GROUP_BYTES
"""… so that it never has more bytes than this."""

GROUP_STREAMS = 1024
"""A group also ends once it has changes of this many streams, so that its signatures fit into one message."""

MAX_BLOCK_CHANGES = 16_384
"""Changes in a block."""

MAX_BLOCK_BYTES = 1024 * 1024
"""A block before compression; also all blocks of a batch together, since opening blocks costs the most."""

MAX_OPS = 1_000_000
"""Operations in a change."""

DEPS_PER_CHANGE = 4096
"""Streams that a local change names in its deps, or in one of its removes; what is more goes into another."""

MAX_DEPS = 65_536
"""Streams in the deps of a received change, or in one of its removes. When a branch gives way, its first
change names all streams that its author ever named, so this is more than DEPS_PER_CHANGE."""

MAX_NAME_BYTES = 1000
"""A note's name in UTF-8."""

MAX_VALUE_BYTES = 4000
"""A link's target, a tag or an alias in UTF-8; also a link's kind, which is far shorter in practice."""

MAX_TIME = 253_402_300_799_999
"""Wall time in ms: the end of the year 9999. It is only displayed and decides nothing."""
