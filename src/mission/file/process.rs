//! `[process.NAME]`.

use super::{label, probe, words};
use crate::config::origin::Sourced;
use crate::config::section::Section;
use crate::config::{Origin, Problem};
use crate::domain::Text;
use crate::mission::spec::{
    Condition, Growth, Limits, Name, OnDeath, Process, Restart, RestartOn, Stop,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

/// A process, and where its names of others were written.
pub struct Placed {
    /// The process; its host is not proven yet.
    pub process: Process,
    /// Where its host is named.
    pub host: Option<Origin>,
    /// Where each of `depends` is named, in that order.
    pub depends: Vec<Origin>,
    /// Where its command is written.
    pub cmd: Origin,
}

/// All of them, in the order of the file, and the names of all that are
/// written, those with a mistake too.
pub fn processes(
    mut all: Section<'_, '_>,
    out: &mut Vec<Problem>,
) -> (Vec<Placed>, BTreeSet<Name>) {
    let (mut found, mut names) = (Vec::new(), BTreeSet::new());
    for key in all.keys() {
        names.insert(key.value.to_owned());
        let Some(section) = all.section(key.value, out) else { continue };
        let name = words::name(&key, "process", out).unwrap_or_default();
        found.extend(process(name, section, out));
    }
    all.finish(out);
    (found, names)
}

fn process(name: Name, mut section: Section<'_, '_>, out: &mut Vec<Problem>) -> Option<Placed> {
    let before = out.len();
    let at = section.place();
    let section = &mut section;
    let display_name = label(section.text("display_name", out), 80);
    let host = section.text("host", out);
    let cmd_at = section.texts("cmd", &mut Vec::new()).map(|list| list.origin);
    let cmd = words::argv(section, "cmd", out);
    let check = words::argv(section, "check", out).unwrap_or_default();
    let cwd = directory(section, out);
    let env = env(section, out);
    let secrets = secrets(section, out);
    let (depends, depends_at) = depends(section, out);
    let ready = section.sections("ready", out);
    let ready = probe::probes(ready, out);
    let live = section.sections("live", out);
    let live = probe::probes(live, out);
    let restart = section.section("restart", out);
    let restart = restart.map(|s| restart_of(s, out)).unwrap_or_default();
    let stop = section.section("stop", out).map(|s| stop(s, out)).unwrap_or_default();
    let deaths = [("kill", OnDeath::Kill), ("keep", OnDeath::Keep)];
    let death = section.text("on_daemon_death", out);
    let death = death.and_then(|text| words::one_of(&text, "on_daemon_death", &deaths, out));
    let limits = section.section("limits", out).map(|s| limits(s, out)).unwrap_or_default();
    let ports = words::numbers(section, "ports", &(1..=65_535), out);
    let files = section.texts("files", out);
    if let (Some(files), Some(host)) = (&files, &host) {
        let cause =
            format!("{} are looked at here, and it runs on {}", section.full("files"), host.value);
        out.push(Problem::new(files.origin.clone(), cause, "take files out, or host"));
    }
    let shm = shm(section, out);
    let locks = locks(section, out);
    let growth = section.section("growth", out).and_then(|s| growth(s, out));
    let (full, missing) = (section.full("cmd"), cmd.is_none());
    section.unknown(out);
    if missing && out.len() == before {
        let next = "add: cmd = [\"program\", \"argument\", …]";
        out.push(Problem::new(at.clone(), format!("{full} is missing"), next));
    }
    let host_at = host.as_ref().map(|host| host.origin.clone());
    let process = Process {
        display_name: display_name.unwrap_or_else(|| Text::new(&name)),
        name,
        host: host.map(|host| host.value.to_owned()),
        cmd: cmd?,
        check,
        cwd,
        env,
        secrets,
        depends,
        ready,
        live,
        restart,
        stop,
        on_daemon_death: death.unwrap_or_default(),
        limits,
        ports: ports.into_iter().map(|(port, _)| port).collect(),
        files: texts(files),
        shm,
        locks,
        growth,
        at: at.clone(),
    };
    Some(Placed { process, host: host_at, depends: depends_at, cmd: cmd_at.unwrap_or(at) })
}

/// The words of a list.
pub fn texts(list: Option<Sourced<Vec<Sourced<&str>>>>) -> Vec<String> {
    let list = list.map(|list| list.value).unwrap_or_default();
    list.into_iter().map(|text| text.value.to_owned()).collect()
}

/// An absolute path of either platform: the host's is not known yet.
fn directory(section: &mut Section<'_, '_>, out: &mut Vec<Problem>) -> Option<PathBuf> {
    let text = section.text("cwd", out)?;
    let mut first = text.value.chars();
    let drive = matches!(
        (first.next(), first.next(), first.next()),
        (Some('A'..='Z' | 'a'..='z'), Some(':'), Some('/' | '\\'))
    );
    if text.value.contains('\0') || !(drive || text.value.starts_with('/')) {
        let cause = format!("{} is not an absolute path", section.full("cwd"));
        let next = "begin it with / or with a drive (~ and variables are not expanded)";
        out.push(Problem::new(text.origin, cause, next));
        return None;
    }
    Some(PathBuf::from(text.value))
}

/// A variable's name must fit `NAME=value`.
fn variable(key: &Sourced<&str>, out: &mut Vec<Problem>) -> bool {
    let sound = !key.value.is_empty() && !key.value.contains(['=', '\0']);
    if !sound {
        let cause = format!("\"{}\" is no name of a variable", Text::limited(key.value, 60));
        out.push(Problem::new(key.origin.clone(), cause, "write it without = and not empty"));
    }
    sound
}

fn env(section: &mut Section<'_, '_>, out: &mut Vec<Problem>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let Some(mut table) = section.section("env", out) else { return found };
    for key in table.keys() {
        let Some(value) = table.text(key.value, out) else { continue };
        if value.value.contains('\0') {
            let next = "write it without a zero byte";
            out.push(Problem::new(value.origin, "this value holds a zero byte", next));
        } else if variable(&key, out) {
            found.insert(key.value.to_owned(), value.value.to_owned());
        }
    }
    found
}

fn secrets(section: &mut Section<'_, '_>, out: &mut Vec<Problem>) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    if let Some(mut table) = section.section("secret_file", out) {
        for key in table.keys() {
            let path = table.path(key.value, out).map(|path| path.value);
            let Some(path) = path.filter(|_| variable(&key, out)) else { continue };
            let path = path.to_string_lossy().into_owned();
            found.insert(key.value.to_owned(), vec![String::from("cat"), path]);
        }
    }
    let Some(mut table) = section.section("secret_command", out) else { return found };
    for key in table.keys() {
        let argv = words::argv(&mut table, key.value, out);
        let Some(argv) = argv.filter(|_| variable(&key, out)) else { continue };
        if found.insert(key.value.to_owned(), argv).is_some() {
            let cause = format!("\"{}\" is in secret_file too", Text::limited(key.value, 60));
            out.push(Problem::new(key.origin, cause, "keep one of the two"));
        }
    }
    found
}

