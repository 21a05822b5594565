-- The indicators of unusual billing once more, in the SQL of DuckDB, written from the model page.
-- Inputs: silver, inpatient_stay among it, and of gold clm_visit, claims_extent and dim_provider.

create table line as  -- lines with their provider: who performed, else who billed
select l.*, coalesce('NPI:' || l.performing_npi, provider_id_type || ':' || provider_id) as provider
from claim_line l left join claim c using (source, claim_type, claim_id);

create table duplicate as
with same as (
  select source, provider, line_date, count(*) as lines, count(distinct (claim_type, claim_id)) - 1 as further
  from line where hcpcs is not null and line_date is not null and bene_id is not null and provider is not null
  group by source, provider, bene_id, hcpcs, line_date, units, claim_type in ('carrier', 'dme')
)
select source, 'provider' as subject_type, provider as subject_id, year(line_date) as year,
  'duplicate_billing' as indicator,
  sum(further)::double as value, sum(lines) as exposure_n
from same group by all;

create table after_death as
with death as (  -- of DE-SynPUF the month is known, as its first day
  select source, bene_id, if(source = 'synpuf', last_day(max(death_date)), max(death_date)) as died
  from clm_beneficiary group by source, bene_id
), service as (
  select source, bene_id, from_date as day, 0 as grace from claim
  union all select source, bene_id, service_date, 1 from drug_event
)
select source, 'beneficiary' as subject_type, bene_id as subject_id, year(day) as year,
  'service_after_death' as indicator,
  count(*) filter (day > died + grace)::double as value, count(*) as exposure_n
from service join death using (source, bene_id) where died is not null and day is not null group by all;

create table overlapping as
with stay as (
  select * from inpatient_stay where setting = 'inpatient'
), pair as (
  select a.source, a.bene_id, year(greatest(a.admit_date, b.admit_date)) as year, count(*) as n
  from stay a join stay b on a.source = b.source and a.bene_id = b.bene_id and a.stay_id < b.stay_id
    and (a.provider_id_type, a.provider_id) is distinct from (b.provider_id_type, b.provider_id)
    and least(a.discharge_date, b.discharge_date) - greatest(a.admit_date, b.admit_date) + 1 >= 2
  group by all
)
select s.source, 'beneficiary' as subject_type, bene_id as subject_id, s.year, 'overlapping_stays' as indicator,
  coalesce(n, 0)::double as value, stays as exposure_n
from (select source, bene_id, year(admit_date) as year, count(*) as stays from stay group by all) s
left join pair using (source, bene_id, year);

create table office_stay as
with office as (
  select *, exists (
      select 1 from inpatient_stay s
      where s.setting = 'inpatient' and s.source = l.source and s.bene_id = l.bene_id
        and l.line_date between s.admit_date + 1 and s.discharge_date - 1) as inside
  from line l
  where claim_type = 'carrier' and place_of_service = '11' and line_date is not null and provider is not null
    and bene_id is not null
)
select source, 'provider' as subject_type, provider as subject_id, year(line_date) as year,
  'office_during_stay' as indicator,
  count(*) filter (inside)::double as value, count(*) as exposure_n
from office group by all;

create table long_day as
with minutes as (
  select hcpcs, coalesce(h.unit_minutes, t.unit_minutes::double) as minutes
  from clm_hcpcs h full join timed_codes t using (hcpcs)
), worked as (
  select source, performing_npi as npi, line_date as day, sum(minutes * greatest(coalesce(units, 1), 1)) / 60 as hours
  from claim_line join minutes using (hcpcs)
  where claim_type = 'carrier' and minutes is not null and performing_npi is not null and line_date is not null
  group by all
), seen as (
  select source, visit_with as npi, visit_date as day, count(distinct bene_id) as patients
  from clm_visit where visit_type = 'office' and not starts_with(visit_with, 'claim:') group by all
)
select source, 'provider' as subject_type, 'NPI:' || npi as subject_id, year(day) as year,
  'impossible_day' as indicator,
  max(greatest(coalesce(hours, 0) / 24, coalesce(patients, 0) / 50)) as value, count(*) as exposure_n
from worked full join seen using (source, npi, day) group by all;

create table early_refill as
with fill as (
  select source, bene_id, service_date, event_id, days_supply,
    lag(service_date) over w as before, lag(days_supply) over w as supply
  from drug_event where bene_id is not null and ndc is not null and service_date is not null
  window w as (partition by source, bene_id, left(ndc, 9) order by service_date, event_id)
)
select source, 'beneficiary' as subject_type, bene_id as subject_id, year(service_date) as year,
  'early_refill' as indicator,
  count(*) filter (before + supply - service_date > 0.25 * supply)::double as value, count(*) as exposure_n
from fill where supply is not null group by all;

create table shopping as
with fill as (
  select e.*, coalesce(drug_class, left(ndc, 9)) as class, drug_class is null as unclassed
  from drug_event e left join clm_ndc n on n.ndc9 = left(e.ndc, 9)
  where bene_id is not null and service_date is not null and prescriber is not null and pharmacy is not null
    and class is not null
), day as (
  select source, bene_id, class, service_date, count(*) as fills from fill group by all
), crowd as (
  select d.source, d.bene_id, d.service_date, d.class,
    least(count(distinct (prescriber_id_type, prescriber)), count(distinct (pharmacy_id_type, pharmacy))) as both_n
  from day d join fill f on f.source = d.source and f.bene_id = d.bene_id and f.class = d.class
    and f.service_date between d.service_date - 89 and d.service_date
  group by all
)
select d.source, 'beneficiary' as subject_type, d.bene_id as subject_id, year(d.service_date) as year,
  'doctor_shopping' as indicator, coalesce(max(both_n), 0)::double as value, sum(fills) as exposure_n,
  (select bool_or(unclassed) and count(distinct class) > 1 and count(distinct (prescriber_id_type, prescriber)) >= 4
     and count(distinct (pharmacy_id_type, pharmacy)) >= 4
   from fill f where f.source = d.source and f.bene_id = d.bene_id) as unsure
