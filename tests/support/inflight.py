"""Was a batch on its way when tandem stopped? Answered from outside, at a frozen moment.

With the process stopped (SIGSTOP) its apply sessions are either inside a transaction, or have sent
answers it has not read (bytes waiting in its sockets), or there is nothing in flight.
"""

import pathlib

import psycopg2

APPLY_SESSIONS = """
SELECT client_port, state, xact_start IS NOT NULL FROM pg_stat_activity
 WHERE datname = %s AND backend_type = 'client backend' AND application_name LIKE 'tandem%%'
"""


def unread_bytes():
    """{local port: bytes} waiting in receive queues, and {remote...} in send queues, of all TCP sockets."""
    waiting = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in pathlib.Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            port = int(fields[1].rsplit(":", 1)[1], 16)
            send, receive = (int(part, 16) for part in fields[4].split(":"))
            if fields[3] == "01":  # established
                waiting[port] = waiting.get(port, 0) + send + receive
    return waiting


def batch_in_flight(databases):
    """Whether an apply session at any of the databases is busy. Ask while tandem is frozen."""
    waiting = unread_bytes()
    for database in databases:
        try:
            rows = database.sql(APPLY_SESSIONS, database.name)
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            continue
        for port, state, in_transaction in rows:
            if in_transaction or state == "active" or waiting.get(port, 0) > 0:
                return True
    return False
