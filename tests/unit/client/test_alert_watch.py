"""``alert watch``: every alert is a line, and the next run goes on where this stopped."""

import json
import os
import signal
import threading
import time
from dataclasses import replace
from datetime import timedelta

import grpc
import pytest
from kit.alarmed import brought, case_alert, police_alert
from kit.asked import CASE
from kit.signed_log import SignedLog
from kit.wire import RefusalError, Wire, in_turn, invalid, refusal
from placement_client.commands import alert_watch
from placement_client.commands.audit_printing import print_line
from placement_client.credentials import Holder
from placement_client.profile import Contexts, save
from placement_client.watching import Place

from placement.access import Role
from placement.api.v1 import alert_service_pb2 as wire_pb
from placement.api.v1.check_service_pb2 import ShowCaseResponse

GONE = RefusalError(grpc.StatusCode.UNAVAILABLE)
ONCE = ("alert", "watch", "--once")
QUIET = brought(token=b"t9")


def places(cli):
    return sorted((cli.path.parent / "alerts").glob("*.json"))


def kept(cli):
    (path,) = places(cli)
    return bytes.fromhex(json.loads(path.read_text())["resume_token"])


def tokens(wire):
    return [each.resume_token for each in wire.requests("WatchAlerts")]


def revisions(result):
    return [json.loads(line)["revision"] for line in result.stdout.splitlines()]


def test_a_caseworkers_alert_says_whom_to_phone(cli, wire):
    """And nothing about why; a closed one says that it is."""
    closed = case_alert(2, wire_pb.ALERT_STATE_CLOSED)
    wire.answers["WatchAlerts"] = [brought(case_alert(1), closed), QUIET]
    result = cli(*ONCE)

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        (
            f"2026-06-15 12:00:00  {1:032x}  RAISED  Phone the police about case "
            f"{CASE.hex()} before you do anything else: your police coordinator. The number "
            "stands in the answer to every check. When you have: placement alert ack "
            f"{1:032x}"
        ),
        (
            f"2026-06-15 12:00:00  {2:032x}  CLOSED  The alert about case {CASE.hex()} is "
            "closed. Ask again before you go on."
        ),
    ]


def test_a_caseworkers_alert_names_the_own_case(cli, wire):
    """Looked at once for each case, whatever the alert is."""
    closed = case_alert(2, wire_pb.ALERT_STATE_CLOSED)
    wire.answers["ShowCase"] = ShowCaseResponse(reference="SN 7", contact="031-7")
    wire.answers["WatchAlerts"] = [brought(case_alert(1), closed), QUIET]
    first, second = cli(*ONCE).stdout.splitlines()

    assert (
        f"about case SN 7 ({CASE.hex()}) before you do anything else: 031-7." in first
    )
    assert f"about case SN 7 ({CASE.hex()}) is closed" in second
    assert [each.case_handle for each in wire.requests("ShowCase")] == [CASE]


def test_a_coordinators_alert_says_what_it_is_worth(cli, wire):
    """Now and before, who has it, until when; not where."""
    wire.answers["WatchAlerts"] = [brought(police_alert(1)), QUIET]
    result = cli(*ONCE)

    assert result.stdout == (
        f"2026-06-15 12:00:00  {1:032x}  CONFLICT, was CLEAR  the picture got worse  "
        f"case {CASE.hex()}  RAISED  regions syd, vast  acknowledge by 2026-06-15 13:00 "
        "Stockholm time  owner -\n"
    )


def test_each_alert_is_an_object(cli, wire):
    """One a line; signs of life are none."""
    wire.answers["WatchAlerts"] = in_turn(
        [brought(case_alert(1)), brought(police_alert(2)), QUIET]
    )
    result = cli(*ONCE, "--json")

    assert revisions(result) == [1, 2]


def test_the_next_run_goes_on_where_this_one_stopped(cli, wire):
    """Unless it shall begin anew."""
    wire.answers["WatchAlerts"] = in_turn(
        [brought(case_alert(1)), QUIET],
        [brought(case_alert(2)), QUIET],
        [brought(case_alert(1), case_alert(2)), QUIET],
    )
    runs = [cli(*ONCE, "--json", *more) for more in ((), (), ("--anew",))]

    assert [revisions(each) for each in runs] == [[1], [2], [1, 2]]
    assert tokens(wire) == [b"", b"t1", b""]
    assert kept(cli) == b"t2"


def test_a_renewed_certificate_goes_on_and_another_person_begins(cli, wire, pki):
    """A place is a person's."""
    wire.answers["WatchAlerts"] = lambda _request: [brought(case_alert(1)), QUIET]
    cli(*ONCE)
    cli.become(pki.client(Role.CASEWORKER, "1480", "cw-01"))
    cli(*ONCE)
    cli.become(pki.client(Role.CASEWORKER, "1480", "cw-02"))
    cli(*ONCE)

    assert tokens(wire) == [b"", b"t1", b""]
    assert len(places(cli)) == 2


