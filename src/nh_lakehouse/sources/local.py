"""Landing files in a local folder, archives opened."""

from __future__ import annotations

import gzip
import os
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath

from nh_lakehouse.errors import ConfigError, UnreadableFileError

__all__ = ["LandingFile", "list_landing"]

MEMBER = "!"


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
    """

    name: str
    path: Path
    member: str | None
    size_bytes: int
    modified_at: datetime
    ignored: bool = False

    @property
    def base_name(self) -> str:
        """File name without folders, and without the archive's extension: what patterns are held against."""
        if self.member is not None and self.member:
            return PurePosixPath(self.member).name
        base = PurePosixPath(self.name).name
        return base[:-3] if self.member == "" else base

    def unpacked(self, scratch: Path) -> Path:
        """A plain file with the content: the file itself, or a copy of the member in the scratch folder.

        Raises:
            UnreadableFileError: the archive is damaged or needs a password.
        """
        if self.member is None:
            return self.path
        target = scratch / f"{abs(hash(self.name)):x}_{self.base_name}"
        try:
            if self.member == "":
                with gzip.open(self.path, "rb") as source, target.open("wb") as copy:
                    shutil.copyfileobj(source, copy)
            else:
                with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as source, target.open("wb") as copy:
                    shutil.copyfileobj(source, copy)
        except (OSError, EOFError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            raise UnreadableFileError(f"cannot be unpacked: {error}; send the file again", code="bad_archive") from error
        return target


def list_landing(folder: Path) -> list[LandingFile]:
    """All files below a landing folder, sorted by name; zip archives are listed member by member.

    Raises:
        ConfigError: the folder does not exist or cannot be read.
    """
    if not folder.is_dir():
        raise ConfigError(f"landing folder {folder} does not exist; give the folder that holds the CSV files with --landing")
    files: list[LandingFile] = []
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            files.extend(_entries(Path(root) / name, folder))
    return sorted(files, key=lambda f: f.name)


def _entries(path: Path, folder: Path) -> Iterator[LandingFile]:
    name = path.relative_to(folder).as_posix()
    try:
        stat = path.stat()
    except OSError:
        yield LandingFile(name, path, None, 0, datetime.fromtimestamp(0, timezone.utc))
        return
    modified = datetime.fromtimestamp(stat.st_mtime_ns // 1000 / 1e6, timezone.utc)
    if _is_ignored(name):
        yield LandingFile(name, path, None, stat.st_size, modified, ignored=True)
    elif path.suffix.lower() == ".gz":
        yield LandingFile(name, path, "", stat.st_size, modified)
    elif path.suffix.lower() == ".zip":
        yield from _members(path, name, stat.st_size, modified)
    else:
        yield LandingFile(name, path, None, stat.st_size, modified)


def _members(path: Path, name: str, size: int, modified: datetime) -> Iterator[LandingFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [i for i in archive.infolist() if not i.is_dir()]
    except (OSError, zipfile.BadZipFile):
        # Listed as it is: the load says what is wrong with it.
        yield LandingFile(name, path, path.stem + ".csv", size, modified)
        return
    for info in infos:
        full = f"{name}{MEMBER}{info.filename}"
        yield LandingFile(full, path, info.filename, info.file_size, modified, ignored=_is_ignored(info.filename))


def _is_ignored(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any(p.startswith(".") or p == "__MACOSX" for p in parts) or parts[-1] in ("Thumbs.db", "desktop.ini")
