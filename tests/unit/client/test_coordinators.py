"""The coordinators' commands: facts, changes, coverage, groups, facilities."""

import json
from dataclasses import replace
from datetime import date

import grpc
import pytest
from kit.numbers import number
from kit.wire import RefusalError, refusal
from placement_client.labels import LabelKey
from placement_client.profile import Contexts, save

from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as types
from placement.crypto import voprf

CASE = bytes(range(16))
CHANGE = bytes([9]) * 16
NORTH, SOUTH = bytes([1]) * 16, bytes([2]) * 16
SOURCE = ("--grade", "2B", "--reason", "intelligence")
CODE = grpc.StatusCode


def day(text):
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


def ids(count, start=0):
    return [n.to_bytes(16, "big") for n in range(start, start + count)]


def pseudonym(wire, text):
    """Return what an honest custodian's evaluation finalizes to."""
    blindings = voprf.blind([f"placement-v1|se-pnr|{text}".encode()])
    evaluated = voprf.evaluate(wire.key, [each.element for each in blindings])
    return voprf.finalize(blindings, evaluated)[0]


@pytest.fixture
def groups(cli, wire):
    """Register two groups under the context's label key."""
    key = LabelKey.read(cli.label_key)
    listed = []
    for name, token in (("North Side", NORTH), ("South Side", SOUTH)):
        new = key.new_group(name)
        listed.append(
            registry.RegisteredGroup(
                token=token,
                fingerprint=new.fingerprint,
                sealed_label=new.sealed_label,
            )
        )
    wire.answers["ListGroups"] = registry.ListGroupsResponse(groups=listed)


@pytest.fixture
def recorded(wire):
    """Let facts be recorded; return how to read the only one."""

    def answer(request):
        return registry.RecordFactsResponse(
            revision=5, fact_ids=ids(len(request.facts))
        )

    wire.answers["RecordFacts"] = answer

    def read():
        ((fact,),) = (each.facts for each in wire.requests("RecordFacts"))
        return fact

    return read


