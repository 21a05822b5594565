"""Random rows of the silver of claims, dense enough that rules meet: days close together, few codes, few providers.

Values that files can have and a sample does not: claims without a person's file, without provider, payment or day of
discharge, codes that no list has, months that are unknown, negative payments, fills without product.
"""

from __future__ import annotations

import math
import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from nh_lakehouse.reference import read_list

Row = dict[str, Any]

TABLES = (
    "claim", "claim_line", "claim_diagnosis", "claim_procedure", "drug_event", "clm_beneficiary", "clm_beneficiary_year",
    "clm_export_count", "clm_ccs", "clm_hwr_list", "clm_drg", "clm_icd", "clm_elixhauser", "clm_hcpcs", "clm_ndc",
    "clm_provider_name",
)  # fmt: skip
"""Tables of which rows are made; those of lists are empty without lists."""

FLAGS = "alzhdmta chf chrnkidn cncr copd depressn diabetes ischmcht osteoprs ra_oa strketia".split()
PROCEDURES = {"ICD9": ["3601", "4513", "9904", "8154"], "ICD10": ["02HV33Z", "0SR9019", "5A1D70Z"]}
OTHER_CODES = {
    "ICD9": ["41401", "4019", "E8120", "V1582", "OTHER", "25000", "78650", "486"],
    "ICD10": ["I10", "E119", "XX000", "Z00", "R079", "J189"],
}
HCPCS = "99213 99214 99215 99205 99201 99281 99285 99231 97110 J1234 36415 A0428 97140".split()
PRODUCTS = ["00002751001", "00002751002", "00093005801", "00093005901", "00781150610", "00781150701", None]
NDCS = PRODUCTS * 3 + [f"0000{number:03d}0001" for number in range(12)]
NPIS = [f"1{number:09d}" for number in range(12)]
HOSPITALS, NURSING = [f"22{number:04d}" for number in range(6)], ["225001", "225002"]
TYPES = {"synpuf": ["inpatient", "outpatient", "carrier"]}
TYPES["rif"] = [*TYPES["synpuf"], "snf", "hha", "hospice", "dme"]
FIRST_YEAR = {"synpuf": 2008, "rif": 2015}
BY_LINE = ("carrier", "dme")


