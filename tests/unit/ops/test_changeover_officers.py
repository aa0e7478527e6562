"""A custodian apart changes its key on the word of two officers, which they sign."""

from contextlib import closing

import pytest
from kit.rekeyed import decide, founded, key_file, settings, store_of, typing_at

from placement.app import micros
from placement.audit.entry import parse
from placement.audit.note import Signer, render_key
from placement.config import load_custodian
from placement.crypto.signing import OFFICER_LABEL, SigningKey
from placement.ops.main import main
from placement.service import fold
from placement.service.custodian import Custodian, log_id, next_path


@pytest.fixture
def place(tmp_path):
    """A folder with settings and certificates of both kinds, and their stores."""
    return founded(tmp_path)


@pytest.fixture
def run(place, capsys):
    """Return a function that runs a command: → exit code, stdout, stderr."""
    return typing_at(place, capsys)


@pytest.fixture
def agree(place, run):
    """Return a function: officers sign that a key is in force; → the statement."""
    toml = place / "custodian" / "custodian.toml"
    public = []
    for name in ("kim", "robin"):
        signer = Signer(name, SigningKey.create(place / name, OFFICER_LABEL))
        public.append(render_key(signer.public))
    SigningKey.create(place / "stranger", OFFICER_LABEL)
    named = f"officers = {public}\n".replace("'", '"')
    toml.write_text(named + toml.read_text("utf-8"), "utf-8")

    def signed(in_force, *names):
        path = place / "statement"
        said = run("custodian", "statement", "--in-force", in_force, *REASON)
        assert (said[0], said[2]) == (0, "")
        path.write_text(said[1], "utf-8")
        for name in names or ("kim", "robin"):
            key = str(place / name)
            words = ["sign", "--name", name, "--key", key, str(path)]
            assert main(["changeover", *words]) == 0
        return str(path)

    return signed


REASON = ("--reason", "the changeover has ended")


def publics(place):
    """Return a custodian's two public keys: here, and following."""
    path = key_file(place, "custodian")
    found = (Custodian.open(each) for each in (path, next_path(path)))
    return tuple(each.public_key.hex() for each in found)


def test_a_custodian_apart_retires_its_share_on_two_officers_word(place, run, agree):
    """Its own log goes on under the next one, by an entry; it fits before and after."""
    path = key_file(place, "custodian")
    given = load_custodian(place / "custodian" / "custodian.toml")
    old = Custodian.open(path)
    run("custodian", "next")
    here, public = publics(place)
    refused = [
        run("custodian", "retire"),
        run("custodian", "retire", "--accept", agree(public, "kim")),
        run("custodian", "retire", "--accept", agree(public, "kim", "stranger")),
        run("custodian", "retire", "--accept", agree(here)),
    ]
    assert [code for code, *_ in refused] == [1] * 4
    assert Custodian.open(path).public_key == old.public_key
    decide(place, kind="custodian")
    code, out, err = run("custodian", "retire", "--accept", agree(public))
    again = run("custodian", "retire")
    decide(place, kind="custodian")
    assert main(["custodian", "fsck", *settings(place, "custodian")]) == 0
    with closing(store_of(given.server)) as store:
        changeover = fold.load(store)[0].changeover
        (entry,) = (parse(leaf.entry) for leaf in store.entries(0, 9))
        fold.keep(store, *fold.load(store))
        kept = fold.load(store)[0].changeover

    assert refused[0][2].endswith("with --accept; nothing was destroyed\n")
    assert refused[1][2] == refused[2][2]
    assert refused[1][2] == (
        "Two officers have to sign, each with a key of their own. So far it was kim.\n"
    )
    assert refused[3][2] == "The statement is of other keys, or of another log.\n"
    assert (code, err, again[0]) == (0, "", 0)
    assert out.startswith("Destroyed the old key")
    assert Custodian.open(path).public_key.hex() == public
    assert (entry.action, entry.person) == ("KEY_DESTROY", "kim and robin")
    assert entry.revision == 2
    assert changeover.key == log_id(Custodian.open(path).key_id)
    assert changeover.serves == {changeover.key, old.log_id}
    assert vars(kept) == vars(changeover)
    with closing(store_of(given.server)) as store:
        assert fold.load(store)[1].revision == 2


