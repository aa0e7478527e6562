"""The guide and the client agree: commands, options, files of facts, links."""

import json
import re
import shlex
from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest
import typer
from placement_client.__main__ import app
from placement_client.commands.verb import Common
from placement_client.drafts import Names, read_drafts, read_fact
from typer.main import get_command

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "guide.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)
# Options of the parser itself; they are asked for by hand, never in a run.
PARSERS_OWN = {"--help", "--version", "--install-completion", "--show-completion"}
PROGRAM = get_command(app)


def command_lines():
    """Return the words after `placement` of each command line, once each."""
    found = {}
    for kind, content in BLOCKS:
        if kind == "sh":
            for line in content.replace("\\\n", " ").replace("|\n", "| ").splitlines():
                words = shlex.split(line.rpartition("| ")[2], comments=True)
                if words[:1] == ["placement"]:
                    found[" ".join(words)] = words[1:]
    return found


def leaves(group=PROGRAM, path=()):
    """Yield every command that does something, with the words that lead to it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from leaves(command, (*path, name))
        if not hasattr(command, "commands") or command.invoke_without_command:
            yield (*path, name), command


def options_of(command):
    """Return a command's long options."""
    return {
        option
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
        if option.startswith("--")
    }


def told():
    """Return every long option that the guide names."""
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", GUIDE))


def resolve(words):
    """Return the path, the command and its own words, as the parser would find them."""
    path: tuple[str, ...] = ()
    command = PROGRAM
    while hasattr(command, "commands") and words and words[0] in command.commands:
        name, *words = words
        path, command = (*path, name), command.commands[name]
    return path, command, words


LINES = command_lines()
LEAVES = dict(leaves())
COMMON = options_of(LEAVES["doctor",])


@pytest.mark.parametrize("words", LINES.values(), ids=LINES)
def test_every_example_parses(words, monkeypatch):
    """As it stands: the command is there, and so are its options and arguments."""
    monkeypatch.delenv("PLACEMENT_CONTEXT", raising=False)
    path, command, rest = resolve(words)
    if PARSERS_OWN.intersection(rest):
        assert set(rest) <= options_of(command) | {"--help"}
        return
    parsed = command.make_context(" ".join(path), list(rest))

    assert path in LEAVES
    assert not parsed.args
    for parameter in command.params:
        if parameter.metavar == "WORD":  # its help lists what may be said
            listed = parameter.help.rpartition(": ")[2].rstrip(".").split(", ")
            given = parsed.params[parameter.name]
            words = given if isinstance(given, list) else [given]
            assert {*words} <= {*listed, parameter.default}


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_command_has_an_example(path):
    """Whatever the client can do, the guide shows once."""
    assert path in {resolve(words)[0] for words in LINES.values()}


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_option_is_told(path):
    """By name, somewhere in the guide."""
    assert options_of(LEAVES[path]) - told() == set()


def test_no_option_is_told_that_is_not_there():
    """A renamed option leaves no trace in the text."""
    known = set().union(PARSERS_OWN, *map(options_of, LEAVES.values()))

    assert told() - known == set()


def test_the_common_options_are_listed_as_common():
    """The last table holds those of every command, and no others."""
    table = GUIDE.partition("## Options that every command has")[2]
    listed = set(re.findall(r"^\| `(--[a-z-]+)` \|", table, re.MULTILINE))

    assert listed == COMMON | {"--help"}
    assert all(options_of(command) >= COMMON for command in LEAVES.values())
    assert len(COMMON) == len(fields(Common))


def facts_in_the_guide():
    """Return every draft of a fact in a fenced block."""
    blocks = [content for kind, content in BLOCKS if kind == "json"]
    return [
        draft
        for content in blocks
        if '"facts"' in content
        for draft in read_drafts(content)
    ]


@pytest.mark.parametrize("draft", facts_in_the_guide(), ids=json.dumps)
def test_every_fact_of_a_file_can_be_read(draft):
    """The form that the guide shows is the form that the client takes."""
    names = Names(
        group=lambda text, field: bytes(16),
        area=lambda text, field: "1480",
        pseudonym=lambda identifier: bytes(32),
        today=date(2026, 11, 24),
        case=bytes(16),
    )

    assert read_fact(draft, names).WhichOneof("statement") in draft


def test_a_renamed_command_would_be_noticed():
    """The check above is not blind: words that lead nowhere do not parse."""
    path, command, rest = resolve(["case", "reopen", "$CASE"])

    assert path == ("case",)
    with pytest.raises(typer.TyperException):
        command.resolve_command(command.make_context("case", list(rest)), list(rest))


def anchors(name):
    """Return the anchors of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", (DOCS / name).read_text("utf-8"), re.MULTILINE)
    return {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in headings
    }


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)]+)\)", GUIDE))))
def test_every_link_leads_somewhere(link):
    """To a page of this folder, and to a heading of it."""
    name, _, anchor = link.partition("#")

    assert (DOCS / (name or "guide.md")).is_file()
    assert not anchor or anchor in anchors(name or "guide.md")
