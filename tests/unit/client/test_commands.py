"""The municipality's and the auditors' commands: what they ask, print and exit with."""

import json
import re

import grpc
import pytest
from kit.numbers import number
from kit.wire import RefusalError, invalid, refusal
from placement_client.commands.check import MUST

from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1.types_pb2 import Verdict
from placement.crypto import voprf

CASE = bytes(range(16))
FACILITY = bytes([7]) * 16
NOON = 1_781_517_600_000_000  # 2026-06-15T10:00Z
CODE = grpc.StatusCode


# context


def added(cli, name, *words, **env):
    return cli(
        "context",
        "add",
        name,
        *("--server", "b.test:1", "--certificate", "c", "--key", "k", "--ca", "a"),
        *words,
        **env,
    )


def test_contexts_are_added_used_and_listed(cli):
    """A star marks the one in use; paths become absolute."""
    key = voprf.generate_key().public.encode().hex()
    first = added(cli, "b", "--custodian-key", key.upper(), "--label-key", "~/l")
    listed = cli("context", "list")
    used = cli.json("context", "use", "b")
    _, contexts = cli.json("context", "list")

    assert first.stdout == "Added b; in use: here.\n"
    assert re.search(r"^\* +here ", listed.stdout, re.MULTILINE)
    assert used == (0, {"current": "b"})
    assert contexts == {
        "current": "b",
        "contexts": [
            {"name": "b", "server": "b.test:1"},
            {"name": "here", "server": cli.profile.server},
        ],
    }
    assert f'custodian_key = "{key}"' in cli.path.read_text()
    assert re.search('^label_key = "/.*/l"$', cli.path.read_text(), re.MULTILINE)


def test_another_context_is_used_when_asked_for(cli, wire):
    """By option or by variable, the option first."""
    wire.answers["ShowCase"] = check.ShowCaseResponse()
    added(cli, "b")
    got = [
        cli("case", "show", CASE.hex(), "--context", "here").exit_code,
        cli("case", "show", CASE.hex(), PLACEMENT_CONTEXT="b").exit_code,
        cli(
            *("case", "show", CASE.hex(), "--context", "here"), PLACEMENT_CONTEXT="b"
        ).exit_code,
        cli("case", "show", CASE.hex(), "--context", "c").exit_code,
    ]

    assert got == [0, 2, 0, 2]


def test_a_context_that_cannot_be_is_refused(cli):
    """The field is named, the file unchanged."""
    before = cli.path.read_text()
    result = added(cli, "b", "--custodian-key", "00")

    assert result.exit_code == 2
    assert "custodian_key must be" in result.stderr
    assert cli.path.read_text() == before


# case


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
    inputs = [f"placement-v1|se-pnr|{number(serial=n)}".encode() for n in (1, 2)]
    blindings = voprf.blind(inputs)
    evaluated = voprf.evaluate(wire.key, [each.element for each in blindings])

    assert (code, data) == (0, {"case_handle": CASE.hex(), "revision": 4})
    assert tuple(request().pseudonyms) == voprf.finalize(blindings, evaluated)
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


def test_a_case_is_shown(cli, wire):
    """People see Stockholm time; programs UTC."""
    wire.answers["ShowCase"] = check.ShowCaseResponse(
        reference="SN 1", assessed=True, areas_left=5, opened_at=NOON
    )
    shown = cli("case", "show", CASE.hex())
    code, data = cli.json("case", "show", CASE.hex())

    assert "2026-06-15 12:00" in shown.stdout
    assert (code, data) == (
        0,
        {
            "reference": "SN 1",
            "assessed": True,
            "closed": False,
            "areas_left": 5,
            "opened_at": "2026-06-15T10:00:00.000000Z",
        },
    )


