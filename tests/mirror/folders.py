"""Folders and vaults as dictionaries."""

from pathlib import Path

from crdtnotes.vault import Vault

# Every kind of bytes that an editor may have written and that must be preserved exactly.
TEXTS = {
    "plain": b"# Title\n\ntext\n",
    "empty": b"",
    "no newline at the end": b"text",
    "byte order mark": b"\xef\xbb\xbf# Title\n",
    "carriage returns": b"one\r\ntwo\rthree\n\r\n",
    "other line ends": "a\u2028b\u2029c\x0b\x0c\x85d".encode(),
    "nul and controls": b"a\x00b\x1b[0m\x7f",
    "zh/中文": "[[分布式系统]]，【【全角】】\n".encode(),
    "composed/e\u0301": "e\u0301 \u00e9 😀 \u200d \ufffe\uffff\n".encode(),
}


def fill(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def held(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, including hidden files."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def texts(vault: Vault) -> dict[str, str]:
    return {info.name: vault.note(info.name).text for info in vault.notes()}
