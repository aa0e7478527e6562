"""A shell completes names of groups, and fails without a word."""

import pytest
from placement_client.commands.completing import group_names


@pytest.fixture(autouse=True)
def environment(cli, monkeypatch):
    monkeypatch.setenv("PLACEMENT_CONFIG", str(cli.path))


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", ["North Side", "South Side"]),
        ("nor", ["North Side"]),
        ("Sauth side", ["South Side"]),
        ("zzz", []),
    ],
)
def test_names_are_completed(groups, typed, expected):
    """All of them, or those that a beginning may mean."""
    assert group_names(typed)[: len(expected) or None] == expected


def test_without_a_label_key_there_are_no_names(cli, pki, pair, wire):
    """And nobody is asked."""
    cli.become(pair, label_key="")

    assert group_names("n") == []
    assert wire.seen == []


def test_whatever_goes_wrong_completes_nothing(monkeypatch, tmp_path):
    """A line that somebody types is no place for an error."""
    monkeypatch.setenv("PLACEMENT_CONFIG", str(tmp_path / "none.toml"))

    assert group_names("n") == []
