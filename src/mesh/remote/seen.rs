//! What the other machine said, line by line. All of it is foreign.

use crate::domain::Text;
use serde::Serialize;
use std::collections::BTreeMap;

/// Longest answer kept, in lines.
const MOST: usize = 2_000;

/// A process that can't be mistaken for another: a process id returns, its
/// start time (on that machine, as that machine counts it) does not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Process {
    /// Its number there.
    pub pid: u32,
    /// When it was started: boot id and clock ticks on Linux, ticks of 100 ns
    /// since year 1 (UTC) on Windows. One word of letters, digits, `:` and `-`.
    pub start: String,
}

impl Process {
    /// From two words; nothing when they can't be that.
    #[must_use]
    pub fn parse(pid: &str, start: &str) -> Option<Self> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-');
        let good = !start.is_empty() && start.len() <= 80 && start.chars().all(fits);
        let pid = pid.parse().ok().filter(|pid| *pid > 0)?;
        good.then(|| Self { pid, start: start.to_owned() })
    }
}

/// What is known of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct About {
    /// Its start, as in [`Process`].
    pub start: String,
    /// Name.
    pub name: Text,
    /// Its program: for a gateway, the interpreter.
    pub exe: Text,
    /// Its command line.
    pub cmd: Text,
}

/// One who listens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Listener {
    /// TCP port.
    pub port: u16,
    /// Address there; `*` for all.
    pub at: Text,
    /// Whose; none where that machine does not tell this user.
    pub pid: Option<u32>,
}

/// What the record there says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Record {
    /// There is none, or none that can be read.
    #[default]
    None,
    /// This was started.
    Started(Process),
    /// It was stopped on purpose.
    Stopped,
}

/// What a look found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// On the gateway's two ports.
    pub listeners: Vec<Listener>,
    /// By process id.
    pub processes: BTreeMap<u32, About>,
    /// The record.
    pub record: Record,
}

/// The lines between `begin` and `end`, without their marker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Marked lines.
    pub lines: Vec<String>,
    /// Unmarked lines after `begin`: the log, where that was asked for.
    pub free: Vec<Text>,
    /// Unmarked lines before it: banners, mail, messages of the day.
    pub noise: Vec<Text>,
    /// Whether `begin` came.
    pub began: bool,
    /// Whether `end` came.
    pub ended: bool,
}

impl Said {
    /// Takes one answer apart.
    #[must_use]
    pub fn read(marker: &str, output: &[u8]) -> Self {
        let mut said = Self::default();
        for line in String::from_utf8_lossy(output).lines() {
            said.hear(marker, line);
        }
        said
    }

    /// Hears one line.
    pub fn hear(&mut self, marker: &str, line: &str) {
        let line = line.trim_end_matches(['\r', '\n']);
        let ours = line.strip_prefix(marker).and_then(|rest| rest.strip_prefix(' '));
        match ours.map(str::trim_end) {
            Some("begin") => self.began = true,
            Some("end") => self.ended |= self.began,
            Some(rest) if self.began && !self.ended => keep(&mut self.lines, rest.to_owned()),
            _ if self.ended || line.trim().is_empty() && !self.began => {}
            _ if self.began => keep(&mut self.free, Text::limited(line, 2_000)),
            _ => keep(&mut self.noise, Text::limited(line, 200)),
        }
    }

    /// Whether this very word was said.
    #[must_use]
    pub fn has(&self, word: &str) -> bool {
        self.lines.iter().any(|line| line.split(' ').next() == Some(word))
    }

    /// What follows a word, for each time it was said.
    pub fn after<'a>(&'a self, word: &'a str) -> impl Iterator<Item = &'a str> {
        self.lines
            .iter()
            .filter_map(move |line| line.strip_prefix(word)?.strip_prefix(' '))
            .map(str::trim)
    }

    /// What went wrong there, in its own words.
    #[must_use]
    pub fn failure(&self) -> Option<Text> {
        self.lines
            .iter()
            .find_map(|line| line.strip_prefix("fail"))
            .map(|why| Text::limited(why.trim(), 300))
    }

    /// Ports, processes and record.
    #[must_use]
    pub fn seen(&self) -> Seen {
        let mut seen = Seen::default();
        for line in self.after("proc") {
            about(line, &mut seen.processes);
        }
        seen.listeners = self.after("port").filter_map(listener).collect();
        seen.listeners.sort();
        seen.listeners.dedup();
        if let Some((pid, start)) = self.after("record").next().map(split) {
            seen.record = match Process::parse(pid, start) {
                Some(process) => Record::Started(process),
                None if pid == "stopped" => Record::Stopped,
                None => Record::None,
            };
        }
        seen
    }
}

