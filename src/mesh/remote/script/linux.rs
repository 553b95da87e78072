//! In the language of a POSIX shell, with awk, sed, ls and `/proc`.

use super::{Ask, note_of};
use crate::config::{Platform, RemoteSettings};
use crate::mesh::remote::quote::posix;
use crate::mesh::remote::seen::Process;
use std::fmt::Write as _;

/// Begins every script. `start_of` is empty for a process that is no more, a
/// zombie too; the boot's identity makes a start time one that never returns.
const HEAD: &str = r#"say() { printf '%s %s\n' "$n" "$*"; }
start_of() {
  set -- "$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null)"
  case $1 in ''|Z*|X*) return ;; esac
  printf '%s:%s' "$(cat /proc/sys/kernel/random/boot_id)" "$(printf %s "$1" | cut -d' ' -f20)"
}
show() {
  s=$(start_of "$1")
  [ -n "$s" ] || return 0
  say proc "$1" start "$s"
  say proc "$1" name "$(tr '\000\n' '  ' <"/proc/$1/comm")"
  say proc "$1" exe "$(readlink "/proc/$1/exe" 2>/dev/null | tr '\n' ' ')"
  say proc "$1" cmd "$(tr '\000\n' '  ' <"/proc/$1/cmdline")"
}
listens() {
  h=$(printf '%04X' "$1")
  cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
    awk -v h=":$h" '$4=="0A" && substr($2,length($2)-4)==h {print $2, $10}'
}
"#;

/// Who listens, each with what is known of it.
const PORTS: &str = r#"for port in $ports; do
  listens "$port" | while read -r at inode; do
    who=$(ls -l /proc/[0-9]*/fd 2>/dev/null |
      awk -v s="socket:[$inode]" '/^\/proc\//{split($0,a,"/"); p=a[3]} $NF==s && !u[p]++ {print p}')
    for pid in ${who:-?}; do
      say port "$port" "$at" "$pid"
      [ "$pid" = '?' ] || show "$pid"
    done
  done
done
"#;

/// Not two at once, and none beside one that runs.
const ALONE: &str = r#"why=$( { umask 077; : >>"$pidfile.lock"; } 2>&1 ) || { say fail "$why"; say end; exit 0; }
if command -v flock >/dev/null 2>&1; then
  exec 9>"$pidfile.lock" && flock -n 9 || { say taken; say end; exit 0; }
fi
if [ -r "$pidfile" ] && read -r pid start <"$pidfile" && [ -n "$start" ] &&
  [ "$(start_of "$pid")" = "$start" ]; then say taken; say end; exit 0; fi
"#;

const FREE: &str = r#"for port in $ports; do
  [ -z "$(listens "$port")" ] || { say taken; say end; exit 0; }
done
"#;

const STOP: &str = r#"now=$(start_of "$pid")
if [ -z "$now" ]; then say gone
elif [ "$now" != "$start" ]; then say changed
elif why=$(kill "$signal" "$pid" 2>&1); then say stopped
else say fail "$why"; fi
"#;

/// A word for `ssh`: any login shell that knows single quotes takes it apart.
pub fn command(script: &str) -> String {
    format!("exec /bin/sh -c {}", posix(script))
}

/// The whole script.
pub fn script(remote: &RemoteSettings, ask: &Ask, marker: &str) -> String {
    let mut text = format!("n={}\n", posix(marker));
    text.push_str(HEAD);
    let _ = writeln!(text, "ports='{} {}'", remote.cmd_port, remote.data_port);
    text.push_str("printf '\\n'\nsay begin\n");
    match (ask, remote.platform) {
        (Ask::Look, Platform::LinuxSystemd) => look_unit(&mut text, remote),
        (Ask::Look, _) => look(&mut text, remote),
        (Ask::Inspect, _) => inspect(&mut text, remote),
        (Ask::Locate, _) => locate(&mut text, remote),
        (Ask::Start, Platform::LinuxSystemd) => {
            text.push_str(FREE);
            systemctl(&mut text, remote, "start", "started");
        }
        (Ask::Start, _) => start(&mut text, remote),
        (Ask::Note(process), _) => note(&mut text, remote, process.as_ref()),
        // A unit is stopped as one, or systemd would start it again.
        (Ask::Stop { process, .. }, Platform::LinuxSystemd) => {
            let _ = writeln!(text, "start={}", posix(&process.start));
            let _ = writeln!(text, "now=$(start_of {})", process.pid);
            text.push_str("if [ -z \"$now\" ]; then say gone; say end; exit 0; fi\n");
            text.push_str("[ \"$now\" = \"$start\" ] || { say changed; say end; exit 0; }\n");
            systemctl(&mut text, remote, "stop", "stopped");
        }
        (Ask::Stop { process, hard }, _) => stop(&mut text, process, *hard),
        (Ask::Logs { lines, follow }, _) => logs(&mut text, remote, *lines, *follow),
    }
    text.push_str("say end\n");
    text
}

fn pid_file(text: &mut String, remote: &RemoteSettings) {
    let _ = writeln!(text, "pidfile={}", posix(&remote.pid_file));
}

fn look(text: &mut String, remote: &RemoteSettings) {
    pid_file(text, remote);
    text.push_str(PORTS);
    text.push_str(
        "if [ -r \"$pidfile\" ] && read -r pid start <\"$pidfile\"; then\n  \
         say record \"$pid\" \"$start\"\n  \
         case $pid in ''|*[!0-9]*) ;; *) show \"$pid\" ;; esac\nfi\n",
    );
}

