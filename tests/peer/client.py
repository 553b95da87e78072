#!/usr/bin/env python3
"""A plain client and circuit breaker, as the system's documents describe
theirs: what the console is compared with.

What belongs here: what those documents say, in the plainest form. A breaker
whose switch is a file that is there or not; a REQ socket in a context of its
own for each request, 5 s to wait, one request, one look at the envelope's
status. What does not: anything that they do not say, for better or worse.

Prints one JSON object for each thing it finds out, each on a line.
"""

import argparse
import json
import os
import sys
import time
from datetime import datetime

import zmq


class CircuitBreaker:
    """Engaged when the file is there; any program on the host can look."""

    def __init__(self, switch_file):
        self.switch_file = switch_file

    def is_engaged(self):
        return os.path.exists(self.switch_file)

    def is_safe(self):
        return not self.is_engaged()

    def engage(self, reason, metadata=None):
        body = {"timestamp": datetime.utcnow().isoformat(), "reason": reason,
                "metadata": metadata or {}}
        with open(self.switch_file, "w") as out:
            json.dump(body, out)

    def status(self):
        engaged = self.is_engaged()
        out = {"is_engaged": engaged, "is_safe": not engaged,
               "state": "ENGAGED" if engaged else "SAFE", "switch_file": self.switch_file}
        if engaged:
            with open(self.switch_file) as lines:
                body = json.load(lines)
            out["engagement_timestamp"] = body.get("timestamp")
            out["engagement_reason"] = body.get("reason")
            out["engagement_metadata"] = body.get("metadata")
        return out


def say(**words):
    print(json.dumps(words), flush=True)


def kill(args):
    """Stops trading: the switch, then one request to the gateway."""
    try:
        CircuitBreaker(args.latch).engage("kill")
        say(engaged=True)
    except OSError as e:
        say(engaged=False, error=type(e).__name__)
    began = time.monotonic()
    context = zmq.Context()
    socket = context.socket(zmq.REQ)
    socket.setsockopt(zmq.RCVTIMEO, int(args.timeout * 1000))
    socket.connect("tcp://127.0.0.1:%d" % args.port)
    now = time.time()
    socket.send_json({"action": "KILL_SWITCH", "req_id": "kill-%d" % now, "timestamp": now,
                      "payload": {}})
    try:
        verdict = judge(socket.recv_json())
    except (zmq.ZMQError, ValueError) as e:
        verdict = {"done": False, "error": type(e).__name__}
    say(**verdict, after=round(time.monotonic() - began, 1))
    socket.close()
    context.term()
    say(left=round(time.monotonic() - began, 1))


def judge(reply):
    """Done is what the envelope says, unless the counts say otherwise."""
    if reply.get("status") != "SUCCESS":
        return {"done": False, "error": "status %s" % reply.get("status")}
    data = reply.get("data") or {}
    closed, total = data.get("positions_closed"), data.get("total_positions")
    short = closed is not None and total is not None and closed < total
    return {"done": not short, "closed": closed, "total": total}


def look(args):
    """Is it safe to trade? And what do the status keys say?"""
    breaker = CircuitBreaker(args.latch)
    say(is_safe=breaker.is_safe())
    try:
        say(state=breaker.status()["state"])
    except Exception as e:  # A status that can't be had is a fact to report.
        say(state=None, error=type(e).__name__)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["kill", "look"])
    parser.add_argument("--latch", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--timeout", type=float, default=5.0)
    args = parser.parse_args()
    {"kill": kill, "look": look}[args.what](args)


if __name__ == "__main__":
    sys.exit(main())
