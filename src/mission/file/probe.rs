//! `[[process.NAME.ready]]` and `[[process.NAME.live]]`.

use super::words;
use crate::config::Problem;
use crate::config::section::Section;
use crate::domain::{Endpoint, Text};
use crate::mission::spec::{Look, Probe};
use std::time::Duration;

/// Shortest period and timeout: a look that never waits is none.
const LEAST: Duration = Duration::from_millis(10);

/// Word of the kind and how its value is read.
type Kind = fn(&mut Section<'_, '_>, &mut Vec<Problem>) -> Option<Look>;

const KINDS: [(&str, Kind); 7] = [
    ("exec", |s, out| words::argv(s, "exec", out).map(Look::Exec)),
    ("http", |s, out| url(s, out).map(Look::Http)),
    ("tcp", |s, out| address(s, "tcp", out).map(Look::Tcp)),
    ("log", |s, out| said(s, out).map(Look::Log)),
    ("redis", |s, out| address(s, "redis", out).map(Look::Redis)),
    ("heartbeat", |s, out| address(s, "heartbeat", out).map(Look::Heartbeat)),
    ("shm", |s, out| shared(s, out).map(Look::Shm)),
];

/// All of one list.
pub fn probes(sections: Vec<Section<'_, '_>>, out: &mut Vec<Problem>) -> Vec<Probe> {
    sections.into_iter().filter_map(|section| probe(section, out)).collect()
}

fn probe(mut section: Section<'_, '_>, out: &mut Vec<Problem>) -> Option<Probe> {
    let before = out.len();
    let place = section.place();
    let looks: Vec<Look> = KINDS.iter().filter_map(|(_, read)| read(&mut section, out)).collect();
    let delay = words::duration(&mut section, "delay", Duration::ZERO, out);
    let period = words::duration(&mut section, "period", LEAST, out);
    let timeout = words::duration(&mut section, "timeout", LEAST, out);
    let success = words::narrow(&mut section, "success", 1..=1_000, out);
    let failure = words::narrow(&mut section, "failure", 1..=1_000, out);
    section.finish(out);
    let mut looks = looks.into_iter();
    let (look, second) = (looks.next(), looks.next());
    if out.len() == before && (look.is_none() || second.is_some()) {
        let kinds = KINDS.map(|(word, _)| word).join(", ");
        let cause = if second.is_some() { "looks at two things" } else { "looks at nothing" };
        let next = format!("give each probe one of {kinds}; write another one for another look");
        out.push(Problem::new(place, format!("this probe {cause}"), next));
    }
    Some(Probe {
        look: look?,
        delay: delay.unwrap_or_default(),
        period: period.unwrap_or(Duration::from_secs(1)),
        timeout: timeout.unwrap_or(Duration::from_secs(3)),
        success: success.unwrap_or(1),
        failure: failure.unwrap_or(3),
    })
}

fn address(
    section: &mut Section<'_, '_>,
    key: &'static str,
    out: &mut Vec<Problem>,
) -> Option<Endpoint> {
    let text = section.text(key, out)?;
    words::endpoint(&text, key, out)
}

fn url(section: &mut Section<'_, '_>, out: &mut Vec<Problem>) -> Option<String> {
    let text = section.text("http", out)?;
    let rest = ["http://", "https://"].iter().find_map(|scheme| text.value.strip_prefix(scheme));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    let sound = host.is_some_and(|host| !host.is_empty() && !host.contains('@'));
    if !sound || text.value.bytes().any(|b| !(0x21..0x7f).contains(&b)) {
        let cause = format!("\"{}\" is no URL to look at", Text::limited(text.value, 60));
        let next = "write it as \"http://127.0.0.1:8000/health\", without a password";
        out.push(Problem::new(text.origin, cause, next));
        return None;
    }
    Some(text.value.to_owned())
}

fn said(section: &mut Section<'_, '_>, out: &mut Vec<Problem>) -> Option<String> {
    let text = section.text("log", out)?;
    if text.value.is_empty() || text.value.contains(['\n', '\0']) {
        let next = "write a part of one line of its output";
        out.push(Problem::new(text.origin, "log looks for no line", next));
        return None;
    }
    Some(text.value.to_owned())
}

fn shared(section: &mut Section<'_, '_>, out: &mut Vec<Problem>) -> Option<String> {
    let text = section.text("shm", out)?;
    if is_shm(text.value) {
        return Some(text.value.to_owned());
    }
    out.push(not_shm(&text));
    None
}

/// Whether this is a name within `/dev/shm`.
pub fn is_shm(name: &str) -> bool {
    !name.is_empty()
        && name.len() < 256
        && !name.contains(['/', '\0'])
        && name != "."
        && name != ".."
}

/// What is wrong with a name that is none.
pub fn not_shm(text: &crate::config::origin::Sourced<&str>) -> Problem {
    let cause = format!("\"{}\" is no name in /dev/shm", Text::limited(text.value, 60));
    Problem::new(text.origin.clone(), cause, "write the name alone, without a directory")
}