/// systemd is the record of a unit.
fn look_unit(text: &mut String, remote: &RemoteSettings) {
    text.push_str(PORTS);
    let unit = posix(&remote.unit);
    let user = user(remote);
    let _ = write!(
        text,
        "pid=$(systemctl {user}show -p MainPID --value {unit} 2>/dev/null)\n\
         state=$(systemctl {user}show -p ActiveState --value {unit} 2>/dev/null)\n\
         case $pid in ''|0|*[!0-9]*) [ \"$state\" != inactive ] || say record stopped ;;\n\
         *) say record \"$pid\" \"$(start_of \"$pid\")\"; show \"$pid\" ;; esac\n"
    );
}

const fn user(remote: &RemoteSettings) -> &'static str {
    if remote.user_unit { "--user " } else { "" }
}

fn systemctl(text: &mut String, remote: &RemoteSettings, verb: &str, done: &str) {
    let (unit, user) = (posix(&remote.unit), user(remote));
    let _ = writeln!(
        text,
        "if why=$(systemctl {user}--no-ask-password {verb} {unit} 2>&1); then say {done}\n\
         else say fail \"$(printf %s \"$why\" | tr '\\n' ' ')\"; fi"
    );
}

fn inspect(text: &mut String, remote: &RemoteSettings) {
    let (program, script) = (posix(&remote.interpreter), posix(&remote.script));
    let _ = writeln!(text, "program={program}\nscript={script}");
    text.push_str(
        "if [ -z \"$program\" ]; then say end; exit 0; fi\n\
         if ! [ -x \"$program\" ]; then say interpreter missing; say end; exit 0; fi\n\
         say version \"$(\"$program\" --version 2>&1 </dev/null | head -n 1)\"\n\
         if [ -n \"$script\" ]; then [ -r \"$script\" ] && say script there || \
         say script missing; fi\n",
    );
    for module in &remote.modules {
        let module = posix(module);
        let _ = writeln!(
            text,
            "m={module}; if why=$(\"$program\" -c \"import $m\" 2>&1 </dev/null); \
             then say module \"$m\" ok\n\
             else say module \"$m\" \"$(printf %s \"$why\" | tail -n 1)\"; fi"
        );
    }
}

fn locate(text: &mut String, remote: &RemoteSettings) {
    let dir = if remote.dir.is_empty() { "/" } else { &remote.dir };
    let _ = writeln!(text, "dir={}", posix(dir));
    text.push_str(
        "find \"$dir\" -maxdepth 5 \\( -name '*gateway*.py' -o -name '*zmq*.py' \\) \
         -not -path '*/site-packages/*' 2>/dev/null | head -n 20 | \
         while read -r f; do say found \"$f\"; done\n\
         find \"$dir\" -maxdepth 5 -name 'python3' -path '*/bin/*' 2>/dev/null | head -n 5 | \
         while read -r f; do say python \"$f\"; done\n",
    );
}

fn start(text: &mut String, remote: &RemoteSettings) {
    pid_file(text, remote);
    text.push_str("mkdir -p \"$(dirname \"$pidfile\")\" 2>/dev/null\n");
    text.push_str(ALONE);
    text.push_str(FREE);
    let mut words = vec![posix(&remote.interpreter)];
    if !remote.script.is_empty() {
        words.push(posix(&remote.script));
    }
    words.extend(remote.args.iter().map(|arg| posix(arg)));
    let dir = if remote.dir.is_empty() { "/" } else { &remote.dir };
    let _ = writeln!(text, "log={}\nlast=$(dirname \"$log\")", posix(&remote.log));
    let _ = writeln!(
        text,
        "mkdir -p \"$last\" 2>/dev/null\n\
         why=$( {{ : >>\"$log\"; }} 2>&1 ) || {{ say fail \"$why\"; say end; exit 0; }}\n\
         why=$(cd {dir} 2>&1) || {{ say fail \"$why\"; say end; exit 0; }}\n\
         cd {dir}\n\
         command -v setsid >/dev/null 2>&1 && apart=setsid || apart=\n\
         $apart nohup {} >>\"$log\" 2>&1 </dev/null 9>&- &\n\
         pid=$!\n\
         start=$(start_of \"$pid\")\n\
         (umask 077; printf '%s %s\\n' \"$pid\" \"$start\" >\"$pidfile.new\") && \
         mv \"$pidfile.new\" \"$pidfile\" || say fail \"$pidfile can not be written\"\n\
         say started \"$pid\" \"$start\"",
        words.join(" "),
        dir = posix(dir),
    );
}

fn note(text: &mut String, remote: &RemoteSettings, process: Option<&Process>) {
    pid_file(text, remote);
    let line = posix(&note_of(process));
    let _ = writeln!(text, "printf '%s\\n' {line} >\"$pidfile\" && say noted");
}

fn stop(text: &mut String, process: &Process, hard: bool) {
    let signal = if hard { "-KILL" } else { "-TERM" };
    let _ = writeln!(text, "pid={}\nstart={}", process.pid, posix(&process.start));
    let _ = writeln!(text, "signal={signal}");
    text.push_str(STOP);
}

fn logs(text: &mut String, remote: &RemoteSettings, lines: u32, follow: bool) {
    if remote.log.is_empty() {
        let follow = if follow { " -f" } else { "" };
        let _ = writeln!(
            text,
            "journalctl {}--no-pager -o short-iso -n {lines}{follow} -u {} 2>&1",
            user(remote),
            posix(&remote.unit)
        );
    } else {
        let follow = if follow { " -F" } else { "" };
        let _ = writeln!(
            text,
            "log={}\nif [ -r \"$log\" ]; then tail -n {lines}{follow} \"$log\" 2>/dev/null\n\
             else say fail \"$log is not there, or not readable\"; fi",
            posix(&remote.log)
        );
    }
}
