"""What the supervisors run: `child.py flood LINES STAMPS` writes lines of 200
bytes as fast as it can and notes when it began and ended, the last line says
END; `child.py alive FIFO` tells that it lives, and sleeps."""

import os
import sys
import time

BLOCK = 40


def block(at):
    text = []
    for n in range(BLOCK):
        level = "WARNING" if (at + n) % 1_000 == 0 else "INFO"
        line = f"2026-01-14 13:56:58,{(at + n) % 1_000:03} {level} engine.feed {at + n:010} EURUSD 1.08432 "
        text.append(line.ljust(199, "x") + "\n")
    return "".join(text).encode()


def whole(text):
    while text:
        text = text[os.write(1, text) :]


def flood(lines, stamps):
    # Made before, so that the writer is not what is measured.
    blocks = [block(at) for at in range(0, 1_000, BLOCK)]
    began = time.monotonic_ns()
    for n in range(lines // BLOCK - 1):
        whole(blocks[n % len(blocks)])
    whole(blocks[0][: 200 * (BLOCK - 1)] + b"engine.feed END".ljust(199, b"x") + b"\n")
    ended = time.monotonic_ns()
    with open(stamps + ".new", "w") as out:
        out.write(f"{began} {ended}")
    os.rename(stamps + ".new", stamps)


if sys.argv[1] == "flood":
    flood(int(sys.argv[2]), sys.argv[3])
