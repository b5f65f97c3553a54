"""What people who chat wait for: from the POST of a message at one tandem-chat until the page that is open at the other shows it.

Each system keeps two chat databases the same, a service beside each. Messages are posted at fixed times, in all rooms in turn, over a few
connections that stay; a WebSocket for each room listens at the other service. A message counts from the time when it was due. tandem, one way,
stands beside native logical replication, which can do no more; then both services are written to. Up to the service's --poll is waited for
rows that are there (docs/decisions/0021), for all alike. A result counts only when each page was shown every message of its room and the
tables are equal.
"""

import contextlib
import http.client
import json
import pathlib
import socket
import statistics
import sys
import threading
import time
import types

import goals
from catchup import circumstances, flags, judged
from databases import Database, servers
from measuring import end_in_good_order, say, wait
from shared import chat, tandem

SCHEMA = (goals.REPOSITORY / "tools" / "chat" / "schema.sql").read_text(encoding="utf-8")
ROOMS = 10
CONNECTIONS = 4
SETTLE_SECONDS = 60
RATE_REACHED = 0.95
CONTENT = "SELECT count(*), md5(string_agg(md5(t::text), '' ORDER BY t::text)) FROM {} AS t"
LOGS = types.SimpleNamespace(path=goals.REPOSITORY / "build" / "perf")


class ChatDatabase(Database):
    table = SCHEMA


class Listening(threading.Thread):
    """The page of one room. `shown`: {message id: when}."""

    def __init__(self, service, room):
        super().__init__(daemon=True)
        self.page, self.shown, self.failure = service.page(room), {}, None

    def run(self):
        try:
            while (told := self.page.hear(SETTLE_SECONDS)) is not None:
                now = time.monotonic()
                self.page.told.clear()
                for each in told.get("messages", ()):
                    self.shown.setdefault(each["id"], now)
            raise RuntimeError("the service closed the page")
        except Exception as failure:  # who waits for messages raises it
            self.failure = failure

    def close(self):
        self.page.socket.shutdown(socket.SHUT_RDWR)
        self.join()
        self.page.close()


class Posting(threading.Thread):
    """Its share of the messages, one connection. `sent`: {message id: when it was due}; `answered`: seconds of each POST."""

    def __init__(self, service, place, rate, seconds, begin):
        super().__init__(daemon=True)
        self.port, self.place, self.rate, self.begin = service.port, place, rate, begin
        self.count = int(rate * seconds)
        self.sent, self.answered, self.failure = {}, [], None

    def run(self):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            for number in range(self.place, self.count, CONNECTIONS):
                due = self.begin + number / self.rate
                time.sleep(max(0.0, due - time.monotonic()))
                connection.request("POST", "/chat/message", json.dumps(
                    {"roomId": number % ROOMS + 1, "userId": f"user-{number % 100}", "body": f"message {number} " + "x" * 80}),
                    {"Content-Type": "application/json"})
                answer = connection.getresponse()
                text = answer.read()
                if answer.status != 200:
                    raise RuntimeError(f"POST /chat/message: {answer.status} {text[:300]}")
                self.sent[json.loads(text)["id"]] = due
                self.answered.append(time.monotonic() - due)
            connection.close()
        except Exception as failure:  # who waits for it raises it
            self.failure = failure


class Native:
    name = "native"

    def __init__(self, a, b, _):
        a.sql("CREATE PUBLICATION native FOR ALL TABLES")
        b.sql(f"CREATE SUBSCRIPTION native CONNECTION '{a.uri}' PUBLICATION native WITH (copy_data = false, synchronous_commit = 'off')")
        self.subscriber = b

    def close(self):
        self.subscriber.sql("DROP SUBSCRIPTION native")


class Tandem:
    name = "tandem"
    way = ("--one-way", "a:b")

    def __init__(self, a, b, given):
        (goals.REPOSITORY / "build" / "perf" / f"chat_{self.name}.log").unlink(missing_ok=True)
        self.instance = tandem.Tandem({"a": a.uri, "b": b.uri}, "--tables", "public.chat_*", *self.way, *given.flags.split(),
                                      workspace=LOGS, init=True, log_name=f"chat_{self.name}.log")
        self.instance.start().wait_streaming(deadline=60)

    def close(self):
        self.instance.stop(30)
        self.instance.close()


class BothWays(Tandem):
    name = "both_ways"
    way = ()


