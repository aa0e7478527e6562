"""``extract``: proposed, looked at and approved by numbers typed unseen; then written."""

import json
import stat

import grpc
import pytest
from kit.asked import CASE, CHANGE, NORTH, SOUTH
from kit.numbers import number
from kit.wire import refusal
from placement_client.commands import extract as module

from placement.api.v1 import extract_service_pb2 as wire_
from placement.api.v1 import types_pb2 as types

CODE = grpc.StatusCode
FACT = bytes([4]) * 16
AT = 1_764_547_200_000_000
PROPOSE = ("extract", "propose", "--reference", "A 12/2026")
SHOW, APPROVE, WRITE = (
    ("extract", verb, CHANGE.hex()) for verb in ("show", "approve", "write")
)
SEEN = b"s" * 32
APPROVE += ("--seen", SEEN.hex())
LINES = f"{number(serial=1)}\n{number(serial=2)}\n"
STDIN = "--identifier-stdin"


def head(**given):
    values = {
        "ground": wire_.EXTRACT_GROUND_OWN_REQUEST,
        "reference": "A 12/2026",
        "region": "syd",
        "proposer": "co-01",
        "at": AT,
    }
    return wire_.ExtractHead(**(values | given))


FULL = head(
    facts=[
        wire_.ExtractFact(
            fact_id=FACT,
            recorded_at=AT,
            affiliation=wire_.ExtractAffiliation(
                group=NORTH, role=types.AFFILIATION_ROLE_CORE, left_on_day=20_000
            ),
        ),
        wire_.ExtractFact(
            fact_id=FACT,
            recorded_at=AT,
            retracted=True,
            valid_from_day=20_000,
            tie=wire_.ExtractTie(area="1280", danger=True),
        ),
    ],
    cases=[
        wire_.ExtractCase(case_handle=CASE, municipality="1280", opened_at=AT),
        wire_.ExtractCase(
            case_handle=CASE,
            municipality="1280",
            opened_at=AT,
            closed_at=AT,
            is_first=True,
            stays=[wire_.ExtractStay(area="1280")],
        ),
    ],
    erased_cases=[SOUTH],
)


def pieces(told, *entries):
    last = wire_.ExtractEntries(entries=entries, last=True)
    return [
        wire_.ReadExtractResponse(head=told),
        wire_.ReadExtractResponse(entries=last),
    ]


@pytest.fixture
def answers(wire, groups):
    wire.answers |= {
        "ProposeExtract": wire_.ProposeExtractResponse(revision=8, change_id=CHANGE),
        "ShowExtract": wire_.ShowExtractResponse(revision=8, head=FULL, seen=SEEN),
        "ApproveExtract": wire_.ApproveExtractResponse(revision=9),
        "ReadExtract": lambda _: pieces(FULL, wire_.ExtractEntry(at=AT, action="X")),
    }


def test_a_proposal_tells_nothing_yet(cli, wire, answers):
    """It says who has to do what; all numbers of the person are named."""
    result = cli(*PROPOSE, "--case", CASE.hex(), stdin=f"{LINES}\n")
    (request,) = wire.requests("ProposeExtract")

    assert result.exit_code == 0
    assert "Nothing is told yet." in result.stdout
    assert f"extract approve {CHANGE.hex()} --seen HEX" in " ".join(
        result.stdout.split()
    )
    assert tuple(request.pseudonyms) == wire.pseudonyms(*LINES.split())
    assert [*request.case_handles] == [CASE]
    assert (request.reference, request.ground) == (
        "A 12/2026",
        wire_.EXTRACT_GROUND_OWN_REQUEST,
    )
    assert number(serial=1)[2:] not in result.output


def test_another_ground_is_given_by_its_word(cli, wire, answers):
    """As the wire has it."""
    code, data = cli.json(*PROPOSE, "--ground", "court", STDIN, stdin=LINES)

    assert (code, data["change_id"]) == (0, CHANGE.hex())
    assert wire.requests("ProposeExtract")[0].ground == wire_.EXTRACT_GROUND_COURT


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--reference", "Somebody"), "case number"),
        (("--reference", "A 1", "--ground", "because"), "--ground"),
        (("--reference", "A 1", "--case", "x"), "--case"),
    ],
    ids=str,
)
def test_what_can_not_be_is_refused_before_anybody_is_named(
    cli, wire, answers, words, said
):
    """No number is typed for nothing."""
    result = cli("extract", "propose", *words)

    assert result.exit_code == 2
    assert said in result.stderr
    assert wire.requests("Evaluate") == []


