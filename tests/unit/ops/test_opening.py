"""From sealed to serving, and what keeps a server sealed."""

import asyncio
import os
from contextlib import closing

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from kit.certs import TRUST_DOMAIN, Pki
from kit.guessing import make_cheap
from kit.sited import Site
from kit.town import TIMEOUT

from placement.config import Settings
from placement.crypto.passphrase import PassphraseCustody
from placement.errors import UnavailableError
from placement.ops import opening
from placement.ops.opening import sealed_host, serve_from_sealed, unlocked

WORDS = "åtta hästar står stilla"


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    made = Site(tmp_path)
    made.make()
    return made


def serve(settings, until=None):
    """Serve until told; return what was said."""
    said = []

    async def run():
        told = asyncio.Event()

        def say(sentence):
            said.append(sentence)
            if until is None or sentence.startswith(until):
                told.set()

        async with asyncio.timeout(60):
            await serve_from_sealed(settings, told, say)

    asyncio.run(run())
    return said


def test_it_opens_on_the_address_that_it_held(site):
    """Sealed and serving are on one port."""
    sealed, serving = serve(site.load(), until="Serving")

    assert sealed.removeprefix("Sealed") == serving.removeprefix("Serving")


def test_told_to_stop_while_it_is_sealed(site):
    """It waits for nobody who would type."""
    reading, writing = os.pipe()
    site.write(unlock=f'"fd:{reading}"')
    (sealed,) = serve(site.load())
    os.close(writing)

    assert sealed.startswith("Sealed on port ")


def test_a_wrong_pin_leaves_it_down(site):
    """Once, with a sentence: nobody locks the token by starting again and again."""
    (site.folder / "credentials" / "pin").write_bytes(b"000000")

    with pytest.raises(UnavailableError) as caught:
        serve(site.load(), until="Serving")
    assert caught.value.notes == [
        "The token refuses this PIN. Don't try on: after a few it locks itself."
    ]


def test_a_token_that_is_gone_leaves_it_down(site):
    """Nothing is taken for altered."""
    site.token.unplug()

    with pytest.raises(UnavailableError):
        serve(site.load(), until="Serving")


def typed(monkeypatch, *answers):
    """Let a person type; return the sentences of the prompts."""
    rest, asked = list(answers), []

    def prompt(sentence):
        asked.append(sentence)
        return rest.pop(0)

    monkeypatch.setattr("placement.ops.custodies.getpass", prompt)
    return asked


@pytest.fixture
def under_words(tmp_path, monkeypatch):
    make_cheap(monkeypatch)
    settings = Settings(custody="passphrase", store_key=tmp_path / "kek")
    PassphraseCustody.create(settings.store_key, WORDS.encode())
    return settings


def test_a_passphrase_may_be_mistyped_twice(under_words, monkeypatch):
    """Whoever errs three times starts anew."""
    said = []
    asked = typed(monkeypatch, "no", "nor this", WORDS)
    custody = unlocked(under_words, said.append)

    assert repr(custody) == "PassphraseCustody()"
    words = f"Passphrase of the store's key, {under_words.store_key}: "
    assert asked == [words] * 3
    assert [text.partition(" kek ")[2] or text for text in said] == [
        f"The key file {under_words.store_key} does not open with this passphrase."
    ] * 2
    typed(monkeypatch, "no", "nor this", "nor that", WORDS)
    with pytest.raises(UnavailableError):
        unlocked(under_words, said.append)


def test_a_defect_is_not_swallowed(site, monkeypatch):
    """Whatever goes wrong while it opens, it does not serve."""

    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(opening, "unlocked", broken)
    with pytest.raises(ZeroDivisionError):
        serve(site.load(), until="Serving")


def test_sealed_health_needs_a_certificate(tmp_path):
    """As when it is open; a stranger is told nothing."""
    pki = Pki(tmp_path)
    pki.server()
    stranger = pki.client_uri(f"spiffe://{TRUST_DOMAIN}/nobody/1/x")
    settings = Settings(
        address="127.0.0.1:0",
        certificate=pki.paths.certificate,
        key=pki.paths.key,
        authority=pki.paths.authority,
        revocations=pki.paths.revocations,
        trust_domain=TRUST_DOMAIN,
    )

    async def run():
        host = sealed_host(settings)
        await host.start()
        with pytest.raises(OSError, match="in use"):
            sealed_host_at(settings, host.port)
        outcome = await asyncio.to_thread(asked, host.port)
        await host.stop()
        return outcome

    def asked(port):
        credentials = grpc.ssl_channel_credentials(
            pki.ca, stranger.key, stranger.certificate
        )
        with closing(grpc.secure_channel(f"localhost:{port}", credentials)) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            with pytest.raises(grpc.RpcError) as refused:
                stub.Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT)
        return refused.value.code()

    assert asyncio.run(run()) is grpc.StatusCode.UNAUTHENTICATED


def sealed_host_at(settings, port):
    return sealed_host(Settings(**kept(settings) | {"address": f"127.0.0.1:{port}"}))


def kept(settings):
    return {name: getattr(settings, name) for name in settings.__dataclass_fields__}
