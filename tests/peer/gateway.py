#!/usr/bin/env python3
"""A gateway and tick publisher on pyzmq, with the defects of real ones.

It exists to be lied to by: the Rust client must be right against a peer that
shares not a line with it. What belongs here: Protocol v1.0 as documented, and
faults that were seen, chosen by --behaviour. What does not: cleverness.

Prints one JSON line {"cmd_port": N, "data_port": N, "pid": N} when it is
ready, writes one JSON line for each request to --log, and ends by itself
after --max-seconds. SIGUSR1 makes it nap for --delay seconds: its sockets
live on, and whatever comes meanwhile waits. --help lists the behaviours.
"""

import argparse
import json
import os
import random
import signal
import sys
import time
from datetime import datetime

import zmq

BEHAVIOURS = {
    "honest": "does what the documents say (also when no behaviour is given)",
    "kill-lies": "KILL_SWITCH counts every failed close as closed; nothing is closed",
    "kill-error": "KILL_SWITCH is answered by SUCCESS with a nested error; nothing is closed",
    "survive-first-kill": "the first KILL_SWITCH closes nothing (and lies), later ones work",
    "close-fails": "CLOSE_POSITION is a nested ERROR",
    "blind": "terminal disconnected: positions [], KILL_SWITCH 0/0, account nested error",
    "reject-ticket-0": "a rejected order is a nested SUCCESS with ticket 0",
    "partial": "KILL_SWITCH closes one position fewer than it should and says so",
    "block": "after a KILL_SWITCH orders are refused (the real gateway does not)",
    "no-proof-fields": "the account has neither used_margin nor trade_mode",
    "pending": "KILL_SWITCH is answered by PENDING; nothing is closed",
    "nested-error": "orders and closes fail as ERROR nested in SUCCESS",
    "wrong-req-id": "every answer but HEARTBEAT's carries somebody else's req_id",
    "wrong-req-id-all": "every answer carries somebody else's req_id",
    "no-req-id": "every answer but HEARTBEAT's lacks its req_id",
    "slow": "every answer comes --delay seconds late",
    "slow-idle": "after 0.4 s of idleness the next answer comes --delay seconds late",
    "late": "KILL_SWITCH works at once, its answer comes --delay seconds late",
    "mute-kill": "KILL_SWITCH works, and is never answered",
    "drop-kill": "KILL_SWITCH works, then every connection is dropped, unanswered",
    "hold-back": "the first GET_POSITIONS is answered --delay seconds late, all else at once",
    "late-once": "the first KILL_SWITCH works, is answered --delay s late; later ones never",
    "shifted": "every answer but HEARTBEAT's is the one to the request before it",
    "mute-order": "OPEN_ORDER works, and is never answered",
    "lose-order": "OPEN_ORDER does nothing, and is never answered",
    "late-order": "OPEN_ORDER works at once, its answer comes --delay seconds late",
    "freeze-on-order": "stops itself (SIGSTOP) on an OPEN_ORDER; when continued it works",
    "die-before-order": "exits after the second GET_ACCOUNT_INFO, which it answers",
    "die-mid-kill": "exits on the first KILL_SWITCH before it closes anything",
    "die-after-kill": "exits on the first KILL_SWITCH after it closed everything, unanswered",
    "ok-ack": "another server: every message is answered by OK_ACK",
    "retcode": 'another server: {"status":"ERROR","retcode":10013}',
    "error-true": 'another server: {"error":true,"message":"bad command"}',
    "garbage": "another server: bytes that are no text",
    "echo": "another server: every message comes back as it was",
    "huge": "GET_POSITIONS is answered by 8 MiB",
    "hostile-text": "every name and reason carries escapes, bidi and OSC 52",
    "appear-after-kill": "a position appears --delay seconds after the first KILL_SWITCH",
}
SHAPES = ["T1", "T2", "T3", "T4", "T5", "T6", "T7"]
HOSTILE = "\x1b]52;c;aGk=\x07\x1b[2J\u202eEVIL\u2066\x9b31m" + "e" + "\u0301" * 30
ACTIONS = ("HEARTBEAT", "GET_ACCOUNT_INFO", "GET_POSITIONS",
           "OPEN_ORDER", "CLOSE_POSITION", "KILL_SWITCH")


