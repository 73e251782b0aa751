"""Public keys of small order, with which everybody can sign or decrypt.

Curve25519 has points whose order divides 8. Signatures by such a point can be made without a secret, and
X25519 with such a point always gives zeros (RFC 7748, section 6.1). A coordinate has several encodings, which
are equal modulo p; honest programs make only the smallest one, so the others are refused, too.
"""

_P = 2**255 - 19

_SMALL_ORDER_U = frozenset(
    {
        0,
        1,
        _P - 1,
        0x00B8495F16056286FDB1329CEB8D09DA6AC49FF1FAE35616AEB8413B7C7AEBE0,
        0x57119FD0DD4E22D8868E1C58C45C44045BEF839C55B1D0B1248C50A3BC959C5F,
    }
)
# The u-coordinates of these points on the curve and its twist.

_SMALL_ORDER_Y = frozenset(
    {
        0,
        1,
        _P - 1,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
    }
)
# Their y-coordinates on the Edwards form.


def is_weak_signing_key(key: bytes) -> bool:
    """Tell whether an Ed25519 public key (32 bytes) has small order, or is not in its shortest form."""
    # The highest bit is the sign of the other coordinate.
    y = int.from_bytes(key, "little") & (1 << 255) - 1
    return y >= _P or y in _SMALL_ORDER_Y


def is_weak_sealing_key(key: bytes) -> bool:
    """Tell whether an X25519 public key (32 bytes) has small order, or is not in its shortest form."""
    u = int.from_bytes(key, "little")
    return u >= _P or u in _SMALL_ORDER_U
