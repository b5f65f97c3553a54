"""What the chat load writes: transactions as SQL text, and the exact list of their row changes.

Pure planning: no connection here. A Writer plans one transaction after the other for one session;
the session (load.py) carries it out and reports back, so that the writer knows which rows exist.

Keys. A key belongs to one writer of one node, which alone inserts, deletes and updates it; or it is
shared, which means rows made once by the seed and then only updated, by both nodes at once: those
conflict. (Deletes and re-inserts of one key stay on one node: no more is promised yet.)
"""

import base64
import itertools
import random
from collections import namedtuple

TABLES = ("chat_user", "chat_room", "chat_member", "chat_message", "chat_account")
BALANCE = 1000  # of a new account; transfers keep the sum at BALANCE times the number of accounts
SHARED_ROOMS, SHARED_USERS, SHARED_MESSAGES = 12, 40, 100
WRITERS_MAX = SHARED_ROOMS  # on one node: each has some of the shared rows
ACCOUNTS_PER_WRITER = 8
FIRST_OWN_MESSAGE = 1_000_000
HOT = 3      # shared messages of a writer that get most of its updates, so that nodes do collide
KEPT = 1000  # how many of its newest rows a writer goes on changing

NAMES = ("황보규민", "김서연", "이도윤", "박하은", "최지우", "정예준", "남궁민수", "선우은숙", "O'Brien",
         "김\"별명\"철수", "山田太郎", "Ægir Þór")
TITLES = ("자유게시판", "점심 뭐 먹지?", "운영 공지", "새벽 감성", "C++ 코루틴", "database \\ sync")
PHRASES = ("안녕하세요!", "오늘 회의는 3시입니다.", "ㅋㅋㅋㅋ", "동기화가 잘 되나요? 😀", "It's fine; -- really",
           "줄\n바꿈과\t탭", "백슬래시 \\n 은 그대로", "{\"not\": \"json\"}", "두 마스터 모두에 쓰는 중")

# One row change: op is I, U or D; key is the primary key as text, parts joined with a comma.
# The (node, seq) of a change is unique; an inserted or updated row carries it.
Change = namedtuple("Change", "op table key seq")


def message_key(rank, nodes, writer, writers, number):
    """Ids of different writers and nodes never meet: each has its own residue."""
    return FIRST_OWN_MESSAGE + (number * writers + writer) * nodes + rank


class Transaction:
    """SQL statements with their values, their changes, and what to remember if committed."""

    def __init__(self, node, sequence):
        self.node, self.sequence = node, sequence
        self.statements, self.values, self.changes = [], [], []
        self.after_commit = []
        self.touched = set()
        self.rolled_back = False

    def insert(self, table, columns, rows, keys):
        seqs = self._note("I", table, keys)
        line = "(" + ", ".join(["%s"] * (len(columns) + 2)) + ")"
        self.statements.append(f"INSERT INTO {table} ({', '.join(columns)}, node, seq) VALUES "
                               + ", ".join([line] * len(rows)))
        for row, seq in zip(rows, seqs):
            self.values += (*row, self.node, seq)

    def update(self, table, key_columns, sets, types, rows, keys):
        """rows: key values, then those of the columns the SQL in `sets` calls v.<name>."""
        seqs = self._note("U", table, keys)
        names = list(types)
        first = "(" + ", ".join(f"%s::{kind}" for kind in types.values()) + ", %s::bigint)"
        line = "(" + ", ".join(["%s"] * (len(names) + 1)) + ")"
        joined = " AND ".join(f"t.{column} = v.{column}" for column in key_columns)
        self._exactly(len(rows), f"UPDATE {table} AS t SET {sets}, node = '{self.node}', "
                      f"seq = v.seq FROM (VALUES {', '.join([first] + [line] * (len(rows) - 1))}) "
                      f"AS v({', '.join(names)}, seq) WHERE {joined}")
        for row, seq in zip(rows, seqs):
            self.values += (*row, seq)

    def delete(self, table, key_columns, rows, keys):
        self._note("D", table, keys)
        line = "(" + ", ".join(["%s"] * len(key_columns)) + ")"
        self._exactly(len(rows), f"DELETE FROM {table} WHERE ({', '.join(key_columns)}) IN "
                      f"({', '.join([line] * len(rows))})")
        for row in rows:
            self.values += row

    def text(self):
        """The whole transaction as one query string: one round trip."""
        end = "ROLLBACK" if self.rolled_back else "COMMIT"
        return "BEGIN; " + "; ".join(self.statements) + f"; {end}"

    def _exactly(self, count, statement):
        # A statement that meets other rows than planned divides by zero, so the record is exact.
        self.statements.append(f"WITH done AS ({statement} RETURNING 1) "
                               f"SELECT 1 / (count(*) = {count})::int FROM done")

    def _note(self, op, table, keys):
        seqs = [next(self.sequence) for _ in keys]
        self.changes += [Change(op, table, key, seq) for key, seq in zip(keys, seqs)]
        self.touched.update((table, key) for key in keys)
        return seqs


