-- What a patient used and cost, and the months of coverage, once more, in the SQL of DuckDB, written from the model
-- page.
-- Inputs: silver, and of gold patient_spine, clm_visit, charlson, chronic_condition, readmission_index, claims_extent.

create table clm_enrollment_month as
with y as (
  select *,
    case when year(death_date) = year then month(death_date) else 12 end as last_month,
    coalesce(year(birth_date) + 65 = year, false) or (year > 2008 and not exists (
      select 1 from clm_beneficiary_year p
        where p.source = b.source and p.bene_id = b.bene_id and p.year = b.year - 1)) as enters,
    coalesce(a_months between 1 and 11, false) or coalesce(b_months between 1 and 11, false)
      or coalesce(hmo_months between 1 and 11, false) or coalesce(d_months between 1 and 11, false) as imputed
  from clm_beneficiary_year b
), m as (
  select *, unnest(range(1, 13)) as n from y
), p as (
  select source, bene_id, make_date(year, n, 1) as month, year,
    case when source = 'rif' then part_a_by_month[n] = '1'
      when enters then n > greatest(last_month, a_months) - a_months and n <= greatest(last_month, a_months) else n <= a_months end as part_a,
    case when source = 'rif' then part_b_by_month[n] = '1'
      when enters then n > greatest(last_month, b_months) - b_months and n <= greatest(last_month, b_months) else n <= b_months end as part_b,
    case when source = 'rif' then part_c_by_month[n] = '1'
      when enters then n > greatest(last_month, hmo_months) - hmo_months and n <= greatest(last_month, hmo_months) else n <= hmo_months end as part_c,
    case when source = 'rif' then part_d_by_month[n] = '1'
      when enters then n > greatest(last_month, d_months) - d_months and n <= greatest(last_month, d_months) else n <= d_months end as part_d,
    case when source = 'rif' then dual_by_month[n] = '1' end as dual,
    source = 'synpuf' and imputed as month_imputed
  from m
)
select source, bene_id, month, year, part_a, part_b, part_c, part_d, dual,
  part_a is true or part_b is true as is_member, part_a is true and part_b is true and part_c is not true as is_ffs,
  month_imputed
from p;

-- Sums of claims by person and year; the year is null for undated ones.
create table claim_sum as
select source, bene_id, year(from_date) as year, count(*) as claims_n,
  count(*) filter (claim_type = 'inpatient') as inpatient_claims_n,
  count(*) filter (claim_type = 'outpatient') as outpatient_claims_n,
  count(*) filter (claim_type = 'carrier') as carrier_claims_n, count(*) filter (claim_type = 'snf') as snf_claims_n,
  count(*) filter (claim_type = 'hha') as hha_claims_n, count(*) filter (claim_type = 'hospice') as hospice_claims_n,
  count(*) filter (claim_type = 'dme') as dme_claims_n, sum(payment_usd) as total_medical_usd,
  sum(payment_usd) filter (claim_type = 'inpatient') as inpatient_payment_usd,
  sum(payment_usd) filter (claim_type = 'outpatient') as outpatient_payment_usd,
  sum(payment_usd) filter (claim_type = 'carrier') as carrier_payment_usd,
  sum(payment_usd) filter (claim_type = 'snf') as snf_payment_usd,
  sum(payment_usd) filter (claim_type = 'hha') as hha_payment_usd,
  sum(payment_usd) filter (claim_type = 'hospice') as hospice_payment_usd,
  sum(payment_usd) filter (claim_type = 'dme') as dme_payment_usd,
  count(*) filter (payment_usd < 0) as negative_payment_n, sum(primary_payer_usd) as primary_payer_usd,
  sum(bene_deductible_usd) as bene_deductible_usd, sum(bene_coinsurance_usd) as bene_coinsurance_usd
from claim where bene_id is not null group by source, bene_id, year(from_date);

create table fill_sum as
select source, bene_id, year(service_date) as year, count(*) as fills_n,
  count(distinct left(ndc, 9)) as distinct_drugs_n,
  sum(total_cost_usd) as rx_cost_usd, sum(patient_pay_usd) as patient_pay_usd, sum(plan_pay_usd) as plan_pay_usd
from drug_event where bene_id is not null group by source, bene_id, year(service_date);

create table many_drugs as  -- the most different products in the 90 days that end with a fill of one
select source, bene_id, year, max(drugs) as max_drugs_90d_n
from (
  select d.source, d.bene_id, year(d.service_date) as year, d.service_date, count(distinct left(f.ndc, 9)) as drugs
  from (select distinct source, bene_id, service_date from drug_event where ndc is not null) d
  join drug_event f on f.source = d.source and f.bene_id = d.bene_id
    and f.service_date between d.service_date - 89 and d.service_date
  group by all)
