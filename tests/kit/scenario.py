"""The scenario files of the tests."""

from pathlib import Path

from kit.world import RULESET
from placement.ops.scenarios.form import Scenario
from placement.ops.scenarios.reading import parse_scenario

FOLDER = Path(__file__).parent.parent / "scenarios"


def scenario_files(*through: str) -> tuple[Path, ...]:
    """Return the files that are run through one of the given ways."""
    return tuple(
        path
        for path in sorted(FOLDER.glob("*.yaml"))
        if read_scenario(path).through in through
    )


def read_scenario(path: Path) -> Scenario:
    """Read a file.

    Raises:
        ValueError: an unknown key, name, sentence or value.
    """
    try:
        return parse_scenario(path.read_text("utf-8"), RULESET)
    except ValueError as error:
        error.add_note(path.name)
        raise
