"""A workbook that would take much memory is refused before it is read."""

import tracemalloc
import zipfile

import pytest
from openpyxl import Workbook
from placement_client.sheets import cells, xlsx_file, xml_scan
from placement_client.sheets.files import SheetFile

from placement.errors import InvalidInputError

MIB = 1024 * 1024
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
ROW = '<row><c t="inlineStr"><is><t>kind</t></is></c></row>'


def book(path, *, rows="", styles="", beside=(), strings=""):
    """Write a workbook of which some parts hold something else."""
    plain = path.with_suffix(".plain.xlsx")
    Workbook().save(plain)
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
    with (
        zipfile.ZipFile(plain) as old,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            content = sheet if "sheet1" in name else old.read(name).decode()
            new.writestr(name, content.replace("</cellXfs>", f"{styles}</cellXfs>"))
        for name, content in beside:
            new.writestr(name, content)
        if strings:
            new.writestr("xl/sharedStrings.xml", f'<sst xmlns="{MAIN}">{strings}</sst>')
    return path


def refusal(path):
    with pytest.raises(InvalidInputError) as refused:
        list(SheetFile.read(path).rows())
    return refused.value.description


@pytest.mark.parametrize(
    "parts",
    [
        {"rows": f"<row>{'<c><v>1</v></c>' * 300_000}</row>"},
        {"rows": "<row/>" * 1_000_000},
        {"rows": "<other/>" * 600_000},
        {"rows": "<other>" * 600_000},
        {"rows": f"<row><c><v>{'1' * 5 * MIB}</v></c></row>"},
        {"strings": "<si/>" * 600_000},
        {"styles": "<xf/>" * 300_000},
    ],
    ids=["cells", "rows", "others", "depth", "text", "strings", "styles"],
)
def test_what_would_take_much_memory(tmp_path, parts):
    """Some kilobytes of file."""
    path = book(tmp_path / "bomb.xlsx", **parts)

    assert refusal(path).startswith(("has more than rows", "has too much beside"))
    assert path.stat().st_size < 100_000


@pytest.mark.slow
def test_looking_takes_little_memory(tmp_path):
    """Whatever is found: a part is never held whole."""
    path = book(tmp_path / "bomb.xlsx", rows=f"<row>{'<c/>' * 600_000}</row>")
    tracemalloc.start()
    why = refusal(path)
    took = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert why.startswith("has more than rows")
    assert took < MIB


def test_a_row_at_the_end_of_the_world(tmp_path, monkeypatch):
    """The rows before it are blank, and there are too many of them."""
    monkeypatch.setattr(cells, "MAX_ROWS", 2000)
    path = book(tmp_path / "far.xlsx", rows=f"{ROW}<row r='1048576'/>")

    assert "more than 2000 rows" in refusal(path)


def test_what_a_reader_lets_go_is_not_held(tmp_path, monkeypatch):
    """A sheet may be as long as it likes to be, if its rows are short."""
    monkeypatch.setattr(xml_scan, "MAX_HELD", 1100)
    path = book(tmp_path / "long.xlsx", rows=ROW * 1000)

    assert len(list(SheetFile.read(path).rows())) == 1000


@pytest.mark.parametrize("before", ["", f"<!-- {'x' * 9000} -->"])
def test_no_part_has_a_document_type(tmp_path, before):
    """Wherever it stands: entities could grow."""
    bomb = f'{before}<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'
    path = book(tmp_path / "bomb.xlsx", beside=[("xl/more.xml", bomb)])

    assert "no workbook" in refusal(path)


def test_pictures_are_not_looked_at(tmp_path):
    """They are no XML, and never read."""
    beside = [("xl/media/image1.png", bytes(2 * MIB))]
    path = book(tmp_path / "picture.xlsx", rows=ROW, beside=beside)

    assert [row for _, row in SheetFile.read(path).rows()] == [("kind",)]


def test_a_size_that_is_a_lie(tmp_path):
    """No more is unpacked than was said, and then it is no workbook."""
    path = book(tmp_path / "lie.xlsx", rows=ROW + "<row/>" * 100_000)
    data = bytearray(path.read_bytes())
    at = data.rfind(b"xl/worksheets/sheet1.xml") - 46  # its entry in the directory
    assert data[at : at + 4] == b"PK\x01\x02"
    data[at + 24 : at + 28] = (200).to_bytes(4, "little")
    path.write_bytes(data)

    assert "no workbook" in refusal(path)


def test_a_damaged_part(tmp_path):
    """What does not unpack is no workbook."""
    path = book(tmp_path / "damaged.xlsx", rows=ROW * 5000)
    data = bytearray(path.read_bytes())
    at = data.find(b"xl/worksheets/sheet1.xml") + 60
    data[at : at + 8] = bytes(8)
    path.write_bytes(data)

    assert "no workbook" in refusal(path)


def test_a_row_that_makes_no_sense(tmp_path):
    """XML, but of no workbook: a text that is not there."""
    path = book(tmp_path / "bad.xlsx", rows='<row><c t="s"><v>99</v></c></row>')

    assert "no workbook" in refusal(path)


def test_limits_stand_together():
    """What may be held in memory is a part of what may be unpacked."""
    assert xlsx_file.MAX_BESIDE < xlsx_file.MAX_STRINGS < xlsx_file.MAX_UNPACKED
