"""Files that are no sheets are refused, each for its reason, and nothing is guessed."""

import io
import zipfile
from datetime import datetime

import pytest
from openpyxl import Workbook
from placement_client.sheets import cells, files, xlsx_file
from placement_client.sheets.cells import Odd, OddCell
from placement_client.sheets.files import SheetFile, write_sheet

from placement.errors import InvalidInputError

HEAD = "kind,group\n"


def read(path):
    return list(SheetFile.read(path).rows())


def refusal(path):
    with pytest.raises(InvalidInputError) as refused:
        read(path)
    return refused.value.description


def book(path, *rows, sheets=1):
    made = Workbook()
    for row in rows:
        made.active.append(row)
    for _ in range(sheets - 1):
        made.create_sheet()
    made.save(path)
    return path


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\xef\xbb\xbfkind,group\n", "byte order mark"),
        ("kind,group\n".encode("utf-16"), "byte order mark"),
        ("kind,group\nrivalry,Åsen\n".encode("latin-1"), "is not UTF-8"),
        (b"kind;group\n", "something else than commas"),
        (b"kind\tgroup\n", "something else than commas"),
        (b"kind,group\n\0\n", "is no text"),
        (b'kind,group\nrivalry,"open\n', "is no CSV around row 2"),
        (HEAD.encode() + b"," * 70 + b"x\n", "more than 64 columns in row 2"),
    ],
    ids=[
        *("empty", "blank", "bom", "utf16", "latin1", "semicolons", "tabs", "nul"),
        *("quotes", "columns"),
    ],
)
def test_bad_csv(tmp_path, content, why):
    """The reason says what to do; nothing of the file is in it."""
    path = tmp_path / "bad.csv"
    path.write_bytes(content)

    assert why in refusal(path)


def test_csv_cells(tmp_path):
    """Spaces around go, formulas and long cells are marked, blank rows are passed by."""
    path = tmp_path / "good.csv"
    long = "x" * 501
    path.write_text(f'{HEAD}\n rivalry ,=1+1\n,,\n"a\nb",{long}\n-x,+x\n@,\n', "utf-8")

    formula = OddCell(Odd.FORMULA)
    assert read(path)[1:] == [
        (3, ("rivalry", formula)),
        (5, ("a\nb", OddCell(Odd.LONG))),
        (7, (formula, formula)),
        (8, (formula, "")),
    ]


def test_too_many_rows(tmp_path, monkeypatch):
    """Blank ones count, too: a sheet may claim a million of them."""
    monkeypatch.setattr(cells, "MAX_ROWS", 2)
    path = tmp_path / "many.csv"
    path.write_text(HEAD + "\n\n", "utf-8")

    assert "more than 2 rows" in refusal(path)


def test_too_large_a_file(tmp_path):
    """Its size is looked at before its content: a gigabyte costs nothing."""
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(2**30)

    assert "is over 64 MiB" in refusal(path)


@pytest.mark.parametrize(
    "row",
    [b"," * 2_000_000, b'"' + b"x" * 2_000_000, b'"\n",' * 400_000],
    ids=["cells", "quote", "lines"],
)
def test_a_row_without_an_end(tmp_path, row):
    """It is refused before all of it is held as cells."""
    path = tmp_path / "long.csv"
    path.write_bytes(HEAD.encode() + row)

    assert "a row that is too long" in refusal(path)


def test_a_file_that_grows(tmp_path, monkeypatch):
    """What is read is never more than the limit."""
    path = tmp_path / "growing.csv"
    path.write_text(HEAD, "utf-8")
    size = len(HEAD)
    monkeypatch.setattr(files, "MAX_BYTES", size - 1)
    monkeypatch.setattr(files.os, "fstat", lambda _: _Stat(size - 1))

    assert "grew" in refusal(path)


class _Stat:
    st_mode = 0o100600

    def __init__(self, size):
        self.st_size = size