class Broker:
    """Positions and an account: the truth that the behaviours lie about."""

    def __init__(self, args):
        self.traits = set(args.behaviour)
        self.positions = []
        self.pending = []
        self.next_ticket = 1000001
        self.kills = 0
        self.accounts = 0
        self.last_reply = None
        self.intruder_due = None
        self.delay = args.delay
        for n in range(args.positions):
            self.add("EURUSD" if n % 2 == 0 else "USDJPY", 0.10, "BUY" if n % 2 == 0 else "SELL")
        self.trade_mode = args.trade_mode

    def add(self, symbol, volume, side):
        price = 1.08500 if symbol.startswith("EUR") else 86.655
        row = {"ticket": self.next_ticket, "symbol": symbol, "type": side, "volume": volume,
               "open_price": price, "current_price": price, "profit": -1.25}
        self.next_ticket += 1
        self.positions.append(row)
        return row

    def text(self, words):
        return words + HOSTILE if "hostile-text" in self.traits else words

    def heartbeat(self, _):
        return {"status": "alive", "service": self.text("MT5 Gateway")}

    def account(self, _):
        self.accounts += 1
        if "blind" in self.traits:
            return {"error": "MT5 not connected"}
        used = round(108.5 * len(self.positions), 2)
        out = {"balance": 10000.0, "equity": 10000.0 - 1.25 * len(self.positions),
               "free_margin": 10000.0 - used, "used_margin": used,
               "margin_level": round(1e6 / used, 2) if used else 0.0, "currency": "USD",
               "trade_mode": self.trade_mode, "server_name": self.text("Peer-Demo")}
        if "no-proof-fields" in self.traits:
            del out["used_margin"], out["trade_mode"]
        return out

    def list(self, _):
        if "blind" in self.traits:
            return []
        if self.intruder_due is not None and time.monotonic() >= self.intruder_due:
            self.intruder_due = None
            self.add("GBPUSD", 0.50, "SELL")
        if "huge" in self.traits:
            return [self.add("EURUSD", 0.01, "BUY")] * 64000
        if "hostile-text" in self.traits:
            return [dict(p, symbol=self.text(p["symbol"])) for p in self.positions]
        return self.positions

    def open(self, payload):
        if "blind" in self.traits or "nested-error" in self.traits:
            return {"status": "ERROR", "error": self.text("Order failed: market closed")}
        if "reject-ticket-0" in self.traits:
            return {"status": "SUCCESS", "ticket": 0, "volume": 0.0, "price": 0.0}
        if "lose-order" in self.traits:
            return {}
        if "block" in self.traits and self.kills:
            return {"status": "ERROR", "error": "blocked: KILL_SWITCH was received"}
        # As in the real one: `side` is not looked at, BUY is the default.
        kind = payload.get("type", "BUY")
        volume = payload.get("volume", 0.01)
        if "_" in kind:
            self.pending.append(payload)
            ticket, price = self.next_ticket, payload.get("price", 0.0)
            self.next_ticket += 1
            return {"status": "SUCCESS", "ticket": ticket, "volume": volume, "price": price}
        row = self.add(payload.get("symbol", "EURUSD"), volume, kind)
        return {"status": "SUCCESS", "ticket": row["ticket"], "volume": volume,
                "price": row["open_price"]}

    def close(self, payload):
        ticket = payload["ticket"]
        found = [p for p in self.positions if p["ticket"] == ticket]
        if not found or self.traits & {"nested-error", "close-fails", "blind"}:
            return {"status": "ERROR", "error": self.text("Position %s not closed" % ticket)}
        self.positions.remove(found[0])
        return {"status": "SUCCESS", "ticket": ticket, "volume": found[0]["volume"],
                "price": found[0]["current_price"]}

    def kill(self, _):
        self.kills += 1
        total = len(self.positions)
        if "appear-after-kill" in self.traits and self.kills == 1:
            self.intruder_due = time.monotonic() + self.delay
        if "blind" in self.traits:
            return {"positions_closed": 0, "total_positions": 0, "timestamp": time.time()}
        if "kill-error" in self.traits:
            return {"error": self.text("terminal busy")}
        if "pending" in self.traits:
            return {}
        if "kill-lies" in self.traits or ("survive-first-kill" in self.traits and self.kills == 1):
            return {"positions_closed": total, "total_positions": total,
                    "timestamp": time.time()}
        keep = 1 if "partial" in self.traits and total else 0
        del self.positions[keep:]
        return {"positions_closed": total - keep, "total_positions": total,
                "timestamp": time.time()}

    def serve(self, action, payload):
        return {"HEARTBEAT": self.heartbeat, "GET_ACCOUNT_INFO": self.account,
                "GET_POSITIONS": self.list, "OPEN_ORDER": self.open,
                "CLOSE_POSITION": self.close, "KILL_SWITCH": self.kill}[action](payload)