from day d left join crowd c on c.source = d.source and c.bene_id = d.bene_id and c.service_date = d.service_date
  and c.class = d.class
group by d.source, d.bene_id, year(d.service_date);

create table equipment as
with claimed as (
  select c.source, provider_id_type || ':' || provider_id as provider, year(from_date) as year, not exists (
      select 1 from claim v
      where v.source = c.source and v.bene_id = c.bene_id and v.claim_type in ('carrier', 'outpatient')
        and v.from_date between c.from_date - 180 and c.from_date) as unseen
  from claim c join claims_extent x on x.source = c.source
  where claim_type = 'dme' and from_date - 180 >= first_claim_date
)
select source, 'provider' as subject_type, provider as subject_id, year, 'dme_without_visit' as indicator,
  count(*) filter (unseen)::double as value, count(*) as exposure_n
from claimed where provider is not null group by all;

create table overpaid as
select source, 'provider' as subject_type, provider as subject_id, year(line_date) as year,
  'paid_over_allowed' as indicator,
  count(*) filter (line_payment_usd > 1.01 * line_allowed_usd)::double as value, count(*) as exposure_n
from line
where provider is not null and line_date is not null and line_payment_usd is not null and line_allowed_usd is not null
group by all;

-- Subjects that are compared: with at least 30 events, beside the median of their peers.
create table compared as
with payment as (
  select c.source, provider_id_type || ':' || c.provider_id as subject_id, year(from_date) as year,
    'payment_outlier' as indicator, claim_type || ':' || coalesce(specialty, 'unknown') as peer_group,
    sum(payment_usd) / count(payment_usd) as value, count(payment_usd) as exposure_n
  from claim c left join dim_provider d using (source, provider_id_type, provider_id)
  where from_date is not null and c.provider_id is not null
  group by all
), visits as (
  select v.source, 'NPI:' || visit_with as subject_id, v.year, 'upcoding' as indicator,
    coalesce(d.specialty, 'unknown') as peer_group, count(*) filter (is_top_level) / count(*) as value,
    count(*) as exposure_n
  from clm_visit v
  left join dim_provider d on d.source = v.source and d.provider_id_type = 'NPI' and d.provider_id = visit_with
  where visit_type = 'office' and not starts_with(visit_with, 'claim:')
  group by all
), x as (
  select *, ln(value) as x from payment where exposure_n >= 30 and value > 0
  union all
  select *, value from visits where exposure_n >= 30
), centred as (
  select *, median(x) over w as peer_median, count(*) over w as peer_n from x
  window w as (partition by source, year, indicator, peer_group)
)
select *, median(abs(x - peer_median)) over (partition by source, year, indicator, peer_group) as peer_mad from centred;

create table fraud_indicators as
with counted as (
  from duplicate union all by name from after_death union all by name from overlapping union all by name
    from office_stay
  union all by name from long_day union all by name from early_refill union all by name from shopping
  union all by name from equipment union all by name from overpaid
), judged as (
  select source, subject_type, subject_id, year, indicator, 'all' as peer_group, value, exposure_n,
    null::bigint as peer_n,
    null::double as peer_median, null::double as peer_mad, null::double as robust_z,
    case indicator when 'doctor_shopping' then 4.0::double else 1.0::double end as threshold,
    case indicator when 'impossible_day' then value > 1 when 'doctor_shopping' then value >= 4 or if(unsure, null, false)
      else value >= 1 end as is_flagged
  from counted where exposure_n > 0
  union all
  select source, 'provider', subject_id, year, indicator, peer_group, value, exposure_n, peer_n, peer_median, peer_mad,
    case when peer_n >= 30 then 0.6745 * (x - peer_median) / nullif(peer_mad, 0) end as z, 3.5,
    case indicator when 'upcoding' then z > 3.5 else abs(z) > 3.5 end
  from compared
), scored as (
  select source, subject_type, subject_id, year,
    count(distinct indicator) filter (is_flagged is not null) as evaluated_n,
    count(distinct indicator) filter (is_flagged) as flagged_n, flagged_n / nullif(evaluated_n, 0) as value
  from judged group by source, subject_type, subject_id, year
)
select source, subject_type, subject_id, year, indicator, peer_group, value, exposure_n, peer_n, peer_median, peer_mad,
  robust_z, threshold, is_flagged, null::bigint as evaluated_n, null::bigint as flagged_n, null::bigint as score_rank,
  'indicator, not a finding' as note
from judged
union all
select source, subject_type, subject_id, year, 'score', 'all', value, evaluated_n, null, null, null, null, null, null,
  evaluated_n, flagged_n,
  rank() over (partition by source, subject_type, year order by value desc nulls last, flagged_n desc),
  'indicator, not a finding'
from scored where evaluated_n > 0;