def equal(a, b):
    tables = [row[0] for row in a.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")]
    return all(a.sql(CONTENT.format(table)) == b.sql(CONTENT.format(table)) for table in tables)


def furnish(a, b):
    """Rooms and users, known at both before anybody listens."""
    a.sql("INSERT INTO chat_room (room_id, title, node, seq) SELECT n, 'room ' || n, 'a', n FROM generate_series(1, %s) AS n", ROOMS)
    a.sql("INSERT INTO chat_user (user_id, user_name, node, seq) SELECT 'user-' || n, 'User ' || n, 'a', n FROM generate_series(0, 99) AS n")
    wait("rooms and users are at both", SETTLE_SECONDS, lambda: equal(a, b))


def one_run(system, a, b, given):
    """{"p50", "p99", "max", "answered_p50": ms, "posts_per_s"}, verified."""
    with contextlib.ExitStack() as clean_up:
        services = []
        for number, database in enumerate((a, b), 1):
            services.append(chat.Chat(f"chat{number}", number, database.cluster.uri(database.name), workspace=LOGS))
            clean_up.callback(services[-1].close)
            services[-1].start()
        written = services if system.name == "both_ways" else services[:1]
        pages = [Listening(services[1 - services.index(service)], room) for service in written for room in range(1, ROOMS + 1)]
        for page in pages:
            clean_up.callback(page.close)
            page.start()
        begin = time.monotonic() + 1
        posting = [Posting(service, place, given.rate, given.seconds, begin) for service in written for place in range(CONNECTIONS)]
        for each in posting:
            each.start()
        for each in posting:
            each.join()
            if each.failure is not None:
                raise each.failure
        took = time.monotonic() - begin
        sent = {number: due for each in posting for number, due in each.sent.items()}

        def seen():
            for failure in (page.failure for page in pages if page.failure is not None):
                raise failure
            return {number: at for page in pages for number, at in page.shown.items() if number in sent}
        wait(f"{system.name}: all {len(sent)} messages are shown", SETTLE_SECONDS, lambda: len(seen()) == len(sent))
        shown = seen()
    wait(f"{system.name}: the tables are equal", SETTLE_SECONDS, lambda: equal(a, b))
    if a.value("SELECT count(*) FROM chat_message WHERE id = ANY(%s)", [int(number) for number in sent]) != len(sent):
        raise RuntimeError(f"{system.name}: not all that was posted is stored")
    waits = sorted((shown[number] - due) * 1000 for number, due in sent.items())
    found = {"p50": waits[len(waits) // 2], "p99": waits[len(waits) * 99 // 100], "max": waits[-1],
             "answered_p50": statistics.median(second for each in posting for second in each.answered) * 1000,
             "posts_per_s": len(sent) / took}
    if found["posts_per_s"] < RATE_REACHED * given.rate * len(written):
        raise RuntimeError(f"{system.name}: {found['posts_per_s']:.0f} posts/s only, not {given.rate * len(written)}")
    say(f"{system.name}: " + ", ".join(f"{name} {value:,.1f}" for name, value in found.items()))
    return found


def main():
    parser = flags("perf/harness/run chat", __doc__.splitlines()[0])
    parser.add_argument("--rate", type=int, default=200, help="messages a second at each service that is written to")
    parser.add_argument("--seconds", type=int, default=20)
    given = judged(parser, {"repeats": 3, "seconds": 5}, lambda given: None if given.rate > 0 and given.seconds > 0 else
                   "--rate and --seconds are above 0")
    end_in_good_order(given.minutes)
    record = circumstances(given)
    runs = {"native": [], "tandem": [], "both_ways": []}
    pathlib.Path(LOGS.path).mkdir(parents=True, exist_ok=True)
    with servers() as (at_a, at_b):
        for repeat in range(given.repeats):
            for kind in (Native, Tandem, BothWays) if repeat % 2 == 0 else (BothWays, Tandem, Native):
                a, b = (ChatDatabase(cluster, f"chat_{kind.name}_{repeat}", given.tcp) for cluster in (at_a, at_b))
                with contextlib.closing(kind(a, b, given)) as system:
                    furnish(a, b)
                    runs[kind.name].append(one_run(system, a, b, given))

    def ratio(figure):
        return statistics.median(one[figure] / other[figure] for one, other in zip(runs["tandem"], runs["native"]))
    records = goals.judge("chat.", {"chat.shown.p50": ratio("p50"), "chat.shown.p99": ratio("p99"),
                                    "chat.both_ways.p99_ms": statistics.median(each["p99"] for each in runs["both_ways"])})
    goals.record("chat", {**record, "rate": given.rate, "seconds": given.seconds, "goals": records, "runs": runs})
    return goals.exit_status(records)


if __name__ == "__main__":
    sys.exit(main())
