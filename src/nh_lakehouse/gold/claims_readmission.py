"""Hospital episodes and their readmissions: the crude rate, and what the thirty days after a discharge cost.

An episode is what transfers join: it ends with the discharge that sends the patient home. An index is an episode
after which the person left hospital alive, with thirty days of data behind it; rates count indexes, each once. The
unplanned measure stands in `claims_unplanned.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from nh_lakehouse.ages import age_at
from nh_lakehouse.declare import table
from nh_lakehouse.gold.bands import ALL
from nh_lakehouse.gold.claims_codes import dx_category
from nh_lakehouse.gold.claims_grouping import (
    add_up,
    code_of,
    labels_from,
    period_year,
    provider_names,
    with_group_label,
    with_groupings,
    with_periods,
)
from nh_lakehouse.gold.claims_unplanned import HwrRules, with_unplanned
from nh_lakehouse.gold.statistics import ratio

__all__ = ["ReadmissionRules", "readmission_cost", "readmission_index"]

#: Windows that all people share (decision 9).
_WINDOWS = 64
#: What an episode takes from its last stay: that hospital discharged the patient.
_OF_LAST = (
    "stay_id", "provider_id", "provider_id_type", "provider_state", "discharge_date", "discharge_status", "drg",
    "primary_dx", "dx_code_system",
)  # fmt: skip


@dataclass(frozen=True)
class ReadmissionRules:
    """When an admission is a readmission.

    Attributes:
        days: 30, days after discharge in which it counts; so long the data must reach beyond a discharge.
    """

    days: int = 30


@table(
    "gold.readmission_index",
    key=["source", "episode_id"],
    per=["source", "bene_id"], order=["source", "bene_id"],
    optional=[
        "claims_extent", "clm_beneficiary", "claim", "clm_beneficiary_year", "clm_enrollment_month", "claim_procedure",
        "clm_ccs", "clm_hwr_list",
    ],
)  # fmt: skip
def readmission_index(
    inpatient_stay: DataFrame,
    claims_extent: DataFrame,
    clm_beneficiary: DataFrame,
    claim: DataFrame,
    clm_beneficiary_year: DataFrame,
    clm_enrollment_month: DataFrame,
    claim_procedure: DataFrame,
    clm_ccs: DataFrame,
    clm_hwr_list: DataFrame,
    *,
    rules: ReadmissionRules = ReadmissionRules(),
    hwr: HwrRules = HwrRules(),
) -> DataFrame:
    """Hospital episodes, whether they are an index, and the readmission that followed.

    Args:
        inpatient_stay: one row per (source, stay_id); stays of setting inpatient count.
        claims_extent: one row per source: the end of its inpatient claims. Without it nothing is observable.
        clm_beneficiary: birth and death of people, the latest known.
        claim: claims of all types, for the cost of the days after discharge.
        clm_beneficiary_year, clm_enrollment_month, claim_procedure, clm_ccs, clm_hwr_list: see `with_unplanned`.
    Returns:
        One row per (source, episode_id). `is_index`: discharged alive (status not 20, no death up to the day of
        discharge; a status that is not known counts as alive) and 30 whole days of data after it. `readmitted`: the
        person's next episode, the earliest that begins a day or more after the discharge, begins within 30 days;
        episodes that begin on the day of discharge or before it are none. Each index counts once, and a readmission
        may be an index itself. Amounts in USD; `cost_30d_usd` holds claims of all types that begin 1 to 30 days after
        discharge and is 0 without any. Columns of the unplanned measure are null without both optional lists.
    Source: CMS hospital-wide all-cause unplanned readmission measure, without risk adjustment.
    """
    episodes = _episodes(inpatient_stay)
    people = clm_beneficiary.groupBy("source", "bene_id").agg(
        F.expr("max(death_date) AS death_date"),
        F.expr("max_by(birth_date, CASE WHEN birth_date IS NOT NULL THEN valid_from END) AS birth_date"),
    )
    reach = claims_extent.select("source", "inpatient_end_date")
    known = _with_next(episodes).join(people, ["source", "bene_id"], "left").join(reach, "source", "left")
    judged = _judged(known, rules)
    readmissions = judged.where("readmitted").selectExpr("source", "next_episode_id AS episode_id").distinct()
    paid = inpatient_stay.selectExpr("source", "stay_id AS readmission_stay_id", "payment_usd AS _paid")
    joined = (
        judged.join(paid, ["source", "readmission_stay_id"], "left")
        .join(readmissions.withColumn("_follows", F.lit(True)), ["source", "episode_id"], "left")
        .join(_cost_after(episodes, claim, rules), ["source", "episode_id"], "left")
    )
    measured = with_unplanned(
        joined, inpatient_stay, clm_beneficiary_year, clm_enrollment_month, claim_procedure, clm_ccs, clm_hwr_list, hwr
    )
    return measured.selectExpr(
        "source",
        "episode_id",
        "bene_id",
        "stay_id",
        "stays_n",
        "provider_id",
        "provider_id_type",
        "provider_state",
        "admit_date",
        "discharge_date",
        "year(discharge_date) AS year",
        "CAST(trunc(discharge_date, 'MM') AS date) AS month",
        "CAST(greatest(1, datediff(discharge_date, admit_date)) AS int) AS los_days",
        "discharge_status",
        "drg",
        "primary_dx",
        "dx_code_system",
        f"{dx_category('dx_code_system', 'primary_dx')} AS dx_category",
        "payment_usd",
        "age_at_discharge",
        "alive_at_discharge",
        "still_in_hospital",
        "readmit_observable",
        "is_index",
        "next_episode_id",
        "next_admit_date",
        "days_to_next",
        "readmitted",
        "readmission_stay_id",
        "_paid AS readmission_payment_usd",
        "coalesce(_follows, false) AS is_readmission",
        "CASE WHEN is_index THEN coalesce(_cost, CAST(0 AS decimal(18,2))) END AS cost_30d_usd",
        "hwr_exclusion",
        "hwr_exclusion = 'none' AS hwr_index",
        "planned",
        "CASE WHEN hwr_exclusion = 'none' THEN readmitted AND NOT coalesce(planned, false) END AS unplanned_readmitted",
    )


def _episodes(inpatient_stay: DataFrame) -> DataFrame:
    """One row per hospital episode: days from the first to the last stay, the rest from the last, payments of all."""
    stays = inpatient_stay.where("setting = 'inpatient'")
    last = [F.expr(f"max(CASE WHEN is_episode_end THEN {name} END) AS {name}") for name in _OF_LAST]
    return stays.groupBy("source", "bene_id", "episode_id").agg(
        F.expr("count(1) AS stays_n"),
        F.expr("min(admit_date) AS admit_date"),
        F.expr("CAST(sum(payment_usd) AS decimal(18,2)) AS payment_usd"),
        *last,
    )


def _with_next(episodes: DataFrame) -> DataFrame:
    """Adds the person's earliest episode that begins after the discharge, and whether they were elsewhere meanwhile.

    Each episode stands in one line twice, as texts: its admission, and the day after its discharge. The next admission
    (`next_episode_id`, `next_admit_date`) is the smallest text behind that day. In a second line, by admission and day
    of discharge, the latest end of those admitted before tells whether one of them goes on (`still_in_hospital`). To
    pair a person's episodes would do the same, but grows with the square of their number.
    """
    admission = "concat(_person, CAST(admit_date AS string), CAST(discharge_date AS string), episode_id)"
    discharge = "concat(_person, CAST(date_add(discharge_date, 1) AS string))"
    end = "concat(_person, CAST(discharge_date AS string))"
    forwards = "PARTITION BY _window ORDER BY _by ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
    backwards = "PARTITION BY _window ORDER BY _at DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
    twice = (
        episodes.selectExpr("*", "xxhash64(source, bene_id) AS _hash")
        .selectExpr("*", "lpad(hex(_hash), 16, '0') AS _person", f"pmod(_hash, {_WINDOWS}) AS _window")
        .selectExpr("*", "explode(array(true, false)) AS _is_admission")
        .selectExpr(
            "*",
            f"CASE WHEN _is_admission THEN {admission} ELSE {discharge} END AS _at",
            f"CASE WHEN _is_admission THEN {admission} ELSE {end} END AS _by",
            f"concat({end}, episode_id) AS _end",
        )
    )
    behind = twice.selectExpr(
        "*",
        f"min(CASE WHEN _is_admission THEN _at END) OVER ({backwards}) AS _behind",
        f"max(CASE WHEN _is_admission THEN _end END) OVER ({forwards}) AS _latest",
    )
    once = behind.where("NOT _is_admission").selectExpr(
        *episodes.columns,
        "CASE WHEN startswith(_behind, _person) THEN _behind END AS _next",
        # The latest end of an earlier person is a smaller text.
        "coalesce(_latest > _end, false) AS still_in_hospital",
    )
    return once.selectExpr(
        *episodes.columns,
        "still_in_hospital",
        "CAST(substring(_next, 17, 10) AS date) AS next_admit_date",
        "substring(_next, 37) AS next_episode_id",
    )


def _judged(episodes: DataFrame, rules: ReadmissionRules) -> DataFrame:
    """Adds what makes an episode an index, and whether it was readmitted."""
    judged = episodes.selectExpr(
        "*",
        f"{age_at('discharge_date')} AS age_at_discharge",
        "coalesce(discharge_status <> '20', true) AND coalesce(death_date > discharge_date, true)"
        " AS alive_at_discharge",
        f"coalesce(date_add(discharge_date, {rules.days}) <= inpatient_end_date, false) AS readmit_observable",
        "CAST(datediff(next_admit_date, discharge_date) AS int) AS days_to_next",
    )
    indexed = judged.selectExpr("*", "alive_at_discharge AND readmit_observable AND NOT still_in_hospital AS is_index")
    readmitted = indexed.selectExpr(
        "*", f"CASE WHEN is_index THEN coalesce(days_to_next <= {rules.days}, false) END AS readmitted"
    )
    return readmitted.selectExpr("*", "CASE WHEN readmitted THEN next_episode_id END AS readmission_stay_id")


def _cost_after(episodes: DataFrame, claim: DataFrame, rules: ReadmissionRules) -> DataFrame:
    """`_cost` of an episode: payments of the person's claims that begin in the days after the discharge."""
    after = episodes.selectExpr(
        "source",
        "bene_id",
        "episode_id",
        "discharge_date AS _after",
        f"date_add(discharge_date, {rules.days}) AS _until",
    )
    paid = claim.select("source", "bene_id", "from_date", "payment_usd")
    inside = after.join(paid, ["source", "bene_id"], "inner").where("from_date > _after AND from_date <= _until")
    return inside.groupBy("source", "episode_id").agg(F.expr("CAST(sum(payment_usd) AS decimal(18,2)) AS _cost"))


