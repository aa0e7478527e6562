"""Custody in a token, tried on SoftHSM2: nothing comes out but what was wrapped."""

import os
from contextlib import closing

import pkcs11
import pytest
from kit import tokens
from pkcs11 import Attribute, KeyType, ObjectClass

from placement.crypto import hsm
from placement.crypto.custody import FileCustody
from placement.crypto.hsm import KEK_NAME, TokenCustody
from placement.crypto.passphrase import Cost, PassphraseCustody
from placement.crypto.sealing import context
from placement.crypto.signing import SigningKey
from placement.errors import ConflictError, TamperedError, UnavailableError

HERE = context(b"event", 1)
KEY = bytes(range(32))
LOCKED = "The token is locked after too many wrong PINs; have it unlocked."


@pytest.fixture
def token(tmp_path):
    return tokens.new_token(tmp_path)


@pytest.fixture
def custody(token):
    with closing(create(token)) as made:
        yield made


def create(token, secret=None):
    return TokenCustody.create(token.module, token.label, token.pin, secret)


def reopen(token, pin=tokens.PIN, label=None):
    return TokenCustody(token.module, label or token.label, pin)


def session(token):
    found = pkcs11.lib(token.module).get_token(token_label=token.label)
    return found.open(rw=True, user_pin=token.pin.decode())


def note(caught):
    return caught.value.notes


def test_the_token_is_not_skipped_in_ci(monkeypatch):
    """What is skipped on a laptop fails where nobody looks."""
    monkeypatch.setattr(tokens, "MODULES", ())
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="SOFTHSM2 IS NOT INSTALLED"):
        tokens.require()
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="NOT TESTED"):
        tokens.require()


def test_a_token_is_there_in_ci():
    """CI installs SoftHSM2; without it, the tests below say nothing."""
    if not tokens.module():
        tokens.require()

    assert tokens.module()


def test_a_wrapped_key_unwraps_in_its_context(token, custody):
    """Also after another login; and the key itself is not in what is stored."""
    wrapped, key = custody.generate(HERE)
    given = custody.wrap(KEY, HERE)
    custody.close()

    with closing(reopen(token)) as again:
        assert again.unwrap(wrapped, HERE) == key
        assert again.unwrap(given, HERE) == KEY
    assert len(key) == 32
    assert key not in wrapped


def test_the_key_can_not_be_read(token, custody):
    """Whether the token made it or was given it, it does not say it."""
    with pytest.raises(pkcs11.exceptions.AttributeSensitive):
        custody._key[Attribute.VALUE]
    custody.destroy()
    custody.close()

    with closing(create(token, KEY)) as given:
        with pytest.raises(pkcs11.exceptions.AttributeSensitive):
            given._key[Attribute.VALUE]
        assert given._key[Attribute.EXTRACTABLE] is False


def test_another_context_is_refused(custody):
    """What a key was wrapped for is authenticated."""
    wrapped, _ = custody.generate(HERE)

    with pytest.raises(TamperedError):
        custody.unwrap(wrapped, context(b"event", 2))
    assert custody.unwrap(wrapped, HERE)


@pytest.mark.parametrize("where", [0, 1, 8, 9, 20, 21, 52, 53, 68])
def test_an_altered_key_is_refused(custody, where):
    """In any of its parts; and the token goes on."""
    wrapped, key = custody.generate(HERE)
    altered = bytearray(wrapped)
    altered[where] ^= 1

    with pytest.raises(TamperedError):
        custody.unwrap(bytes(altered), HERE)
    assert custody.unwrap(wrapped, HERE) == key


def test_a_cut_key_is_refused(custody):
    """And so is what is no wrapped key at all."""
    wrapped, _ = custody.generate(HERE)

    for blob in (wrapped[:-1], wrapped + b"\0", b"", wrapped[:9]):
        with pytest.raises(TamperedError):
            custody.unwrap(blob, HERE)


