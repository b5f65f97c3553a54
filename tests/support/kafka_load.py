"""Two masters through Kafka with applications on both, and what must be true when a fault has healed."""

import contextlib
from collections import Counter

from support import bank, load, masters
from support.tandem import command, node_arguments

AUDITED = ("item", "hot")


class LoadedPair:
    """A fresh pair and its topics. Expected values come from SQL and test_decoding."""

    def __init__(self, servers, kafka, seed):
        self.servers, self.kafka, self.seed = servers, kafka, seed
        self.pair = servers.pair(bank.SCHEMA)
        self.prefix = self.pair.name
        load.prepare(self.pair, AUDITED)
        self._wal = {database: masters.WalOracle(database) for database in self.pair.both}
        self._locally = {database: Counter() for database in self.pair.both}
        self.instance = None  # the one made last, of those that serve both
        self.per_change = False

    @property
    def topics(self):
        """Those with the changes of a and of b."""
        return [f"{self.prefix}.{node}" for node in "ab"]

    def _arguments(self, one_by_one):
        self.per_change = one_by_one
        return ("--transport", "kafka", "--brokers", self.kafka.bootstrap, "--topic-prefix", self.prefix,
                *(("--batch-rows", "1") if one_by_one else ()), *load.EXCLUDE)

    def tandem(self, *arguments, one_by_one=True):
        """Not started yet. `one_by_one`: nothing is coalesced, so that every change can be counted."""
        self.instance = self.pair.tandem(*self._arguments(one_by_one), *arguments)
        return self.instance

    def run(self, *arguments, **how):
        return self.tandem(*arguments, **how).start().wait_streaming()

    def run_sites(self, one_by_one=True):
        """A process for each master, with only Kafka between them: [a's, b's]."""
        done = command("init", *node_arguments({"a": self.pair.a, "b": self.pair.b}), *load.EXCLUDE)
        assert done.status == 0, done
        sites = [self.pair.tandem("--peer", self.pair.peer(database).node, *self._arguments(one_by_one), init=False,
                                  nodes={database.node: database}) for database in self.pair.both]
        for site in sites:
            site.start()
        return [site.wait_streaming(deadline=60) for site in sites]

    @contextlib.contextmanager
    def load(self, with_bank=True, **how):
        """Applications on both masters for the length of the block; the sums never change."""
        how = {"writers": 1, "seed": self.seed, "pause": 0.01, **how}
        with load.Load(self.pair, **how) as running, bank.Bank(self.pair) if with_bank else contextlib.nullcontext():
            yield running

    def passes(self, deadline=60):
        """What is written now at either master arrives at its peer."""
        self.pair.settle(deadline=deadline)

    def finish(self, deadline=90, forged=False):
        """Everything has arrived once, whole and in order, and nothing came back; the counts. `forged`: somebody else
        has written what looks as if it had."""
        self.passes(deadline)
        if self.instance is not None and self.instance.running and not forged:
            for name in self.instance.direction_names():
                assert self.instance.direction(name)["echoes_dropped"] == 0, name
        self.pair.assert_equal("account")
        counts = load.check(self.pair, self.per_change)
        for database in self.pair.both:
            assert self.pair.parked(database) == []
            self._check_no_echo(database)
            if self.per_change:
                load.check_order(self.pair, database)
        return counts

    def _check_no_echo(self, database):
        """What no origin wrote into this master's WAL is what its applications wrote."""
        for table, operation in self._wal[database].changes():
            self._locally[database][table.removeprefix("public."), operation[0]] += 1
        written = Counter({(table, op): count for table, op, count in database.sql(
            "SELECT at_table, op, count(*) FROM oracle.audit WHERE NOT applied GROUP BY 1, 2")})
        found = {kind: count for kind, count in self._locally[database].items() if kind[0] in AUDITED}
        assert found == written, f"in the WAL of {database.node}: {found}, written by applications: {written}"

    def close(self):
        self.pair.close()
