#!/usr/bin/env python3
"""Mission control beside pueue, supervisord and mprocs: lines, starts, memory.
README.md says what is needed and what the figures mean."""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import tools

HERE = pathlib.Path(__file__).resolve().parent


def load():
    return " ".join(open("/proc/loadavg").read().split()[:3])


def cpu_s(pids):
    """CPU seconds that these have spent."""
    ticks = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat") as f:
            ticks += sum(int(n) for n in f.read().rsplit(")", 1)[1].split()[11:13])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory(pids):
    """Resident and anonymous MB of these."""
    found = {"Rss": 0, "Anonymous": 0}
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup") as f:
            for line in f:
                key, _, rest = line.partition(":")
                if key in found:
                    found[key] += int(rest.split()[0])
    return found["Rss"] / 1_024, found["Anonymous"] / 1_024


def ends(path):
    """Whether the last line of the flood is in the file."""
    try:
        with open(path, "rb") as f:
            f.seek(max(0, os.fstat(f.fileno()).st_size - 4_096))
            return b"engine.feed END" in f.read()
    except OSError:
        return False


def flood(kind, home, children, lines):
    """Lines/s until the last is where the tool puts it; CPU s per million; RSS."""
    lines //= kind.share
    stamps = {f"c{n}": home / f"{kind.name}.c{n}" for n in range(children)}
    argv = [sys.executable, str(HERE / "child.py"), "flood", str(lines)]
    tool = kind(home, {name: [*argv, str(path)] for name, path in stamps.items()})
    tool.up()
    clients = [tool.begin(name) for name in stamps]
    tools.until(lambda: all(path.exists() for path in stamps.values()), 600)
    files = [tool.file(name) for name in stamps]
    if files[0] is not None:
        tools.until(lambda: all(ends(path) for path in files), 600)
    whole = time.monotonic_ns()
    spent, (rss, _) = cpu_s(tool.own()), memory(tool.own())
    for client in clients:
        client.wait(30)
    tool.down()
    times = [[int(n) for n in path.read_text().split()] for path in stamps.values()]
    last = max(end for _, end in times) if files[0] is None else whole
    seconds = (last - min(began for began, _ in times)) / 1e9
    kept = None
    if files[0] is not None:
        count = subprocess.run(["grep", "-c", "engine.feed", *files], capture_output=True, text=True)
        kept = sum(int(line.rsplit(":", 1)[-1]) for line in count.stdout.split())
    subprocess.run(["rm", "-rf", tool.home])
    total = children * lines
    return total / seconds, spent / total * 1e6, rss, kept


def floods(kinds, rounds, children, lines):
    print(f"\n{children} child(ren), {lines:,} lines of 200 bytes each, {rounds} rounds, load {load()}")
    found = {kind: [] for kind in kinds}
    for _ in range(rounds):
        for kind in kinds:
            with tempfile.TemporaryDirectory() as home:
                found[kind].append(flood(kind, pathlib.Path(home), children, lines))
    for kind, runs in found.items():
        rates = [rate for rate, *_ in runs]
        kept = {kept for *_, kept in runs}
        said = "on no disk" if kept == {None} else f"kept of {children * lines:,}: {sorted(kept)}"
        said += f" (1 in {kind.share} of the lines)" * (kind.share > 1)
        print(
            f"  {kind.name:12} {statistics.median(rates) / 1e3:8,.0f}k lines/s (worst {min(rates) / 1e3:,.0f}k), "
            f"{statistics.median(cpu for _, cpu, *_ in runs):6.2f} CPU s a million, "
            f"rss {max(rss for _, _, rss, _ in runs):.0f} MB, {said}; {kind.does}"
        )
    print(f"  load at the end {load()}", flush=True)


def alive(fifo, run):
    """ms from `run` to the word of a child, and what `run` gave."""
    began = time.monotonic_ns()
    got = run()
    os.read(fifo, 64)
    return (time.monotonic_ns() - began) / 1e6, got


def starts(kinds, times):
    with tempfile.TemporaryDirectory() as home:
        home = pathlib.Path(home)
        os.mkfifo(home / "fifo")
        fifo = os.open(home / "fifo", os.O_RDWR)
        script = home / "alive.sh"
        script.write_text(f"echo up > {home}/fifo\nexec sleep 600\n")
        argv = ["/bin/sh", str(script)]
        all = [kind(home, {f"s{n}": argv for n in range(times)}) for kind in kinds]
        for tool in all:
            tool.up()
        found = {tool: [] for tool in all}
        bare = []
        for n in range(times):
            took, child = alive(fifo, lambda: subprocess.Popen(argv))
            child.kill()
            child.wait()
            bare.append(took)
            for tool in all:
                took, client = alive(fifo, lambda: tool.begin(f"s{n}"))
                found[tool].append(took)
                client.wait(30)
        print(f"\nthe client's command to the child alive, {times} times, load {load()}")
        for name, took in [("no tool", bare), *((tool.name, took) for tool, took in found.items())]:
            print(f"  {name:12} median {statistics.median(took):7.1f} ms, worst {max(took):7.1f}")
        for tool in all:
            tool.down()
        os.close(fifo)


def sizes(kinds, children):
    with tempfile.TemporaryDirectory() as home:
        jobs = {f"s{n}": ["/bin/sleep", "600"] for n in range(children)}
        all = [kind(home, jobs) for kind in kinds]
        empty = {}
        for tool in all:
            tool.up()
            time.sleep(1)
            empty[tool] = memory(tool.own())
            for name in jobs:
                tool.begin(name).wait(30)
        time.sleep(5)
        print(f"\nmemory with {children} sleeping children, load {load()}")
        for tool in all:
            (rss, own), (before, _) = memory(tool.own()), empty[tool]
            print(
                f"  {tool.name:12} {rss:6.1f} MB resident, {own:5.1f} anonymous; {before:.1f} without children"
                f" ({len(tool.own())} process(es))"
            )
        for tool in all:
            tool.down()


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("what", nargs="*", help="log, start, memory (all)")
    args.add_argument("--crs", default="crs", help="the program")
    args.add_argument("--bin", default="", help="directory of mprocs, pueue and pueued")
    args.add_argument("--supervisor", default="", help="directory of supervisord and supervisorctl")
    args.add_argument("--rounds", type=int, default=3)
    args.add_argument("--lines", type=int, default=2_000_000, help="of one child; four write half of it each")
    args.add_argument("--starts", type=int, default=30)
    args.add_argument("--without", action="append", default=[], help="leave this one out")
    args = args.parse_args()
    tools.Crs.path = args.crs
    for kind, where in [(tools.Pueue, args.bin), (tools.Mprocs, args.bin), (tools.Supervisord, args.supervisor)]:
        kind.bin = where and str(pathlib.Path(where).resolve()) + "/"
    kinds = [kind for kind in tools.ALL if kind.name not in args.without]
    what = args.what or ["log", "start", "memory"]
    if "log" in what:
        floods(kinds, args.rounds, 1, args.lines)
        floods(kinds, args.rounds, 4, args.lines // 2)
    if "start" in what:
        starts(kinds, args.starts)
    if "memory" in what:
        sizes(kinds, 50)


main()
