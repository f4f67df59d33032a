import bz2
import contextlib
import gzip
import io
import lzma
import os
import random
import threading
import unicodedata
from collections.abc import Callable
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gdcore.rows import dataset, files, layout, reader
from gdcore.rows.dataset import Dataset, DatasetError, Origin, load, shipped
from gdcore.rows.files import Cancelled, Progress

SKIP = "correct it or skip bad rows"
UNCLOSED = "a quote is opened and not closed where its field ends; close it or skip bad rows"
ONE_COLUMN = "t.csv has only one column; it needs two, separated by a comma, a semicolon, a tab or white space"


def write(folder: Path, content: str | bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def fault(*args: Any, **options: Any) -> str:
    with pytest.raises(DatasetError) as caught:
        load(*args, **options)
    return str(caught.value)


def load_slowly(path: Path, **options: Any) -> Dataset:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "read_fast", lambda *_: None)
        patch.setattr(dataset, "_read_by_path", lambda *_: None)
        return load(path, **options)


def load_in_blocks(path: Path, block: int, **options: Any) -> Dataset:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "BLOCK", block)
        patch.setattr(reader, "_FEW_LINES", 1)
        patch.setattr(reader, "_FEW_BYTES", 3)
        return load(path, **options)


GOOD: dict[str, tuple[str, list[float], list[float], tuple[str, ...]]] = {
    "comma": ("x,y\n1,2\n3,4\n", [1, 3], [2, 4], ("x", "y")),
    "semicolon": ("x;y\n1;2\n3;4\n", [1, 3], [2, 4], ("x", "y")),
    "tab": ("x\ty\n1\t2\n3\t4\n", [1, 3], [2, 4], ("x", "y")),
    "white space": ("x  y\n 1    2\n3 4  \n", [1, 3], [2, 4], ("x", "y")),
    "no header": ("1,2\n3,4\n", [1, 3], [2, 4], ("x1", "y1")),
    "no header, five columns": ("1,2,3,4,5\n6,7,8,9,10\n", [1, 6], [2, 7], ("x1", "y1", "x2", "y2", "x3")),
    "no end of line at the end": ("1,2\n3,4", [1, 3], [2, 4], ("x1", "y1")),
    "empty names": ("a,,\n1,2,3\n3,4,5\n", [1, 3], [2, 4], ("a", "y1", "x2")),
    "all kinds of numbers": ("1e-3,+4\n.5,5.\n-2E+2,-0\n", [1e-3, 0.5, -200], [4, 5, 0], ("x1", "y1")),
    "the largest number": ("1e150,-1e150\n1,2\n", [1e150, 1], [-1e150, 2], ("x1", "y1")),
    "a number too small": ("1e-999,1\n1,2\n", [0, 1], [1, 2], ("x1", "y1")),
    "x never changes": ("1,2\n1,3\n", [1, 1], [2, 3], ("x1", "y1")),
    "byte order mark": ("\ufeffx,y\n1,2\n3,4\n", [1, 3], [2, 4], ("x", "y")),
    "byte order mark, no header": ("\ufeff1,2\n3,4\n", [1, 3], [2, 4], ("x1", "y1")),
    "CRLF": ("x,y\r\n1,2\r\n\r\n3,4\r\n", [1, 3], [2, 4], ("x", "y")),
    "CR": ("x,y\r1,2\r3,4\r", [1, 3], [2, 4], ("x", "y")),
    "blank lines": ("\n \nx,y\n\n1,2\n  \n3,4\n\n", [1, 3], [2, 4], ("x", "y")),
    "comments": ("# a, b\nx,y # c\n1,2#d\n  # 5,6\n3,4 # 7\n", [1, 3], [2, 4], ("x", "y")),
    "space around commas": (" x , y \n 1 ,\t2\n3,  4\n", [1, 3], [2, 4], ("x", "y")),
    "tab after commas": ("1,\t2\n3,\t4\n", [1, 3], [2, 4], ("x1", "y1")),
    "space around tabs": ("x \t y\n1 \t 2\n3\t 4\n", [1, 3], [2, 4], ("x", "y")),
    "several tabs": ("Rooms\tPrice\n13\t\t33\n100\t5\n", [13, 100], [33, 5], ("Rooms", "Price")),
    "several tabs everywhere": ("13\t\t33\n1\t\t2\n", [13, 1], [33, 2], ("x1", "y1")),
    "empty field between tabs": ("1\t2\t\t4\n5\t6\t7\t8\n9\t1\t2\t3\n", [1, 5, 9], [2, 6, 1], ("x1", "y1", "x2", "y2")),
    "quoted names": ('"Speed, mph","say ""hi"" # 1"\n1,2\n3,4\n', [1, 3], [2, 4], ("Speed, mph", 'say "hi" # 1')),
    "quoted values": ('x,y\n"1","2"\n "3" ,"4"\n', [1, 3], [2, 4], ("x", "y")),
    "quotes and white space": ('"my x" "my y"\n"1" 2\n3 "4" # "c"\n', [1, 3], [2, 4], ("my x", "my y")),
    "quotes and tabs": ('"my x"\t"my\ty"\n1\t2\n3\t4\n', [1, 3], [2, 4], ("my x", "my\\ty")),
    "an inch is no quote": ('pipe,x,y\n5" a,1,2\n6" b,3,4\n', [1, 3], [2, 4], ("pipe", "x", "y")),
    "quoted text after numbers": ('n,x,y\na,1,2\n"b,9,9",3,4\n', [1, 3], [2, 4], ("n", "x", "y")),
    "text first": ("name,x,y\nAnn,1,2\nBob,3,4\n", [1, 3], [2, 4], ("name", "x", "y")),
    "trailing commas": ("x,y,\n1,2,\n3,4,\n", [1, 3], [2, 4], ("x", "y", "x2")),
    "commas past the end": ("x,y\n1,2,,\n3,4\n", [1, 3], [2, 4], ("x", "y")),
    "short rows, not where it matters": ("x,y,z\n1,2,3\n3,4\n", [1, 3], [2, 4], ("x", "y", "z")),
    "harmful names": ("\x1b[2J,\u202ey\n1,2\n3,4\n", [1, 3], [2, 4], (r"\x1b[2J", r"\u202ey")),
    "other ends of lines are white space": ("1,2\x0b\n3,\x854\n", [1, 3], [2, 4], ("x1", "y1")),
}


