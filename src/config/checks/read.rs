//! Reading nodes and checks, key by key.

use super::{At, Check, Http, Node, Probe, Ssh};
use crate::config::Problem;
use crate::config::load::Draft;
use crate::config::origin::Sourced;
use crate::config::problem::nearest;
use crate::config::section::Section;
use crate::domain::{Endpoint, Text};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest name of a node or check, in characters.
const NAME_CHARS: usize = 40;
/// Milliseconds that a look may take.
const TIMEOUT_MS: RangeInclusive<u64> = 1..=600_000;
/// Milliseconds between two looks.
const PERIOD_MS: RangeInclusive<u64> = 100..=86_400_000;

/// Word of the kind, usual timeout and period in milliseconds, how to read it.
type Row = (&'static str, u64, u64, fn(&mut Reader<'_, '_, '_>) -> Option<Probe>);

const KINDS: [Row; 19] = [
    ("tcp", 3_000, 30_000, |r| r.at(None).map(Probe::Tcp)),
    ("icmp", 3_000, 30_000, |r| Some(Probe::Icmp(r.host()))),
    ("dns", 5_000, 60_000, dns),
    ("http", 10_000, 60_000, |r| http(r, None, "/")),
    ("mlflow", 5_000, 30_000, |r| http(r, Some(200), "/ping")),
    ("heartbeat", 5_000, 30_000, |r| r.at(Some(0)).map(Probe::Heartbeat)),
    ("ticks", 5_000, 60_000, |r| r.at(Some(0)).map(Probe::Ticks)),
    ("redis", 3_000, 30_000, |r| r.at(Some(6_379)).map(Probe::Redis)),
    ("postgres", 5_000, 30_000, postgres),
    ("file", 2_000, 60_000, |r| r.path("path").map(Probe::File)),
    ("executable", 2_000, 60_000, |r| r.path("path").map(Probe::Executable)),
    ("command", 10_000, 300_000, command),
    ("git-hook", 5_000, 300_000, git_hook),
    ("ssh", 10_000, 120_000, |r| r.ssh().map(Probe::Ssh)),
    ("latch", 10_000, 60_000, latch),
    ("disk", 2_000, 60_000, disk),
    ("memory", 2_000, 60_000, |r| Some(memory(r))),
    ("clock", 3_000, 120_000, clock),
    ("systemd", 5_000, 60_000, unit),
];

/// Port that stands for "the gateway's own".
pub(super) const GATEWAYS: u16 = 0;

/// `[mesh]`.
pub(crate) fn mesh(section: &mut Section<'_, '_>, draft: &mut Draft) {
    let out = &mut draft.problems;
    let profile = section.path("profile", out).map(|p| p.map(Some));
    let root = section.path("root", out).map(|p| p.map(Some));
    let watch = section.switch("watch", out);
    draft.put("mesh.profile", profile, |s| &mut s.mesh.profile);
    draft.put("mesh.root", root, |s| &mut s.mesh.root);
    draft.put("mesh.watch", watch, |s| &mut s.mesh.watch);
}

/// `[[node]]`.
pub(crate) fn nodes(sections: Vec<Section<'_, '_>>, out: &mut Vec<Problem>) -> Vec<Node> {
    let mut found: Vec<Node> = Vec::new();
    for mut section in sections {
        let at = section.place();
        let name = name(&mut section, "name", out);
        let host = section.text("host", out).and_then(|text| host(text, out));
        let gateway = section.switch("gateway", out).is_some_and(|is| is.value);
        section.finish(out);
        let Some(name) = name else { continue };
        if found.iter().any(|node| node.name == name) {
            let cause = format!("two nodes are called \"{name}\"");
            out.push(Problem::new(at, cause, "give each [[node]] a name of its own"));
            continue;
        }
        found.push(Node { name, host, gateway, at });
    }
    found
}