/// Words of a condition.
pub const CONDITIONS: [(&str, Condition); 4] = [
    ("started", Condition::Started),
    ("ready", Condition::Ready),
    ("completed", Condition::Completed),
    ("succeeded", Condition::Succeeded),
];

fn depends(
    section: &mut Section<'_, '_>,
    out: &mut Vec<Problem>,
) -> (Vec<(Name, Condition)>, Vec<Origin>) {
    let (mut found, mut places) = (Vec::new(), Vec::new());
    let Some(mut table) = section.section("depends", out) else { return (found, places) };
    for key in table.keys() {
        let Some(word) = table.text(key.value, out) else { continue };
        let Some(condition) = words::one_of(&word, "condition", &CONDITIONS, out) else { continue };
        found.push((key.value.to_owned(), condition));
        places.push(key.origin);
    }
    (found, places)
}

/// `restart = { … }`, of a process or of a mode.
pub fn restart_of(mut section: Section<'_, '_>, out: &mut Vec<Problem>) -> Restart {
    let usual = Restart::default();
    let ms = Duration::from_millis(1);
    let words_of = [
        ("never", RestartOn::Never),
        ("failure", RestartOn::Failure),
        ("always", RestartOn::Always),
    ];
    let on = section.text("on", out);
    let on = on.and_then(|text| words::one_of(&text, "restart.on", &words_of, out));
    let first = words::duration(&mut section, "first", ms, out).unwrap_or(usual.first);
    let factor_pct = factor(&mut section, out).unwrap_or(usual.factor_pct);
    let cap = words::duration(&mut section, "cap", ms, out);
    let max = words::narrow(&mut section, "max", 0..=1_000_000, out).unwrap_or(usual.max);
    let window = words::duration(&mut section, "window", ms, out).unwrap_or(usual.window);
    let reset = words::duration(&mut section, "reset", ms, out).unwrap_or(usual.reset);
    if let Some(cap) = cap
        && cap < first
    {
        let cause = format!("{} is shorter than first", section.full("cap"));
        out.push(Problem::new(section.place(), cause, "give cap at least the wait of first"));
    }
    section.finish(out);
    let cap = cap.unwrap_or_else(|| usual.cap.max(first));
    Restart { on: on.unwrap_or_default(), first, factor_pct, cap, max, window, reset }
}