@pytest.mark.parametrize(("content", "x", "y", "columns"), GOOD.values(), ids=GOOD)
def test_good_file(tmp_path: Path, content: str, x: list[float], y: list[float], columns: tuple[str, ...]) -> None:
    path = write(tmp_path, content)
    for data in (load(path), load_slowly(path), load_in_blocks(path, 5)):
        assert data.x.tolist() == x
        assert data.y.tolist() == y
        assert data.columns == columns
        assert (data.name, data.path, data.skipped, data.first_skipped) == ("t.csv", path, 0, "")


BAD: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "t.csv is empty; it needs two columns of numbers"),
    "comments alone": ("# x\n\n", "t.csv is empty; it needs two columns of numbers"),
    "byte order mark alone": ("\ufeff", "t.csv is empty; it needs two columns of numbers"),
    "header alone": ("x,y\n", "t.csv has a header and no rows; add at least two rows of numbers"),
    "one row": ("x,y\n1,2\n", "t.csv has only 1 row of numbers; add rows until there are two or more"),
    "one row, no header": ("1,2\n", "t.csv has only 1 row of numbers; add rows until there are two or more"),
    "one column": ("1\n2\n", ONE_COLUMN),
    "one column with a name": ("x\n1\n2\n", ONE_COLUMN),
    "one column of numbers": ("n,x\na,1\nb,2\n", 't.csv has only one column of numbers, "x"; it needs two'),
    "no column of numbers": ("a,b\nc,d\ne,f\n", "t.csv has no column of numbers; it needs two"),
    "a word": ("x,y\n1,2\n3,abc\n", f't.csv, line 3, column "y": "abc" is not a number; {SKIP}'),
    "a word in the first row": ("abc,3\n1,2\n3,4\n", f't.csv, line 1, column "x1": "abc" is not a number; {SKIP}'),
    "lines are counted": (
        "# c\r\n\r\nx,y\r\n1,2\r\n#\r\n3,?\r\n",
        f't.csv, line 6, column "y": "?" is not a number; {SKIP}',
    ),
    "decimal comma": (
        "x;y\n1,5;2,5\n3,5;4,5\n",
        't.csv, line 2, column "x": "1,5" is not a number; write a decimal point, not a comma',
    ),
    "thousands": (
        'x,y\n"1,000","2"\n3,4\n',
        't.csv, line 2, column "x": "1,000" is not a number; write thousands without commas, and a decimal point for a '
        "comma",
    ),
    "decimal comma, white space": (
        "1,5 2,5\n3,5 4,5\n",
        't.csv, line 1, column "x1": "1,5" is not a number; write a decimal point, not a comma',
    ),
    "decimal comma, tab, header": (
        "x\ty\n1\t2\n3,5\t4\n",
        't.csv, line 3, column "x": "3,5" is not a number; write a decimal point, not a comma',
    ),
    "blanks between thousands": (
        "1 000;2 000\n3 000;4 000\n",
        f't.csv, line 1, column "x1": "1 000" is not a number; {SKIP}',
    ),
    "hex": ("x,y\n0x10,2\n1,2\n", f't.csv, line 2, column "x": "0x10" is not a number; {SKIP}'),
    "underscore": ("1_000,2\n1,2\n", f't.csv, line 1, column "x1": "1_000" is not a number; {SKIP}'),
    "other digits": ("x,y\n1,٣\n1,2\n", f't.csv, line 2, column "y": "٣" is not a number; {SKIP}'),
    "missing field": (
        "x,y\n1,2\n3\n",
        't.csv, line 3, column "y": the number is missing; write it or skip bad rows',
    ),
    "empty field": (
        "x,y\n1,2\n,4\n",
        't.csv, line 3, column "x": the number is missing; write it or skip bad rows',
    ),
    "missing field, white space": (
        "1 2\n3\n",
        't.csv, line 2, column "y1": the number is missing; write it or skip bad rows',
    ),
    "nan": ("x,y\n1,2\n3,NaN\n", f't.csv, line 3, column "y": "NaN" is not a finite number; {SKIP}'),
    "nan in the first row": ("nan,1\n3,4\n", f't.csv, line 1, column "x1": "nan" is not a finite number; {SKIP}'),
    "infinity": ("x,y\n1,2\n-inf,4\n", f't.csv, line 3, column "x": "-inf" is not a finite number; {SKIP}'),
    "too large": (
        "x,y\n1,2\n3,1e151\n",
        't.csv, line 3, column "y": "1e151" is too large, its square overflows;'
        " use a larger unit, so that it is below 1e+150",
    ),
    "past the range": (
        "x,y\n1,2\n3,-1e999\n",
        't.csv, line 3, column "y": "-1e999" is too large, its square overflows;'
        " use a larger unit, so that it is below 1e+150",
    ),
    "too many fields": (
        "x,y\n1,2\n3,4,5\n",
        "t.csv, line 3: there are 3 fields for 2 columns; correct the line or skip bad rows",
    ),
    "too many fields, three columns": (
        "x,y,z\n1,2,3\n3,4,5,6\n",
        "t.csv, line 3: there are 4 fields for 3 columns; correct the line or skip bad rows",
    ),
    "too many fields, three columns, white space": (
        "x y z\n1 2 3\n3 4 5 6\n",
        "t.csv, line 3: there are 4 fields for 3 columns; correct the line or skip bad rows",
    ),
    "a title": (
        "My data\nx,y\n1,2\n3,4\n",
        "t.csv, line 1: the header has 1 name for rows of 2 fields;"
        " name every column, or begin a line that is no header with #",
    ),
    "names of several words": (
        "my x my y\n1 2\n3 4\n",
        "t.csv, line 1: the header has 4 names for rows of 2 fields; put quotes round a name of several words",
    ),
    "a quote does not span lines": (
        'n,x,y\n"a\nb",1,2\nc,3,4\n',
        f"t.csv, line 2: {UNCLOSED}",
    ),
    "a quote in the header without its end": ('"x,y\n1,2\n3,4\n', f"t.csv, line 1: {UNCLOSED}"),
    "a quote without its end": ('x,y\n1,2\n3,4\n"5,6\n', f"t.csv, line 4: {UNCLOSED}"),
    "a quote without its end, in another column": ('n,x,y\na,1,2\n"b,3,4\n', f"t.csv, line 3: {UNCLOSED}"),
    "more after the end of a quote": ('n,x,y\na,1,2\n"b"c,3,4\n', f"t.csv, line 3: {UNCLOSED}"),
    "binary": (b"x,y\n1,2\n\0\n", "t.csv is a binary file; save it as plain text (CSV)"),
    "UTF-16": ("x,y\n1,2\n".encode("utf-16"), "t.csv is text in UTF-16; save it as UTF-8"),
    "not UTF-8": (
        b"x,y\n1,2\n3,4 # caf\xe9\n",
        "t.csv, line 3: the byte 0xe9 is not UTF-8; save the file as UTF-8",
    ),
    "a harmful word": ("x,y\n1,2\n3,\x1b[2J\n", rf't.csv, line 3, column "y": "\x1b[2J" is not a number; {SKIP}'),
}


