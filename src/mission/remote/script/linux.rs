//! In the language of a POSIX shell, with `/proc`, awk, grep, tr, flock and
//! setsid.
//!
//! Over there, each process has a directory, and each start of it a mark:
//! `MARK.pid` (who: written before the program is run), `MARK.out`,
//! `MARK.err`, `MARK.status` (how it ended). `pid` is the newest record. A
//! *keeper*, in a session of its own, holds `lock` as long as the process
//! lives, waits for it and writes its status; so a start that is made twice,
//! or cut in its middle, has one process or none, and never two.

use crate::mesh::remote::quote::posix;
use crate::mission::remote::ask::{Ask, Known};
use crate::mission::remote::start::Start;
use crate::mission::remote::words;
use crate::mission::spec::{Host, Process};
use std::fmt::Write as _;

/// For every script, the keeper's too. `start_of` is empty for a process that
/// is no more, and for one that ended and was not asked for its status.
const HEAD: &str = r#"say() { printf '%s %s\n' "$n" "$*"; }
boot=$(cat /proc/sys/kernel/random/boot_id)
line_of() { { tr '\n' ' ' <"/proc/$1/stat"; } 2>/dev/null; }
start_of() {
  set -- "$(line_of "$1")"
  set -- "${1##*) }"
  case $1 in ''|Z*|X*) return ;; esac
  set -- $1
  shift 19
  printf %s "$1"
}
lives() { [ "$3" = "$boot" ] && [ "$(start_of "$1")" = "$2" ]; }
"#;

/// Arguments: directory, mark, run, script of the child, stamp.
const KEEPER: &str = r#"p=$1 t=$2
umask 077
exec 9>>"$p/lock" || exit 1
i=0
until flock -n 9; do
  i=$((i+1)); [ "$i" -lt 60 ] || exit 1
  sleep 0.05
  if read -r a b c d <"$p/pid" && lives "$a" "$b" "$c"; then exit 0; fi
done 2>/dev/null
if { read -r a b c d <"$p/pid"; } 2>/dev/null && lives "$a" "$b" "$c"; then exit 0; fi
[ ! -e "$p/$t.pid" ] || exit 0
setsid /bin/sh -c "$4" crs-start "$p" "$t" "$3" "$5" 9>&- >>"$p/$t.out" 2>>"$p/$t.err" </dev/null &
wait $!
s=$?
printf '%s\n' "$s" >"$p/$t.tmp" && mv "$p/$t.tmp" "$p/$t.status"
"#;

/// The child, up to its program: the record is there before the program is.
const CHILD: &str = r#"p=$1 t=$2 settings=$1/$2.settings dir=${1%/*}
umask 077
printf '%s %s %s %s %s %s\n' "$$" "$(start_of $$)" "$boot" "$3" "$t" "$4" >"$p/$t.new" || exit 125
cp "$p/$t.new" "$p/pid.new" && mv "$p/pid.new" "$p/pid" || exit 125
mv "$p/$t.new" "$p/$t.pid" || exit 125
"#;

/// What a start needs, and what earlier ones left: the newest are kept.
const BEFORE: &str = r#"umask 077
fail() { say fail "$*"; say end; exit 0; }
why=$(mkdir -p "$p" 2>&1) || fail "$why"
for need in flock setsid; do
  command -v "$need" >/dev/null 2>&1 || fail "$need is not there: install util-linux"
done
if { read -r pid start b r o x <"$p/pid"; } 2>/dev/null && lives "$pid" "$start" "$b"; then
  [ "$o" = "$t" ] && say started "$pid" "$start" "$b" "$r" "$o" || say taken "$pid" "$start" "$b" "$r" "$o"
  say end; exit 0
fi
ls "$p" | sed -n 's/\.pid$//p' | sort -r | tail -n +8 | while read -r o; do
  rm -f "$p/$o.pid" "$p/$o.out" "$p/$o.err" "$p/$o.status" "$p/$o.settings"
done
"#;

