-- The questions about drugs once more, in the SQL of DuckDB, written from the model page.
-- Inputs: of gold fact_prescriptions, patient_year and drug_adherence.

create table q16_drug_cost as
with grouped as (
  select *, unnest([
      struct_pack(group_by := 'all', value := 'all', label := null::varchar),
      struct_pack(group_by := 'ndc9', value := ndc9, label := drug_name),
      struct_pack(group_by := 'ndc', value := ndc, label := drug_name),
      struct_pack(group_by := 'drug_class', value := drug_class, label := null)], recursive := true)
  from fact_prescriptions
), dated as (
  select year::varchar as period, * from grouped where year is not null
  union all select 'all', * replace (null as year) from grouped
), summed as (
  select source, period, year, group_by, coalesce(value, 'unknown') as group_value, max(label) as group_label,
    count(*) as fills_n, count(distinct bene_id) as people_n, sum(total_cost_usd) as rx_cost_usd,
    sum(d.patient_pay_usd) as patient_pay_usd, coalesce(sum(days_supply), 0) as supply_days_sum,
    sum(total_cost_usd) filter (days_supply is not null) as supplied_cost_usd,
    count(*) filter (brand_generic = 'B') as brand_fills_n, count(*) filter (brand_generic = 'G') as generic_fills_n,
    sum(total_cost_usd) filter (brand_generic = 'B') as brand_cost_usd
  from dated d group by source, period, year, group_by, group_value
)
select source, period, year, group_by, group_value, group_label, fills_n, people_n, rx_cost_usd,
  rx_cost_usd / fills_n as rx_cost_usd_mean, patient_pay_usd, patient_pay_usd / nullif(rx_cost_usd, 0) as patient_share,
  supply_days_sum, supplied_cost_usd, supplied_cost_usd / nullif(supply_days_sum, 0) as cost_per_day_usd, brand_fills_n,
  generic_fills_n, brand_cost_usd, brand_fills_n / nullif(brand_fills_n + generic_fills_n, 0) as brand_share,
  generic_fills_n / nullif(brand_fills_n + generic_fills_n, 0) as generic_dispensing_rate
from summed;

create table q17_polypharmacy as
with person as (  -- persons known from claims alone are no people
  select * from patient_year where has_beneficiary_year
), a as (
  select d.* from drug_adherence d semi join person using (source, bene_id, year)
), adherence as (
  select *, 'all' as group_by, 'all' as group_value, null as label from a
  union all
  select *, 'ndc9', ndc9, drug_name from a
), by_group as (
  select source, year, group_by, group_value, max(label) as group_label, count(distinct bene_id) as people_n,
    sum(a.fills_n) as fills_n, count(pdc) as pdc_n, coalesce(fsum(pdc), 0) as pdc_sum, count(*) filter (pdc >= 0.8) as adherent_n,
    coalesce(sum(a.covered_drug_days) filter (pdc is not null), 0) as covered_drug_days,
    coalesce(sum(a.observed_drug_days) filter (pdc is not null), 0) as observed_drug_days
  from adherence a group by source, year, group_by, group_value
), takers as (
  select source, year, 'all' as group_by, count(*) as people_n, sum(p.fills_n) as fills_n,
    count(*) filter (max_drugs_90d_n >= 5) as drugs_5_n, count(*) filter (max_drugs_90d_n >= 10) as drugs_10_n
  from person p where p.fills_n > 0 group by source, year
), answer as (
  select source, year, group_by, coalesce(group_value, 'all') as group_value, group_label,
    coalesce(t.people_n, g.people_n) as people_n, coalesce(t.fills_n, g.fills_n) as fills_n, drugs_5_n, drugs_10_n,
    coalesce(pdc_n, 0) as pdc_n, coalesce(pdc_sum, 0) as pdc_sum, coalesce(adherent_n, 0) as adherent_n,
    coalesce(covered_drug_days, 0) as covered_drug_days, coalesce(observed_drug_days, 0) as observed_drug_days
  from takers t full join by_group g using (source, year, group_by)
)
select source, year, group_by, group_value, group_label, people_n, fills_n, drugs_5_n, drugs_10_n,
  drugs_5_n / people_n as drugs_5_share, drugs_10_n / people_n as drugs_10_share, pdc_n, pdc_sum,
  pdc_sum / nullif(pdc_n, 0) as pdc_mean, adherent_n, adherent_n / nullif(pdc_n, 0) as adherent_share, covered_drug_days,
  observed_drug_days, covered_drug_days / nullif(observed_drug_days, 0) as pdc_wtd
from answer;
