"""What the operators' tests share: a folder with a store, a command, and backups."""

import pytest
from kit.backups import Kept
from kit.operated import laid, with_cases

from placement.ops.main import main


@pytest.fixture
def place(tmp_path):
    """A folder with settings and certificates, as the manual says."""
    return laid(tmp_path)


@pytest.fixture
def run(place, capsys):
    """Return a function that runs a command: → exit code, stdout, stderr."""

    def command(name):
        code = main([name, "--settings", str(place / "placement.toml")])
        return code, *capsys.readouterr()

    return command


@pytest.fixture
def filled(place):
    """The same with a store, and two cases in it."""
    return with_cases(place)


@pytest.fixture
def kept(tmp_path):
    """A server with two cases, backed up; its witness holds what there was."""
    made = Kept(tmp_path)
    made.serve("h", "i")
    made.witness()
    assert made.backup() == 0
    return made


@pytest.fixture
def said(kept, capsys):
    """Return a function that gives what was said, and on which stream."""
    capsys.readouterr()

    def read():
        out, err = capsys.readouterr()
        return out + err

    return read
