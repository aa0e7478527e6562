"""The bar: on a terminal, now and then, and nowhere else."""

import io

import pytest

from placement.errors import TamperedError
from placement.ops import bar as bar_module
from placement.ops.bar import Bar


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """Return a clock that stands until it is set."""
    now = [100.0]
    monkeypatch.setattr(bar_module.time, "monotonic", lambda: now[0])
    return now


def lines(terminal):
    return terminal.getvalue().split("\r")[1:]


def test_what_it_shows(clock):
    """Label, bar, part and numbers, over and over on one line, which it leaves."""
    terminal = Terminal()
    with Bar("Verifying", terminal) as bar:
        bar.show(0, 4000)
        clock[0] += 1
        bar.show(1000, 4000)
        bar.show(4000, 4000)

    assert lines(terminal) == [
        f"Verifying [{'.' * 30}]   0% 0 of 4,000",
        f"Verifying [{'#' * 8}{'.' * 22}]  25% 1,000 of 4,000",
        f"Verifying [{'#' * 30}] 100% 4,000 of 4,000\n",
    ]


def test_it_is_not_written_more_often_than_people_see(clock):
    """Ten times a second; and always at the end."""
    terminal = Terminal()
    with Bar("Verifying", terminal) as bar:
        for done in range(5):
            bar.show(done, 4)
        clock[0] += 0.2
        bar.show(2, 4)

    assert [line.split()[-3] for line in lines(terminal)] == ["0", "4", "2"]


def test_of_nothing_everything_is_done(clock):
    """An empty store is verified, too."""
    terminal = Terminal()
    with Bar("Verifying", terminal) as bar:
        bar.show(0, 0)

    assert lines(terminal) == [f"Verifying [{'#' * 30}] 100% 0 of 0\n"]


def test_nothing_is_left_where_nothing_was_shown():
    """No empty line either."""
    terminal = Terminal()
    with Bar("Verifying", terminal):
        pass

    assert terminal.getvalue() == ""


def test_the_line_is_left_when_it_fails():
    """So that the refusal begins on a line of its own."""
    terminal = Terminal()

    def fail():
        with Bar("Verifying", terminal) as bar:
            bar.show(1, 2)
            raise TamperedError

    with pytest.raises(TamperedError):
        fail()

    assert terminal.getvalue().endswith("1 of 2\n")


def test_what_is_no_terminal_gets_nothing():
    """A file or a pipe; by default standard error is asked."""
    stream = io.StringIO()
    with Bar("Verifying", stream) as bar:
        bar.show(1, 1)

    assert stream.getvalue() == ""


def test_standard_error_is_where_it_goes(monkeypatch):
    """What the command says stays alone on standard output."""
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with Bar("Verifying") as bar:
        bar.show(1, 1)

    assert terminal.getvalue().endswith("1 of 1\n")
