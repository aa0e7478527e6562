"""An auditor's look at a log that is filled up: no honest server is taken for a liar."""

import time

import pytest
from kit.people import people

WHY = ("--purpose", "supervision", "--matter", "DI 1")


@pytest.fixture(scope="module")
def become(tmp_path_factory):
    """Start a server that fills up every second; return how to become somebody."""
    with people(tmp_path_factory.mktemp("served"), tick=1) as become:
        yield become


@pytest.fixture(scope="module")
def auditor(become):
    become("caseworker", "1480", "cw-01").opened(51)
    auditor = become("auditor", "review", "au-01")
    for _ in range(100):
        if auditor("audit", "list", *WHY, "--first", "0", "--action", "idle")[
            "entries"
        ]:
            return auditor
        time.sleep(0.1)
    raise AssertionError("nothing was filled up")


@pytest.mark.parametrize("words", [("--first", "0"), ("--from", "today")], ids=str)
def test_a_range_with_idle_entries_is_listed(auditor, words):
    """They are read and counted, and nobody is shown them."""
    got = auditor("audit", "list", *WHY, *words)
    actions = {each["action"] for each in got["entries"]}

    assert got["idle"] > 0
    assert actions >= {"EVALUATE", "CASE_OPEN"}
    assert "IDLE" not in actions


def test_a_range_with_idle_entries_is_followed(auditor):
    """To the count that was asked for."""
    lines = auditor.shown("audit", "tail", *WHY, "--first", "0", "--count", "2")

    assert "CASE_OPEN" in lines
    assert "IDLE" not in lines