/// Waits until the child's record says that it is there.
const AFTER: &str = r#"i=0
while [ "$i" -lt 100 ]; do
  if { read -r pid start b r o x <"$p/$t.pid"; } 2>/dev/null; then
    say started "$pid" "$start" "$b" "$r" "$o"; say end; exit 0
  fi
  if { read -r pid start b r o x <"$p/pid"; } 2>/dev/null && [ "$o" != "$t" ] && lives "$pid" "$start" "$b"; then
    say taken "$pid" "$start" "$b" "$r" "$o"; say end; exit 0
  fi
  i=$((i+1)); sleep 0.05
done
say fail "no record within 5 s below $p: is its disk full, or its lock held? $(tail -n 1 "$p/$t.err" 2>/dev/null)"
"#;

/// One that is known: what it uses, or how it ended. Where its status is not
/// written yet, and its keeper is there to do so, that is waited for.
const ONE: &str = r#"one() {
  p=$dir/$1
  if lives "$3" "$4" "$5"; then
    line=$(line_of "$3")
    set -- "$3" "$4" /proc/"$3"/fd/*
    f=$(($#-2)); [ -L "$3" ] || f=-
    say alive "$1" "$2" "$f" "$line"
    return
  fi
  s=-
  if [ -n "$2" ]; then
    i=0
    until { read -r s <"$p/$2.status"; } 2>/dev/null; do
      s=- i=$((i+1))
      [ "$i" -le 20 ] && { read -r a b c d o x <"$p/pid"; } 2>/dev/null && [ "$o" = "$2" ] &&
        ! flock -n "$p/lock" true 2>/dev/null || break
      sleep 0.05
    done
  fi
  say gone "$3" "$4" "$s" "$(wc -c <"$p/$2.out" 2>/dev/null || echo 0)" "$(wc -c <"$p/$2.err" 2>/dev/null || echo 0)"
}
"#;

/// Who belongs to `$pid` (started at `$start` in this boot): its session, and
/// who bears its mark. Both are looked at again one by one, since the name of
/// a program can make a line of `stat` say anything.
const MEMBERS: &str = r#"members() {
  [ "$b" = "$boot" ] || return 0
  now=$(start_of "$pid")
  held=1; [ -z "$now" ] || [ "$now" = "$start" ] || held=
  {
    [ -z "$held" ] || cat /proc/[0-9]*/stat 2>/dev/null |
      awk -v s="$pid" '{i=$1; sub(/^.*\) /, ""); split($0, f, " "); if (f[4]==s) print i}'
    [ -z "$t" ] || grep -laF "CRS_MISSION_START=$t" /proc/[0-9]*/environ 2>/dev/null |
      awk -F/ '{print $3}'
  } | sort -un | while read -r m; do
    case $m in ''|*[!0-9]*|1|"$$") continue ;; esac
    at=$(start_of "$m")
    [ -n "$at" ] && [ "$at" -ge "$start" ] || continue
    line=$(line_of "$m")
    set -- ${line##*) }
    if [ -n "$held" ] && [ "$4" = "$pid" ]; then echo "$m" "$at" "$3"
    elif [ -n "$t" ] && tr '\000' '\n' <"/proc/$m/environ" 2>/dev/null | grep -qxF "CRS_MISSION_START=$t"
    then echo "$m" "$at" "$3"; fi
  done
}
"#;

/// The group at once, as no fork escapes that, and then who left it.
const SIGNAL_ALL: &str = r#"list=$(members)
sent=0
if lives "$pid" "$start" "$b" && why=$(kill "-$sig" -- "-$pid" 2>&1); then sent=1; fi
for m in $(echo "$list" | awk -v g="$pid" -v all="$sent" 'NF && !(all && $3==g) {print $1 ":" $2}'); do
  [ "$(start_of "${m%:*}")" = "${m#*:}" ] || continue
  if why=$(kill "-$sig" "${m%:*}" 2>&1); then sent=$((sent+1)); else bad=$why; fi
done
if [ -n "$bad" ]; then say fail "$bad"; elif [ "$sent" = 0 ]; then say gone; else say sent "$sent"; fi
"#;

const SIGNAL_ONE: &str = r#"now=$(start_of "$pid")
if [ "$b" != "$boot" ] || [ -z "$now" ]; then say gone
elif [ "$now" != "$start" ]; then say changed
elif why=$(kill "-$sig" "$pid" 2>&1); then say sent 1
else say fail "$why"; fi
"#;