# fact record


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
def test_each_kind_is_recorded_from_options(cli, groups, recorded, kind):
    """Names, handles, areas and words become the fact of the wire."""
    words, statement = KINDS[kind]
    code, data = cli.json("fact", "record", kind, *words, *SOURCE)

    assert code == 0
    assert recorded() == types.Fact(
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
    assert "facts[0].alliance.group_a is not in the label book" in result.stderr
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
    assert recorded().located.person.pseudonym == pseudonym(wire, number())
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

    assert threat.target.pseudonym == pseudonym(wire, first)
    assert threat.person.pseudonym == pseudonym(wire, second)


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


# fact record --file


def written(tmp_path, *facts):
    path = tmp_path / "facts.json"
    path.write_text(json.dumps({"facts": facts}), "utf-8")
    return path


ALLIANCE = {"alliance": {"group_a": "North Side", "group_b": SOUTH.hex()}}


def test_a_file_is_recorded_in_batches(cli, wire, groups, recorded, tmp_path):
    """Five hundred in a call; progress on standard error, ids as JSON."""
    path = written(tmp_path, *[ALLIANCE] * 501)
    result = cli("fact", "record", "--file", path)
    sizes = [len(each.facts) for each in wire.requests("RecordFacts")]

    assert sizes == [500, 1]
    assert result.stdout == "Recorded 501 facts.\n"
    assert result.stderr == ("Recorded 500 of 501 facts.\nRecorded 501 of 501 facts.\n")
    assert len(wire.requests("ListGroups")) == 1


def test_nothing_is_sent_unless_all_can_be_read(cli, wire, groups, tmp_path):
    """A mistake in the last fact is found before the first is sent."""
    path = written(tmp_path, *[ALLIANCE] * 600, {"alliance": {}, "colour": "red"})
    code, data = cli.json("fact", "record", "--file", path)

    assert (code, data["error"]["field"]) == (2, "facts[600]")
    assert wire.requests("RecordFacts") == []


def test_a_batch_that_fails_tells_what_stands(cli, wire, groups, tmp_path):
    """How many were recorded before, and how to go on without doing any twice."""
    first = registry.RecordFactsResponse(revision=5, fact_ids=ids(500))
    wire.answers["RecordFacts"] = [first, *[RefusalError(CODE.UNAVAILABLE)] * 3]
    path = written(tmp_path, *[ALLIANCE] * 501)
    code, data = cli.json("fact", "record", "--file", path)
    told, _doctor, repeat = data["error"]["notes"]
    seed = repeat.split()[-1]
    wire.answers["RecordFacts"] = [
        first,
        registry.RecordFactsResponse(revision=6, fact_ids=ids(1)),
    ]
    again = cli("fact", "record", "--file", path, "--request-id", seed)
    asked = [each.request_id for each in wire.requests("RecordFacts")]

    assert code == 1
    assert told == "recorded before this: 500 of 501 facts"
    assert again.exit_code == 0
    assert asked[:2] == asked[4:]


def test_every_change_of_a_file_is_told(cli, wire, groups, tmp_path):
    """Each batch may have one that waits."""
    wire.answers["RecordFacts"] = [
        registry.RecordFactsResponse(revision=5, fact_ids=ids(500), change_id=CHANGE),
        registry.RecordFactsResponse(revision=6, fact_ids=ids(1)),
    ]
    code, data = cli.json(
        "fact", "record", "--file", written(tmp_path, *[ALLIANCE] * 501)
    )

    assert (code, data["revision"], data["change_ids"]) == (0, 6, [CHANGE.hex()])
    assert len(data["fact_ids"]) == 501


TIE = {"tie": {"person": {"identifier": number()}, "area": "0180"}}


def test_identifiers_come_through_standard_input(cli, wire, recorded):
    """No file has to hold the numbers; equal ones are asked for once."""
    text = json.dumps({"facts": [TIE]})
    result = cli("fact", "record", "--file", "-", stdin=text)

    assert result.exit_code == 0
    assert recorded().tie.person.pseudonym == pseudonym(wire, number())
    assert number() not in result.output


def test_equal_identifiers_are_evaluated_once(cli, wire, recorded):
    """Each evaluation is budgeted."""
    other = {"tie": {"person": {"identifier": number(serial=2)}, "area": "0180"}}
    text = json.dumps({"facts": [TIE, other, TIE]})
    cli("fact", "record", "--file", "-", stdin=text)
    (evaluated,) = wire.requests("Evaluate")
    facts = wire.requests("RecordFacts")[0].facts

    assert len(evaluated.blinded_elements) == 2
    assert facts[0] == facts[2] != facts[1]


def test_identifiers_in_a_file_are_refused(cli, wire, tmp_path):
    """A file with numbers in it is not encouraged."""
    result = cli("fact", "record", "--file", written(tmp_path, ALLIANCE, TIE))

    assert result.exit_code == 2
    assert "facts[1] may hold identifiers on standard input only" in result.stderr
    assert number() not in result.output
    assert wire.seen == []


@pytest.mark.parametrize("content", [b"\xff", b"", b"{}", None])
def test_a_file_that_cannot_be_read_is_refused(cli, tmp_path, content):
    """Missing, empty, no UTF-8, no facts."""
    path = tmp_path / "facts.json"
    if content is not None:
        path.write_bytes(content)
    code, data = cli.json("fact", "record", "--file", path)

    assert (code, data["error"]["field"]) == (2, "file")


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


# fact end, retract, regrade


FACTS = [each.hex() for each in ids(2, start=1)]


def test_facts_are_ended(cli, wire):
    """At once, or after a second coordinator."""
    wire.answers["EndFacts"] = [
        registry.EndFactsResponse(revision=6),
        registry.EndFactsResponse(revision=7, change_id=CHANGE),
    ]
    words = ("fact", "end", *FACTS, "--on", "2026-03-01")
    done, waits = cli(*words), cli(*words)
    request = wire.requests("EndFacts")[0]

    assert done.stdout == "Ended.\n"
    assert "until then nothing is changed" in waits.stdout
    assert list(request.endings) == [
        registry.Ending(fact_id=each, valid_to_day=day("2026-03-01"))
        for each in ids(2, start=1)
    ]


def test_facts_are_retracted(cli, wire):
    """A second coordinator must approve."""
    wire.answers["RetractFacts"] = registry.RetractFactsResponse(
        revision=6, change_id=CHANGE
    )
    got = cli.json("fact", "retract", *FACTS)

    assert got == (0, {"revision": 6, "change_id": CHANGE.hex()})
    assert list(wire.requests("RetractFacts")[0].fact_ids) == ids(2, start=1)


def test_facts_are_regraded(cli, wire):
    """All of them to one grade."""
    wire.answers["RegradeFacts"] = registry.RegradeFactsResponse(
        revision=6, change_id=CHANGE
    )
    cli("fact", "regrade", *FACTS, "--grade", "A1", "--scheme", "4x4")
    grade = types.SourceGrade(scheme=types.GRADE_SCHEME_FOUR_FOUR, given="A1")

    assert list(wire.requests("RegradeFacts")[0].regradings) == [
        registry.Regrading(fact_id=each, grade=grade) for each in ids(2, start=1)
    ]


def test_an_id_that_is_none_is_named_by_its_place(cli):
    """Handles are typed by hand."""
    code, data = cli.json("fact", "retract", FACTS[0], "00")

    assert (code, data["error"]["field"]) == (2, "fact_ids[1]")


# assess


def assessed(wire, facts=0, change=b""):
    wire.answers["AssessCase"] = registry.AssessCaseResponse(
        revision=8, fact_ids=ids(facts), change_id=change
    )


def test_a_case_is_assessed_as_unknown(cli, wire):
    """Nothing known, one child."""
    assessed(wire)
    got = cli.json(
        *("assess", CASE.hex(), "--none-known", "--child", "1", "--child", "3")
    )
    (request,) = wire.requests("AssessCase")

    assert got == (0, {"revision": 8, "fact_ids": [], "change_id": ""})
    assert (request.case_handle, request.none_known) == (CASE, True)
    assert list(request.children) == [1, 3]


def test_a_case_is_assessed_with_facts(cli, wire, groups, tmp_path):
    """A person who names no case is a member of this one."""
    assessed(wire, facts=1, change=CHANGE)
    path = written(tmp_path, {"tie": {"person": {"member": 1}, "area": "0180"}})
    result = cli("assess", CASE.hex(), "--fact-file", path)
    (request,) = wire.requests("AssessCase")
    (fact,) = request.facts

    assert fact.tie.person.case_member == types.CaseMember(case_handle=CASE, position=1)
    assert not request.none_known
    assert result.stdout.startswith("Assessed; facts recorded: 1.\nChange ")


def test_an_assessment_says_something(cli, wire, tmp_path):
    """Neither nothing at all, nor more than fits."""
    path = written(tmp_path, *[ALLIANCE] * 101)
    fields = [
        cli.json("assess", CASE.hex(), *words)[1]["error"]["field"]
        for words in ((), ("--fact-file", path))
    ]

    assert fields == ["assess", "facts"]
    assert wire.seen == []


# change, coverage


def test_changes_are_listed_and_approved(cli, wire):
    """Who proposed what, and until when."""
    change = registry.Change(
        change_id=CHANGE,
        person="co-01",
        region="vast",
        expires_at=1_781_517_600_000_000,
        records=2,
        amendments=1,
    )
    wire.answers["ListChanges"] = registry.ListChangesResponse(changes=[change])
    wire.answers["ApproveChange"] = registry.ApproveChangeResponse(revision=9)
    listed = cli("change", "list")
    _, data = cli.json("change", "list")
    approved = cli("change", "approve", CHANGE.hex())

    assert CHANGE.hex() in listed.stdout
    assert "2026-06-15 12:00" in listed.stdout
    assert data["changes"][0]["expires_at"] == "2026-06-15T10:00:00.000000Z"
    assert approved.stdout == "Approved; the change is in force.\n"
    assert wire.requests("ApproveChange")[0].change_id == CHANGE


@pytest.mark.parametrize(
    ("words", "codes", "said"),
    [
        ((), [], "the whole region"),
        (("--area", "1480", "--area", "Malmö"), ["1480", "1280"], "2 areas"),
    ],
)
def test_coverage_is_attested(cli, wire, words, codes, said):
    """The whole region, or the areas named."""
    wire.answers["AttestCoverage"] = registry.AttestCoverageResponse(revision=9)
    result = cli("coverage", "attest", *words, "--on", "2026-06-01")
    code, data = cli.json("coverage", "attest", *words)
    first, second = wire.requests("AttestCoverage")

    assert (list(first.areas), first.reviewed_on_day) == (codes, day("2026-06-01"))
    assert second.reviewed_on_day > first.reviewed_on_day
    assert said in result.stdout
    assert (code, data["areas"], data["revision"]) == (0, codes, 9)


# group


def test_groups_are_registered_without_their_names(cli, wire):
    """Fingerprint and sealed label go out; the name comes back beside its token."""
    wire.answers["RegisterGroups"] = registry.RegisterGroupsResponse(
        revision=9, tokens=[NORTH, SOUTH]
    )
    got = cli.json("group", "register", "North Side", "South Side")
    (request,) = wire.requests("RegisterGroups")
    key = LabelKey.read(cli.label_key)

    assert got == (
        0,
        {
            "revision": 9,
            "groups": [
                {"token": NORTH.hex(), "name": "North Side"},
                {"token": SOUTH.hex(), "name": "South Side"},
            ],
        },
    )
    assert [key.open(g.fingerprint, g.sealed_label) for g in request.groups] == [
        "North Side",
        "South Side",
    ]
    assert b"Side" not in request.SerializeToString()


def test_groups_are_listed_by_name(cli, groups):
    """Labels open on this machine."""
    result = cli("group", "list")
    _, data = cli.json("group", "list")

    assert "North Side" in result.stdout
    assert result.stderr == "2 groups.\n"
    assert [each["name"] for each in data["groups"]] == ["North Side", "South Side"]


def test_a_book_under_another_key_exits_with_five(cli, groups):
    """Labels that do not open are not shown as anything else."""
    cli.label_key.unlink()
    cli("label-key", "create", cli.label_key)

    assert cli("group", "list").exit_code == 5


@pytest.mark.parametrize(
    "names",
    [("North Side", "north-side"), ("!",), tuple(f"g{n}" for n in range(101))],
    ids=["twice", "no name", "too many"],
)
def test_groups_that_cannot_be_are_refused(cli, wire, names):
    """Nothing is sent, and no name is repeated."""
    result = cli("group", "register", *names)

    assert result.exit_code == 2
    assert "Side" not in result.output
    assert wire.seen == []


def test_a_known_group_is_refused_by_the_service(cli, wire):
    """The constant words of the class."""
    wire.answers["RegisterGroups"] = refusal(CODE.FAILED_PRECONDITION, "CONTRADICTION")
    result = cli("group", "register", "North Side")

    assert result.exit_code == 1
    assert "contradicts what is already recorded" in result.stderr


# facility, placement, label-key


def test_facilities_are_registered(cli, wire):
    """Under one provider, or each under its own."""
    wire.answers["RegisterFacilities"] = lambda request: (
        registry.RegisterFacilitiesResponse(
            revision=3,
            facilities=[
                registry.RegisteredFacility(token=each, provider=CHANGE)
                for each in ids(len(request.facilities))
            ],
        )
    )
    result = cli("facility", "register", "--area", "1480", "--area", "Malmö")
    cli("facility", "register", "--area", "1480", "--provider", CHANGE.hex())
    first, second = wire.requests("RegisterFacilities")

    assert [each.area for each in first.facilities] == ["1480", "1280"]
    assert [each.provider for each in first.facilities] == [b"", b""]
    assert [each.provider for each in second.facilities] == [CHANGE]
    assert CHANGE.hex() in result.stdout


def test_placements_are_recorded_and_ended(cli, wire):
    """Those that stand already."""
    wire.answers["RecordPlacements"] = registry.RecordPlacementsResponse(
        revision=3, placement_ids=[CHANGE]
    )
    wire.answers["EndPlacements"] = registry.EndPlacementsResponse(revision=4)
    words = (
        "placement",
        "record",
        CASE.hex(),
        "--area",
        "1480",
        "--from",
        "2026-01-01",
    )
    cli(*words)
    result = cli(*words, "--to", "2026-02-01", "--facility", NORTH.hex())
    ended = cli("placement", "end", CHANGE.hex(), "--on", "2026-03-01")
    first, second = (each.placements[0] for each in wire.requests("RecordPlacements"))
    (ending,) = wire.requests("EndPlacements")[0].endings

    assert result.stdout == f"Recorded placement {CHANGE.hex()}.\n"
    assert ended.stdout == "Ended.\n"
    assert first == registry.StandingPlacement(
        case_handle=CASE,
        area="1480",
        window=types.Window(start_day=day("2026-01-01")),
    )
    assert second.facility == NORTH
    assert second.window.end_day == day("2026-02-01")
    assert ending == registry.PlacementEnding(
        placement_id=CHANGE, valid_to_day=day("2026-03-01")
    )


def test_a_label_key_is_drawn_once(cli, tmp_path):
    """The file is its owner's, and never replaced."""
    path = tmp_path / "new.key"
    first, second = (
        cli.json("label-key", "create", path),
        cli("label-key", "create", path),
    )

    assert first == (0, {"path": str(path)})
    assert path.stat().st_mode & 0o777 == 0o600
    assert second.exit_code == 2
    assert "exists already" in second.stderr
