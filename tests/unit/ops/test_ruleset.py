"""``placement-server ruleset``: a file is looked at before anybody proposes it."""

from pathlib import Path

import pytest
from kit.ruled import text
from kit.scenario import FOLDER
from kit.world import RULESET

from placement.ops.main import main

NEAR = FOLDER / "21_near.yaml"
SERVED = FOLDER / "10_rivalry_after_the_placement.yaml"
REFUSED = FOLDER / "30_not_a_municipality.yaml"
DATED = FOLDER / "36_leap_day.yaml"


@pytest.fixture
def run(capsys):
    """Return a function that runs a command: → exit code, stdout, stderr."""

    def command(*words):
        code = main(["ruleset", *map(str, words)])
        return code, *capsys.readouterr()

    return command


@pytest.fixture
def file(tmp_path):
    """Return a function that writes a ruleset file."""

    def write(content):
        path = tmp_path / "rules.toml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_a_sound_file_is_named_with_its_hash(run, file):
    """The version, and the digest that entries will have."""
    path = file(RULESET.content)

    assert run("check", path) == (
        0,
        f"{path}: version {RULESET.version}, rules {RULESET.digest.hex()}.\n",
        "",
    )


def test_every_fault_is_a_line_of_its_own(run, file):
    """With line, column, key and what would be right."""
    path = file(RULESET.content.replace("live = 2", "lives = 2"))
    line = RULESET.content[: RULESET.content.index("live = 2")].count("\n") + 1
    code, out, err = run("check", path)

    assert (code, out) == (1, "")
    assert err.splitlines() == [
        f"{path}: line {line - 2}, column 2: hold.live is missing",
        f"{path}: line {line}, column 1: [hold] has no such key; perhaps live is meant",
    ]


def test_all_faults_are_told_however_many(run, file):
    """Here nothing is cut off."""
    code, _, err = run("check", file("format = 4\n" + "x = 1\n" * 1))
    many = run("check", file(RULESET.content.replace("days = ", "day = ")))[2]

    assert (code, "has no such key" in err) == (1, True)
    assert len(many.splitlines()) > 40


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"a = 1\n\xff", "line 2: this is not UTF-8"), (b"a = ", "this is not TOML")],
)
def test_what_is_no_text_at_all(run, file, content, said):
    """Is told as a fault, too."""
    code, out, err = run("check", file(content))

    assert (code, out) == (1, "")
    assert said in err


@pytest.mark.parametrize("words", [("check",), ("test", "--ruleset")])
def test_a_file_that_is_not_there_is_named(run, words):
    """As the system says it."""
    rest = [NEAR] if words[0] == "test" else []
    got = run(*words, "/nowhere.toml", *rest)

    assert got == (1, "", "/nowhere.toml: No such file or directory\n")


def test_scenarios_that_hold(run):
    """By the package's own ruleset, each in a line."""
    code, out, err = run("test", NEAR, DATED)

    assert (code, err) == (0, "")
    assert out.splitlines()[0] == f"HELD     {NEAR}: The next municipality"
    assert out.splitlines()[-1] == (
        f"By ruleset {RULESET.version}: 2 held, 0 failed, 0 need a service and were "
        "not run."
    )


def test_a_weaker_ruleset_is_found_out(run, file):
    """Scenario 43: what changes is said, place by place, before it takes effect."""
    path = file(text().replace("removed = []", 'removed = ["0183-0184"]'))
    code, out, _ = run("test", "--ruleset", path, NEAR)

    assert code == 1
    assert out.splitlines() == [
        f"FAILED   {NEAR}: The next municipality",
        "           step 1, Hanna's case in 0183: REVIEW was expected, CLEAR came",
        "By ruleset 2026-12-1: 0 held, 1 failed, 0 need a service and were not run.",
    ]


def test_what_needs_a_service_is_not_passed_off_as_held(run):
    """It is said, and a run of nothing else is a failure."""
    code, out, _ = run("test", SERVED, REFUSED)

    assert code == 1
    assert [line[:9] for line in out.splitlines()[:2]] == ["NOT RUN  "] * 2
    assert run("test", SERVED, NEAR)[0] == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"scenario: [", "this is not YAML"),
        (b"scenario: 1\n", "missing key 'title'"),
        (b"\xff", "utf-8"),
    ],
)
def test_a_scenario_that_is_none_has_failed(run, tmp_path, content, said):
    """Beside others that are run all the same."""
    path = tmp_path / "own.yaml"
    path.write_bytes(content)
    code, out, _ = run("test", path, NEAR)

    assert code == 1
    assert out.startswith(f"FAILED   {path}: ")
    assert said in out.splitlines()[0]
    assert out.splitlines()[1].startswith("HELD")


def test_scenarios_are_not_run_by_a_ruleset_that_is_none(run, file):
    """Its faults are told instead."""
    code, out, err = run("test", "--ruleset", file("format = 9"), NEAR)

    assert (code, out) == (1, "")
    assert "must be 4" in err


def test_every_scenario_of_ours_holds(run):
    """As ``docs/rulesets.md`` says to do it."""
    files = sorted(Path(FOLDER).glob("*.yaml"))
    code, out, _ = run("test", *files)

    assert code == 0
    assert "FAILED" not in out
