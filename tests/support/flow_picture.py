"""The picture of the Flow page in the README: `PYTHONPATH=tests /usr/bin/python3 tests/support/flow_picture.py docs/flow.png`.

A pair of its own, a minute of a load that has its ups and downs and conflicts, and the page as a browser shows it.
"""

import math
import pathlib
import random
import shutil
import sys
import time

from support.browser import BUILT, Browser
from support.load_thread import LoadThread
from support.masters import Servers
from support.waiting import wait_until

SECONDS = 75
SCHEMA = ("CREATE TABLE message (id bigint PRIMARY KEY, room integer, body text); CREATE TABLE room (id integer PRIMARY KEY, title text); "
          "INSERT INTO room SELECT i, 'room ' || i FROM generate_series(1, 20) AS i")


def write(cursor, database, number):
    mine = (1 if database.node == "a" else 2) * 1_000_000_000
    burst = int(20 + 15 * math.sin(time.monotonic() / 7 + mine) + random.random() * 8)
    cursor.execute("INSERT INTO message SELECT %s + i, i %% 20, repeat('hello ', 10) FROM generate_series(1, %s) AS i", (mine + number * 1000, burst))
    if number % 25 == 0:
        cursor.execute("UPDATE room SET title = %s WHERE id = %s", (f"{database.node} {number}", random.randrange(1, 20)))


def main(to):
    servers = Servers("picture")
    browser = Browser(1440, 680)
    try:
        pair = servers.pair(SCHEMA)
        instance = pair.run()
        begun = time.monotonic()
        with LoadThread(pair.both, write, per_second=40):
            browser.open(f"http://127.0.0.1:{instance.port}/?range=1m", ".lane-rate")
            wait_until(lambda: time.monotonic() - begun > SECONDS, SECONDS + 5, "the charts are full")
            browser.screenshot("flow-picture")
        pair.close()
    finally:
        browser.close()
        servers.close()
    shutil.copy(BUILT / "screenshots" / "flow-picture.png", to)


main(pathlib.Path(sys.argv[1]))
