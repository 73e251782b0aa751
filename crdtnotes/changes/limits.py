"""The bounds of everything that is stored and sent. A byte from outside that breaks one is refused."""

MAX_CHANGE_BYTES = 8 * 1024 * 1024
"""One change: so also one note's first text, or one paste."""

BATCH_BYTES = 256 * 1024
"""Changes go in batches of up to this size; a larger change is a batch of its own."""

MAX_BATCH_BYTES = MAX_CHANGE_BYTES + BATCH_BYTES
"""A batch as it comes from outside."""

GROUP_BYTES = 1024 * 1024
"""Changes that are covered by the same signatures: a group ends once it has this many bytes …"""

MAX_GROUP_BYTES = MAX_CHANGE_BYTES + 2 * GROUP_BYTES
"""… so that it never has more than these."""

MAX_BLOCK_CHANGES = 16_384
"""Changes in a block."""

MAX_BLOCK_BYTES = 1024 * 1024
"""A block before compression; and all blocks of a batch together, for opening them is what costs most."""

MAX_OPS = 1_000_000
"""Operations in a change."""

MAX_DEPS = 4096
"""Other actors that one change can depend on, and actors that a version can have."""

MAX_NAME_BYTES = 1000
"""A note's name in UTF-8."""

MAX_VALUE_BYTES = 4000
"""A link's target, a tag, an alias in UTF-8; and, far less in use, a link's kind."""

MAX_TIME = 253_402_300_799_999
"""Wall time in ms: the end of the year 9999. It is shown and decides nothing."""
