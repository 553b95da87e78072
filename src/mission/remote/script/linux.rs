//! In the language of a POSIX shell, with `/proc`, awk, cat, grep, sort, tr,
//! flock and setsid.
//!
//! Over there, each process has a directory, and each start of it a mark:
//! `MARK.pid` (who: written before the program is run), `MARK.out`,
//! `MARK.err`, `MARK.status` (how it ended), `MARK.before` (files that were
//! there before it), `MARK.void` (it was called off). `pid` is the newest
//! record. A *keeper*, in a session of its own, holds `lock` as long as the
//! process lives, waits for it and writes its status; so a start that is made
//! twice, or cut in its middle, has one process or none, and never two.
//!
//! Every script, the keeper's and the child's too, is the standard input of
//! its shell: no argument that others can read holds any of it. It stands in
//! braces, so that one that came in part does nothing. Nothing is said to be
//! gone without proof: what can't be read is not answered, or fails.

use crate::mesh::remote::quote::posix;
use crate::mission::hands::START_MARK;
use crate::mission::remote::ask::{Ask, Known};
use crate::mission::remote::start::Start;
use crate::mission::remote::words;
use crate::mission::spec::Host;
use std::fmt::Write as _;

/// For every script, the keeper's and the child's too. `look PID` reads its
/// line, and its start, group and session; no start: it ended and was not
/// asked for its status, or nobody could read it. `judge PID START BOOT` tells
/// `alive` from `gone` from `unknown`, where neither is proven. No other
/// program is needed for that, as one that can't be run would look like an end.
const HEAD: &str = r#"say() { printf '%s %s\n' "$n" "$*"; }
boot=
{ read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null
look() {
  line= at= grp= ses=
  { while IFS= read -r l || [ -n "$l" ]; do line="$line$l "; done <"/proc/$1/stat"; } 2>/dev/null
  set -- "${line##*) }"
  case $1 in ''|Z*|X*) return 0 ;; esac
  set -- $1
  [ "$#" -ge 20 ] || { line=; return 0; }
  grp=$3 ses=$4
  shift 19
  at=$1
}
judge() {
  fate=unknown
  [ "$3" = "$boot" ] || { fate=gone; return 0; }
  look "$1"
  if [ -n "$at" ] && [ "$at" = "$2" ]; then fate=alive
  elif [ -n "$line" ] || [ ! -e "/proc/$1" ]; then fate=gone; fi
}
lives() { judge "$@"; [ "$fate" = alive ]; }
may_live() { judge "$@"; [ "$fate" != gone ]; }
"#;

/// For every question: without a boot nothing is proven.
const ASKED: &str = r#"fail() { say fail "$*"; say end; exit 0; }
need() { for w in "$@"; do command -v "$w" >/dev/null 2>&1 || fail "$w is not there"; done; }
[ -n "$boot" ] || fail "/proc/sys/kernel/random/boot_id can't be read: is /proc there?"
"#;

/// Where `child` is the script of the child.
const KEEPER: &str = r#"umask 077
[ -n "$boot" ] || exit 1
exec 9>>"$p/lock" || exit 1
i=0
until flock -n 9; do
  i=$((i+1)); [ "$i" -lt 60 ] || exit 1
  sleep 0.05
  if read -r a b c d <"$p/pid" && lives "$a" "$b" "$c"; then exit 0; fi
done 2>/dev/null
if { read -r a b c d <"$p/pid"; } 2>/dev/null && may_live "$a" "$b" "$c"; then exit 0; fi
[ ! -e "$p/$t.pid" ] && [ ! -e "$p/$t.void" ] || exit 0
printf '%s\n' "$child" | setsid /bin/sh -s crs-start 9>&- >>"$p/$t.out" 2>>"$p/$t.err" &
wait $!
s=$?
printf '%s\n' "$s" >"$p/$t.tmp" && mv "$p/$t.tmp" "$p/$t.status"
"#;