def test_a_person_has_four_numbers_at_most(cli, wire, answers):
    """The prompt stops there; of lines there may be no more."""
    lines = "\n".join(number(serial=n) for n in range(1, 6))
    asked = cli(*SHOW, stdin=lines)
    read = cli(*SHOW, STDIN, stdin=lines)
    twice = cli(*SHOW, STDIN, stdin=f"{number()}\n{number()}")

    assert asked.exit_code == 0
    assert len(wire.requests("ShowExtract")[0].pseudonyms) == 4
    assert (read.exit_code, twice.exit_code) == (2, 2)
    assert "numbers must be at most 4" in read.stderr
    assert "numbers[1] stands twice" in twice.stderr


def test_the_second_is_shown_what_could_be_told(cli, wire, answers):
    """With groups by name, and whose case it is."""
    result = cli(*SHOW, STDIN, stdin=LINES)
    code, data = cli.json(*SHOW, STDIN, stdin=LINES)

    assert "North Side" in result.stdout
    assert "tie, retracted" in result.stdout
    assert "case of somebody else" in result.stdout
    assert "erased case" in result.stdout
    assert "Withheld unless you release it" in result.stdout
    assert f"Seen: {SEEN.hex()}" in result.stdout
    assert (code, data["proposer"], data["seen"]) == (0, "co-01", SEEN.hex())
    assert [each["kind"] for each in data["facts"]] == ["affiliation", "tie"]


def test_what_is_released_is_named(cli, wire, answers):
    """Nothing by itself."""
    cli(*APPROVE, STDIN, stdin=LINES)
    result = cli(
        *(*APPROVE, "--release", FACT.hex(), "--release", CASE.hex()),
        *("--tell", "verdicts", "--tell", "police-entries", STDIN),
        *("--withhold", CASE.hex()),
        stdin=LINES,
    )
    none, some = wire.requests("ApproveExtract")

    assert "for seven days" in result.stdout
    assert ([*none.released_ids], [*none.parts]) == ([], [])
    assert (none.seen, some.seen) == (SEEN, SEEN)
    assert [*some.released_ids] == [FACT, CASE]
    assert [*some.withheld_ids] == [CASE]
    assert [*some.parts] == [1, 2]
    assert tuple(some.pseudonyms) == wire.pseudonyms(*LINES.split())


def test_what_changed_since_is_looked_at_again(cli, wire, answers):
    """The refusal says so; what is no digest is refused before a number is typed."""
    wire.answers["ApproveExtract"] = refusal(CODE.ABORTED, "STALE")
    stale = cli(*APPROVE, STDIN, stdin=LINES)
    wrong = cli(*APPROVE[:-1], "44", STDIN, stdin=LINES)

    assert stale.exit_code == 1
    assert "`placement extract show`" in " ".join(stale.stderr.split())
    assert wrong.exit_code == 2
    assert "64 hex digits" in wrong.stderr


@pytest.mark.parametrize("option", ["--release", "--withhold"])
def test_too_many_are_refused_here(cli, wire, answers, option):
    """The service takes 500 of each."""
    many = [word for _ in range(501) for word in (option, FACT.hex())]
    result = cli(*APPROVE, *many, STDIN, stdin=LINES)

    assert result.exit_code == 2
    assert wire.requests("ApproveExtract") == []


