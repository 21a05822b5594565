"""Landing files to bronze: text as sent, once per file, one commit per data set."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from nh_lakehouse.bronze.audit import AUDIT, Audit, with_audit
from nh_lakehouse.bronze.identify import (
    Drift,
    Periods,
    candidates,
    choose_data_set,
    drift_of_header,
    find_periods,
    guess_periods,
    without_other_editions,
)
from nh_lakehouse.bronze.probe import SPREADSHEET_ROWS, Probe, first_records, probe_file, read_header
from nh_lakehouse.bronze.records import Parsed, parse_records
from nh_lakehouse.contracts.model import DataSet, DerivedColumn, HeaderMatch
from nh_lakehouse.errors import NhLakehouseError, RowAccountingError, SourceError, UnreadableFileError, first_line
from nh_lakehouse.lakehouse.duckdb_session import connect
from nh_lakehouse.lakehouse.reading import select_rows
from nh_lakehouse.lakehouse.state import file_events
from nh_lakehouse.lakehouse.store import Store
from nh_lakehouse.sources import LandingFile

__all__ = ["BronzeRun", "FileOutcome", "load_bronze", "prepare_file"]

_FIRST_RECORDS = 20


@dataclass(frozen=True)
class FileOutcome:
    """What became of one landing file in this run."""

    landing: LandingFile
    status: str
    data_set: str | None = None
    load_id: str | None = None
    sha256: str | None = None
    period: str | None = None
    released_at: datetime | None = None
    encoding: str | None = None
    header: str | None = None
    rows_n: int = 0
    corrupt_n: int = 0
    error: str | None = None
    drift: tuple[Drift, ...] = ()
    version_before: int | None = None
    version_after: int | None = None
    duration_s: float | None = None

    @property
    def was_read(self) -> bool:
        """Whether its rows could be counted."""
        return self.header is not None


@dataclass(frozen=True)
class _Prepared:
    """A file parsed into staged Parquet that has all columns of bronze, ready to become the table's."""

    landing: LandingFile
    data_set: DataSet
    match: HeaderMatch
    probe: Probe
    parsed: Parsed
    periods: Periods
    header: str
    drift: tuple[Drift, ...] = ()
    duration_s: float | None = None

    @property
    def identity(self) -> tuple[str, str]:
        """What a file is known by within its data set."""
        return _identity(self.data_set, self.probe.sha256, ",".join(self.periods.all))

    def outcome(self, status: str, load_id: str | None) -> FileOutcome:
        """The outcome of a file that could be read."""
        return FileOutcome(
            self.landing,
            status,
            self.data_set.name,
            load_id,
            self.probe.sha256,
            ",".join(self.periods.all),
            self.periods.released_at or self.landing.modified_at,
            self.probe.encoding,
            self.header,
            self.parsed.rows_n,
            self.parsed.corrupt_n,
            drift=self.drift,
            duration_s=self.duration_s,
        )


def _identity(data_set: DataSet, sha256: str, periods: str) -> tuple[str, str]:
    """Content and period; of claims the content alone: sent again on another day they are the same claims."""
    return sha256, "" if data_set.rhythm == "C" else periods


@dataclass
class BronzeRun:
    """What bronze needs to know of the run it is part of."""

    run_id: str
    started_at: datetime
    scratch: Path
    parallel: int = 2
    on_progress: Callable[[str], None] = field(default=lambda text: None)

    def load_id(self, data_set: DataSet) -> str:
        """Name of the load of a data set in this run."""
        return f"{self.run_id}-{data_set.name}"


def load_bronze(
    files: Sequence[LandingFile], contracts: Mapping[str, DataSet], store: Store, run: BronzeRun
) -> list[FileOutcome]:
    """Load landing files into their bronze tables.

    A file whose bytes are already in bronze for the same period is `duplicate`; a file that cannot be loaded is
    `rejected` and the others go on.

    Args:
        files: landing files that are not known yet.
        contracts: data sets by name.
        store: where to write.
        run: the run.
    Returns:
        One outcome per file, in the order of `files`.
    """
    run.scratch.mkdir(parents=True, exist_ok=True)
    outcomes: dict[str, FileOutcome] = {}
    prepared: dict[str, list[_Prepared]] = {}
    with ThreadPoolExecutor(max_workers=run.parallel) as pool:
        for landing, result in zip(files, pool.map(lambda f: _prepare(f, contracts, run), files), strict=True):
            if isinstance(result, FileOutcome):
                outcomes[landing.name] = result
            else:
                prepared.setdefault(result.data_set.name, []).append(result)
        groups = list(prepared.values())
        for group_outcomes in pool.map(lambda group: _append(group, store, run), groups):
            outcomes.update({o.landing.name: o for o in group_outcomes})
    return [outcomes[f.name] for f in files]