/// The child, up to its program: the record is there before the program is.
const CHILD: &str = r#"settings=$p/$t.settings
umask 077
look $$
[ -n "$boot" ] && [ -n "$at" ] || exit 125
printf '%s %s %s %s %s %s\n' "$$" "$at" "$boot" "$run" "$t" "$stamp" >"$p/$t.new" || exit 125
cp "$p/$t.new" "$p/pid.new" && mv "$p/pid.new" "$p/pid" || exit 125
mv "$p/$t.new" "$p/$t.pid" || exit 125
"#;

/// What a start needs, and what earlier ones left: the newest are kept.
const BEFORE: &str = r#"umask 077
why=$(mkdir -p "$p" 2>&1) || fail "$why"
for w in flock setsid; do
  command -v "$w" >/dev/null 2>&1 || fail "$w is not there: install util-linux"
done
[ ! -e "$p/$t.void" ] || fail "this start was called off"
if { read -r pid start b r o x <"$p/pid"; } 2>/dev/null && may_live "$pid" "$start" "$b"; then
  if [ "$o" = "$t" ]; then say started "$pid" "$start" "$b" "$r" "$o"
  elif [ "$fate" = alive ]; then say taken "$pid" "$start" "$b" "$r" "$o"
  else fail "/proc does not say whether pid $pid lives"; fi
  say end; exit 0
fi
ls "$p" | sed -n 's/\.pid$//p' | sort -r | tail -n +8 | while read -r o; do
  rm -f "$p/$o.pid" "$p/$o.out" "$p/$o.err" "$p/$o.status" "$p/$o.settings" "$p/$o.before"
done
ls "$p" | sed -n 's/\.void$//p' | sort -r | tail -n +8 | while read -r o; do rm -f "$p/$o.void"; done
"#;

/// What is there already is nothing that this start makes.
const THERE: &str = r#"why=$({ : >"$p/$t.before"; } 2>&1) || fail "$why"
there() {
  [ -e "$1" ] || [ -L "$1" ] || return 0
  set -- $(ls -di -- "$1" 2>/dev/null)
  printf '%s\n' "${1-all}" >>"$p/$t.before" || fail "$p/$t.before can't be written"
}
"#;

/// Waits until the child's record says that it is there. Where none does, it
/// may still come: nobody says that it will not. Where another one lives, it
/// is called off.
const AFTER: &str = r#"i=0
while [ "$i" -lt 100 ]; do
  if { read -r pid start b r o x <"$p/$t.pid"; } 2>/dev/null; then
    say started "$pid" "$start" "$b" "$r" "$o"; say end; exit 0
  fi
  if { read -r pid start b r o x <"$p/pid"; } 2>/dev/null && [ "$o" != "$t" ] && lives "$pid" "$start" "$b"; then
    { : >"$p/$t.void"; } 2>/dev/null
    sleep 0.3
    [ ! -e "$p/$t.pid" ] || continue
    say taken "$pid" "$start" "$b" "$r" "$o"; say end; exit 0
  fi
  i=$((i+1)); sleep 0.05
done
say late "no record within 5 s below $p: is its disk full, or its lock held? $(tail -n 1 "$p/$t.err" 2>/dev/null)"
"#;

/// What stands on record. After a start without an answer (`m`), its lock is
/// taken first: nobody is about to start then, and that start is called off.
const FOUND: &str = r#"record() {
  if ! { read -r pid start b r t x <"$p/pid"; } 2>/dev/null; then
    [ ! -e "$p/pid" ] || fail "the record $p/pid can't be read: see what runs there, then remove it"
    [ "$1" = first ] || say none
    return 0
  fi
  judge "$pid" "$start" "$b"
  [ "$fate" != unknown ] || fail "/proc does not say whether pid $pid lives"
  [ "$fate" = alive ] || [ "$1" != first ] || return 0
  say record "$fate" "$pid" "$start" "$b" "$r" "$t" "$x" "$(date -r "$p/$t.pid" +%s 2>/dev/null)"
  [ "$fate" != alive ] || { say end; exit 0; }
}
if [ -n "$m" ]; then
  record first
  umask 077
  need flock
  why=$(mkdir -p "$p" 2>&1) || fail "$why"
  why=$({ : >>"$p/lock"; } 2>&1) || fail "$why"
  exec 9>>"$p/lock"
  i=0
  until flock -n 9; do
    i=$((i+1)); [ "$i" -lt 60 ] || fail "its start is under way: $p/lock is held"
    sleep 0.05
    record first
  done
  why=$({ : >"$p/$m.void"; } 2>&1) || fail "the start can't be called off: $why"
