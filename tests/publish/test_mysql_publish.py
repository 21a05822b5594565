"""Publishing to a real MariaDB server: the copy, the exchange, and whatever comes between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from command_line import call
from lake import MONTH, add_rows, state_rows
from mariadb_server import PASSWORD, USER, MariaDB
from odd_rows import ODD, ROWS, SCHEMA, write_odd

from nh_lakehouse import Lakehouse
from nh_lakehouse.errors import ConfigError, ConflictError, LoadError, LostConnectionError
from nh_lakehouse.pipeline.report import Quiet
from nh_lakehouse.publish import mysql_load, mysql_server
from nh_lakehouse.publish.mysql import BOOKKEEPING, PublishedTable, planned, publish
from nh_lakehouse.publish.mysql import _exchange as exchange
from nh_lakehouse.publish.mysql_server import Credentials, Server, Tls, connect, parse_url
from nh_lakehouse.publish.mysql_types import staging_name
from nh_lakehouse.publish.tables import Choice, choose

RISK = "gold.nh_state_risk"


@contextmanager
def opened(database: MariaDB, **options: Any) -> Iterator[Server]:
    with connect(parse_url(database.url()), Credentials(USER, PASSWORD), **options) as server:
        yield server


def put(lake: Lakehouse, database: MariaDB, choice: Choice | None = None, **options: Any) -> dict[str, PublishedTable]:
    """One publication of the states' risks, or of what is chosen."""
    with opened(database) as server:
        lines = publish(lake, server, choice or choose(lake, [RISK]), **options)
    return {line.table: line for line in lines}


def keyed(lake: Lakehouse) -> Choice:
    """The odd table with a key."""
    return Choice((replace(choose(lake, [ODD]).tables[0], key=("code",)),), ())


def count(database: MariaDB, table: str = "nh_state_risk") -> int:
    return int(database.ask(f"SELECT count(*) FROM {table}")[0][0])


class Meanwhile(Quiet):
    """Does something once, when the first rows of a table are loaded."""

    def __init__(self, action: Any) -> None:
        self.action = action

    def begin(self, task: str, text: str) -> None:
        if " of " in text and self.action:
            action, self.action = self.action, None
            action()


# --- the copy --------------------------------------------------------------------------------------------------------


def test_copy_equals_the_delta_table_row_by_row(odd_lake: Lakehouse, database: MariaDB) -> None:
    line = put(odd_lake, database, keyed(odd_lake))[ODD]
    assert (line.status, line.rows_n, line.note) == ("created", len(ROWS), "")
    names = [n for n in SCHEMA.names if not n.startswith("_")]
    found = database.ask(f"SELECT {', '.join(f'`{n}`' for n in names)} FROM odd ORDER BY code")
    rows = odd_lake.arrow(ODD).select(names).sort_by("code").to_pylist()
    expected = [
        tuple(
            r[n].replace(tzinfo=None)
            if n == "at" and r[n]
            else json.dumps(r[n], separators=(",", ":"))
            if n == "flags" and r[n] is not None
            else r[n]
            for n in names
        )
        for r in rows
    ]
    assert found == expected
    assert [type(v) for v in found[0]] == [type(v) for v in expected[0]] or found[0][names.index("is_open")] in (0, 1)


def test_keys_tell_capitals_and_blanks_apart(odd_lake: Lakehouse, database: MariaDB) -> None:
    put(odd_lake, database, keyed(odd_lake))
    assert database.ask("SELECT name FROM odd WHERE code = 'a'") == [("plain",)]
    assert database.ask("SELECT count(*) FROM odd WHERE code IN ('A', 'a ')") == [(2,)]


