"""What the operators' tests share: a folder, a command, and a store in the folder."""

import pytest
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
