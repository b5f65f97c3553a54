"""Sends a script of requests (rest_requests) to a worker, and holds the answers of two against each other."""

import json
import re
import urllib.parse

from support.connect_face import request
from support.waiting import wait_until

BUSY = re.compile("rebalance|stale configuration")
# What each worker says of itself.
OWN = {"worker_id", "version", "commit", "kafka_cluster_id", "trace", "last_modified", "documentation"}

# Where ours answers otherwise, and why: by the request's label, what differs.
DIFFERENT = {
    r"root|no such path": "/connector-plugins lists tandem's own class and Confluent's sink as well, the loggers are others",
    r"(POST|PUT|validate|PATCH|offsets:|stopped, offsets: empty|no body)": "500 as there, and not in the words of Java's parser",
    r"time.precision.mode": "microseconds, nanoseconds and isostring are taken too, as Debezium 3.1 takes them",
    r"a closed port": "says behind it which addresses were tried, and what localhost is inside a container",
    r"client settings|consumer.override": "the definitions of Kafka's Java clients are not told",
    r"table.naming.strategy": "says behind it which one there is",
    r"unknown class": "names the classes that there are here, without where their files lie",
    r"configure no class": "a password in the configuration is hidden",
    r"patch(ed)? (the name|an unknown key)|stopped": "a connector is not given another's name: 400, and nothing is stored",
    r"restart a task while stopped": "404: it has none, while the real one waits for its group",
    r"a sink's offsets": "a partition that is not there yet may be given an offset: it is used when it is",
    r"offsets": "the offset of a connector without changes is known as well",
}


def answers(script, url):
    """[(label, method, path, status, text)] of all requests."""
    made = []
    for step in script.steps:
        if step[0] == "wait":
            _wait(url, *step[1:])
            continue
        label, method, path, body, headers = step
        answer = []

        def settled(method=method, path=path, body=body, headers=headers, answer=answer):
            answer[:] = request(url, method, path, body, headers)
            if "onlyFailed=true" in path and '"UNASSIGNED"' in answer[2]:
                return False  # it tells what an earlier restart has not done yet
            return answer[0] not in (409, 500) or not BUSY.search(answer[2])
        if "while stopped" in label:  # the real one may be busy for good
            settled()
        else:
            wait_until(settled, 60, f"{method} {path} is answered")
        made.append((label, method, path, answer[0], answer[2]))
    return made


def _wait(url, connector, state, task, count):
    path = f"/connectors/{urllib.parse.quote(connector, safe='')}/status"
    seen = []

    def there():
        status, _, text = request(url, "GET", path)
        seen[:] = [status, text]
        if status == 404:
            return state is None
        found = json.loads(text)
        tasks = [each["state"] for each in found["tasks"]]
        return found["connector"]["state"] == state and (task == "any" or (not tasks if task is None else tasks == [task] * count))
    wait_until(there, 60, f"{connector} is {state} with tasks {task}", detail=lambda: str(seen))


def comparable(text):
    """An answer without what may differ: clocks, names of machines, secrets, the order of Java's maps."""
    try:
        read = json.loads(text)
    except ValueError:
        return text

    def walk(value, key=None):
        if isinstance(value, dict):
            return {name: "*" if name in OWN or "password" in name else "*" if name == "recommended_values" and any("." in each for each in inner)
                    else sorted(inner) if name in ("groups", "recommended_values", "topics") and isinstance(inner, list)
                    else walk(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            made = [walk(each) for each in value]
            return sorted(made, key=lambda each: (each["value"] or each["definition"])["name"]) if key == "configs" else made
        return value
    return walk(read)


def differences(theirs, ours):
    """[(label, theirs, ours)] of those that are not in DIFFERENT."""
    found = []
    for real, mine in zip(theirs, ours, strict=True):
        assert real[:3] == mine[:3]
        if real[3] == mine[3] and comparable(real[4]) == comparable(mine[4]):
            continue
        if not any(re.search(pattern, real[0]) for pattern in DIFFERENT):
            found.append((real[:3], real[3:], mine[3:]))
    return found
