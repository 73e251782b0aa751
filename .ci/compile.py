"""Build hook: puts the guide into a wheel and compiles the data types with mypyc, if it finds a C compiler.

A wheel gets the compiled modules beside their source; Python prefers them. Where compiling fails, or there is
no compiler, the wheel is plain and works the same. An editable install stays plain. The environment variable
CRDTNOTES_COMPILE decides otherwise: 0 never compiles, 1 fails where it cannot.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MODULES = (
    "ids",
    "version",
    "ops",
    "register",
    "tags",
    "orset",
    "runs",
    "rga",
    "values",
    "births",
    "text",
    "note",
)
"""Modules of `crdtnotes.crdt` whose speed people feel."""

SUFFIX = sysconfig.get_config_var("EXT_SUFFIX") or ".so"


GUIDES = {"docs/guide.md": "crdtnotes/pages/guide.md", "docs/zh/guide.md": "crdtnotes/pages/guide.zh.md"}
"""What `crdtnotes help` shows. An editable install has it in the checkout."""


class CompileHook(BuildHookInterface[Any]):
    """Adds the guide and compiled modules to a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile and say what the wheel is to include."""
        wish = os.environ.get("CRDTNOTES_COMPILE", "")
        if version == "editable":
            return
        build_data["force_include"] |= {str(Path(self.root) / page): place for page, place in GUIDES.items()}
        if wish == "0":
            return
        self._place = Path(mkdtemp())
        try:
            built = self._compile()
        except (OSError, subprocess.CalledProcessError) as error:
            if wish == "1":
                raise
            self.app.display_warning(f"The data types are not compiled ({error}); they work as they are.")
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["force_include"] |= {str(path): str(path.relative_to(self._place)) for path in built}

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was built: it is in the wheel."""
        if hasattr(self, "_place"):
            shutil.rmtree(self._place, ignore_errors=True)

    def _compile(self) -> list[Path]:
        package = Path("crdtnotes")
        for name in (package / "errors.py", *(package / "crdt" / f"{module}.py" for module in MODULES)):
            (self._place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(Path(self.root) / name, self._place / name)
        for folder in (package, package / "crdt"):
            (self._place / folder / "__init__.py").touch()
        sources = [str(package / "crdt" / f"{module}.py") for module in MODULES]
        # In a process of its own, in a folder without our settings: what it prints is kept for a failure.
        subprocess.run(
            [sys.executable, "-m", "mypyc", *sources],
            cwd=self._place,
            env={**os.environ, "MYPYC_OPT_LEVEL": "3"},
            check=True,
            capture_output=True,
        )
        built = [
            path
            for path in self._place.rglob(f"*{SUFFIX}")
            if "build" not in path.relative_to(self._place).parts
        ]
        if len(built) < len(MODULES):
            raise FileNotFoundError("mypyc left no modules")
        return built
