-- The payroll tables a second time, in DuckDB, from their definitions.
-- Inputs: pbj_daily (silver), nh_facility_month (silver), nh_wage (silver); {premium} is the price of a contract hour.

create table pbj_day as
with known as (
    select *,
        nullif(census, 0) as residents,
        hrs_rn_direct + hrs_lpn_direct + hrs_cna + hrs_natrn + hrs_medaide as hrs_direct_care
    from pbj_daily
)
select
    today.ccn,
    today.work_date,
    today.quarter,
    today.state,
    today.is_weekend,
    today.census,
    today.hrs_total / today.residents as total_hprd,
    today.hrs_rn / today.residents as rn_hprd,
    today.hrs_lpn / today.residents as lpn_hprd,
    today.hrs_aide / today.residents as aide_hprd,
    today.hrs_direct_care / today.residents as direct_care_hprd,
    (today.hrs_total / 24) / today.residents as nurse_to_resident,
    24 * today.residents / nullif(today.hrs_total, 0) as residents_per_nurse,
    (today.hrs_rn / 24) / today.residents as rn_to_resident,
    24 * today.residents / nullif(today.hrs_rn, 0) as residents_per_rn,
    today.hrs_total / 8 as shift_equiv_n,
    today.hrs_total_ctr / nullif(today.hrs_total, 0) as contract_share,
    case when today.census > 0 then today.hrs_rn = 0 end as no_rn_day,
    case when today.census > 0 then today.hrs_rn < 8 end as rn_below_8h,
    today.hrs_rn_direct as direct_rn_hours,
    today.census - yesterday.census as census_change_n,
    case when today.census - yesterday.census is not null then greatest(0, today.census - yesterday.census) end
        as admissions_floor_n
from known today
left join known yesterday on yesterday.ccn = today.ccn and yesterday.work_date = today.work_date - 1;

-- One row per home, day and kind of period, hours as exact decimals.
create table period_day as
with hours as (
    select
        ccn, work_date, quarter, state, is_weekend, census,
        census > 0 as staffed,
        hrs_total::decimal(18, 4) as total, hrs_rn::decimal(18, 4) as rn, hrs_lpn::decimal(18, 4) as lpn,
        hrs_aide::decimal(18, 4) as aide,
        (hrs_rn_direct + hrs_lpn_direct + hrs_cna + hrs_natrn + hrs_medaide)::decimal(18, 4) as direct_care,
        hrs_total_emp::decimal(18, 4) as total_emp, hrs_rn_emp::decimal(18, 4) as rn_emp,
        hrs_lpn_emp::decimal(18, 4) as lpn_emp, hrs_aide_emp::decimal(18, 4) as aide_emp,
        hrs_total_ctr::decimal(18, 4) as total_ctr, hrs_rn_ctr::decimal(18, 4) as rn_ctr,
        hrs_lpn_ctr::decimal(18, 4) as lpn_ctr, hrs_aide_ctr::decimal(18, 4) as aide_ctr,
        hrs_total, columns('hrs_(rndon|rnadmin|rn_direct|lpnadmin|lpn_direct|cna|natrn|medaide)(_ctr)?$'),
        hrs_total / nullif(census, 0) as hprd,
        (hrs_total::decimal(18, 4) * 10000)::hugeint * 1000000000 // nullif(census, 0) as parts
    from pbj_daily
)
select 'month' as kind, strftime(date_trunc('month', work_date), '%Y-%m-01') as period, * from hours
union all
select 'quarter', quarter, * from hours;