/// Never a latch, whatever it is called here or leads to.
const TIDY: &str = r#"away() {
  case $1 in *kill_switch*) return ;; esac
  case $(readlink -f -- "$1" 2>/dev/null) in *kill_switch*) return ;; esac
  [ -f "$1" ] || [ -L "$1" ] || return 0
  if why=$(rm -f -- "$1" 2>&1); then say removed "$1"; else say kept "$why"; fi
}
"#;

/// Both files as they grow, until nobody listens any more: that end of the
/// line is this script's standard input.
const FOLLOW: &str = r#"tail -c "+$((out+1))" -f "$p/$t.out" 2>/dev/null &
a=$!
tail -c "+$((err+1))" -f "$p/$t.err" >&2 2>/dev/null &
b=$!
cat >/dev/null
kill "$a" "$b" 2>/dev/null
exit 0
"#;

/// A word for `ssh`: any login shell that knows single quotes takes it apart.
pub fn command(script: &str) -> String {
    format!("exec /bin/sh -c {}", posix(script))
}

/// The whole script.
pub fn script(host: &Host, ask: &Ask, marker: &str) -> String {
    let mut text = format!("n={}\n", posix(marker));
    text.push_str(HEAD);
    match &host.dir {
        Some(dir) => {
            let _ = writeln!(text, "dir={}", posix(dir));
        }
        None => text.push_str("dir=${XDG_STATE_HOME:-$HOME/.local/state}/crs-mission\n"),
    }
    text.push_str("printf '\\n'\nsay begin\n");
    match ask {
        Ask::Start(start, mark) => run(&mut text, start, mark),
        Ask::Look(known) => look(&mut text, known),
        Ask::Found(name) => found(&mut text, name),
        Ask::Signal { who, signal, all } => {
            known(&mut text, who);
            let _ = writeln!(text, "sig={signal}\nbad=");
            if *all {
                text.push_str(MEMBERS);
            }
            text.push_str(if *all { SIGNAL_ALL } else { SIGNAL_ONE });
        }
        Ask::Rest(who) => {
            known(&mut text, who);
            text.push_str(MEMBERS);
            text.push_str("members | while read -r m at g; do say member \"$m\" \"$at\"; done\n");
        }
        Ask::Tidy(process) => tidy(&mut text, process),
        Ask::Check(argv) => {
            let words: Vec<String> = argv.iter().map(|word| posix(word)).collect();
            let _ = writeln!(
                text,
                "cd \"$dir\" 2>/dev/null\n({}) >/dev/null 2>&1 </dev/null\nsay status \"$?\"",
                words.join(" ")
            );
        }
        Ask::Reach => {}
        Ask::Follow { who, out, err } => {
            let _ = writeln!(text, "p=$dir/{}\nt={}", posix(&who.name), posix(&who.mark));
            let _ = writeln!(text, "out={out} err={err}\nprintf '\\n%s begin\\n' \"$n\" >&2");
            text.push_str(FOLLOW);
        }
    }
    text.push_str("say end\n");
    text
}

fn known(text: &mut String, who: &Known) {
    let Known { name, mark, who } = who;
    let _ = writeln!(text, "p=$dir/{}\nt={}", posix(name), posix(mark));
    let _ = writeln!(text, "pid={} start={} b={}", who.pid, who.start, posix(who.boot.as_str()));
}

fn run(text: &mut String, start: &Start, mark: &str) {
    let _ = writeln!(text, "p=$dir/{}\nt={}", posix(&start.name), posix(mark));
    text.push_str(BEFORE);
    if let Some(document) = &start.settings {
        let _ = writeln!(
            text,
            "why=$( {{ printf %s {} >\"$p/$t.settings\"; }} 2>&1 ) || fail \"$why\"",
            posix(document)
        );
    }
    let cwd = start.cwd.as_deref().map_or_else(|| "\"$dir\"".to_owned(), posix);
    let _ = writeln!(text, "why=$(cd -- {cwd} 2>&1) || fail \"$why\"\nsettings=$p/$t.settings");
    if let Some(program) = start.cmd.first() {
        // Where the path is in the new environment, only the start can tell.
        let program = words::posix(program);
        let _ = writeln!(
            text,
            "(cd -- {cwd}; {}command -v -- {program} >/dev/null 2>&1) || fail \"no program \"{program}",
            exports(start, "PATH")
        );
    }
    let _ = writeln!(text, "keeper={}", posix(&format!("{HEAD}{KEEPER}")));
    let _ = writeln!(text, "child={}", posix(&child(start, mark, &cwd)));
    let _ = writeln!(
        text,
        "setsid /bin/sh -c \"$keeper\" crs-keep \"$p\" \"$t\" {} \"$child\" {} </dev/null >/dev/null 2>&1 &",
        start.run,
        posix(&start.stamp)
    );
    text.push_str(AFTER);
}

