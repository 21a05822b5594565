"""The benchmark: this library beside what a user could pick in its place, on the same files, as ratios of one run.

    make bench                                        # everything, as docs/benchmarks.md states it
    make bench BENCH_ARGS='--homes 300 --times 1'     # a small try
    make bench BENCH_ARGS='--only duckdb,full,nothing --engines sail'

`data` prepares the files, `measure` runs a process and watches its tree, `cases` says what runs in which order,
`questions` holds the seven questions and compares the answers, `report` and `goals` write the page. What is measured
are the programs `ours`, `merge_grid`, `peer_pandas`, `peer_pyspark`, `peer_duckdb` and `raw_limits`, each in a process
of its own.
"""