create table pbj_totals as
select
    ccn, quarter, date_trunc('month', work_date)::date as month, max(state) as state,
    count(*) as days_n,
    count(*) filter (staffed) as census_days_n,
    count(*) filter (staffed and rn = 0) as no_rn_days_n,
    sum(census)::bigint as resident_days,
    sum(census) filter (total is not null)::bigint as total_resident_days,
    sum(census) filter (rn is not null)::bigint as rn_resident_days,
    sum(census) filter (lpn is not null)::bigint as lpn_resident_days,
    sum(census) filter (aide is not null)::bigint as aide_resident_days,
    sum(census) filter (direct_care is not null)::bigint as direct_care_resident_days,
    sum(census) filter (is_weekend and total is not null)::bigint as weekend_total_resident_days,
    sum(census) filter (is_weekend and rn is not null)::bigint as weekend_rn_resident_days,
    sum(total) filter (staffed) as total_hours,
    sum(rn) filter (staffed) as rn_hours,
    sum(lpn) filter (staffed) as lpn_hours,
    sum(aide) filter (staffed) as aide_hours,
    sum(direct_care) filter (staffed) as direct_care_hours,
    sum(total) filter (staffed and is_weekend) as weekend_total_hours,
    sum(rn) filter (staffed and is_weekend) as weekend_rn_hours,
    sum(total_emp) filter (staffed) as total_emp_hours,
    sum(total_ctr) filter (staffed and total is not null) as total_ctr_hours,
    sum(total) filter (staffed and total_ctr is not null) as total_ctr_base_hours,
    sum(rn_emp) filter (staffed) as rn_emp_hours,
    sum(rn_ctr) filter (staffed and rn is not null) as rn_ctr_hours,
    sum(rn) filter (staffed and rn_ctr is not null) as rn_ctr_base_hours,
    sum(lpn_emp) filter (staffed) as lpn_emp_hours,
    sum(lpn_ctr) filter (staffed and lpn is not null) as lpn_ctr_hours,
    sum(lpn) filter (staffed and lpn_ctr is not null) as lpn_ctr_base_hours,
    sum(aide_emp) filter (staffed) as aide_emp_hours,
    sum(aide_ctr) filter (staffed and aide is not null) as aide_ctr_hours,
    sum(aide) filter (staffed and aide_ctr is not null) as aide_ctr_base_hours,
    sum(total_emp) as emp_hours_all_days,
    {paid_of_month},
    count(total_emp) as emp_days_n,
    count(total) filter (staffed) as total_hprd_days_n,
    sum(parts)::bigint as hprd_parts_sum,
    sum(parts * parts) as hprd_parts_sum_of_squares
from period_day
where kind = 'quarter'
group by all;

create macro pooled(above, below, counted) as
    sum(above) filter (counted and above is not null and below is not null)::double
    / nullif(sum(below) filter (counted and above is not null and below is not null), 0)::double;

create macro figures(wanted_kind, wanted_by) as table
with grouped as (
    select *, case wanted_by when 'home' then ccn when 'state' then state else 'US' end as of
    from period_day
    where kind = wanted_kind and (wanted_by <> 'state' or state is not null)
)
select
    of,
    period,
    max(state) as state,
    count(*) as days_n,
    count(*) filter (staffed) as census_days_n,
    count(*) filter (staffed and total is not null) as total_hprd_days_n,
    sum(census)::bigint as resident_days,
    pooled(total, census, staffed) as total_hprd,
    pooled(rn, census, staffed) as rn_hprd,
    pooled(lpn, census, staffed) as lpn_hprd,
    pooled(aide, census, staffed) as aide_hprd,
    pooled(direct_care, census, staffed) as direct_care_hprd,
    pooled(total, census, staffed and is_weekend) as weekend_total_hprd,
    pooled(rn, census, staffed and is_weekend) as weekend_rn_hprd,
    pooled(total, census, staffed and not is_weekend) as weekday_total_hprd,
    pooled(rn, census, staffed and not is_weekend) as weekday_rn_hprd,
    pooled(total_ctr, total, staffed) as contract_share,
    pooled(rn_ctr, rn, staffed) as contract_share_rn,
    pooled(lpn_ctr, lpn, staffed) as contract_share_lpn,
    pooled(aide_ctr, aide, staffed) as contract_share_aide,
    pooled(total, 24 * census, staffed) as nurse_to_resident,
    pooled(total, 8 * census, staffed) as shifts_per_resident_day,
    count(*) filter (staffed and rn = 0) as no_rn_days_n,
    count(total_emp) as emp_days_n,
    sum(total_emp)::double / nullif(count(total_emp), 0) as emp_hours_per_day,
    stddev_samp(hprd) / nullif(avg(hprd), 0) as hours_cv,
    sum(total) filter (staffed)::double as total_hours,
    sum(census) filter (staffed and total is not null)::double as total_residents
from grouped
group by of, period;

-- Cost of a home's period: sum of hours x wage by job. The wage is that of the home's state in the calendar year of the
-- period or the latest before it, else that of US likewise. Days whose hours are not all known are left out.
create table paid as
with daily as (
    select *, unnest(['month', 'quarter']) as kind,
        unnest([strftime(date_trunc('month', work_date), '%Y-%m-01'), quarter]) as period
    from pbj_daily where hrs_total is not null
)
select ccn, kind, period, period[1:4]::int as year, state, work_date, census, job, hours::decimal(18, 2) as hours,
    contract_hours::decimal(18, 2) as contract_hours
