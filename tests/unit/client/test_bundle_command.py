"""``audit export`` and ``audit verify``: a part is taken along and proves itself."""

import socket
import zipfile
from dataclasses import replace

import pytest
from kit.access_log import AccessLog
from kit.certs import Pki
from kit.exported import END, FIRST, SIZE, pieces
from placement_client.bundle import Bundle
from placement_client.commands import bundle as command
from placement_client.profile import Contexts, save
from rich.progress import Progress

from placement.access import Role
from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import log_service_pb2 as wire_log

WHY = ("--purpose", "incident", "--matter", "TSN 7")
RANGE = ("--first", str(FIRST), "--end", str(END), "--organisation", "1480")


@pytest.fixture(scope="session")
def auditor(pki):
    return pki.client(Role.AUDITOR, "imy", "au-01")


@pytest.fixture
def log():
    return AccessLog(SIZE)


@pytest.fixture
def served(cli, wire, log, auditor):
    """Pin the log and its witness; serve its exports, checkpoints and proofs."""
    cli.become(auditor, log_key=log.log_key, witnesses=log.witness_key, quorum="1")
    wire.answers |= {
        "ExportEntries": pieces(log),
        "ProveConsistency": log.prove_consistency,
        "ProveInclusion": log.prove_inclusion,
        "GetCheckpoint": wire_log.GetCheckpointResponse(
            note=log.note(SIZE, cosigned=True)
        ),
        "ListCheckpoints": lambda asked: wire_log.ListCheckpointsResponse(
            notes=[log.note(size) for size in range(max(1, asked.least_size), SIZE + 1)]
        ),
    }
    return wire


@pytest.fixture
def path(tmp_path):
    return tmp_path / "taken.placement-audit.zip"


def test_a_part_is_taken_along(cli, served, path):
    """The file is there, and says how to verify it."""
    result = cli("audit", "export", "--out", path, *WHY, *RANGE)
    (request,) = served.requests("ExportEntries")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "Exported 7 entries from index 3 on: 5 shown, 0 of them without details, and 2 "
        f"as hashes.\nAnybody can verify it: placement audit verify {path}\n"
    )
    assert path.exists()
    assert (request.filter.first_index, request.filter.end_index) == (FIRST, END)
    assert request.ground == audit.Ground(
        purpose=audit.AUDIT_PURPOSE_INCIDENT, matter="TSN 7"
    )


def test_an_export_is_an_object(cli, served, path):
    """What was taken, in numbers."""
    code, data = cli.json("audit", "export", "--out", path, *WHY, *RANGE)

    assert code == 0
    assert data == {
        "file": str(path),
        "origin": "placement.test/log",
        "size": SIZE,
        "first": FIRST,
        "count": END - FIRST,
        "shown": 5,
        "erased": 0,
    }


def test_a_bundle_verifies_without_a_network(cli, served, path, monkeypatch):
    """Each step on its own line, numbered; the context's keys are used."""
    cli("audit", "export", "--out", path, *WHY, *RANGE)

    def refuse(*_, **__):
        raise AssertionError

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(command.Run, "session", refuse)
    result = cli("audit", "verify", path)
    lines = result.stdout.splitlines()

    assert (result.exit_code, result.stderr) == (0, "")
    assert [line.split()[:2] for line in lines[1:-1]] == [
        [str(number), "OK"] for number in range(1, 13)
    ]
    assert lines[-1] == "It verifies."


def test_the_steps_are_objects(cli, served, path):
    """Number, level, step, text."""
    cli("audit", "export", "--out", path, *WHY, *RANGE)
    code, data = cli.json("audit", "verify", path)

    assert (code, data["ok"]) == (0, True)
    assert data["steps"][0] == {
        "number": 1,
        "level": "ok",
        "step": "form",
        "text": "The file has the one form of a bundle.",
    }