group by source, bene_id, year;

create table stay_sum as
select source, bene_id, year(discharge_date) as year, count(*) filter (setting = 'inpatient') as stays_n,
  sum(los_days) filter (setting = 'inpatient') as los_days_sum, count(*) filter (setting = 'snf') as snf_stays_n,
  sum(los_days) filter (setting = 'snf') as snf_los_days_sum
from inpatient_stay group by source, bene_id, year(discharge_date);

create table index_sum as
select source, bene_id, year, count(*) filter (is_index) as index_n, count(*) filter (readmitted) as readmissions_n,
  count(*) filter (unplanned_readmitted) as unplanned_n
from readmission_index group by source, bene_id, year;

create table visit_sum as
select source, bene_id, year, count(*) filter (visit_type = 'ed') as ed_visits_n,
  count(*) filter (visit_type = 'office') as office_visits_n
from clm_visit group by source, bene_id, year;

create table month_sum as
select source, bene_id, year, count(*) filter (part_a) as part_a_months, count(*) filter (part_b) as part_b_months,
  count(*) filter (part_c) as part_c_months, count(*) filter (part_d) as part_d_months,
  count(*) filter (is_member) as member_months, count(*) filter (is_ffs) as ffs_months,
  case when source = 'rif' then count(*) filter (dual) end as dual_member_months
from clm_enrollment_month group by source, bene_id, year;

create table condition_list as
select source, bene_id, year, list(condition) as conditions from chronic_condition where dx_flag group by all;

create table death as
select source, bene_id, max(death_date) as died from clm_beneficiary group by all;

-- What was paid in the 180 days up to the death (DE-SynPUF: the end of its month), where the data hold all of them.
create table last_days as
with by_day as (
  select * replace (if(source = 'synpuf', last_day(died), died) as died) from death
)
select d.source, d.bene_id, d.died,
  coalesce((select sum(payment_usd) from claim c
    where c.source = d.source and c.bene_id = d.bene_id and from_date between died - 179 and died), 0)
  + coalesce((select sum(total_cost_usd) from drug_event e
    where e.source = d.source and e.bene_id = d.bene_id and service_date between died - 179 and died), 0) as cost
from by_day d join claims_extent x on x.source = d.source
where died is not null and died - 179 >= first_claim_date;

create macro band_of_age(age) as case when age < 65 then '<65' when age < 75 then '65-74' when age < 85 then '75-84'
  when age >= 85 then '85+' else 'unknown' end;

