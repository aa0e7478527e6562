"""What happens in stories and is not typed: time passes, files lie there, keys are gone."""

import csv
import re
import sqlite3
from contextlib import closing
from itertools import combinations

from placement_client.sheets.columns import COLUMNS

from kit.stage import Deeds, Stage

HOURS_A_DAY = 24


def _days_pass(stage: Stage, days: str) -> None:
    stage.passes(int(days) * HOURS_A_DAY)


def _sheet(stage: Stage, count: str, groups: str, name: str) -> None:
    """Write the rivalries of all groups with all."""
    pairs = list(combinations(groups.split(), 2))
    given = {"kind": "rivalry", "severity": "3", "reason": "intelligence"}
    source = {"scheme": "3x5x2", "grade": "2B"}
    with (stage.folder / name).open("w", encoding="utf-8", newline="") as file:
        sheet = csv.DictWriter(file, COLUMNS)
        sheet.writeheader()
        for group, other in pairs:
            sheet.writerow({**given, **source, "group": group, "other": other})
    assert len(pairs) == int(count)


def _ruleset(stage: Stage, name: str, content: str, pair: str) -> None:
    """Write a ruleset with a later version, and one pair that is not near any more."""
    text, versions = re.subn(
        r'(?m)^version = "[0-9-]+"', 'version = "2099-01-1"', content, count=1
    )
    text, pairs = re.subn(r"(?m)^removed = \[\]", f'removed = ["{pair}"]', text)
    assert (versions, pairs) == (1, 1)
    (stage.folder / name).write_text(text, "utf-8")


def _keys(stage: Stage, gone: str, kept: str) -> None:
    """Look into the key store itself."""
    wanted = {bytes.fromhex(each) for each in re.findall("[0-9a-f]{32}", gone)}
    with closing(sqlite3.connect(stage.folder / "placement.keys.db")) as keys:
        there = {name for (name,) in keys.execute("SELECT name FROM data_key")}
    assert wanted
    assert not wanted & there
    assert bytes.fromhex(kept) in there


DEEDS: Deeds = {
    r"([0-9]+) days pass": _days_pass,
    r"a sheet of ([0-9]+) rivalries among (.+) lies at (\S+)": _sheet,
    r"the file (\S+) holds (\$\w+), newer and without (\S+) as near": _ruleset,
    r"the keys of (.+) are gone, that of (\S+) is not": _keys,
}
"""By what happens: who does it."""