def envelope(req_id, status, data=None, error=None):
    return {"req_id": req_id, "status": status, "timestamp": time.time(),
            "data": data, "error": error}


def answer(broker, raw):
    """The reply's bytes and the action it answers ("?" when there is none)."""
    rogue = {"ok-ack": b"OK_ACK", "retcode": b'{"status":"ERROR","retcode":10013}',
             "error-true": b'{"error":true,"message":"bad command"}',
             "garbage": b"\xff\xfe\x00\x1b[31m\x80"}
    rogue["echo"] = raw
    for trait, text in rogue.items():
        if trait in broker.traits:
            return text, "?"
    try:
        request = json.loads(raw)
    except ValueError as e:
        return dump(envelope("unknown", "ERROR", error=str(e))), "?"
    needed = ("action", "req_id", "timestamp", "payload")
    if (not isinstance(request, dict) or any(key not in request for key in needed)
            or not isinstance(request["payload"], dict)):
        return dump(envelope("unknown", "ERROR", error="Invalid request structure")), "?"
    action, req_id, payload = request["action"], request["req_id"], request["payload"]
    if action not in ACTIONS:
        return dump(envelope(req_id, "ERROR", error="Unknown action: %s" % action)), "?"
    if action == "CLOSE_POSITION" and "ticket" not in payload:
        reply = envelope(req_id, "ERROR", error="Missing 'ticket' in payload")
        return dump(reply), action
    reply = envelope(req_id, "SUCCESS", broker.serve(action, payload))
    if action == "KILL_SWITCH" and "pending" in broker.traits:
        reply["status"] = "PENDING"
    spared = action == "HEARTBEAT"
    if "wrong-req-id-all" in broker.traits or ("wrong-req-id" in broker.traits and not spared):
        reply["req_id"] = "somebody-else-1"
    if "no-req-id" in broker.traits and not spared:
        del reply["req_id"]
    if "shifted" in broker.traits and not spared:
        reply, broker.last_reply = broker.last_reply or reply, reply
        if reply["req_id"] == req_id:
            reply = envelope("nobody-0", "SUCCESS", reply["data"])
    return dump(reply), action


def dump(obj):
    return json.dumps(obj, ensure_ascii=False).encode("utf-8")


def ticks(shape, symbol, bid, ask, now):
    """One message of a shape, stamped `now`, as the list of its frames."""
    mid = round((bid + ask) / 2, 5)
    text = {
        "T1": {"type": "TICK", "symbol": symbol, "bid": bid, "ask": ask, "time": int(now * 1000)},
        "T2": {"type": "TICK", "symbol": symbol, "bid": bid, "ask": ask},
        "T3": {"symbol": symbol, "price": None, "bid": bid, "ask": ask,
               "timestamp": int(now), "source": "peer"},
        "T4": {"symbol": symbol, "price": mid, "bid": bid, "ask": ask, "volume": 1,
               "timestamp": now},
        "T5": {"type": "tick", "symbol": symbol, "timestamp": datetime.fromtimestamp(now).isoformat(),
               "bid": bid, "ask": ask, "last": bid, "volume": 1},
        "T6": {"symbol": symbol, "bid": bid, "ask": ask, "volume": 1,
               "spread": round(ask - bid, 5), "timestamp": now, "type": "tick"},
        "T7": {"symbol": symbol, "bid": bid, "ask": ask, "timestamp": now},
    }[shape]
    body = dump(text)
    if shape == "T3":
        return [symbol.encode(), body]
    if shape == "T4":
        return [b"tick." + symbol.encode(), body]
    if shape == "T5":
        return [symbol.encode() + b" " + body]
    return [body]


