"""The rules of the house that no linter knows."""

import ast
from collections import Counter
from dataclasses import fields
from pathlib import Path

import pytest

from placement import errors
from placement.access import Action
from placement.api.v1 import types_pb2 as wire
from placement.config import Settings
from placement.domain.decide.table import DECIDES
from placement.rpc.methods import METHODS
from placement.service.entries import KINDS

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path
    for folder in ("placement", "client", "demo", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
    if not path.match("*/v1/*_pb2*.py")
)


def text(name):
    return (ROOT / name).read_text("utf-8")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_hides_two_rooms(path):
    """A file has at most 400 lines, a function at most 50."""
    content = path.read_text("utf-8")
    functions = [
        (node.name, node.end_lineno - node.lineno + 1)
        for node in ast.walk(ast.parse(content))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]

    assert len(content.splitlines()) <= 400
    assert [found for found in functions if found[1] > 50] == []


def test_the_front_door_is_thin():
    """server.py holds no logic."""
    tree = ast.parse(text("server.py"))
    imports = [
        node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)
    ]

    assert len(text("server.py").splitlines()) <= 60
    assert len(imports) <= 2


@pytest.mark.parametrize("reason", sorted(wire.ErrorReason.DESCRIPTOR.values_by_name))
def test_every_reason_is_documented(reason):
    """A reason that a caller may get stands in the document of errors."""
    word = reason.removeprefix("ERROR_REASON_")

    assert word == "UNSPECIFIED" or f"`{word}`" in text("docs/errors.md")


def test_errors_and_the_wire_agree():
    """Each class has its reason on the wire, and each reason its class."""
    reasons = {
        kind.reason
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.PlacementError)
    }
    names = {
        name.removeprefix("ERROR_REASON_")
        for name in wire.ErrorReason.DESCRIPTOR.values_by_name
    }

    assert names - {"UNSPECIFIED"} == reasons


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_every_setting_is_documented(name):
    """An operator finds each setting."""
    assert f"`{name}`" in text("docs/operations.md")


def test_every_action_has_its_places():
    """An action has one command, one method and one kind of entry."""
    # By itself the service does the rest, or in the course of another call.
    inner = {Action.CLOCK_TICK, Action.REEVALUATE, Action.ALERT_TELL}
    inner |= {Action.PREVIEW_WEIGH, Action.IMPORT_TAKE, Action.IDLE}
    # Officers do that at the machine, while no server runs.
    officers = {Action.DATABASE_ACCEPT, Action.KEY_DESTROY}
    methods = set(Action) - {Action.NO_METHOD} - officers - inner
    # Hashes and signatures: admitted by the desk, and logged only when refused.
    logged = methods - {Action.LOG_FOLLOW, Action.LOG_COSIGN}

    assert Counter(command.action for command in DECIDES) == Counter(logged | inner)
    assert set(METHODS.values()) == methods
    shared = Counter(METHODS.values()) - Counter(methods)
    assert shared == {Action.LOG_FOLLOW: 3}
    assert set(KINDS) == set(Action)


@pytest.mark.parametrize("target", ["demo", "test"])
def test_the_readme_shows_the_two_commands(target):
    """The first screen says what to type."""
    assert f"make {target}" in "\n".join(text("README.md").splitlines()[:45])
