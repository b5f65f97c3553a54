"""Accounts at both masters, transfers between those of each, and readers of the sum, which no commit changes."""

import random

from support.repeater import Repeater

ACCOUNTS, BALANCE = 20, 1000
SCHEMA = f"""
CREATE TABLE account (node text, id integer, balance bigint, PRIMARY KEY (node, id));
INSERT INTO account SELECT n, i, {BALANCE} FROM generate_series(1, {ACCOUNTS}) i, unnest(ARRAY['a', 'b']) n;
"""
SUMS = {("a", ACCOUNTS * BALANCE), ("b", ACCOUNTS * BALANCE)}
PAUSE = 0.005  # between transactions, so that the tandem under test has a machine too


def _transfers(database):
    connection = database.connect()
    chance = random.Random(database.node)

    def step():
        with connection, connection.cursor() as cursor:
            for amount, account in zip((-7, 7), chance.sample(range(1, ACCOUNTS + 1), 2)):
                cursor.execute("UPDATE account SET balance = balance + %s WHERE node = %s AND id = %s",
                               (amount, database.node, account))
        repeater.halt.wait(PAUSE)
    repeater = Repeater(step)
    return repeater


def _sums(database, seen):
    connection = database.connect(autocommit=True)

    def step():
        with connection.cursor() as cursor:  # one statement, one snapshot
            cursor.execute("SELECT node, sum(balance)::bigint FROM account GROUP BY node")
            seen.update(cursor.fetchall())
        repeater.halt.wait(PAUSE)
    repeater = Repeater(step)
    return repeater


class Bank:
    """`with Bank(pair): ...` transfers and reads for the length of the block; the servers must stay up."""

    def __init__(self, pair):
        self.seen = set()
        self._threads = [_transfers(database) for database in pair.both]
        self._threads += [_sums(database, self.seen) for database in pair.both]

    def __enter__(self):
        for thread in self._threads:
            thread.start()

    def __exit__(self, *exception):
        rounds = [thread.finish() for thread in self._threads]
        if exception[0] is None:
            assert min(rounds) > 0, f"transfers and sums made: {rounds}"
            assert self.seen == SUMS, f"sums that no commit made: {sorted(self.seen - SUMS)[:5]}"
