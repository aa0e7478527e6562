"""Output that comes piece by piece."""

import io
import sys

import pytest
from placement_client.commands.audit_printing import Meter, Printed, print_line


class Terminal(io.StringIO):
    """A screen."""

    def isatty(self):
        """Say so."""
        return True


def told(monkeypatch, screen):
    monkeypatch.setattr(sys, "stderr", screen)
    with Meter("Read") as meter:
        meter.tell(9, 12)
        meter.tell(3, 4)
        meter.clear()
        meter.tell(4, 4)
    return screen.getvalue()


def test_progress_is_written_over_and_nothing_of_it_stays(monkeypatch):
    """A shorter line covers the longer one before it."""
    assert told(monkeypatch, Terminal()) == (
        "\rRead: 9 of 12\rRead: 3 of 4 \r            \r\rRead: 4 of 4\r            \r"
    )


def test_progress_is_for_terminals(monkeypatch):
    """A file gets nothing."""
    assert told(monkeypatch, io.StringIO()) == ""


@pytest.mark.parametrize(
    ("as_json", "line"), [(False, "a  b?\n"), (True, '{"index": 1}\n')]
)
def test_a_line_is_cells_or_an_object(capsys, as_json, line):
    """Harmless to a terminal either way."""
    print_line({"index": 1}, ("a", "b\x1b"), as_json=as_json)

    assert capsys.readouterr().out == line


@pytest.mark.parametrize("as_json", [True, False])
def test_what_is_printed_is_not_printed_again(capsys, as_json):
    """Nothing stands behind the last line."""
    Printed(data={}).show(as_json=as_json)

    assert capsys.readouterr().out == ""
