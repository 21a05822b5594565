"""The seven questions of the nursing-home pipeline document, and how answers are compared.

Two peers ask them in SQL over the published columns (`provider`, `vbp`); ours are read from the gold tables. An answer
is a list of rows, the key first. All answers are those of the newest month.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = [
    "COLUMNS",
    "HOMES_SQL",
    "QUESTIONS",
    "Agreement",
    "Answers",
    "clean_name",
    "compare",
    "ours",
    "read",
    "write",
]

Answers = dict[str, list[list[Any]]]

#: Question -> names of the compared columns, the key first.
COLUMNS = {
    "bed utilization": ("ccn", "bed_utilization"),
    "hours": ("ccn", "total_hprd", "rn_hprd", "lpn_hprd", "aide_hprd"),
    "turnover": ("ccn", "nursing_turnover_pct", "rn_turnover_pct", "administrators_left_n", "overall_rating"),
    "readmission": ("ccn", "rsrr", "multiplier"),
    "correlation by state": ("state", "matched_n", "correlation_beds20", "total_hprd_mean", "rsrr_mean"),
    "risk score": ("state", "matched_n", "risk_score", "fines_matched_usd"),
    "low staffing with fines": ("ccn", "total_hprd", "fines_usd", "penalties_n", "overall_rating", "rsrr"),
}

#: One row per home of the newest month, in SQL that DuckDB and Spark both speak.
HOMES_SQL = """
    SELECT lpad(CAST(p.cms_certification_number_ccn AS STRING), 6, '0') AS ccn,
        p.state,
        CAST(p.number_of_certified_beds AS DOUBLE) AS beds,
        CAST(p.average_number_of_residents_per_day AS DOUBLE) AS residents,
        CAST(p.reported_total_nurse_staffing_hours_per_resident_per_day AS DOUBLE) AS total_hprd,
        CAST(p.reported_rn_staffing_hours_per_resident_per_day AS DOUBLE) AS rn_hprd,
        CAST(p.reported_lpn_staffing_hours_per_resident_per_day AS DOUBLE) AS lpn_hprd,
        CAST(p.reported_nurse_aide_staffing_hours_per_resident_per_day AS DOUBLE) AS aide_hprd,
        CAST(p.total_nursing_staff_turnover AS DOUBLE) AS nursing_turnover_pct,
        CAST(p.registered_nurse_turnover AS DOUBLE) AS rn_turnover_pct,
        p.number_of_administrators_who_have_left_the_nursing_home AS administrators_left_n,
        p.overall_rating,
        CAST(p.total_amount_of_fines_in_dollars AS DOUBLE) AS fines_usd,
        p.total_number_of_penalties AS penalties_n,
        try_cast(v.performance_period_fy_2022_riskstandardized_readmission_rate AS DOUBLE) AS rsrr,
        try_cast(v.incentive_payment_multiplier AS DOUBLE) AS multiplier
    FROM provider AS p LEFT JOIN vbp AS v
        ON lpad(CAST(p.cms_certification_number_ccn AS STRING), 6, '0')
        = lpad(CAST(v.cms_certification_number_ccn AS STRING), 6, '0')
    WHERE p.processing_date = (SELECT max(processing_date) FROM provider)"""

#: The questions over `homes`, which is HOMES_SQL.
QUESTIONS = {
    "bed utilization": "SELECT ccn, residents / beds FROM homes WHERE beds > 0 AND residents IS NOT NULL",
    "hours": "SELECT ccn, total_hprd, rn_hprd, lpn_hprd, aide_hprd FROM homes WHERE total_hprd IS NOT NULL",
    "turnover": (
        "SELECT ccn, nursing_turnover_pct, rn_turnover_pct, administrators_left_n, overall_rating "
        "FROM homes WHERE nursing_turnover_pct IS NOT NULL"
    ),
    "readmission": "SELECT ccn, rsrr, multiplier FROM homes WHERE rsrr IS NOT NULL",
    "correlation by state": """
        SELECT state, count(*),
            CASE WHEN count(CASE WHEN beds >= 20 THEN 1 END) >= 10
                THEN corr(CASE WHEN beds >= 20 THEN total_hprd END, CASE WHEN beds >= 20 THEN rsrr END) END,
            avg(total_hprd), avg(rsrr)
        FROM homes WHERE total_hprd IS NOT NULL AND rsrr IS NOT NULL GROUP BY state""",
    "risk score": """
        WITH states AS (
            SELECT state, count(*) AS n, avg(total_hprd) AS s, avg(rsrr) AS r, sum(fines_usd) AS fines
            FROM homes WHERE total_hprd IS NOT NULL AND rsrr IS NOT NULL GROUP BY state)
        SELECT state, n,
            ((max(s) OVER () - s) / (max(s) OVER () - min(s) OVER ())
                + (r - min(r) OVER ()) / (max(r) OVER () - min(r) OVER ())) / 2,
            fines
        FROM states""",
    "low staffing with fines": """
        SELECT ccn, total_hprd, fines_usd, penalties_n, overall_rating, rsrr
        FROM homes WHERE total_hprd < 3.5 AND fines_usd > 0""",
}

_OURS = {
    "bed utilization": ("nh_facility_metrics", "bed_utilization IS NOT NULL"),
    "hours": ("nh_facility_metrics", "total_hprd IS NOT NULL"),
    "turnover": ("nh_facility_metrics", "nursing_turnover_pct IS NOT NULL"),
    "readmission": ("nh_readmission_facility", "true"),
    "correlation by state": ("nh_state_staffing_readmission", "NOT is_national AND matched_n > 0"),
    "risk score": ("nh_state_risk", "true"),
    "low staffing with fines": ("nh_low_staffing_fines", "true"),
}


def clean_name(name: str) -> str:
    """A published header as a column name that Delta takes: as DuckDB's `normalize_names` writes it."""
    return re.sub(r"\s+", "_", re.sub(r"[^\w\s]", "", name.lower()).strip())


