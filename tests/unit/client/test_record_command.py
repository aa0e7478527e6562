"""``fact record``: one fact from options."""

import json
from dataclasses import replace

import grpc
import pytest
from kit.asked import CASE, CHANGE, NORTH, SOUTH, day, ids
from kit.numbers import number
from kit.wire import refusal
from placement_client.profile import Contexts, save

from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as types

SOURCE = ("--grade", "2B", "--reason", "intelligence")
MEMBER = f"{CASE.hex()}:2"
PERSON = types.Person(case_member=types.CaseMember(case_handle=CASE, position=2))
FIRST = types.Person(case_member=types.CaseMember(case_handle=CASE))

KINDS = {
    "affiliation": (
        (
            *("--person", MEMBER, "--group", "north-side", "--role", "core"),
            *("--left-on", "2026-01-01"),
        ),
        types.Affiliation(
            person=PERSON,
            group=NORTH,
            role=types.AFFILIATION_ROLE_CORE,
            left_on_day=day("2026-01-01"),
        ),
    ),
    "faction": (
        ("--child", "North Side", "--parent", SOUTH.hex(), "--own-rivalries-only"),
        types.Faction(child=NORTH, parent=SOUTH, own_rivalries_only=True),
    ),
    "rivalry": (
        ("--group", "North Side", "--group", "South Side", "--severity", "3"),
        types.Rivalry(group_a=NORTH, group_b=SOUTH, severity=3),
    ),
    "alliance": (
        ("--group", "South Side", "--group", "North Side"),
        types.Alliance(group_a=SOUTH, group_b=NORTH),
    ),
    "presence": (
        ("--group", "North Side", "--area", "göteborg", "--kind", "base"),
        types.Presence(group=NORTH, area="1480", kind=types.PRESENCE_KIND_BASE),
    ),
    "threat": (
        ("--target", CASE.hex(), "--by-group", "North Side", "--severity", "2"),
        types.Threat(target=FIRST, group=NORTH, severity=2),
    ),
    "located": (
        ("--person", CASE.hex(), "--area", "0180"),
        types.Located(person=FIRST, area="0180"),
    ),
    "tie": (
        ("--person", MEMBER, "--area", "0180", "--danger"),
        types.Tie(person=PERSON, area="0180", danger=True),
    ),
    "same-as": (
        ("--person-a", CASE.hex(), "--person-b", MEMBER),
        types.SameAs(person_a=FIRST, person_b=PERSON),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("groups", "at_noon")
def test_each_kind_is_recorded_from_options(cli, recorded, kind):
    """Names, handles, areas and words become the fact of the wire.

    Nobody has to think of a review date: what has none stands for ever.
    """
    words, statement = KINDS[kind]
    code, data = cli.json("fact", "record", kind, *words, *SOURCE)

    assert code == 0
    assert recorded() == types.Fact(
        review_by_day=day("2027-06-15"),
        grade=types.SourceGrade(scheme=types.GRADE_SCHEME_THREE_FIVE_TWO, given="2B"),
        reason=types.FACT_REASON_INTELLIGENCE,
        **{kind.replace("-", "_"): statement},
    )
    assert data == {"revision": 5, "fact_ids": [ids(1)[0].hex()], "change_ids": []}


def test_what_every_fact_says_is_taken(cli, groups, recorded):
    """Days, scheme and review date."""
    words, statement = KINDS["alliance"]
    cli(
        *("fact", "record", "alliance", *words),
        *("--from", "2026-01-01", "--to", "2026-02-01", "--review-by", "2027-01-01"),
        *("--grade", "B2", "--scheme", "6x6", "--reason", "court"),
    )

    assert recorded() == types.Fact(
        valid_from_day=day("2026-01-01"),
        valid_to_day=day("2026-02-01"),
        review_by_day=day("2027-01-01"),
        grade=types.SourceGrade(scheme=types.GRADE_SCHEME_SIX_SIX, given="B2"),
        reason=types.FACT_REASON_COURT,
        alliance=statement,
    )


def test_what_is_over_needs_no_review(cli, groups, recorded):
    """So none is set for it."""
    words, _ = KINDS["alliance"]
    cli("fact", "record", "alliance", *words, *SOURCE, "--to", "2026-02-01")

    assert not recorded().HasField("review_by_day")


def test_the_server_never_receives_a_name(cli, wire, groups, recorded):
    """Tokens alone go out."""
    words, _ = KINDS["rivalry"]
    cli("fact", "record", "rivalry", *words, *SOURCE)
    sent = b"".join(request.SerializeToString() for _, request in wire.seen)

    assert b"orth" not in sent.lower()
    assert b"side" not in sent.lower()


def test_tokens_need_no_label_book(cli, wire, recorded):
    """Who writes tokens asks for no names."""
    words = ("--group", NORTH.hex(), "--group", SOUTH.hex())
    result = cli("fact", "record", "alliance", *words, *SOURCE)

    assert result.exit_code == 0
    assert wire.requests("ListGroups") == []


def test_an_unknown_group_is_refused_with_near_names(cli, wire, groups):
    """The names are told beside the error, and never sent."""
    result = cli(
        "fact",
        "record",
        "alliance",
        "--group",
        "Nort Side",
        "--group",
        "South Side",
        *SOURCE,
    )

    assert result.exit_code == 2
    assert "Did you mean: North Side" in result.stderr
    assert "--group is not in the label book" in result.stderr
    assert wire.requests("RecordFacts") == []


def test_names_need_a_label_key(cli, groups):
    """The context must have one that can be used."""
    contexts = Contexts().add("here", replace(cli.profile, label_key=""))
    save(contexts, cli.path)
    words, _ = KINDS["alliance"]
    code, data = cli.json("fact", "record", "alliance", *words, *SOURCE)

    assert (code, data["error"]["field"]) == (2, "label_key")


def test_a_fact_that_waits_says_so(cli, wire, groups):
    """The change is named for whoever approves it."""
    wire.answers["RecordFacts"] = registry.RecordFactsResponse(
        revision=5, fact_ids=ids(1), change_id=CHANGE
    )
    words, _ = KINDS["rivalry"]
    result = cli("fact", "record", "rivalry", *words, *SOURCE)

    assert f"Change {CHANGE.hex()} waits for a second coordinator" in result.stdout


def test_persons_are_asked_for_unseen(cli, wire, recorded):
    """Without a case's member the identifier is typed, and not shown."""
    result = cli("fact", "record", "located", "--area", "0180", *SOURCE, stdin=number())

    assert result.exit_code == 0
    assert (recorded().located.person.pseudonym,) == wire.pseudonyms(number())
    assert number()[2:] not in result.output


def test_persons_are_read_from_standard_input(cli, wire, recorded):
    """One a line, in the order of the options."""
    first, second = number(serial=1), number(serial=2)
    cli(
        *("fact", "record", "threat", "--by-person", "ask", "--severity", "1", *SOURCE),
        "--identifier-stdin",
        stdin=f"{first}\n{second}\n",
    )
    threat = recorded().threat
    target, person = wire.pseudonyms(first, second)

    assert threat.target.pseudonym == target
    assert threat.person.pseudonym == person


@pytest.mark.parametrize(
    ("words", "stdin", "field"),
    [
        (("located", "--area", "0180"), "", "identifiers"),
        (("located", "--area", "0180"), f"{number()}\n{number()}", "identifiers"),
        (("same-as",), number(), "person-b"),
        (("located", "--area", "0180", "--person", number()), None, "person"),
        (("located", "--area", "0180", "--person", "00"), None, "person"),
        (("located", "--area", "0180", "--person", f"{MEMBER}x"), None, "person"),
        (("located", "--area", "0180", "--person", f"{CASE.hex()}:"), None, "person"),
        (("threat", "--severity", "1"), None, "threat"),
        (
            ("threat", "--severity", "1", "--by-group", "a", "--by-person", "ask"),
            None,
            "threat",
        ),
        (("alliance", "--group", NORTH.hex()), None, "group"),
        (("alliance", *["--group", NORTH.hex()] * 3), None, "group"),
    ],
)
def test_a_fact_that_cannot_be_is_refused(cli, wire, words, stdin, field):
    """The option is named, nothing is recorded, no number is repeated."""
    extra = () if stdin is None else ("--identifier-stdin",)
    result = cli("fact", "record", *words, *SOURCE, *extra, "--json", stdin=stdin)

    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["field"] == field
    assert number() not in result.output
    assert wire.requests("RecordFacts") == []


def test_options_belong_after_the_kind(cli, wire):
    """A context before it would be dropped without a word, so it is refused."""
    result = cli("fact", "record", "--context", "other", "alliance", "--group", "a")

    assert result.exit_code == 2
    assert result.stderr == "Options belong after the command.\n"
    assert wire.seen == []


def test_a_context_of_the_environment_is_no_option(cli, groups, recorded):
    """What the environment says counts for the kind itself."""
    words, _ = KINDS["alliance"]
    env = {"PLACEMENT_CONTEXT": "here"}
    got = cli("fact", "record", "alliance", *words, *SOURCE, **env)
    other = cli(
        *("fact", "record", "alliance", *words, *SOURCE), PLACEMENT_CONTEXT="other"
    )

    assert (got.exit_code, other.exit_code) == (0, 2)
    assert "context is not known" in other.stderr


def test_record_alone_shows_its_help(cli):
    """The kinds, and the file's form."""
    alone = cli("fact", "record")
    nothing = cli("fact", "record", "--json")

    assert alone.exit_code == 2
    assert "same-as" in alone.stderr
    assert '{"facts": [...]}' in alone.stderr
    assert nothing.exit_code == 2


def test_a_second_rivalry_of_a_pair(cli, wire, groups):
    """Refused with what to do instead, and no word of other facts."""
    wire.answers["RecordFacts"] = refusal(
        grpc.StatusCode.FAILED_PRECONDITION, "CONTRADICTION"
    )
    words = ("--group", "North Side", "--group", "South Side", "--severity", "1")
    code, data = cli.json("fact", "record", "rivalry", *words, *SOURCE)

    assert code == 1
    (note,) = data["error"]["notes"]
    assert "placement fact list" in note
