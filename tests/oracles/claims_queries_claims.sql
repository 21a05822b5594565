-- The questions about claims, codes, stays and providers once more, in the SQL of DuckDB, written from the model page.
-- Inputs: silver, inpatient_stay and clm_enrollment_month among it, and of gold the facts, the dimensions and
-- readmission_index.

create table dated_claims as  -- every claim in its year, if it has one, and in the period of all years
select claim_year::varchar as period, claim_year as year, * from fact_claims where claim_year is not null
union all
select 'all', null, * from fact_claims;

create table q02_claims_by_year_type as
with c as (
  select * from dated_claims union all select * replace ('all' as claim_type) from dated_claims
)
select source, period, year, claim_type, count(*) as claims_n, count(distinct bene_id) as people_n,
  sum(line_n) as lines_n,
  sum(c.payment_usd) as payment_usd, count(c.payment_usd) as payment_usd_n,
  sum(c.payment_usd) / nullif(count(c.payment_usd), 0) as payment_usd_mean,
  count(*) filter (c.payment_usd < 0) as negative_payment_n, count(*) filter (is_denied) as denied_n,
  count(*) filter (is_high_cost) as high_cost_n, sum(c.allowed_usd) as allowed_usd,
  sum(c.total_charge_usd) as total_charge_usd,
  sum(coalesce(bene_deductible_usd, 0) + coalesce(bene_coinsurance_usd, 0)) as out_of_pocket_usd
from c group by source, period, year, claim_type;

create table q08_top_diagnoses as
with d as (
  select year::varchar as period, * from claim_diagnosis where year is not null
  union all select 'all', * replace (null as year) from claim_diagnosis
), shown as (
  select source, period, year, code_system, code, count(distinct (claim_type, claim_id)) as claims_n,
    count(distinct bene_id) as people_n
  from d where dx_type in ('principal', 'secondary', 'line') group by all
), paid as (
  select f.source, period, f.year, code_system, code, count(*) as primary_claims_n, sum(f.payment_usd) as payment_usd
  from dated_claims f join dim_diagnosis on diagnosis_key = primary_diagnosis_key
  where diagnosis_key <> -1 group by f.source, period, f.year, code_system, code
)
select source, s.period, s.year, code_system, code, description, dx_category, claims_n, people_n,
  coalesce(primary_claims_n, 0) as primary_claims_n, payment_usd, payment_usd / primary_claims_n as payment_usd_mean,
  rank() over (partition by source, s.period order by claims_n desc) as claims_rank,
  rank() over (partition by source, s.period order by payment_usd desc nulls last) as payment_rank
from shown s
left join paid p using (source, period, code_system, code)
left join dim_diagnosis using (code_system, code);

create table q09_top_procedures as
with px as (
  select source, claim_type, claim_id, bene_id, year, 'ICD' as kind, code_system, code, px_seq as place,
    null::double as units, null::decimal(18, 2) as line_payment_usd
  from claim_procedure
  union all
  select source, claim_type, claim_id, bene_id, claim_year, 'HCPCS', 'HCPCS', hcpcs, line_no, units, line_payment_usd
  from fact_claim_lines where hcpcs is not null
), ranked as (
  select *, row_number() over (partition by source, claim_type, claim_id, kind order by place) = 1 as is_first from px
), dated as (
  select year::varchar as period, * from ranked where year is not null
  union all select 'all', * replace (null as year) from ranked
), summed as (
  select d.source, d.period, d.year, kind, code_system, code, count(distinct (d.claim_type, d.claim_id)) as claims_n,
    count(distinct d.bene_id) as people_n, sum(units::decimal(38, 6))::double as units_sum,
    sum(d.line_payment_usd) as line_payment_usd, count(*) filter (is_first) as primary_claims_n,
    sum(c.payment_usd) filter (is_first) as payment_usd
  from dated d left join fact_claims c using (source, claim_type, claim_id)
  group by all
)
select source, period, year, s.code_system, s.code,
  case kind when 'HCPCS' then h.hcpcs_description else i.description end as description, claims_n, people_n, units_sum,
  line_payment_usd, primary_claims_n, payment_usd, payment_usd / nullif(primary_claims_n, 0) as payment_usd_mean,
  rank() over (partition by source, period, kind order by claims_n desc) as claims_rank,
  rank() over (partition by source, period, kind order by payment_usd desc nulls last) as payment_rank
