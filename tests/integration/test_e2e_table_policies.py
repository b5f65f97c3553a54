"""--table-conflict: each table by its own policy, in one stream."""

import pytest

from support.tandem import command, node_arguments
from support.waiting import wait_until

TABLES = ("plain", "of_a", "of_b", "failing", "remote")
POLICIES = {"plain": "last-update-wins", "of_a": "node-wins=a", "of_b": "node-wins=b", "failing": "error", "remote": "apply-remote"}
SCHEMA = "".join(f"CREATE TABLE {name} (id integer PRIMARY KEY, who text, code text UNIQUE); "
                 f"INSERT INTO {name} SELECT i, '-' FROM generate_series(1, 20) i; " for name in TABLES)
CHOSEN = [word for name in TABLES[1:] for word in ("--table-conflict", f"public.{name}={POLICIES[name]}")]
ENDS_EQUAL = ("plain", "of_a", "of_b")


@pytest.fixture
def pair(servers):
    made = servers.pair(SCHEMA)
    made.instance = made.run(*CHOSEN)
    yield made
    made.close()


def concurrently(pair, *writes):
    pair.concurrently([pair.instance], *writes)
    pair.settle()


def at_each(statement, tables=TABLES):
    return "; ".join(statement.format(name) for name in tables)


def rows(database, statement):
    return {name: database.sql(statement.format(name)) for name in TABLES}


def log(pair, database):
    return sorted((row["table_name"], row["type"], row["policy"], row["winner"]) for row in pair.conflicts(database))


def parked(database):
    return database.sql("SELECT table_name, op, key ->> 'id', sqlstate FROM tandem.parked ORDER BY id")


@pytest.mark.parametrize("later", ["a", "b"])
def test_one_transaction_in_all_of_them(pair, later):
    writes = [(database, at_each(f"UPDATE {{}} SET who = '{database.node}' WHERE id = 1")) for database in pair.both]
    concurrently(pair, *(writes if later == "b" else reversed(writes)))
    ends = {"plain": later, "of_a": "a", "of_b": "b"}
    for database in pair.both:
        found = rows(database, "SELECT who FROM {} WHERE id = 1")
        assert {name: found[name] for name in ENDS_EQUAL} == {name: [(who,)] for name, who in ends.items()}
        assert found["failing"] == [(database.node,)], "neither is written over"
        assert found["remote"] == [(pair.peer(database).node,)], "what came is written"
        assert parked(database) == [("failing", "update", "1", "TD015")]
    for database in pair.both:
        lost = [(name, "update_origin_differs", POLICIES[name], who) for name, who in ends.items() if who == database.node]
        assert log(pair, database) == sorted(lost)


def test_successors_are_no_conflicts_in_any(pair):
    for number in range(6):
        pair.both[number % 2].sql(at_each(f"UPDATE {{}} SET who = '{number}' WHERE id <= 10"))
        pair.settle()
    pair.assert_equal(*TABLES)
    assert rows(pair.a, "SELECT DISTINCT who FROM {} WHERE id <= 10") == {name: [("5",)] for name in TABLES}
    assert [log(pair, database) + parked(database) for database in pair.both] == [[], []]


@pytest.mark.parametrize("deletes", ["a", "b"])
def test_a_delete_and_an_update(pair, deletes):
    deleting = getattr(pair, deletes)
    updating = pair.peer(deleting)
    concurrently(pair, (updating, at_each("UPDATE {} SET who = 'kept' WHERE id = 2")), (deleting, at_each("DELETE FROM {} WHERE id = 2")))
    gone = {"plain": True, "of_a": deletes == "a", "of_b": deletes == "b"}
    for database in pair.both:
        for name, is_gone in gone.items():
            wait_until(lambda database=database, name=name, is_gone=is_gone:
                       database.sql(f"SELECT who FROM {name} WHERE id = 2") == ([] if is_gone else [("kept",)]), 20, f"{name} ends so",
                       detail=pair.explain)
    assert deleting.sql("SELECT who FROM remote WHERE id = 2") == [("kept",)], "what came is written, and no delete beats it"
    assert updating.sql("SELECT 1 FROM remote WHERE id = 2") == []


