"""Control characters as visible ones, so that none moves the terminal's cursor."""

VISIBLE = (
    {code: chr(0x2400 + code) for code in range(32) if code != 9}
    | {0x7F: "␡"}
    | dict.fromkeys(range(0x80, 0xA0), "·")
    | dict.fromkeys([0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A)], "·")
)
"""A table for `str.translate`; it keeps the number of characters. Tabs stay."""
