"""Landing folders: what is listed, what is hidden, archives whole, damaged and hostile."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from datetime import datetime, timezone
from pathlib import Path

import pytest
from support import write

from nh_lakehouse.errors import ConfigError, UnreadableFileError
from nh_lakehouse.sources import LandingFile, list_landing

TEXT = b"a,b\n1,2\n"


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive of members in their order."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, body in members:
            archive.writestr(zipfile.ZipInfo(name), body, compress_type=method)
    return out.getvalue()


def with_password(archive: bytes) -> bytes:
    """The archive with the bit set that says that its first member is encrypted."""
    local, central = archive.index(b"PK\x03\x04") + 6, archive.index(b"PK\x01\x02") + 8
    marked = bytearray(archive)
    for position in (local, central):
        marked[position] |= 1
    return bytes(marked)


def with_flaw(archive: bytes, *, behind: bytes) -> bytes:
    """The archive with eight wrong bytes in the compressed data behind a name."""
    start = archive.index(behind) + len(behind)
    return archive[:start] + b"\xff" * 8 + archive[start + 8 :]


def names(folder: Path, *, ignored: bool = False) -> list[str]:
    """Names of the listed files that are (not) ignored."""
    return [f.name for f in list_landing(folder) if f.ignored is ignored]


def only(folder: Path) -> LandingFile:
    """The one file of a landing folder."""
    (file,) = list_landing(folder)
    return file


def test_listing_is_sorted_and_states_size_and_modified_time(tmp_path):
    write(tmp_path / "b.csv", TEXT, modified="2024-10-05T06:07:08")
    write(tmp_path / "a" / "z.csv", b"")
    write(tmp_path / "B.csv", TEXT)
    files = list_landing(tmp_path)
    assert [f.name for f in files] == ["B.csv", "a/z.csv", "b.csv"]
    assert [f.size_bytes for f in files] == [8, 0, 8]
    assert files[2].modified_at == datetime(2024, 10, 5, 6, 7, 8, tzinfo=timezone.utc)
    assert files[1].base_name == "z.csv"


@pytest.mark.parametrize("kind", ["absent", "a file"])
def test_landing_folder_that_is_none_is_refused(tmp_path, kind):
    if kind == "a file":
        write(tmp_path / "landing", TEXT)
    with pytest.raises(ConfigError, match="--landing"):
        list_landing(tmp_path / "landing")


def test_hidden_files_and_leavings_of_operating_systems_are_ignored(tmp_path):
    hidden = [".DS_Store", "._x.csv", ".cache/x.csv", "Thumbs.db", "__MACOSX/x.csv", "sub/.x.csv", "sub/desktop.ini"]
    for name in [*hidden, "x.csv", "sub/..x..csv.txt", "a.b.csv"]:
        write(tmp_path / name, TEXT)
    assert names(tmp_path, ignored=True) == sorted([*hidden, "sub/..x..csv.txt"])
    assert names(tmp_path) == ["a.b.csv", "x.csv"]


@pytest.mark.parametrize(
    "name", ["a b.csv", "o'neil's.csv", 'the "file".csv', "Größe 日本.csv", "x [1].csv", "a\nb.csv"]
)
def test_odd_names_are_kept_as_they_are(tmp_path, name):
    write(tmp_path / name, TEXT)
    assert only(tmp_path).name == name
    assert only(tmp_path).unpacked(tmp_path).read_bytes() == TEXT


def test_name_that_is_no_utf8_is_written_out_and_can_be_stored(tmp_path):
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/x_\xff.csv")).write_bytes(TEXT)
    except OSError:
        pytest.skip("this file system knows utf-8 names only")
    file = only(tmp_path)
    assert file.name == "x_\\xff.csv"
    assert file.name.encode() == b"x_\\xff.csv"
    assert file.unpacked(tmp_path).read_bytes() == TEXT


def test_tables_of_a_lakehouse_inside_the_landing_folder_are_no_landing_files(tmp_path):
    write(tmp_path / "lake" / "gold" / "t" / "_delta_log" / "0.json", b"{}")
    write(tmp_path / "lake" / "gold" / "t" / "part.parquet", b"PAR1")
    write(tmp_path / "x.csv", TEXT)
    assert names(tmp_path) == ["x.csv"]


def test_links_to_folders_are_followed_into_no_folder_twice(tmp_path):
    landing, elsewhere = tmp_path / "landing", tmp_path / "elsewhere"
    for folder in (landing / "own", elsewhere / "deep"):
        folder.mkdir(parents=True)
        (folder / "x.csv").write_text("a\n1\n")
    (landing / "link").symlink_to(elsewhere, target_is_directory=True)
    (landing / "twice").symlink_to(elsewhere / "deep", target_is_directory=True)
    (elsewhere / "back").symlink_to(landing, target_is_directory=True)  # would go round for ever
    lake = tmp_path / "lake"
    (lake / "silver").mkdir(parents=True)
    (lake / "silver" / "y.csv").write_text("a\n")
    (landing / "tables").symlink_to(lake, target_is_directory=True)
    names = [file.name for file in list_landing(landing, lakehouse=lake)]
    assert names == ["own/x.csv", "twice/x.csv"]


def test_link_that_leads_nowhere_is_listed(tmp_path):
    (tmp_path / "x.csv").symlink_to(tmp_path / "gone.csv")
    assert (only(tmp_path).name, only(tmp_path).size_bytes) == ("x.csv", 0)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes are made on POSIX only")
@pytest.mark.parametrize("name", ["x.csv", "x.zip", "x.csv.gz"])
def test_pipe_is_listed_without_being_opened(tmp_path, name):
    os.mkfifo(tmp_path / name)
    assert only(tmp_path).name == name


def test_file_that_somebody_writes_to_has_changed(tmp_path):
    path = write(tmp_path / "x.csv", TEXT)
    file = only(tmp_path)
    assert not file.has_changed
    with path.open("ab") as stream:
        stream.write(b"3,4\n")
    assert file.has_changed


# --- archives ------------------------------------------------------------------------------------------------------


def test_zip_is_listed_member_by_member(tmp_path):
    body = zipped(("2024/x.csv", TEXT), ("y.csv", b"c,d\n"), ("__MACOSX/._y.csv", b"\0"), ("empty/", b""))
    write(tmp_path / "all of it.ZIP", body, modified="2024-10-05")
    files = list_landing(tmp_path)
    assert [(f.name, f.base_name, f.size_bytes, f.ignored) for f in files] == [
        ("all of it.ZIP!2024/x.csv", "x.csv", 8, False),
        ("all of it.ZIP!__MACOSX/._y.csv", "._y.csv", 1, True),
        ("all of it.ZIP!y.csv", "y.csv", 4, False),
    ]
    assert files[0].unpacked(tmp_path).read_bytes() == TEXT
    assert {f.modified_at for f in files} == {datetime(2024, 10, 5, tzinfo=timezone.utc)}


def test_zip_made_on_windows_has_folders_too(tmp_path):
    write(tmp_path / "x.zip", zipped(("2024\\x.csv", TEXT), ("__MACOSX\\._x.csv", b"")))
    assert [(f.base_name, f.ignored) for f in list_landing(tmp_path)] == [("x.csv", False), ("._x.csv", True)]


def test_gzip_holds_the_file_of_its_name(tmp_path):
    write(tmp_path / "x.csv.GZ", gzip.compress(TEXT))
    file = only(tmp_path)
    assert (file.name, file.base_name, file.member) == ("x.csv.GZ", "x.csv", "")
    assert file.unpacked(tmp_path).read_bytes() == TEXT


@pytest.mark.parametrize(
    ("name", "body"),
    [
        pytest.param("x.csv.gz", gzip.compress(TEXT * 99)[:-20], id="gzip cut"),
        pytest.param("x.csv.gz", b"\x1f\x8b\x08\x00" + b"\xff" * 40, id="gzip of nonsense"),
        pytest.param("x.csv.gz", b"a,b\n1,2\n", id="gzip by name alone"),
        pytest.param("x.zip", zipped(("x.csv", TEXT * 99))[:-30], id="zip cut"),
        pytest.param("x.zip", b"", id="zip of 0 bytes"),
        pytest.param("x.zip", b"a,b\n1,2\n", id="zip by name alone"),
        pytest.param("x.zip", with_flaw(zipped(("x.csv", TEXT * 99)), behind=b"x.csv"), id="zip with a flaw"),
        pytest.param(
            "x.zip",
            with_flaw(zipped(("x.csv", TEXT * 99), method=zipfile.ZIP_STORED), behind=b"x.csv"),
            id="zip with a wrong checksum",
        ),
        pytest.param("x.zip", with_password(zipped(("x.csv", TEXT))), id="zip with a password"),
    ],
)
def test_archive_that_cannot_be_unpacked_is_unreadable(tmp_path, name, body):
    write(tmp_path / name, body)
    assert only(tmp_path).base_name == "x.csv"
    with pytest.raises(UnreadableFileError) as raised:
        only(tmp_path).unpacked(tmp_path)
    assert raised.value.code == "bad_archive"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_zip_with_two_members_of_one_name_is_unreadable_as_one_would_be_lost(tmp_path):
    write(tmp_path / "x.zip", zipped(("x.csv", TEXT), ("x.csv", b"a,b\n3,4\n")))
    with pytest.raises(UnreadableFileError, match="2 members"):
        only(tmp_path).unpacked(tmp_path)


@pytest.mark.parametrize("name", ["NH_x.csv.zip", "NH_x.zip"])
def test_damaged_zip_is_listed_under_the_name_its_member_most_likely_has(tmp_path, name):
    write(tmp_path / name, b"PK\x03\x04 damaged")
    assert (only(tmp_path).base_name, only(tmp_path).damaged) == ("NH_x.csv", True)


@pytest.mark.parametrize("member", ["../../x.csv", "a/../../x.csv", "/tmp/x.csv", "..\\..\\x.csv", "\\x.csv"])
def test_zip_member_that_leads_out_of_the_archive_is_refused(tmp_path, member):
    landing, scratch = tmp_path / "landing", tmp_path / "deep" / "er" / "scratch"
    scratch.mkdir(parents=True)
    write(landing / "x.zip", zipped((member, TEXT)))
    before = sorted(tmp_path.rglob("*"))
    assert not only(landing).ignored
    with pytest.raises(UnreadableFileError) as raised:
        only(landing).unpacked(scratch)
    assert raised.value.code == "unsafe_path"
    assert sorted(tmp_path.rglob("*")) == before


def test_members_with_one_base_name_are_unpacked_side_by_side(tmp_path):
    write(tmp_path / "x.zip", zipped(("a/x.csv", b"1"), ("b/x.csv", b"2")))
    copies = [f.unpacked(tmp_path) for f in list_landing(tmp_path)]
    assert [c.read_bytes() for c in copies] == [b"1", b"2"]


def test_member_with_a_very_long_name_is_unpacked(tmp_path):
    write(tmp_path / "x.zip", zipped((f"{'n' * 300}.csv", TEXT)))
    assert only(tmp_path).unpacked(tmp_path).read_bytes() == TEXT
