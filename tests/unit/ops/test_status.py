"""What an operator reads of a server, and the exit code that says whether to look."""

import http.client
import json
import socket
import threading
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest
from kit.looked import FIGURES, VIEW, Looked, seen, until

from placement.config import Listener, Settings
from placement.domain.terms import stockholm_day
from placement.ops import status
from placement.ops.backed import KINDS, note
from placement.ops.main import main
from placement.ops.metrics import Page
from placement.ops.status import _TROUBLES, fetched, read
from placement.rpc.health import REASONS

MICROS = 1_000_000
NOW = 1_782_000_000
"""Seconds; some day in June 2026, past six in the morning."""
DAY = stockholm_day(NOW * MICROS)
SETTINGS = Settings()


POSTGRES = 'database = "postgresql:///p"\n'
RUNS_NOT = "No server is running: nothing answers at 127.0.0.1:1."


def ago(seconds):
    return (NOW - seconds) * MICROS


def well(**changed):
    """Return what there is to see of a server that is well."""
    figures = replace(
        FIGURES, at=ago(30), late=0, late_for=0, swept=DAY, anchored_at=ago(30)
    )
    view = replace(VIEW, at=ago(20), behind=0, signed_at=ago(80))
    view = replace(view, cosigned_at=(ago(90), ago(9000)), epoch_at=ago(90_000))
    outlook = SimpleNamespace(
        pulse=SimpleNamespace(figures=replace(figures, **changed.pop("figures", {}))),
        view=replace(view, **changed.pop("view", {})),
        incidents=changed.pop("incidents", {"sweep": 0, "weighing": 0}),
        owes=changed.pop("owes", False),
        proven=changed.pop("proven", True),
    )
    backups = {"database": ago(9), "keys": 9 * MICROS}
    values = {"started": ago(99_999), "reasons": {"": ""}, "outlook": outlook}
    values["backups"] = backups
    return Page(lambda: seen(**(values | changed))).render().decode()


def faults(settings=SETTINGS, **changed):
    return read(settings, well(**changed), NOW).faults


def test_all_is_well():
    """Said first, and then what there is."""
    status = read(SETTINGS, well(), NOW)
    text = status.text()

    assert text.startswith(
        "All is well.\nserver           open, callers are answered; "
    )
    assert [line[:17].strip() for line in text.splitlines()[1:]] == [
        *("server", "started", "proof", "incidents", "log", "figures", "late", "sweep"),
        *("anchor", "load", "lag", "checkpoint", "witnesses", "witnesses", "epoch"),
        *("backup, database", "backup, keys"),
    ]
    assert "log              revision 11, 12 entries\n" in text
    assert "backup, database 2026-06-20 23:59:51Z\n" in text


def test_the_same_as_an_object():
    """For programs."""
    said = read(SETTINGS, well(), NOW).said

    assert json.loads(json.dumps(said)) == said
    assert (said["well"], said["faults"], said["troubles"]) == (True, [], [])
    assert (said["serving"], said["sealed"], said["revision"]) == (True, False, 11)
    assert said["figures_at"] == "2026-06-20T23:59:30+00:00"
    assert said["cosigned"].keys() == {"1", "2"}
    assert said["backups"] == {
        "database": "2026-06-20T23:59:51+00:00",
        "keys": "1970-01-01T00:00:09+00:00",
    }


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"reasons": {"": "anchor"}}, _TROUBLES["anchor"]),
        ({"reasons": {"": "", "placement.Hardening": "memory"}}, _TROUBLES["memory"]),
        ({"owes": True}, _TROUBLES["erasure"]),
        ({"proven": False, "started": ago(90_000)}, "The log is not proven"),
        ({"figures": {"at": ago(200)}}, "Its figures are old"),
        ({"view": {"at": ago(200)}}, "It has not read the database"),
        ({"view": {"behind": 2}}, "It lacks what other servers wrote"),
        ({"figures": {"late": 1}}, "Changes wait to be weighed"),
        ({"figures": {"swept": DAY - 2}}, "No sweep is known"),
        ({"figures": {"swept": 0}}, "No sweep is known"),
        ({"view": {"signed_at": ago(400)}}, "No checkpoint was signed"),
        ({"view": {"cosigned_at": (ago(9000),)}}, "No witness has signed"),
        ({"view": {"cosigned_at": (0,)}}, "No witness has ever signed"),
        ({"view": {"cosigned_at": ()}}, "No witness has ever signed"),
        ({"backups": {"keys": MICROS}}, "No backup of the database is known"),
        ({"backups": {"database": MICROS}}, "No backup of the key store is known"),
        (
            {"started": ago(10), "backups": {"database": MICROS}},
            "No backup of the key store is known",
        ),
    ],
)
def test_what_somebody_has_to_look_after(changed, fault):
    """Each by itself, before everything else."""
    status = read(SETTINGS, well(**changed), NOW)

    assert [each[: len(fault)] for each in status.faults] == [fault]
    assert status.text().startswith(f"LOOK  {fault}")
    assert status.said["well"] is False


@pytest.mark.parametrize(
    "changed",
    [
        {"figures": {"swept": DAY - 1}},
        {"started": ago(3000), "view": {"cosigned_at": ()}},
        {"view": {"cosigned_at": (ago(3000), 0)}},
        {"started": ago(100), "figures": {"at": ago(200)}, "view": {"at": ago(200)}},
        {"started": ago(100), "view": {"signed_at": 0}},
        {"proven": False, "started": ago(80_000)},
        {"started": ago(100), "view": {"cosigned_at": (ago(9000),)}},
    ],
)
def test_what_nobody_has_to_look_after(changed):
    """Yesterday's sweep before six; no witnesses; a slow one; a server just started."""
    assert faults(**changed) == []