def test_a_case_is_closed(cli, wire):
    """With the reason in words of the wire."""
    wire.answers["CloseCase"] = check.CloseCaseResponse(revision=5)
    got = cli.json("case", "close", CASE.hex(), "--reason", "consent-withdrawn")
    (request,) = wire.requests("CloseCase")

    assert got == (0, {"revision": 5})
    assert request.reason == check.CLOSE_REASON_CONSENT_WITHDRAWN


# check


def verdicts(*words):
    return check.CheckPlacementResponse(
        verdicts=[
            check.CandidateVerdict(
                verdict=Verdict.Value(f"VERDICT_{word}"),
                decision_id=bytes([n]) * 16,
                valid_until=NOON + 72 * 3_600_000_000,
            )
            for n, word in enumerate(words)
        ],
        revision=8,
        ruleset="2026-11-1",
        decided_at=NOON,
        contact="031-700 00 00",
        leaf_index=12,
    )


def asked(*areas):
    pairs = [word for area in areas for word in ("--area", area)]
    return (
        *("check", "--case", CASE.hex(), "--from", "2026-12-01"),
        *("--justification", "follow-up", *pairs),
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["CLEAR"], 0),
        (["CLEAR", "UNKNOWN"], 3),
        (["REVIEW", "CLEAR"], 3),
        (["UNKNOWN", "CONFLICT", "CLEAR"], 4),
    ],
)
def test_the_worst_verdict_is_the_exit_code(cli, wire, words, code):
    """A script needs no parsing to fail safe."""
    wire.answers["CheckPlacement"] = verdicts(*words)
    areas = ["1480", "0180", "1280"][: len(words)]

    assert cli(*asked(*areas)).exit_code == code


def test_a_check_says_what_to_do(cli, wire):
    """Place, verdict, act, validity and telephone; a reason never."""
    wire.answers["CheckPlacement"] = verdicts("CLEAR", "CONFLICT")
    result = cli(*asked("Göteborg", f"0180:{FACILITY.hex()}"))
    _, first, second, phone, *rest = result.stdout.splitlines()

    assert re.fullmatch(
        r"1480 +Göteborg +CLEAR +may place; ask again before moving in "
        r"+2026-06-18 12:00 *",
        first,
    )
    assert re.fullmatch(
        r"0180 +Stockholm +CONFLICT +choose another place; no reason is given +- *",
        second,
    )
    assert phone == "Phone: 031-700 00 00"
    assert any(f"0180: {'01' * 16}" in line for line in rest)


def test_a_check_asks_what_was_typed(cli, wire):
    """Codes, names, facilities, window and reason reach the wire."""
    wire.answers["CheckPlacement"] = verdicts("CLEAR", "CLEAR")
    options = ("--to", "2027-03-01", "--min-revision", "6")
    cli(*asked("malmö", f"0180:{FACILITY.hex()}"), *options)
    (got,) = wire.requests("CheckPlacement")

    assert [(each.area, each.facility) for each in got.candidates] == [
        ("1280", b""),
        ("0180", FACILITY),
    ]
    assert (got.window.start_day, got.window.end_day) == (20_788, 20_878)
    assert got.case_handle == CASE
    assert got.justification == check.JUSTIFICATION_FOLLOW_UP
    assert got.min_revision == 6


def test_a_check_is_one_object(cli, wire):
    """The documented form of ``--json``."""
    wire.answers["CheckPlacement"] = verdicts("REVIEW")
    code, data = cli.json(*asked("1480"))

    assert (code, data) == (
        3,
        {
            "verdicts": [
                {
                    "area": "1480",
                    "name": "Göteborg",
                    "facility": "",
                    "verdict": "REVIEW",
                    "decision_id": "00" * 16,
                    "valid_until": "2026-06-18T10:00:00.000000Z",
                    "must": "contact the coordinator before any decision",
                }
            ],
            "revision": 8,
            "ruleset": "2026-11-1",
            "decided_at": "2026-06-15T10:00:00.000000Z",
            "contact": "031-700 00 00",
            "leaf_index": 12,
            "from": "2026-12-01",
            "to": None,
        },
    )


