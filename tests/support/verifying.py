"""`tandem verify` as tests ask it, and drift that no stream sees."""

import json

from support.tandem import command, node_arguments

OK, USAGE, ENVIRONMENT, CHECK = 0, 2, 3, 4


def verify(pair, *arguments, deadline=120):
    return command("verify", *node_arguments({"a": pair.a, "b": pair.b}), *arguments, deadline=deadline)


def verified(pair, *arguments, status=OK, table=None):
    """The answer as JSON, or what it says of one table."""
    done = verify(pair, *arguments, "--json")
    assert done.status == status, f"{done.status}: {done.text}"
    read = json.loads(done.out)
    return read if table is None else next(each for each in read["tables"] if each["table"] == table)


def suppressed(database, *statements):
    """What no stream carries: written under an origin of tandem's own kind."""
    connection = database.connect(autocommit=True)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_replication_origin_create('tandem_drift') WHERE NOT EXISTS (SELECT FROM "
                           "pg_replication_origin WHERE roname = 'tandem_drift')")
            cursor.execute("SELECT pg_replication_origin_session_setup('tandem_drift')")
            for statement in statements:
                cursor.execute(statement)
            cursor.execute("SELECT pg_replication_origin_session_reset()")
    finally:
        connection.close()
