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


@pytest.mark.slow
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

    assert caught.value.notes[0].startswith("NOT SCANNED: the memory of process")


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

    assert "It needs Linux" in first.value.notes[0]
    assert "it is over" in second.value.notes[0]


REGIONS = "0000-1000 r--p 00000000 00:00 0 {}\n1000-3000 r--p 00000000 00:00 0 {}\n"


def memory(proc, *names, size=0x2000):
    """Plant a process of which only so much can be read."""
    (proc / "1").mkdir()
    (proc / "1" / "maps").write_text(REGIONS.format(*names))
    (proc / "1" / "mem").write_bytes(KEY + b"x" * (size - len(KEY)))


@pytest.mark.parametrize(
    ("name", "count"),
    [("", 1), ("[heap]", 1), ("/usr/lib/one of ours", 1), ("/dev/shm/part", 1)],
)
def test_what_can_t_be_read_to_its_end_is_not_scanned(
    trace, monkeypatch, tmp_path, name, count
):
    """Although the rest was, and had nothing."""
    monkeypatch.setattr(scan, "_PROC", tmp_path)
    memory(tmp_path, "", name)
    with pytest.raises(UnavailableError) as caught:
        in_memory(1, [trace])

    assert caught.value.notes[0].startswith(
        f"NOT SCANNED: {count} parts of the memory of process 1 could not be read."
    )


def test_a_region_that_the_kernel_refuses_is_not_scanned(trace, monkeypatch, tmp_path):
    """An error of the second read of a region is no end of it."""

    def broken(*_):
        yield KEY[:-1]
        raise OSError

    monkeypatch.setattr(scan, "_PROC", tmp_path)
    memory(tmp_path, "", "", size=0x3000)
    monkeypatch.setattr(scan, "_pieces", broken)
    with pytest.raises(UnavailableError) as caught:
        in_memory(1, [trace])

    assert caught.value.notes[0].startswith("NOT SCANNED: 2 parts of the memory")


@pytest.mark.parametrize(
    "name", ["[vvar]", "[vvar_vclock]", "[vsyscall]", "/dev/dri/card0"]
)
def test_what_is_no_memory_of_a_program_may_stay_unread(
    trace, monkeypatch, tmp_path, name
):
    """The kernel's pages, and what a device shows."""
    monkeypatch.setattr(scan, "_PROC", tmp_path)
    memory(tmp_path, "", name)

    assert in_memory(1, [trace]) == {trace}


def test_memory_that_went_away_meanwhile(trace, monkeypatch, tmp_path):
    """The next pass reaches all there is."""
    monkeypatch.setattr(scan, "_PROC", tmp_path)
    memory(tmp_path, "", "")
    real = scan._pass

    def gone(place, *given):
        unread = real(place, *given)
        (place / "maps").write_text(REGIONS.partition("\n")[0].format(""))
        return unread

    monkeypatch.setattr(scan, "_pass", gone)

    assert in_memory(1, [trace]) == {trace}


def test_a_file_that_was_cut_meanwhile_has_no_more(trace, monkeypatch, tmp_path):
    """What is left of it is looked through."""
    path = tmp_path / "file"
    path.write_bytes(KEY)
    real = scan._look

    def longer(file, first, end, *given):
        real(file, first, end + 9, *given)

    monkeypatch.setattr(scan, "_look", longer)

    assert in_file(path, [trace]) == {trace}
