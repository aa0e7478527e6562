"""The parser: constant words, exit codes, help, completion, and what it may open."""

import ast
import json
import os
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import placement_client
import pytest
from kit.certs import Pki
from kit.numbers import number
from placement_client import __main__ as program
from placement_client.commands import case
from placement_client.commands.report import plain
from placement_client.profile import Contexts, save

ROOT = Path(placement_client.__file__).parent
COMMANDS = [
    "assess",
    "audit list",
    "case close",
    "case open",
    "case show",
    "change approve",
    "change list",
    "change show",
    "check",
    "context add",
    "context list",
    "context remove",
    "context use",
    "coverage attest",
    "doctor",
    "facility register",
    "fact end",
    "fact record affiliation",
    "fact record alliance",
    "fact record faction",
    "fact record located",
    "fact record presence",
    "fact record rivalry",
    "fact record same-as",
    "fact record threat",
    "fact record tie",
    "fact regrade",
    "fact retract",
    "group list",
    "group register",
    "label-key create",
    "placement end",
    "placement record",
    "receipt list",
    "receipt show",
    "receipt verify",
]


def run(*words, **env):
    """Run the program as people do."""
    return subprocess.run(
        [sys.executable, "-m", "placement_client", *words],
        env={k: v for k, v in os.environ.items() if k != "GRPC_VERBOSITY"} | env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(cli, command):
    """Help is there, every option is explained, and JSON is to be had."""
    result = cli(*command.split(), "--help")

    assert result.exit_code == 0
    assert "--json" in result.stdout
    assert "--context" in result.stdout


def test_the_exit_codes_are_documented(cli):
    """In the help of the whole."""
    text = " ".join(cli("--help").stdout.split())

    for words in ("0 done", "1 error", "2 usage", "3 the worst verdict is REVIEW"):
        assert words in text
    assert "4 the worst verdict is CONFLICT" in text
    assert "5 verification failed" in text


def test_the_version_is_told(cli):
    """One line."""
    result = cli("--version")

    assert (result.exit_code, result.stdout) == (
        0,
        f"placement {version('placement')}\n",
    )


@pytest.mark.slow
def test_the_program_runs_by_itself(tmp_path):
    """The module is the program; nothing is written before a context is added."""
    result = run("context", "list", "--json", PLACEMENT_CONFIG=str(tmp_path / "c.toml"))

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == '{"current": "", "contexts": []}\n'
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_can_be_shown(shell):
    """Typer's own."""
    result = run(
        "--show-completion", shell, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1"
    )

    assert result.returncode == 0
    assert "_PLACEMENT_COMPLETE" in result.stdout or "PLACEMENT" in result.stdout


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("placement che", {"check"}),
        ("placement check --area Göteb", {"Göteborg"}),
        (
            "placement check --area 148",
            {"1480", "1481", "1482", "1484", "1485", "1486", "1487", "1488", "1489"},
        ),
        ("placement check --justification f", {"follow-up"}),
        ("placement case show --context h", {"here"}),
    ],
)
def test_words_are_completed(cli, line, expected):
    """Commands, areas by name and code, words of the wire, contexts."""
    words = line.split()
    result = cli(
        _PLACEMENT_COMPLETE="complete_bash",
        COMP_WORDS=line,
        COMP_CWORD=str(len(words) - 1),
    )

    assert {each for each in result.stdout.split() if each} == expected


def test_completion_without_a_file_is_empty(cli, tmp_path):
    """A file that can't be read completes nothing, and says nothing."""
    broken = tmp_path / "broken.toml"
    broken.write_text("=")
    result = cli(
        PLACEMENT_CONFIG=str(broken),
        _PLACEMENT_COMPLETE="complete_bash",
        COMP_WORDS="placement case show --context h",
        COMP_CWORD="4",
    )

    assert result.output.strip() == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("env", "lines"), [({}, False), ({"GRPC_VERBOSITY": "INFO"}, True)]
)
def test_the_transport_writes_no_lines_of_its_own(tmp_path, profile, env, lines):
    """Unless somebody asks for them; a handshake that fails is the command's to tell."""
    other = Pki(tmp_path)
    path = tmp_path / "contexts.toml"
    save(Contexts().add("x", replace(profile, ca=str(other.paths.authority))), path)
    got = run("case", "show", "0" * 32, PLACEMENT_CONFIG=str(path), **env)

    assert got.returncode == 1
    assert got.stderr.endswith(
        "No verdict was made. Do not place on this; try again or phone.\n"
        "placement doctor says what is wrong with the connection\n"
    )
    assert ("ssl_transport_security" in got.stderr) == lines


# What can't be parsed