class RandomClaims:
    """Rows of every table, the same for the same seed.

    Args:
        seed: of all values.
        people: of each source; claims and fills are some twelve times as many.
        with_lists: fill the optional lists.
        peers: physicians with enough claims to be compared with each other, three of them far off.
    """

    def __init__(self, seed: int, *, people: int, with_lists: bool = True, peers: int = 0) -> None:
        self.random = random.Random(seed)
        self.tables: dict[str, list[Row]] = {name: [] for name in TABLES}
        self.claims_n = 0
        self.codes = {
            system: self.random.sample(_prefixes(system), 30) + others for system, others in OTHER_CODES.items()
        }
        for source in TYPES:
            for number in range(people):
                self.person(source, number)
        self.peers(peers)
        if with_lists:
            self.lists()

    # --- values ----------------------------------------------------------------------------------------------------

    def maybe(self, value: Any, share: float = 0.9) -> Any:
        return value if self.random.random() < share else None

    def happens(self, share: float) -> bool:
        return self.random.random() < share

    def pick(self, *values: Any) -> Any:
        return self.random.choice(values)

    def usd(self, low: int, high: int) -> Decimal:
        return Decimal(self.random.randint(low * 100, high * 100)) / 100

    def day(self, year: int, days: int = 365) -> date:
        return date(year, 1, 1) + timedelta(self.random.randint(0, days - 1))

    # --- people ----------------------------------------------------------------------------------------------------

    def person(self, source: str, number: int) -> None:
        """One person with all rows; one in fourteen is in no beneficiary file."""
        year = FIRST_YEAR[source]
        bene_id = f"B{number:03d}" if source == "synpuf" else str(-100 - number)
        if self.happens(0.93):
            self.beneficiary(source, bene_id, year)
        if source == "rif":
            self.tables["clm_export_count"] += [
                {"source": source, "bene_id": bene_id, "claim_type": claim_type, "exported_n": self.maybe(n)}
                for claim_type in (*TYPES["rif"], "pde")
                for n in [self.random.randint(0, 4)]
            ]
        last = date(year + 2, 12, 31)
        day = self.day(year, 1095)
        for _ in range(self.random.randint(0, 25)):
            day = min(day + timedelta(self.random.randint(0, 35)), last) if self.happens(0.6) else self.day(year, 1095)
            self.claim(source, bene_id, day)
        day = self.day(year, 1095)
        for _ in range(self.pick(0, 3, 30)):
            day = min(day + timedelta(self.random.randint(0, 25)), last)
            self.fill(source, bene_id, day)

    def beneficiary(self, source: str, bene_id: str, first: int) -> None:
        """One or two versions, and the years of the files."""
        is_rif = source == "rif"
        birth = self.day(self.pick(1925, 1935, 1940, 1944, 1945, 1950, 1951, 1960))
        death = self.day(self.random.randint(first, first + 2)) if self.happens(0.25) else None
        row = {
            "source": source, "bene_id": bene_id, "birth_date": birth, "sex": self.pick("Male", "Female"),
            "race": self.pick("White", "Black", "Asian", "Unknown"),
        }  # fmt: skip
        starts = [date(first, 1, 1), *([date(first + 1, 1, 1)] if self.happens(0.4) else [])]
        places = [
            {
                "state": self.pick("AL", "CA", "RI", None), "county": self.maybe(self.pick("010", "020")),
                "zip": self.maybe("35004") if is_rif else None, "esrd": self.happens(0.1),
                "dual": self.happens(0.3) if is_rif else None,
            }
            for _ in starts
        ]  # fmt: skip
        for number, (start, place) in enumerate(zip(starts, places, strict=True)):
            end = starts[number + 1] if number + 1 < len(starts) else None
            validity = {"valid_from": start, "valid_to": end, "is_current": end is None, "death_date": death}
            self.tables["clm_beneficiary"].append(row | place | validity)
        for year in range(first, first + 3):
            if (death is None or death.year >= year) and self.happens(0.93):
                place = places[0] if year == first else places[-1]
                died = death if death and death.year == year else None
                self.year(row | place | {"year": year, "death_date": died}, died or date(year, 12, 31))

    def year(self, row: Row, end: date) -> None:
        """A row of a year's file."""
        birth = row["birth_date"]
        age = end.year - birth.year - ((end.month, end.day) < (birth.month, birth.day))
        months = {f"{part}_months": self.pick(12, 12, 12, 0, 5, 9) for part in ("a", "b", "d")}
        row |= {"age_end": self.maybe(age, 0.98), "hmo_months": self.pick(0, 0, 0, 12, 3)} | months
        row["dq_flags"] = self.maybe(["months_mismatch:a_months"], 0.1)
        if row["source"] == "synpuf":
            row |= {f"sp_{flag}": self.happens(0.3) for flag in FLAGS}
            for kind in ("ip", "op", "car"):
                row |= {f"{kind}_{of}_usd": self.usd(0, 2000) for of in ("reimbursed", "beneficiary", "primary_payer")}
        else:
            row |= {f"part_{part}_by_month": self.by_month() for part in "abd"}
            row["part_a_by_month"] = self.maybe(row["part_a_by_month"], 0.96)
            row["part_c_by_month"] = self.pick(*["0" * 12] * 4, "1" * 12, "000111000000")
            row["dual_by_month"] = self.pick("0" * 12, "1" * 12, "000000111111")
        self.tables["clm_beneficiary_year"].append(row)

    def by_month(self) -> str:
        some = "".join(self.pick(*"1111110") for _ in range(12))
        return some if self.happens(0.5) else self.pick(*["1" * 12] * 3, "0" * 12)

    # --- claims ----------------------------------------------------------------------------------------------------

    def claim(self, source: str, bene_id: str, day: date) -> None:
        """A claim with lines and codes; most are of hospitals and physicians."""
        claim_type = self.pick(*TYPES[source], *["inpatient"] * 3, *["carrier"] * 3)
        is_rif = source == "rif"
        self.claims_n += 1
        claim_id = str(-self.claims_n if is_rif else self.claims_n)
        key = {"source": source, "claim_type": claim_type, "claim_id": claim_id, "bene_id": bene_id}
        thru = day + timedelta(self.random.randint(0, 6))
        claim: Row = (
            key | {"segment_n": 1, "is_denied": is_rif and self.happens(0.05)} | self.billing(claim_type, is_rif)
        )
        if not (claim_type == "outpatient" and not is_rif and self.happens(0.1)):
            quarter, month = f"{day.year}Q{(day.month + 2) // 3}", day.replace(day=1)
            claim |= {"from_date": day, "thru_date": thru, "year": day.year, "quarter": quarter, "month": month}
        if claim_type in ("inpatient", "snf"):
            claim |= self.stay(day, thru, is_rif)
        if claim_type in ("hha", "hospice"):
            claim["admit_date"] = self.maybe(day)
        claim |= self.amounts(claim_type, is_rif)
        flags = self.pick(["date_order"], ["unknown_code:nch_claim_type", "line_total_mismatch:payment_usd"], [])
        claim["dq_flags"] = self.maybe(flags, 0.1)
        self.diagnoses(claim, key)
        claim["line_n"] = self.lines(claim, key)
        self.tables["claim"].append(claim)

    def billing(self, claim_type: str, is_rif: bool) -> Row:
        """Who billed and who treated."""
        if claim_type in BY_LINE:
            npi = self.maybe(self.pick(*NPIS), 0.95)
            row = {"performing_npi": npi, "provider_id": npi, "provider_id_type": npi and "NPI"}
            if claim_type == "dme" and npi is None:
                row |= {"provider_id": "S001", "provider_id_type": "SUPPLIER"}
            more = {"referring_npi": self.maybe(self.pick(*NPIS), 0.3), "referring_upin": self.maybe("A12345", 0.1)}
        else:
            ccn = self.maybe(self.pick(*NURSING if claim_type == "snf" else HOSPITALS), 0.96)
            row = {"provider_id": ccn, "provider_id_type": ccn and "CCN"}
            shares = {"attending_npi": 0.9, "operating_npi": 0.2, "other_npi": 0.1}
            row |= {name: self.maybe(self.pick(*NPIS), share) for name, share in shares.items()}
            more = {"org_npi": self.maybe(f"2{ccn or ''}000"), "attending_upin": self.maybe("A12345", 0.1)}
        return row | (more | {"provider_state": self.maybe(self.pick("AL", "CA", "AL"))} if is_rif else {})

    def stay(self, day: date, thru: date, is_rif: bool) -> Row:
        discharge = day - timedelta(1) if self.happens(0.02) else self.maybe(thru, 0.97)
        row = {"admit_date": day, "discharge_date": discharge, "covered_days": self.maybe(self.random.randint(0, 6))}
        row["drg"] = self.maybe(self.pick("470", "291", "194"))
        if is_rif:
            status = self.pick("01", "01", "02", "07", "20", "30", None)
            row |= {"discharge_status": status, "admission_type": self.maybe("1"), "admission_source": self.maybe("2")}
        return row

    def amounts(self, claim_type: str, is_rif: bool) -> Row:
        paid = self.maybe(self.usd(-5, 15_000), 0.97)
        row = {"payment_usd": paid, "is_high_cost": None if paid is None else paid > 10_000}
        row["primary_payer_usd"] = self.maybe(self.usd(0, 50), 0.8)
        if claim_type not in ("hha", "hospice"):
            row |= {name: self.maybe(self.usd(0, 200)) for name in ("bene_deductible_usd", "bene_coinsurance_usd")}
        if claim_type in BY_LINE:
            row["allowed_usd"] = self.maybe(self.usd(0, 3000))
        return row | ({"total_charge_usd": self.usd(0, 20_000)} if is_rif else {})

    def diagnoses(self, claim: Row, key: Row) -> None:
        system = "ICD9" if key["source"] == "synpuf" else self.pick("ICD9", "ICD10", "ICD10")
        dated = {name: claim.get(name) for name in ("from_date", "thru_date", "year")}
        others = ["secondary"] if key["claim_type"] in BY_LINE else ["secondary", "admitting", "external"]
        for number in range(self.random.randint(0, 4)):
            dx_type = self.pick(*others) if number else "principal"
            code = self.pick(*self.codes[system])
            if not number:
                claim |= {"primary_dx": code, "dx_code_system": system}
            self.tables["claim_diagnosis"].append(key | dated | _dx(dx_type, number, code, system))
        claim["_system"] = system
        if key["claim_type"] in ("inpatient", "snf"):
            claim["admit_dx"] = self.maybe(self.pick(*self.codes[system]), 0.5)
        if key["claim_type"] in ("inpatient", "outpatient", "snf"):
            for number in range(self.pick(0, 0, 1, 2)):
                px = {"px_seq": number + 1, "code": self.pick(*PROCEDURES[system]), "code_system": system}
                px |= {"is_valid_code": True, "from_date": dated["from_date"], "year": dated["year"]}
                self.tables["claim_procedure"].append(key | px)

    def lines(self, claim: Row, key: Row) -> int:
        """Up to three lines; one in twenty comes twice, as duplicate billing does. The first has the claim's physician."""
        system, lines_n = claim.pop("_system"), self.random.randint(1 if key["claim_type"] in BY_LINE else 0, 3)
        for number in range(1, lines_n + 1):
            first = claim.get("from_date")
            line: Row = key | {"line_no": number, "hcpcs": self.maybe(self.pick(*HCPCS)), "year": claim.get("year")}
            line["line_date"] = first and first + timedelta(self.pick(0, 0, 0, 1))
            line["dq_flags"] = self.maybe(["bad_number:units"], 0.05)
            if key["source"] == "rif":
                line["units"] = self.maybe(self.pick(1.0, 1.0, 2.0, 40.0, 0.5))
            if key["source"] == "rif" and key["claim_type"] == "outpatient":
                line["revenue_center"] = self.maybe(self.pick("0450", "0459", "0981", "0300"))
            if key["claim_type"] in BY_LINE:
                line |= self.of_physician(key)
                line["performing_npi"] = self.maybe(claim["performing_npi"], 0.9 if number > 1 else 1.0)
                line["line_dx"] = self.maybe(self.pick(*self.codes[system]))
                line["line_dx_code_system"] = line["line_dx"] and system
                if line["line_dx"]:
                    dated = {name: claim.get(name) for name in ("from_date", "thru_date", "year")}
                    dx = _dx("line", number, line["line_dx"], system)
                    self.tables["claim_diagnosis"].append(key | dated | dx)
            self.tables["claim_line"].append(line)
            if self.happens(0.05):
                self.tables["claim_line"].append(line | {"line_no": number + 20})
        return lines_n

    def of_physician(self, key: Row) -> Row:
        paid = self.usd(0, 100)
        row: Row = {"line_payment_usd": paid}
        row["line_allowed_usd"] = self.maybe(self.pick(paid * 2, paid, self.usd(0, 100)))
        row |= {
            "tax_number": self.maybe(self.pick("T1", "T2")),
            "supplier_id": "S001" if key["claim_type"] == "dme" else None,
        }
        if key["source"] == "rif":
            row |= {"place_of_service": self.pick("11", "11", "21"), "specialty": self.maybe(self.pick("06", "08"))}
            row |= {"provider_state": self.maybe(self.pick("AL", "CA")), "performing_upin": self.maybe("B1", 0.1)}
        return row

    def fill(self, source: str, bene_id: str, day: date) -> None:
        number = len(self.tables["drug_event"])
        days, cost = self.maybe(self.pick(30, 30, 90, 10), 0.93), self.usd(0, 300)
        row: Row = {
            "source": source, "event_id": f"{number:06d}", "bene_id": bene_id, "service_date": day, "year": day.year,
            "month": day.replace(day=1), "ndc": self.pick(*NDCS), "quantity": 30.0, "days_supply": days,
            "total_cost_usd": cost, "patient_pay_usd": self.usd(0, 50), "cost_per_day_usd": days and float(cost) / days,
        }  # fmt: skip
        if source == "rif":
            row |= {f"{name}_usd": self.usd(0, 9) for name in ("lics", "other", "plro")}
            row |= {f"{side}_oop_threshold_usd": self.usd(0, 100) for side in ("below", "above")}
            row |= {"plan_pay_usd": self.usd(0, 100), "gap_discount_usd": self.maybe(self.usd(0, 9))}
            row |= {"catastrophic_phase": self.pick("A", "C", None), "brand_generic": self.maybe(self.pick(*"BG"))}
            who, where = self.maybe(self.pick(*NPIS)), self.maybe(self.pick("P1", "P2", "P3", "P4", "P5"))
            row |= {"prescriber": who, "prescriber_id_type": who and "NPI"}
            row |= {"pharmacy": where, "pharmacy_id_type": where and "PHARMACY", "fill_no": 1}
        self.tables["drug_event"].append(row)

    # --- peers and lists -------------------------------------------------------------------------------------------

    def peers(self, physicians: int) -> None:
        """Physicians with some 30 claims; the fourth and sixth are paid otherwise, the eighth codes higher."""
        for number in range(physicians):
            npi, far = f"3{number:09d}", {3: 2.5, 5: -2.5}.get(number, 0.0)
            for _ in range(self.pick(29, 30, 30, 31, 33, 36)):
                self.claims_n += 1
                day, bene_id = self.day(2016), str(-100 - self.random.randint(0, 30))
                paid = Decimal(round(10_000 * math.exp(self.random.gauss(0, 0.3) + far))) / 100
                row = {"source": "rif", "claim_type": "carrier", "claim_id": f"-9{self.claims_n}", "bene_id": bene_id}
                row |= {"performing_npi": npi, "year": 2016}
                line = row | {"line_no": 1, "line_date": day, "units": 1.0, "specialty": "06", "place_of_service": "11"}
                line["hcpcs"] = "99215" if self.happens(0.95 if number == 7 else 0.1) else "99213"
                self.tables["claim_line"].append(line | {"line_payment_usd": paid, "line_allowed_usd": paid})
                row |= {"provider_id": npi, "provider_id_type": "NPI", "from_date": day, "thru_date": day}
                row |= {"quarter": "2016Q1", "month": day.replace(day=1), "payment_usd": paid, "line_n": 1}
                self.tables["claim"].append(row | {"segment_n": 1, "is_high_cost": False, "is_denied": False})

    def lists(self) -> None:
        """Lists that have most codes, and groups that overlap."""
        for system, codes in self.codes.items():
            coded = [("dx", code, number % 9 + 1) for number, code in enumerate(sorted(set(codes)))]
            coded += [("px", code, number + 1) for number, code in enumerate(PROCEDURES[system])]
            for kind, code, category in coded:
                row = {"code_kind": kind, "code_system": system, "code": code}
                if kind == "px" or self.happens(0.9):
                    self.tables["clm_ccs"].append(
                        row | {"ccs_category": str(category), "ccs_description": f"group {category}"}
                    )
                if kind == "px" or self.happens(0.9):
                    self.tables["clm_icd"].append(row | {"description": f"text of {code}"})
        self.tables |= {name: list(rows) for name, rows in _LISTS.items()}


