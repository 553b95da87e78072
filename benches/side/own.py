#!/usr/bin/env python3
"""Figures of one daemon, over its API: starts, restarts after a death, what a
client is told and when, orders a second. README.md says how to run it."""

import argparse
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tomllib

import tools
import wire

HERE = pathlib.Path(__file__).resolve().parent
BACKOFF_MS = 100
WORKERS, EACH = 8, 5


def load():
    return " ".join(open("/proc/loadavg").read().split()[:3])


def report(what, took):
    took = sorted(took)
    at = lambda share: took[min(len(took) - 1, int(len(took) * share))]
    print(f"{what}: {len(took)} times, p50 {at(0.5):.1f} ms, p99 {at(0.99):.1f}, worst {took[-1]:.1f}; load {load()}", flush=True)


def ms_since(ns):
    return (time.monotonic_ns() - ns) / 1e6


def cpu_s(pid):
    """CPU seconds of it and of the children that it has buried."""
    ticks = sum(int(n) for n in tools.about(pid, "stat").rsplit(b")", 1)[1].split()[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


class Daemon(tools.Crs):
    """One whose processes tell over a pipe that they live."""

    def __init__(self, home, flood_lines):
        self.fifo_path = pathlib.Path(home) / "fifo"
        os.mkfifo(self.fifo_path)
        self.fifo = os.open(self.fifo_path, os.O_RDWR)
        script = pathlib.Path(home) / "alive.sh"
        script.write_text(f"echo $$ > {self.fifo_path}\nexec sleep 600\n")
        self.alive = ["/bin/sh", str(script)]
        jobs = {"one": self.alive, "dies": self.alive}
        jobs |= {f"w{w}-{n}": ["/bin/sleep", "600"] for w in range(WORKERS) for n in range(EACH)}
        self.pipes = {f"e{n}": pathlib.Path(home) / f"e{n}" for n in range(20)}
        for path in self.pipes.values():
            os.mkfifo(path)
        jobs |= {name: ["/bin/cat", str(path)] for name, path in self.pipes.items()}
        child = [sys.executable, str(HERE / "child.py"), "flood", str(flood_lines)]
        self.stamps = {f"flood{n}": pathlib.Path(home) / f"flood{n}.ended" for n in range(4)}
        jobs |= {name: [*child, str(path)] for name, path in self.stamps.items()}
        super().__init__(home, jobs)

    def prepare(self):
        super().prepare()
        file = self.home / "mission.toml"
        text = file.read_text().replace('log_size = "1GiB"', 'log_size = "64MiB"')
        never = '[process.dies]\ncmd = ["/bin/sh", "{}"]\nrestart = {{ on = "never" }}'.format(self.alive[1])
        rule = f'on = "always", first = "{BACKOFF_MS}ms", cap = "{BACKOFF_MS}ms", factor = 1, max = 1000'
        again = never.replace('on = "never"', rule)
        assert never in text
        file.write_text(text.replace(never, again))

    def word(self):
        """The number of the child that says that it lives."""
        return int(os.read(self.fifo, 64).split()[0])


def moved(ws, name, states):
    return ws.until(lambda m: m["type"] == "process_update" and m["process"] == name and m["state"] in states)


ENDED = ("exited", "failed", "stopped", "backoff", "pending")


def starts(daemon, times):
    http, ws = wire.Http(daemon.socket), wire.Ws(daemon.socket)
    ours, bare, told, stops = [], [], [], []
    for _ in range(times):
        began = time.monotonic_ns()
        child = subprocess.Popen(daemon.alive)
        daemon.word()
        bare.append(ms_since(began))
        child.kill()
        child.wait()
        began = time.monotonic_ns()
        http.request("POST", "/api/process/start", '{"process": "one"}', {"Content-Type": "application/json"})
        daemon.word()
        ours.append(ms_since(began))
        moved(ws, "one", ["running"])
        told.append(ms_since(began))
        http.getresponse().read()
        began = time.monotonic_ns()
        http.request("POST", "/api/process/stop", '{"process": "one"}', {"Content-Type": "application/json"})
        moved(ws, "one", ENDED)
        stops.append(ms_since(began))
        http.getresponse().read()
    report("start without a daemon: fork to the child's first word", bare)
    report("start ordered to the child's first word", ours)
    report("  the same, less the median without a daemon", [t - sorted(bare)[len(bare) // 2] for t in ours])
    report("start ordered to `running` at the client", told)
    report("stop ordered to its end told at the client", stops)


def deaths(daemon, times):
    http, ws = wire.Http(daemon.socket), wire.Ws(daemon.socket)
    http.ask("/api/process/start", {"process": "dies"})
    pid = daemon.word()
    begun, told = [], []
    for _ in range(times):
        moved(ws, "dies", ["running"])
        # The next look at it, so that nothing is in flight.
        time.sleep(0.05)
        died = time.monotonic_ns()
        os.kill(pid, signal.SIGKILL)
        moved(ws, "dies", ["backoff"])
        told.append(ms_since(died))
        pid = daemon.word()
        begun.append(ms_since(died) - BACKOFF_MS)
    http.ask("/api/process/stop", {"process": "dies"})
    report("killed to `backoff` at the client", told)
    report(f"killed to the next child's first word, less the {BACKOFF_MS} ms of backoff", begun)


def orders(daemon, seconds):
    """Workers, each with processes of its own and one order at a time."""
    lock, pids, changed = threading.Lock(), {}, threading.Condition()
    answers, stop, over = [], threading.Event(), threading.Event()
    ws = wire.Ws(daemon.socket)

    def listen():
        while not over.is_set():
            message = ws.next()
            if message["type"] == "process_update" and message["process"].startswith("w"):
                with changed:
                    pids[message["process"]] = (message["state"], message["record"].get("pid"))
                    changed.notify_all()

    def reached(name, wanted):
        with changed:
            if not changed.wait_for(lambda: wanted(*pids.get(name, ("", None))), 20):
                raise SystemExit(f"{name} stays {pids.get(name)}")

    def work(number):
        http = wire.Http(daemon.socket)
        names = [f"w{number}-{n}" for n in range(EACH)]
        while not stop.is_set():
            for what in ("start", "restart", "stop"):
                for name in names:
                    if stop.is_set():
                        return
                    was = pids.get(name, ("", None))[1]
                    began = time.monotonic_ns()
                    http.ask(f"/api/process/{what}", {"process": name})
                    took = ms_since(began)
                    if what == "stop":
                        reached(name, lambda state, _: state in ENDED)
                    else:
                        reached(name, lambda state, pid: state == "running" and pid not in (None, was))
                    with lock:
                        answers.append(took)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    workers = [threading.Thread(target=work, args=(n,)) for n in range(WORKERS)]
    began, spent = time.monotonic(), cpu_s(daemon.server.pid)
    for worker in workers:
        worker.start()
    time.sleep(seconds)
    stop.set()
    for worker in workers:
        worker.join()
    took, spent, count = time.monotonic() - began, cpu_s(daemon.server.pid) - spent, len(answers)
    over.set()
    print(
        f"start, restart, stop of real processes, each waited for, {WORKERS} clients: {count} in {took:.1f} s, "
        f"{count / took:.0f}/s; {spent / count * 1e3:.1f} ms of CPU each, the children's among it"
    )
    report("  the answer to one of them", answers)
    http = wire.Http(daemon.socket)
    reads = []
    began = time.monotonic()
    while time.monotonic() - began < 3:
        at = time.monotonic_ns()
        http.ask("/api/status")
        reads.append(ms_since(at))
    print(f"status of {len(daemon.jobs)} processes, one client: {len(reads) / 3:.0f}/s")
    report("  one of them", reads)


def alerts(daemon):
    http, ws = wire.Http(daemon.socket), wire.Ws(daemon.socket)
    rules = tomllib.loads((HERE / "../../profiles/rules.toml").read_text())["rule"][:6]
    writers = {}
    for name, path in daemon.pipes.items():
        http.ask("/api/process/start", {"process": name})
        writers[name] = os.open(path, os.O_WRONLY)

    def round(some):
        took, under = [], 0
        for rule in some:
            for name, writer in writers.items():
                time.sleep(0.03)
                began = time.monotonic_ns()
                os.write(writer, (rule["samples"][0] + "\n").encode())
                ws.until(lambda m: m["type"] == "alert" and m["data"]["process"] == name and m["data"]["type"] == rule["name"])
                took.append(ms_since(began))
                under += not any(path.exists() for path in daemon.stamps.values())
        return took, under

    report("error line to the alert at the client, all quiet", round(rules[:2])[0])
    for name in daemon.stamps:
        http.ask("/api/process/start", {"process": name})
    time.sleep(0.5)
    took, under = round(rules[2:])
    report(f"error line to the alert at the client, four floods ({under} of them under all four)", took)
    for name in [*daemon.stamps, *daemon.pipes]:
        http.ask("/api/process/stop", {"process": name})


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("what", nargs="*", help="start, death, orders, alerts (all)")
    args.add_argument("--crs", default="crs", help="the program")
    args.add_argument("--times", type=int, default=300)
    args.add_argument("--flood", type=int, default=4_000_000, help="lines of each of four floods")
    args = args.parse_args()
    tools.Crs.path = args.crs
    sys.setswitchinterval(0.0005)
    what = args.what or ["start", "death", "orders", "alerts"]
    with tempfile.TemporaryDirectory() as home:
        daemon = Daemon(home, args.flood)
        daemon.up()
        try:
            if "start" in what:
                starts(daemon, args.times)
            if "death" in what:
                deaths(daemon, args.times // 3)
            if "orders" in what:
                orders(daemon, 15)
            if "alerts" in what:
                alerts(daemon)
        finally:
            daemon.down()


main()