def test_another_tokens_key_is_refused(token, custody, tmp_path):
    """Its id stands in what was wrapped."""
    wrapped, _ = custody.generate(HERE)
    custody.destroy()
    custody.close()

    with closing(create(token)) as other, pytest.raises(TamperedError):
        other.unwrap(wrapped, HERE)


def test_a_key_of_another_length_is_not_wrapped(custody):
    """Data keys have 32 bytes."""
    with pytest.raises(ValueError, match="32 bytes"):
        custody.wrap(bytes(16), HERE)


def test_a_token_that_is_gone_is_unavailable(token, custody):
    """In the middle of it: nothing is taken for altered, and nothing is given out."""
    wrapped, _ = custody.generate(HERE)
    seed = custody.wrap(KEY, HERE)
    token.unplug()

    for call in (
        lambda: custody.unwrap(wrapped, HERE),
        lambda: custody.wrap(KEY, HERE),
        lambda: custody.generate(HERE),
        lambda: custody.sign(seed, HERE, b"text"),
        custody.destroy,
    ):
        with pytest.raises(UnavailableError):
            call()
    custody.close()
    custody.close()


def test_an_altered_key_at_a_token_that_is_gone_is_unavailable(token, custody):
    """Nobody may take a loose cable for an attack, or an attack for a loose cable."""
    wrapped, _ = custody.generate(HERE)
    token.unplug()

    with pytest.raises(UnavailableError):
        custody.unwrap(wrapped[:-1] + bytes([wrapped[-1] ^ 1]), HERE)


def test_a_wrong_pin_is_refused(token, custody):
    """Once: a person is told not to try on."""
    custody.close()

    with pytest.raises(UnavailableError) as caught:
        reopen(token, b"000000")
    assert note(caught) == [
        "The token refuses this PIN. Don't try on: after a few it locks itself."
    ]
    with pytest.raises(UnavailableError) as caught:
        reopen(token, b"0")
    assert note(caught)[0].startswith("The token refuses")


def test_a_locked_token_is_told(token, custody, monkeypatch):
    """SoftHSM2 never locks itself; the library's own word stands for it."""
    custody.close()

    class Locked:
        def get_token(self, **_):
            return self

        def open(self, **_):
            raise pkcs11.exceptions.PinLocked

    monkeypatch.setattr(hsm, "_library", lambda _: Locked())
    with pytest.raises(UnavailableError) as caught:
        reopen(token)
    assert note(caught) == [LOCKED]


def test_a_pin_is_not_passed_over(token, custody):
    """A process that is logged in asks for the PIN of a second custody all the same."""
    with pytest.raises(UnavailableError) as caught:
        reopen(token, b"000000")
    assert note(caught) == ["The token is in use by this process already."]


def test_a_token_or_key_that_is_not_there(token, tmp_path):
    """Each has its sentence."""
    with pytest.raises(UnavailableError) as caught:
        reopen(token)
    assert f"holds no key {KEK_NAME}" in note(caught)[0]
    with pytest.raises(UnavailableError) as caught:
        reopen(token, label="nobody")
    assert "no token of this name" in note(caught)[0]
    with pytest.raises(UnavailableError) as caught:
        TokenCustody(str(tmp_path / "none.so"), "nobody", b"0")
    assert "can't be loaded" in note(caught)[0]


def test_a_second_key_is_not_made(token, custody):
    """What is there wraps something already."""
    custody.close()

    with pytest.raises(ConflictError):
        create(token)


def require_room(token, *, given):
    TokenCustody.require_room(token.module, token.label, token.pin, given=given)


def test_room_for_a_key_is_seen_without_making_one(token):
    """Before anybody copies shares: it tries a key that goes with the session."""
    require_room(token, given=True)
    with closing(session(token)) as opened:
        assert list(opened.get_objects()) == []
    create(token).close()
    for given in (True, False):
        with pytest.raises(ConflictError):
            require_room(token, given=given)


