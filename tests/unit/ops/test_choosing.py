"""A command says whose settings it reads."""

import argparse
from pathlib import Path

import pytest

from placement.ops.choosing import add_settings, path_of, read_settings, told


def asked(*words):
    parser = argparse.ArgumentParser()
    add_settings(parser)
    return parser.parse_args(words)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "placement.toml"),
        (("--custodian",), "custodian.toml"),
        (("--custodian", "--settings", "a.toml"), "a.toml"),
    ],
)
def test_a_file_is_found_unless_it_is_named(words, expected):
    """By whose it is."""
    assert path_of(asked(*words)) == Path(expected)


def test_each_kind_has_its_own_defaults(tmp_path):
    """So nobody opens the database of the other."""
    path = tmp_path / "a.toml"
    path.write_text('origin = "police.example.org/log"\n', "utf-8")
    given = ("--settings", str(path))

    assert read_settings(asked(*given)).database.endswith("placement.db")
    assert read_settings(asked("--custodian", *given)).database.endswith("custodian.db")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "`placement-server compact`"),
        (("--custodian",), "`placement-server compact --custodian`"),
        (
            ("--settings", "a b.toml"),
            "`placement-server compact --settings 'a b.toml'`",
        ),
    ],
)
def test_what_to_run_next_is_about_the_same_settings(words, expected):
    """So it can be typed as it is told."""
    assert told(asked(*words), "compact") == expected