def test_an_alert_is_shown_before_its_token_is_kept(cli, wire, monkeypatch):
    """Whoever dies while it is printed is shown it again."""

    def dies(*_given, **_more):
        raise BrokenPipeError

    wire.answers["WatchAlerts"] = lambda request: [
        brought(case_alert(2 if request.resume_token else 1)),
        QUIET,
    ]
    cli(*ONCE)
    with monkeypatch.context() as patched:
        patched.setattr(alert_watch, "print_line", dies)
        dead = cli(*ONCE)
    after = kept(cli)
    again = cli(*ONCE, "--json")

    assert (dead.exit_code, after) == (1, b"t1")
    assert revisions(again) == [2]
    assert kept(cli) == b"t2"


def test_an_answer_is_printed_whole_or_not_at_all(cli, wire):
    """One alert that is none condemns those beside it; their token is not kept."""
    wire.answers["WatchAlerts"] = [
        brought(case_alert(1)),
        brought(case_alert(2), wire_pb.Alert(), token=b"t2"),
    ]
    result = cli(*ONCE, "--json")
    first, last = map(json.loads, result.stdout.splitlines())

    assert result.exit_code == 5
    assert (first["revision"], last["error"]["reason"]) == (1, "TAMPERED")
    assert kept(cli) == b"t1"


def test_a_stream_that_breaks_goes_on(cli, wire):
    """One line when it is lost, one when it is back; nothing is left out."""
    wire.answers["WatchAlerts"] = in_turn(
        [brought(case_alert(1)), GONE], GONE, [brought(case_alert(2)), QUIET]
    )
    result = cli(*ONCE, "--json")

    assert (result.exit_code, revisions(result)) == (0, [1, 2])
    assert tokens(wire) == [b"", b"t1", b"t1"]
    assert [line.split(".")[0] for line in result.stderr.splitlines()] == [
        "The connection to the service is lost",
        "The connection is back",
    ]


def test_a_database_that_was_put_back_ends_a_coordinators_watch(cli, pki, wire):
    """It is looked at with each connection; what comes then is not shown."""
    cli.become(pki.client(Role.COORDINATOR, "syd", "co-01"))
    wire.answers.update(SignedLog(7).answers())

    def first():
        yield brought(police_alert(1))
        wire.answers.update(SignedLog(5).answers())
        wire.answers["ProveConsistency"] = refusal(
            grpc.StatusCode.NOT_FOUND, "NOT_FOUND"
        )
        raise GONE

    wire.answers["WatchAlerts"] = in_turn(first(), [brought(police_alert(2)), QUIET])
    result = cli("alert", "watch", "--json")
    lines = [json.loads(line) for line in result.stdout.splitlines()]

    assert result.exit_code == 5
    assert [each.get("revision") for each in lines] == [1, None]
    assert lines[-1]["error"]["reason"] == "TAMPERED"
    assert len(tokens(wire)) == 1


def test_it_goes_on_at_another_server(cli, pki, wire):
    """Once the context names it; the token is good there too."""
    second = Wire(pki)
    second.answers["WatchAlerts"] = [brought(case_alert(2)), QUIET]

    def first():
        yield brought(case_alert(1))
        moved = replace(cli.profile, server=second.address)
        save(Contexts().add("here", moved), cli.path)
        raise GONE

    wire.answers["WatchAlerts"] = lambda _request: first()
    result = cli(*ONCE, "--json")
    second.stop()

    assert (result.exit_code, revisions(result)) == (0, [1, 2])
    assert tokens(second) == [b"t1"]


@pytest.mark.slow
def test_a_certificate_that_expired_meanwhile_ends_it(cli, pki, wire):
    """Without it there is nothing that a server could answer; the exit says so."""
    short = pki.client(Role.CASEWORKER, "1480", "cw-01", lifetime=timedelta(seconds=2))
    cli.become(short)

    def answers():
        yield brought(case_alert(1))
        time.sleep(2.1)
        raise GONE

    wire.answers["WatchAlerts"] = lambda _request: answers()
    result = cli("alert", "watch")

    assert result.exit_code == 1
    assert "Your certificate expired on" in result.stderr
    assert "Then watch again: it goes on where it was." in result.stderr


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (grpc.StatusCode.PERMISSION_DENIED, "ACCESS_DENIED"),
        (grpc.StatusCode.UNAUTHENTICATED, "CERTIFICATE_REFUSED"),
    ],
)
def test_a_refusal_ends_it(cli, wire, code, reason):
    """Whoever may not watch is not asked to wait."""
    wire.answers["WatchAlerts"] = [brought(case_alert(1)), refusal(code, reason)]
    result = cli("alert", "watch", "--json")
    last = json.loads(result.stdout.splitlines()[-1])

    refused = "The server refuses your certificate: ask for a new one."

    assert (result.exit_code, last["error"]["reason"]) == (1, reason)
    assert (refused in last["error"]["notes"]) == (reason == "CERTIFICATE_REFUSED")
    assert len(tokens(wire)) == 1