def test_a_token_that_takes_no_key_is_known_before(token, monkeypatch):
    """As in FIPS modes; where it makes the key itself, that is nothing to it."""

    def refuse(*_, **__):
        raise pkcs11.exceptions.TemplateInconsistent

    monkeypatch.setattr(hsm, "_put", refuse)
    with pytest.raises(UnavailableError):
        require_room(token, given=True)
    require_room(token, given=False)


def test_a_key_that_was_put_and_does_not_open_is_told(token, monkeypatch):
    """It would be in the way of the next try, and a start would take it."""

    def gone(*_):
        error = UnavailableError()
        error.because("The token does not answer.")
        raise error

    monkeypatch.setattr(TokenCustody, "__init__", gone)
    with pytest.raises(UnavailableError) as caught:
        create(token)

    assert note(caught) == [
        "The token does not answer.",
        "It holds a key placement-kek now: have that removed.",
    ]


def by_hand(token, **changed):
    """Put a key into the token as another program might."""
    template = {
        Attribute.CLASS: ObjectClass.SECRET_KEY,
        Attribute.KEY_TYPE: KeyType.AES,
        Attribute.VALUE: os.urandom(32),
        Attribute.LABEL: KEK_NAME,
        Attribute.ID: b"12345678",
        Attribute.TOKEN: True,
        Attribute.PRIVATE: True,
        Attribute.SENSITIVE: True,
        Attribute.EXTRACTABLE: False,
        Attribute.ENCRYPT: True,
        Attribute.DECRYPT: True,
    }
    named = {Attribute[name.upper()]: value for name, value in changed.items()}
    with session(token) as opened:
        opened.create_object(template | named)


@pytest.mark.parametrize("changed", [{"extractable": True}, {"sensitive": False}])
def test_a_key_that_could_be_read_is_not_used(token, changed):
    """Then the token would be a drawer."""
    by_hand(token, **changed)

    with pytest.raises(UnavailableError) as caught:
        reopen(token)
    assert note(caught) == ["The key could be read out of the token; make another."]


def test_a_strange_key_is_not_used(token):
    """Nor are two of our name."""
    by_hand(token, id=b"1")
    with pytest.raises(UnavailableError) as caught:
        reopen(token)
    assert note(caught) == [f"The key {KEK_NAME} was not made by this program."]

    by_hand(token, id=b"12345678")
    with pytest.raises(UnavailableError) as caught:
        reopen(token)
    assert note(caught) == [f"The token holds two keys {KEK_NAME}."]


def test_the_token_signs(custody):
    """As any holder of the seed would, and says so in 64 bytes."""
    seed = custody.wrap(KEY, HERE)
    expected = SigningKey(KEY).sign(b"text")

    assert custody.sign(seed, HERE, b"text") == expected
    assert custody.sign(seed, HERE, b"text") == expected
    with pytest.raises(TamperedError):
        custody.sign(seed, context(b"event", 2), b"text")


def test_what_a_token_wrapped_opens_after_a_recovery(token, tmp_path):
    """The same secret under a passphrase opens it, and the other way round."""
    with closing(create(token, KEY)) as custody:
        wrapped, key = custody.generate(HERE)
        file = PassphraseCustody.create(
            tmp_path / "kek", b"a passphrase of length", KEY, Cost(1 << 16)
        )

        assert file.unwrap(wrapped, HERE) == key
        assert custody.unwrap(file.wrap(key, HERE), HERE) == key


def test_destroyed_is_destroyed(token, custody):
    """What it wrapped opens no more."""
    custody.destroy()
    custody.close()

    with pytest.raises(UnavailableError):
        reopen(token)


def test_repr_shows_the_type_only(custody, tmp_path):
    """A custody never prints its key."""
    assert repr(custody) == "TokenCustody()"
    assert repr(FileCustody.create(tmp_path / "kek")) == "FileCustody()"
