"""Contexts are kept whole, private and strict."""

import stat
import tomllib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from placement_client.profile import (
    Contexts,
    Profile,
    contexts_path,
    load,
    render,
    save,
)

from placement.audit.note import Signer, render_key
from placement.crypto import voprf
from placement.crypto.signing import SigningKey
from placement.errors import InvalidInputError

KEY = voprf.generate_key().public.encode().hex()
NEXT = voprf.generate_key().public.encode().hex()
LOG_KEY = render_key(Signer("example.org/log", SigningKey(bytes(32))).public)
WITNESS_KEYS = " ".join(
    render_key(Signer(f"{name}.example", SigningKey(name.encode() * 32), time=7).public)
    for name in "ab"
)
PROFILE = Profile(server="placement.test:8443", certificate="/c", key="/k", ca="/a")

texts = st.text(st.characters(exclude_categories=["Cs"]))
paths = texts.filter(bool)
profiles = st.builds(
    Profile,
    server=st.sampled_from(["localhost:1", "10.0.0.1:8443", "[::1]:65535"]),
    certificate=paths,
    key=paths,
    ca=paths,
    server_name=texts,
    custodian_key=st.just(KEY),
    custodians=st.sampled_from(["", f"localhost:1={KEY}"]),
    next_custodian_key=st.sampled_from(["", NEXT]),
    custodian_ca=texts,
    label_key=texts,
    log_key=st.just(LOG_KEY),
    witnesses=st.sampled_from(["", WITNESS_KEYS]),
    quorum=st.sampled_from(["", "0"]),
)
names = st.from_regex("[a-z0-9][a-z0-9-]{0,31}", fullmatch=True)


def refused(call, *args, **kwargs):
    """Return the field that a refusal names."""
    with pytest.raises(InvalidInputError) as caught:
        call(*args, **kwargs)
    return caught.value.field


@pytest.fixture
def path(tmp_path):
    return tmp_path / "placement" / "contexts.toml"


@pytest.mark.slow
@given(st.dictionaries(names, profiles, min_size=1), st.data())
def test_what_is_written_is_read(tmp_path_factory, many, data):
    """Any text survives the file, quotes, controls and line ends included."""
    path = tmp_path_factory.mktemp("contexts") / "contexts.toml"
    contexts = Contexts(many, data.draw(st.sampled_from([*many, ""])))
    save(contexts, path)

    assert load(path) == contexts


@given(texts)
def test_every_text_is_toml(text):
    """A TOML reader agrees with the writer on any text."""
    contexts = Contexts(
        {"a": Profile(server="a:1", certificate="c", key="k", ca="a", label_key=text)}
    )

    assert tomllib.loads(render(contexts))["contexts"]["a"]["label_key"] == text


def test_no_file_holds_nothing(path):
    """Before the first context there is none."""
    assert load(path) == Contexts()


def test_the_file_is_its_owners(path):
    """Mode 0600 in a directory of 0700, also when it replaces a wider one."""
    save(Contexts().add("a", PROFILE), path)
    path.chmod(0o644)
    save(Contexts().add("b", PROFILE), path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [each.name for each in path.parent.iterdir()] == ["contexts.toml"]


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_refused(path, mode):
    """They could choose the server and the custodian."""
    save(Contexts().add("a", PROFILE), path)
    path.chmod(mode)

    assert refused(load, path) == "contexts"


def test_a_failed_write_leaves_the_old_file(path):
    """A text that no file can hold changes nothing."""
    contexts = Contexts().add("a", PROFILE)
    save(contexts, path)
    broken = Profile(server="a:1", certificate="\ud800", key="k", ca="a")

    assert refused(save, contexts.add("b", broken), path) == "contexts"
    assert load(path) == contexts


def test_an_unwritable_place_is_refused(tmp_path):
    """A file where the directory should be is an answer, not a crash."""
    (tmp_path / "file").touch()

    assert refused(save, Contexts(), tmp_path / "file" / "contexts.toml") == "contexts"


GOOD = 'server = "a:1"\ncertificate = "c"\nkey = "k"\nca = "a"\n'
BAD = {
    "not TOML": "current = ",
    "not UTF-8": b"\xff",
    "unknown key": 'other = "a"\n',
    "current is no text": "current = 1\n",
    "current is not there": f'current = "b"\n[contexts.a]\n{GOOD}',
    "contexts is no table": "contexts = 1\n",
    "a context is no table": "contexts.a = 1\n",
    "unknown name": f"[contexts.A]\n{GOOD}",
    "unknown value": f"[contexts.a]\n{GOOD}colour = 'red'\n",
    "value is no text": f"[contexts.a]\n{GOOD}label_key = 1\n",
    "a value is missing": f"[contexts.a]\n{GOOD.replace('key', 'label_key')}",
    "a path is empty": "[contexts.a]\n" + GOOD.replace('"k"', '""'),
    "no port": "[contexts.a]\n" + GOOD.replace("a:1", "a"),
    "pinned key is none": f"[contexts.a]\n{GOOD}custodian_key = '00'\n",
    "log key is none": f"[contexts.a]\n{GOOD}log_key = '00'\n",
    "witnesses without a log": f"[contexts.a]\n{GOOD}witnesses = '{WITNESS_KEYS}'\n",
    "quorum is no text": f"[contexts.a]\n{GOOD}log_key = '{LOG_KEY}'\nquorum = 0\n",
    "more witnesses needed than pinned": (
        f"[contexts.a]\n{GOOD}log_key = '{LOG_KEY}'\n"
        f"witnesses = '{WITNESS_KEYS}'\nquorum = '3'\n"
    ),
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_any_other_file_is_refused(path, content):
    """A typing error must not unpin a key or drop a context."""
    path.parent.mkdir()
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(0o600)

    with pytest.raises(InvalidInputError):
        load(path)


@pytest.mark.parametrize(
    "server",
    [
        "",
        "host",
        "host:",
        "host:0",
        "host:65536",
        "host:1x",
        ":1",
        "a b:1",
        "https://a:1",
    ],
)
def test_a_server_is_host_and_port(server):
    """Nothing else is an address."""
    assert refused(Profile, server=server, certificate="c", key="k", ca="a") == "server"


@pytest.mark.parametrize("field", ["certificate", "key", "ca"])
def test_every_file_is_named(field):
    """Three paths are needed."""
    values = {"certificate": "c", "key": "k", "ca": "a", field: ""}

    assert refused(Profile, server="a:1", **values) == field


@pytest.mark.parametrize(
    "key",
    ["00", "zz", KEY[:-2], "04" + KEY[2:], "00" * 33],
    ids=["short", "no hex", "cut", "another form", "no point"],
)
def test_a_pinned_key_is_a_key(key):
    """What is no point of the curve pins nothing."""
    got = refused(
        Profile, server="a:1", certificate="c", key="k", ca="a", custodian_key=key
    )

    assert got == "custodian_key"


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("log_key", {"log_key": LOG_KEY[:-1]}),
        ("log_key", {"log_key": "", "quorum": "0"}),
        ("witnesses", {"witnesses": LOG_KEY}),
        ("witnesses", {"witnesses": f"{WITNESS_KEYS} {WITNESS_KEYS}"}),
        ("quorum", {"quorum": "3"}),
        ("quorum", {"quorum": "two"}),
    ],
)
def test_whose_word_on_the_log_counts_is_validated(field, changes):
    """Each field for itself."""
    given = {"log_key": LOG_KEY, "witnesses": WITNESS_KEYS, "quorum": "2"} | changes
    if not given["log_key"]:
        del given["witnesses"]

    assert (
        refused(Profile, server="a:1", certificate="c", key="k", ca="a", **given)
        == field
    )


