"""The composition root: what it refuses to build, and how it goes down."""

import asyncio
import shutil
import time
from dataclasses import replace
from hashlib import sha256

import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from kit.commands import open_case
from kit.town import TIMEOUT, Town

from placement import app as app_module
from placement.access import NATIONAL, POLICE_REGIONS
from placement.app import App, micros, read_ruleset, read_witnesses
from placement.audit.note import Signer, render_key
from placement.crypto.signing import SigningKey
from placement.domain.state import State
from placement.errors import UnavailableError
from placement.rpc.health import REEVALUATION

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    with Town(tmp_path_factory.mktemp("town")) as town:
        yield town


def build(town, **changed):
    """Build another server on the town's store; not started."""
    app = App(replace(town.served.settings, **changed))
    app._store.close()
    return app


def test_contacts_are_by_region(town):
    """A municipality phones its own region; one that is none, the national unit."""
    app = build(town, contacts={"syd": "010-1", "national": "010-2"})

    assert app.contact_of("1280") == "010-1"
    assert app.contact_of("0199") == "010-2"
    assert app.contact_of("2480") == "the police coordinator of region nord"
    assert app.contact_in("syd") == "010-1"
    assert app.contact_in("nord") == "the police coordinator of region nord"


def test_a_contact_of_no_region_is_refused(town):
    """A typing error would leave a default in force."""
    with pytest.raises(ValueError, match=r"^contacts: unknown region: oest, sud$"):
        build(town, contacts={"sud": "", "oest": "", "syd": ""})

    everybody = dict.fromkeys((*POLICE_REGIONS, NATIONAL), "010-1")
    assert build(town, contacts=everybody).contact_of("1480") == "010-1"


def test_the_ruleset_of_the_package():
    """It is there, and covers the country."""
    assert len(read_ruleset(None).areas) == 290


def test_a_ruleset_of_ones_own(tmp_path):
    """Another version; a file that is none is named."""
    file = tmp_path / "rules.toml"
    text = (app_module.files("placement.domain") / "data" / "ruleset.toml").read_text(
        "utf-8"
    )
    file.write_text(text.replace("2026-11-7", "2026-12-1"), "utf-8")

    assert read_ruleset(file).version == "2026-12-1"
    file.write_text("version = 1", "utf-8")
    with pytest.raises(ValueError, match=r"rules\.toml: line 1, column 1: anomaly"):
        read_ruleset(file)
    with pytest.raises(FileNotFoundError):
        read_ruleset(tmp_path / "none.toml")


PACKAGED = app_module.files("placement.domain") / "data" / "ruleset.toml"


def past(folder, *versions):
    """Write rulesets that were in force before, one a file."""
    folder.mkdir(exist_ok=True)
    current = read_ruleset(None).version
    text = PACKAGED.read_text("utf-8")
    for version in versions:
        content = text.replace(f'"{current}"', f'"{version}"')
        (folder / f"{version}.toml").write_text(content, "utf-8")


def then(app, version):
    """Return the ruleset that a decision of before any adoption rests on."""
    return app._rules.then(State(), version)


def test_a_past_ruleset_of_an_older_form_is_read(town, tmp_path):
    """Whatever keys it had: its own times, and the hash of the file as it was."""
    (tmp_path / "old").mkdir()
    text = 'version = "2025-9"\n[time]\ncool_down_days = 77\n[other]\nkey = 1\n'
    (tmp_path / "old" / "any.toml").write_text(text)
    got = then(build(town, past_rulesets=tmp_path / "old"), "2025-9")
    shipped = read_ruleset(None)

    assert (got.version, got.cool_down_days) == ("2025-9", 77)
    assert got.coverage_days == shipped.coverage_days
    assert got.digest == sha256(shipped.table.digest + text.encode()).digest()


def test_a_past_ruleset_is_found_by_its_version(town, tmp_path):
    """In any file of the folder; what is no TOML file is not looked at."""
    past(tmp_path / "old", "2025-01-1", "2025-01-2")
    (tmp_path / "old" / "README").write_text("which were in force when")
    app = build(town, past_rulesets=tmp_path / "old")

    assert then(app, "2025-01-2").version == "2025-01-2"
    assert then(app, "2025-01-1").version == "2025-01-1"
    assert then(app, "2025-01-3") is None


def test_the_ruleset_in_force_needs_no_folder(town):
    """It is the very one that questions are decided by."""
    app = build(town)

    assert then(app, read_ruleset(None).version) is app.engine.ruleset
    assert then(app, "2025-01-1") is None


def test_a_past_ruleset_that_is_none_is_named(town, tmp_path):
    """Not passed over: the version that is asked for might stand in it."""
    past(tmp_path / "old", "2025-01-1")
    (tmp_path / "old" / "0.toml").write_text("version = 1")

    with pytest.raises(ValueError, match=r"0\.toml: this is no ruleset"):
        build(town, past_rulesets=tmp_path / "old")


@pytest.mark.parametrize("there", [False, True])
def test_past_rulesets_that_are_no_folder_are_refused(town, tmp_path, there):
    """Else the next auditor would be the first to learn that there are none."""
    path = tmp_path / "nix"
    if there:
        path.write_bytes(b"")
    with pytest.raises((FileNotFoundError, NotADirectoryError)) as caught:
        build(town, past_rulesets=path)
    assert str(caught.value.filename) == str(path)