fn keep<T>(list: &mut Vec<T>, line: T) {
    if list.len() < MOST {
        list.push(line);
    }
}

/// First word and the rest.
fn split(text: &str) -> (&str, &str) {
    text.split_once(' ').map_or((text, ""), |(word, rest)| (word, rest.trim()))
}

fn listener(line: &str) -> Option<Listener> {
    let (port, rest) = split(line);
    let (at, pid) = split(rest);
    let at = Text::limited(&address(at), 60);
    Some(Listener { port: port.parse().ok()?, at, pid: pid.parse().ok() })
}

/// `/proc/net/tcp` writes addresses as hexadecimal in the order of its bytes.
fn address(at: &str) -> String {
    let bare = at.split_once(':').filter(|(hex, _)| hex.len() == 8 || hex.len() == 32);
    let Some((hex, _)) = bare.filter(|(hex, _)| hex.chars().all(|c| c.is_ascii_hexdigit())) else {
        return if matches!(at, "0.0.0.0" | "::") { "*".to_owned() } else { at.to_owned() };
    };
    if hex.chars().all(|c| c == '0') {
        return "*".to_owned();
    }
    match u32::from_str_radix(hex, 16) {
        Ok(bits) => std::net::Ipv4Addr::from(bits.swap_bytes()).to_string(),
        Err(_) if hex == "00000000000000000000000001000000" => "::1".to_owned(),
        Err(_) => "an IPv6 address".to_owned(),
    }
}

fn about(line: &str, all: &mut BTreeMap<u32, About>) {
    let (pid, rest) = split(line);
    let (field, value) = split(rest);
    let Ok(pid) = pid.parse::<u32>() else { return };
    let entry = all.entry(pid).or_default();
    let value = value.trim();
    match field {
        "start" => value.clone_into(&mut entry.start),
        "name" => entry.name = Text::limited(value, 60),
        "exe" => entry.exe = Text::limited(value, 300),
        "cmd" => entry.cmd = Text::limited(value, 500),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ANSWER: &str = "Welcome to GTW\nm1 begin-ish\n\nm1 begin\r\n\
        m1 port 5555 00000000:15B3 688\nm1 proc 688 start b-1:4711\nm1 proc 688 name python\n\
        m1 proc 688 cmd C:\\x y\\python.exe run_zmq_gateway.py\nnoise between\n\
        m1 port 5556 0100007F:15B4 ?\nm1 record 688 b-1:4711\nm2 port 1 * 1\nm1 end\nbye\n";

    #[test]
    fn an_answer_is_told_from_the_noise_around_it() {
        let said = Said::read("m1", ANSWER.as_bytes());
        assert!(said.began && said.ended);
        assert_eq!(said.noise.len(), 2);
        assert_eq!(said.free, [Text::new("noise between"), Text::new("m2 port 1 * 1")]);
        let seen = said.seen();
        let at = |port, at: &str, pid| Listener { port, at: Text::new(at), pid };
        assert_eq!(seen.listeners, [at(5555, "*", Some(688)), at(5556, "127.0.0.1", None)]);
        assert_eq!(seen.record, Record::Started(Process { pid: 688, start: "b-1:4711".into() }));
        assert_eq!(seen.processes[&688].cmd.as_str(), "C:\\x y\\python.exe run_zmq_gateway.py");
        assert!(Said::read("m3", ANSWER.as_bytes()).lines.is_empty());
    }

    #[test]
    fn an_end_that_did_not_come_is_noticed() {
        let cut = ANSWER.split("m1 end").next().unwrap();
        let said = Said::read("m1", cut.as_bytes());
        assert!(said.began && !said.ended);
        assert!(!Said::read("m1", b"m1 end\n").ended, "an end without a begin");
    }

    #[test]
    fn a_record_of_anything_else_is_none() {
        let record = |text: &str| {
            Said::read("m", format!("m begin\nm record {text}\nm end\n").as_bytes()).seen().record
        };
        assert_eq!(record("stopped on purpose"), Record::Stopped);
        for wrong in ["", "12", "0 b:1", "x b:1", "12 $(reboot)", "12 a'b", "-1 b:1"] {
            assert_eq!(record(wrong), Record::None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_is_too_odd_and_nothing_of_it_steers(bytes: Vec<u8>, marker in "[0-9a-f]{4}") {
            let mut answer = format!("{marker} begin\n{marker} port ").into_bytes();
            answer.extend(bytes);
            let said = Said::read(&marker, &answer);
            let seen = said.seen();
            let shown = format!("{:?}{:?}", seen.listeners, said.free);
            let steers = shown.chars().any(|c| matches!(c, '\x1b' | '\u{202e}'));
            prop_assert!(!steers);
        }
    }
}