@pytest.mark.parametrize(("content", "sentence"), BAD.values(), ids=BAD)
def test_bad_file(tmp_path: Path, content: str | bytes, sentence: str) -> None:
    assert fault(write(tmp_path, content)) == sentence


@pytest.mark.parametrize("row", ["3,abc", "3", "3,4,5", "3,nan", "3,1e200", '"3\n"\n', "3,4 \udce9"])
def test_a_fault_far_below_the_sample_is_found_too(tmp_path: Path, row: str) -> None:
    content = ("x,y\n" + "1,2\n" * 2000 + row + "\n").encode("utf-8", "surrogateescape")
    assert fault(write(tmp_path, content)).startswith("t.csv, line 2002")


@pytest.mark.parametrize("row", ["3,4,,5", '"3,4,5",1,2', "3,4,\0"])
def test_a_fault_in_a_column_that_is_not_read(tmp_path: Path, row: str) -> None:
    path = write(tmp_path, "x,y,z\n" + "1,2,3\n" * 200_000 + row + "\n")
    assert fault(path).startswith("t.csv")


# Paths


@pytest.mark.parametrize("name", ["", "nowhere.csv", "a\0b", "no\ud800", "~nobody-of-this-name/x", "./pizza"])
def test_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    shown = name.replace("\0", r"\x00").replace("\ud800", r"\ud800")
    expected = f'there is no file "{shown}"; check its name, or use a shipped data set: {", ".join(shipped())}'
    assert fault(name) == expected