/// `NAME=value; export NAME; `, of those of this name.
fn exports(start: &Start, only: &str) -> String {
    let env = start.env.iter().filter(|(name, _)| only.is_empty() || name == only);
    env.fold(String::new(), |mut all, (name, value)| {
        let _ = write!(all, "{name}={}; export {name}; ", words::posix(value));
        all
    })
}

/// Sets itself up and becomes the program.
fn child(start: &Start, mark: &str, cwd: &str) -> String {
    let mut text = format!("{HEAD}{CHILD}");
    let _ = writeln!(text, "CRS_MISSION_START={}; export CRS_MISSION_START", posix(mark));
    let _ = writeln!(text, "cd -- {cwd} || exit 126");
    let _ = writeln!(text, "{}", exports(start, ""));
    for (name, argv) in &start.secrets {
        let words: Vec<String> = argv.iter().map(|word| words::posix(word)).collect();
        let _ = writeln!(
            text,
            "{name}=$({}) || {{ echo \"the command for {name} failed\" >&2; exit 126; }}; export {name}",
            words.join(" ")
        );
    }
    let limits = &start.limits;
    if let Some(bytes) = limits.memory {
        let _ = writeln!(text, "ulimit -v {}", bytes.div_ceil(1_024));
    }
    if let Some(files) = limits.nofile {
        let _ = writeln!(text, "ulimit -n {files}");
    }
    let mut line = String::from("exec");
    if let Some(nice) = limits.nice {
        let _ = write!(line, " nice -n {nice}");
    }
    if !limits.affinity.is_empty() {
        let cores: Vec<String> = limits.affinity.iter().map(u32::to_string).collect();
        let _ = write!(line, " taskset -c {}", cores.join(","));
    }
    text.push_str(&line);
    for word in &start.cmd {
        let _ = write!(text, " {}", words::posix(word));
    }
    text.push('\n');
    text
}

fn look(text: &mut String, all: &[Known]) {
    text.push_str(ONE);
    text.push_str(
        "say unit \"$(getconf CLK_TCK 2>/dev/null || echo 100)\" \
         \"$(getconf PAGESIZE 2>/dev/null || echo 4096)\"\n",
    );
    for Known { name, mark, who } in all {
        let _ = writeln!(
            text,
            "one {} {} {} {} {}",
            posix(name),
            posix(mark),
            who.pid,
            who.start,
            posix(who.boot.as_str())
        );
    }
}

fn found(text: &mut String, name: &str) {
    let _ = writeln!(text, "p=$dir/{}", posix(name));
    text.push_str(
        "if { read -r pid start b r t x <\"$p/pid\"; } 2>/dev/null; then\n  \
         lives \"$pid\" \"$start\" \"$b\" && w=alive || w=gone\n  \
         say record \"$w\" \"$pid\" \"$start\" \"$b\" \"$r\" \"$t\" \"$x\" \
         \"$(date -r \"$p/$t.pid\" +%s 2>/dev/null)\"\nfi\n",
    );
}

fn tidy(text: &mut String, process: &Process) {
    text.push_str(TIDY);
    for name in &process.shm {
        let name = name.trim_start_matches('/');
        // A name in there, and nothing above it.
        if !name.is_empty() && !name.contains('/') && name != ".." && name != "." {
            let _ = writeln!(text, "away {}", posix(&format!("/dev/shm/{name}")));
        }
    }
    for path in &process.locks {
        let path = path.to_string_lossy();
        if path.starts_with('/') {
            let _ = writeln!(text, "away {}", posix(&path));
        }
    }
}
