"""Files appear whole or not at all."""

import os

import pytest

from placement.crypto.files import (
    destroy_file,
    link_file,
    private_file,
    write_file,
)


def test_write_file_leaves_nothing_behind(tmp_path, monkeypatch):
    """A write that fails leaves the old content and no temporary file."""
    path = tmp_path / "a"
    write_file(path, b"old")

    def fail(_descriptor):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        write_file(path, b"new", replace=True)

    assert [each.name for each in tmp_path.iterdir()] == ["a"]
    assert path.read_bytes() == b"old"


def test_write_file_replaces_nothing_unasked(tmp_path):
    """What is there stays, unless its place was asked for."""
    path = tmp_path / "a"
    write_file(path, b"old")
    with pytest.raises(FileExistsError):
        write_file(path, b"new")

    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_what_is_destroyed_was_zeros_before(tmp_path):
    """Whoever still has it open, or another name of it, reads nothing of it."""
    path = tmp_path / "a"
    path.write_bytes(b"secret")
    (tmp_path / "b").hardlink_to(path)
    destroy_file(path)

    assert not path.exists()
    assert (tmp_path / "b").read_bytes() == bytes(6)


def test_what_is_not_there_is_not_destroyed(tmp_path):
    """And that is told."""
    with pytest.raises(FileNotFoundError):
        destroy_file(tmp_path / "a")


def test_a_private_file_is_new_and_nobody_elses(tmp_path):
    """Whatever the umask; what is there stays."""
    path = tmp_path / "a"
    before = os.umask(0)
    try:
        with private_file(path) as file:
            file.write(b"content")
    finally:
        os.umask(before)
    with pytest.raises(FileExistsError), private_file(path):
        pass

    assert path.read_bytes() == b"content"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_takes_no_name_that_is_taken(tmp_path):
    """The first one stays."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_bytes(b"first")
    second.write_bytes(b"second")
    link_file(tmp_path / "name", first)
    with pytest.raises(FileExistsError):
        link_file(tmp_path / "name", second)

    assert (tmp_path / "name").read_bytes() == b"first"