def test_no_file(tmp_path):
    """A folder, a file that is not there, another ending."""
    (tmp_path / "folder.csv").mkdir()

    assert refusal(tmp_path / "none.csv") == "can't be read"
    assert refusal(tmp_path / "folder.csv") == "can't be read"
    assert refusal(tmp_path / "sheet.ods") == "must end in .csv or .xlsx"
    (tmp_path / "device.csv").symlink_to("/dev/null")
    assert refusal(tmp_path / "device.csv") == "is no file"


def test_xlsx_cells(tmp_path):
    """Text is text; numbers, dates and formulas are marked for what they are."""
    row = ("Åsen", 180, 1.5, datetime(2026, 1, 2), "=1+1", True, None, None)  # noqa: DTZ001 (as a workbook has it)
    path = book(tmp_path / "good.xlsx", ("kind", "group"), row)

    assert read(path)[1] == (
        2,
        (
            "Åsen",
            OddCell(Odd.NUMBER, "180"),
            OddCell(Odd.NUMBER, "1.5"),
            OddCell(Odd.DATE, "2026-01-02 00:00:00"),
            OddCell(Odd.FORMULA),
            OddCell(Odd.OTHER, "True"),
        ),
    )


def test_a_workbook_has_one_sheet(tmp_path):
    """Nobody can know which of two is meant."""
    path = book(tmp_path / "two.xlsx", ("kind",), sheets=2)

    assert refusal(path) == "must have exactly one sheet"


def packed(path, *parts, flag=0):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in parts:
            made.writestr(name, text)
    data = bytearray(content.getvalue())
    if flag:  # in the central directory, 8 bytes behind each signature
        at = data.find(b"PK\x01\x02")
        data[at + 8] |= flag
    path.write_bytes(data)
    return path


def test_what_unpacks_to_too_much(tmp_path, monkeypatch):
    """A bomb is refused by what it says of itself, before it is unpacked."""
    path = tmp_path / "bomb.xlsx"
    monkeypatch.setattr(xlsx_file, "MAX_UNPACKED", 1000)
    assert "too much; split" in refusal(packed(path, ("xl/a.xml", "x" * 1001)))
    monkeypatch.setattr(xlsx_file, "MAX_STRINGS", 10)
    strings = ("xl/sharedStrings.xml", "x" * 11)
    assert "too much text" in refusal(packed(path, strings))


@pytest.mark.parametrize(
    ("parts", "flag", "why"),
    [
        ([("a.xml", "<!DOCTYPE x>")], 0, "no workbook"),
        ([("a.xml", "x")], 1, "is encrypted"),
        ([("a.xml", "x")], 0, "no workbook"),
        ([("a.xml", "<x/>")], 0, "no workbook"),
    ],
    ids=["doctype", "encrypted", "text", "other"],
)
def test_no_workbook(tmp_path, parts, flag, why):
    """A ZIP file of something else."""
    assert why in refusal(packed(tmp_path / "bad.xlsx", *parts, flag=flag))


def test_no_zip(tmp_path):
    """A text with the wrong ending."""
    path = tmp_path / "text.xlsx"
    path.write_text(HEAD, "utf-8")

    assert "no workbook" in refusal(path)


def test_a_broken_sheet(tmp_path):
    """A workbook whose sheet ends in the middle."""
    good = book(tmp_path / "good.xlsx", *[("kind",)] * 50)
    bad = tmp_path / "bad.xlsx"
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(bad, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            cut = len(content) // 2 if "sheet1" in name else len(content)
            new.writestr(name, content[:cut])

    assert "no workbook" in refusal(bad)


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_written_and_read_again(tmp_path, ending):
    """Every cell comes back as text; the file is its owner's and never replaced."""
    path = tmp_path / f"out.{ending}"
    rows = [("kind", "group"), ("presence", "0180"), ("rivalry", "Åsen, a")]
    write_sheet(path, rows)

    assert [row for _, row in read(path)] == rows
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(InvalidInputError, match="not valid") as refused:
        write_sheet(path, rows)
    assert refused.value.description == "exists already; it is left alone"
    with pytest.raises(InvalidInputError) as refused:
        write_sheet(tmp_path / "no" / f"out.{ending}", rows)
    assert refused.value.description == "can't be written"