def test_every_verdict_has_an_act():
    """Each of the four says what to do."""
    assert set(MUST) == set(Verdict.values()) - {0}


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("--area", "Gotebrg"), "candidates[1].area"),
        (("--area", "0180:00"), "candidates[1].facility"),
        (("--to", "soon"), "to"),
        (("--case", "00"), "case_handle"),
        (("--justification", "curious"), "justification"),
        (("--deadline", "11"), "deadline"),
        (("--request-id", "00"), "request_id"),
    ],
)
def test_a_question_that_cannot_be_is_not_asked(cli, wire, words, field):
    """Exit code 2, the field, and nothing on the wire."""
    code, data = cli.json(*asked("1480"), *words)

    assert (code, data["error"]["field"]) == (2, field)
    assert wire.seen == []


def test_a_near_name_is_suggested(cli):
    """On standard error, beside the refusal."""
    result = cli(*asked("Gotebrg"))

    assert "Did you mean: Göteborg" in result.stderr
    assert result.stdout == ""


def test_no_answer_is_no_verdict(cli, wire):
    """Exit code 1, in words that say what not to do, and how to repeat it."""
    wire.answers["CheckPlacement"] = RefusalError(CODE.UNAVAILABLE)
    result = cli(*asked("1480"))
    seed = re.search("--request-id ([0-9a-f]{32})", result.stderr)[1]
    wire.answers["CheckPlacement"] = verdicts("CLEAR")
    again = cli(*asked("1480"), "--request-id", seed)
    ids = {each.request_id for each in wire.requests("CheckPlacement")}

    assert result.exit_code == 1
    assert result.stdout == ""
    assert "Do not place on this" in result.stderr
    assert "placement doctor" in result.stderr
    assert again.exit_code == 0
    assert len(ids) == 1


def test_a_read_that_failed_needs_no_repeating(cli, wire):
    """There is no id to tell where none was used."""
    wire.answers["ShowCase"] = RefusalError(CODE.UNAVAILABLE)
    result = cli("case", "show", CASE.hex())

    assert result.exit_code == 1
    assert "--request-id" not in result.stderr


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (refusal(CODE.NOT_FOUND, "NOT_FOUND"), 1, "NOT_FOUND"),
        (refusal(CODE.DATA_LOSS, "TAMPERED"), 5, "TAMPERED"),
        (refusal(CODE.INTERNAL, "INTERNAL", incident="4f"), 1, "INTERNAL"),
        (invalid(("window", "is empty")), 2, "INVALID_INPUT"),
    ],
)
def test_a_refusal_is_one_object(cli, wire, error, code, reason):
    """Errors have the stable form too."""
    wire.answers["CheckPlacement"] = error
    got, data = cli.json(*asked("1480"))

    assert (got, data["error"]["reason"]) == (code, reason)
    assert set(data) == {"error"}
    assert set(data["error"]) >= {"reason", "text", "notes"}


def test_an_incident_is_told(cli, wire):
    """The id that the server's log has too."""
    wire.answers["CheckPlacement"] = refusal(CODE.INTERNAL, "INTERNAL", incident="4f")

    assert "incident 4f" in cli(*asked("1480")).stderr


def test_what_a_server_says_cannot_steer_the_terminal(cli, wire):
    """Control characters of an answer are not printed."""
    answer = verdicts("CLEAR")
    answer.contact = "\x1b[2J\x07[bold]031[/bold]"
    wire.answers["CheckPlacement"] = answer
    result = cli(*asked("1480"))

    assert "\x1b" not in result.stdout
    assert "Phone: ?[2J?[bold]031[/bold]" in result.stdout


# audit