from (select *, unnest([{jobs}]) as job, unnest([{hours}]) as hours, unnest([{contract_hours}]) as contract_hours
    from daily);

create table cost as
with by_job as (
    select ccn, kind, period, year, job, max(state) as state, sum(hours) as hours,
        sum(contract_hours) as contract_hours, sum(census) as residents
    from paid group by all
),
priced as (
    select *, coalesce(
        (select arg_max(usd_per_hour, w.year) from nh_wage w
            where w.job = by_job.job and w.state = by_job.state and w.year <= by_job.year),
        (select arg_max(usd_per_hour, w.year) from nh_wage w
            where w.job = by_job.job and w.state = 'US' and w.year <= by_job.year)
    ) as wage
    from by_job
)
select
    ccn, kind, period,
    case when count(wage) > 0 and count(*) filter (hours <> 0 and wage is null) = 0 then
        coalesce(sum((hours + ({premium} - 1) * coalesce(contract_hours, 0)) * wage) filter (hours <> 0), 0)
    end::decimal(18, 2) as payroll_cost_usd,
    any_value(residents) as residents
from priced
group by ccn, kind, period;

-- Provider information in force: the latest month not after the period's last, else the earliest loaded.
create macro in_force(home, last_month) as (
    select coalesce(
        max(snapshot_month) filter (snapshot_month <= last_month),
        min(snapshot_month)
    )
    from nh_facility_month where nh_facility_month.ccn = home
);
create macro last_month_of(quarter) as make_date(quarter[1:4]::int, 3 * quarter[6:6]::int, 1);

create table month_figures as
select *, in_force(of, period::date) as provider_info_month from figures('month', 'home');

create table quarter_figures as
select
    *,
    in_force(of, last_month_of(period)) as provider_info_month,
    in_force(of, (last_month_of(period) - interval 3 month)::date) as previous_info_month
from figures('quarter', 'home');

create table pbj_month as
select
    f.of as ccn, f.period, f.state, days_n, census_days_n, total_hprd_days_n, resident_days,
    f.total_hprd, f.rn_hprd, f.lpn_hprd, f.aide_hprd, direct_care_hprd,
    f.weekend_total_hprd, f.weekend_rn_hprd, weekday_total_hprd, weekday_rn_hprd,
    100 * (weekday_total_hprd - f.weekend_total_hprd) / nullif(weekday_total_hprd, 0) as weekend_gap_pct,
    f.total_hprd - f.weekend_total_hprd as weekend_deficit_hprd,
    contract_share, contract_share_rn, contract_share_lpn, contract_share_aide,
    nurse_to_resident, shifts_per_resident_day,
    f.total_hprd / nullif(i.case_mix_total_hprd, 0) as shift_utilization,
    no_rn_days_n, emp_days_n, emp_hours_per_day,
    provider_info_month, i.case_mix_total_hprd, hours_cv,
    f.total_hprd < 1.5 or f.total_hprd > 12 or f.aide_hprd > 5.25 as aberrant,
    payroll_cost_usd, payroll_cost_usd / nullif(residents, 0)::double as cost_per_resident_day_usd
from month_figures f
left join cost on cost.ccn = f.of and cost.kind = 'month' and cost.period = f.period
left join nh_facility_month i on i.ccn = f.of and i.snapshot_month = f.provider_info_month;

create macro quarter_number(quarter) as quarter[1:4]::int * 4 + quarter[6:6]::int;

create macro changes(wanted_by) as table
with own as (select *, quarter_number(period) as n from figures('quarter', wanted_by))
select
    own.of,
    own.period,
    any_value(100 * (own.emp_hours_per_day / nullif(previous.emp_hours_per_day, 0) - 1)) as emp_hours_qoq_pct,
    any_value(own.contract_share - previous.contract_share) as contract_share_qoq,
    case when count(last_eight.emp_hours_per_day) = 8
        then regr_slope(last_eight.emp_hours_per_day, last_eight.n) / nullif(avg(last_eight.emp_hours_per_day), 0)
    end as attrition_slope_8q
from own
left join own previous on previous.of = own.of and previous.n = own.n - 1
left join own last_eight on last_eight.of = own.of and last_eight.n between own.n - 7 and own.n
group by own.of, own.period;

