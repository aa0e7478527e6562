"""``case``: identifiers come in unseen; cases are opened, shown and closed."""

import re
from dataclasses import replace

import grpc
import pytest
from kit.asked import CASE, NOON
from kit.numbers import number
from kit.wire import refusal
from placement_client.profile import Contexts, save

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1.types_pb2 import PlacementState, Window
from placement.crypto import voprf

CODE = grpc.StatusCode


def opened(wire):
    """Let cases be opened; return how to read what came in."""
    wire.answers["OpenCase"] = check.OpenCaseResponse(case_handle=CASE, revision=4)
    return lambda: wire.requests("OpenCase")[0]


OPEN = ("case", "open", "--reference", "SN 1", "--basis", "police")


def test_a_case_is_opened_from_standard_input(cli, wire):
    """One identifier a line, the leaving person first."""
    request = opened(wire)
    lines = f"{number(serial=1)}\n{number(serial=2)}\n"
    code, data = cli.json(*OPEN, "--identifier-stdin", stdin=lines)
    pseudonyms = wire.pseudonyms(number(serial=1), number(serial=2))

    assert (code, data) == (
        0,
        {"case_handle": CASE.hex(), "revision": 4, "same_reference": False},
    )
    assert tuple(request().pseudonyms) == pseudonyms
    assert (request().reference, request().basis) == ("SN 1", check.BASIS_POLICE)


def test_a_case_is_opened_by_asking_unseen(cli, wire):
    """Members are asked for until nothing is typed; nothing typed is shown."""
    request = opened(wire)
    result = cli(*OPEN, stdin=f"{number(serial=1)}\n{number(serial=2)}\n\n")

    assert result.exit_code == 0
    assert len(request().pseudonyms) == 2
    assert "Opened case " + CASE.hex() in result.stdout
    assert "Leaving person" in result.stderr
    assert number(serial=1)[2:] not in result.output


def test_a_household_has_twelve_at_most(cli, wire):
    """The prompt stops there; lines beyond are refused."""
    request = opened(wire)
    lines = [number(serial=n) for n in range(1, 14)]
    asked = cli(*OPEN, stdin="\n".join(lines))
    read = cli(*OPEN, "--identifier-stdin", stdin="\n".join(lines))

    assert asked.exit_code == 0
    assert len(request().pseudonyms) == 12
    assert read.exit_code == 2
    assert "at most 12" in read.stderr


@pytest.mark.parametrize(
    ("lines", "place", "phrase"),
    [
        ("", "identifiers", "one a line"),
        ("\n", r"identifiers\[0\]", "twelve digits"),
        (f"{number()}\n{number()}\n", r"identifiers\[1\]", "stands twice"),
        (f"{number()}\n{number()[2:]}\n", r"identifiers\[1\]", "twelve digits"),
    ],
)
def test_a_line_that_is_wrong_is_named_by_its_place(cli, wire, lines, place, phrase):
    """Nothing is sent."""
    result = cli(*OPEN, "--identifier-stdin", stdin=lines)

    assert result.exit_code == 2
    assert re.search(f"^{place} .*{phrase}", result.stderr, re.MULTILINE)
    assert wire.seen == []


def test_without_a_terminal_nobody_is_asked(cli, monkeypatch):
    """Where typing would show, the prompt refuses."""
    import getpass  # noqa: PLC0415 (patched here alone)
    import warnings  # noqa: PLC0415

    def fallback(*_args, **_kwargs):
        warnings.warn("echo", getpass.GetPassWarning, stacklevel=1)

    monkeypatch.setattr("placement_client.commands.asking.typer.prompt", fallback)
    result = cli(*OPEN)

    assert result.exit_code == 2
    assert "--identifier-stdin" in result.stderr


@pytest.mark.parametrize(
    "reference",
    ["900101-9802", "19900101-9802", number(), "SN 19900101/9802", "Anna", ""],
)
def test_what_is_no_reference_never_leaves(cli, wire, reference):
    """No evaluation is spent, nobody is asked for, and it is not repeated."""
    result = cli("case", "open", "--reference", reference, "--basis", "police")

    assert result.exit_code == 2
    assert re.search("^reference .*must ", result.stderr, re.MULTILINE)
    assert "9802" not in result.output
    assert "Leaving person" not in result.stderr
    assert wire.seen == []