def test_columns_are_typed_and_described(lake: Lakehouse, database: MariaDB) -> None:
    put(lake, database)
    sql = "SELECT column_name, column_type, is_nullable, column_comment FROM information_schema.columns WHERE table_name = 'nh_state_risk'"
    columns = {row[0]: row[1:] for row in database.ask(sql)}
    assert columns["state"][:2] == ("varchar(8)", "NO")
    assert columns["fines_usd"] == ("decimal(18,2)", "YES", "Fines of three years of all homes of the state [usd]")
    assert [columns[c][0] for c in ("snapshot_month", "facility_n", "risk_score")] == ["date", "bigint(20)", "double"]
    assert "_row_hash" not in columns
    comment = database.ask("SELECT table_comment FROM information_schema.tables WHERE table_name = 'nh_state_risk'")
    assert comment[0][0].startswith("Risk scores of states; gold.nh_state_risk version 0")
    keys = database.ask("SHOW INDEX FROM nh_state_risk")
    assert [(k[2], k[4]) for k in keys] == [
        ("PRIMARY", "state"),
        ("PRIMARY", "snapshot_month"),
        ("by_snapshot_month", "snapshot_month"),
    ]


def test_null_in_a_key_gives_a_unique_index(lake: Lakehouse, database: MariaDB) -> None:
    add_rows(lake.root, RISK, [{"state": None, "snapshot_month": MONTH, "fines_usd": Decimal("0.10")}])
    put(lake, database)
    keys = {(k[2], k[1], k[4]) for k in database.ask("SHOW INDEX FROM nh_state_risk") if k[2] == "key_of_row"}
    assert keys == {("key_of_row", 0, "state"), ("key_of_row", 0, "snapshot_month")}
    assert count(database) == 7


def test_numbers_that_mysql_does_not_know_are_null_and_told(lake: Lakehouse, database: MariaDB) -> None:
    add_rows(
        lake.root,
        RISK,
        [{"state": "ZZ", "snapshot_month": MONTH, "risk_score": float("nan"), "rsrr_mean": float("-inf")}],
    )
    assert "2 doubles" in put(lake, database)[RISK].note
    assert database.ask("SELECT risk_score, rsrr_mean FROM nh_state_risk WHERE state = 'ZZ'") == [(None, None)]


