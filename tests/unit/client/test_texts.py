"""What somebody hands in as a file is bounded, and no error holds any of it."""

import pytest
from placement_client.sheets.mapping import ColumnMap
from placement_client.texts import read_json, read_text

from placement.errors import InvalidInputError

FORM = "must be of a form"


def refused(call, *given, **named):
    """Return why something is refused; nothing that was read stands behind it."""
    with pytest.raises(InvalidInputError) as caught:
        call(*given, **named)

    assert caught.value.__cause__ is caught.value.__context__ is None
    assert caught.value.field == "file"
    return caught.value.description


def test_a_text_is_read(tmp_path):
    """Up to the last byte that it may have; an empty one, too."""
    (tmp_path / "a").write_text("å" * 512, "utf-8")
    (tmp_path / "b").touch()

    assert read_text(tmp_path / "a", field="file", kib=1) == "å" * 512
    assert read_text(tmp_path / "b", field="file", kib=1) == ""


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"x" * 1025, "is larger than 1 KiB"),
        (b"\xef\xbb\xbf{}", "begins with a byte order mark; save it without"),
        ("{}".encode("utf-16"), "begins with a byte order mark; save it without"),
        ("å".encode("latin-1"), "is not UTF-8"),
    ],
)
def test_a_text_that_is_none(tmp_path, content, why):
    """Each for what it is."""
    (tmp_path / "a").write_bytes(content)

    assert refused(read_text, tmp_path / "a", field="file", kib=1) == why


def test_a_file_that_is_not_there(tmp_path):
    """Or that is a folder."""
    for path in (tmp_path / "none", tmp_path):
        assert refused(read_text, path, field="file", kib=1) == "can't be read"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": 1, "a": 1}', "has one key twice in one object"),
        ('{"a": [{"b": 1, "b": 2}]}', "has one key twice in one object"),
        ('{"a": 1, "a": 1}]', "has one key twice in one object"),
        ('{"a": NaN}', FORM),
        ("null", FORM),
        ("[" * 100_000, FORM),
        ("", f"{FORM}; line 1 can't be read"),
        ('{"a":\n1,}', f"{FORM}; line 2 can't be read"),
    ],
)
def test_json_that_is_none(text, why):
    """A key that stands twice is told, since nobody can know which is meant."""
    assert refused(read_json, text, field="file", form=FORM) == why


def test_json_is_read():
    """One key in two objects is none twice."""
    data = read_json('{"a": {"b": 1}, "b": 2}', field="file", form=FORM)

    assert data == {"a": {"b": 1}, "b": 2}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'{"columns": {"Grupp": "group", "Grupp": "other"}}', "one key twice"),
        (b'\xef\xbb\xbf{"columns": {}}', "byte order mark"),
        (b" " * 65 * 1024, "larger than 64 KiB"),
    ],
)
def test_a_mapping_is_read_in_this_way(tmp_path, content, why):
    """The last of two equal headings would win, and nobody would see it."""
    (tmp_path / "map.json").write_bytes(content)
    with pytest.raises(InvalidInputError) as caught:
        ColumnMap.read(tmp_path / "map.json")

    assert caught.value.field == "map"
    assert why in caught.value.description
