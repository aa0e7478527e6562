"""Lines of the log: as they were, or an object each; and nobody's secrets in it."""

import json
import logging
from contextlib import contextmanager

import pytest

from placement.ops import logs
from placement.ops.logs import AsJson, AsText, Lines

SENTINEL = "Sentinel-19820101-9803"


@contextmanager
def shown(form):
    """Log as a server does; yield what counts lines."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers = []
    try:
        yield logs.begin(form)
    finally:
        root.handlers = before
        root.setLevel(level)


def test_lines_of_text_are_as_they_were(capsys):
    """Time, how bad, room, words."""
    with shown("text"):
        logging.getLogger("placement.service.engine").warning("batch_refused reason=X")
    line = capsys.readouterr().err
    date, time, *rest = line.split()

    assert rest == ["WARNING", "placement.service.engine", "batch_refused", "reason=X"]
    assert (len(date), len(time)) == (10, 12)


def test_a_line_of_ours_is_an_object(capsys):
    """The same words, and what stands in them by name."""
    with shown("json"):
        logging.getLogger("placement.service.worker").critical(
            "incident a sweep found unforeseen=%d failed=%d kind=%s", 2, 0, "Ändå"
        )
    (line,) = capsys.readouterr().err.splitlines()
    got = json.loads(line)

    assert got.pop("at").endswith("Z")
    assert got == {
        "level": "critical",
        "room": "placement.service.worker",
        "text": "incident a sweep found unforeseen=2 failed=0 kind=Ändå",
        "values": {"unforeseen": 2, "failed": 0, "kind": "Ändå"},
    }


def test_a_line_without_values():
    """Has none."""
    record = logging.LogRecord("placement.x", 50, "x.py", 1, "anchor_failed", (), None)

    assert "values" not in json.loads(AsJson().format(record))


def failing():
    """Fail as a library does that has something at hand."""
    error = ValueError(SENTINEL)
    error.add_note(SENTINEL)
    raise error


@pytest.mark.parametrize("room", ["asyncio", "grpc._cython.cygrpc", "placementx"])
def test_what_others_say_is_not_shown(capsys, room):
    """Neither their words, nor an exception's: who, which kind, and where."""
    say_as(room, "json")
    raised, said = map(json.loads, capsys.readouterr().err.splitlines())

    assert SENTINEL not in json.dumps([raised, said])
    assert (raised["room"], raised["kind"], said.keys()) == (
        room,
        "ValueError",
        {"at", "level", "room"},
    )
    assert raised["where"].startswith(f"{__file__}:")


@pytest.mark.parametrize("room", ["asyncio", "grpc._cython.cygrpc", "placementx"])
def test_nor_is_it_in_lines_of_text(capsys, room):
    """One line each, whatever the exception had."""
    say_as(room, "text")
    raised, said = capsys.readouterr().err.splitlines()

    assert SENTINEL not in raised + said
    assert f"ERROR {room} not_shown kind=ValueError where={__file__}:" in raised
    assert said.endswith(f"ERROR {room} not_shown")


def say_as(room, form):
    """Say something as somebody who has a secret at hand."""
    with shown(form):
        other = logging.getLogger(room)
        try:
            failing()
        except ValueError:
            other.exception("Task got %s", SENTINEL, stack_info=True)
        other.error(SENTINEL)


def test_an_exception_of_ours_is_not_shown_either():
    """Its kind is, and its place."""
    try:
        failing()
    except ValueError as error:
        given = (type(error), error, error.__traceback__)
    record = logging.LogRecord("placement.x", 40, "x.py", 1, "call_failed", (), given)
    got = json.loads(AsJson().format(record))

    assert SENTINEL not in json.dumps(got) + AsText().format(record)
    assert (got["text"], got["kind"]) == ("call_failed", "ValueError")


@pytest.mark.parametrize("form", ["text", "json"])
def test_lines_are_counted(form, capsys):
    """From warnings on, whoever says them; alembic tells its steps to nobody."""
    with shown(form) as lines:
        for name in ("placement.a", "b"):
            for level in (logging.INFO, logging.WARNING, logging.ERROR):
                logging.getLogger(name).log(level, "said")
        logging.getLogger("alembic.runtime").info("said")

    assert dict(lines.counted) == {"warning": 2, "error": 2}
    assert len(capsys.readouterr().err.splitlines()) == 6


def test_what_is_no_exception():
    """A record may say that there is one where there is none."""
    given = (None, None, None)
    record = logging.LogRecord("placement.x", 40, "x.py", 1, "said", (), given)

    assert "kind" not in json.loads(AsJson().format(record))
    assert Lines().counted == {}