def test_the_policy_is_read():
    """Log, witnesses, and how many of them; or nothing."""
    policy = replace(
        PROFILE, log_key=LOG_KEY, witnesses=WITNESS_KEYS, quorum="2"
    ).policy()

    assert PROFILE.policy() is None
    assert render_key(policy.log) == LOG_KEY
    assert " ".join(map(render_key, policy.witnesses)) == WITNESS_KEYS
    assert policy.quorum == 2


def test_address_and_key_are_read():
    """Host, port and key come apart."""
    six = Profile(
        server="[::1]:8443", certificate="c", key="k", ca="a", custodian_key=KEY
    )

    assert (PROFILE.host, PROFILE.port) == ("placement.test", 8443)
    assert (six.host, six.port) == ("::1", 8443)
    assert six.pinned().encode().hex() == KEY


def test_the_first_context_is_in_use():
    """Others are used when asked for, by name or for good."""
    other = Profile(server="b:1", certificate="c", key="k", ca="a")
    contexts = Contexts().add("a", PROFILE).add("b", other)

    assert contexts.profile() == PROFILE
    assert contexts.profile("b") == other
    assert contexts.use("b").profile() == other


def test_a_context_that_is_not_there_is_refused():
    """No context is guessed."""
    contexts = Contexts().add("a", PROFILE)

    assert refused(Contexts().profile) == "context"
    assert refused(contexts.profile, "b") == "context"
    assert refused(contexts.use, "b") == "context"
    assert refused(contexts.add, "B", PROFILE) == "name"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"PLACEMENT_CONFIG": "/x/y.toml", "XDG_CONFIG_HOME": "/z"}, "/x/y.toml"),
        ({"XDG_CONFIG_HOME": "/z"}, "/z/placement/contexts.toml"),
        ({"XDG_CONFIG_HOME": "z"}, "/home/me/.config/placement/contexts.toml"),
        ({"PLACEMENT_CONFIG": ""}, "/home/me/.config/placement/contexts.toml"),
    ],
    ids=["own", "xdg", "relative xdg", "home"],
)
def test_where_the_file_lies(monkeypatch, environ, expected):
    """A variable of our own, then the user's folder."""
    monkeypatch.setenv("HOME", "/home/me")

    assert str(contexts_path(environ)) == expected


def test_custodians_without_their_key_are_refused():
    """Nobody could tell whether they are the right ones."""
    pins = {"custodians": f"a.test:1={KEY}"}

    assert refused(replace, PROFILE, **pins) == "custodian_key"
    assert replace(PROFILE, custodian_key=KEY, **pins).pins()[0].address == "a.test:1"


def test_a_key_follows_on_another():
    """Not on none, and not on itself; without one nothing changes."""
    follows = replace(PROFILE, custodian_key=KEY, next_custodian_key=NEXT)
    changed = follows.changed()

    assert PROFILE.next_pins() == ()
    assert [pin.key.encode().hex() for pin in follows.next_pins()] == [NEXT]
    assert (changed.custodian_key, changed.next_custodian_key) == (NEXT, "")
    assert changed.next_pins() == ()
    assert refused(changed.changed) == "next_custodian_key"
    for changes in (
        {"next_custodian_key": NEXT},
        {"custodian_key": KEY, "next_custodian_key": KEY},
        {"custodian_key": KEY, "next_custodians": f"localhost:1={NEXT}"},
        {"custodian_key": KEY, "next_custodian_key": "00"},
    ):
        assert refused(replace, PROFILE, **changes) == "next_custodian_key"
