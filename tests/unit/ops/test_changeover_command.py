"""The operator's part of a changeover: the next key, how far it is, the old one's end."""

import re
from contextlib import closing
from pathlib import Path

import pytest
from kit.certs import Pki
from kit.changing import OTHER, begin_changeover, end_changeover
from kit.commands import open_case

from placement.app import micros, read_ruleset
from placement.audit.entry import parse
from placement.audit.note import Signer, render_key
from placement.config import load, load_custodian
from placement.crypto.custody import FileCustody
from placement.crypto.signing import OFFICER_LABEL, SigningKey
from placement.ops.main import main
from placement.service import fold
from placement.service.custodian import Custodian, log_id, next_path
from placement.service.engine import Engine
from placement.service.rules import Rules
from placement.store.log import Store

HEX = "0[23][0-9a-f]{64}"
SECONDS = 30
NOT_YET = (
    "the next key is not in force, or there is none; nothing was destroyed (see "
    "placement-server changeover show)\n"
)


@pytest.fixture
def place(tmp_path):
    """A folder with settings and certificates of both kinds, and their stores."""
    pki = Pki(tmp_path)
    pki.server()
    for folder in ("registry", "custodian"):
        (tmp_path / folder).mkdir()
    (tmp_path / "registry" / "placement.toml").write_text(pki.settings, "utf-8")
    (tmp_path / "custodian" / "custodian.toml").write_text(
        f'origin = "police.test/log"\n{pki.settings}', "utf-8"
    )
    assert main(["init", *settings(tmp_path, "registry")]) == 0
    assert main(["custodian", "init", *settings(tmp_path, "custodian")]) == 0
    return tmp_path


def settings(place: Path, kind: str) -> list[str]:
    name = {"registry": "placement.toml", "custodian": "custodian.toml"}[kind]
    return ["--settings", str(place / kind / name)]


def key_file(place: Path, kind: str) -> Path:
    return place / kind / "custodian.key"


@pytest.fixture
def run(place, capsys):
    """Return a function that runs a command: → exit code, stdout, stderr."""
    capsys.readouterr()

    def typed(kind, name, *words):
        apart = ["--custodian"] if kind == "custodian" else []
        rest = [*apart, *settings(place, kind), *words]
        capsys.readouterr()
        code = main(["changeover", name, *rest])
        return code, *capsys.readouterr()

    return typed


def store_of(given):
    return Store.open(given.database, FileCustody(given.store_key), given.keys)


def decide(place, *commands, kind="registry"):
    """Have an engine decide commands; it starts if the key that is there fits its log."""
    if kind == "registry":
        given = load(place / "registry" / "placement.toml")
        founder = Custodian.open(given.custodian_key).key_id
    else:
        given = load_custodian(place / "custodian" / "custodian.toml").server
        founder = Custodian.open(given.custodian_key).log_id
    with closing(store_of(given)) as store:
        engine = Engine(
            store,
            Rules(read_ruleset(None)),
            custodian=founder,
            signer=Signer(given.log_name, SigningKey.open(given.log_key)),
            clock=lambda: 1,
        )
        engine.start()
        for command in commands:
            engine.submit(command).result(SECONDS)
        engine.stop()


@pytest.mark.parametrize("kind", ["registry", "custodian"])
def test_the_next_key_lies_beside_the_one_in_force(place, run, kind):
    """It is told; a second one is not made."""
    path = key_file(place, kind)
    before = path.read_bytes()
    code, out, err = run(kind, "next")
    again = run(kind, "next")
    made = next_path(path)

    assert (code, err) == (0, "")
    (public,) = re.findall(HEX, out)
    assert Custodian.open(made).public_key.hex() == public
    assert made.stat().st_mode & 0o077 == 0
    assert path.read_bytes() == before
    assert again == (1, "", f"{made}: is there already; nothing was made\n")


