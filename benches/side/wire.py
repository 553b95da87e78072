"""The daemon's API over its Unix socket, with nothing but the standard library."""

import base64
import http.client
import json
import os
import socket
import struct


class Http(http.client.HTTPConnection):
    """Asks over one connection that stays."""

    def __init__(self, path):
        super().__init__("mission")
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(self.path)

    def ask(self, path, body=None):
        head = {"Content-Type": "application/json"} if body is not None else {}
        self.request("GET" if body is None else "POST", path, body and json.dumps(body), head)
        answer = self.getresponse()
        text = answer.read()
        if answer.status not in (200, 202):
            raise SystemExit(f"{path}: {answer.status} {text.decode()}")
        return json.loads(text)


class Ws:
    """Reads the WebSocket; takes no lines."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(str(path))
        key = base64.b64encode(os.urandom(16)).decode()
        self.sock.sendall(
            f"GET /ws HTTP/1.1\r\nHost: mission\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self.file = self.sock.makefile("rb")
        while self.file.readline().strip():
            pass
        self.say({"type": "subscribe", "req_id": "s", "lines": False})
        self.until(lambda m: m.get("req_id") == "s")

    def say(self, message):
        text = json.dumps(message).encode()
        mask = os.urandom(4)
        masked = bytes(b ^ mask[i % 4] for i, b in enumerate(text))
        self.sock.sendall(struct.pack("!BBH", 0x81, 0x80 | 126, len(text)) + mask + masked)

    def next(self):
        while True:
            kind, size = self.file.read(2)
            size &= 0x7F
            if size == 126:
                (size,) = struct.unpack("!H", self.file.read(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", self.file.read(8))
            body = self.file.read(size)
            if kind & 0x0F == 1:
                return json.loads(body)
            if kind & 0x0F == 8:
                raise SystemExit(f"the daemon closed the WebSocket: {body[2:].decode()}")

    def until(self, wanted):
        while True:
            message = self.next()
            if wanted(message):
                return message