def test_one_truncate_of_them_all(pair):
    concurrently(pair, (pair.b, at_each("UPDATE {} SET who = 'unseen' WHERE id = 3", ("plain", "of_a", "of_b", "remote"))),
                 (pair.a, "TRUNCATE " + ", ".join(TABLES)))
    found = rows(pair.b, "SELECT id, who FROM {}")
    assert found == {"plain": [], "of_a": [], "of_b": [(3, "unseen")], "failing": [], "remote": []}
    pair.assert_equal("plain", "of_a", "of_b")


def test_a_truncate_that_fails_for_one_waits_for_all(pair):
    concurrently(pair, (pair.b, "UPDATE failing SET who = 'unseen' WHERE id = 3"), (pair.a, "TRUNCATE failing, remote"))
    assert [row[1] for row in parked(pair.b)] == ["truncate", "truncate"] and {row[3] for row in parked(pair.b)} == {"TD015"}
    assert pair.b.sql("SELECT who FROM failing WHERE id = 3") == [("unseen",)]


def test_unique_values_go_to_the_later_row_but_not_by_apply_remote(pair):
    concurrently(pair, (pair.a, at_each("UPDATE {} SET code = 'taken' WHERE id = 4", ("plain", "remote"))),
                 (pair.b, at_each("UPDATE {} SET code = 'taken' WHERE id = 5", ("plain", "remote"))))
    wait_until(lambda: pair.a.sql("SELECT id FROM plain WHERE code = 'taken'") == [(5,)], 20, "the later one has it", detail=pair.explain)
    pair.assert_equal("plain")
    assert pair.a.sql("SELECT id FROM remote WHERE code = 'taken'") == [(4,)]
    assert pair.b.sql("SELECT id FROM remote WHERE code = 'taken'") == [(5,)]
    assert [[row[0] for row in parked(database)] for database in pair.both] == [["remote"], ["remote"]]


def test_the_first_that_matches_counts_and_the_policies_are_told(servers):
    pair = servers.pair(SCHEMA)
    try:
        instance = pair.run("--table-conflict", "of_?=node-wins=b", "--table-conflict", "of_a=node-wins=a", "--conflict", "apply-remote")
        pair.concurrently([instance], *[(database, at_each(f"UPDATE {{}} SET who = '{database.node}' WHERE id = 1", ("of_a", "of_b"))) for database in pair.both])
        pair.settle()
        pair.assert_equal("of_a", "of_b")
        assert pair.a.sql("SELECT (SELECT who FROM of_a WHERE id = 1), (SELECT who FROM of_b WHERE id = 1)") == [("b", "b")]
        assert instance.status()["policy"] == "apply-remote; of_?=node-wins=b; of_a=node-wins=a"
    finally:
        pair.close()


def test_a_table_that_is_renamed_goes_by_its_new_name(servers):
    pair = servers.pair(SCHEMA)
    try:
        pair.instance = pair.run(*CHOSEN, "--ddl", "on")
        pair.a.sql("ALTER TABLE of_a RENAME TO mine")
        pair.settle()
        concurrently(pair, (pair.a, "UPDATE mine SET who = 'a' WHERE id = 1"), (pair.b, "UPDATE mine SET who = 'b' WHERE id = 1"))
        pair.assert_equal("mine")
        assert pair.a.sql("SELECT who FROM mine WHERE id = 1") == [("b",)], "the later one"
        assert [row["policy"] for row in pair.conflicts(pair.b)] == ["last-update-wins"]
    finally:
        pair.close()


def test_with_an_origin_column_only_apply_remote(servers):
    pair = servers.pair(SCHEMA)
    try:
        done = command("run", "--init", *node_arguments({"a": pair.a, "b": pair.b}), "--origin-column", "written_at", "--table-conflict", "plain=last-update-wins")
        assert done.status == 2 and "--table-conflict plain=last-update-wins is not possible: --origin-column" in done.text, done
    finally:
        pair.close()