def test_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert fault(".") == '"." is a folder; name a file in it'
    assert fault(tmp_path).endswith("is a folder; name a file in it")


def test_other_paths_that_cannot_be_read(tmp_path: Path) -> None:
    assert "file name too long; check its name and where it is" in fault("a" * 5000)
    assert "not a directory; check its name and where it is" in fault(write(tmp_path, "1,2") / "x")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (PermissionError(13, "Permission denied"), "permission denied; change its permissions, or copy it"),
        (OSError(5, "Input/output error"), "input/output error; check its name and where it is"),
        (OSError("?"), "the system gives no reason; check its name and where it is"),
    ],
)
def test_the_system_refuses(monkeypatch: pytest.MonkeyPatch, error: OSError, sentence: str) -> None:
    def refuse(*_: object, **__: object) -> io.BytesIO:
        raise error

    monkeypatch.setattr(Path, "open", refuse)
    assert fault("t.csv") == f'"t.csv" cannot be read: {sentence}'


def test_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "1,2\n3,4\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load("~/t.csv").path == tmp_path / "t.csv"


def test_a_harmful_file_name(tmp_path: Path) -> None:
    path = write(tmp_path, "1,2\n3,4\n", "\x1b[2J.csv")
    assert load(path).name == r"\x1b[2J.csv"
    assert r"\x1b[2J.csv, line 2" in fault(write(tmp_path, "1,2\n3,\n", "\x1b[2J.csv"))


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lambda data: lzma.compress(data, preset=0),
}


@pytest.mark.parametrize("suffix", PACKERS)
@pytest.mark.parametrize("name", ["t.csv.{}", "packed"])
def test_packed_text(tmp_path: Path, suffix: str, name: str) -> None:
    table = b"x,y\n" + b"".join(b"%d,%d\n" % (i, 3 * i) for i in range(100_000))
    data = load(write(tmp_path, PACKERS[suffix](table), name.format(suffix)))
    assert data.x.tolist() == list(range(100_000))
    assert data.y[-1] == 3 * 99_999


def test_packed_by_zstd(tmp_path: Path) -> None:
    zstd = pytest.importorskip("zstandard")
    assert load(write(tmp_path, zstd.compress(b"x,y\n1,2\n3,4\n"), "t.csv.zst")).y.tolist() == [2, 4]


def test_packed_by_zstd_where_python_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(files, "import_module", refuse)
    sentence = "t.zst is packed by zstd, which this Python cannot read; pip install zstandard, or use gzip"
    assert fault(write(tmp_path, b"\x28\xb5\x2f\xfd....", "t.zst")) == sentence


@pytest.mark.parametrize("suffix", PACKERS)
def test_packed_text_that_breaks_off(tmp_path: Path, suffix: str) -> None:
    whole = PACKERS[suffix](random.Random(0).randbytes(2000).hex().encode() + b",2\n3,4\n")
    assert fault(write(tmp_path, whole[:700], "t")).startswith("t is damaged: its ")
    assert fault(write(tmp_path, whole[:20] + b"?" * 700, "t")).startswith("t is damaged: its ")


@pytest.mark.parametrize("mark", [b"PAR1", b"ARROW1\0\0"])
def test_what_the_extra_reads(tmp_path: Path, mark: bytes) -> None:
    assert fault(write(tmp_path, mark + b"....", "t")).endswith("or install what reads it: pip install 'gdlab[data]'")


