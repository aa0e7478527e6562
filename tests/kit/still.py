"""The package's ruleset without phantom stays, where a test is about something else."""

from pathlib import Path

_PACKAGED = Path(__file__).parents[2] / "placement/domain/data/ruleset.toml"


def still(text: str) -> str:
    """Return a ruleset file that has no phantoms."""
    found = text.replace("stays = 2 ", "stays = 0 ").replace(
        "floor = 10 ", "floor = 0 "
    )
    assert found != text
    return found


STILL = still(_PACKAGED.read_text("utf-8"))
"""The text of the file."""


def written(folder: Path) -> Path:
    """Write it into a folder, and return where."""
    path = folder / "still.toml"
    path.write_text(STILL, "utf-8")
    return path
