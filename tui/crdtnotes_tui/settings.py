"""Choices that the editor keeps between its starts."""

import json
from contextlib import suppress
from pathlib import Path

FILE = "editor.json"


class Settings:
    """Choices by name, in a small JSON file; without a path they last until the editor ends."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._values: dict[str, str] = {}
        if path is not None:
            # An unreadable file counts as missing: no setting is worth failing to start.
            with suppress(OSError, ValueError):
                read = json.loads(path.read_text(encoding="utf-8"))
                if isinstance(read, dict):
                    self._values = {key: value for key, value in read.items() if isinstance(value, str)}

    @classmethod
    def of_user(cls) -> "Settings":
        """Return the settings in the user's configuration folder."""
        from platformdirs import user_config_path

        return cls(user_config_path("crdtnotes", appauthor=False) / FILE)

    def get(self, name: str) -> str | None:
        """Return the choice, None if there is none."""
        return self._values.get(name)

    def set(self, name: str, value: str) -> None:
        """Set a choice and save it; a file that cannot be written is ignored."""
        if self._values.get(name) == value:
            return
        self._values[name] = value
        if self._path is not None:
            with suppress(OSError):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                part = self._path.with_suffix(".part")
                part.write_text(json.dumps(self._values, indent=1) + "\n", encoding="utf-8")
                part.replace(self._path)
