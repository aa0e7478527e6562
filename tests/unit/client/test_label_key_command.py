"""The label key goes from one coordinator to another, and to nobody else."""

import pytest
from kit.keyholders import NAMES, coordinators, files, names


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    with coordinators(tmp_path_factory.mktemp("keys")) as here:
        yield here


def test_a_new_coordinator_lists_all_names(tmp_path):
    """Published, handed over, fetched; the context keeps the key from then on."""
    with coordinators(tmp_path) as here:
        refused = here.new("group", "list", code=2)
        published = here.new("label-key", "publish")
        handed = here.first("label-key", "hand-over", "co-03")
        fetched = here.new("label-key", "fetch")
        (key,) = files(here.first).read()
        shown = names(here.new)

    assert refused["error"]["field"] == "label_key"
    assert published["person"] == handed["person"] == "nord/co-03"
    assert handed["key_ids"] == [key.id.hex()]
    assert fetched["keys"] == [{"key_id": key.id.hex(), "from": "syd/co-01"}]
    assert shown == sorted(NAMES)
    assert files(here.new).path.stat().st_mode & 0o777 == 0o600
    (exchange,) = here.new.folder.glob("exchange-here.key")
    assert exchange.stat().st_mode & 0o777 == 0o600


def test_fetching_again_is_harmless(here):
    """What lies ready is the key that is there."""
    here.admitted(here.new, "nord/co-03")
    before = files(here.new).path.read_bytes()
    again = here.new("label-key", "fetch")

    assert len(again["keys"]) == 1
    assert files(here.new).path.read_bytes() == before
    assert [each.name for each in files(here.new).path.parent.glob("*.next")] == []


def test_nothing_lies_ready_for_others(here):
    """Whoever published gets what was handed to them, and nothing else."""
    here.second("label-key", "publish")
    here.new("label-key", "publish")
    here.first("label-key", "hand-over", "nord/co-03")
    got = here.second("label-key", "fetch")

    assert got["keys"] == []
    assert here.second("group", "list", code=2)["error"]["field"] == "label_key"


def test_without_an_exchange_key_nothing_is_fetched(tmp_path):
    """It has to be made and published before."""
    with coordinators(tmp_path) as here:
        got = here.second("label-key", "fetch", code=2)

    assert got["error"]["field"] == "exchange_key"


@pytest.mark.parametrize("person", ["co-99", "syd/co-03", "nord"])
def test_nothing_is_handed_to_nobody(here, person):
    """A person is named by id, or by region and id."""
    got = here.first("label-key", "hand-over", person, code=2)

    assert got["error"]["field"] == "person"


def test_what_is_known_is_shown(here):
    """Which key is in force, which are here, and whose exchange keys verify."""
    here.admitted(here.new, "nord/co-03")
    (key,) = files(here.first).read()
    got = here.first("label-key", "show")
    other = here.second("label-key", "show")

    assert (got["key_id"], got["here"]) == (key.id.hex(), [key.id.hex()])
    assert got["rotation"] is None
    assert {"person": "nord/co-03", "verified": True} in got["persons"]
    assert other["key_id"] == key.id.hex()


def test_a_key_file_that_others_can_read_is_refused(here):
    """Whoever reads it could open every letter."""
    here.new("label-key", "publish")
    path = here.new.folder / "exchange-here.key"
    path.chmod(0o644)
    got = here.new("label-key", "fetch", code=2)
    path.chmod(0o600)

    assert got["error"]["field"] == "exchange_key"


def test_a_log_has_to_be_pinned(here, monkeypatch):
    """A letter is for one store; without its origin it would be for any."""
    path = here.second.folder / "contexts.toml"
    before = path.read_text()
    lines = [line for line in before.splitlines() if not line.startswith("log_key")]
    path.write_text("\n".join(lines))
    got = here.second("label-key", "publish", code=2)
    path.write_text(before)

    assert got["error"]["field"] == "log_key"
