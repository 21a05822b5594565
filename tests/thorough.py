"""How much the tests of generated histories try: a little by default, much with NHL_THOROUGH=1 (an hour on Spark)."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from support import engine_name

THOROUGH = os.environ.get("NHL_THOROUGH", "0") not in ("", "0")

#: For tests that add little to the ones that always run, and take long.
only_when_thorough = pytest.mark.skipif(not THOROUGH, reason="takes long and adds little; set NHL_THOROUGH=1")

#: For tests of what happens around the tables of a run: its records, its commits, what it reads and leaves out, what it
#: tells. No engine computes that, and on Spark a run takes ten times as long. That the tables are the same on both
#: engines is what `scenarios/test_parity.py` and the SQL of `oracles` hold.
embedded_unless_thorough = pytest.mark.skipif(
    engine_name() == "spark" and not THOROUGH,
    reason="tried on the embedded engine; on Spark only with NHL_THOROUGH=1",
)


def examples(few: int, many: int) -> settings:
    """Settings of a property test: the same few examples every time, or many new ones."""
    return settings(
        max_examples=many if THOROUGH else few,
        derandomize=not THOROUGH,
        deadline=None,
        database=None,
        print_blob=True,
        # A seed does not shrink, and an example takes seconds.
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