def _dx(dx_type: str, number: int, code: str, system: str) -> Row:
    valid = code not in ("OTHER", "XX000")
    return {"dx_type": dx_type, "dx_seq": number, "code": code, "code_system": system, "is_valid_code": valid}


def _prefixes(system: str) -> list[str]:
    lists = ("charlson_quan_2005", "chronic_groups")
    return [row["code_prefix"] for name in lists for row in read_list(name) if row["code_system"] == system]


_LISTS: dict[str, list[Row]] = {
    "clm_hwr_list": [
        {"list_name": name, "list_code_kind": kind, "list_code": code}
        for name, kind, code in (
            ("always_planned_px", "ccs", "1"), ("potentially_planned_px", "ccs", "2"),
            ("potentially_planned_px", "icd10", "5A1"), ("always_planned_dx", "ccs", "1"), ("acute_dx", "ccs", "2"),
            ("acute_dx", "icd9", "41"), ("acute_dx", "ccs", "5"), ("excluded_cancer_dx", "ccs", "3"),
            ("excluded_psychiatric_dx", "ccs", "4"), ("excluded_rehabilitation_dx", "icd10", "I1"),
        )
    ],
    "clm_drg": [{"drg": "470", "drg_title": "Joint"}, {"drg": "291", "drg_title": "Heart failure"}],
    "clm_elixhauser": [
        {"comorbidity": name, "code_system": system, "code_prefix": prefix, "comorbidity_weight": weight}
        for name, system, prefix, weight in (
            ("chf", "ICD9", "428", 7), ("chf", "ICD10", "I50", 7), ("hypertension", "ICD9", "401", 0),
            ("hypertension", "ICD10", "I10", 0), ("obesity", "ICD9", "250", -4), ("drug", "ICD10", "E11", -7),
        )
    ],
    "clm_hcpcs": [
        {"hcpcs": "99213", "hcpcs_description": "Visit", "unit_minutes": None},
        {"hcpcs": "J1234", "hcpcs_description": "Drug", "unit_minutes": 90.0},
        {"hcpcs": "97110", "hcpcs_description": "Exercise", "unit_minutes": 20.0},
    ],
    "clm_ndc": [
        {"ndc9": "000027510", "drug_name": "Insulin", "drug_class": "diabetes"},
        {"ndc9": "000930058", "drug_name": "Statin", "drug_class": "lipids"},
        {"ndc9": "000930059", "drug_name": "Statin B", "drug_class": "lipids"},
        {"ndc9": "007811506", "drug_name": "Other", "drug_class": None},
    ],
    "clm_provider_name": [
        {"provider_id_type": "CCN", "provider_id": "220001", "provider_name": "Hospital One"},
        {"provider_id_type": "NPI", "provider_id": "1000000001", "provider_name": "Physician One"},
    ],
}  # fmt: skip