def begin_and_end(place, run, *between, left=0):
    """Make a whole changeover of nobody, or of those whom commands name."""
    (public,) = re.findall(HEX, run("registry", "next")[1])
    to_key = Custodian.open(next_path(key_file(place, "registry"))).key_id
    begin = [begin_changeover(to_key), begin_changeover(to_key, caller=OTHER)]
    end = [
        end_changeover(left, to_key=to_key),
        end_changeover(left, to_key=to_key, caller=OTHER),
    ]
    decide(place, *begin, *between)
    shown = run("registry", "show")
    decide(place, *end)
    return public, shown


def test_a_registry_retires_its_key_once_the_next_one_is_in_force(place, run):
    """Not before; and then it serves under that."""
    path = key_file(place, "registry")
    early = run("registry", "retire")
    old = Custodian.open(path)
    public, _ = begin_and_end(place, run)
    decide(place)
    code, out, err = run("registry", "retire")
    again = run("registry", "retire")
    decide(place)

    assert early[0] == 0
    assert early[1].startswith("The key in force lies in its place")
    assert (code, err) == (0, "")
    assert out.startswith("Destroyed the old key")
    assert again[:2] == early[:2]
    assert Custodian.open(path).public_key.hex() == public != old.public_key.hex()
    assert not next_path(path).exists()


def test_a_key_in_force_is_not_retired(place, run):
    """Though the next one lies there, and a changeover is under way."""
    path = key_file(place, "registry")
    run("registry", "next")
    before = path.read_bytes()
    code, out, err = run("registry", "retire")

    assert (code, out) == (1, "")
    assert err.endswith(NOT_YET)
    assert path.read_bytes() == before


def test_operators_see_how_far_it_is(place, run):
    """How many are not enrolled; and how many were left."""
    before = run("registry", "show")
    case = open_case("h", "i")
    _, between = begin_and_end(place, run, case, left=2)
    after = run("registry", "show")

    assert re.fullmatch(r"In force: [0-9a-f]{64}\n", before[1])
    assert re.fullmatch(
        r"In force: (\w{64})\nFollows: (\w{64})\nNot enrolled: 2\nDisputed: 0\n",
        between[1],
    )
    assert re.fullmatch(r"In force: \w{64}\nLeft without a pair: 2\n", after[1])


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


def test_whoever_has_no_key_has_none_to_change(place, run):
    """Where custodians stand apart each does it; and none of them sees a registry."""
    path = place / "registry" / "placement.toml"
    path.write_text(f'custodian_id = "{"ab" * 32}"\n{path.read_text("utf-8")}', "utf-8")
    refused = [run("registry", name) for name in ("next", "retire")]
    sees = run("custodian", "show")

    assert [code for code, *_ in refused] == [1, 1]
    assert all("each runs this for its own" in err for *_, err in refused)
    assert sees[0] == 1
    assert "sees no registry" in sees[2]


def test_a_key_that_was_given_up_is_discarded(place, run):
    """Not while it is to follow, nor once it is in force."""
    path = key_file(place, "registry")
    run("registry", "next")
    follows = next_path(path)
    to_key = Custodian.open(follows).key_id
    begin = [begin_changeover(to_key), begin_changeover(to_key, caller=OTHER)]
    decide(place, *begin)
    early = run("registry", "discard")
    decide(place, end_changeover(to_key=to_key, give_up=True))
    done = run("registry", "discard")
    assert not follows.exists()
    begin_and_end(place, run)
    late = run("registry", "discard")

    assert [early[0], done[0], late[0]] == [1, 0, 1]
    assert early[2].endswith("it was not given up; nothing was destroyed\n")
    assert late[2] == early[2]
    assert follows.exists()
    assert run("registry", "retire")[0] == 0


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


@pytest.mark.parametrize("kind", ["registry", "custodian"])
def test_what_was_discarded_half_way_is_gone_on_with(place, run, kind):
    """The key is gone by then; its file is in the way of the next one."""
    run(kind, "next")
    follows = next_path(key_file(place, kind))
    follows.write_bytes(bytes(follows.stat().st_size))
    done = run(kind, "discard")

    assert done[0] == 0
    assert not follows.exists()
    assert run(kind, "next")[0] == 0
    assert follows.exists()


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
