"""Reference lists that a user may bring, and the exporter's counts of claims: as the files say it, typed."""

from __future__ import annotations

from pyspark.sql import DataFrame

from nh_lakehouse.declare import silver_table
from nh_lakehouse.silver import claims_codes as codes
from nh_lakehouse.silver.published import published

__all__ = [
    "clm_ccs",
    "clm_drg",
    "clm_elixhauser",
    "clm_export_count",
    "clm_hcpcs",
    "clm_hwr_list",
    "clm_icd",
    "clm_ndc",
    "clm_provider_name",
]

CLAIM_TYPES = ("inpatient", "outpatient", "carrier", "snf", "hha", "hospice", "dme", "pde")
"""Types of claims that the exporter counts, drug events (pde) among them."""


@silver_table("silver.clm_ccs", of="ref_ccs", key=["code_kind", "code_system", "code"], history="latest")
def clm_ccs(ref_ccs: DataFrame) -> DataFrame:
    """CCS category of each diagnosis and procedure code.

    Args:
        ref_ccs: one row per (code_kind, code_system, code).
    Returns:
        One row per row.
    Raises:
        MissingColumnError: an input column is absent.
    Source: AHRQ Healthcare Cost and Utilization Project, Clinical Classifications Software.
    """
    return published(ref_ccs, "silver.clm_ccs")


@silver_table(
    "silver.clm_hwr_list", of="ref_hwr_list", key=["list_name", "list_code_kind", "list_code"], history="latest"
)
def clm_hwr_list(ref_hwr_list: DataFrame) -> DataFrame:
    """Lists by which a readmission is planned, or a stay is left out of the measure.

    Args:
        ref_hwr_list: one row per (list_name, list_code_kind, list_code).
    Returns:
        One row per row.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS hospital-wide all-cause unplanned readmission measure, specification report.
    """
    return published(ref_hwr_list, "silver.clm_hwr_list")


@silver_table("silver.clm_drg", of="ref_drg", key=["drg"], history="latest")
def clm_drg(ref_drg: DataFrame) -> DataFrame:
    """Names and weights of diagnosis-related groups.

    Args:
        ref_drg: one row per drg.
    Returns:
        One row per row.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS acute inpatient prospective payment system, table 5.
    """
    return published(ref_drg, "silver.clm_drg")


@silver_table("silver.clm_icd", of="ref_icd", key=["code_kind", "code_system", "code"], history="latest")
def clm_icd(ref_icd: DataFrame) -> DataFrame:
    """Texts of diagnosis and procedure codes.

    Args:
        ref_icd: one row per (code_kind, code_system, code).
    Returns:
        One row per row.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS ICD-9-CM, ICD-10-CM and ICD-10-PCS code files.
    """
    return published(ref_icd, "silver.clm_icd")


@silver_table(
    "silver.clm_elixhauser", of="ref_elixhauser", key=["comorbidity", "code_system", "code_prefix"], history="latest"
)
def clm_elixhauser(ref_elixhauser: DataFrame) -> DataFrame:
    """Code beginnings of the Elixhauser comorbidities, with the points of each.

    Args:
        ref_elixhauser: one row per (comorbidity, code_system, code_prefix).
    Returns:
        One row per row.
    Raises:
        MissingColumnError: an input column is absent.
    Source: Quan et al. 2005 (codes); van Walraven et al. 2009 (points).
    """
    return published(ref_elixhauser, "silver.clm_elixhauser")


@silver_table("silver.clm_hcpcs", of="ref_hcpcs", key=["hcpcs"], history="latest")
def clm_hcpcs(ref_hcpcs: DataFrame) -> DataFrame:
    """Texts of HCPCS codes, and minutes of the timed ones.

    Args:
        ref_hcpcs: one row per hcpcs.
    Returns:
        One row per row; `unit_minutes` is null where the code is not timed.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS physician fee schedule.
    """
    return published(ref_hcpcs, "silver.clm_hcpcs")


@silver_table("silver.clm_ndc", of="ref_ndc", key=["ndc9"], history="latest")
def clm_ndc(ref_ndc: DataFrame) -> DataFrame:
    """Names and classes of drug products.

    Args:
        ref_ndc: one row per ndc9.
    Returns:
        One row per row.
    Raises:
        MissingColumnError: an input column is absent.
    Source: FDA National Drug Code Directory.
    """
    return published(ref_ndc, "silver.clm_ndc")


@silver_table("silver.clm_provider_name", of="ref_provider", key=["provider_id_type", "provider_id"], history="latest")
def clm_provider_name(ref_provider: DataFrame) -> DataFrame:
    """Names of providers.

    Args:
        ref_provider: one row per (provider_id_type, provider_id).
    Returns:
        One row per row.
    Raises:
        MissingColumnError: an input column is absent.
    Source: CMS National Plan and Provider Enumeration System, provider of services file.
    """
    return published(ref_provider, "silver.clm_provider_name")


@silver_table(
    "silver.clm_export_count", of="rif_export_summary", key=["source", "bene_id", "claim_type"], history="latest"
)
def clm_export_count(rif_export_summary: DataFrame) -> DataFrame:
    """Claims of a beneficiary by type, as the exporter of a RIF delivery counted them.

    Args:
        rif_export_summary: one row per bene_id, a column for each type.
    Returns:
        One row per (source, bene_id, claim_type): `exported_n`; a count that the file does not tell makes no row.
    Raises:
        MissingColumnError: an input column is absent.
    Source: export summary written beside the RIF files.
    """
    table = "silver.clm_export_count"
    rows = codes.require(rif_export_summary, "rif_export_summary", table)
    structs = [
        f"CASE WHEN {kind}_claims_n IS NOT NULL THEN named_struct('claim_type', '{kind}', 'exported_n', "
        f"{kind}_claims_n) END"
        for kind in CLAIM_TYPES
    ]
    audit = [f"`{c}`" for c in rows.columns if c.startswith("_")]
    return codes.declared(codes.explode_known(rows, structs, ["bene_id", *audit]), table, {"source": "'rif'"})