create table pbj_quarter as
select
    f.of as ccn, f.period, f.state, days_n, census_days_n, total_hprd_days_n, resident_days,
    f.total_hprd, f.rn_hprd, f.lpn_hprd, f.aide_hprd, direct_care_hprd,
    f.weekend_total_hprd, f.weekend_rn_hprd, weekday_total_hprd, weekday_rn_hprd,
    100 * (weekday_total_hprd - f.weekend_total_hprd) / nullif(weekday_total_hprd, 0) as weekend_gap_pct,
    f.total_hprd - f.weekend_total_hprd as weekend_deficit_hprd,
    contract_share, contract_share_rn, contract_share_lpn, contract_share_aide,
    nurse_to_resident, shifts_per_resident_day,
    f.total_hprd / nullif(i.case_mix_total_hprd, 0) as shift_utilization,
    no_rn_days_n, emp_days_n, emp_hours_per_day,
    provider_info_month, i.case_mix_total_hprd, hours_cv,
    f.total_hprd < 1.5 or f.total_hprd > 12 or f.aide_hprd > 5.25 as aberrant,
    emp_hours_qoq_pct, contract_share_qoq, attrition_slope_8q,
    case when provider_info_month <> previous_info_month
        then i.nursing_turnover_pct - earlier.nursing_turnover_pct
    end as turnover_change,
    payroll_cost_usd, payroll_cost_usd / nullif(residents, 0)::double as cost_per_resident_day_usd
from quarter_figures f
join changes('home') using (of, period)
left join nh_facility_month i on i.ccn = f.of and i.snapshot_month = f.provider_info_month
left join nh_facility_month earlier on earlier.ccn = f.of and earlier.snapshot_month = f.previous_info_month
left join cost on cost.ccn = f.of and cost.kind = 'quarter' and cost.period = f.period;

create table member as
select q.*, f.total_hours, f.total_residents, c.residents as paid_residents, c.ccn is not null as paid,
    unnest([f.state, 'US']) as of
from pbj_quarter q join quarter_figures f on f.of = q.ccn and f.period = q.period
left join cost c on c.ccn = q.ccn and c.kind = 'quarter' and c.period = q.period;

create table over_homes as
select
    of,
    period,
    count(*) as facility_n,
    count(*) filter (aberrant) as aberrant_n,
    sum(total_hours) filter (case_mix_total_hprd is not null and total_hours is not null)
        / nullif(sum(case_mix_total_hprd * total_residents)
            filter (case_mix_total_hprd is not null and total_hours is not null), 0) as shift_utilization,
    case when count(*) filter (paid) = count(payroll_cost_usd) then sum(payroll_cost_usd) end as payroll_cost_usd,
    sum(paid_residents) as paid_residents,
    {over_homes},
    avg(hours_cv) filter (aberrant is not true) as hours_cv_mean,
    count(hours_cv) filter (aberrant is not true) as hours_cv_n
from member
where of is not null
group by of, period;

create table pbj_state_quarter as
with pooled_figures as (
    select * from figures('quarter', 'state') union all select * from figures('quarter', 'nation')
),
state_changes as (
    select * from changes('state') union all select * from changes('nation')
)
select
    of as state, period, of = 'US' as is_national, facility_n, aberrant_n,
    days_n, census_days_n, total_hprd_days_n, resident_days,
    f.total_hprd, f.rn_hprd, f.lpn_hprd, f.aide_hprd, f.direct_care_hprd,
    f.weekend_total_hprd, f.weekend_rn_hprd, weekday_total_hprd, weekday_rn_hprd,
    100 * (weekday_total_hprd - f.weekend_total_hprd) / nullif(weekday_total_hprd, 0) as weekend_gap_pct,
    f.total_hprd - f.weekend_total_hprd as weekend_deficit_hprd,
    contract_share, contract_share_rn, contract_share_lpn, contract_share_aide,
    nurse_to_resident, shifts_per_resident_day, shift_utilization,
    no_rn_days_n, emp_days_n, emp_hours_per_day,
    {published},
    hours_cv_mean, hours_cv_n,
    emp_hours_qoq_pct, contract_share_qoq, attrition_slope_8q,
    payroll_cost_usd::decimal(18, 2) as payroll_cost_usd,
    payroll_cost_usd / nullif(paid_residents, 0)::double as cost_per_resident_day_usd
from pooled_figures f
join over_homes h using (of, period)
join state_changes using (of, period);