/// `[[check]]`.
pub(crate) fn checks(sections: Vec<Section<'_, '_>>, out: &mut Vec<Problem>) -> Vec<Check> {
    let mut found: Vec<Check> = Vec::new();
    for section in sections {
        let Some(check) = check(section, out) else { continue };
        if found.iter().any(|other| other.node == check.node && other.name == check.name) {
            let cause = format!("two checks of {} are called \"{}\"", check.node, check.name);
            out.push(Problem::new(check.at, cause, "give each check of a node its own name"));
            continue;
        }
        found.push(check);
    }
    found
}

fn check(mut section: Section<'_, '_>, out: &mut Vec<Problem>) -> Option<Check> {
    let before = out.len();
    let place = section.place();
    let node = name(&mut section, "node", out);
    let label = name(&mut section, "name", out);
    let kind = section.text("kind", out);
    let phase = section.integer("phase", 1..=4, out);
    let critical = section.switch("critical", out).is_some_and(|is| is.value);
    let timeout = section.integer("timeout_ms", TIMEOUT_MS, out);
    let period = section.integer("period_ms", PERIOD_MS, out);
    let next = section.text("next", out).map(|text| Text::limited(text.value, 200));
    let Some(kind) = kind else {
        if out.len() == before {
            let next = format!("add: kind = \"tcp\", or one of {}", words());
            out.push(Problem::new(place, "this [[check]] has no kind", next));
        }
        return None;
    };
    let Some((_, usual_timeout, usual_period, read)) =
        KINDS.iter().find(|(word, ..)| *word == kind.value)
    else {
        let hint = nearest(kind.value, KINDS.iter().map(|(word, ..)| *word))
            .map_or_else(String::new, |meant| format!(" (did you mean \"{meant}\"?)"));
        let cause = format!("no kind of check is \"{}\"{hint}", Text::limited(kind.value, 40));
        out.push(Problem::new(kind.origin, cause, format!("write one of {}", words())));
        return None;
    };
    let mut reader = Reader { section: &mut section, out };
    let probe = read(&mut reader);
    section.finish(out);
    let ms = |given: Option<Sourced<u64>>, usual: u64| {
        Duration::from_millis(given.map_or(usual, |ms| ms.value))
    };
    (out.len() == before).then_some(())?;
    Some(Check {
        node: node?,
        name: label?,
        phase: phase.and_then(|phase| u8::try_from(phase.value).ok()),
        critical,
        timeout: ms(timeout, *usual_timeout),
        period: ms(period, *usual_period),
        next: next.unwrap_or_default(),
        probe: probe?,
        at: place,
    })
}

fn words() -> String {
    KINDS.iter().map(|(word, ..)| *word).collect::<Vec<_>>().join(", ")
}

/// A short name, which must be there.
fn name(section: &mut Section<'_, '_>, key: &'static str, out: &mut Vec<Problem>) -> Option<Text> {
    let before = out.len();
    let Some(text) = section.text(key, out) else {
        if out.len() == before {
            let cause = format!("{} is missing", section.full(key));
            out.push(Problem::new(section.place(), cause, format!("add: {key} = \"…\"")));
        }
        return None;
    };
    let name = Text::limited(text.value, NAME_CHARS);
    if name.is_empty() || name.as_str() != text.value {
        let cause = format!("{} \"{name}\" is no name", section.full(key));
        let next = format!("use 1 to {NAME_CHARS} characters that can be read");
        out.push(Problem::new(text.origin, cause, next));
        return None;
    }
    Some(name)
}

fn host(text: Sourced<&str>, out: &mut Vec<Problem>) -> Option<String> {
    match Endpoint::new(text.value, 1) {
        Ok(_) => Some(text.value.to_owned()),
        Err(e) => {
            let next = "give a host name or an IP address, the port apart";
            out.push(Problem::new(text.origin, e.to_string(), next));
            None
        }
    }
}

/// The keys of one kind.
struct Reader<'r, 'a, 'd> {
    section: &'r mut Section<'a, 'd>,
    out: &'r mut Vec<Problem>,
}

