"""How many different things a trailing window of days holds, without a join of days with days.

A thing seen on a day is in the windows that end on that day and on the ones after it, until the window has passed it or
it is seen again. So each sighting comes in once and goes out once, and the number of things in a window is a running
sum of comings and goings. The work grows with the number of rows, however many there are of one person.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

__all__ = ["distinct_in_days"]

#: Windows that all keys share (decision 9).
_WINDOWS = 64


def distinct_in_days(rows: DataFrame, *, by: Sequence[str], item: str, day: str, days: int) -> DataFrame:
    """Different items of a key in the days up to each of its days.

    Args:
        rows: sightings: `by`, `item` and `day` (date); none of them null, repeated rows count once.
        by: columns of the key.
        item: what is counted.
        day: the day of the sighting.
        days: length of the window; it ends with the day itself, so that 90 reaches 89 days back.
    Returns:
        One row per key and day with a sighting: `by`, `day` and `items_n`, int.
    """
    seen = rows.select(*by, item, day).distinct()
    # On the number line of a key its days lie together, and those of any other are tens of thousands away.
    line = f"CAST(_key AS decimal(20,0)) * 100000 + datediff({day}, DATE'1900-01-01')"
    keyed = seen.selectExpr("*", f"xxhash64({', '.join([*by, item])}) AS _key").selectExpr("*", f"{line} AS _line")
    following = f"lead(_line) OVER (PARTITION BY pmod(_key, {_WINDOWS}) ORDER BY _key, {', '.join([*by, item, day])})"
    stays = keyed.selectExpr(*by, day, f"CAST(coalesce(least({following} - _line, {days}), {days}) AS int) AS _stays")
    moves = stays.selectExpr(*by, f"{day} AS _from", "_stays", "explode(array(1, -1)) AS _change").selectExpr(
        *by, f"CASE WHEN _change = 1 THEN _from ELSE date_add(_from, _stays) END AS {day}", "_change"
    )
    daily = moves.groupBy(*by, day).agg(F.expr("sum(_change) AS _change"), F.expr("max(_change) = 1 AS _is_seen"))
    # What comes in goes out again: a key's changes add up to 0, so that the next one in the window begins with 0.
    order = f"PARTITION BY pmod(_key, {_WINDOWS}) ORDER BY _key, {', '.join([*by, day])}"
    running = daily.selectExpr("*", f"xxhash64({', '.join(by)}) AS _key").selectExpr(
        "*", f"sum(_change) OVER ({order} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS _n"
    )
    return running.where("_is_seen").selectExpr(*by, day, "CAST(_n AS int) AS items_n")
