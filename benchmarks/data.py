"""The generated files of every case, made once and kept under the work folder.

A folder gets its name when it is complete: one that was interrupted is made again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterable
from datetime import date
from pathlib import Path

from nh_lakehouse import generate_claims_sample, generate_sample
from nh_lakehouse.sample.claims.landing import generate_claims_delivery
from nh_lakehouse.sample.kinds import KINDS

from .child import csv_files
from .second_month import write_second_month

__all__ = [
    "HISTORY_MONTHS",
    "HOMES",
    "PEOPLE",
    "claims",
    "claims_delivery",
    "correct",
    "growth",
    "history",
    "link",
    "two_months",
]

#: Nursing homes in Provider Information, October 2024.
HOMES = 14_814
#: People of a full DE-SynPUF sample.
PEOPLE = 116_352
#: Months in the lakehouse into which a late correction comes.
HISTORY_MONTHS = 24
PAYROLL = "pbj_nurse_daily"
_LEFT_OUT = {"nh_chain_performance", "snf_enrollments", "wages"}


def two_months(work: Path, homes: int, data_sets: Collection[str] = ()) -> tuple[Path, Path]:
    """The first month with a payroll quarter, and the monthly files of the second with the next quarter.

    What changes from one to the other stands in `second_month`.

    Args:
        work: folder of the benchmark.
        homes: nursing homes.
        data_sets: kinds of files; if empty, all but three small ones (chains, enrolments, wages) and the payroll of
            other staff.
    Returns:
        The folders of both. With 14,814 homes the first holds 20 monthly and yearly files and one payroll quarter.
    """
    wanted = set(data_sets) or {k.data_set for k in KINDS} - _LEFT_OUT | {PAYROLL}
    folder = work / "data" / f"months_{homes}{'_few' if data_sets else ''}"
    first, second = folder / "first", folder / "second"
    if not (first.is_dir() and second.is_dir()):
        everything = _generate(folder, homes=homes, months=1, quarters=2, data_sets=wanted)
        payroll = sorted(everything.glob("PBJ_*"), key=lambda p: p.stem[-4:] + p.stem[-7:-5])
        for name in ("first.tmp", "second.tmp"):
            shutil.rmtree(folder / name, ignore_errors=True)
            (folder / name).mkdir()
        for path in csv_files(everything):
            path.rename(folder / ("second.tmp" if path in payroll[1:] else "first.tmp") / path.name)
        write_second_month(folder / "first.tmp", folder / "second.tmp")
        (folder / "first.tmp").rename(first)
        (folder / "second.tmp").rename(second)
        shutil.rmtree(everything)
    return first, second


def history(work: Path, homes: int, months: int) -> Path:
    """Provider information and penalties of many months in a row, from October 2024 on."""
    folder = work / "data" / f"history_{homes}_{months}"
    if not folder.is_dir():
        data_sets = {"nh_provider_info", "nh_penalties"}
        made = _generate(
            folder.parent / f"{folder.name}.part", homes=homes, months=months, quarters=0, data_sets=data_sets
        )
        made.rename(folder)
        shutil.rmtree(folder.parent / f"{folder.name}.part")
    return folder


def growth(work: Path, homes: int, quarters: int) -> Path:
    """Payroll files of some quarters, and the homes they belong to."""
    folder = work / "data" / f"growth_{homes}_{quarters}"
    if not folder.is_dir():
        part = folder.parent / f"{folder.name}.part"
        made = _generate(part, homes=homes, months=1, quarters=quarters, data_sets={"nh_provider_info", PAYROLL})
        made.rename(folder)
        shutil.rmtree(part)
    return folder


def claims(work: Path, people: int) -> Path:
    """Medicare claims of some people: the public use file, and research files of a tenth of them."""
    return _made(work / "data" / f"claims_{people}", lambda out: generate_claims_sample(out, people=people, dirt=False))


def claims_delivery(work: Path, people: int) -> Path:
    """What comes after `claims`: beneficiary files of one more year, and late claims of two people in a hundred."""
    folder = work / "data" / f"claims_{people}_late"
    return _made(folder, lambda out: generate_claims_delivery(out, people=people))


def _made(folder: Path, generate: Callable[[Path], object]) -> Path:
    if not folder.is_dir():
        part = folder.parent / f"{folder.name}.part"
        shutil.rmtree(part, ignore_errors=True)
        generate(part)
        part.rename(folder)
    return folder


def _generate(folder: Path, *, homes: int, months: int, quarters: int, data_sets: set[str]) -> Path:
    out = folder / "all"
    shutil.rmtree(out, ignore_errors=True)
    generate_sample(
        out,
        homes=homes,
        months=months,
        quarters=quarters,
        seed=1,
        first_month=date(2024, 10, 1),
        dirt=False,
        data_sets=data_sets,
    )
    return out


def correct(source: Path, target: Path, share: float = 0.01) -> int:
    """Write a corrected release of a provider file: every hundredth home has one certified bed more.

    Returns:
        Number of corrected homes.
    """
    import csv

    with source.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    beds = header.index("Number of Certified Beds")
    corrected = rows[:: round(1 / share)]
    for row in corrected:
        row[beds] = str(int(row[beds] or 0) + 1)
    target.unlink(missing_ok=True)
    with target.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return len(corrected)


def link(files: Iterable[Path], folder: Path) -> Path:
    """Put files into a landing folder without copying them where the file system can; who changes one replaces it."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in files:
        target = folder / path.name
        target.unlink(missing_ok=True)
        try:
            os.link(path, target)
        except OSError:
            shutil.copyfile(path, target)
    return folder