@pytest.mark.parametrize("suffix", ["gz", "bz2", "xz"])
def test_text_in_a_file_called_compressed(tmp_path: Path, suffix: str) -> None:
    assert load(write(tmp_path, "1,2\n3,4\n", f"t.{suffix}")).y.tolist() == [2, 4]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")
@pytest.mark.parametrize("content", ["x,y\n1,2\n3,4\n", 'x,y\n"1",2\n3,4\n'])
def test_fifo(tmp_path: Path, content: str) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=(content,), daemon=True)
    writer.start()
    data = load(path)
    writer.join()
    assert (data.name, data.x.tolist(), data.y.tolist()) == ("pipe", [1, 3], [2, 4])


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no /dev/zero here")
def test_an_endless_file() -> None:
    assert fault("/dev/zero") == "zero is a device and has no end; name a file"


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="there is no /dev/null here")
def test_a_device() -> None:
    assert fault("/dev/null") == "null is a device and has no end; name a file"


class Standard(io.TextIOWrapper):
    """Standard input, with these bytes in a pipe."""

    def __init__(self, content: bytes) -> None:
        ours, theirs = os.pipe()
        self.writer = threading.Thread(target=self._write, args=(theirs, content), daemon=True)
        self.writer.start()
        super().__init__(os.fdopen(ours, "rb"))

    def _write(self, file: int, content: bytes) -> None:
        with contextlib.suppress(BrokenPipeError), os.fdopen(file, "wb") as pipe:
            pipe.write(content)


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
def test_standard_input_is_read_once(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    content = b"x,y\n" + b"1,2\n" * 600_000
    with Standard(content) as pipe:
        monkeypatch.setattr("sys.stdin", pipe)
        data = load(name)
        assert not pipe.buffer.read(), "all of it was taken"
    assert (data.name, len(data.x), data.y.sum()) == ("standard input", 600_000, 1_200_000)


def test_standard_input_that_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    assert fault("-") == "there is no standard input to read from; name a file"


def test_a_pipe_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_ENDLESS", 3_000_000)
    with Standard(b"1,2\n" * 1_000_000) as pipe:
        monkeypatch.setattr("sys.stdin", pipe)
        assert fault("-").startswith("standard input has no end after ")


def test_a_line_without_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_LONGEST_LINE", 1 << 20)
    assert "has a line of more than 16 MB" in fault(write(tmp_path, b"1" * 3_000_000))


# Files that change


@pytest.mark.parametrize(
    ("change", "how"), [(lambda path: os.truncate(path, 9), "became shorter"), (os.utime, "changed")]
)
@pytest.mark.parametrize("rows", [1_000_000, 60])
def test_a_file_that_changes_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None], how: str, rows: int
) -> None:
    path = write(tmp_path, "1,2\n" * rows)
    os.utime(path, (1, 1))
    choose = layout.Layout.choose

    def chosen(*args: Any) -> tuple[int, int]:
        change(path)
        return choose(*args)

    monkeypatch.setattr(layout.Layout, "choose", chosen)
    assert fault(path) == f"t.csv {how} while it was read; load it again when it is complete"


# Several files as one


def test_a_pattern(tmp_path: Path) -> None:
    write(tmp_path, "x,y\n5,6\n", "b.csv")
    write(tmp_path, gzip.compress(b"y;x\n2;1\n4;3\n"), "a.csv")
    write(tmp_path, "no table", "c.txt")
    data = load(tmp_path / "*.csv")
    assert (data.name, data.path, data.columns) == ("*.csv", None, ("y", "x"))
    assert (data.x_name, data.x.tolist(), data.y.tolist()) == ("y", [2, 4, 6], [1, 3, 5])
    assert data.origin == Origin((str(tmp_path / "*.csv"),))
    assert load(tmp_path / "a*.csv").path == tmp_path / "a.csv"


def test_several_files(tmp_path: Path) -> None:
    paths = [write(tmp_path, f"{i},2\n3,4\n", f"{i}.csv") for i in (7, 8, 9)]
    data = load(paths)
    assert (data.name, data.x.tolist()) == ("7.csv and 2 more", [7, 3, 8, 3, 9, 3])
    assert data.origin == Origin(tuple(map(str, paths)))


