"""The compose file's stack, asked as its user would: HTTP on the document's ports, psql in the masters' containers."""

import json
import pathlib
import re

from support import containers
from support.connect_face import request
from support.waiting import wait_until

NAME = "황보규민"
CHAT = {"chat1": 8080, "chat2": 8081}
MASTERS = {"chatting-db-1": 5433, "chatting-db-2": 5434}
TABLES = ("chat_user", "chat_room", "chat_member", "chat_message", "chat_account")


def requests_of(file):
    """[(method, url, JSON or None)] of a .http file."""
    found = []
    for block in re.split(r"^###.*\n", pathlib.Path(file).read_text(), flags=re.M)[1:]:
        head, _, body = block.partition("\n\n")
        method, url = head.splitlines()[0].split()
        found.append((method, url, json.loads(body) if body.strip() else None))
    return found


def ask(port, method, path, content=None):
    """(status, JSON); (None, reason) where nobody answers."""
    try:
        status, _, text = request(f"http://127.0.0.1:{port}", method, path, content)
        return status, json.loads(text) if text else None
    except OSError as failure:
        return None, str(failure)


def sql(stack, master, statement):
    """Rows as lists of text."""
    done = stack.exec(master, "sh", "-c", 'exec /usr/lib/postgresql/*/bin/psql -X -A -t -F "|" -h /tmp -U postgres "$@"', "psql",
                      "-p", str(MASTERS[master]), "-d", "chat", "-c", statement, check=False)
    return [line.split("|") for line in done.stdout.splitlines()] if done.returncode == 0 else None


def both_have(stack, statement, rows, deadline=90):
    for master in MASTERS:
        wait_until(lambda master=master: sql(stack, master, statement) == rows, deadline, f"{statement} gives {rows} at {master}",
                   detail=lambda master=master: f"{sql(stack, master, statement)}\n{stack.explain()}")


def user(port, user_id, name=NAME, deadline=60):
    """Asks until it is taken: a service whose database is away says 503."""
    wait_until(lambda: ask(port, "POST", "/chat/user", {"userId": user_id, "userName": name})[0] == 200, deadline,
               f"user {user_id} is taken at {port}", every=0.2)


def healthy(stack, service="tandem"):
    return containers.run("podman", "healthcheck", "run", stack.container(service), check=False).returncode == 0


def masters_equal(stack, deadline=60, tables=TABLES):
    """Every row of every table, and no difference."""
    for table in tables:
        digest = f"SELECT count(*), md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM {table} AS t"
        wait_until(lambda digest=digest: None not in (seen := [sql(stack, each, digest) for each in MASTERS]) and seen[0] == seen[1],
                   deadline, f"{table} is equal", detail=stack.explain)
