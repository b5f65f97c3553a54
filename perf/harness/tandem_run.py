"""tandem run as one of the systems that are measured."""

import os
import types

import goals
from measuring import peak_memory_mb, wait
from shared import tandem

SLOTS = "tandem\\_%"


class Tandem:
    """Started and ended for each measurement."""

    def __init__(self, name, source, target, given, *arguments, brokers=()):
        """`brokers`: pids whose CPU time is told beside."""
        self.name, self.source, self.target, self.brokers = name, source, target, brokers
        self.memory_mb = 0.0
        os.environ["TANDEM_BINARY"] = given.binary
        nodes = {"a": source.uri, "b": target.uri}
        words = ["--tables", "public.chat_message", *([] if given.both_ways else ["--one-way", "a:b"]),
                 *given.flags.split(), *arguments]
        logs = types.SimpleNamespace(path=goals.REPOSITORY / "build" / "perf")

        def instance(init):
            return tandem.Tandem(nodes, *words, workspace=logs, init=init, log_name=f"{name}.log")
        self.instance = instance(True)
        self.instance.log_path.unlink(missing_ok=True)
        self.instance.start().wait_streaming(deadline=60)
        self.stop()
        self.instance = instance(False)

    def prepare(self):
        """Nothing: what empties the source reaches the target too."""

    def start(self):
        self.instance.start()

    def stop(self):
        """Not before the slot has confirmed what was applied: the next start is to begin behind it."""
        wait(f"{self.name} has confirmed", 60, lambda: self.source.confirmed(SLOTS))
        self.memory_mb = max(self.memory_mb, peak_memory_mb(self.instance.pid))
        self.instance.stop(30)

    def close(self):
        self.instance.close()

    def parts(self):
        """{part: pids}"""
        return {"walsender": self.source.walsenders(SLOTS), "apply": self.target.sessions(),
                "tandem": [self.instance.pid] if self.instance.running else [],
                **({"brokers": self.brokers} if self.brokers else {})}
