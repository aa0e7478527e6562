"""When the last backups were made."""

from contextlib import nullcontext
from dataclasses import replace

import pytest

from placement.config import Settings
from placement.errors import UnavailableError
from placement.ops import backed


@pytest.fixture
def settings(tmp_path):
    return Settings(anchor=tmp_path / "placement.anchor")


def test_nothing_is_known(settings):
    """Where none was made."""
    assert backed.read(settings) == {}


def test_what_was_made_is_known(settings):
    """Each kind by itself, the last time."""
    backed.note(settings, ["database", "keys"], 5)
    backed.note(settings, ["keys"], 9)

    assert backed.read(settings) == {"database": 5, "keys": 9}
    assert backed.path_of(settings).name == "placement.backups"
    assert backed.path_of(settings).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "[]", "{", '{"keys": "x"}', '{"keys": null}'])
def test_what_is_damaged_says_nothing(settings, content):
    """It is nobody's proof."""
    backed.path_of(settings).write_text(content, "utf-8")

    assert backed.read(settings) == {}


def test_what_can_not_be_noted_is_a_backup_all_the_same(tmp_path):
    """It is written where it is wanted."""
    settings = Settings(anchor=tmp_path / "gone" / "placement.anchor")
    backed.note(settings, ["keys"], 9)

    assert backed.read(settings) == {}


def test_processes_of_one_machine_have_one_file(settings):
    """Each knows what was backed up."""
    many = replace(settings, processes=11)
    paths = {backed.path_of(replace(many, anchor=path)) for path in many.anchors}

    assert paths == {backed.path_of(settings)}


@pytest.mark.parametrize(
    ("notes", "good"),
    [
        ([], False),
        ([("database", 2)], False),
        ([("database", 2), ("keys", None)], True),
        ([("keys", None), ("database", 2)], False),
        ([("database", 1), ("keys", None)], False),
        ([("database", 2), ("keys", None), ("database", 1), ("keys", None)], False),
    ],
)
def test_keys_go_once_what_is_backed_up_opens_without_them(settings, notes, good):
    """The database first, and the key store with it or later."""
    for now, (kind, needs) in enumerate(notes):
        backed.note(settings, [kind], now, needs)

    with nullcontext() if good else pytest.raises(UnavailableError):
        backed.require_without(settings, 1)