from summed s
left join clm_icd i on i.code_kind = 'px' and i.code_system = s.code_system and i.code = s.code
left join clm_hcpcs h on h.hcpcs = s.code;

create table q11_spend_trend as
with happened as (
  select source, month, bene_id, claim_type as spend_type, payment_usd as usd from fact_claims where month is not null
  union all
  select source, month, bene_id, 'pde', total_cost_usd from fact_prescriptions where month is not null
), event as (  -- each with how its person was covered in its month
  select h.*, coalesce(is_member, false) as by_any, coalesce(is_ffs, false) as by_ffs, coalesce(part_d, false) as by_d
  from happened h left join clm_enrollment_month using (source, bene_id, month)
), typed as (
  select * from event
  union all select * replace ('medical' as spend_type) from event where spend_type <> 'pde'
  union all select * replace ('all' as spend_type) from event
), span as (
  select source, unnest(generate_series(min(month), max(month), interval 1 month))::date as month from event
    group by source
), dense as (
  select source, month, unnest(['inpatient', 'outpatient', 'carrier', 'snf', 'hha', 'hospice', 'dme', 'pde', 'medical',
    'all'])
    as spend_type
  from span
), summed as (
  select source, month, spend_type, sum(usd) as usd, count(*) as n, sum(usd) filter (by_any) as usd_of_members,
    sum(usd) filter (case spend_type when 'pde' then by_d when 'all' then by_any else by_ffs end) as usd_of_covered,
    count(distinct bene_id) as people from typed group by all
), covered as (
  select source, month, count(*) filter (is_member) as members, count(*) filter (is_ffs) as ffs,
    count(*) filter (part_d) as part_d
  from clm_enrollment_month group by all
), answer as (
  select source, month, year(month) as year, spend_type, coalesce(usd, 0) as spend_usd, coalesce(n, 0) as events_n,
    coalesce(people, 0) as people_n, members as member_months,
    case spend_type when 'pde' then part_d when 'all' then members else ffs end as rate_months,
    if(members is not null, coalesce(usd_of_members, 0), null) as member_spend_usd,
    if(members is not null, coalesce(usd_of_covered, 0), null) as rate_spend_usd
  from dense left join summed using (source, month, spend_type) left join covered using (source, month)
)
select a.*, a.member_spend_usd / nullif(a.member_months, 0) as pmpm_usd,
  a.rate_spend_usd / nullif(a.rate_months, 0) as covered_pmpm_usd,
  p.spend_usd as spend_prior_usd, a.spend_usd / nullif(p.spend_usd, 0) - 1 as spend_change_rate
from answer a
left join answer p on p.source = a.source and p.spend_type = a.spend_type and p.month = a.month - interval 12 month;

create table q13_readmission as
with grouped as (
  select r.source, r.year, alive_at_discharge, readmit_observable, is_index, readmitted, hwr_index,
    unplanned_readmitted,
    unnest([
      struct_pack(group_by := 'all', value := 'all', label := null::varchar),
      struct_pack(group_by := 'provider', value := provider_id_type || ':' || provider_id, label := provider_name),
      struct_pack(group_by := 'primary_dx', value := dx_code_system || ':' || primary_dx, label := x.description),
      struct_pack(group_by := 'dx_category', value := dx_code_system || ':' || dx_category, label := null),
      struct_pack(group_by := 'state', value := provider_state, label := null)], recursive := true)
  from readmission_index r
  left join clm_provider_name using (provider_id_type, provider_id)
  left join clm_icd x on x.code_kind = 'dx' and x.code_system = dx_code_system and x.code = primary_dx
), dated as (
  select year::varchar as period, * from grouped union all select 'all', * replace (null as year) from grouped
), lists_loaded as (
  select (select count(*) from clm_hwr_list) > 0 and (select count(distinct code_kind) from clm_ccs) = 2 as loaded
)
select source, period, year, group_by, coalesce(value, 'unknown') as group_value, max(label) as group_label,
  count(*) as episodes_n, count(*) filter (alive_at_discharge and not readmit_observable) as not_observable_n,
  count(*) filter (is_index) as index_n, count(*) filter (readmitted) as readmitted_n,
  readmitted_n / nullif(index_n, 0) as readmit_rate,
  case when any_value(loaded) then count(*) filter (hwr_index) end as hwr_index_n,
  case when any_value(loaded) then count(*) filter (unplanned_readmitted) end as unplanned_n,
  unplanned_n / nullif(hwr_index_n, 0) as unplanned_readmit_rate