/// `2` or `1.5`, from 1 to 100, in hundredths.
fn factor(section: &mut Section<'_, '_>, out: &mut Vec<Problem>) -> Option<u32> {
    let text = section.decimal("factor", out)?;
    let (whole, part) = text.value.split_once('.').unwrap_or((&text.value, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let hundredths = || {
        let part = format!("{part:0<2}");
        (digits(whole) && digits(&part) && part.len() == 2).then_some(())?;
        whole.parse::<u32>().ok()?.checked_mul(100)?.checked_add(part.parse().ok()?)
    };
    let found = hundredths().filter(|pct| (100..=10_000).contains(pct));
    if found.is_none() {
        let cause = format!("{} is no factor", section.full("factor"));
        out.push(Problem::new(text.origin, cause, "write it as 2 or 1.5, from 1 to 100"));
    }
    found
}

fn stop(mut section: Section<'_, '_>, out: &mut Vec<Problem>) -> Stop {
    let usual = Stop::default();
    let signal = section.text("signal", out).and_then(|text| {
        let bare = text.value.strip_prefix("SIG").unwrap_or(text.value);
        let text = Sourced { value: bare, origin: text.origin };
        words::one_of(&text, "signal", &words::SIGNALS, out)
    });
    let timeout = words::duration(&mut section, "timeout", Duration::ZERO, out);
    section.finish(out);
    Stop { signal: signal.unwrap_or(usual.signal), timeout: timeout.unwrap_or(usual.timeout) }
}

fn limits(mut section: Section<'_, '_>, out: &mut Vec<Problem>) -> Limits {
    let memory = words::size(&mut section, "memory", out);
    let cpu_pct = words::narrow(&mut section, "cpu_percent", 1..=1_000_000, out);
    let nice = section.plain("nice", out).and_then(|nice| {
        let crate::config::section::Plain::Number(n) = nice.value else {
            let next = "write a whole number from -20 to 19";
            out.push(Problem::new(nice.origin, "limits.nice is no number", next));
            return None;
        };
        let fits = i32::try_from(n).ok().filter(|n| (-20..=19).contains(n));
        if fits.is_none() {
            let cause = format!("{} = {n} is out of range", section.full("nice"));
            out.push(Problem::new(nice.origin, cause, "give a number from -20 to 19"));
        }
        fits
    });
    let affinity = words::numbers(&mut section, "affinity", &(0..=1_023), out);
    let nofile = section.integer("nofile", 16..=10_000_000, out).map(|n| n.value);
    section.finish(out);
    let affinity = affinity.into_iter().map(|(core, _)| core).collect();
    Limits { memory, cpu_pct, nice, affinity, nofile }
}

fn shm(section: &mut Section<'_, '_>, out: &mut Vec<Problem>) -> Vec<String> {
    let names = section.texts("shm", out).map(|list| list.value).unwrap_or_default();
    let (sound, wrong): (Vec<_>, Vec<_>) = names.into_iter().partition(|n| probe::is_shm(n.value));
    out.extend(wrong.iter().map(probe::not_shm));
    sound.into_iter().map(|name| name.value.to_owned()).collect()
}

/// Lock files: never what may be a latch.
fn locks(section: &mut Section<'_, '_>, out: &mut Vec<Problem>) -> Vec<PathBuf> {
    let Some(paths) = section.paths("locks", out) else { return Vec::new() };
    for path in &paths.value {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        if name.is_none_or(|name| name.contains("kill_switch")) {
            let cause = "a latch is no lock file of a process";
            let next = "take it out of locks: `crs reset` is the only way to undo a stop";
            out.push(Problem::new(paths.origin.clone(), cause, next));
        }
    }
    paths.value
}

fn growth(mut section: Section<'_, '_>, out: &mut Vec<Problem>) -> Option<Growth> {
    let before = out.len();
    let at = section.place();
    let percent = words::narrow(&mut section, "percent", 1..=100_000, out);
    let window = words::duration(&mut section, "window", Duration::from_secs(1), out);
    section.finish(out);
    if out.len() == before && (percent.is_none() || window.is_none()) {
        let next = "write growth = { percent = 20, window = \"30m\" }";
        out.push(Problem::new(at, "growth needs percent and window", next));
    }
    Some(Growth { percent: percent?, window: window? })
}
