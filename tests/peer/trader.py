"""A trader that shares no line with crs: publishes its status and one decision.

Prints {"port": N} and publishes until it is ended.
"""

import json
import time

import msgpack
import zmq

pub = zmq.Context().socket(zmq.PUB)
port = pub.bind_to_random_port("tcp://127.0.0.1")
print(json.dumps({"port": port}), flush=True)
started = time.time_ns() // 1000
cycles = 0
while True:
    cycles += 1
    now = time.time_ns() // 1000
    status = {
        "v": 1,
        "source": "sentinel",
        "host": "inf\x1b[2J",
        "pid": 4711,
        "symbols": "EURUSD",
        "strategy": "127.0.0.1:5001",
        "live": False,
        "safe": True,
        "why": "",
        "threshold": 6000,
        "started": started,
        "cycles": cycles,
        "failed": 1,
        "orders": 3,
        "blocked": 2,
        "told": cycles,
        "lost": 0,
        "last": now - 12_000_000,
        "next": now + 48_000_000,
        "said": now,
        "a field of tomorrow": [1, 2],
    }
    decision = {
        "v": 1,
        "source": "sentinel",
        "symbol": "EURUSD",
        "number": 7,
        "side": "BUY",
        "shares_bp": [800, 2000, 7200],
        "threshold_bp": 6000,
        "action": "ORDER_GENERATED",
        "why": "above the threshold",
        "order": "ticket 10000042",
        "lag_us": 906_441,
        "steps": [["bars", 812_000], ["features", 41], ["model", 63_400], ["order", 31_000]],
        "live": False,
        "time_us": started,
    }
    pub.send_multipart([b"trader.status", msgpack.packb(status)])
    pub.send_multipart([b"trader.decision", msgpack.packb(decision)])
    time.sleep(0.05)