def test_without_ticks_a_log_at_rest_is_not_signed():
    """So an old checkpoint is nobody's fault."""
    assert faults(Settings(tick=0), view={"signed_at": ago(9000)}) == []


def test_longer_ticks_take_longer():
    """Figures come once in each."""
    settings = Settings(tick=600)
    given = {
        "figures": {"at": ago(1000)},
        "view": {"at": ago(1000), "signed_at": ago(1500)},
    }

    assert faults(settings, **given) == []
    assert len(faults(**given)) == 3


def test_every_reason_has_a_sentence():
    """None that health gives is left to be guessed."""
    assert {*REASONS, "erasure"} - {"stopping"} == _TROUBLES.keys()
    assert faults(reasons={"": "stopping"}) == ["It says stopping."]


def test_a_sealed_server():
    """Says so, and knows nothing else."""
    page = well(reasons={"": "sealed"}, outlook=None)
    status = read(SETTINGS, page, NOW)

    assert status.faults == [_TROUBLES["sealed"]]
    assert "server           sealed, nobody is answered" in status.text()
    assert "figures          none yet" in status.text()
    assert "epoch" not in status.text()
    assert status.said["revision"] is None


def test_what_is_no_page_of_ours():
    """Another program on that port is not taken for a server that is well."""
    with pytest.raises(ValueError, match="no server of ours"):
        read(SETTINGS, "# HELP x y\nx 1\n", NOW)


# The command


def written(folder, text):
    path = folder / "placement.toml"
    path.write_text(text, "utf-8")
    return ["status", "--settings", str(path)]


def test_a_server_is_asked(tmp_path, capsys):
    """Over its own listener; nothing is opened and nothing typed."""
    folder = tmp_path / "server"
    folder.mkdir()

    def act(town, outside):
        command = written(
            tmp_path,
            f'tick = 0\n[metrics]\non = true\naddress = "127.0.0.1:{outside.metrics_port}"\n',
        )
        note(town.served.settings, KINDS, MICROS)
        wanted = 0
        code = until(lambda: main(command), wanted)
        capsys.readouterr()
        codes = [code, main([*command, "--json"])]
        said = json.loads(capsys.readouterr().out)
        town.served.app.engine.condemn()
        codes.append(main(command))
        return codes, said, capsys.readouterr().out

    codes, said, ill = Looked(folder).run(act)

    assert codes == [0, 0, 1]
    assert said["serving"]
    assert ill.startswith("LOOK  Something stored does not verify")


def served(monkeypatch, pages):
    """Let each process answer with its page; ``None`` is not running."""

    def fetched(metrics):
        page = pages[metrics.address]
        if page is None:
            raise ConnectionRefusedError(111, "Connection refused")
        return page

    monkeypatch.setattr(status, "fetched", fetched)
    monkeypatch.setattr(status, "micros", lambda: NOW * MICROS)


@pytest.mark.parametrize("ill", ["none", "sealed", "gone"])
def test_each_of_several_processes_is_asked(tmp_path, capsys, monkeypatch, ill):
    """Trouble of one is trouble; all of them are shown, and whoever does not answer."""
    text = f"processes = 2\n{POSTGRES}[metrics]\non = true\n"
    page = {
        "none": well(),
        "sealed": well(reasons={"": "sealed"}, outlook=None),
        "gone": None,
    }[ill]
    fault = {
        "none": [],
        "sealed": [f"Process 2: {_TROUBLES['sealed']}"],
        "gone": ["Process 2: No server is running: nothing answers at 127.0.0.1:8455."],
    }[ill]
    served(monkeypatch, {"127.0.0.1:8445": well(), "127.0.0.1:8455": page})
    command = written(tmp_path, text)
    codes = [main(command), main([*command, "--json"])]
    *lines, last = capsys.readouterr().out.splitlines()
    said = json.loads(last)

    assert codes == [bool(fault)] * 2
    assert lines[0] == (f"LOOK  {fault[0]}" if fault else "All is well.")
    assert [line for line in lines if line.startswith("Process ")] == [
        "Process 1",
        "Process 2",
    ]
    assert said["faults"] == fault
    assert [each["well"] for each in said["processes"]] == [True, not fault]
    assert ("error" in said["processes"][1]) == (ill == "gone")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "there are no metrics to read: set metrics.on to true"),
        ('[metrics]\non = true\naddress = "127.0.0.1:1"\n', RUNS_NOT),
        (
            f'processes = 2\n{POSTGRES}[metrics]\non = true\naddress = "127.0.0.1:1"',
            RUNS_NOT,
        ),
        ("metrics = 1\n", "metrics must be a table of on and address"),
    ],
)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_when_nothing_answers_nothing_is_known(tmp_path, capsys, text, words, form):
    """It is not said to be well, and not to be ill."""
    code = main([*written(tmp_path, text), *form])
    out, err = capsys.readouterr()

    assert (code, out) == (1, "")
    assert words in err
    assert not form or words in json.loads(err)["error"]


@contextmanager
def answering(content):
    """Answer anybody with some bytes; yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(content)

        thread = threading.Thread(target=answer)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


@pytest.mark.parametrize(
    "content",
    [b"", b"SSH-2.0\r\n", b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"],
)
def test_what_answers_may_be_something_else(content):
    """Then nothing is known, either; who listens everywhere is asked on loopback."""
    with answering(content) as port:
        metrics = Listener(on=True, address=f"0.0.0.0:{port}")
        with pytest.raises((http.client.HTTPException, ValueError, OSError)):
            fetched(metrics)
