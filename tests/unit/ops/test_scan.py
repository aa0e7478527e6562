"""A search that finds what is there, wherever it lies, and says when it could not look."""

import ctypes
import os
import secrets
import sys

import pytest

from placement.errors import UnavailableError
from placement.ops import scan
from placement.ops.scan import Trace, in_file, in_memory

linux = pytest.mark.skipif(
    sys.platform != "linux", reason="NOT RUN: the memory of a process needs Linux"
)
KEY = bytes(range(100, 132))


@pytest.fixture
def trace():
    return Trace.of("a key", KEY)


@pytest.mark.parametrize("before", [0, 1, 990, 993, 1000, 1023, 1024, 2040, 5000])
def test_a_planted_key_is_found_in_a_file(tmp_path, trace, monkeypatch, before):
    """Also across the pieces in which it is read."""
    monkeypatch.setattr(scan, "_PIECE", 1024)
    path = tmp_path / "file"
    path.write_bytes(b"x" * before + KEY + b"x" * 99)

    assert in_file(path, [trace]) == {trace}


def test_what_begins_alike_is_another(tmp_path, trace):
    """And the key behind it is found all the same; others are not."""
    path, other = tmp_path / "file", Trace.of("another", KEY[::-1])
    path.write_bytes(KEY[:-1] + b"!")
    first = in_file(path, [trace, other])
    path.write_bytes(KEY[:9] + KEY)

    assert (first, in_file(path, [trace, other])) == (set(), {trace})


def test_an_empty_file_has_nothing(tmp_path, trace):
    """And nothing is looked for in vain."""
    path = tmp_path / "file"
    path.touch()

    assert in_file(path, [trace]) == set()
    assert in_file(path, []) == set()


def test_a_trace_holds_no_key(trace):
    """Who looks must not be where it is found."""
    assert KEY not in repr(trace).encode("latin-1")
    assert len(trace.start) < len(KEY)


@linux
def test_a_planted_key_is_found_in_memory():
    """Until it is overwritten."""
    drawn = secrets.token_bytes(32)
    trace = Trace.of("a key", drawn)
    planted = ctypes.create_string_buffer(drawn, 32)
    del drawn
    first = in_memory(os.getpid(), [trace])
    ctypes.memset(planted, 0, 32)

    assert first == {trace}


@linux
def test_nobody_is_said_to_have_nothing_unread(trace):
    """A process that is not there was not looked at."""
    with pytest.raises(UnavailableError) as caught:
        in_memory(2**22 + 1, [trace])

    assert caught.value.__notes__[0].startswith("NOT SCANNED: the memory of process")


def test_a_machine_without_such_files_says_so(trace, monkeypatch, tmp_path):
    """Also if the process has no memory to be read."""
    monkeypatch.setattr(scan, "_PROC", tmp_path)
    with pytest.raises(UnavailableError) as first:
        in_memory(1, [trace])
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "maps").touch()
    (tmp_path / "1" / "mem").touch()
    with pytest.raises(UnavailableError) as second:
        in_memory(1, [trace])

    assert "It needs Linux" in first.value.__notes__[0]
    assert "it is over" in second.value.__notes__[0]