impl Reader<'_, '_, '_> {
    fn text(&mut self, key: &'static str) -> Option<String> {
        self.section.text(key, self.out).map(|text| text.value.to_owned())
    }

    fn number(&mut self, key: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        self.section.integer(key, range, self.out).map(|n| n.value)
    }

    fn needed<T>(&mut self, key: &'static str, got: Option<T>) -> Option<T> {
        if got.is_none() {
            let cause = format!("{} is missing", self.section.full(key));
            let next = format!("a check of this kind needs {key}");
            self.out.push(Problem::new(self.section.place(), cause, next));
        }
        got
    }

    /// Host and port; without a usual port it must be given.
    fn at(&mut self, usual: Option<u16>) -> Option<At> {
        let At { host, .. } = self.host();
        let before = self.out.len();
        let port = self.number("port", 1..=65_535).and_then(|port| u16::try_from(port).ok());
        let port = port.or(usual);
        if self.out.len() == before {
            self.needed("port", port)?;
        }
        Some(At { host, port })
    }

    fn host(&mut self) -> At {
        let text = self.section.text("host", self.out);
        let host = text.and_then(|text| host(text, self.out));
        At { host, port: None }
    }

    fn path(&mut self, key: &'static str) -> Option<PathBuf> {
        let before = self.out.len();
        let text = self.text(key);
        let text = if self.out.len() == before { self.needed(key, text)? } else { text? };
        if text.is_empty() || text.contains('\0') {
            let cause = format!("{} is no path", self.section.full(key));
            self.out.push(Problem::new(self.section.place(), cause, "name a file or directory"));
            return None;
        }
        Some(PathBuf::from(text))
    }

    fn absolute(&mut self, key: &'static str) -> Option<PathBuf> {
        self.section.path(key, self.out).map(|path| path.value)
    }

    fn ssh(&mut self) -> Option<Ssh> {
        let mut at = self.host();
        at.port = self.number("port", 1..=65_535).and_then(|port| u16::try_from(port).ok());
        let user = self.text("user").unwrap_or_default();
        let (identity, config) = (self.absolute("identity"), self.absolute("ssh_config"));
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '\\');
        if user.starts_with('-') || !user.chars().all(fits) {
            let cause = format!("\"{}\" is no user", Text::limited(&user, 40));
            self.out.push(Problem::new(self.section.place(), cause, "write the login name alone"));
            return None;
        }
        Some(Ssh { at, user, identity, config })
    }
}

fn dns(r: &mut Reader<'_, '_, '_>) -> Option<Probe> {
    let name = r.text("lookup");
    let name = r.needed("lookup", name)?;
    let label = |l: &str| (1..=63).contains(&l.len());
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if name.len() > 253 || !name.chars().all(fits) || !name.split('.').all(label) {
        let cause = format!("\"{}\" is no name to look up", Text::limited(&name, 60));
        r.out.push(Problem::new(r.section.place(), cause, "write it as in \"api.example\""));
        return None;
    }
    let text = r.section.text("server", r.out);
    let server = text.and_then(|text| match text.value.parse::<Endpoint>() {
        Ok(server) => Some(server),
        Err(e) => {
            let next = "write the server as \"127.0.0.1:53\"";
            r.out.push(Problem::new(text.origin, e.to_string(), next));
            None
        }
    });
    Some(Probe::Dns { name, server })
}

fn http(r: &mut Reader<'_, '_, '_>, status: Option<u16>, path: &str) -> Option<Probe> {
    let tls = r.section.switch("tls", r.out).is_some_and(|tls| tls.value);
    let usual = match (status, tls) {
        (Some(_), _) => 5_001,
        (None, true) => 443,
        (None, false) => 80,
    };
    let at = r.at(Some(usual))?;
    let path = r.text("path").unwrap_or_else(|| path.to_owned());
    let name = r.section.text("server_name", r.out).and_then(|text| host(text, r.out));
    let ca_file = r.absolute("ca_file");
    let wanted = r.number("status", 100..=599).and_then(|n| u16::try_from(n).ok());
    let contains = r.text("contains").unwrap_or_default();
    let json = r.section.switch("json", r.out).is_some_and(|json| json.value);
    if !path.starts_with('/') || path.bytes().any(|b| !(0x21..0x7f).contains(&b)) {
        let cause = format!("\"{}\" is no path of a request", Text::limited(&path, 60));
        r.out.push(Problem::new(r.section.place(), cause, "begin it with /, without spaces"));
        return None;
    }
    let status = wanted.or(status);
    Some(Probe::Http(Http { at, tls, path, name, ca_file, status, contains, json }))
}