def test_what_was_given_stands_in_the_bundle(cli, served, path):
    """The filter in words, the purpose, the matter."""
    words = ("--organisation", "1480", "--from", "2026-06-01", "--end", str(END))
    cli("audit", "export", "--out", path, *WHY, *words)
    with path.open("rb") as file:
        manifest = Bundle.open(file).manifest

    assert manifest.filter == {
        "organisation": "1480",
        "since": "2026-05-31T22:00:00.000000Z",
        "end_index": "10",
    }
    assert (manifest.purpose, manifest.matter) == ("incident", "TSN 7")


def test_a_bundle_names_no_case(cli, served, path):
    """Neither handle nor number; that they were given is said."""
    handle, number = "77" * 16, "SN 2026/17"
    words = ("--case", handle, "--reference", number)
    result = cli("audit", "export", "--out", path, *WHY, *RANGE, *words)
    with zipfile.ZipFile(path) as file:
        contents = b"".join(map(file.read, file.namelist()))
    (request,) = served.requests("ExportEntries")

    assert result.exit_code == 0
    assert request.filter.reference == number
    assert contents.count(b': "given"') == 2
    assert handle.encode() not in contents
    assert bytes.fromhex(handle) not in contents
    assert number.encode() not in contents


def test_details_that_are_gone_must_be_looked_at(cli, served, log, path):
    """Exit code 3, with how many, and what to do."""
    served.answers["ExportEntries"] = pieces(log, erased={5, 6})
    cli("audit", "export", "--out", path, *WHY, *RANGE)
    code, data = cli.json("audit", "verify", path)
    (step,) = (each for each in data["steps"] if each["level"] == "warning")

    assert (code, data["ok"]) == (3, False)
    assert step["step"] == "entries"
    assert "2 of the shown have no details" in step["text"]
    assert "an ERASURE entry says who approved that" in step["text"]


def test_an_export_of_something_else_leaves_no_file(cli, served, path):
    """Exit code 5: of a whole range nothing is hidden."""
    words = ("--first", str(FIRST), "--end", str(END))
    result = cli("audit", "export", "--out", path, *WHY, *words)

    assert result.exit_code == 5
    assert not path.exists()


def test_a_changed_bundle_is_refused(cli, served, path):
    """Exit code 5, and what failed."""
    cli("audit", "export", "--out", path, *WHY, *RANGE)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    result = cli("audit", "verify", path)

    assert result.exit_code == 5
    assert "FAILED" in result.stdout
    assert result.stdout.endswith("It does not verify.\n")


def test_without_a_context_a_person_must_compare_the_key(cli, served, path):
    """Exit code 3, unless the key is given."""
    cli("audit", "export", "--out", path, *WHY, *RANGE)
    profile = cli.profile
    cli.path.unlink()
    alone = cli("audit", "verify", path)
    keys = ("--log-key", profile.log_key, "--witness", profile.witnesses)
    given = cli("audit", "verify", path, *keys, "--quorum", "1", "--ca", profile.ca)
    code, data = cli.json("audit", "verify", path)

    assert alone.exit_code == 3
    assert "WARNING" in alone.stdout
    assert alone.stdout.endswith("what is marked.\n")
    assert (given.exit_code, given.stdout.count(" OK ")) == (0, 12)
    assert (code, data["ok"]) == (3, False)


def test_an_authority_that_is_asked_for_must_have_issued(cli, served, path, tmp_path):
    """One that the context knows need not have; one that is gone is no reason."""
    cli("audit", "export", "--out", path, *WHY, *RANGE)
    stranger = Pki(tmp_path / "others").paths.authority
    demanded = cli("audit", "verify", path, "--ca", stranger)
    cli.profile = replace(cli.profile, ca=str(stranger))
    save(Contexts().add("here", cli.profile), cli.path)
    known = cli("audit", "verify", path)
    stranger.unlink()
    gone = cli("audit", "verify", path)

    assert [each.exit_code for each in (demanded, known, gone)] == [5, 0, 0]
    assert known.stdout.count("SKIPPED") == gone.stdout.count("SKIPPED") == 1


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("export", "--out", "taken.zip", *WHY), "--out"),
        (("export", "--out", "none/a.placement-audit.zip", *WHY), "--out"),
        (("export", "--out", "a.placement-audit.zip", *WHY, "--case", "x"), "--case"),
        (("verify", "none.placement-audit.zip"), "BUNDLE"),
        (("verify", "--log-key", "k"), "--log-key"),
        (("verify", "none", "--log-key", "k"), "--log-key"),
        (("verify", "none", "--quorum", "1"), "--log-key"),
        (("verify", "none", "--ca", "none"), "--ca"),
    ],
    ids=range(8),
)
def test_what_cant_be_right_is_named(cli, served, words, option):
    """Before anybody is asked."""
    result = cli("audit", *words)

    assert result.exit_code == 2
    assert f"({option})" in result.stderr
    assert served.seen == []