def test_two_files_are_written_for_their_owner_alone(cli, wire, answers, tmp_path):
    """One to read, one for programs, of the same content."""
    path = tmp_path / "told"
    result = cli(*WRITE, "--to", path, STDIN, stdin=LINES)
    text, data = tmp_path / "told.md", tmp_path / "told.json"
    modes = {stat.S_IMODE(each.stat().st_mode) for each in (text, data)}

    assert result.exit_code == 0
    assert "Wrote told.md and told.json, with 1 entry of the access log." in (
        result.stdout
    )
    assert modes == {0o600}
    assert "# What is kept about you" in text.read_text("utf-8")
    assert "North Side" in text.read_text("utf-8")
    assert json.loads(data.read_text("utf-8"))["reference"] == "A 12/2026"
    assert NORTH.hex() not in text.read_text("utf-8") + data.read_text("utf-8")


def test_json_names_the_files(cli, wire, answers, tmp_path):
    """And nothing of what is in them."""
    code, data = cli.json(*WRITE, "--to", tmp_path / "x", STDIN, stdin=LINES)

    assert code == 0
    assert data == {"files": [str(tmp_path / "x.md"), str(tmp_path / "x.json")]}


@pytest.mark.parametrize("there", ["told.md", "told.json"])
def test_nothing_is_written_over(cli, wire, answers, tmp_path, there):
    """Nor read for nothing."""
    (tmp_path / there).write_text("mine")
    result = cli(*WRITE, "--to", tmp_path / "told", STDIN, stdin=LINES)

    assert result.exit_code == 2
    assert "to (--to) is there already" in result.stderr
    assert (tmp_path / there).read_text() == "mine"
    assert wire.requests("ReadExtract") == []


def test_a_folder_that_is_not_there_is_refused(cli, wire, answers, tmp_path):
    """Before anything is read."""
    result = cli(*WRITE, "--to", tmp_path / "no" / "told", STDIN, stdin=LINES)

    assert result.exit_code == 2
    assert wire.requests("ReadExtract") == []


def test_half_an_extract_does_not_stay(cli, wire, answers, tmp_path, monkeypatch):
    """A disk that fills up leaves neither file."""
    write = module.write_file

    def failing(path, content, **given):
        if path.suffix == ".json":
            raise OSError
        write(path, content, **given)

    monkeypatch.setattr(module, "write_file", failing)
    result = cli(*WRITE, "--to", tmp_path / "told", STDIN, stdin=LINES)

    assert result.exit_code == 2
    assert "to (--to) can't be written" in result.stderr
    assert [each.name for each in tmp_path.glob("told*")] == []


@pytest.mark.parametrize(
    ("refused", "hint"),
    [
        ((CODE.PERMISSION_DENIED, "ACCESS_DENIED"), "another than the one who"),
        ((CODE.NOT_FOUND, "NOT_FOUND"), "placement change list"),
        ((CODE.FAILED_PRECONDITION, "CONTRADICTION"), "the person's own request"),
        ((CODE.RESOURCE_EXHAUSTED, "BUDGET_SPENT"), "as many extracts as"),
    ],
)
@pytest.mark.usefixtures("answers")
def test_a_refusal_says_what_helps(cli, wire, tmp_path, refused, hint):
    """Beside its constant text, whatever the step."""
    for method in ("ProposeExtract", "ShowExtract", "ApproveExtract", "ReadExtract"):
        wire.answers[method] = refusal(*refused)
    for words in (PROPOSE, SHOW, APPROVE, (*WRITE, "--to", tmp_path / "told")):
        result = cli(*words, STDIN, stdin=LINES)

        assert result.exit_code != 0
        assert hint in " ".join(result.stderr.split())


def test_without_a_label_key_no_group_is_named(cli, wire, answers, tmp_path, pair):
    """Nor its token, which would be the same in another's extract."""
    cli.become(pair, label_key="")
    result = cli(*WRITE, "--to", tmp_path / "told", STDIN, stdin=LINES)
    text = (tmp_path / "told.md").read_text("utf-8")

    assert result.exit_code == 0
    assert "to a group (as core)" in text
    assert NORTH.hex() not in text


def test_what_could_be_told_is_said_in_words(cli, answers):
    """Not as a program writes what is true, or missing."""
    said = cli("extract", "show", CHANGE.hex(), STDIN, stdin=LINES).stdout

    assert "left on 2024-10-04" in said
    assert ", danger" in said
    assert "True" not in said
    assert "None" not in said