fn postgres(r: &mut Reader<'_, '_, '_>) -> Option<Probe> {
    let at = r.at(Some(5_432))?;
    let user = r.text("user").filter(|user| !user.is_empty() && !user.contains('\0'));
    Some(Probe::Postgres { at, user: user.unwrap_or_else(|| String::from("postgres")) })
}

fn command(r: &mut Reader<'_, '_, '_>) -> Option<Probe> {
    let texts = r.section.texts("argv", r.out);
    let argv: Option<Vec<String>> =
        texts.map(|all| all.value.iter().map(|text| text.value.to_owned()).collect());
    let argv = r.needed("argv", argv.filter(|argv| argv.first().is_some_and(|p| !p.is_empty())))?;
    let contains = r.text("contains").unwrap_or_default();
    Some(Probe::Command { argv, contains })
}

fn git_hook(r: &mut Reader<'_, '_, '_>) -> Option<Probe> {
    let repo = r.text("repo").map_or_else(|| PathBuf::from("."), PathBuf::from);
    let hook = r.text("hook").unwrap_or_else(|| String::from("post-commit"));
    if Path::new(&hook).components().count() != 1 || hook.contains(['/', '\0']) || hook == ".." {
        let cause = format!("\"{}\" is no name of a hook", Text::limited(&hook, 40));
        r.out.push(Problem::new(r.section.place(), cause, "write it as in \"post-commit\""));
        return None;
    }
    Some(Probe::GitHook { repo, hook })
}

fn latch(r: &mut Reader<'_, '_, '_>) -> Option<Probe> {
    let ssh = r.ssh()?;
    let path = r.text("path");
    let windows = r.section.switch("windows", r.out).is_some_and(|is| is.value);
    // A shell over there reads it, so nothing that a shell reads may be in it.
    let fits = |c: char| c.is_ascii_alphanumeric() || "/\\.:_- ".contains(c);
    if let Some(path) = &path
        && (path.is_empty() || !path.chars().all(fits))
    {
        let cause = format!("\"{}\" is no path of a latch", Text::limited(path, 60));
        let next = "use letters, digits, spaces and . _ - : / \\ only";
        r.out.push(Problem::new(r.section.place(), cause, next));
        return None;
    }
    Some(Probe::Latch { ssh, path, windows })
}

fn disk(r: &mut Reader<'_, '_, '_>) -> Option<Probe> {
    let path = r.path("path")?;
    let min_free_mb = r.number("min_free_mb", 1..=1_000_000_000).unwrap_or(1_024);
    Some(Probe::Disk { path, min_free_mb })
}

fn memory(r: &mut Reader<'_, '_, '_>) -> Probe {
    let min_free_mb = r.number("min_free_mb", 1..=1_000_000_000).unwrap_or(256);
    Probe::Memory { min_free_mb }
}

fn clock(r: &mut Reader<'_, '_, '_>) -> Option<Probe> {
    let at = r.at(Some(123))?;
    let max_ms = r.number("max_ms", 1..=86_400_000).unwrap_or(500);
    Some(Probe::Clock { at, max_ms })
}

fn unit(r: &mut Reader<'_, '_, '_>) -> Option<Probe> {
    let unit = r.text("unit");
    let unit = r.needed("unit", unit)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@' | ':');
    if unit.is_empty() || unit.starts_with('-') || !unit.chars().all(fits) {
        let cause = format!("\"{}\" is no unit", Text::limited(&unit, 40));
        r.out.push(Problem::new(r.section.place(), cause, "write it as in \"redis.service\""));
        return None;
    }
    Some(Probe::Unit(unit))
}