fi
record last
"#;

/// One that is known: what it uses, or how it ended. Where its status is not
/// written yet, and its keeper is there to do so, that is waited for. Where
/// /proc says neither, nothing is said.
const ONE: &str = r#"one() {
  p=$dir/$1
  judge "$3" "$4" "$5"
  [ "$fate" != unknown ] || return 0
  if [ "$fate" = alive ]; then
    set -- "$3" "$4" /proc/"$3"/fd/*
    f=$(($#-2)); [ -L "$3" ] || f=-
    say alive "$1" "$2" "$f" "$line"
    return 0
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

/// Who belongs to `$pid` (started at `$start` in this boot): its session, as
/// long as it or one that bears its mark is there, and who bears its mark. All
/// are looked at again one by one, since the name of a program can make a line
/// of `stat` say anything. `whole` stands at the end, once every step was
/// seen to work: without it nobody knows who is left.
const MEMBERS: &str = r#"members() {
  if [ "$b" != "$boot" ]; then echo whole; return 0; fi
  held=0
  if lives "$pid" "$start" "$b"; then held=1; fi
  all=$({
    cat /proc/[0-9]*/stat 2>/dev/null |
      awk -v s="$pid" '{i=$1; sub(/^.*\) /, ""); split($0, f, " "); if (f[4]==s) print i} END {if (NR) print "stats"}'
    [ -z "$t" ] || printf '%s' "CRS_MISSION_START=$t" | grep -laF "CRS_MISSION_START=$t" /proc/[0-9]*/environ - 2>/dev/null |
      awk -F/ '{print ($3 == "" ? "marks" : $3)}'
  } | sort -u)
  stats=0 marks=0 sure=1
  [ -n "$t" ] || marks=1
  {
    for m in $all; do
      case $m in stats) stats=1 ;; marks) marks=1 ;; esac
      case $m in *[!0-9]*|1|"$$") continue ;; esac
      look "$m"
      if [ -z "$at" ]; then
        [ -n "$line" ] || [ ! -e "/proc/$m" ] || sure=0
        continue
      fi
      [ "$at" -ge "$start" ] || continue
      ours=0
      if [ -n "$t" ]; then
        ours=$(tr '\000' '\n' 2>/dev/null <"/proc/$m/environ" | grep -cxF "CRS_MISSION_START=$t")
        case $ours in ''|*[!0-9]*) sure=0 ours=0 ;; esac
      fi
      echo "$m $at $grp $ses $ours"
    done 2>/dev/null
    [ "$stats$marks$sure" != 111 ] || echo whole
  } | awk -v s="$pid" -v held="$held" '
    $1 == "whole" {whole=1; next}
    {line[NR]=$1 " " $2 " " $3; ses[NR]=$4; ours[NR]=$5; if ($4==s && $5>0) held=1}
    END {for (i=1; i<=NR; i++) if ((i in line) && (ours[i]>0 || (held && ses[i]==s))) print line[i]; if (whole) print "whole"}'
}
"#;

