"""A thread that does the same again and again beside a test."""

import threading


class Repeater(threading.Thread):
    """Runs step() until stopped; keeps the first failure and a count."""

    def __init__(self, step):
        super().__init__(daemon=True)
        self.step, self.rounds, self.failure = step, 0, None
        self.halt = threading.Event()

    def run(self):
        try:
            while not self.halt.is_set():
                self.step()
                self.rounds += 1
        except Exception as error:  # handed to the test by finish()
            self.failure = error

    def finish(self):
        self.halt.set()
        self.join(60)
        assert not self.is_alive(), "a repeater hangs"
        if self.failure:
            raise self.failure
        return self.rounds