def seed(node, sequence):
    """The shared rows, made once on one node before the load starts."""
    plan = Transaction(node, sequence)
    rooms = range(1, SHARED_ROOMS + 1)
    plan.insert("chat_room", ("room_id", "title", "topic"),
                [(room, TITLES[room % len(TITLES)], None) for room in rooms],
                [str(room) for room in rooms])
    users = [shared_user(number) for number in range(SHARED_USERS)]
    plan.insert("chat_user", ("user_id", "user_name"),
                [(user, NAMES[place % len(NAMES)]) for place, user in enumerate(users)], users)
    messages = range(1, SHARED_MESSAGES + 1)
    plan.insert("chat_message", ("id", "room_id", "user_id", "body", "sent_at"),
                [(number, 1 + number % SHARED_ROOMS, users[number % SHARED_USERS], PHRASES[0],
                  "2023-01-15 09:30:00+09") for number in messages],
                [str(number) for number in messages])
    return plan


def shared_user(number):
    return f"user-{number:03d}"


def fence(node, sequence, rank, nodes, number):
    """One row that nobody else touches: where it has arrived, everything before it has."""
    key = -(number * nodes + rank + 1)
    plan = Transaction(node, sequence)
    plan.insert("chat_message", ("id", "room_id", "user_id", "body", "sent_at"),
                [(key, 1, shared_user(0), "fence", "2023-01-15 09:30:00+09")], [str(key)])
    return plan, key


