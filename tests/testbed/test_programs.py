"""The table of programs against the Go modules that pin them."""

import re

import pytest

from tests.testbed.programs import MODULES, PROGRAMS, Program

_PINS = re.compile(r"^\s*(?:require )?(\S+) (v\S+)(?: // indirect)?$", re.MULTILINE)


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=lambda program: program.file_name)
def test_version_is_the_pinned_one(program: Program) -> None:
    """The cache is keyed by the table's version, the build takes that of go.mod."""
    folder = MODULES / program.folder
    pins = dict(_PINS.findall((folder / "go.mod").read_text()))
    module = max((name for name in pins if program.package.startswith(name)), key=len)
    assert pins[module] == program.version
    assert f"{module} {program.version} h1:" in (folder / "go.sum").read_text()
