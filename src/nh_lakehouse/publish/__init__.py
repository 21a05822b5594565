"""Gold tables for people without a lakehouse: copies in MySQL or MariaDB, workbooks, Parquet and CSV files.

    tables.py       which tables, what is known of them, their rows in batches
    mysql_types.py  a table in the words of MySQL: types, keys, indexes, comments
    mysql_server.py who is asked and how: address, credentials, TLS, and errors in one sentence
    mysql_load.py   a table loaded beside the old one, held against Delta
    mysql.py        the whole of it: what changed, load, one exchange of all tables
    workbook.py     one Excel workbook
    files.py        Parquet or CSV files

No engine is started: the Delta log names the files, DuckDB reads them in batches.
"""
