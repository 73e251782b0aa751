"""Every check of the project in one command: `python -m tests`.

Style and format (ruff), types (mypy --strict), layers (import-linter), then the test suite: with the data
types as plain Python and, if there is a C compiler, compiled. Each check runs even if an earlier one failed;
the exit code is 0 only if all passed. Further arguments go to pytest.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
BIN = Path(PYTHON).parent

CHECKS = (
    ("style", [PYTHON, "-m", "ruff", "check", "."]),
    ("format", [PYTHON, "-m", "ruff", "format", "--check", "."]),
    ("types", [PYTHON, "-m", "mypy", "crdtnotes", "tui", "tests"]),
    ("layers", [str(BIN / "lint-imports")]),
    ("tests", [PYTHON, "-m", "pytest", "-n", "auto", "-q", *sys.argv[1:]]),
    ("tests, compiled", [PYTHON, "-m", "tests.compiled", *sys.argv[1:]]),
)


def main() -> int:
    """Run all checks and return the exit code."""
    failed = []
    for name, command in CHECKS:
        print(f"== {name}", flush=True)
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            failed.append(name)
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