from dated cross join lists_loaded group by source, period, year, group_by, group_value;

create table q14_alos as
with stays as (
  select source, discharge_date, setting, los_days, covered_days, discharge_date = admit_date as same_day, payment_usd,
    drg, provider_id_type || ':' || provider_id as provider, provider_state, true as is_stay
  from inpatient_stay
  union all
  select source, discharge_date, claim_type, greatest(1, discharge_date - admit_date), null, null, null,
    drg, provider_id_type || ':' || provider_id, provider_state, false
  from claim
  where claim_type in ('inpatient', 'snf') and admit_date <= discharge_date
), dated as (
  select year(discharge_date)::varchar as period, year(discharge_date) as year, * from stays
  union all select 'all', null, * from stays
), grouped as (
  select *, unnest([
      struct_pack(group_by := 'all', value := 'all'), struct_pack(group_by := 'drg', value := drg),
      struct_pack(group_by := 'provider', value := provider),
      struct_pack(group_by := 'state', value := provider_state)],
      recursive := true)
  from dated
), summed as (
  select source, period, year, setting, group_by, coalesce(value, 'unknown') as group_value,
    count(*) filter (is_stay) as stays_n, sum(los_days) filter (is_stay) as los_days_sum,
    quantile_cont(los_days::double, 0.5) filter (is_stay) as los_days_median,
    count(*) filter (not is_stay) as stay_claims_n,
    sum(los_days) filter (not is_stay) as claim_los_days_sum, sum(covered_days) as covered_days_sum,
    count(covered_days) as covered_days_n, count(*) filter (same_day) as same_day_n, sum(payment_usd) as payment_usd
  from grouped group by source, period, year, setting, group_by, group_value
)
select source, period, year, setting, group_by, group_value,
  case group_by when 'drg' then drg_title when 'provider' then provider_name end as group_label, stays_n, los_days_sum,
  los_days_sum / nullif(stays_n, 0) as alos_days, los_days_median, stay_claims_n, claim_los_days_sum,
  claim_los_days_sum / nullif(stay_claims_n, 0) as claim_alos_days, covered_days_sum, covered_days_n,
  covered_days_sum / nullif(covered_days_n, 0) as covered_days_mean, same_day_n, payment_usd
from summed
left join clm_drg on group_by = 'drg' and drg = group_value
left join clm_provider_name on group_by = 'provider' and provider_id_type || ':' || provider_id = group_value;

create table q15_provider_volume as
with c as (
  select c.*, provider_id_type || ':' || provider_id as provider, provider_name, d.state, d.specialty
  from dated_claims c left join dim_provider d using (provider_key)
), grouped as (
  select source, period, year, 'provider' as group_by, coalesce(provider, 'unknown') as group_value,
    provider_name as group_label, provider_key, state, specialty, bene_id, payment_usd
  from c
  union all
  select source, period, year, 'specialty', coalesce(specialty, 'unknown'), null, null, null, specialty, bene_id,
    payment_usd
  from c
), summed as (
  select source, period, year, group_by, group_value, max(group_label) as group_label,
    max(provider_key) as provider_key,
    max(state) as state, max(specialty) as specialty, count(*) as claims_n, count(distinct bene_id) as people_n,
    sum(g.payment_usd) as payment_usd, count(g.payment_usd) as payment_usd_n
  from grouped g group by source, period, year, group_by, group_value
), ranked as (
  select *, sum(payment_usd) over (partition by source, period, group_by) as total,
    rank() over (partition by source, period, group_by order by payment_usd desc nulls last) as payment_rank,
    row_number() over (
      partition by source, period, group_by order by group_value = 'unknown', payment_usd desc nulls last,
      group_value) as nth
  from summed
)
select source, period, year, group_by, group_value, group_label, provider_key, state, specialty, claims_n, people_n,
  payment_usd, payment_usd_n, payment_usd / nullif(payment_usd_n, 0) as payment_usd_mean,
  payment_usd / nullif(total, 0) as payment_share, payment_rank,
  sum(payment_usd) filter (nth <= 10 and group_value <> 'unknown') over (partition by source, period, group_by)
    / nullif(total, 0) as top_10_share
