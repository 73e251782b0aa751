from hashlib import blake2b

from crdtnotes.changes.change import NO_HASH, chain, note_id

VAULT = bytes(range(16))


def test_the_chain_is_over_every_byte_in_order() -> None:
    first = chain(NO_HASH, b"one")
    assert first == blake2b(bytes(16) + b"one", digest_size=16).digest()
    assert chain(first, b"two") != chain(chain(NO_HASH, b"two"), b"one")
    assert chain(first, b"two") != chain(first, b"twp")


def test_a_note_id_comes_from_vault_and_key() -> None:
    assert note_id(VAULT, "系统") == blake2b(VAULT + "系统".encode(), digest_size=16).digest()
    ids = {note_id(VAULT, key, generation) for key in ("a", "b") for generation in range(300)}
    assert len(ids) == 600
    assert note_id(bytes(16), "a") != note_id(VAULT, "a")