/// The group at once, as no fork escapes that, and then who left it. One that
/// ended meanwhile needs no signal.
const SIGNAL_ALL: &str = r#"need awk cat grep sort tr
list=$(members)
sent=0
if lives "$pid" "$start" "$b" && why=$(kill "-$sig" -- "-$pid" 2>&1); then sent=1; fi
for m in $(echo "$list" | awk -v g="$pid" -v all="$sent" '$1!="whole" && NF && !(all && $3==g) {print $1 ":" $2}'); do
  look "${m%:*}"
  [ "$at" = "${m#*:}" ] || continue
  if why=$(kill "-$sig" "${m%:*}" 2>&1); then sent=$((sent+1))
  else
    look "${m%:*}"
    [ "$at" != "${m#*:}" ] || bad=$why
  fi
done
if [ -n "$bad" ]; then say fail "$bad"
elif [ "$sent" != 0 ]; then say sent "$sent"
else case $list in *whole) say gone ;; *) say fail "nobody can see who belongs to pid $pid" ;; esac; fi
"#;

const SIGNAL_ONE: &str = r#"judge "$pid" "$start" "$b"
if [ "$fate" = unknown ]; then say fail "/proc does not say whether pid $pid lives"
elif [ "$b" != "$boot" ] || [ -z "$at" ]; then say gone
elif [ "$fate" = gone ]; then say changed
elif why=$(kill "-$sig" "$pid" 2>&1); then say sent 1
else say fail "$why"; fi
"#;

