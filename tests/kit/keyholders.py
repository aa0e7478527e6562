"""Coordinators before one server, each with label keys of their own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from placement_client.label_files import LabelFiles
from placement_client.profile import load

from kit.people import Person, people

NAMES = ("North Side", "South Side", "Zeta")


class Coordinators:
    """``first`` drew the label key; ``second`` and ``new`` have none yet."""

    def __init__(self, become: Callable[..., Person], folder: Path) -> None:
        self.folder = folder
        path = folder / "first.key"
        self.first = become("coordinator", "syd", "co-01", keys=str(path))
        self.second = become("coordinator", "syd", "co-02", keys="")
        self.new = become("coordinator", "nord", "co-03", keys="")
        self.first("label-key", "create", path)

    def admitted(self, who: Person, name: str) -> None:
        """Have the label key handed to somebody who published an exchange key."""
        who("label-key", "publish")
        self.first("label-key", "hand-over", name)
        who("label-key", "fetch")


def files(who: Person) -> LabelFiles:
    """Return where somebody's label keys lie."""
    return LabelFiles.of(load(who.folder / "contexts.toml").profile())


def names(who: Person) -> list[str]:
    """Return the first names of all groups that somebody can list."""
    listed: Any = who("group", "list")["groups"]
    return sorted(each["name"] for each in listed)


@contextmanager
def coordinators(folder: Path) -> Iterator[Coordinators]:
    """Start a server with three groups under the label key of the first."""
    with people(folder) as become:
        found = Coordinators(become, folder)
        found.first("group", "register", *NAMES)
        yield found