def test_without_a_pinned_key_nothing_is_taken(cli, wire, auditor, path):
    """Nobody could say whose log it is."""
    cli.become(auditor)
    result = cli("audit", "export", "--out", path, *WHY, *RANGE)

    assert result.exit_code == 2
    assert "--log-key" in result.stderr
    assert wire.seen == []


def test_who_is_nobody_takes_nothing(cli, served, path, monkeypatch):
    """The certificate must name the person who signs."""
    monkeypatch.setattr(command, "user", lambda _: None)
    result = cli("audit", "export", "--out", path, *WHY, *RANGE)

    assert result.exit_code == 2
    assert "certificate names no person" in result.stderr


def test_an_export_that_does_not_verify_leaves_no_file(cli, served, log, path):
    """Exit code 5."""
    head, _, *others = pieces(log)
    served.answers["ExportEntries"] = [head, *others]
    result = cli("audit", "export", "--out", path, *WHY, *RANGE)

    assert result.exit_code == 5
    assert not path.exists()


def test_too_few_witnesses_are_no_forgery(cli, served, log, path):
    """They may come yet."""
    head, *others = pieces(log)
    head.head.note = log.note(SIZE)
    served.answers["ExportEntries"] = [head, *others]
    result = cli("audit", "export", "--out", path, *WHY, *RANGE)

    assert result.exit_code == 1
    assert "Too few witnesses" in result.stderr


def test_an_export_of_another_history_is_refused(cli, served, log, path):
    """What was seen before is what counts."""
    assert cli("audit", "verify").exit_code == 0
    other = AccessLog(SIZE)
    served.answers["ExportEntries"] = pieces(other)
    result = cli("audit", "export", "--out", path, *WHY, *RANGE)

    assert result.exit_code == 5
    assert "another history" in result.stderr
    assert not path.exists()


def test_the_service_verifies(cli, served):
    """Pinned keys, witnesses, history, earlier checkpoints, leaves."""
    result = cli("audit", "verify", "--earlier", "5", "--sample", "7")
    lines = result.stdout.splitlines()

    assert result.exit_code == 0
    assert [line.split()[:2] for line in lines[1:-1]] == [
        [str(number), "OK"] for number in range(1, 7)
    ]
    assert len(served.requests("ProveInclusion")) == 7


def test_a_service_with_another_history_is_refused(cli, served):
    """Exit code 5, in words that tell what to do."""
    assert cli("audit", "verify").exit_code == 0
    other = AccessLog(SIZE)
    served.answers["GetCheckpoint"] = wire_log.GetCheckpointResponse(
        note=other.note(SIZE, cosigned=True)
    )
    result = cli("audit", "verify")

    assert result.exit_code == 5
    assert "another history" in result.stdout


def test_a_service_without_a_pinned_key_is_not_verified(cli, wire, auditor):
    """Nor asked."""
    cli.become(auditor)
    result = cli("audit", "verify")

    assert result.exit_code == 5
    assert "No log key is pinned" in result.stdout
    assert wire.seen == []


def test_a_terminal_shows_how_far_it_has_come(cli, served, path, monkeypatch):
    """A bar on standard error, and nothing of it elsewhere."""
    shown = []
    monkeypatch.setattr(
        Progress, "update", lambda _self, _task, **given: shown.append(given)
    )
    cli("audit", "export", "--out", path, *WHY, *RANGE)

    assert shown == [{"completed": 7, "total": 7}]
