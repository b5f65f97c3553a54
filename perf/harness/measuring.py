"""What every measurement here does: say, wait, count CPU time, end in good order."""

import signal
import sys
import time

POLL_SECONDS = 0.002
POLL_SHARE = 0.001  # a long wait is polled less often, and still as exactly as 0.1 %


def say(text):
    print(f"harness: {text}", file=sys.stderr, flush=True)


def wait(what, seconds, there):
    """Returns the seconds it took."""
    began = time.monotonic()
    while not there():
        passed = time.monotonic() - began
        if passed > seconds:
            raise RuntimeError(f"not within {seconds} s: {what}")
        time.sleep(max(POLL_SECONDS, passed * POLL_SHARE))
    return time.monotonic() - began


def end_in_good_order(minutes):
    """A signal, and the end of the time given, become an exception: what was started is stopped."""
    def ended(number, _):
        for each in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGALRM):
            signal.signal(each, signal.SIG_IGN)  # once is enough, stopping takes seconds
        if number == signal.SIGALRM:
            raise RuntimeError(f"not done within {minutes:g} minutes")
        sys.exit(128 + number)
    for each in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGALRM):
        signal.signal(each, ended)
    signal.setitimer(signal.ITIMER_REAL, minutes * 60)


def cpu_seconds(parts):
    """{part: {pid: seconds}} of {part: pids}: what each process has used, threads that ended too."""
    used = {}
    for part, pids in parts.items():
        used[part] = {}
        for pid in pids:
            try:
                used[part][pid] = time.clock_gettime(~pid << 3 | 2)  # as clock_getcpuclockid(3) makes it
            except OSError:
                continue  # it has ended
    return used


def cpu_between(before, after):
    """{part: seconds}; a process that was not there before counts from its birth."""
    return {part: sum(used - before.get(part, {}).get(pid, 0) for pid, used in each.items())
            for part, each in after.items()}


def peak_memory_mb(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM:"))
