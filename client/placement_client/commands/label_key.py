"""``placement label-key``: the key under which coordinators name groups."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from placement_client.commands.report import Report
from placement_client.commands.verb import Run, nouns, verb
from placement_client.labels import create_label_key

app = nouns("Coordinators: the key under which groups are named.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """Options of ``create``."""

    path: Annotated[Path, typer.Argument(help="A file that does not exist yet.")]


@verb(app, "create")
def create(_run: Run, asked: Created) -> Report:
    """Draw a label key into a new file.

    All coordinators share one key: draw it once, carry it to the others by hand, and
    keep a copy in a safe. Without it no group has a name.
    """
    create_label_key(asked.path)
    return Report(
        data={"path": str(asked.path)},
        shown=[f"Wrote {asked.path}; only its owner may read it."],
    )
