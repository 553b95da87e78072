"""Drives one launch over the WebSocket of mission control.

Usage: mission_ws.py SOCKET MODE; says "driven" when the launch is complete.
"""
import json
import sys

from websockets.sync.client import unix_connect

path, mode = sys.argv[1:]
with unix_connect(path, uri="ws://mission/ws") as ws:
    first = json.loads(ws.recv(timeout=20))
    assert first["type"] == "initial_status", first
    ws.send(json.dumps({"type": "launch", "mode": mode, "options": {}, "req_id": "py"}))
    answered = complete = False
    while not (answered and complete):
        said = json.loads(ws.recv(timeout=20))
        if said["type"] == "answer":
            assert said["req_id"] == "py" and said["data"]["answer"] == "launched", said
            answered = True
        if said["type"] == "status_update":
            launch = said["data"]["launch"]
            complete = complete or launch is not None and launch["phase"] == "complete"
            assert said["data"]["mode"] in ("", mode), said
    ws.send("nonsense")
    while True:
        said = json.loads(ws.recv(timeout=20))
        if said["type"] == "answer":
            assert said["data"]["kind"] == "invalid", said
            break
print("driven")