/// Never a latch or another file of the kill path, whatever it is called here
/// or leads to; and nothing that was there before the start or is another
/// user's. `$kills` are their paths, one a line.
const TIDY: &str = r#"[ -n "$t" ] || fail "nobody knows which start left it"
kill_path() {
  case ${1##*/} in *kill_switch*|latch.fallback|agent.lock|agent.sock) return 0 ;; esac
  case $1 in */latch-[0-9a-f][0-9a-f][0-9a-f][0-9a-f]*/*) return 0 ;; esac
  while IFS= read -r k; do
    [ -n "$k" ] || continue
    case $1 in "$k"|"$k"/*) return 0 ;; esac
    if [ -e "$k" ] && [ "$1" -ef "$k" ]; then return 0; fi
    to=$(readlink -f -- "$k" 2>/dev/null)
    [ -n "$to" ] || continue
    case $1 in "$to"|"$to"/*) return 0 ;; esac
  done <<END
$kills
END
  return 1
}
away() {
  [ -e "$1" ] || [ -L "$1" ] || return 0
  real=$(readlink -f -- "$1" 2>/dev/null)
  if kill_path "$1" || kill_path "${real:-$1}"; then say kept "$1" "it belongs to the kill path"; return 0; fi
  if [ -L "$1" ] || [ ! -f "$1" ]; then say kept "$1" "it is no plain file"; return 0; fi
  if [ ! -O "$1" ]; then say kept "$1" "it is another user's"; return 0; fi
  if [ ! -e "$p/$t.before" ]; then say kept "$1" "nobody noted what was there before the start"; return 0; fi
  f=$1
  set -- $(ls -di -- "$f" 2>/dev/null)
  if [ -z "${1-}" ]; then say kept "$f" "it can't be read"; return 0; fi
  while read -r k; do
    case $k in all|"$1") say kept "$f" "it was there before the start"; return 0 ;; esac
  done <"$p/$t.before"
  if why=$(rm -f -- "$f" 2>&1); then say removed "$f"; else say kept "$f" "$why"; fi
}
"#;

/// Both files as they grow, until nobody listens any more: that is the end of
/// this script's standard input, behind the script itself.
const FOLLOW: &str = r#"tail -c "+$((out+1))" -f "$p/$t.out" 2>/dev/null </dev/null &
a=$!
tail -c "+$((err+1))" -f "$p/$t.err" >&2 2>/dev/null </dev/null &
b=$!
cat >/dev/null
kill "$a" "$b" 2>/dev/null
exit 0
"#;

/// What `ssh` is told: the same for every question.
pub fn command() -> String {
    "exec /bin/sh -s".to_owned()
}

/// The directory of this mission over there, for a script.
fn dir(host: &Host) -> String {
    match &host.dir {
        Some(dir) => format!("dir={}\n", posix(dir)),
        None => "dir=${XDG_STATE_HOME:-$HOME/.local/state}/crs-mission\n".to_owned(),
    }
}

/// The whole script. Its first line is for people, and for whoever stands
/// between `sshd` and the shell.
pub fn script(host: &Host, ask: &Ask, marker: &str) -> String {
    let mut text = format!("# crs mission: {}\n{{\nn={}\n", ask.word(), posix(marker));
    text.push_str(HEAD);
    text.push_str(&dir(host));
    if !matches!(ask, Ask::Follow { .. }) {
        // Whatever is run reads nothing of this script.
        text.push_str("exec </dev/null\n");
    }
    text.push_str("printf '\\n'\nsay begin\n");
    text.push_str(ASKED);
    match ask {
        Ask::Start(start, mark) => run(&mut text, host, start, mark),
        Ask::Look(known) => look(&mut text, known),
        Ask::Found(name, mark) => {
            let _ = writeln!(text, "p=$dir/{}\nm={}", posix(name), posix(mark));
            text.push_str(FOUND);
        }
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
            text.push_str("need awk cat grep sort tr\n");
            text.push_str(MEMBERS);
            text.push_str(
                "members | while read -r m at g; do\n  \
                 if [ \"$m\" = whole ]; then say whole; else say member \"$m\" \"$at\"; fi\ndone\n",
            );
        }
        Ask::Tidy(tidy) => {
            known(&mut text, &tidy.who);
            let kills = tidy.kills.iter().filter(|path| !path.contains('\n'));
            let kills: Vec<&str> = kills.map(String::as_str).collect();
            let _ = writeln!(text, "kills={}", posix(&kills.join("\n")));
            text.push_str(TIDY);
            for file in tidy.files.iter().filter(|file| file.starts_with('/')) {
                let _ = writeln!(text, "away {}", posix(file));
            }
        }
        Ask::Check(argv) => {
            let words: Vec<String> = argv.iter().map(|word| posix(word)).collect();
            let _ = writeln!(
                text,
                "cd \"$dir\" 2>/dev/null\n({}) >/dev/null 2>&1\nsay status \"$?\"",
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
    text.push_str("say end\nexit 0\n}\n");
    text
}

fn known(text: &mut String, who: &Known) {
    let Known { name, mark, who } = who;
    let _ = writeln!(text, "p=$dir/{}\nt={}", posix(name), posix(mark));
    let _ = writeln!(text, "pid={} start={} b={}", who.pid, who.start, posix(who.boot.as_str()));
}

fn run(text: &mut String, host: &Host, start: &Start, mark: &str) {
    let place = format!("{}p=$dir/{}\nt={}\n", dir(host), posix(&start.name), posix(mark));
    text.push_str(&place);
    text.push_str(BEFORE);
    text.push_str(THERE);
    for file in start.leaves.iter().filter(|file| file.starts_with('/')) {
        let _ = writeln!(text, "there {}", posix(file));
    }
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
    let child = child(start, mark, &cwd, &place);
    let keeper =
        format!("{{\n{HEAD}exec </dev/null\n{place}child={}\n{KEEPER}exit 0\n}}", posix(&child));
    let _ = writeln!(text, "keeper={}", posix(&keeper));
    text.push_str(
        "printf '%s\\n' \"$keeper\" | setsid /bin/sh -s crs-keep >/dev/null 2>&1 &\nkeeper=\n",
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
fn child(start: &Start, mark: &str, cwd: &str, place: &str) -> String {
    let stamp = posix(&start.stamp);
    let mut text =
        format!("{{\n{HEAD}exec </dev/null\n{place}run={} stamp={stamp}\n{CHILD}", start.run);
    let _ = writeln!(text, "{START_MARK}={}; export {START_MARK}", posix(mark));
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
    text.push_str("\n}");
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