def test_copy_that_differs_is_not_put_in_its_place(
    lake: Lakehouse, database: MariaDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(lake, database)
    add_rows(lake.root, RISK, [{"state": "ZZ", "snapshot_month": MONTH}])
    true_value = mysql_load._value
    monkeypatch.setattr(mysql_load, "_value", lambda c: "'HIGH '" if c.name == "risk_tier" else true_value(c))
    line = put(lake, database)[RISK]
    assert line.status == "failed"
    assert "texts, dates or exact numbers" in line.note
    assert count(database) == 6
    monkeypatch.setattr(mysql_load, "_value", lambda c: "1.5" if c.name == "risk_score" else true_value(c))
    assert "(risk_score)" in put(lake, database)[RISK].note


# --- again -----------------------------------------------------------------------------------------------------------


def test_only_what_changed_is_published_again(lake: Lakehouse, database: MariaDB) -> None:
    everything = ["gold.nh_*"]
    assert {n.status for n in put(lake, database, choose(lake, everything)).values()} == {"created"}
    assert {n.status for n in put(lake, database, choose(lake, everything)).values()} == {"unchanged"}
    add_rows(lake.root, RISK, [{"state": "ZZ", "snapshot_month": MONTH}])
    lines = put(lake, database, choose(lake, everything))
    assert [t for t, n in lines.items() if n.status != "unchanged"] == [RISK]
    assert (lines[RISK].status, count(database)) == ("replaced", 7)
    assert database.ask(f"SELECT delta_version, row_n FROM {BOOKKEEPING} WHERE delta_table = '{RISK}'") == [(1, 7)]
    assert {n.status for n in put(lake, database, choose(lake, everything), everything=True).values()} == {"replaced"}
    assert [t for (t,) in database.ask("SHOW TABLES") if t.startswith("_nhl")] == []


def test_table_that_somebody_dropped_is_published_again(lake: Lakehouse, database: MariaDB) -> None:
    put(lake, database)
    database.ask("DROP TABLE nh_state_risk")
    assert put(lake, database)[RISK].status == "created"


def test_table_of_another_lakehouse_is_no_unchanged_one(lake: Lakehouse, database: MariaDB, tmp_path: Path) -> None:
    put(lake, database)
    add_rows(tmp_path / "other", RISK, state_rows()[:2])
    assert put(Lakehouse(tmp_path / "other"), database)[RISK].status == "replaced"
    assert count(database) == 2


def test_table_that_was_not_published_from_here_is_left_alone(lake: Lakehouse, database: MariaDB) -> None:
    database.ask("CREATE TABLE nh_state_risk (mine INT)")
    lines = put(lake, database, choose(lake, ["gold.nh_*"]))
    assert lines[RISK].status == "failed" and "was not published from here" in lines[RISK].note
    assert {n.status for t, n in lines.items() if t != RISK} == {"created"}
    assert database.ask("SHOW COLUMNS FROM nh_state_risk")[0][0] == "mine"


def test_plan_changes_nothing(lake: Lakehouse, database: MariaDB) -> None:
    with opened(database) as server:
        assert [n.status for n in planned(server, choose(lake, [RISK]))] == ["created"]
    assert database.ask("SHOW TABLES") == []


# --- whatever comes between ------------------------------------------------------------------------------------------


def changed(lake: Lakehouse, database: MariaDB) -> None:
    """The table is published with six rows, and has more now."""
    put(lake, database)
    add_rows(lake.root, RISK, [{"state": f"X{n}", "snapshot_month": MONTH} for n in range(5_001)])


def kill(database: MariaDB) -> None:
    """End the connections of the publisher."""
    for (number,) in database.ask(f"SELECT id FROM information_schema.processlist WHERE user = '{USER}'"):
        database.ask(f"KILL {number}")


def test_readers_see_the_old_table_until_the_new_one_is_whole(lake: Lakehouse, database: MariaDB) -> None:
    changed(lake, database)
    seen: list[int] = []
    put(lake, database, reporter=Meanwhile(lambda: seen.append(count(database))))
    assert (seen, count(database)) == ([6], 5_007)


def test_lost_connection_leaves_the_old_table_and_the_next_run_cleans_up(lake: Lakehouse, database: MariaDB) -> None:
    changed(lake, database)
    with pytest.raises(LostConnectionError, match="the tables there are as they were: publish again$"):
        put(lake, database, reporter=Meanwhile(lambda: kill(database)))
    assert count(database) == 6
    assert [t for (t,) in database.ask("SHOW TABLES") if t.startswith("_nhl_new_")]
    assert put(lake, database)[RISK].status == "replaced"
    assert count(database) == 5_007
    assert [t for (t,) in database.ask("SHOW TABLES") if t.startswith("_nhl")] == []


@pytest.mark.parametrize(
    ("statement", "is_sent", "words", "rows_n"),
    [
        (
            f"INSERT INTO `{staging_name('nh_state_risk')}`",
            False,
            "the tables there are as they were: publish again",
            6,
        ),
        ("RENAME TABLE", False, "either all old or all new tables stand there: publish again", 6),
        ("RENAME TABLE", True, "either all old or all new tables stand there: publish again", 7),
        (f"REPLACE INTO `{BOOKKEEPING}`", False, "the new tables stand there: publish again to finish", 7),
        ("DROP TABLE IF EXISTS `_nhl_old_", False, "the new tables stand there: publish again to finish", 7),
    ],
    ids=["load", "exchange", "exchanged", "record", "drop"],
)
def test_lost_connection_tells_which_tables_stand(
    statement: str,
    is_sent: bool,
    words: str,
    rows_n: int,
    lake: Lakehouse,
    database: MariaDB,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    choice = choose(lake, ["gold.nh_*"])
    put(lake, database, choice)
    add_rows(lake.root, RISK, [{"state": "ZZ", "snapshot_month": MONTH}])
    choice = choose(lake, ["gold.nh_*"])
    true_run = Server.run

    def run(server: Server, sql: str, values: Any = None) -> None:
        if sql.startswith(statement):
            if is_sent:
                true_run(server, sql, values)
            kill(database)
        true_run(server, sql, values)

    with monkeypatch.context() as patch:
        patch.setattr(Server, "run", run)
        # With --full-refresh the two tables before it are loaded already.
        with pytest.raises(LostConnectionError, match=f"the connection was lost; {words}$"):
            put(lake, database, choice, everything=True)
    assert count(database) == rows_n
    assert put(lake, database, choice)[RISK].status in ("replaced", "unchanged")
    assert {n.status for n in put(lake, database, choice).values()} == {"unchanged"}
    assert (count(database), [t for (t,) in database.ask("SHOW TABLES") if t.startswith("_nhl")]) == (7, [])


def test_server_that_refuses_behind_the_exchange_leaves_the_new_tables(
    lake: Lakehouse, database: MariaDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(lake, database)
    add_rows(lake.root, RISK, [{"state": "ZZ", "snapshot_month": MONTH}])

    true_run = Server.run

    def run(server: Server, sql: str, values: Any = None) -> None:
        if sql.startswith("REPLACE INTO"):
            raise LoadError("the disk is full")
        true_run(server, sql, values)

    monkeypatch.setattr(Server, "run", run)
    with pytest.raises(LoadError, match="^the disk is full; the new tables stand there: publish again to finish$"):
        put(lake, database)
    assert count(database) == 7


def test_new_table_whose_exchange_was_not_answered_is_ours(
    lake: Lakehouse, database: MariaDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: Any) -> None:
        raise LostConnectionError("x")

    with monkeypatch.context() as patch:
        patch.setattr("nh_lakehouse.publish.mysql._exchange", lambda *a: (exchange(*a), lost()))
        with pytest.raises(LostConnectionError, match="^x; either all old or all new tables stand there"):
            put(lake, database)
    assert count(database) == 6
    assert put(lake, database)[RISK].status == "replaced"
    assert put(lake, database)[RISK].status == "unchanged"


def test_second_publication_at_once_is_refused(lake: Lakehouse, database: MariaDB) -> None:
    changed(lake, database)
    refused: list[ConflictError] = []

    def second() -> None:
        with pytest.raises(ConflictError) as error:
            put(lake, database)
        refused.append(error.value)

    assert put(lake, database, reporter=Meanwhile(second))[RISK].status == "replaced"
    assert "--wait" in refused[0].message


def test_reader_that_holds_a_table_is_told(lake: Lakehouse, database: MariaDB, monkeypatch: pytest.MonkeyPatch) -> None:
    changed(lake, database)
    monkeypatch.setattr(mysql_server, "LOCK_S", 1)
    reader = database.connect()
    try:
        reader.begin()
        with reader.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM nh_state_risk")
        with pytest.raises(LoadError, match="readers"):
            put(lake, database)
    finally:
        reader.close()
    assert count(database) == 6


def test_tables_are_exchanged_together(lake: Lakehouse, database: MariaDB, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    true_run = Server.run
    monkeypatch.setattr(
        Server, "run", lambda self, sql, values=None: (sent.append(sql), true_run(self, sql, values))[1]
    )
    put(lake, database, choose(lake, ["gold.nh_*"]))
    renames = [sql for sql in sent if sql.startswith("RENAME")]
    assert len(renames) == 1 and renames[0].count(" TO ") == 3


def cipher(server: Server) -> str:
    return str(server.rows("SHOW SESSION STATUS LIKE 'Ssl_cipher'")[0][1])


def test_connection_is_encrypted_as_asked(database: MariaDB) -> None:
    for tls in (Tls.prefer, Tls.require):
        with opened(database, tls=tls) as server:
            assert cipher(server)
    with opened(database, tls=Tls.verify, ca=database.certificate) as server:
        assert cipher(server)
    with opened(database, tls=Tls.off) as server:
        assert not cipher(server)


def test_certificate_that_nobody_vouches_for_is_refused(database: MariaDB) -> None:
    with pytest.raises(ConfigError, match="--tls"), opened(database, tls=Tls.verify):
        pass
    with pytest.raises(ConfigError, match="--tls-ca"), opened(database, tls=Tls.verify, ca=database.folder / "log"):
        pass


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("login")
def test_publish_prints_what_became_of_the_tables(lake: Lakehouse, database: MariaDB) -> None:
    result = call("publish", "mysql", "--url", database.url(), "--lakehouse", lake.root)
    assert result.exit_code == 0, result.output
    assert "gold.nh_state_risk" in result.stdout and "3 tables: 3 created" in result.stdout
    again = call("publish", "mysql", "--url", database.url(), "--lakehouse", lake.root, "--format", "json")
    assert {row["status"] for row in json.loads(again.stdout)} == {"unchanged"}
    assert PASSWORD not in result.output + again.output


@pytest.mark.usefixtures("login")
def test_dry_run_with_an_address_prints_what_would_be_done(lake: Lakehouse, database: MariaDB) -> None:
    result = call(
        "publish", "mysql", "--url", database.url(), "--lakehouse", lake.root, "--select", "nh_state_risk", "--dry-run"
    )
    assert "-- gold.nh_state_risk: created\nCREATE TABLE `nh_state_risk`" in result.stdout
    assert "utf8mb4_nopad_bin" in result.stdout
    assert database.ask("SHOW TABLES") == []


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"NHL_MYSQL_PASSWORD": "wr0ng-Secret"}, 2, "refused user and password"),
        (
            {"NHL_MYSQL_URL": "mysql://127.0.0.1:{port}/nowhere"},
            2,
            "no database of that name, or the user has no right",
        ),
        ({"NHL_MYSQL_URL": "mysql://127.0.0.1:1/health"}, 1, "cannot be reached"),
    ],
    ids=["password", "database", "server"],
)
@pytest.mark.usefixtures("login")
def test_mistakes_are_told_in_one_sentence(
    lake: Lakehouse, database: MariaDB, change: dict[str, str], code: int, words: str
) -> None:
    settings = {"NHL_MYSQL_URL": database.url(), **{k: v.format(port=database.port) for k, v in change.items()}}
    result = call("publish", "mysql", "--lakehouse", lake.root, **settings)
    assert result.exit_code == code, result.output
    assert words in result.stderr
    assert "Traceback" not in result.output and "wr0ng" not in result.output and PASSWORD not in result.output


def test_user_without_privileges_is_told_what_to_grant(
    lake: Lakehouse, database: MariaDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.ask("CREATE OR REPLACE USER reader@'%'", None)
    database.ask("GRANT SELECT ON health.* TO reader@'%'", None)
    result = call("publish", "mysql", "--url", database.url(), "--lakehouse", lake.root, NHL_MYSQL_USER="reader")
    assert result.exit_code == 1
    assert "GRANT SELECT, INSERT" in result.stderr


@pytest.mark.usefixtures("login")
def test_a_table_that_fails_makes_the_command_fail(lake: Lakehouse, database: MariaDB) -> None:
    database.ask("CREATE TABLE nh_state_risk (mine INT)")
    result = call("publish", "mysql", "--url", database.url(), "--lakehouse", lake.root)
    assert result.exit_code == 1
    assert "1 failed" in result.stdout


def test_odd_rows_change_and_go(odd_lake: Lakehouse, database: MariaDB) -> None:
    put(odd_lake, database, keyed(odd_lake))
    write_odd(odd_lake.root, ROWS[:3], mode="overwrite")
    assert put(odd_lake, database, keyed(odd_lake))[ODD].status == "replaced"
    assert count(database, "odd") == 3
