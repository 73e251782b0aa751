"""The test suite on the compiled form of the data types: `python -m tests.compiled`.

Builds a wheel, unpacks it into a temporary folder with the tests beside it, and runs the tests there. Without
a C compiler there is nothing to test, and it says so. Arguments go to pytest. Tests that hardly use
the data types are skipped (tests/shares.py).
"""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.shares import WORKERS

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("tests", "docs", "README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml")


def main() -> int:
    """Run the suite and return its exit code."""
    if not any(shutil.which(compiler) for compiler in (os.environ.get("CC", "cc"), "gcc", "clang")):
        print("There is no C compiler: only the plain form can be tested.")
        return 0
    with TemporaryDirectory() as folder:
        place = Path(folder)
        tree = place / "tree"
        subprocess.run(
            [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, str(ROOT)],
            env={**os.environ, "CRDTNOTES_COMPILE": "1"},
            check=True,
        )
        (wheel,) = place.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(tree)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, tree / name)
        # The folder comes before the installed project on the path, also for processes that tests start.
        environment = {**os.environ, "PYTHONPATH": str(tree)}
        probe = "from crdtnotes.crdt import COMPILED; raise SystemExit(not COMPILED)"
        subprocess.run([sys.executable, "-c", probe], cwd=tree, env=environment, check=True)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-n",
            f"{WORKERS}",
            "--dist",
            "worksteal",
            "-q",
            "-p",
            "no:cacheprovider",
            *sys.argv[1:],
        ]
        code = subprocess.run(command, cwd=tree, env=environment, check=False).returncode
        # Where the arguments choose only tests that are passed over here, there is nothing that could fail.
        return 0 if code == pytest.ExitCode.NO_TESTS_COLLECTED else code


if __name__ == "__main__":
    sys.exit(main())
