"""Reads a recording with the `mcap` package, which shares no line with crs.

Prints one JSON document: profile, and [topic, sequence, log time, publish
time, data] of every message in the order of the file. Data is a number of
bytes where it is no JSON. `--unsealed` reads without an index, up to where the
file ends.
"""

import json
import sys

from mcap.exceptions import EndOfFile, McapError
from mcap.reader import NonSeekingReader, make_reader


def row(channel, message):
    data = json.loads(message.data) if channel.message_encoding == "json" else len(message.data)
    return [channel.topic, message.sequence, message.log_time, message.publish_time, data]


def messages(reader):
    try:
        for _schema, channel, message in reader.iter_messages(log_time_order=False):
            yield row(channel, message)
    except (EndOfFile, McapError) as cut:
        if "--unsealed" not in sys.argv:
            raise
        print(f"ends with {cut!r}", file=sys.stderr)


def main():
    with open(sys.argv[1], "rb") as file:
        reader = NonSeekingReader(file) if "--unsealed" in sys.argv else make_reader(file)
        profile = reader.get_header().profile
        file.seek(0)
        reader = NonSeekingReader(file) if "--unsealed" in sys.argv else make_reader(file)
        json.dump({"profile": profile, "messages": list(messages(reader))}, sys.stdout)


main()