def entry(index):
    return audit.LogEntry(
        index=index,
        at=NOON,
        kind="CONSULTATION",
        action="CHECK",
        person="cw-01",
        organisation="1480",
        role="caseworker",
        purpose="PLANNED",
        outcome="ANSWERED",
        verdicts=["CLEAR", "REVIEW"],
        decision_ids=[CASE],
        revision=3,
        ruleset="2026-11-1",
    )


def log(size):
    """Answer as a log of a size, which every reading makes longer."""
    sizes = iter(range(size, size + 100))

    def answer(request):
        now = next(sizes)
        stop = min(request.first_index + request.count, now)
        return audit.ListEntriesResponse(
            entries=[entry(n) for n in range(request.first_index, stop)], size=now
        )

    return answer


@pytest.mark.parametrize(
    ("words", "pages", "got"),
    [
        ((), [(0, 100)], 100),
        (("--count", "130"), [(0, 100), (100, 30)], 130),
        (("--count", "500"), [(0, 100), (100, 100), (200, 100)], 252),
        (("--first", "240"), [(240, 100)], 10),
        (("--first", "150", "--count", "100"), [(150, 100)], 100),
        (("--first", "900"), [(900, 100)], 0),
    ],
)
def test_entries_are_read_a_hundred_at_a_time(cli, wire, words, pages, got):
    """As many as asked for, to the end of the log as it was met."""
    wire.answers["ListEntries"] = log(250)
    code, data = cli.json("audit", "list", "--purpose", "incident", *words)
    requests = wire.requests("ListEntries")

    assert code == 0
    assert [(each.first_index, each.count) for each in requests] == pages
    assert len(data["entries"]) == got
    assert data["size"] == 250
    assert {each.purpose for each in requests} == {audit.AUDIT_PURPOSE_INCIDENT}


def test_entries_are_shown(cli, wire):
    """Who did what, and how it ended."""
    wire.answers["ListEntries"] = log(1)
    result = cli("audit", "list", "--purpose", "supervision")

    assert "caseworker 1480/cw-01" in result.stdout
    assert "CLEAR REVIEW" in result.stdout
    assert result.stderr == "1 of 1 entries.\n"


def test_an_entry_is_an_object(cli, wire):
    """Fields as the wire names them."""
    wire.answers["ListEntries"] = log(1)
    _, data = cli.json("audit", "list", "--purpose", "extract")

    assert data["entries"][0] == {
        "index": 0,
        "at": "2026-06-15T10:00:00.000000Z",
        "kind": "CONSULTATION",
        "action": "CHECK",
        "person": "cw-01",
        "organisation": "1480",
        "role": "caseworker",
        "purpose": "PLANNED",
        "outcome": "ANSWERED",
        "verdicts": ["CLEAR", "REVIEW"],
        "decision_ids": [CASE.hex()],
        "revision": 3,
        "ruleset": "2026-11-1",
        "recipient": "",
    }


# doctor


def test_doctor_says_what_it_finds(cli):
    """Green is 0."""
    result = cli("doctor")
    code, data = cli.json("doctor")

    assert result.exit_code == 0
    assert "You are caseworker cw-01 of Göteborg." in result.stdout
    assert (code, data["ok"]) == (0, True)
    assert data["findings"][0] == {
        "step": "context",
        "level": "ok",
        "text": f"The context asks {cli.profile.server}.",
    }


def test_doctor_fails_with_three(cli):
    """Something that keeps calls from succeeding."""
    added(cli, "b")
    code, data = cli.json("doctor", "--context", "b")

    assert (code, data["ok"]) == (3, False)


def test_doctor_starts_from_nothing(cli, tmp_path):
    """Without a context the first step says how to add one."""
    result = cli("doctor", PLACEMENT_CONFIG=str(tmp_path / "none.toml"))

    assert result.exit_code == 3
    assert "placement context add" in result.stdout


def test_json_stays_on_one_line(cli):
    """One object, one line, ASCII."""
    result = cli("context", "list", "--json")

    assert result.stdout.count("\n") == 1
    assert json.loads(result.stdout.encode("ascii"))
