"""No label key is let go before another file holds it."""

from pathlib import Path

import pytest
from placement_client.label_files import LabelFiles
from placement_client.labels import LabelKey, create_label_key

from placement.errors import InvalidInputError

SECRET = b"s" * 32


@pytest.fixture
def files(tmp_path):
    """A context whose label key is there."""
    create_label_key(tmp_path / "label.key")
    return LabelFiles(tmp_path / "label.key")


def ids(files):
    return [key.id for key in files.read()]


def beside(files):
    return sorted(path.name for path in files.path.parent.iterdir())


def test_the_next_key_lies_beside_the_one_in_force(files):
    """Both are read, that of the context first; both are their owner's alone."""
    (old,) = ids(files)
    new = files.draw_next()

    assert ids(files) == [old, new.id]
    assert beside(files) == ["label.key", "label.key.next"]
    assert {path.stat().st_mode & 0o777 for path in files.path.parent.iterdir()} == {
        0o600
    }


def test_a_draft_gives_way_to_another(files):
    """One that was never told to the service is nothing."""
    first, second = files.draw_next(), files.draw_next()

    assert first.id != second.id
    assert ids(files)[1:] == [second.id]


def test_secrets_are_found_by_id(files):
    """To hand them over; what is not there is refused."""
    new = files.draw_next()

    assert LabelKey(files.secret(new.id)).id == new.id
    assert LabelKey(files.secret(ids(files)[0])).id == ids(files)[0]
    with pytest.raises(InvalidInputError):
        files.secret(bytes(16))


def test_the_first_key_is_the_contexts(tmp_path):
    """There is no other that it could come next to."""
    files = LabelFiles(tmp_path / "label.key")
    with pytest.raises(InvalidInputError):
        files.read()
    key = files.keep(SECRET)

    assert (ids(files), beside(files)) == ([key.id], ["label.key"])


def test_a_known_key_is_not_kept_twice(files):
    """Neither as the next one nor anew."""
    before = files.path.read_bytes()
    files.keep(files.secret(ids(files)[0]))

    assert files.path.read_bytes() == before
    assert beside(files) == ["label.key"]


def test_the_next_key_comes_into_force(files):
    """The one before is kept, and nothing moves again."""
    (old,), new = ids(files), files.keep(SECRET)
    files.settle(old)
    waits = ids(files)
    files.settle(new.id)
    files.settle(new.id)

    assert waits == [old, new.id]
    assert ids(files) == [new.id]
    assert beside(files) == ["label.key", "label.key.old"]
    assert LabelKey.read(files.path.with_name("label.key.old")).id == old


def test_a_machine_that_stops_in_between_goes_on(files, monkeypatch):
    """The file of the context is away; the next key is found all the same."""
    new = files.keep(SECRET)
    real = Path.replace

    def stopping(self, target):
        if self.name.endswith(".next"):
            raise KeyboardInterrupt
        return real(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", stopping)
        with pytest.raises(KeyboardInterrupt):
            files.settle(new.id)

    assert ids(files) == [new.id]
    files.settle(new.id)
    assert beside(files) == ["label.key", "label.key.old"]


@pytest.mark.parametrize("step", ["draw", "settle"])
def test_a_folder_that_takes_nothing_is_an_answer(files, monkeypatch, step):
    """Nothing is left of the attempt."""
    new = files.keep(SECRET)

    def full(self, target):
        raise OSError

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(InvalidInputError) as caught:
        files.draw_next() if step == "draw" else files.settle(new.id)

    assert caught.value.field == "label_key"
    assert beside(files) == ["label.key", "label.key.next"]


def test_a_key_open_to_others_is_refused(files):
    """The next one as well."""
    files.draw_next()
    path = files.path.with_name("label.key.next")
    path.chmod(0o644)
    for ask in (files.read, lambda: files.settle(bytes(16))):
        with pytest.raises(InvalidInputError):
            ask()
