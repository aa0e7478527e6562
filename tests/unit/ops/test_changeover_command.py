"""The operator's part of a changeover: the next key, how far it is, the old one's end."""

import re

import pytest
from kit.changing import OTHER, begin_changeover, end_changeover
from kit.commands import open_case
from kit.rekeyed import decide, founded, key_file, typing_at

from placement.service.custodian import Custodian, next_path

HEX = "0[23][0-9a-f]{64}"
NOT_YET = (
    "the next key is not in force, or there is none; nothing was destroyed (see "
    "placement-server changeover show)\n"
)


@pytest.fixture
def place(tmp_path):
    """A folder with settings and certificates of both kinds, and their stores."""
    return founded(tmp_path)


@pytest.fixture
def run(place, capsys):
    """Return a function that runs a command: → exit code, stdout, stderr."""
    return typing_at(place, capsys)


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