def _prepare(landing: LandingFile, contracts: Mapping[str, DataSet], run: BronzeRun) -> _Prepared | FileOutcome:
    fitting = candidates(landing.base_name, contracts.values())
    if not fitting and not landing.damaged:
        return FileOutcome(landing, "unknown")
    likely = fitting[0].name if len(fitting) == 1 else None
    try:
        run.on_progress(f"reading {landing.name}")
        return prepare_file(landing, fitting, run)
    except SourceError as error:
        status = "changing" if error.facts.get("code") == "changing" else "rejected"
        data_set = error.facts.get("data_set") or likely
        # Only a regular file: reading a pipe would wait for its writer.
        sha256 = landing.sha256() if status == "rejected" and landing.path.is_file() else None
        return FileOutcome(landing, status, data_set, sha256=sha256, error=f"{landing.name} {error.message}")
    except Exception as error:  # one file never stops the others; it is tried again next time
        return FileOutcome(landing, "failed", likely, error=f"{landing.name}: not read: {first_line(error)}")


def prepare_file(landing: LandingFile, fitting: Sequence[DataSet], run: BronzeRun) -> _Prepared:
    """Read, identify and parse one landing file into staged Parquet.

    Raises:
        SourceError: the file cannot be loaded; the message says why and what to do.
    """
    started = time.monotonic()
    scratch = run.scratch
    plain = landing.unpacked(scratch)
    probe = probe_file(plain, scratch)
    delimiter = _delimiter(probe.path, fitting)
    header = read_header(probe.path, delimiter)
    data_set, match = choose_data_set(fitting, header)
    target = scratch / f"{probe.sha256[:12]}_{abs(hash(landing.name)) % 10**8:08d}"
    guess = _guess(data_set, landing, probe, delimiter, match)

    def audit(periods: Periods) -> dict[str, str]:
        columns = Audit(
            landing.name,
            probe.sha256,
            periods,
            landing.modified_at,
            tuple(match.missing),
            run.load_id(data_set),
            run.started_at,
            data_set.layout.of_header(match.names) if data_set.layout else None,
        )
        return columns.columns(data_set)

    parsed = parse_records(probe, match.names, delimiter, target, extra=audit(guess) if guess else None)
    if landing.has_changed:
        raise UnreadableFileError("is still being written; it is tried again next time", code="changing")
    drift = drift_of_header(data_set, match, header) + _drift_of_text(probe, parsed)
    if not parsed.rows_n and not data_set.may_be_empty:
        raise SourceError("has a header and no rows; expected at least one row", code="no_rows", data_set=data_set.name)
    periods, period_drift = find_periods(data_set, landing.base_name, parsed.paths, match.names, landing.modified_at)
    if parsed.rows_n and parsed.corrupt_n == parsed.rows_n:
        raise SourceError(
            f"has no well-formed row: none of {parsed.rows_n:,} rows has the {len(header)} fields of the header",
            code="no_rows",
            data_set=data_set.name,
        )
    if not parsed.has_extra or periods != guess:
        parsed = with_audit(parsed, audit(periods), target.with_name(f"{target.name}_audited.parquet"))
    return _Prepared(
        landing,
        data_set,
        match,
        probe,
        parsed,
        periods,
        delimiter.join(header),
        tuple(without_other_editions(drift, data_set, periods.main) + period_drift),
        time.monotonic() - started,
    )


def _guess(data_set: DataSet, landing: LandingFile, probe: Probe, delimiter: str, match: HeaderMatch) -> Periods | None:
    """Periods as the first records tell them, so that nearly every file is written once."""
    try:
        records = first_records(probe.path, delimiter, _FIRST_RECORDS)[1:]
    except csv.Error:
        return None
    return guess_periods(data_set, landing.base_name, records, match.names, landing.modified_at)


def _delimiter(path: Path, fitting: Sequence[DataSet]) -> str:
    """The delimiter of the data set; where several fit the name, the one that splits the header further."""
    choices = {d.delimiter for d in fitting}
    if len(choices) == 1:
        return choices.pop()
    with path.open("r", encoding="utf-8-sig") as stream:
        first = stream.readline()
    return max(sorted(choices), key=first.count)