def test_two_past_rulesets_of_one_version_are_refused(town, tmp_path):
    """Nobody could tell which of them was in force."""
    past(tmp_path / "old", "2025-01-1")
    shutil.copy(tmp_path / "old" / "2025-01-1.toml", tmp_path / "old" / "again.toml")

    with pytest.raises(ValueError, match="two rulesets have one version"):
        build(town, past_rulesets=tmp_path / "old")


def key_of(name, seed, time=1):
    """Return the verifier key of a witness; of a log without a time."""
    return render_key(Signer(name, SigningKey(bytes([seed]) * 32), time).public)


def test_witnesses_are_read(town):
    """Each verifies cosignatures, in the order that was given."""
    keys = [key_of("w.test/a", 1), key_of("w.test/b", 2)]

    assert [each.public.name for each in read_witnesses(keys)] == [
        "w.test/a",
        "w.test/b",
    ]
    assert build(town, witnesses=tuple(keys))._witnesses
    assert read_witnesses([]) == ()


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["w.test/a"], "a text is no verifier key"),
        ([key_of("w.test/a", 1)[:-1]], "a text is no verifier key"),
        ([key_of("w.test/a", 1), ""], "a text is no verifier key"),
        ([key_of("w.test/a", 1, time=None)], "a key is not for cosignatures"),
        ([key_of("w.test/a", 1), key_of("w.test/a", 2)], "two have one name"),
        ([key_of("w.test/a", 1)] * 2, "two have one name"),
    ],
)
def test_witnesses_that_can_not_be(town, texts, expected):
    """Nobody would notice a witness that is counted twice, or never."""
    with pytest.raises(ValueError, match=f"^witnesses: {expected}$"):
        build(town, witnesses=tuple(texts))


def test_without_the_key_of_the_log_nothing_is_built(town, tmp_path):
    """The store is not even opened."""
    with pytest.raises(UnavailableError) as refused:
        build(town, log_key=tmp_path / "none.key", database="sqlite:///no/where")

    assert "none.key" in str(refused.value.notes)


def test_a_clock_in_microseconds():
    """Of this century."""
    assert 1_700_000_000_000_000 < micros() < 4_102_444_800_000_000


def test_an_address_that_is_taken(town):
    """Nothing is served, and the engine stops again."""
    port = town.served.port
    settings = replace(town.served.settings, address=f"127.0.0.1:{port}")
    ready = []

    async def serve():
        serve.app = App(settings)
        await serve.app.serve(asyncio.Event(), ready.append)

    with pytest.raises(OSError, match=r"(?i)address"):
        asyncio.run(serve())

    assert ready == []
    assert not serve.app.engine.serving


def test_health_says_when_the_engine_answers_no_more(tmp_path, monkeypatch):
    """A watcher learns it without asking again; calls are refused."""
    monkeypatch.setattr(app_module, "REPORT_EVERY", 0.01)
    with Town(tmp_path) as town:
        stub = health_pb2_grpc.HealthStub(town.channel("operator"))
        request = health_pb2.HealthCheckRequest()
        watched = stub.Watch(request, timeout=TIMEOUT)
        first = next(watched).status
        town.served.app.engine.stop()
        second = next(watched).status
        watched.cancel()
        got = town.call("worker", "OpenCase", town.open_case())
        with pytest.raises(UnavailableError):
            town.served.app.engine.submit(open_case("h"))

    assert (first, second) == (SERVING, NOT_SERVING)
    assert (got.code.name, got.reason) == ("UNAVAILABLE", "UNAVAILABLE")


def test_a_server_that_stops_has_answered(tmp_path):
    """What was acknowledged is there when another one starts."""
    town = Town(tmp_path)
    with town:
        before = town.settled()
    town._channels.clear()
    town.served.start()
    after = town.head()
    town.served.stop()

    assert after == before
    assert before.revision > 0


def test_health_says_when_something_could_not_be_weighed(tmp_path):
    """Callers are answered as before; whoever runs the server is told apart."""
    with Town(tmp_path) as town:
        stub = health_pb2_grpc.HealthStub(town.channel("operator"))
        before = {name: status(stub, name) for name in ("", REEVALUATION)}
        town.served.app._worker.rest(micros(), "test")
        deadline = time.monotonic() + TIMEOUT
        while status(stub, REEVALUATION) != NOT_SERVING:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        after = status(stub, "")

    assert before == {"": SERVING, REEVALUATION: SERVING}
    assert after == SERVING


@pytest.mark.slow
def test_health_says_when_nothing_can_be_remembered(tmp_path):
    """Callers get UNAVAILABLE, and whoever runs the server is told until it works."""
    with Town(tmp_path) as town:
        stub = health_pb2_grpc.HealthStub(town.channel("operator"))
        anchor = town.served.settings.anchor
        anchor.rename(anchor.with_name("gone"))
        got = town.call("worker", "OpenCase", town.open_case())
        become(stub, NOT_SERVING)
        anchor.with_name("gone").rename(anchor)
        become(stub, SERVING)

    assert got.code.name == "UNAVAILABLE"


def become(stub, wanted):
    deadline = time.monotonic() + TIMEOUT
    while status(stub, "") != wanted:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def status(stub, name):
    """Return what health says of a service."""
    request = health_pb2.HealthCheckRequest(service=name)
    return stub.Check(request, timeout=TIMEOUT).status
