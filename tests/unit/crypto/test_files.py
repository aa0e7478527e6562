"""Files appear whole or not at all."""

import os

import pytest

from placement.crypto.files import write_file


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
