"""The custodian evaluates under the key that clients pin, and proves it."""

from hashlib import sha256

import pytest

from placement.crypto import voprf
from placement.crypto.custody import OPRF_LABEL, FileCustody, write_secret
from placement.crypto.keyfile import is_wrapped, write_wrapped
from placement.crypto.shares import summed
from placement.errors import ConflictError, TamperedError, UnavailableError
from placement.service import custodian as module
from placement.service.custodian import Custodian, split_key

NUMBERS = (b"one", b"two")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "custodian.key"


@pytest.fixture
def custodian(path):
    return Custodian.create(path)


def outputs(custodian):
    """Blind, have evaluated, verify against the public key, finalize."""
    blindings = voprf.blind(NUMBERS)
    blinded = [blinding.element for blinding in blindings]
    got = custodian.evaluate(blinded)
    evaluated = [voprf.EvaluatedElement.decode(element) for element in got.elements]
    public = voprf.PublicKey.decode(custodian.public_key)
    voprf.verify(public, blinded, evaluated, voprf.Proof.decode(got.proof))

    assert got.key_id == sha256(custodian.public_key).digest()
    return voprf.finalize(blindings, evaluated)


def test_evaluations_verify_and_are_the_same_again(custodian):
    """What a client gets depends on its input alone, not on the blind."""
    first = outputs(custodian)

    assert outputs(custodian) == first
    assert len(set(first)) == len(NUMBERS)


def test_a_key_file_opens_again(custodian, path):
    """A restart serves the same pseudonyms."""
    again = Custodian.open(path)

    assert again.public_key == custodian.public_key
    assert outputs(again) == outputs(custodian)
    assert path.stat().st_mode & 0o077 == 0


def test_a_key_is_never_overwritten(custodian, path):
    """With the key gone, every pseudonym would be."""
    before = path.read_bytes()
    with pytest.raises(ConflictError):
        Custodian.create(path)

    assert path.read_bytes() == before


def test_another_file_is_no_key(path):
    """A missing or foreign file is refused."""
    with pytest.raises(UnavailableError):
        Custodian.open(path)
    path.write_text("placement-kek-v1:AAAA\n")
    path.chmod(0o600)
    with pytest.raises(UnavailableError):
        Custodian.open(path)


def test_what_is_no_scalar_is_no_key(path):
    """Zero would send everybody to one pseudonym."""
    write_secret(path, OPRF_LABEL, bytes(32))
    with pytest.raises(UnavailableError):
        Custodian.open(path)


def test_it_shows_nothing_of_itself(custodian):
    """A representation in a log gives no key away."""
    assert repr(custodian) == "Custodian()"


def test_a_log_is_of_one_key_and_no_registry(custodian, path):
    """Its id is the key's, and yet another than any registry could have."""
    other = Custodian(voprf.generate_key())

    assert custodian.log_id == Custodian.open(path).log_id
    assert len({custodian.log_id, custodian.key_id, other.log_id, other.key_id}) == 4


def test_a_key_is_split_into_two_files(custodian, path, tmp_path):
    """What the halves evaluate adds up to what the whole did."""
    files = tmp_path / "one", tmp_path / "two"
    key, *public = split_key(path, *files)
    shares = [Custodian.open(file) for file in files]
    blindings = voprf.blind(NUMBERS)
    blinded = [blinding.element for blinding in blindings]
    evaluated = [
        [voprf.EvaluatedElement.decode(e) for e in share.evaluate(blinded).elements]
        for share in shares
    ]

    assert voprf.finalize(blindings, summed(evaluated)) == outputs(custodian)
    assert (key, public) == (
        custodian.public_key,
        [share.public_key for share in shares],
    )


def test_what_holds_no_key_is_not_split(tmp_path):
    """Zero is none, and would be told to both."""
    write_secret(tmp_path / "zero", OPRF_LABEL, bytes(32))
    with pytest.raises(UnavailableError):
        split_key(tmp_path / "zero", tmp_path / "one", tmp_path / "two")

    assert not (tmp_path / "one").exists()


def test_a_plain_file_is_wrapped(tmp_path):
    """The key is the same; without the custody nobody opens it any more."""
    path, custody = tmp_path / "share", FileCustody.create(tmp_path / "kek")
    plain = Custodian.create(path)
    for _ in range(2):  # a wrapped one stays as it is
        plain.wrap_file(path, custody)

    assert Custodian.open(path, custody).public_key == plain.public_key
    assert is_wrapped(path, OPRF_LABEL)
    assert names(tmp_path) == ["kek", "share"]
    with pytest.raises(UnavailableError):
        Custodian.open(path)


@pytest.fixture
def custody(tmp_path):
    return FileCustody.create(tmp_path / "kek")


def names(folder):
    return sorted(each.name for each in folder.iterdir())


def halfway(path):
    """Overwrite as if the machine had stopped before the file was removed."""
    path.write_bytes(bytes(path.stat().st_size))
    raise OSError


def ended(*_):
    raise OSError