@pytest.mark.parametrize(
    ("first", "second", "sentence"),
    [
        ("x,y\n1,2\n", "x,z\n1,2\n", 'b.csv has no column "y", which a.csv has; '),
        ("x,y\n1,2\n", "1,2\n", "b.csv does not go with a.csv, which has a header and 2 columns; "),
        ("1,2\n", "1,2,3\n", "b.csv does not go with a.csv, which has no header and 2 columns; "),
    ],
)
def test_files_that_do_not_go_together(tmp_path: Path, first: str, second: str, sentence: str) -> None:
    write(tmp_path, first, "a.csv")
    write(tmp_path, second, "b.csv")
    assert fault(tmp_path / "*.csv") == sentence + "files that are read as one need the same columns"


def test_a_pattern_that_matches_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert fault("*.csv") == 'no file matches "*.csv"; check the pattern and where it is'
    write(tmp_path, "1,2\n3,4\n", "[1].csv")
    assert load("[1].csv").x.tolist() == [1, 3], "a file may be called as a pattern"


def test_one_of_several_that_is_not_there(tmp_path: Path) -> None:
    path = write(tmp_path, "1,2\n3,4\n")
    assert fault([path, tmp_path / "no.csv"]).startswith('there is no file "')


# Watching


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_how_far_the_reading_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr(dataset, "_BY_PATH", range(1, 1))
    seen: list[Progress] = []
    for name in ("a.csv", "b.csv"):
        write(tmp_path, pack(b"x,y,z\n" + b"1,2,3\n" * 500_000), name)
    load(tmp_path / "*.csv", watch=seen.append)
    assert seen[-1] == Progress(1_000_000, 1.0)
    assert len(seen) > 4
    for before, after in pairwise(seen):
        assert before.rows < after.rows
        assert before.share is not None
        assert after.share is not None
        assert before.share <= after.share


def test_of_a_pipe_the_share_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Progress] = []
    with Standard(b"1,2\n" * 3) as pipe:
        monkeypatch.setattr("sys.stdin", pipe)
        load("-", watch=seen.append)
    assert seen[-1] == Progress(3, None)


def test_who_watches_can_end_it(tmp_path: Path) -> None:
    def cancel(_: Progress) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        load(write(tmp_path, "1,2\n3,4\n"), watch=cancel)


# Shipped data


@pytest.mark.parametrize(
    ("name", "rows", "columns"),
    [
        ("pizza", 30, ("Reservations", "Pizzas")),
        ("cars", 50, ("Speed (mph)", "Stopping distance (ft)")),
        ("geyser", 272, ("Eruption (min)", "Waiting (min)")),
        ("anscombe", 11, ("x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4")),
        ("orings", 23, ("Temperature (F)", "Distress")),
    ],
)
def test_shipped(name: str, rows: int, columns: tuple[str, ...]) -> None:
    data = load(name)
    assert (len(data.x), len(data.y), data.columns) == (rows, rows, columns)
    assert (data.x_name, data.y_name) == columns[:2]


def test_every_shipped_name_is_tested() -> None:
    assert shipped() == ("anscombe", "cars", "geyser", "orings", "pizza")


def test_a_bare_name_is_always_the_shipped_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "1,2\n3,4\n", "pizza")
    assert len(load("pizza").x) == 30
    assert len(load("./pizza").x) == len(load(Path.cwd() / "pizza").x) == 2


def test_the_name_of_a_shipped_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert (load("pizza.txt").name, len(load("pizza.txt").x)) == ("pizza.txt", 30)
    write(tmp_path, "1,2\n3,4\n", "pizza.txt")
    assert len(load("pizza.txt").x) == 2


# Columns

FOUR = "name,b,a,c\nAnn,1,2,3\nBob,4,5,6\n"


@pytest.mark.parametrize(
    ("x", "y", "names"),
    [
        (None, None, ("x1", "y1")),
        ("x2", None, ("x2", "x1")),
        ("x1", None, ("x1", "y1")),
        (None, "x1", ("y1", "x1")),
        (None, "y2", ("x1", "y2")),
        ("4", 1, ("y2", "x1")),
        (3, " 2 ", ("x2", "y1")),
        ("y1", "y1", ("y1", "y1")),
    ],
)
def test_choose_by_number_and_by_default_name(
    tmp_path: Path, x: str | int | None, y: str | int | None, names: tuple[str, str]
) -> None:
    columns = {"x1": [1, 5], "y1": [2, 6], "x2": [3, 7], "y2": [4, 8]}
    path = write(tmp_path, "1,2,3,4\n5,6,7,8\n")
    for data in (load(path, x, y), load_slowly(path, x=x, y=y)):
        assert (data.x_name, data.y_name) == names
        assert [data.x.tolist(), data.y.tolist()] == [columns[name] for name in names]


def test_two_columns_the_other_way_round(tmp_path: Path) -> None:
    data = load(write(tmp_path, "1,2\n3,4\n"), x=2)
    assert (data.x.tolist(), data.y.tolist()) == ([2, 4], [1, 3])