from ranked;

create table q19_cost_share as
with event as (
  select source, claim_year as year, claim_type as spend_type, bene_id,
    coalesce(bene_deductible_usd, 0) + coalesce(bene_coinsurance_usd, 0) as usd,
    null::decimal(18, 2) as gap_discount_usd,
    null::decimal(18, 2) as below_oop_threshold_usd, null::decimal(18, 2) as above_oop_threshold_usd,
    null::decimal(18, 2) as lics_usd, null as catastrophic_phase
  from fact_claims where claim_year is not null
  union all
  select source, year, 'pde', bene_id, coalesce(patient_pay_usd, 0), gap_discount_usd, below_oop_threshold_usd,
    above_oop_threshold_usd, lics_usd, catastrophic_phase
  from drug_event where year is not null
), typed as (
  select * from event union all select * replace ('all' as spend_type) from event
), persons as (
  select source, year, spend_type, bene_id, sum(usd)::double as usd from typed where bene_id is not null group by all
), quantiles as (
  select source, year, spend_type, count(*) as users_n, quantile_cont(usd, 0.25) as p25, quantile_cont(usd, 0.5) as p50,
    quantile_cont(usd, 0.75) as p75, quantile_cont(usd, 0.9) as p90, quantile_cont(usd, 0.95) as p95,
    quantile_cont(usd, 0.99) as p99
  from persons group by all
), summed as (
  select source, year, spend_type, count(*) as events_n, sum(usd) as out_of_pocket_usd, sum(gap_discount_usd) as gap,
    sum(below_oop_threshold_usd) as below, sum(above_oop_threshold_usd) as above, sum(lics_usd) as lics,
    count(*) filter (catastrophic_phase in ('A', 'C')) as catastrophic
  from typed group by source, year, spend_type
)
select source, year, spend_type, events_n, users_n, out_of_pocket_usd,
  out_of_pocket_usd / users_n as out_of_pocket_usd_mean,
  p25 as out_of_pocket_usd_p25, p50 as out_of_pocket_usd_p50, p75 as out_of_pocket_usd_p75,
  p90 as out_of_pocket_usd_p90,
  p95 as out_of_pocket_usd_p95, p99 as out_of_pocket_usd_p99,
  case when source = 'rif' and spend_type = 'pde' then gap end as gap_discount_usd,
  case when source = 'rif' and spend_type = 'pde' then below end as below_oop_threshold_usd,
  case when source = 'rif' and spend_type = 'pde' then above end as above_oop_threshold_usd,
  case when source = 'rif' and spend_type = 'pde' then lics end as lics_usd,
  case when source = 'rif' and spend_type = 'pde' then catastrophic end as catastrophic_fills_n
from summed left join quantiles using (source, year, spend_type);

create table q20_icd_mix as
with d as (
  select year::varchar as period, * from claim_diagnosis where year is not null
  union all select 'all', * replace (null as year) from claim_diagnosis
), typed as (
  select *, claim_type as own_type from d union all select * replace ('all' as claim_type), claim_type from d
), summed as (
  select source, period, year, claim_type, code_system, count(*) as codes_n, count(distinct code) as distinct_codes_n,
    count(distinct (own_type, claim_id)) as claims_n, count(*) filter (not is_valid_code) as invalid_n
  from typed group by all
)
select source, period, year, claim_type, code_system, codes_n,
  codes_n / sum(codes_n) over (partition by source, period, claim_type) as codes_share, distinct_codes_n, claims_n,
  invalid_n,
  invalid_n / codes_n as invalid_share