_SUMMED = (
    "index_n", "readmitted_n", "cost_30d_without_n", "readmission_cost_total", "cost_30d_with_usd",
    "cost_30d_without_usd",
)  # fmt: skip


@table(
    "gold.readmission_cost",
    key=["source", "period", "group_by", "group_value"],
    optional=["patient_year", "chronic_condition", "clm_drg", "clm_provider_name"],
)
def readmission_cost(
    readmission_index: DataFrame,
    patient_year: DataFrame,
    chronic_condition: DataFrame,
    clm_drg: DataFrame,
    clm_provider_name: DataFrame,
) -> DataFrame:
    """What a readmission costs and how often there is one, for whom.

    Args:
        readmission_index: one row per (source, episode_id); indexes count.
        patient_year: one row per (source, bene_id, year): age, sex, race, state and dual status in the year of
            discharge; `unknown` where there is no row.
        chronic_condition: conditions by diagnoses (`dx_flag`) in the year of discharge; a person has several or none.
        clm_drg, clm_provider_name: optional names.
    Returns:
        One row per (source, period, group_by, group_value). Amounts in USD. `readmission_cost_total` adds the payments
        of the readmission stays, the `cost_30d_*` all payments that begin in the 30 days after discharge. `excess` is
        the mean with a readmission less the mean without; it is not adjusted for what else differs between the two.
        Means are null where their count is 0.
    Source: cost of readmission of the nursing-home pipeline document (future work 3), from payments in place of an
        assumed price of a day.
    """
    index = readmission_index.where("is_index").selectExpr(
        "*",
        "CAST(1 AS bigint) AS index_n",
        "CAST(readmitted AS bigint) AS readmitted_n",
        "CAST(NOT readmitted AS bigint) AS cost_30d_without_n",
        "coalesce(readmission_payment_usd, CAST(0 AS decimal(18,2))) AS readmission_cost_total",
        "CASE WHEN readmitted THEN cost_30d_usd ELSE CAST(0 AS decimal(18,2)) END AS cost_30d_with_usd",
        "CASE WHEN readmitted THEN CAST(0 AS decimal(18,2)) ELSE cost_30d_usd END AS cost_30d_without_usd",
    )
    whose = patient_year.select("source", "bene_id", "year", "age_band", "sex", "race", "state", "dual")
    values = {
        ALL: F.lit(ALL),
        **{name: F.col(name).cast("string") for name in ("age_band", "sex", "race", "state", "dual")},
        "dx_category": code_of("dx_code_system", "dx_category"),
        "drg": F.col("drg"),
        "provider": code_of("provider_id_type", "provider_id"),
    }
    kept = ["source", "year", *_SUMMED]
    groups = with_groupings(index.join(whose, ["source", "bene_id", "year"], "left"), values, keep=kept)
    present = chronic_condition.where("dx_flag").select("source", "bene_id", "year", "condition")
    ill = with_groupings(
        index.join(present, ["source", "bene_id", "year"], "inner"), {"condition": F.col("condition")}, keep=kept
    )
    by = ["source", "group_by", "group_value"]
    yearly = add_up(groups.unionByName(ill), _SUMMED, by=[*by, "year"])
    sums = add_up(with_periods(yearly), _SUMMED, by=[*by, "period"])
    titles = labels_from(clm_drg, "drg", value=F.col("drg"), label="drg_title")
    with_mean = ratio("cost_30d_with_usd", "readmitted_n")
    without_mean = ratio("cost_30d_without_usd", "cost_30d_without_n")
    return with_group_label(sums, titles, provider_names(clm_provider_name)).select(
        "source",
        "period",
        period_year(),
        "group_by",
        "group_value",
        "group_label",
        "index_n",
        "readmitted_n",
        ratio("readmitted_n", "index_n").alias("readmit_rate"),
        F.col("readmission_cost_total").cast("decimal(18,2)").alias("readmission_cost_total"),
        ratio("readmission_cost_total", "readmitted_n").alias("cost_per_readmission_usd"),
        "cost_30d_with_usd",
        with_mean.alias("cost_30d_with_usd_mean"),
        "cost_30d_without_usd",
        "cost_30d_without_n",
        without_mean.alias("cost_30d_without_usd_mean"),
        (with_mean - without_mean).alias("excess"),
    )