BAD_TICKS = [
    [b"not json"],
    [b'{"symbol":"EURUSD","bid":NaN,"ask":1.1,"timestamp":1.0}'],
    [b'{"symbol":"EURUSD","bid":Infinity,"ask":1.1,"timestamp":1.0}'],
    [b'{"symbol":"EURUSD","bid":1e999,"ask":1.1,"timestamp":1.0}'],
    [b'{"symbol":"EURUSD","bid":-1.0,"ask":1.1,"timestamp":1.0}'],
    [b'{"symbol":"EURUSD","bid":0,"ask":0,"timestamp":1.0}'],
    [b'{"symbol":"EURUSD","bid":1.2,"ask":1.1,"timestamp":1.0}'],
    [b'{"symbol":"EURUSD","bid":"1.1","ask":"one","timestamp":1.0}'],
    [b'{"symbol":"EURUSD","bid":1.0,"bid":1.05,"ask":1.1,"timestamp":1.0}'],
    [b'{"symbol":"\x1b[31mEUR\xff","bid":1.0,"ask":1.1,"timestamp":1.0}'],
    [b"\xff\xfe\x00"],
    [b""],
    [b"EURUSD"],
    [b"EURUSD", b""],
    [b"EURUSD", b"{}", b"third frame"],
    [b"{" * 2000],
    [b'{"a":' * 400 + b"1" + b"}" * 400],
    [("{\"symbol\":\"\u202eDSURUE\",\"bid\":1.0,\"ask\":1.1,\"timestamp\":1.0}").encode()],
]


