#!/bin/sh
# An alert command for mission control: [daemon] alert_command = ["/etc/crs/alert-command.sh"]
#
# The alert is this script's standard input, one JSON document: id, type,
# severity, process, title, message, solution, actions, timestamp. It is kept
# in a file and said to syslog; nothing leaves this host. To have it told
# elsewhere, set CRS_ALERT_TELL to a program of yours, which gets the document
# on its standard input and one line as its argument.
#
# Words of an alert come from the output of processes: they are handed on as
# data and never run.
set -u
umask 077
LC_ALL=C
export LC_ALL

file=${CRS_ALERT_FILE:-${HOME:-/var/lib/crs}/crs-alerts.jsonl}
alert=$(head -c 65536 | tr -d '\n\r')
[ -n "$alert" ] || { echo "no alert on standard input" >&2; exit 64; }

# The text of a field, up to its first quote.
field() { printf '%s\n' "$alert" | sed -n "s/.*\"$1\":\"\\([^\"]*\\)\".*/\\1/p"; }

line="$(field severity) $(field type) $(field process): $(field title)"
status=0
printf '%s\n' "$alert" >>"$file" || status=1
if command -v logger >/dev/null 2>&1; then
  logger -t crs-alert -p user.crit -- "$line" 2>/dev/null || status=1
fi
if [ -n "${CRS_ALERT_TELL:-}" ]; then
  printf '%s\n' "$alert" | "$CRS_ALERT_TELL" "$line" || status=1
fi
exit "$status"
