"""Scenarios as they are typed: `placement`, by everybody concerned, on a live server."""

from pathlib import Path

import pytest
from kit.certs import Pki
from kit.happenings import DEEDS
from kit.stage import Stage
from kit.typed import lines, read_passages, read_story

FOLDER = Path(__file__).parent / "typed"
STORIES = sorted(FOLDER.glob("[0-9]*.txt"))
PASSAGES = read_passages(FOLDER / "passages.txt")


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    """One authority for all: nothing in a story is about certificates."""
    pki = Pki(tmp_path_factory.mktemp("pki"))
    pki.server()
    return pki


@pytest.mark.slow
@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_scenario_as_it_is_typed(path, tmp_path, pki):
    """Everybody types their commands, and sees what the story says."""
    with Stage(tmp_path, pki, passages=PASSAGES, deeds=DEEDS) as stage:
        for line in read_story(path):
            for got, expected in stage.play(line):
                assert got == expected


def test_each_is_there():
    """Those of the registry's daily work; each story says which it is."""
    numbers = [int(path.name[:2]) for path in STORIES]
    named = [path.read_text("utf-8").split(".")[0] for path in STORIES]

    assert numbers == [*range(10, 18), 28, 39, *range(41, 45)]
    assert named == [f"Scenario {number}" for number in numbers]


@pytest.fixture(scope="module")
def stage(tmp_path_factory, pki):
    folder = tmp_path_factory.mktemp("stage")
    with Stage(folder, pki, passages=PASSAGES, deeds=DEEDS) as stage:
        yield stage


def played(stage, text):
    """Play lines; return whether each command did what it should."""
    pairs = (pair for line in lines(text) for pair in stage.play(line))
    return [got == should for got, should in pairs]


@pytest.mark.parametrize(
    ("said", "true"),
    [
        ("exits 0", True),
        ("exits 4", False),
        ("shows Northern", True),
        ("shows Southern", False),
        ("lacks Southern", True),
        ("lacks Northern", False),
        ("has #groups = 1", True),
        ("has #groups = 0", False),
        ("has groups.0.name = Northern", True),
        ("has groups.1.name = Northern", False),
        ("has groups.0.nothing = Northern", False),
        ("fields groups.0 = token", False),
        ("within 1 s\n    shows Southern", False),
    ],
)
def test_what_is_said_can_be_false(stage, said, true):
    """Each kind of indented line fails where it does not hold."""
    if not stage.kept.get("REGISTERED"):
        stage.kept["REGISTERED"] = "yes"
        assert played(stage, "= the groups Northern are registered") == [True]

    assert played(stage, f"first> placement group list\n    {said}\n") == [true]


def test_what_cannot_be_read(stage):
    """Nothing is skipped: neither a verb that is none, nor what nobody can do."""
    for text in ("    shows nothing", "first> placement group list\n    hopes so"):
        with pytest.raises(ValueError, match="says nothing"):
            list(lines(text))
    with pytest.raises(ValueError, match="nobody knows how"):
        played(stage, "= pigs fly")