class Publisher:
    """Ticks at --rate per second, walking a little."""

    def __init__(self, context, args):
        self.socket = context.socket(zmq.PUB)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.port = bind(self.socket, args.data_port)
        self.shapes = SHAPES if args.shape == "all" else [args.shape]
        self.symbols = args.symbols.split(",")
        self.gap = 1.0 / args.rate if args.rate > 0 else None
        self.bad_ticks = args.bad_ticks
        self.huge_after = args.huge_after
        self.odd_times = args.odd_times
        self.silent_after = args.silent_after
        self.sent = 0
        self.next = time.monotonic()
        self.bids = {s: 86.655 if s.startswith("USDJPY") else 1.08500 for s in self.symbols}

    def wait_ms(self):
        if self.gap is None:
            return 100
        return max(0, min(100, int((self.next - time.monotonic()) * 1000)))

    def step(self):
        if self.gap is None:
            return
        while self.next <= time.monotonic():
            if self.silent_after and self.sent >= self.silent_after:
                return
            # One in three from yesterday, one from tomorrow.
            odd = (0, -86400, 86400)[self.sent % 3] if self.odd_times else 0
            symbol = self.symbols[self.sent // len(self.shapes) % len(self.symbols)]
            shape = self.shapes[self.sent % len(self.shapes)]
            digits, point = (3, 0.001) if symbol.startswith("USDJPY") else (5, 0.00001)
            bid = round(self.bids[symbol] + point * random.randint(-3, 3), digits)
            self.bids[symbol] = bid
            ask = round(bid + 2 * point, digits)
            message = ticks(shape, symbol, bid, ask, time.time() + odd)
            self.socket.send_multipart(message)
            if self.odd_times:
                self.socket.send_multipart(message)
            if self.bad_ticks:
                self.socket.send_multipart(BAD_TICKS[self.sent % len(BAD_TICKS)])
            self.sent += 1
            if self.huge_after and self.sent == self.huge_after:
                self.socket.send(b"x" * (64 << 20))
            self.next += self.gap


def bind(socket, port):
    if port:
        socket.bind("tcp://127.0.0.1:%d" % port)
        return port
    return socket.bind_to_random_port("tcp://127.0.0.1")


def log(out, **entry):
    if out:
        out.write(json.dumps(entry) + "\n")
        out.flush()


def run(args):
    context = zmq.Context()
    # ROUTER, not REP: a gateway must be able to stay silent.
    rep = router(context)
    cmd_port = bind(rep, args.cmd_port)
    publisher = Publisher(context, args)
    broker = Broker(args)
    out = open(args.log, "a", encoding="utf-8") if args.log else None
    print(json.dumps({"cmd_port": cmd_port, "data_port": publisher.port, "pid": os.getpid()}),
          flush=True)
    end = time.monotonic() + args.max_seconds
    idle_since = time.monotonic()
    poller = zmq.Poller()
    poller.register(rep, zmq.POLLIN)
    # The reply being held back: nothing behind it is served, as in the real one.
    held = None
    # Those that come late while others are served.
    aside = []
    firsts = set()
    signal.signal(signal.SIGUSR1, lambda *_: time.sleep(args.delay))
    parent = os.getppid()
    # An orphan serves nobody.
    while time.monotonic() < end and os.getppid() == parent:
        publisher.step()
        if held and time.monotonic() >= held[0]:
            rep.send_multipart(held[1])
            held, idle_since = None, time.monotonic()
        while aside and time.monotonic() >= aside[0][0]:
            rep.send_multipart(aside.pop(0)[1])
        if held:
            time.sleep(min(0.01, publisher.wait_ms() / 1000))
            continue
        if not poller.poll(min(20, publisher.wait_ms())):
            continue
        frames = rep.recv_multipart()
        raw = frames[-1]
        if "die-mid-kill" in broker.traits and b"KILL_SWITCH" in raw:
            log(out, t=time.time(), action="KILL_SWITCH", died="before",
                raw=raw.decode("utf-8", "backslashreplace"))
            os._exit(0)
        if "freeze-on-order" in broker.traits and b"OPEN_ORDER" in raw:
            os.kill(os.getpid(), signal.SIGSTOP)
        reply, action = answer(broker, raw)
        log(out, t=time.time(), action=action, raw=raw.decode("utf-8", "backslashreplace"),
            # Who asked: a name that ROUTER gives to each connection.
            **{"from": frames[0].hex()},
            positions=len(broker.positions), kills=broker.kills)
        if action == "KILL_SWITCH" and "die-after-kill" in broker.traits:
            os._exit(0)
        if action == "KILL_SWITCH" and "mute-kill" in broker.traits:
            continue
        if action == "OPEN_ORDER" and broker.traits & {"mute-order", "lose-order"}:
            continue
        put_by = {"GET_POSITIONS": "hold-back", "KILL_SWITCH": "late-once"}.get(action)
        if put_by in broker.traits and action not in firsts:
            firsts.add(action)
            aside.append((time.monotonic() + args.delay, frames[:-1] + [reply]))
            continue
        if put_by == "late-once" and put_by in broker.traits:
            continue
        # A client that orders has just read the account for the second time.
        if "die-before-order" in broker.traits and broker.accounts == 2:
            rep.send_multipart(frames[:-1] + [reply])
            # Until the answer has left the process.
            time.sleep(0.02)
            os._exit(0)
        if action == "KILL_SWITCH" and "drop-kill" in broker.traits:
            rep.close()
            rep = router(context)
            rebind(rep, cmd_port)
            poller = zmq.Poller()
            poller.register(rep, zmq.POLLIN)
            continue
        late = 0.0
        if ("slow" in broker.traits or (action == "KILL_SWITCH" and "late" in broker.traits)
                or (action == "OPEN_ORDER" and "late-order" in broker.traits)):
            late = args.delay
        if "slow-idle" in broker.traits and time.monotonic() - idle_since > 0.4:
            late = args.delay
        held = (time.monotonic() + late, frames[:-1] + [reply])


def router(context):
    socket = context.socket(zmq.ROUTER)
    socket.setsockopt(zmq.LINGER, 0)
    return socket


def rebind(socket, port):
    for _ in range(100):
        try:
            socket.bind("tcp://127.0.0.1:%d" % port)
            return
        except zmq.ZMQError:
            time.sleep(0.02)
    sys.exit("port %d did not come back" % port)


def main():
    behaviours = "\n".join("  %-20s %s" % pair for pair in BEHAVIOURS.items())
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="behaviours:\n" + behaviours,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cmd-port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--data-port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--behaviour", action="append", default=[], choices=sorted(BEHAVIOURS),
                        help="may be given several times")
    parser.add_argument("--delay", type=float, default=2.5, help="seconds, see behaviours")
    parser.add_argument("--shape", default="T7", choices=SHAPES + ["all"])
    parser.add_argument("--symbols", default="EURUSD")
    parser.add_argument("--rate", type=float, default=20.0, help="ticks per second, 0 is silence")
    parser.add_argument("--bad-ticks", action="store_true", help="a malformed one after each")
    parser.add_argument("--huge-after", type=int, default=0,
                        help="one frame of 64 MiB after so many ticks")
    parser.add_argument("--odd-times", action="store_true",
                        help="each tick twice, from yesterday, today and tomorrow")
    parser.add_argument("--silent-after", type=int, default=0,
                        help="no tick after so many, the socket stays")
    parser.add_argument("--positions", type=int, default=0, help="open at the start")
    parser.add_argument("--trade-mode", type=int, default=0, help="0 demo, 1 contest, 2 real")
    parser.add_argument("--log", help="a JSON line for each request is appended")
    parser.add_argument("--max-seconds", type=float, default=120.0)
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    run(args)


if __name__ == "__main__":
    main()
