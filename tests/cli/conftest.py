from pathlib import Path

import pytest

from tests.cli.program import Program


@pytest.fixture
def nowhere(tmp_path: Path) -> Program:
    """The program on a path where nothing exists yet."""
    return Program(tmp_path / "ana.crdtnotes")


@pytest.fixture
def program(nowhere: Program) -> Program:
    """The program on a new vault."""
    nowhere.out("init", "--device", "ana")
    return nowhere


@pytest.fixture
def linked(program: Program) -> Program:
    """The program on a vault with a few linked notes."""
    program.out(
        "new", "zh/分布式系统", "--text", "# 分布式系统\n\n见 [[CAP定理|CAP]]，[[共识算法]]。 #系统\n"
    )
    program.out("new", "zh/CAP定理", "--text", "---\naliases: [CAP]\n---\n![[分布式系统]]\n")
    program.out("new", "alone", "--text", "nothing here")
    return program