@pytest.mark.parametrize(
    "end",
    [
        ("write_wrapped", ended),
        ("settle", ended),
        ("destroy_file", ended),
        ("destroy_file", halfway),
    ],
)
def test_wrapping_that_was_ended_half_way_is_done_again(
    custodian, path, custody, monkeypatch, end
):
    """The key lies under its name at any time; nothing plain is left at the end."""
    with monkeypatch.context() as patched:
        patched.setattr(module, *end)
        with pytest.raises(OSError):  # noqa: PT011 (without a text)
            custodian.wrap_file(path, custody)
    between = Custodian.open(path, custody)
    between.wrap_file(path, custody)

    assert between.public_key == custodian.public_key
    assert Custodian.open(path, custody).public_key == custodian.public_key
    assert is_wrapped(path, OPRF_LABEL)
    assert names(path.parent) == ["custodian.key", "kek"]


def test_a_wrapped_file_is_seen_to_open_first(custodian, path, custody, monkeypatch):
    """Else the plain one stays."""
    other = voprf.generate_key().encode()

    def badly(path, label, _, custody):
        write_wrapped(path, label, other, custody)

    monkeypatch.setattr(module, "write_wrapped", badly)
    with pytest.raises(TamperedError):
        custodian.wrap_file(path, custody)

    assert Custodian.open(path).public_key == custodian.public_key
    assert not [each for each in names(path.parent) if each.startswith(".")]


def test_another_plain_file_is_left_alone(custodian, path, custody):
    """It may be the only one of its key."""
    beside = path.with_name("custodian.key.plain")
    other = Custodian.create(beside)
    with pytest.raises(ConflictError):
        custodian.wrap_file(path, custody)

    assert Custodian.open(path).public_key == custodian.public_key
    assert Custodian.open(beside).public_key == other.public_key


# The key that follows


@pytest.fixture
def following(custodian, path):
    """The next key, made while the first one serves."""
    return Custodian.create(module.next_path(path))


def test_the_next_key_is_found_while_serving(custodian, path):
    """As soon as it lies there; until then there is none."""
    serving = Custodian.open(path)
    assert serving.under(b"n" * 32) is None
    made = Custodian.create(module.next_path(path))
    found = serving.under(made.key_id)

    assert outputs(found) == outputs(made)
    assert outputs(serving.under(b"")) == outputs(serving.under(custodian.key_id))
    assert outputs(serving) != outputs(found)
    assert serving.under(b"n" * 32) is None
    assert serving.under(made.key_id) is found


def test_a_key_in_memory_alone_has_no_next_one(custodian):
    """Nor has one that was just made."""
    assert custodian.under(b"n" * 32) is None
    assert Custodian(voprf.generate_key()).under(b"n" * 32) is None


def test_what_is_no_key_is_not_taken_for_none(path, following):
    """Whoever asks for it is refused, and whoever asks for the old one is answered."""
    serving = Custodian.open(path)
    module.next_path(path).write_bytes(b"spoiled")
    with pytest.raises(UnavailableError):
        serving.under(following.key_id)

    assert serving.under(b"") is serving


@pytest.mark.parametrize("ended", ["before", "zeroed", "destroyed", "renamed"])
def test_a_key_is_retired_wherever_that_was_ended(path, following, ended):
    """The next key is never lost, and the old one is gone in the end."""
    before = path.read_bytes()
    match ended:
        case "zeroed":
            path.write_bytes(bytes(len(before)))
        case "destroyed":
            path.unlink()
        case "renamed":
            module.next_path(path).replace(path)
    module.retire_key(path, following.key_id)

    assert outputs(Custodian.open(path)) == outputs(following)
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert before not in path.read_bytes()


@pytest.mark.parametrize("step", ["write", "unlink", "rename"])
def test_a_crash_at_each_step_of_it_loses_nothing(path, following, step, monkeypatch):
    """Whatever fails, it is done again and then done."""
    crashed = OSError("crash")

    def crash(*_):
        raise crashed

    with monkeypatch.context() as patched:
        if step == "write":
            patched.setattr("placement.crypto.files.os.fsync", crash)
        else:
            patched.setattr(f"pathlib.Path.{step}", crash)
        with pytest.raises(OSError, match="crash"):
            module.retire_key(path, following.key_id)
    module.retire_key(path, following.key_id)

    assert outputs(Custodian.open(path)) == outputs(following)
    assert not module.next_path(path).exists()


def test_only_the_key_that_was_named_takes_the_place(custodian, path):
    """Neither none nor another; the old one stays."""
    for _ in range(2):
        for into in (b"n" * 32, custodian.key_id[::-1]):
            with pytest.raises(ConflictError):
                module.retire_key(path, into)
        if not module.next_path(path).exists():
            Custodian.create(module.next_path(path))

    assert Custodian.open(path).public_key == custodian.public_key


def test_nothing_is_done_again_where_it_was_done(path, following):
    """The key stays as it is."""
    module.retire_key(path, following.key_id)
    before = path.read_bytes()
    module.retire_key(path, following.key_id)

    assert path.read_bytes() == before


def test_a_wrapped_key_is_followed_and_retired(tmp_path, custody):
    """The custody that wrapped them opens both; another one neither."""
    path, other = tmp_path / "wrapped", FileCustody.create(tmp_path / "other")
    Custodian.create(path, custody)
    made = Custodian.create(module.next_path(path), custody)
    serving = Custodian.open(path, custody)
    assert outputs(serving.under(made.key_id)) == outputs(made)
    with pytest.raises(TamperedError):
        module.retire_key(path, made.key_id, other)
    module.retire_key(path, made.key_id, custody)

    assert outputs(Custodian.open(path, custody)) == outputs(made)
    assert is_wrapped(path, OPRF_LABEL)