def ours(lakehouse: Path) -> Answers:
    """The answers of a lakehouse, from its gold tables."""
    from nh_lakehouse import Lakehouse

    answers: Answers = {}
    tables = sorted({table for table, _ in _OURS.values()})
    with Lakehouse(lakehouse).duckdb([f"gold.{table}" for table in tables]) as connection:
        for question, (table, condition) in _OURS.items():
            newest = f"snapshot_month = (SELECT max(snapshot_month) FROM gold.{table})"
            rows = connection.execute(
                f"SELECT {', '.join(COLUMNS[question])} FROM gold.{table} WHERE {condition} AND {newest}"
            ).fetchall()
            answers[question] = [list(row) for row in rows]
    return answers


def write(path: Path, ask: Callable[[str], Sequence[Sequence[Any]]]) -> None:
    """Ask every question and write the answers.

    Args:
        path: JSON file.
        ask: gives the rows of a question.
    """
    answers = {question: [[_plain(v) for v in row] for row in ask(question)] for question in COLUMNS}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(answers), encoding="utf-8")


def read(path: Path) -> Answers:
    """Answers as `write` left them."""
    answers: Answers = json.loads(path.read_text(encoding="utf-8"))
    return answers


@dataclass(frozen=True)
class Agreement:
    """How two answers to one question compare.

    Attributes:
        ours_n, theirs_n: rows.
        agree_n: rows that both have, equal in every column.
        worst: column -> largest difference in rows that both have, where it is beyond the tolerance.
        only_one_knows_n: values that are missing in one of them.
    """

    ours_n: int
    theirs_n: int
    agree_n: int
    worst: Mapping[str, float]
    only_one_knows_n: int

    @property
    def is_full(self) -> bool:
        """Whether all rows of both agree."""
        return self.ours_n == self.theirs_n == self.agree_n


def compare(mine: Answers, theirs: Answers, tolerance: float = 1e-6) -> dict[str, Agreement]:
    """Compare two answers question by question.

    Args:
        mine, theirs: the answers.
        tolerance: largest difference of two equal numbers, relative to them or absolute, whichever is wider.
    """
    return {q: _compare(names, mine.get(q, []), theirs.get(q, []), tolerance) for q, names in COLUMNS.items()}


def _compare(names: Sequence[str], mine: list[list[Any]], theirs: list[list[Any]], tolerance: float) -> Agreement:
    left = {row[0]: row[1:] for row in mine}
    right = {row[0]: row[1:] for row in theirs}
    agree, missing = 0, 0
    worst: dict[str, float] = {}
    for key in left.keys() & right.keys():
        equal = True
        for name, a, b in zip(names[1:], map(_number, left[key]), map(_number, right[key]), strict=True):
            if a is None or b is None:
                missing += a is not b
                equal = equal and a is b
            elif not math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance):
                worst[name] = max(worst.get(name, 0.0), abs(a - b))
                equal = False
        agree += equal
    return Agreement(len(mine), len(theirs), agree, worst, missing)


def _number(value: Any) -> float | None:
    return None if value is None or math.isnan(float(value)) else float(value)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    return None if math.isnan(float(value)) else float(value)
