"""Ratios, exact sums and means, correlation, regression and ranks, each as one column expression.

Every function takes columns (or their names) and returns a `Column`; nothing here reads a table. Expressions that
aggregate (`exact_sum`, `pearson`, ...) belong into `groupBy(...).agg(...)`, those named `*_over` or `*_of` are window
expressions and belong into a `select`.

Three rules hold throughout:

* a missing value is left out of numerator and denominator alike; a result without any value is null, never 0;
* a denominator that is null or 0 gives null, never an error;
* sums do not depend on the order of addition: values are added as decimals and turned into a double at the end. Sums of
  doubles differ in their last bits between two partitionings of the same rows.

A note on Sail (0.7.2): it names an aggregate without its casts, so `sum(x as decimal(38,10))` and
`sum(x as decimal(38,18))` in one `agg` are refused as one name. Each kind of sum here therefore wraps its argument
differently, in a way that leaves the value as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from pyspark.sql import Column, Window
from pyspark.sql import functions as F

ColumnOrName = Column | str

SUM_TYPE = "decimal(38,10)"
"""Type in which values are added: ten decimals, enough for hours, counts, hours per resident day and percentages."""

MOMENT_TYPE = "decimal(38,18)"
"""Type in which quotients and products of two values are added: they have more decimals than `SUM_TYPE` holds."""

NEAR_TYPE = "decimal(18,14)"
"""Type of differences from an `Origin`: a product of two has 28 decimals, and both engines get the very same ones."""

USD_TYPE = "decimal(18,2)"
"""Type of amounts and sums of amounts in US dollars."""

MINIMUM_PAIRS = 10
"""Fewest pairs for which a correlation is published; with fewer, one home decides its sign."""

Z_95 = 1.959963984540054
"""97.5th percentile of the standard normal distribution: half-width of a 95 % interval in standard errors."""


def _column(column: ColumnOrName) -> Column:
    return F.col(column) if isinstance(column, str) else column


def ratio(numerator: ColumnOrName, denominator: ColumnOrName) -> Column:
    """Quotient as a double; null where either side is null or the denominator is 0."""
    divisor = _column(denominator).cast("double")
    return _column(numerator).cast("double") / F.when(divisor != 0, divisor)


def percent_difference(value: ColumnOrName, base: ColumnOrName) -> Column:
    """Relative difference in per cent, 100 x (value / base - 1), double; null where `ratio` is null."""
    return (ratio(value, base) - 1) * 100


def nearest(column: ColumnOrName, decimals: int) -> Column:
    """A double at its nearest value of so many decimals, the very same on both engines.

    For quotients before they are added as decimals: Spark rounds the shortest text of a double and Sail its binary
    value, which may differ in the last digit; a difference of two sums shows it. For values below 10^(18 - decimals).
    """
    step = 10.0**decimals
    return F.floor(_column(column) * step + 0.5) / F.lit(step)


def exact_sum(column: ColumnOrName, *, is_quotient: bool = False) -> Column:
    """Sum as a double, the same for every order of the rows; null where no row has a value.

    Values enter with ten decimals (`SUM_TYPE`): hours, counts and percentages as published have fewer, so that both
    engines add the very same numbers. Quotients go on for ever and enter with 18 (`MOMENT_TYPE`, for sums below 10^20).
    """
    # round() to the scale of the type changes nothing; see the note on Sail above.
    value = F.round(_column(column).cast(MOMENT_TYPE), 18) if is_quotient else _column(column).cast(SUM_TYPE)
    return _nearest_double(F.sum(value))


def _nearest_double(decimal: Column) -> Column:
    # Through text: Sail 0.7.2 turns a decimal of more than 15 digits into a neighbour of the nearest double.
    return decimal.cast("string").cast("double")


def exact_sum_usd(column: ColumnOrName) -> Column:
    """Sum of amounts in US dollars as decimal(18,2); null where no row has an amount."""
    # coalesce() of one column changes nothing; see the note on Sail above.
    return F.sum(F.coalesce(_column(column).cast(USD_TYPE))).cast(USD_TYPE)


def exact_mean(column: ColumnOrName, *, is_quotient: bool = False) -> Column:
    """Unweighted mean of the non-null values as a double, the same for every order of the rows; null without values.

    `is_quotient` as in `exact_sum`.
    """
    return ratio(exact_sum(column, is_quotient=is_quotient), F.count(_column(column)))


def pooled_ratio(numerator: ColumnOrName, denominator: ColumnOrName) -> Column:
    """Sum of numerators / sum of denominators over rows that have both, as a double.

    Null where no row has both, or where the denominators add up to 0. This is the weighted (`_wtd`) form of a ratio.
    """
    above, below = _column(numerator), _column(denominator)
    both = above.isNotNull() & below.isNotNull()
    return ratio(exact_sum(F.when(both, above)), exact_sum(F.when(both, below)))


def weighted_mean(value: ColumnOrName, weight: ColumnOrName) -> Column:
    """Sum of value x weight / sum of weights over rows that have both, double; null where the weights add up to 0."""
    weights = _column(weight).cast("double")
    return pooled_ratio(_column(value).cast("double") * weights, weights)


def count_if(condition: Column) -> Column:
    """Number of rows for which the condition is true, bigint; a null condition does not count."""
    return F.count(F.when(condition, F.lit(1)))


def count_pairs(first: ColumnOrName, second: ColumnOrName) -> Column:
    """Number of rows that have both values, bigint."""
    return count_if(_column(first).isNotNull() & _column(second).isNotNull())


def share_of(condition: Column) -> Column:
    """Share (0-1) of rows for which the condition is true among those for which it is known; null when none is."""
    return ratio(count_if(condition), F.count(condition))


def mean_with_count(name: str) -> list[Column]:
    """`<name>_mean` (unweighted mean, double) and `<name>_n` (rows behind it, bigint)."""
    return [exact_mean(name).alias(f"{name}_mean"), F.count(name).alias(f"{name}_n")]


def weighted_with_count(name: str, weight: str) -> list[Column]:
    """`<name>_wtd` (mean weighted by another column, double) and `<name>_wtd_n` (rows behind it, bigint)."""
    return [weighted_mean(name, weight).alias(f"{name}_wtd"), count_pairs(name, weight).alias(f"{name}_wtd_n")]


def percentile_of(column: ColumnOrName, percentage: float) -> Column:
    """Exact percentile of the non-null values by linear interpolation, double; `percentage` between 0 and 1.

    The same figure as `quantile_cont` in DuckDB and `numpy.percentile`.
    """
    return F.percentile(_column(column).cast("double"), F.lit(percentage))


def median_of(column: ColumnOrName) -> Column:
    """Exact median of the non-null values, double; the mean of the two middle values where their number is even."""
    return percentile_of(column, 0.5)


Origin = tuple[float, float]
"""A typical x and y: subtracted first, it changes no result but keeps its digits. See `moments`."""

FARTHEST = 10_000.0
"""Distance from an `Origin` that `NEAR_TYPE` holds."""


@dataclass(frozen=True)
class Moments:
    """Number, means and deviations of the pairs (x, y) of a group, and what follows from them.

    Made by `moments` from columns. A table that publishes several measures of the same pairs computes the moments in
    its `agg` (`stored`) and the measures in the `select` behind it (`read`), so that the engine compiles them once:

        AVERAGES = moments("total_hprd", "rsrr")
        groups = homes.groupBy("state").agg(*AVERAGES.stored("_hours"))
        groups.select("state", Moments.read("_hours").correlation().alias("correlation"))

    Attributes:
        n: pairs of which both members are present.
        mean_x, mean_y: their means.
        xx, yy, xy: sums of the products of their deviations from the means.
        x_varies, y_varies: whether not all x (y) are equal.
    """

    n: Column
    mean_x: Column
    mean_y: Column
    xx: Column
    yy: Column
    xy: Column
    x_varies: Column
    y_varies: Column

    def stored(self, prefix: str) -> list[Column]:
        """The attributes as columns `<prefix>_n`, `<prefix>_mean_x`, ..."""
        return [getattr(self, field.name).alias(f"{prefix}_{field.name}") for field in fields(self)]

    @classmethod
    def read(cls, prefix: str) -> Moments:
        """The moments that `stored` wrote under this prefix."""
        return cls(*[F.col(f"{prefix}_{field.name}") for field in fields(cls)])

    def correlation(self, minimum_pairs: int = MINIMUM_PAIRS) -> Column:
        """See `pearson`."""
        raw = ratio(self.xy, _root(self.xx * self.yy))
        bounded = F.when(raw > 1, 1.0).when(raw < -1, -1.0).otherwise(raw)
        return F.when((self.n >= minimum_pairs) & self.x_varies & self.y_varies, bounded)

    def slope(self, minimum_pairs: int = MINIMUM_PAIRS) -> Column:
        """See `ols_slope`."""
        return F.when((self.n >= minimum_pairs) & self.x_varies, ratio(self.xy, self.xx))

    def intercept(self, minimum_pairs: int = MINIMUM_PAIRS) -> Column:
        """See `ols_intercept`."""
        return self.mean_y - self.slope(minimum_pairs) * self.mean_x

    def r_squared(self, minimum_pairs: int = MINIMUM_PAIRS) -> Column:
        """See `r_squared`."""
        return F.pow(self.correlation(minimum_pairs), F.lit(2.0))

    def deviation_x(self) -> Column:
        """Sample standard deviation (n - 1) of x over the pairs; null for fewer than two, 0 where all are equal."""
        return F.when(self.n >= 2, F.when(self.x_varies, _root(ratio(self.xx, self.n - 1))).otherwise(0.0))

    def deviation_y(self) -> Column:
        """Sample standard deviation (n - 1) of y over the pairs; null for fewer than two, 0 where all are equal."""
        return F.when(self.n >= 2, F.when(self.y_varies, _root(ratio(self.yy, self.n - 1))).otherwise(0.0))


def moments(x: ColumnOrName, y: ColumnOrName, *, about: Origin | None = None) -> Moments:
    """Moments of the pairs (x, y) as aggregates; a pair counts when both members are present.

    Sum((x - mean x)(y - mean y)) = sum(xy) - sum(x) sum(y) / n loses digits where the means are large against the
    deviations (a rate near 0.2 that varies by 0.02 loses two), and two engines differ in what is left. With an origin
    near the means, nothing is lost: the differences from it are multiplied and added as decimals. Then pairs of which a
    member lies 10,000 or more from the origin do not count; without an origin, values may be of any size.
    """
    start = about or (0.0, 0.0)
    first, second = _column(x).cast("double") - start[0], _column(y).cast("double") - start[1]
    counts = first.isNotNull() & second.isNotNull()
    if about is not None:
        counts = counts & (F.abs(first) < FARTHEST) & (F.abs(second) < FARTHEST)
        first, second = first.cast(NEAR_TYPE), second.cast(NEAR_TYPE)
    near_x, near_y = F.when(counts, first), F.when(counts, second)

    def total(column: Column) -> Column:
        return exact_sum(column, is_quotient=True) if about is None else _nearest_double(F.sum(column))

    n, sum_x, sum_y = count_if(counts), total(near_x), total(near_y)
    return Moments(
        n=n,
        mean_x=ratio(sum_x, n) + start[0],
        mean_y=ratio(sum_y, n) + start[1],
        xx=total(near_x * near_x) - ratio(sum_x * sum_x, n),
        yy=total(near_y * near_y) - ratio(sum_y * sum_y, n),
        xy=total(near_x * near_y) - ratio(sum_x * sum_y, n),
        # The difference of two nearly equal sums need not be exactly 0 for equal values, but max = min tells.
        x_varies=F.max(near_x) > F.min(near_x),
        y_varies=F.max(near_y) > F.min(near_y),
    )


def _root(variation: Column) -> Column:
    return F.sqrt(F.greatest(variation, F.lit(0.0)))


def sample_deviation(column: ColumnOrName, *, about: float | None = None) -> Column:
    """Sample standard deviation (n - 1) of the non-null values, double; null for fewer than two, 0 for equal ones.

    `about` is a typical value (see `Origin`). Computed from sums that do not depend on the order of the rows, unlike
    the engine's own `stddev_samp`.
    """
    return moments(column, column, about=None if about is None else (about, about)).deviation_x()


def pearson(
    x: ColumnOrName, y: ColumnOrName, *, minimum_pairs: int = MINIMUM_PAIRS, about: Origin | None = None
) -> Column:
    """Pearson correlation of x and y over the rows that have both, double in [-1, 1].

    Null for fewer than `minimum_pairs` pairs, and where all x or all y are equal (where Spark's own `corr` stops with
    a division by zero). `about` is a typical x and y (see `Origin`).
    """
    return moments(x, y, about=about).correlation(minimum_pairs)


def ols_slope(
    x: ColumnOrName, y: ColumnOrName, *, minimum_pairs: int = MINIMUM_PAIRS, about: Origin | None = None
) -> Column:
    """Slope of the least-squares line of y on x, double, in units of y per unit of x.

    Null for fewer than `minimum_pairs` pairs, and where all x are equal. `about` is a typical x and y (see `Origin`).
    """
    return moments(x, y, about=about).slope(minimum_pairs)


def ols_intercept(
    x: ColumnOrName, y: ColumnOrName, *, minimum_pairs: int = MINIMUM_PAIRS, about: Origin | None = None
) -> Column:
    """Value of the least-squares line of y on x at x = 0, double, in units of y; null where `ols_slope` is null."""
    return moments(x, y, about=about).intercept(minimum_pairs)


def r_squared(
    x: ColumnOrName, y: ColumnOrName, *, minimum_pairs: int = MINIMUM_PAIRS, about: Origin | None = None
) -> Column:
    """Share of the variance of y that the least-squares line explains (0-1), double; null where `pearson` is null."""
    return moments(x, y, about=about).r_squared(minimum_pairs)


def fisher_interval(correlation: ColumnOrName, n: ColumnOrName) -> tuple[Column, Column]:
    """Lower and upper end of the 95 % confidence interval of a Pearson correlation by Fisher's z transformation.

    Both are doubles; null where the correlation is null or it rests on fewer than 4 pairs (the standard error is
    1 / sqrt(n - 3)). Takes published columns, not aggregates.

    Source: R. A. Fisher, "On the probable error of a coefficient of correlation", Metron 1 (1921).
    """
    r, pairs = _column(correlation), _column(n)
    z = F.log(ratio(1 + r, F.when(r < 1, 1 - r))) / 2
    half_width = ratio(F.lit(Z_95), F.sqrt(F.when(pairs >= 4, pairs - 3)))
    exact = F.when((pairs >= 4) & (F.abs(r) >= 1), r)  # z is infinite there
    return F.coalesce(exact, F.tanh(z - half_width)), F.coalesce(exact, F.tanh(z + half_width))


def percent_rank_of(column: ColumnOrName, *, by: Sequence[ColumnOrName] = (), inverted: bool = False) -> Column:
    """Percentile rank (0-1) of a value among the non-null values of its group, as a window expression.

    Args:
        column: the value; null gives null and does not count among the others.
        by: columns of the group.
        inverted: 1 - rank, for measures of which the low end is the bad one.
    Returns:
        (rank - 1) / (n - 1), double, equal for equal values; 0 for the only value of a group (inverted: 1).
    """
    # Not percent_rank(): it would count the nulls; and all ranks of a group share one shuffle this way.
    value, group = _column(column), Window.partitionBy(*[_column(name) for name in by])
    position = F.rank().over(group.orderBy(value.asc_nulls_last())) - 1
    rank = F.coalesce(ratio(position, F.count(value).over(group) - 1), F.lit(0.0))
    return F.when(value.isNotNull(), 1 - rank if inverted else rank)


def rank_of(order: Sequence[Column], *, by: Sequence[ColumnOrName] = ()) -> Column:
    """Rank (1 = first) of a row in its group under the given order, int; equal rows share a rank and leave a gap."""
    window = Window.partitionBy(*[_column(name) for name in by]).orderBy(*order)
    return F.rank().over(window).cast("int")


def min_max_over(column: ColumnOrName, *, by: Sequence[ColumnOrName] = (), inverted: bool = False) -> Column:
    """Position (0-1) of a value between the smallest and the largest of its group, as a window expression.

    Null where the value is null or all values of the group are equal; `inverted` counts from the largest.
    """
    value = _column(column).cast("double")
    group = Window.partitionBy(*[_column(name) for name in by])
    low, high = F.min(value).over(group), F.max(value).over(group)
    return ratio(high - value, high - low) if inverted else ratio(value - low, high - low)