class Writer:
    """Plans the transactions of one session: place `writer` of `writers` on node number `rank`."""

    def __init__(self, node, rank, nodes, writer, writers, sequence, random_seed, conflicts=True):
        self.node, self.rank, self.nodes = node, rank, nodes
        self.writer, self.writers, self.sequence = writer, writers, sequence
        self.random = random.Random(f"{random_seed}/{node}/{writer}")
        self.user = f"{node}{writer}-나"
        self.numbers = itertools.count()
        self.live, self.deleted = [], []          # own message ids
        self.guests, self.guest_numbers = [], itertools.count()
        self.members, self.left = [], []          # (room_id, user_id)
        first = 1 + (rank * writers + writer) * ACCOUNTS_PER_WRITER
        self.accounts = list(range(first, first + ACCOUNTS_PER_WRITER))
        self.conflicts = conflicts
        self.own_shared = [n for n in range(1, SHARED_MESSAGES + 1) if n % writers == writer]
        activities = {self.post: 30, self.like: 18, self.edit: 14, self.purge: 8, self.restore: 5,
                      self.pay: 8, self.join: 6, self.leave: 4, self.guest: 4}
        if conflicts:
            activities.update({self.argue: 8, self.rename: 3, self.retopic: 2})
        self.activities, self.weights = list(activities), list(activities.values())

    def first(self):
        """Own rows every later transaction may lean on."""
        plan = Transaction(self.node, self.sequence)
        plan.insert("chat_user", ("user_id", "user_name"), [(self.user, self.pick(NAMES))],
                    [self.user])
        plan.insert("chat_account", ("account_id", "balance"),
                    [(account, BALANCE) for account in self.accounts],
                    [str(account) for account in self.accounts])
        return plan

    def next(self):
        """The next transaction: one to three activities; one in twenty is rolled back."""
        plan = Transaction(self.node, self.sequence)
        while not plan.changes:
            count = self.random.choice((1, 1, 2, 3))
            for activity in self.random.choices(self.activities, self.weights, k=count):
                activity(plan)
        plan.rolled_back = self.random.random() < 0.05
        return plan

    # --- activities: each adds statements to the plan, or nothing when it finds no rows ----------
    def post(self, plan):
        ids = [self.new_id() for _ in range(self.random.randint(1, 12))]
        self.insert_messages(plan, ids)
        chance = self.random.random()
        if chance < 0.15:  # typed, sent, and corrected or taken back before the commit
            plan.update("chat_message", ("id",), "body = v.body, likes = 1",
                        {"id": "bigint", "body": "text"}, [(one, self.body()) for one in ids],
                        texts(ids))
        elif chance < 0.20:
            plan.delete("chat_message", ("id",), [(one,) for one in ids], texts(ids))
            plan.after_commit.append(lambda: self.move(ids, (), self.deleted))
            return
        plan.after_commit.append(lambda: self.move(ids, (), self.live))
        if ("chat_user", self.user) not in plan.touched:
            plan.update("chat_user", ("user_id",), "seen_at = clock_timestamp()",
                        {"user_id": "text"}, [(self.user,)], [self.user])

    def like(self, plan):
        ids = self.some_live(plan, 10)
        if ids:
            plan.update("chat_message", ("id",), "likes = likes + 1", {"id": "bigint"},
                        [(one,) for one in ids], texts(ids))

    def edit(self, plan):
        ids = self.some_live(plan, 6)
        if ids:
            plan.update("chat_message", ("id",), "body = v.body, meta = v.meta",
                        {"id": "bigint", "body": "text", "meta": "jsonb"},
                        [(one, self.body(), self.meta()) for one in ids], texts(ids))

    def purge(self, plan):
        if len(self.live) < 60:
            return
        ids = self.some_live(plan, 8)
        if ids:
            plan.delete("chat_message", ("id",), [(one,) for one in ids], texts(ids))
            plan.after_commit.append(lambda: self.move(ids, self.live, self.deleted))

    def restore(self, plan):
        ids = [one for one in self.deleted[-6:] if ("chat_message", str(one)) not in plan.touched]
        if ids:
            self.insert_messages(plan, ids)
            plan.after_commit.append(lambda: self.move(ids, self.deleted, self.live))

    def pay(self, plan):
        accounts = self.random.sample(self.accounts, self.random.randint(2, 4))
        if any(("chat_account", str(account)) in plan.touched for account in accounts):
            return
        amounts = [self.random.randint(-50, 50) for _ in accounts[1:]]
        amounts.append(-sum(amounts))
        plan.update("chat_account", ("account_id",), "balance = balance + v.amount",
                    {"account_id": "int", "amount": "bigint"}, list(zip(accounts, amounts)),
                    texts(accounts))

    def join(self, plan):
        again = self.random.random() < 0.5 and self.left
        rooms = range(1, SHARED_ROOMS + 1)
        pair = self.random.choice(self.left) if again else \
            (self.random.choice(rooms), f"{self.node}{self.writer}-{self.new_id()}")
        if ("chat_member", joined(pair)) in plan.touched:
            return
        plan.insert("chat_member", ("room_id", "user_id", "joined_at"),
                    [(*pair, "2023-01-15 12:00:00.123456+00")], [joined(pair)])
        plan.after_commit.append(
            lambda: self.move([pair], self.left, self.members) if again
            else self.move([pair], (), self.members))

    def leave(self, plan):
        if not self.members:
            return
        pair = self.random.choice(self.members)
        if ("chat_member", joined(pair)) in plan.touched:
            return
        plan.delete("chat_member", ("room_id", "user_id"), [pair], [joined(pair)])
        plan.after_commit.append(lambda: self.move([pair], self.members, self.left))

    def guest(self, plan):
        name = f"{self.node}{self.writer}-손님{next(self.guest_numbers):06d}"
        plan.insert("chat_user", ("user_id", "user_name"), [(name, self.pick(NAMES))], [name])
        plan.after_commit.append(lambda: self.guests.append(name))
        if len(self.guests) > 30:
            gone = self.guests[0]
            if ("chat_user", gone) not in plan.touched:
                plan.delete("chat_user", ("user_id",), [(gone,)], [gone])
                plan.after_commit.append(lambda: self.guests.remove(gone))

    # Shared rows: both nodes update them at once.
    def argue(self, plan):
        rows = self.own_shared[:HOT] if self.random.random() < 0.6 else self.own_shared
        ids = [one for one in self.random.sample(rows, self.random.randint(1, HOT))
               if ("chat_message", str(one)) not in plan.touched]
        if ids:
            plan.update("chat_message", ("id",), "likes = likes + 1, body = v.body, meta = v.meta",
                        {"id": "bigint", "body": "text", "meta": "jsonb"},
                        [(one, self.pick(PHRASES), self.meta()) for one in ids], texts(ids))

    def rename(self, plan):
        user = shared_user(self.own(SHARED_USERS))
        if ("chat_user", user) not in plan.touched:
            plan.update("chat_user", ("user_id",),
                        "user_name = v.user_name, seen_at = clock_timestamp()",
                        {"user_id": "text", "user_name": "text"}, [(user, self.pick(NAMES))],
                        [user])

    def retopic(self, plan):
        room = self.own(SHARED_ROOMS) + 1
        if ("chat_room", str(room)) not in plan.touched:
            plan.update("chat_room", ("room_id",), "topic = v.topic",
                        {"room_id": "int", "topic": "text"}, [(room, self.pick(PHRASES))],
                        [str(room)])

    def clash(self):
        """Updates this writer's part of all shared rows. When the writers of all nodes end with
        this, the last state of each shared row is a matter of resolving a conflict."""
        plan = Transaction(self.node, self.sequence)
        users = [shared_user(number) for number in range(self.writer, SHARED_USERS, self.writers)]
        rooms = list(range(1 + self.writer, SHARED_ROOMS + 1, self.writers))
        plan.update("chat_message", ("id",), "likes = likes + 1", {"id": "bigint"},
                    [(one,) for one in self.own_shared], texts(self.own_shared))
        plan.update("chat_user", ("user_id",), "user_name = v.user_name",
                    {"user_id": "text", "user_name": "text"},
                    [(user, self.pick(NAMES)) for user in users], users)
        plan.update("chat_room", ("room_id",), "topic = v.topic",
                    {"room_id": "int", "topic": "text"},
                    [(room, self.pick(PHRASES)) for room in rooms], texts(rooms))
        return plan

    # --- what rows hold ---------------------------------------------------------------------------
    def insert_messages(self, plan, ids):
        plan.insert("chat_message",
                    ("id", "room_id", "user_id", "body", "sent_at", "likes", "meta"),
                    [(one, self.random.randint(1, SHARED_ROOMS), self.user, self.body(),
                      f"2023-01-15 {one % 24:02d}:{one % 60:02d}:00.{one % 1000:03d}+09", 0,
                      self.meta()) for one in ids], texts(ids))

    def body(self):
        if self.random.random() < 0.02:  # long enough to be stored out of line
            return base64.b64encode(self.random.randbytes(self.random.randint(2500, 8000))).decode()
        return " ".join(self.random.choices(PHRASES, k=self.random.randint(1, 5)))

    def meta(self):
        return self.random.choice((
            None, '{"client": "web", "읽음": true, "tags": ["공지", "중요"]}',
            '{"reply_to": null, "score": 1.50, "nested": {"a": [1, 2, {"b": "\\u0041"}]}}'))

    def pick(self, options):
        return self.random.choice(options)

    def own(self, count):
        """A number below count out of this writer's part of the shared rows."""
        return self.random.randrange(self.writer, count, self.writers)

    def new_id(self):
        return message_key(self.rank, self.nodes, self.writer, self.writers, next(self.numbers))

    def some_live(self, plan, most):
        count = min(len(self.live), self.random.randint(1, most))
        return [one for one in self.random.sample(self.live, count)
                if ("chat_message", str(one)) not in plan.touched]

    @staticmethod
    def move(keys, source, target):
        """Rows that left the newest KEPT of a list stay as they are, never written again."""
        gone = set(keys)
        if source:
            source[:] = [key for key in source if key not in gone]
        target.extend(keys)
        del target[:-KEPT]


def texts(ids):
    return [str(one) for one in ids]


def joined(pair):
    return f"{pair[0]},{pair[1]}"