from summed;

-- Columns of the engine's own (_source_file and the like) are no business columns.
create table q21_data_quality as
with cell as (
  from (
    select source, 'claim' as table_name, claim_type, year, dq_flags,
      columns(lambda c: c not in ('source', 'claim_type', 'claim_id', 'year', 'dq_flags')
        and not starts_with(c, '_'))::varchar
    from claim)
  unpivot include nulls (value for column_name in (columns(* exclude (source, table_name, claim_type, year, dq_flags))))
  union all by name
  from (
    select source, 'claim_line' as table_name, claim_type, year, dq_flags,
      columns(lambda c: c not in ('source', 'claim_type', 'claim_id', 'line_no', 'year', 'dq_flags')
        and not starts_with(c, '_'))::varchar
    from claim_line)
  unpivot include nulls (value for column_name in (columns(* exclude (source, table_name, claim_type, year, dq_flags))))
  union all by name
  from (
    select source, 'claim_diagnosis' as table_name, claim_type, year, dq_flags,
      columns(lambda c: c not in ('source', 'claim_type', 'claim_id', 'dx_type', 'dx_seq', 'year', 'dq_flags')
        and not starts_with(c, '_'))::varchar
    from claim_diagnosis)
  unpivot include nulls (value for column_name in (columns(* exclude (source, table_name, claim_type, year, dq_flags))))
  union all by name
  from (
    select source, 'claim_procedure' as table_name, claim_type, year, dq_flags,
      columns(lambda c: c not in ('source', 'claim_type', 'claim_id', 'px_seq', 'year', 'dq_flags')
        and not starts_with(c, '_'))::varchar
    from claim_procedure)
  unpivot include nulls (value for column_name in (columns(* exclude (source, table_name, claim_type, year, dq_flags))))
  union all by name
  from (
    select source, 'drug_event' as table_name, 'none' as claim_type, year, dq_flags,
      columns(lambda c: c not in ('source', 'event_id', 'year', 'dq_flags') and not starts_with(c, '_'))::varchar
    from drug_event)
  unpivot include nulls (value for column_name in (columns(* exclude (source, table_name, claim_type, year, dq_flags))))
  union all by name
  from (
    select source, 'clm_beneficiary_year' as table_name, 'none' as claim_type, year, dq_flags,
      columns(lambda c: c not in ('source', 'bene_id', 'year', 'dq_flags') and not starts_with(c, '_'))::varchar
    from clm_beneficiary_year)
  unpivot include nulls (value for column_name in (columns(* exclude (source, table_name, claim_type, year, dq_flags))))
  union all by name
  select source, 'claim' as table_name, claim_type, '*' as column_name, year, dq_flags, '' as value from claim
  union all by name
  select source, 'claim_line' as table_name, claim_type, '*' as column_name, year, dq_flags, '' as value from claim_line
  union all by name
  select source, 'claim_diagnosis' as table_name, claim_type, '*' as column_name, year, dq_flags, '' as value
  from claim_diagnosis
  union all by name
  select source, 'claim_procedure' as table_name, claim_type, '*' as column_name, year, dq_flags, '' as value
  from claim_procedure
  union all by name
  select source, 'drug_event' as table_name, 'none' as claim_type, '*' as column_name, year, dq_flags, '' as value
  from drug_event
  union all by name
  select source, 'clm_beneficiary_year' as table_name, 'none' as claim_type, '*' as column_name, year, dq_flags,
    '' as value
  from clm_beneficiary_year
)
select source, table_name, claim_type, column_name, year, count(*) as rows_n,
  count(*) filter (value is null) as missing_n,
  missing_n / rows_n as missing_share,
  count(*) filter (case column_name when '*' then len(dq_flags) > 0
    else len(list_filter(dq_flags, lambda f: split_part(f, ':', 2) = column_name)) > 0 end) as flagged_n,
  flagged_n / rows_n as flagged_share
from cell group by source, table_name, claim_type, column_name, year;
