"""Writes to masters until told to stop, some hundred changes a second, beside what a test does."""

import threading

import psycopg2


class LoadThread:
    """write(cursor, database, number) is called again and again, each time in a transaction, for each of the databases."""

    def __init__(self, databases, write, per_second=60):
        self.write, self.pause = write, 1 / per_second
        self.stopped = threading.Event()
        self.failed = []
        self.threads = [threading.Thread(target=self._run, args=(each,), daemon=True) for each in databases]

    def __enter__(self):
        for each in self.threads:
            each.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        for each in self.threads:
            each.join(20)
        assert not self.failed, self.failed

    def _run(self, database):
        try:
            connection = database.connect(autocommit=True)
            with connection.cursor() as cursor:
                number = 0
                while not self.stopped.wait(self.pause):
                    number += 1
                    self.write(cursor, database, number)
            connection.close()
        except psycopg2.Error as error:
            self.failed.append(str(error))