def test_a_name_goes_before_a_number(tmp_path: Path) -> None:
    path = write(tmp_path, "2,b,a\nAnn,1,2\nBob,3,4\n")
    assert fault(path, x="2") == f't.csv, line 2, column "2": "Ann" is not a number; {SKIP}'
    assert load(path, x=2).x.tolist() == [1, 3]


def test_choose_by_a_harmful_name_or_by_what_is_shown_of_it(tmp_path: Path) -> None:
    path = write(tmp_path, "a,\x1bb\n1,2\n3,4\n")
    assert load(path, x="\x1bb").x.tolist() == load(path, x=r"\x1bb").x.tolist() == [2, 4]


@pytest.mark.parametrize(
    ("x", "shown"),
    [("d", '"d"'), (0, "0"), (5, "5"), (-1, "-1"), ("5", '"5"'), ("B", '"B"'), ("\x1b", r'"\x1b"'), ("", '""')],
)
def test_no_such_column(tmp_path: Path, x: str | int, shown: str) -> None:
    sentence = f't.csv has no column {shown}; choose one of "name", "b", "a", "c"'
    assert fault(write(tmp_path, FOUR), x) == sentence
    assert fault(write(tmp_path, FOUR), y=x) == sentence


@pytest.mark.parametrize("x", ["9" * 5000, "٣"])
def test_no_such_number(tmp_path: Path, x: str) -> None:
    assert "has no column" in fault(write(tmp_path, FOUR), x)


def test_a_list_of_many_columns_is_shortened(tmp_path: Path) -> None:
    path = write(tmp_path, ",".join("1" * 20) + "\n" + ",".join("1" * 20) + "\n")
    known = '"x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4" and 12 more'
    assert fault(path, "z") == f't.csv has no column "z"; choose one of {known}'


def test_a_chosen_column_of_words(tmp_path: Path) -> None:
    sentence = f't.csv, line 2, column "name": "Ann" is not a number; {SKIP}'
    assert fault(write(tmp_path, FOUR), "name") == sentence


# Bad rows


