"""Every example in a docstring does what it says."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted(
    str(path.relative_to(root).with_suffix("")).replace("/", ".")
    for root, package in ((ROOT, "placement"), (ROOT / "client", "placement_client"))
    for path in (root / package).rglob("*.py")
    if ">>> " in path.read_text("utf-8")
)


def test_there_are_examples():
    """Or the test below would test nothing."""
    assert "placement.access" in MODULES
    assert "placement.audit.merkle" in MODULES
    assert "placement_client.days" in MODULES


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name):
    """In the module's own words."""
    result = doctest.testmod(importlib.import_module(name))

    assert result.attempted > 0
    assert result.failed == 0