def _drift_of_text(probe: Probe, parsed: Parsed) -> list[Drift]:
    found = []
    if probe.encoding != "utf-8":
        found.append(Drift("encoding", None, probe.encoding, "utf-8"))
    if probe.line_end in ("cr", "mixed"):
        found.append(Drift("line_ends", None, probe.line_end, "lf or crlf"))
    if probe.nul_n:
        found.append(Drift("nul_bytes", None, str(probe.nul_n), "none"))
    if parsed.rows_n == SPREADSHEET_ROWS:
        found.append(
            Drift("spreadsheet_limit", None, f"{parsed.rows_n:,} rows", "a file not cut at a spreadsheet's last row")
        )
    return found


def _append(group: Sequence[_Prepared], store: Store, run: BronzeRun) -> list[FileOutcome]:
    """Append the new files of one data set in one commit."""
    data_set = group[0].data_set
    table = f"bronze.{data_set.name}"
    load_id = run.load_id(data_set)
    try:
        store.ensure(table, _columns(data_set, group), indexed=("_source_sha256", "_period"), comment=data_set.title)
        known = _known(store, table, data_set)
        names = {file.landing.name for file in group}
        new: list[_Prepared] = []
        outcomes: list[FileOutcome] = []
        for file in group:
            standing = known.get(file.identity)
            if standing is None:
                new.append(file)
            elif standing.recovered and (standing.file == file.landing.name or standing.file not in names):
                # The file that was written, or a copy of it where that one has left the landing folder.
                outcomes.append(file.outcome("loaded", standing.load_id))
            else:
                outcomes.append(file.outcome("duplicate", load_id))
                continue
            known[file.identity] = _Standing(file.landing.name, load_id, recovered=False)
        if not new:
            return outcomes
        run.on_progress(f"writing {table}")
        published = store.adopt(table, [path for file in new for path in file.parsed.paths])
        rows_n = sum(file.parsed.rows_n for file in new)
        if published.inserted_n != rows_n:
            store.restore(table, published.version_before)
            raise RowAccountingError(
                f"{table}: {rows_n:,} rows were read and {published.inserted_n:,} written; "
                f"the table is back at version {published.version_before}",
                table=table,
            )
    except Exception as error:  # an engine raises classes of its own; the other data sets go on
        reason = error.message if isinstance(error, NhLakehouseError) else first_line(error)
        return [replace(f.outcome("failed", load_id), error=f"{f.landing.name}: not written: {reason}") for f in group]
    done = [
        replace(
            f.outcome("loaded", load_id), version_before=published.version_before, version_after=published.version_after
        )
        for f in new
    ]
    return outcomes + done


def _columns(data_set: DataSet, group: Sequence[_Prepared]) -> list[DerivedColumn]:
    columns = [DerivedColumn(name=c.name, type="string", description=c.description) for c in data_set.columns]
    unknown = {name: f.match for f in group for name in f.match.unknown.values()}
    extra = [
        DerivedColumn(name=n, type="string", description="Column that the contract does not have") for n in unknown
    ]
    return [*columns, *extra, *AUDIT]


@dataclass(frozen=True)
class _Standing:
    """A file whose rows stand in bronze; `recovered` if the run that wrote them died before it recorded the file."""

    file: str | None
    load_id: str | None
    recovered: bool


def _known(store: Store, table: str, data_set: DataSet) -> dict[tuple[str, str], _Standing]:
    """Files that stand in the table, and those on record as loaded that had no rows, by what a file is known by."""
    rows = []
    if (present := store.lake.snapshot(table)).file_uris():
        columns = ["_source_sha256", "_period", "_source_file", "_load_id"]
        with connect() as connection:
            rows = connection.execute(
                f"""SELECT _source_sha256, string_agg(DISTINCT _period, ',' ORDER BY _period), _source_file,
                        any_value(_load_id)
                    FROM ({select_rows(present, columns)}) GROUP BY _source_sha256, _source_file"""
            ).fetchall()
    facts = ("file", "data_set", "status", "sha256", "period", "load_id", "rows_read_n")
    events = [e for e in file_events(store.lake, facts) if e["data_set"] == data_set.name]
    # With the load: a file that was taken back and sent again is written by another one.
    loads = {(e["sha256"], e["period"], e["load_id"]) for e in events if e["status"] == "loaded"}
    latest = {e["file"]: e for e in events}.values()
    empty = {
        _identity(data_set, e["sha256"], e["period"]): _Standing(e["file"], e["load_id"], recovered=False)
        for e in latest
        if e["status"] == "loaded" and e["rows_read_n"] == 0
    }
    return empty | {
        _identity(data_set, sha, periods): _Standing(file, load_id, recovered=(sha, periods, load_id) not in loads)
        for sha, periods, file, load_id in rows
    }
