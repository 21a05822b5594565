-- Spending episodes and total cost of care once more, in the SQL of DuckDB, written from the model page.
-- Inputs: silver, and of gold readmission_index, patient_summary and chronic_condition.

create table mspb_episode as
with recursive covered as (
  select source, bene_id, month from clm_enrollment_month where is_ffs
), death as (
  select source, bene_id, max(death_date) as died from clm_beneficiary group by all
), candidate as (
  select *, row_number() over (partition by source, bene_id order by admit_date, episode_id) as nth
  from (
    select r.*, date_trunc('month', admit_date - 3)::date as month_1,
      date_trunc('month', least(discharge_date + 30, coalesce(died, discharge_date + 30)))::date as month_2
    from readmission_index r left join death using (source, bene_id) where is_index) c
  where (
    select count(*) from covered m
    where m.source = c.source and m.bene_id = c.bene_id and m.month between month_1 and month_2
  ) = date_diff('month', month_1, month_2) + 1
), walked as (  -- one candidate after the other, with the end of the last opened window
  select source, bene_id, nth, episode_id, true as opens, discharge_date + 30 as open_until from candidate where nth = 1
  union all
  select c.source, c.bene_id, c.nth, c.episode_id, c.admit_date > w.open_until,
    case when c.admit_date > w.open_until then c.discharge_date + 30 else w.open_until end
  from walked w join candidate c on c.source = w.source and c.bene_id = w.bene_id and c.nth = w.nth + 1
), opened as (
  select c.*, admit_date - 3 as window_start_date, discharge_date + 30 as window_end_date
  from candidate c join walked using (source, bene_id, nth) where opens
)
select o.source, o.episode_id, o.bene_id, o.provider_id, o.provider_id_type, o.admit_date, o.discharge_date, o.year, o.drg,
  window_start_date, window_end_date, count(claim_id) as claims_n, coalesce(sum(c.payment_usd), 0) as episode_usd,
  coalesce(sum(c.payment_usd) filter (from_date < o.admit_date), 0) as before_usd,
  coalesce(sum(c.payment_usd) filter (from_date between o.admit_date and o.discharge_date), 0) as during_usd,
  coalesce(sum(c.payment_usd) filter (from_date > o.discharge_date), 0) as after_usd,
  coalesce(sum(c.payment_usd) filter (claim_type = 'inpatient'), 0) as inpatient_payment_usd,
  coalesce(sum(c.payment_usd) filter (claim_type = 'outpatient'), 0) as outpatient_payment_usd,
  coalesce(sum(c.payment_usd) filter (claim_type = 'carrier'), 0) as carrier_payment_usd,
  coalesce(sum(c.payment_usd) filter (claim_type = 'snf'), 0) as snf_payment_usd,
  coalesce(sum(c.payment_usd) filter (claim_type = 'hha'), 0) as hha_payment_usd,
  coalesce(sum(c.payment_usd) filter (claim_type = 'hospice'), 0) as hospice_payment_usd,
  coalesce(sum(c.payment_usd) filter (claim_type = 'dme'), 0) as dme_payment_usd
from opened o
left join claim c on c.source = o.source and c.bene_id = o.bene_id and from_date between window_start_date and window_end_date
group by all;

create table mspb_provider as
with medians as (
  select source, year, quantile_cont(episode_usd::double, 0.5) as median_episode_usd from mspb_episode group by all
), p as (
  select source, provider_id, provider_id_type, year, count(*) as episodes_n, sum(e.episode_usd) as episode_usd
  from mspb_episode e where provider_id is not null group by all
)
select source, provider_id, provider_id_type, year, episodes_n, episode_usd, episode_usd / episodes_n as episode_usd_mean,
  median_episode_usd, episode_usd_mean / nullif(median_episode_usd, 0) as mspb_ratio,
  rank() over (partition by source, year order by mspb_ratio desc nulls last) as mspb_rank
from p join medians using (source, year);

create table tcoc as
with p as (
  select *, case when chronic_n = 0 then '0' when chronic_n = 1 then '1' when chronic_n <= 3 then '2-3'
    when chronic_n <= 5 then '4-5' when chronic_n >= 6 then '6+' end as chronic_band
  from patient_summary where has_beneficiary_year
), grouped as (
  select p.*, unnest([
      struct_pack(group_by := 'all', value := 'all'), struct_pack(group_by := 'age_band', value := age_band),
      struct_pack(group_by := 'sex', value := sex), struct_pack(group_by := 'race', value := race),
      struct_pack(group_by := 'state', value := state), struct_pack(group_by := 'dual', value := dual::varchar),
      struct_pack(group_by := 'esrd', value := esrd::varchar), struct_pack(group_by := 'chronic_band', value := chronic_band),
      struct_pack(group_by := 'risk_tier', value := risk_tier)], recursive := true)
  from p
  union all
  select p.*, 'condition', condition from p join chronic_condition using (source, bene_id, year) where dx_flag
)
select source, year, group_by, coalesce(value, 'unknown') as group_value, count(*) as people_n,
  sum(g.member_months) as member_months, sum(g.total_medical_usd) as total_medical_usd, sum(g.rx_cost_usd) as rx_cost_usd,
  sum(g.total_cost_usd) as total_cost_usd, sum(g.out_of_pocket_usd) as out_of_pocket_usd,
  sum(g.total_cost_usd) / count(*) as total_cost_usd_mean,
  sum(g.total_cost_usd) / nullif(sum(g.member_months), 0) as pmpm_usd
from grouped g group by source, year, group_by, group_value;
