"""What the manual says of metrics, health and status is what the programs have."""

import re
from pathlib import Path

from placement.ops.metrics import METRICS
from placement.rpc.health import REASONS

DOC = (Path(__file__).parents[2] / "docs" / "operations.md").read_text("utf-8")


def section(title):
    """Return what stands under a heading."""
    return re.split(r"^###? ", DOC.partition(f"### {title}\n")[2], flags=re.MULTILINE)[
        0
    ]


def test_every_metric_has_its_sentence():
    """The same, in the same order, and none that there is not."""
    rows = re.findall(
        r"^\| `(placement_\w+)(?:\{(\w+)\})?` \| (.*) \|$", DOC, re.MULTILINE
    )

    assert rows == [(row.full_name, row.label, row.text) for row in METRICS]


def test_every_alarm_is_about_a_metric():
    """Whoever copies one gets no alarm that never comes."""
    names = set(re.findall(r"placement_\w+", section("Metrics")))

    assert names == {row.full_name for row in METRICS}


def test_every_reason_is_explained():
    """And no other."""
    told = re.findall(r"^\| ((?:`[a-z]+`(?:, )?)+) \|", section("Health"), re.MULTILINE)
    words = [word for row in told for word in re.findall(r"`(\w+)`", row)]

    assert sorted(words) == sorted(REASONS)
