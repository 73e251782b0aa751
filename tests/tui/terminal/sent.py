"""The bytes that terminals send: `PLAIN` as a VT100 and its descendants, `KITTY` with kitty's protocol."""

KEYS = {
    "up": b"\x1b[A",
    "down": b"\x1b[B",
    "right": b"\x1b[C",
    "left": b"\x1b[D",
    "home": b"\x1b[H",
    "end": b"\x1b[F",
    "pageup": b"\x1b[5~",
    "pagedown": b"\x1b[6~",
    "insert": b"\x1b[2~",
    "delete": b"\x1b[3~",
    "f1": b"\x1bOP",
    "f2": b"\x1bOQ",
    "f3": b"\x1bOR",
    "f4": b"\x1bOS",
    "f5": b"\x1b[15~",
    "f6": b"\x1b[17~",
    "f7": b"\x1b[18~",
    "f8": b"\x1b[19~",
    "f9": b"\x1b[20~",
    "f10": b"\x1b[21~",
    "f12": b"\x1b[24~",
    "shift+left": b"\x1b[1;2D",
    "shift+right": b"\x1b[1;2C",
    "shift+up": b"\x1b[1;2A",
    "shift+down": b"\x1b[1;2B",
    "ctrl+left": b"\x1b[1;5D",
    "ctrl+right": b"\x1b[1;5C",
    "ctrl+home": b"\x1b[1;5H",
    "ctrl+end": b"\x1b[1;5F",
    "alt+left": b"\x1b[1;3D",
    "alt+right": b"\x1b[1;3C",
    "shift+tab": b"\x1b[Z",
    "tab": b"\t",
    "enter": b"\r",
    "backspace": b"\x7f",
    "escape": b"\x1b",
    **{f"ctrl+{chr(code + 96)}": bytes([code]) for code in range(1, 27) if chr(code + 96) not in "him"},
    **{f"alt+{letter}": b"\x1b" + letter.encode() for letter in "abcdefghijklmnopqrstuvwxyz0123456789"},
}
"""Keys as plain terminals send them."""

FOCUS, BLUR = b"\x1b[I", b"\x1b[O"


def pasted(text: str) -> bytes:
    """A bracketed paste; terminals send lines' ends as they send Enter."""
    return b"\x1b[200~" + text.replace("\n", "\r").encode() + b"\x1b[201~"


def kitty(character: str, modifiers: int = 0) -> bytes:
    """A key in kitty's protocol; `modifiers`: 1 Shift, 2 Alt, 4 Ctrl."""
    text = "" if modifiers & 6 else f";{ord(character)}"
    return f"\x1b[{ord(character)};{modifiers + 1}{text}u".encode()


def mouse(button: int, column: int, row: int, *, released: bool = False) -> bytes:
    """A report of the mouse (SGR); columns and rows from 0. Button 64 and 65 are the wheel, 35 a move."""
    return f"\x1b[<{button};{column + 1};{row + 1}{'m' if released else 'M'}".encode()


def click(column: int, row: int, times: int = 1) -> bytes:
    """Press and release the first button."""
    return (mouse(0, column, row) + mouse(0, column, row, released=True)) * times