def test_skip_bad_rows(tmp_path: Path) -> None:
    path = write(tmp_path, "x,y\n1,2\nabc,3\n3,4\n5\n6,nan\n7,8,9\n9,10\n")
    data = load(path, skip_bad_rows=True)
    assert (data.x.tolist(), data.y.tolist()) == ([1, 3, 9], [2, 4, 10])
    assert data.skipped == 4
    assert data.first_skipped == f't.csv, line 3, column "x": "abc" is not a number; {SKIP}'
    assert data.faults == (
        data.first_skipped,
        't.csv, line 5, column "y": the number is missing; write it or skip bad rows',
        f't.csv, line 6, column "y": "nan" is not a finite number; {SKIP}',
    )
    assert data.said_of_skipped.startswith("4 rows were skipped; the first: t.csv, line 3,")


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_bad_rows_far_apart_are_found_wherever_they_are(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    lines = ["n,x,y", *(f'"a, {i}",{i},{2 * i}' for i in range(200_000))]
    bad = {2: "b,?,1", 70_000: "b,1", 70_001: "b,1,2,3", 199_999: "b,1,nan"}
    for at, line in bad.items():
        lines[at] = line
    data = load(write(tmp_path, pack("\n".join(lines).encode())), "x", "y", skip_bad_rows=True)
    assert data.skipped == len(bad)
    assert [sentence.split()[2].rstrip(",:") for sentence in data.faults] == ["3", "70001", "70002"]
    assert data.x.tolist() == [i - 1 for i in range(1, 200_001) if i not in bad]


def test_skip_where_there_is_nothing_to_skip() -> None:
    data = load("pizza", skip_bad_rows=True)
    assert (data.skipped, data.first_skipped, len(data.x)) == (0, "", 30)


def test_too_few_rows_stay(tmp_path: Path) -> None:
    path = write(tmp_path, "x,y\n1,2\nabc,3\n4,\n")
    assert fault(path, skip_bad_rows=True) == (
        "only 1 row of t.csv can be used and 2 rows cannot, where at least two are needed; the first that cannot:"
        f' t.csv, line 3, column "x": "abc" is not a number; {SKIP}'
    )


def test_a_binary_file_is_no_bad_row(tmp_path: Path) -> None:
    assert "binary" in fault(write(tmp_path, "x,y\n1,2\n3,4\n5,6\0\n"), skip_bad_rows=True)


# Arrays


@pytest.mark.parametrize("content", ["1,2,3\n4,5,6\n", '1,2,3\n4,"5",6\n', "1,2\n3,4\n"])
def test_the_arrays_are_contiguous_and_read_only_and_share_nothing(tmp_path: Path, content: str) -> None:
    data = load(write(tmp_path, content), x=2, y=1)
    for column in (data.x, data.y):
        assert column.dtype == np.float64
        assert column.flags.c_contiguous
        assert column.shape == (2,)
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 0
    assert not np.shares_memory(data.x, data.y)


# Both ways of reading

FIELDS = st.one_of(
    st.floats(-1e150, 1e150).map(repr),
    st.integers(-1000, 1000).map(str),
    st.sampled_from(
        [
            "1",
            "2.5",
            "-3e2",
            "+.5",
            "4.",
            " 5",
            "\t6 ",
            "7 # c",
            '"8"',
            '"a,b"',
            '"a b"',
            '"say ""hi"""',
            '"',
            "9\x0b",
            "nan",
            "1e200",
            "",
            "w",
        ]
    ),
)
TABLES = st.tuples(
    st.sampled_from([",", ";", "\t", " ", "   ", " , "]),
    st.sampled_from(["\n", "\r\n", "\r", "\n\n"]),
    st.integers(2, 4).flatmap(
        lambda width: st.lists(
            st.lists(st.integers(0, 99).map(str), min_size=width, max_size=width)
            | st.lists(FIELDS, min_size=width - 1, max_size=width + 1),
            min_size=2,
            max_size=8,
        )
    ),
    st.booleans(),
).map(lambda t: t[1].join([t[0].join("abcd"[: len(t[2][0])])] * t[3] + [t[0].join(row) for row in t[2]]))


def outcome(read: Any, path: Path, **options: Any) -> Any:
    try:
        data = read(path, **options)
    except DatasetError as error:
        return str(error)
    return data.x.tobytes(), data.y.tobytes(), data.columns, data.x_name, data.y_name, data.skipped


@settings(max_examples=300, deadline=None)
@given(TABLES, st.sampled_from([{}, {"x": 2}, {"x": 2, "y": 1}, {"skip_bad_rows": True}]))
@example("n,x,y\na,1,2\nb\n", {"x": 2})
def test_both_ways_agree(tmp_path_factory: pytest.TempPathFactory, content: str, options: dict[str, Any]) -> None:
    path = write(tmp_path_factory.getbasetemp(), content)
    slowly = outcome(load_slowly, path, **options)
    assert outcome(load, path, **options) == slowly
    for block in (1, 7, 40):
        assert outcome(load_in_blocks, path, block=block, **options) == slowly


@pytest.mark.parametrize(("mark", "width"), list(product(",;\t ", (2, 3))))
@pytest.mark.parametrize("quote", ["{}", '"{}"', ' "{}"'])
def test_a_plain_table_is_read_the_fast_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: str, width: int, quote: str
) -> None:
    monkeypatch.setattr(reader, "read_row", lambda *_: pytest.fail("read row by row"))
    row = mark.join(["1", quote.format("2"), quote.format(f'3{mark}""#' if '"' in quote else "3")][:width])
    header = mark.join(f'"{name}"' for name in "abc"[:width])
    assert load(write(tmp_path, f"# c{mark}{mark}{mark}{mark}\n{header}\n{row}\n{row}\n")).y.tolist() == [2, 2]


# Anything at all

BITS = st.lists(
    st.sampled_from(
        [*'0123456789.,;\t \n\r"#+-eExX_', "\ufeff", "nan", "1,2\n", "٣", "\0", "\x1b[2J", "\u2028", "\x85"]
    ),
    max_size=60,
).map("".join)


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=200) | BITS.map(str.encode) | st.text(max_size=100).map(str.encode), st.booleans())
def test_any_file_is_numbers_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, skip_bad_rows: bool
) -> None:
    path = write(tmp_path_factory.getbasetemp(), content)
    try:
        data = load(path, skip_bad_rows=skip_bad_rows)
    except DatasetError as error:
        texts = [str(error)]
    else:
        assert len(data.x) == len(data.y) >= 2
        assert np.isfinite(data.x).all()
        assert np.isfinite(data.y).all()
        texts = [data.name, data.x_name, data.y_name, data.first_skipped, *data.columns]
    assert all(unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in "".join(texts))
    assert outcome(load, path) == outcome(load_slowly, path)


@given(st.text(st.characters(), max_size=30))
def test_any_path_is_a_data_set_or_a_sentence(name: str) -> None:
    with contextlib.suppress(DatasetError):
        load(f"nowhere/{name}")