def test_an_aborted_prompt_is_an_error(cli, monkeypatch):
    """Nothing typed at all, nothing done."""
    result = cli(*OPEN, stdin="")

    assert result.exit_code == 1
    assert result.stderr.endswith("Aborted.\n")


def test_an_unproven_pseudonym_stops_everything(cli, wire):
    """Exit code 5: what came does not verify."""
    opened(wire)
    wire.answers["Evaluate"] = lambda request: wire.evaluate(request).__class__()
    code, data = cli.json(*OPEN, "--identifier-stdin", stdin=number())

    assert (code, data["error"]["reason"]) == (5, "TAMPERED")
    assert wire.requests("OpenCase") == []


def test_a_wrong_pin_is_said(cli, wire):
    """The key is named as what is wrong; nothing claims to be logged."""
    opened(wire)
    other = voprf.generate_key().public.encode().hex()
    save(Contexts().add("here", replace(cli.profile, custodian_key=other)), cli.path)
    result = cli(*OPEN, "--identifier-stdin", stdin=number())

    assert result.exit_code == 5
    assert "The custodian's key is not the one that this context pins" in result.stderr
    assert "logged" not in result.stderr
    assert wire.requests("OpenCase") == []


def test_a_case_is_shown(cli, wire):
    """People see Stockholm time; programs UTC."""
    wire.answers["ShowCase"] = check.ShowCaseResponse(
        reference="SN 1",
        assessed=True,
        areas_left=5,
        opened_at=NOON,
        case_handle=CASE,
        contact="031-700 00 00",
    )
    shown = cli("case", "show", CASE.hex())
    code, data = cli.json("case", "show", CASE.hex())

    assert "2026-06-15 12:00 Stockholm time" in shown.stdout
    assert (code, data) == (
        0,
        {
            "reference": "SN 1",
            "assessed": True,
            "closed": False,
            "areas_left": 5,
            "opened_at": "2026-06-15T10:00:00.000000Z",
            "placements": [],
            "case_handle": CASE.hex(),
            "contact": "031-700 00 00",
            "permits": [],
        },
    )
    assert re.search("Phone +031-700 00 00", shown.stdout)
    assert shown.stdout.endswith("Nothing is held or placed for it.\n")


@pytest.mark.usefixtures("at_noon")
def test_a_case_shows_what_is_held_and_placed(cli, wire):
    """A hold that is about to lapse can't be overlooked: it stands last."""
    held = check.OwnPlacement(
        placement_id=bytes([2]) * 16,
        place=check.Candidate(area="1480"),
        window=Window(start_day=20_000),
        state=PlacementState.PLACEMENT_STATE_HELD,
        expires_at=NOON + 3_600_000_000,
        extended=True,
    )
    placed = check.OwnPlacement(
        placement_id=bytes([1]) * 16,
        place=check.Candidate(area="1280"),
        window=Window(start_day=19_000, end_day=20_000),
        state=PlacementState.PLACEMENT_STATE_ACTIVE,
        moved_in=True,
    )
    wire.answers["ShowCase"] = check.ShowCaseResponse(
        reference="SN 1", opened_at=NOON, placements=[held, placed]
    )
    *_, headings, first, second, lapses, keep, give_up = cli(
        "case", "show", CASE.hex()
    ).stdout.splitlines()
    _, data = cli.json("case", "show", CASE.hex())

    assert headings.split()[:5] == ["Placement", "Area", "Name", "Facility", "Days"]
    assert re.search("1480 +Göteborg .* held +2026-06-15 13:00 Stockholm time", first)
    assert re.search("1280 +Malmö .* confirmed +- +yes", second)
    assert give_up == f"  To give it up: placement hold release {'02' * 16}"
    assert lapses == (
        f"Hold {'02' * 16} lapses 2026-06-15 13:00 Stockholm time. That is within a day."
    )
    assert keep == f"  To keep the place: placement hold confirm {'02' * 16}"
    assert [each["state"] for each in data["placements"]] == ["HELD", "ACTIVE"]