create table patient_year as
with joined as (
  select s.source, s.bene_id, s.year, s.has_beneficiary_year, b.birth_date,
    d.died as death_date, b.age_end, b.sex, b.race, b.state, b.county, b.zip, b.esrd,
    b.dual, m.* exclude (source, bene_id, year), c.* exclude (source, bene_id, year),
    t.* exclude (source, bene_id, year),
    i.* exclude (source, bene_id, year), v.* exclude (source, bene_id, year), f.* exclude (source, bene_id, year),
    max_drugs_90d_n, coalesce(conditions, []) as dx,
    b.sp_alzhdmta, b.sp_chf, b.sp_chrnkidn, b.sp_cncr, b.sp_copd, b.sp_depressn, b.sp_diabetes, b.sp_ischmcht,
    b.sp_osteoprs,
    b.sp_ra_oa, b.sp_strketia, h.charlson, h.van_walraven, l.cost as last_cost,
    b.ip_reimbursed_usd + b.op_reimbursed_usd + b.car_reimbursed_usd as source_reimb_usd
  from patient_spine s
  left join clm_beneficiary_year b using (source, bene_id, year)
  left join death d using (source, bene_id)
  left join month_sum m using (source, bene_id, year)
  left join claim_sum c using (source, bene_id, year)
  left join stay_sum t using (source, bene_id, year)
  left join index_sum i using (source, bene_id, year)
  left join visit_sum v using (source, bene_id, year)
  left join fill_sum f using (source, bene_id, year)
  left join many_drugs using (source, bene_id, year)
  left join condition_list using (source, bene_id, year)
  left join charlson h using (source, bene_id, year)
  left join last_days l on l.source = s.source and l.bene_id = s.bene_id and year(l.died) = s.year
), lists_loaded as (
  select (select count(*) from clm_hwr_list) > 0 and (select count(distinct code_kind) from clm_ccs) = 2 as loaded
)
select source, bene_id, year, has_beneficiary_year, birth_date, death_date,
  coalesce(year(death_date) = year, false) as died_in_year, age_end, band_of_age(age_end) as age_band, sex, race, state,
  county, zip, esrd, dual, part_a_months, part_b_months, part_c_months, part_d_months, member_months, ffs_months,
  dual_member_months, coalesce(claims_n, 0) as claims_n, coalesce(inpatient_claims_n, 0) as inpatient_claims_n,
  coalesce(outpatient_claims_n, 0) as outpatient_claims_n, coalesce(carrier_claims_n, 0) as carrier_claims_n,
  coalesce(snf_claims_n, 0) as snf_claims_n, coalesce(hha_claims_n, 0) as hha_claims_n,
  coalesce(hospice_claims_n, 0) as hospice_claims_n, coalesce(dme_claims_n, 0) as dme_claims_n,
  coalesce(total_medical_usd, 0) as total_medical_usd, coalesce(inpatient_payment_usd, 0) as inpatient_payment_usd,
  coalesce(outpatient_payment_usd, 0) as outpatient_payment_usd,
  coalesce(carrier_payment_usd, 0) as carrier_payment_usd,
  coalesce(snf_payment_usd, 0) as snf_payment_usd, coalesce(hha_payment_usd, 0) as hha_payment_usd,
  coalesce(hospice_payment_usd, 0) as hospice_payment_usd, coalesce(dme_payment_usd, 0) as dme_payment_usd,
  coalesce(negative_payment_n, 0) as negative_payment_n, coalesce(primary_payer_usd, 0) as primary_payer_usd,
  coalesce(bene_deductible_usd, 0) as bene_deductible_usd, coalesce(bene_coinsurance_usd, 0) as bene_coinsurance_usd,
  coalesce(stays_n, 0) as stays_n, coalesce(los_days_sum, 0) as los_days_sum, coalesce(snf_stays_n, 0) as snf_stays_n,
  coalesce(snf_los_days_sum, 0) as snf_los_days_sum, coalesce(index_n, 0) as index_n,
  coalesce(readmissions_n, 0) as readmissions_n,
  case when loaded then coalesce(unplanned_n, 0) end as unplanned_readmissions_n,
  coalesce(ed_visits_n, 0) as ed_visits_n, coalesce(office_visits_n, 0) as office_visits_n,
  coalesce(fills_n, 0) as fills_n,
  coalesce(distinct_drugs_n, 0) as distinct_drugs_n, coalesce(max_drugs_90d_n, 0) as max_drugs_90d_n,
  coalesce(rx_cost_usd, 0) as rx_cost_usd, coalesce(patient_pay_usd, 0) as patient_pay_usd,
  case when source = 'rif' then coalesce(plan_pay_usd, 0) end as plan_pay_usd,
  coalesce(j.total_medical_usd, 0) + coalesce(j.rx_cost_usd, 0) as total_cost_usd,
  coalesce(j.bene_deductible_usd, 0) + coalesce(j.bene_coinsurance_usd, 0) + coalesce(j.patient_pay_usd, 0)
    as out_of_pocket_usd,
  total_cost_usd / nullif(member_months, 0) as pmpm_usd,
  list_contains(dx, 'alzheimer') as dx_alzheimer, list_contains(dx, 'heart_failure') as dx_heart_failure,
  list_contains(dx, 'kidney') as dx_kidney, list_contains(dx, 'cancer') as dx_cancer,
  list_contains(dx, 'copd') as dx_copd,
  list_contains(dx, 'depression') as dx_depression, list_contains(dx, 'diabetes') as dx_diabetes,
  list_contains(dx, 'ischemic_heart') as dx_ischemic_heart, list_contains(dx, 'osteoporosis') as dx_osteoporosis,
  list_contains(dx, 'arthritis') as dx_arthritis, list_contains(dx, 'stroke') as dx_stroke,
  list_contains(dx, 'hyperlipidemia') as dx_hyperlipidemia, list_contains(dx, 'hypertension') as dx_hypertension,
  sp_alzhdmta, sp_chf, sp_chrnkidn, sp_cncr, sp_copd, sp_depressn, sp_diabetes, sp_ischmcht, sp_osteoprs, sp_ra_oa,
  sp_strketia,
  len(list_filter(dx, lambda c: c not like 'cancer\_%' escape '\')) as chronic_n,
  case when source = 'synpuf' and has_beneficiary_year then len(list_filter([sp_alzhdmta, sp_chf, sp_chrnkidn, sp_cncr,
    sp_copd, sp_depressn, sp_diabetes, sp_ischmcht, sp_osteoprs, sp_ra_oa, sp_strketia], lambda f: f is true)) end
    as sp_chronic_n,
  charlson, van_walraven, last_cost as last_180d_cost_usd, source_reimb_usd
from joined j cross join lists_loaded;

create macro tier_of(percentile) as case when percentile >= 95 then 'very high' when percentile >= 80 then 'high'
  when percentile >= 50 then 'medium' when percentile >= 0 then 'low' end;

create table patient_summary as
select *,
  case when has_beneficiary_year then 100 * percent_rank() over (
    partition by source, year, has_beneficiary_year order by total_cost_usd) end as cost_percentile,
  tier_of(cost_percentile) as risk_tier
from patient_year;

create table patient_summary_all as
with undated as (
  select * from claim_sum where year is null
), everything as (  -- the years of a person, and what is undated
  select * exclude (cost_percentile, risk_tier) from patient_summary
  union all by name
  select u.*, coalesce(total_medical_usd, 0) as total_cost_usd,
    coalesce(bene_deductible_usd, 0) + coalesce(bene_coinsurance_usd, 0) as out_of_pocket_usd,
    false as has_beneficiary_year
  from undated u
), latest as (
  select source, bene_id, birth_date, age_end, age_band, sex, race, state, county, zip, esrd, dual
  from patient_summary where has_beneficiary_year
  qualify row_number() over (partition by source, bene_id order by year desc) = 1
), summed as (
  select source, bene_id, min(year) as first_year, max(year) as last_year, count(year)::int as years_n,
    bool_or(has_beneficiary_year) as has_beneficiary_year, max(death_date) as death_date,
    sum(part_a_months) as part_a_months,
    sum(part_b_months) as part_b_months, sum(part_c_months) as part_c_months, sum(part_d_months) as part_d_months,
    sum(member_months) as member_months, sum(ffs_months) as ffs_months, sum(dual_member_months) as dual_member_months,
    sum(claims_n) as claims_n, sum(inpatient_claims_n) as inpatient_claims_n,
    sum(outpatient_claims_n) as outpatient_claims_n,
    sum(carrier_claims_n) as carrier_claims_n, sum(snf_claims_n) as snf_claims_n, sum(hha_claims_n) as hha_claims_n,
    sum(hospice_claims_n) as hospice_claims_n, sum(dme_claims_n) as dme_claims_n,
    coalesce(sum(total_medical_usd), 0) as total_medical_usd,
    coalesce(sum(inpatient_payment_usd), 0) as inpatient_payment_usd,
    coalesce(sum(outpatient_payment_usd), 0) as outpatient_payment_usd,
    coalesce(sum(carrier_payment_usd), 0) as carrier_payment_usd, coalesce(sum(snf_payment_usd), 0) as snf_payment_usd,
    coalesce(sum(hha_payment_usd), 0) as hha_payment_usd, coalesce(sum(hospice_payment_usd), 0) as hospice_payment_usd,
    coalesce(sum(dme_payment_usd), 0) as dme_payment_usd, sum(negative_payment_n) as negative_payment_n,
    coalesce(sum(primary_payer_usd), 0) as primary_payer_usd,
    coalesce(sum(bene_deductible_usd), 0) as bene_deductible_usd,
    coalesce(sum(bene_coinsurance_usd), 0) as bene_coinsurance_usd, coalesce(sum(stays_n), 0) as stays_n,
    coalesce(sum(los_days_sum), 0) as los_days_sum, coalesce(sum(snf_stays_n), 0) as snf_stays_n,
    coalesce(sum(snf_los_days_sum), 0) as snf_los_days_sum, coalesce(sum(index_n), 0) as index_n,
    coalesce(sum(readmissions_n), 0) as readmissions_n, sum(unplanned_readmissions_n) as unplanned_readmissions_n,
    coalesce(sum(ed_visits_n), 0) as ed_visits_n, coalesce(sum(office_visits_n), 0) as office_visits_n,
    coalesce(sum(fills_n), 0) as fills_n, (select count(distinct left(e.ndc, 9)) from drug_event as e
      where e.source = everything.source and e.bene_id = everything.bene_id and e.year is not null) as distinct_drugs_n,
    coalesce(max(max_drugs_90d_n), 0) as max_drugs_90d_n, coalesce(sum(rx_cost_usd), 0) as rx_cost_usd,
    coalesce(sum(patient_pay_usd), 0) as patient_pay_usd,
    case when source = 'rif' then coalesce(sum(plan_pay_usd), 0) end as plan_pay_usd,
    coalesce(sum(total_cost_usd), 0) as total_cost_usd, coalesce(sum(out_of_pocket_usd), 0) as out_of_pocket_usd,
    coalesce(bool_or(dx_alzheimer), false) as dx_alzheimer,
    coalesce(bool_or(dx_heart_failure), false) as dx_heart_failure,
    coalesce(bool_or(dx_kidney), false) as dx_kidney, coalesce(bool_or(dx_cancer), false) as dx_cancer,
    coalesce(bool_or(dx_copd), false) as dx_copd, coalesce(bool_or(dx_depression), false) as dx_depression,
    coalesce(bool_or(dx_diabetes), false) as dx_diabetes,
    coalesce(bool_or(dx_ischemic_heart), false) as dx_ischemic_heart,
    coalesce(bool_or(dx_osteoporosis), false) as dx_osteoporosis,
    coalesce(bool_or(dx_arthritis), false) as dx_arthritis,
    coalesce(bool_or(dx_stroke), false) as dx_stroke, coalesce(bool_or(dx_hyperlipidemia), false) as dx_hyperlipidemia,
    coalesce(bool_or(dx_hypertension), false) as dx_hypertension, bool_or(sp_alzhdmta) as sp_alzhdmta,
    bool_or(sp_chf) as sp_chf, bool_or(sp_chrnkidn) as sp_chrnkidn, bool_or(sp_cncr) as sp_cncr,
    bool_or(sp_copd) as sp_copd,
    bool_or(sp_depressn) as sp_depressn, bool_or(sp_diabetes) as sp_diabetes, bool_or(sp_ischmcht) as sp_ischmcht,
    bool_or(sp_osteoprs) as sp_osteoprs, bool_or(sp_ra_oa) as sp_ra_oa, bool_or(sp_strketia) as sp_strketia,
    max(charlson) as charlson, max(van_walraven) as van_walraven, sum(source_reimb_usd) as source_reimb_usd
  from everything group by source, bene_id
)
select source, bene_id, first_year, last_year, years_n, has_beneficiary_year, birth_date, death_date, age_end,
  coalesce(age_band, 'unknown') as age_band, sex, race, state, county, zip, esrd, dual,
  part_a_months, part_b_months, part_c_months, part_d_months, member_months, ffs_months, dual_member_months, claims_n,
  inpatient_claims_n, outpatient_claims_n, carrier_claims_n, snf_claims_n, hha_claims_n, hospice_claims_n, dme_claims_n,
  total_medical_usd, inpatient_payment_usd, outpatient_payment_usd, carrier_payment_usd, snf_payment_usd,
  hha_payment_usd,
  hospice_payment_usd, dme_payment_usd, negative_payment_n, primary_payer_usd, bene_deductible_usd,
  bene_coinsurance_usd,
  stays_n, los_days_sum, snf_stays_n, snf_los_days_sum, index_n, readmissions_n, unplanned_readmissions_n, ed_visits_n,
  office_visits_n, fills_n, distinct_drugs_n, max_drugs_90d_n, rx_cost_usd, patient_pay_usd, plan_pay_usd,
  total_cost_usd,
  out_of_pocket_usd, total_cost_usd / nullif(member_months, 0) as pmpm_usd,
  dx_alzheimer, dx_heart_failure, dx_kidney, dx_cancer, dx_copd, dx_depression, dx_diabetes, dx_ischemic_heart,
  dx_osteoporosis, dx_arthritis, dx_stroke, dx_hyperlipidemia, dx_hypertension,
  sp_alzhdmta, sp_chf, sp_chrnkidn, sp_cncr, sp_copd, sp_depressn, sp_diabetes, sp_ischmcht, sp_osteoprs, sp_ra_oa,
  sp_strketia,
  dx_alzheimer::int + dx_heart_failure::int + dx_kidney::int + dx_cancer::int + dx_copd::int + dx_depression::int
    + dx_diabetes::int + dx_ischemic_heart::int + dx_osteoporosis::int + dx_arthritis::int + dx_stroke::int
    + dx_hyperlipidemia::int + dx_hypertension::int as chronic_n,
  case when source = 'synpuf' and has_beneficiary_year then len(list_filter([sp_alzhdmta, sp_chf, sp_chrnkidn, sp_cncr,
    sp_copd, sp_depressn, sp_diabetes, sp_ischmcht, sp_osteoprs, sp_ra_oa, sp_strketia], lambda f: f is true)) end
    as sp_chronic_n,
  charlson, van_walraven, source_reimb_usd,
  case when has_beneficiary_year then 100 * percent_rank() over (
    partition by source, has_beneficiary_year order by total_cost_usd) end as cost_percentile,
  tier_of(cost_percentile) as risk_tier
from summed s left join latest using (source, bene_id);
