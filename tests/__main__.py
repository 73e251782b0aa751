"""Every check of the project in one command: `python -m tests`.

Style and format (ruff), types (mypy --strict), layers (import-linter), then the test suite: with the data
types as plain Python and, if there is a C compiler, compiled. Each check runs even if an earlier one failed;
the exit code is 0 only if all passed.

  python -m tests --quick   while you work: the suite once, without simulation, crashes and fuzz
  python -m tests           before you push: some of those, and compiled what the compiled modules concern
  python -m tests --full    every night: all of those, and more of the suite compiled

tests/shares.py says how much each form plays. Further arguments go to pytest: files, folders, -k, -x …
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.shares import SHARES, WORKERS, is_left_out

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
BIN = Path(PYTHON).parent

FORMS = {"--quick": "quick", "--full": "full"}


class BadCall(Exception):
    """The arguments make no sense together; the message is one sentence."""


def main(arguments: Sequence[str]) -> int:
    """Run the checks of one form and return the exit code."""
    if {"-h", "--help"} & set(arguments):
        print(__doc__.strip())
        return 0
    try:
        share, rest = read(arguments)
    except BadCall as bad:
        print(bad, file=sys.stderr)
        return 2
    failed = []
    for name, command in checks(share, rest):
        print(f"== {name}", flush=True)
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            failed.append(name)
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed", flush=True)
    return 1 if failed else 0


def read(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """Return the share to play and the arguments for pytest; raises BadCall."""
    forms = sorted({argument for argument in arguments if argument in FORMS})
    rest = [argument for argument in arguments if argument not in FORMS]
    if len(forms) > 1:
        raise BadCall("Give --quick or --full, not both.")
    if any(argument.partition("=")[0] == "--share" for argument in rest):
        raise BadCall("Give --quick, --full or neither instead of --share, which is for pytest alone.")
    share = FORMS[forms[0]] if forms else "usual"
    for argument in rest:
        path = ROOT / argument.partition("::")[0]
        if path.exists() and is_left_out(path, SHARES[share], compiled=False):
            raise BadCall(f"The {share} form leaves out {argument}: run it without {forms[0]}.")
    return share, rest


def checks(share: str, rest: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Return what a form runs, by name, in this order."""
    arguments = ["--share", share, *rest]
    found = [
        ("style", [PYTHON, "-m", "ruff", "check", "."]),
        ("format", [PYTHON, "-m", "ruff", "format", "--check", "."]),
        ("types", [PYTHON, "-m", "mypy", "crdtnotes", "tui", "tests"]),
        ("layers", [str(BIN / "lint-imports")]),
        ("tests", [PYTHON, "-m", "pytest", "-n", f"{WORKERS}", "--dist", "worksteal", "-q", *arguments]),
    ]
    if share != "quick":
        found.append(("tests, compiled", [PYTHON, "-m", "tests.compiled", *arguments]))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