MISTAKES = {
    "an argument too many": ("doctor", number()),
    "an argument for a noun": ("case", number()),
    "an argument for the whole": (number(),),
    "an option's value": ("check", "--deadline", number()),
    "a flag's value": ("case", "open", f"--identifier-stdin={number()}"),
    "no option": ("check", f"--{number()}"),
    "a word": ("case", "open", "--reference", "a", "--basis", number()),
    "a handle": ("case", "show", number()),
    "a person": (
        "fact",
        "record",
        "tie",
        "--person",
        number(),
        "--area",
        "0180",
        "--grade",
        "2B",
        "--reason",
        "court",
    ),
    "a day": ("fact", "end", "0" * 32, "--on", number()),
    "an area": ("coverage", "attest", "--area", number()),
    "a context": ("context", "use", number()),
    "a number": ("audit", "list", "--first", f"-{number()}", "--purpose", "incident"),
}


@pytest.mark.parametrize("words", MISTAKES.values(), ids=MISTAKES)
def test_a_number_typed_by_mistake_is_never_repeated(cli, words):
    """Not in words, not in JSON; the exit code is 2."""
    for extra in ((), ("--json",)):
        result = cli(*words, *extra)

        assert result.exit_code == 2
        assert number() not in result.output
        assert number()[2:] not in result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("check", "--arae", "1480"), "There is no such option.\nPerhaps --area?\n"),
        (("case", "show"), "Missing argument"),
        (("case", "show", "--context"), "Option '--context' requires an argument.\n"),
        (("check", "--min-revision", "-1"), "Invalid value for '--min-revision'"),
        (("chceck",), "The command line has an unknown command"),
        ((), "Usage: placement"),
        (("case",), "Usage: placement case"),
    ],
)
def test_a_mistake_is_said_in_constant_words(cli, words, said):
    """Options are named, values are not."""
    result = cli(*words)

    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("words", "notes"),
    [
        (("case", "show", "--zzz"), ["There is no such option."]),
        (
            ("case", "show"),
            ["Missing argument 'CASE'.", "Handle of the case, 32 hex digits."],
        ),
        (("chceck",), [program._ARGUMENTS]),
        (
            ("check", "--min-revision", "-1"),
            ["Invalid value for '--min-revision'; see --help."],
        ),
    ],
)
def test_a_mistake_is_an_object_for_programs(cli, words, notes):
    """Where ``--json`` stands anywhere on the line, as every other error is."""
    result = cli(*words, "--json")

    assert (result.exit_code, result.stderr) == (2, "")
    assert json.loads(result.stdout) == {
        "error": {
            "reason": "INVALID_INPUT",
            "text": "The request is not valid; nothing was stored.",
            "field": "command_line",
            "description": "can't be parsed",
            "notes": notes,
        }
    }


@pytest.mark.slow
def test_a_program_reads_its_own_line():
    """Also where the line comes from the system."""
    got = run("chceck", "--json")

    assert (got.returncode, got.stderr) == (2, "")
    assert json.loads(got.stdout)["error"]["field"] == "command_line"


def test_what_is_unforeseen_says_where_and_no_more(cli, monkeypatch):
    """The text of a foreign error may hold anything."""

    def broken(*_args, **_kwargs):
        raise KeyError(number())

    monkeypatch.setattr(case, "read_token", broken)
    result = cli("case", "show", "0" * 32)

    assert result.exit_code == 1
    assert result.stderr.startswith(
        "Something unforeseen happened; no verdict was made."
    )
    assert "KeyError at " in result.stderr
    assert number() not in result.output


def test_an_interrupted_program_is_aborted(cli, monkeypatch):
    """Control-C is an exit code, not a trace."""

    def interrupted(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(case, "read_token", interrupted)

    assert cli("case", "show", "0" * 32).exit_code == 130


def test_main_exits(monkeypatch):
    """The entry point never returns."""
    monkeypatch.setattr(sys, "argv", ["placement", "--version"])

    with pytest.raises(SystemExit) as caught:
        program.main()
    assert caught.value.code == 0


def test_control_characters_are_not_printed():
    """Line ends included."""
    assert plain("a\x1b[1m\n\u202eb\x00") == "a?[1m??b?"


# The house


ALLOWED = {
    "cryptography",
    "google.protobuf",
    "google.rpc",
    "grpc",
    "grpc_status",
    "openpyxl",
    "personnummer",
    "placement.api",
    "placement.audit",
    "placement.crypto",
    "placement.errors",
    "placement.reference",
    "placement_client",
    "rich",
    "typer",
}


def imported(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield f"{node.module}.{node.names[0].name}"


@pytest.mark.parametrize(
    "path",
    sorted(ROOT.rglob("*.py")),
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_the_client_opens_no_servers_room(path):
    """The wire, the cryptography, the errors, and what a client installs."""
    for name in imported(path):
        known = name.split(".")[0] in sys.stdlib_module_names
        fenced = any(f"{name}.".startswith(f"{each}.") for each in ALLOWED)

        assert known or fenced or name == "_typeshed.DataclassInstance", name


def test_files_stay_small():
    """No file of the client passes 400 lines."""
    sizes = {p.name: p.read_text("utf-8").count("\n") for p in ROOT.rglob("*.py")}

    assert {name: size for name, size in sizes.items() if size > 400} == {}