@pytest.mark.parametrize("left", ["both", "overwritten", "the next one"])
def test_what_two_officers_agreed_on_is_gone_on_with(
    place, run, agree, monkeypatch, left
):
    """It stands in the log by then: nobody has to sign again, and it happens once."""
    path = key_file(place, "custodian")
    run("custodian", "next")
    _, public = publics(place)

    def ended(*_):
        raise OSError(5, "ended")

    with monkeypatch.context() as patched:
        patched.setattr("placement.ops.changeover.retire_key", ended)
        first = run("custodian", "retire", "--accept", agree(public))
    if left == "overwritten":
        path.write_bytes(bytes(63))
    if left == "the next one":
        path.unlink()
    second = run("custodian", "retire")

    assert (first[0], second[0]) == (1, 0)
    assert Custodian.open(path).public_key.hex() == public
    assert not next_path(path).exists()
    with closing(store_of(load_custodian(toml_of(place)).server)) as store:
        assert len(store.entries(0, 9)) == 1


def toml_of(place):
    return place / "custodian" / "custodian.toml"


@pytest.mark.parametrize("hours", [-1, 25])
def test_a_statement_about_keys_holds_for_a_day(place, run, agree, monkeypatch, hours):
    """The same two keys may change their parts in another changeover."""
    run("custodian", "next")
    here, public = publics(place)
    statement = agree(public)
    later = micros() + hours * 3_600_000_000
    monkeypatch.setattr("placement.ops.officers.micros", lambda: later)
    code, out, err = run("custodian", "retire", "--accept", statement)

    assert (code, out) == (1, "")
    assert err == "The statement was asked for more than a day ago.\n"
    assert publics(place) == (here, public)


def test_a_statement_about_keys_is_of_one_log(place, run, agree):
    """Two custodians may have the same officers."""
    run("custodian", "next")
    keys = publics(place)
    statement = agree(keys[1])
    toml = toml_of(place)
    toml.write_text(
        toml.read_text("utf-8").replace("police.test", "other.test"), "utf-8"
    )
    code, out, err = run("custodian", "retire", "--accept", statement)

    assert (code, out) == (1, "")
    assert err == "The statement is of other keys, or of another log.\n"
    assert publics(place) == keys


def test_what_is_stated_has_to_be_of_these_keys(place, run, agree):
    """Or it is not drawn; nor for a registry, whose log says what is in force."""
    run("custodian", "next")
    other = run("custodian", "statement", "--in-force", "00" * 33, *REASON)
    empty = run(
        "custodian", "statement", "--in-force", publics(place)[0], "--reason", ""
    )
    registry = run("registry", "statement", "--in-force", "00" * 33, *REASON)
    older = place / "older"
    older.write_text("placement: serve this database\n", "utf-8")
    key = str(place / "kim")
    signed = main(["changeover", "sign", "--name", "kim", "--key", key, str(older)])

    assert [code for code, *_ in (other, empty, registry)] == [1, 1, 1]
    assert "must be one of this custodian's two public keys" in other[2]
    assert empty[2].endswith("the reason must be a line of 1 to 200 characters\n")
    assert registry[2].endswith("which key is in force; nobody signs it\n")
    assert signed == 1


def test_a_custodian_apart_discards_on_two_officers_word(place, run, agree):
    """It sees no registry; they name the key that is and stays in force."""
    path = key_file(place, "custodian")
    run("custodian", "next")
    old = path.read_bytes()
    here, follows = publics(place)
    refused = [
        run("custodian", "discard"),
        run("custodian", "discard", "--accept", agree(here, "kim")),
        run("custodian", "discard", "--accept", agree(follows)),
    ]
    assert [code for code, *_ in refused] == [1, 1, 1]
    assert next_path(path).exists()
    statement = agree(here)
    done = run("custodian", "discard", "--accept", statement)
    none = run("custodian", "discard", "--accept", statement)
    given = load_custodian(toml_of(place)).server
    with closing(store_of(given)) as store:
        (entry,) = (parse(leaf.entry) for leaf in store.entries(0, 9))
    fsck = main(["custodian", "fsck", *settings(place, "custodian")])

    assert (done[0], none[0], fsck) == (0, 1, 0)
    assert (entry.action, entry.person) == ("KEY_DESTROY", "kim and robin")
    assert path.read_bytes() == old
    assert not next_path(path).exists()


def test_a_custodian_retires_nothing_over_another_log(place, run, agree):
    """A registry's would name nobody any more."""
    run("custodian", "next")
    path = key_file(place, "custodian")
    statement = agree(publics(place)[1])
    toml = place / "custodian" / "custodian.toml"
    text = f'database = "sqlite:///../registry/placement.db"\n{toml.read_text("utf-8")}'
    toml.write_text(
        text.replace("origin", 'store_key = "../registry/store.key"\norigin')
    )
    before = path.read_bytes()
    code, out, err = run("custodian", "retire", "--accept", statement)

    assert (code, out) == (1, "")
    assert err.endswith("the log is not this custodian's; nothing was destroyed\n")
    assert path.read_bytes() == before
    decide(place)