def test_a_server_that_never_answers_is_given_up(cli, wire):
    """With what a person can do about it."""
    wire.answers["WatchAlerts"] = lambda _request: GONE
    result = cli("alert", "watch")

    assert result.exit_code == 1
    assert "placement doctor" in result.stderr
    assert places(cli) == []


def test_a_token_that_is_refused_leads_to_a_new_beginning(cli, wire):
    """But by hand: what was closed meanwhile would be shown to nobody."""
    wire.answers["WatchAlerts"] = invalid(("resume_token", "is not of this caller"))
    result = cli("alert", "watch")

    assert result.exit_code == 2
    assert "resume_token is not of this caller." in result.stderr
    assert "placement alert watch --anew" in result.stderr


def test_a_field_of_something_else_gets_no_such_advice(cli, wire):
    """Nobody begins anew for nothing."""
    wire.answers["WatchAlerts"] = invalid(("grpc_timeout", "is too long"))

    assert "--anew" not in cli("alert", "watch").stderr


def test_two_runs_at_once_are_one_too_many(cli, wire):
    """Each would miss what the other shows."""
    wire.answers["WatchAlerts"] = [brought(case_alert(1)), QUIET]
    with Place.of(cli.path, "here", Holder("caseworker", "1480", "cw-01")).held():
        refused = cli(*ONCE)
    again = cli(*ONCE)

    assert (refused.exit_code, again.exit_code) == (2, 0)
    assert "alerts are watched already by another run" in refused.stderr
    assert len(tokens(wire)) == 1


def test_a_stream_that_ends_goes_on_over_a_new_connection(cli, pki, wire):
    """With the certificate that lies there then; nobody is told of a loss."""
    renewed = pki.client(Role.CASEWORKER, "1480", "cw-01")

    def first():
        yield brought(case_alert(1))
        cli.become(renewed)

    wire.answers["WatchAlerts"] = in_turn(first(), [brought(case_alert(2)), QUIET])
    result = cli(*ONCE, "--json")

    assert (revisions(result), result.stderr) == ([1, 2], "")
    assert tokens(wire) == [b"", b"t1"]


def test_what_is_being_printed_is_kept_before_it_ends(cli, wire, monkeypatch):
    """A signal meanwhile waits until the token is on the disk."""

    def print_and_stop(data, _cells, *, as_json):
        print_line(data, (), as_json=as_json)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(alert_watch, "print_line", print_and_stop)
    wire.answers["WatchAlerts"] = lambda _request: [
        brought(case_alert(1)),
        brought(case_alert(2)),
    ]
    result = cli("alert", "watch", "--json")

    assert (result.exit_code, revisions(result)) == (0, [1])
    assert kept(cli) == b"t1"


def test_signs_of_life_are_kept_now_and_then(cli, wire, at_noon, clock, monkeypatch):
    """So that a token never grows too old, and no disk is worn out."""
    shown, show = {}, alert_watch._Reader.show

    def show_and_note(reader, answer):
        show(reader, answer)
        shown[answer.resume_token] = kept(cli)

    monkeypatch.setattr(alert_watch._Reader, "show", show_and_note)

    def answers():
        yield brought(token=b"a")
        while kept_soon(cli) != b"a":
            time.sleep(0.01)
        looks = clock.looks
        yield brought(token=b"b")
        while clock.looks == looks:
            time.sleep(0.01)
        clock.micros += 61_000_000
        yield brought(token=b"c")
        while b"c" not in shown:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1)

    wire.answers["WatchAlerts"] = lambda _request: answers()
    result = cli("alert", "watch")

    assert (result.exit_code, kept(cli)) == (0, b"c")
    assert shown == {b"a": b"a", b"b": b"a", b"c": b"c"}


def kept_soon(cli):
    return kept(cli) if places(cli) else b""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_its_regular_end(cli, wire, number):
    """While it waits; what was printed is kept."""
    over = threading.Event()

    def answers():
        yield brought(case_alert(3))
        while kept_soon(cli) != b"t3":
            time.sleep(0.01)
        os.kill(os.getpid(), number)
        over.wait(5)

    wire.answers["WatchAlerts"] = lambda _request: answers()
    began = time.monotonic()
    result = cli("alert", "watch", "--json")
    over.set()

    assert (result.exit_code, revisions(result)) == (0, [3])
    assert time.monotonic() - began < 4
