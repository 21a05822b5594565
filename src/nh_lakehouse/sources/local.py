"""Landing files in a local folder, archives opened."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath

from nh_lakehouse.errors import ConfigError, UnreadableFileError

__all__ = ["LandingFile", "list_landing"]

MEMBER = "!"
#: What reading a damaged, encrypted or unusual archive raises.
_ARCHIVE_ERRORS = (
    OSError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
    RuntimeError,  # a password is needed
    NotImplementedError,  # an unknown compression
    KeyError,
    ValueError,
)


@dataclass(frozen=True)
class LandingFile:
    """One file as sent, or one member of an archive.

    Attributes:
        name: path inside the landing folder with forward slashes; a member follows behind `!`.
        path: the file on disk, or the archive that holds the member.
        member: name of the member inside a zip archive; empty for gzip; None for a plain file.
        size_bytes: size of the file or member.
        modified_at: modified time, UTC.
        ignored: hidden files and what operating systems leave behind.
        damaged: an archive whose members cannot even be listed.
    """

    name: str
    path: Path
    member: str | None
    size_bytes: int
    modified_at: datetime
    ignored: bool = False
    damaged: bool = False

    @property
    def base_name(self) -> str:
        """File name without folders, and without the archive's extension: what patterns are held against."""
        if self.member is not None and self.member:
            return _posix(self.member).name
        base = PurePosixPath(self.name).name
        return base[:-3] if self.member == "" else base

    @property
    def is_readable(self) -> bool:
        """Whether this user may read it: a change of permission alone changes neither size nor modified time."""
        return os.access(self.path, os.R_OK)

    @property
    def has_changed(self) -> bool:
        """Whether the file on disk is another one than when it was listed: somebody writes to it."""
        found = self.path.stat()
        return _modified_at(found) != self.modified_at or (not self.member and found.st_size != self.size_bytes)

    def sha256(self) -> str | None:
        """Hash of the bytes as they lie there, the whole archive for a member; None where they cannot be read."""
        digest = hashlib.sha256()
        try:
            with self.path.open("rb") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
        except OSError:
            return None
        return digest.hexdigest()

    def unpacked(self, scratch: Path) -> Path:
        """A plain file with the content: the file itself, or a copy of the member in the scratch folder.

        The copy has a name of its own: what the archive calls its member leads nowhere.

        Raises:
            UnreadableFileError: the archive is damaged, needs a password or names a member outside of itself.
        """
        if self.member is None:
            return self.path
        if _posix(self.member).is_absolute() or ".." in _posix(self.member).parts:
            raise UnreadableFileError(
                f"is called {self.member!r} inside its archive, a path that leads out of it; pack the archive again",
                code="unsafe_path",
            )
        handle, name = tempfile.mkstemp(dir=scratch, suffix=".unpacked")
        os.close(handle)
        try:
            self._unpack(Path(name))
        except _ARCHIVE_ERRORS as error:
            raise UnreadableFileError(
                f"cannot be unpacked: {error}; send the file again", code="bad_archive"
            ) from error
        return Path(name)

    def _unpack(self, target: Path) -> None:
        if self.member == "":
            with gzip.open(self.path, "rb") as source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy)
            return
        with zipfile.ZipFile(self.path) as archive:
            found = [i for i in archive.infolist() if i.filename == self.member]
            if len(found) != 1:
                raise zipfile.BadZipFile(f"it holds {len(found)} members of this name")
            with archive.open(found[0]) as source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy)


def list_landing(folder: Path, *, lakehouse: Path | None = None) -> list[LandingFile]:
    """All files below a landing folder, sorted by name; zip archives are listed member by member.

    A lakehouse that lies inside the landing folder is left out. Links to folders are followed, into no folder twice.

    Args:
        folder: the landing folder.
        lakehouse: the lakehouse folder, if it is known.
    Raises:
        ConfigError: the folder does not exist or cannot be read.
    """
    if not folder.is_dir():
        raise ConfigError(
            f"landing folder {folder} does not exist; give the folder that holds the CSV files with --landing"
        )
    files: list[LandingFile] = []
    entered = {folder.resolve()}
    for root, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [f for f in sorted(folders) if _is_entered(Path(root) / f, entered, lakehouse)]
        for name in sorted(names):
            files.extend(_entries(Path(root) / name, folder))
    return sorted(files, key=lambda f: f.name)


def _is_entered(folder: Path, entered: set[Path], lakehouse: Path | None) -> bool:
    """Whether a folder is looked into: no table, no lakehouse, and none that was looked into under another name."""
    target = folder.resolve()
    if (folder / "_delta_log").is_dir() or lakehouse in (folder.absolute(), target) or target in entered:
        return False
    entered.add(target)
    return True


def _entries(path: Path, folder: Path) -> Iterator[LandingFile]:
    # A name that is no valid utf-8 cannot stand in a table: its odd bytes are written out.
    name = os.fsencode(path.relative_to(folder).as_posix()).decode("utf-8", "backslashreplace")
    try:
        found = path.stat()
    except OSError:
        yield LandingFile(name, path, None, 0, datetime.fromtimestamp(0, timezone.utc))
        return
    modified = _modified_at(found)
    if _is_ignored(name):
        yield LandingFile(name, path, None, found.st_size, modified, ignored=True)
    elif path.suffix.lower() not in (".gz", ".zip") or not stat.S_ISREG(found.st_mode):
        yield LandingFile(name, path, None, found.st_size, modified)
    elif path.suffix.lower() == ".gz":
        yield LandingFile(name, path, "", found.st_size, modified)
    else:
        yield from _members(path, name, found.st_size, modified)


def _modified_at(found: os.stat_result) -> datetime:
    return datetime.fromtimestamp(found.st_mtime_ns // 1000 / 1e6, timezone.utc)


def _members(path: Path, name: str, size: int, modified: datetime) -> Iterator[LandingFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            infos = {i.filename: i for i in archive.infolist() if not i.is_dir()}
    except _ARCHIVE_ERRORS:
        # Listed under the name its member most likely has: the load says what is wrong with it.
        stem = PurePosixPath(name).stem
        likely = stem if "." in stem else f"{stem}.csv"
        yield LandingFile(name, path, likely, size, modified, damaged=True)
        return
    for info in infos.values():
        full = f"{name}{MEMBER}{info.filename}"
        yield LandingFile(
            full, path, info.filename, info.file_size, modified, ignored=_is_ignored(str(_posix(info.filename)))
        )


def _posix(member: str) -> PurePosixPath:
    """A member's path; some Windows programs separate folders by backslashes."""
    return PurePosixPath(member.replace("\\", "/"))


def _is_ignored(name: str) -> bool:
    parts = PurePosixPath(name).parts
    hidden = any((p.startswith(".") and p != "..") or p == "__MACOSX" for p in parts)
    return hidden or parts[-1] in ("Thumbs.db", "desktop.ini")
