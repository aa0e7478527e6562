"""Errors name the wire's fields; people see the option that they typed beside."""

import inspect
import re

import grpc
import pytest
from kit.asked import ALLIANCE, CASE, NORTH, written
from kit.wire import invalid
from placement_client.commands.naming import named, option_of

from placement.api.v1 import registry_service_pb2 as registry

CODE = grpc.StatusCode
ID, OTHER = CASE.hex(), bytes([9] * 16).hex()
CHECK = (
    *("check", "--case", ID, "--from", "2026-12-01", "--area", "1480"),
    *("--justification", "follow-up"),
)
SOURCE = ("--grade", "2B", "--reason", "court")
PRESENCE = (
    *("fact", "record", "presence", "--group", NORTH.hex(), "--area", "1480"),
    *("--kind", "base", *SOURCE),
)
THREAT = ("fact", "record", "threat", "--severity", "1", "--target", ID, *SOURCE)
STANDING = ("placement", "record", ID, "--area", "1480", "--from", "2026-01-01")

REFUSED = [
    (CHECK, "CheckPlacement", "candidates[0].area", "--area"),
    (CHECK, "CheckPlacement", "candidates[0].facility", "--area"),
    (CHECK, "CheckPlacement", "candidates", "--area"),
    (CHECK, "CheckPlacement", "window.start_day", "--from"),
    (CHECK, "CheckPlacement", "window.end_day", "--to"),
    (CHECK, "CheckPlacement", "grpc-timeout", "--deadline"),
    (CHECK, "CheckPlacement", "pseudonyms", ""),
    (("case", "show", ID), "ShowCase", "case_handle", "CASE"),
    (
        ("fact", "end", ID, "--on", "today"),
        "EndFacts",
        "endings[0].valid_to_day",
        "--on",
    ),
    (("fact", "end", ID, "--on", "today"), "EndFacts", "endings[0].fact_id", "FACT"),
    (("fact", "retract", ID), "RetractFacts", "fact_ids[0]", "FACT"),
    (
        ("fact", "regrade", ID, "--grade", "9Z"),
        *("RegradeFacts", "regradings[0].grade.given", "--grade"),
    ),
    (PRESENCE, "RecordFacts", "facts[0].presence.area", "--area"),
    (PRESENCE, "RecordFacts", "facts[0].valid_from_day", "--from"),
    (PRESENCE, "RecordFacts", "facts[0].valid_to_day", "--to"),
    (PRESENCE, "RecordFacts", "facts[0].review_by_day", "--review-by"),
    (PRESENCE, "RecordFacts", "facts[0].presence", ""),
    (
        (*THREAT, "--by-group", NORTH.hex()),
        *("RecordFacts", "facts[0].threat.group", "--by-group"),
    ),
    (
        (*THREAT, "--by-person", ID),
        *("RecordFacts", "facts[0].threat.person.case_member", "--by-person"),
    ),
    (STANDING, "RecordPlacements", "placements[0].window.end_day", "--to"),
    (
        ("placement", "end", ID, "--on", "today"),
        *("EndPlacement", "placement_id", "PLACEMENT"),
    ),
    (
        ("placement", "end", ID, "--on", "today"),
        *("EndPlacement", "valid_to_day", "--on"),
    ),
    (("placement", "move", ID, "--to", OTHER), "MovePlacement", "hold_id", "--to"),
    ((*CHECK, "--hold"), "CheckPlacement", "candidates", "--area"),
    (
        (
            *("override", "propose", ID, "--area", "1480", "--from", "today", "--yes"),
            *("--ground", "care", "--follow-up", "today"),
        ),
        *("ProposeOverride", "follow_up_day", "--follow-up"),
    ),
    (
        ("coverage", "attest", "--area", "1480"),
        *("AttestCoverage", "reviewed_on_day", "--on"),
    ),
    (
        ("assess", ID, "--none-known", "--child", "9"),
        *("AssessCase", "children[0]", "--child"),
    ),
    (("change", "approve", ID), "ApproveChange", "change_id", "CHANGE"),
]


@pytest.mark.parametrize(("words", "method", "field", "option"), REFUSED)
def test_a_refusal_names_the_option(  # noqa: PLR0917 (fixtures)
    cli, wire, words, method, field, option
):
    """Beside the wire's field for people; for programs nothing changes."""
    wire.answers[method] = invalid((field, "is odd"))
    shown = cli(*words)
    code, data = cli.json(*words)

    assert f"{named(field, option)} is odd.\n" in shown.stderr.splitlines(keepends=True)
    assert (code, data["error"]["field"]) == (2, field)
    assert "(" not in data["error"]["description"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ((*CHECK, "--to", "soon"), r"to \(--to\) must be a date"),
        ((*CHECK, "--area", "Gotebrg"), "--area number 2 names no"),
        (
            ("placement", "end", "00", "--on", "today"),
            "PLACEMENT number 1 must",
        ),
        (("label-key", "create", "/nowhere/key"), r"path \(PATH\) can't be written"),
        (("group", "register", "!"), r"group \(NAME\) has neither"),
        (("check", "--context", "none", *CHECK[1:]), "context is not known"),
    ],
)
def test_what_the_client_refuses_names_it_too(cli, words, line):
    """The context excepted, whose phrase says where to look."""
    assert re.search(f"^{line}", cli(*words).stderr, re.MULTILINE)


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("fact", "record", "--file"), "--file"),
        (("assess", ID, "--fact-file"), "--fact-file"),
    ],
)
def test_a_mistake_in_a_file_names_the_file(cli, wire, tmp_path, words, option):
    """The place in it stands in the field."""
    wire.answers["ListGroups"] = registry.ListGroupsResponse()
    path = written(tmp_path, {**ALLIANCE, "valid_from": "soon"})
    result = cli(*words, path)

    assert f"({option}) " in result.stderr


def test_what_is_no_option_is_not_named():
    """A parameter of another kind has no words to type."""
    plain = inspect.Parameter("area", inspect.Parameter.KEYWORD_ONLY, annotation=str)

    assert option_of([plain], "area") == ""
    assert option_of([], "candidates[0].area") == ""


@pytest.mark.parametrize(
    ("field", "option", "expected"),
    [
        ("window.end_day", "--to", "--to"),
        ("candidates[1].area", "--area", "--area number 2"),
        ("placement_ids[0]", "PLACEMENT", "PLACEMENT number 1"),
        ("hold_id", "HOLD", "hold_id (HOLD)"),
        ("filter.since", "", "filter.since"),
        ("label_key", "", "The label key"),
        ("endings[0].valid_to_day", "--on", "--on"),
        ("facts[0].presence.area", "--area", "--area number 1"),
        ("grpc-timeout", "--deadline", "grpc-timeout (--deadline)"),
        ("facts[1].tie.area", "--file", "facts[1].tie.area (--file)"),
        ("identifiers[0]", "", "identifiers[0] (the number of the leaving person)"),
        ("identifiers[2]", "", "identifiers[2] (the number of person 3)"),
    ],
)
def test_people_read_options_and_not_paths_of_the_wire(field, option, expected):
    """In a file of facts the path is what they wrote themselves."""
    assert named(field, option) == expected
