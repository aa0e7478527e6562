"""Which custody is opened, and where its passphrase or PIN may come from."""

import os
import sys

import pytest
from kit import tokens
from kit.guessing import make_cheap

from placement.config import Settings
from placement.crypto.custody import FileCustody
from placement.crypto.passphrase import PassphraseCustody
from placement.errors import UnavailableError
from placement.ops.custodies import MOST, make_custody, open_custody, read_unlock

WORDS = "åtta hästar står stilla"


def settings(unlock="prompt", custody="passphrase", **given):
    return Settings(custody=custody, unlock=unlock, **given)


def piped(content):
    reading, writing = os.pipe()
    os.write(writing, content)
    os.close(writing)
    return settings(f"fd:{reading}")


def note(caught):
    (found,) = caught.value.notes
    return found


def test_it_is_typed():
    """Each custody has its own question."""
    asked = []

    def prompt(sentence):
        asked.append(sentence)
        return WORDS

    assert read_unlock(settings(), prompt) == WORDS.encode()
    named = settings(custody="token", token="lab")
    assert read_unlock(named, prompt, "The old custody. ") == WORDS.encode()
    assert asked == [
        "Passphrase of the store's key, store.key: ",
        "The old custody. PIN of the token lab: ",
    ]


def test_it_comes_from_an_open_file():
    """Whoever starts the server passes it on; a last newline is not of it."""
    assert read_unlock(piped(b"words\n")) == b"words"
    assert read_unlock(piped(b"words\n\n")) == b"words\n"
    assert read_unlock(piped(b"x" * MOST)) == b"x" * MOST


def test_it_is_a_credential_of_systemd(tmp_path, monkeypatch):
    """In the folder that systemd names."""
    (tmp_path / "pin").write_bytes(b"482913\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))

    assert read_unlock(settings("credential:pin")) == b"482913"
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    with pytest.raises(UnavailableError) as caught:
        read_unlock(settings("credential:pin"))
    assert note(caught) == "systemd passed no credentials to this process."


@pytest.mark.parametrize("content", [b"", b"\n", b"x" * (MOST + 1)])
def test_nothing_or_too_much_is_refused(content):
    """Neither is a passphrase."""
    with pytest.raises(UnavailableError) as caught:
        read_unlock(piped(content))
    assert note(caught).endswith("is empty or too long.")


def test_what_is_not_there_is_told(tmp_path, monkeypatch):
    """A descriptor that is closed, a credential that is none, a terminal that ends."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))

    def ended(_):
        raise EOFError

    for given, prompt in (
        ("fd:999", None),
        ("credential:none", None),
        ("prompt", ended),
    ):
        with pytest.raises(UnavailableError) as caught:
            read_unlock(settings(given), prompt)
        assert note(caught) == f"unlock = {given!r} can't be read."


def test_the_settings_say_which_custody(tmp_path, monkeypatch):
    """A plain file, or one under a passphrase."""
    make_cheap(monkeypatch)
    path = tmp_path / "kek"
    FileCustody.create(path)
    sealed = settings(store_key=tmp_path / "sealed")
    made = make_custody(sealed, WORDS.encode())
    wrapped, key = made.generate(b"here")
    again = open_custody(sealed, WORDS.encode())

    assert repr(open_custody(settings(custody="file", store_key=path))) == (
        "FileCustody()"
    )
    assert isinstance(again, PassphraseCustody)
    assert again.unwrap(wrapped, b"here") == key


def test_a_token(tmp_path):
    """Made, and opened again."""
    token = tokens.new_token(tmp_path)
    named = settings(custody="token", token=token.label, token_module=token.module)
    made = make_custody(named, token.pin)
    wrapped, key = made.generate(b"here")
    made.close()
    again = open_custody(named, token.pin)

    assert again.unwrap(wrapped, b"here") == key
    again.close()


def test_without_the_extra_it_is_told(monkeypatch):
    """Not everybody installs what speaks with tokens."""
    monkeypatch.setitem(sys.modules, "placement.crypto.hsm", None)
    with pytest.raises(UnavailableError) as caught:
        open_custody(settings(custody="token"), b"482913")
    assert note(caught) == "Custody in a token needs `placement[hsm]`."
