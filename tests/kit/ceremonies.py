"""A place where a key is made and split, and whoever types there."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from kit.guessing import make_cheap
from placement.ops import holders
from placement.ops.main import main

Command = Callable[..., tuple[int, str, str]]
WORDS = "åtta hästar står stilla"


class Person:
    """Types what a holder or an operator types, and sees what is shown."""

    def __init__(self, *words: str) -> None:
        self.words = list(words)
        self.seen: list[str] = []

    def words_asked(self, _sentence: str) -> str:
        """Type the next of the words."""
        return self.words.pop(0)


def under_passphrase(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let a folder's custody be under a passphrase; a guess is as cheap as can be."""
    make_cheap(monkeypatch)
    (folder / "placement.toml").write_text('custody = "passphrase"\n', "utf-8")
    return folder


def typing_at(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Command:
    """Return a function that runs a command: → exit code, stdout, stderr."""

    def command(
        *words: str, typed: Sequence[str] = (), settings: str = "placement.toml"
    ) -> tuple[int, str, str]:
        person = Person(*typed)
        monkeypatch.setattr("placement.ops.custodies.getpass", person.words_asked)
        monkeypatch.setattr(holders, "getpass", person.words_asked)
        code = main([*words, "--settings", str(place / settings)])
        assert person.words == []
        return code, *capsys.readouterr()

    return command


def shared_out(place: Path, run: Command) -> Path:
    """Make a key, its five shares, and an empty store."""
    folder = str(place / "shares")
    assert run("custody", "create", "--shares", folder, typed=(WORDS, WORDS))[0] == 0
    assert run("init", typed=(WORDS,))[0] == 0
    return place


def lines(place: Path) -> list[str]:
    """Return the shares, as they are written."""
    return [file.read_text("ascii") for file in sorted((place / "shares").iterdir())]


def given(place: Path, *numbers: int) -> list[str]:
    """Return the words of a command that name shares."""
    files = [place / "shares" / f"share-{number}.txt" for number in numbers]
    return [word for file in files for word in ("--share", str(file))]