@pytest.mark.usefixtures("at_noon")
def test_a_case_shows_what_may_be_had_despite_the_answer(cli, wire):
    """A lost id is found again."""
    wire.answers["ShowCase"] = check.ShowCaseResponse(
        permits=[
            check.OwnPermit(
                permit_id=bytes([3]) * 16,
                override=True,
                place=check.Candidate(area="1480"),
                waits=True,
                expires_at=NOON + 3_600_000_000_000,
            )
        ]
    )
    shown = cli("case", "show", CASE.hex())
    _, data = cli.json("case", "show", CASE.hex())

    assert re.search(f"{'03' * 16} +override +1480 +Göteborg", shown.stdout)
    assert f"Override {'03' * 16} covers nothing before" in shown.stdout
    assert [each["permit_id"] for each in data["permits"]] == ["03" * 16]


CLOSE = ("case", "close", CASE.hex(), "--reason", "consent-withdrawn")


@pytest.fixture
def closable(wire):
    """A case that holds one place and has somebody in another."""
    wire.answers["CloseCase"] = check.CloseCaseResponse(revision=5)
    held, placed = (
        check.OwnPlacement(
            placement_id=bytes([number]) * 16,
            place=check.Candidate(area=area),
            window=Window(start_day=20_000),
            state=state,
            expires_at=NOON + 1,
        )
        for number, area, state in ((2, "1480", 1), (1, "1280", 2))
    )
    wire.answers["ShowCase"] = check.ShowCaseResponse(
        reference="SN 1", placements=[held, placed]
    )


@pytest.mark.usefixtures("closable")
def test_a_case_is_closed(cli, wire):
    """With the reason in words of the wire, without being asked."""
    got = cli.json(*CLOSE, "--yes")
    (request,) = wire.requests("CloseCase")

    assert got == (0, {"revision": 5})
    assert request.reason == check.CLOSE_REASON_CONSENT_WITHDRAWN


@pytest.mark.usefixtures("closable", "at_noon")
def test_closing_a_case_is_asked_for_with_what_it_does(cli, wire):
    """A hold is given up, and who lives somewhere counts on, until that is ended."""
    no, yes = cli(*CLOSE, stdin="n\n"), cli(*CLOSE, stdin="y\n")
    end = f"placement placement end {'01' * 16} --on DATE"

    assert (no.exit_code, yes.exit_code) == (1, 0)
    assert len(wire.requests("CloseCase")) == 1
    assert "Case SN 1 takes no further questions then" in no.stderr
    assert "The place held in 1480 Göteborg is given up." in no.stderr
    assert end in no.stderr
    assert yes.stdout.splitlines()[1:] == [
        "Closed. The case takes no further questions.",
        (
            "The household still counts as placed in 1280 Malmö. When it moves out: "
            f"{end}"
        ),
    ]


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("NOT_FOUND", "No case of your municipality has this handle"),
        ("CASE_CLOSED", "It is closed already."),
        ("ACCESS_DENIED", "Caseworkers of the municipality do this."),
    ],
)
@pytest.mark.usefixtures("closable")
def test_a_case_that_cannot_be_closed_says_what_to_do(cli, wire, reason, said):
    """One sentence for each class that can come."""
    wire.answers["CloseCase"] = refusal(CODE.FAILED_PRECONDITION, reason)

    assert said in cli(*CLOSE, "--yes").stderr


def test_a_number_that_is_in_use_is_said(cli, wire):
    """One matter shall not have two cases by mistake."""
    wire.answers["OpenCase"] = check.OpenCaseResponse(
        case_handle=CASE, revision=4, same_reference=True
    )
    result = cli(*OPEN, "--identifier-stdin", stdin=number(serial=1))

    assert "another case under this reference that is not closed" in result.stdout
