//! The file's layer: every key that `config.toml` may hold.

use super::gateways::{Parts, is_name};
use super::load::Draft;
use super::origin::{Origin, Sourced};
use super::problem::nearest;
use super::section::{Document, Section};
use super::{ColorChoice, LineChoice, Problem, SyslogChoice};
use super::{alarms, checks, engine, market, mission, recording, remote, sentinel, sources};
use crate::domain::{Endpoint, Money, Text};
use toml::de::DeTable;

/// Longest line of the out-of-band card, in characters.
const CARD_CHARS: usize = 200;

type Reader = fn(&mut Section<'_, '_>, &mut Draft);

const SECTIONS: [(&str, Reader); 19] = [
    ("latch", latch),
    ("state", state),
    ("screen", screen),
    ("kill", kill),
    ("audit", audit),
    ("alarms", alarms::alarms),
    ("recording", recording::recording),
    ("feed", feed),
    ("poll", poll),
    ("market", market::market),
    ("eodhd", sources::eodhd),
    ("hub", sources::hub),
    ("card", card),
    ("remote", remote::remote),
    ("paper", paper),
    ("sentinel", sentinel::sentinel),
    ("mesh", checks::mesh),
    ("engine", engine::engine),
    ("mission", mission::mission),
];

/// Lays the text of a file called `path` over `draft`. What can be read is
/// read even when something else can't be.
pub fn apply(path: &str, text: &str, draft: &mut Draft) {
    draft.lists_gateways = speaks_of_gateways(text);
    let doc = Document::new(path, text);
    let (table, broken) = DeTable::parse_recoverable(text);
    let mut root = Section::root(&doc, &table);
    let out = &mut draft.problems;
    let gateways = root.sections("gateway", out);
    let mut usable: Vec<Parts> = Vec::new();
    for gateway in gateways {
        usable.extend(Parts::read(gateway, out));
    }
    let events = endpoints(&mut root, out);
    let logs = root.paths("decision_logs", out);
    let mut usable = usable.into_iter();
    draft.first = usable.next();
    draft.rest = usable.collect();
    draft.put("events", events, |s| &mut s.events);
    draft.put("decision_logs", logs, |s| &mut s.decision_logs);
    let sessions = root.sections("session", &mut draft.problems);
    let nodes = root.sections("node", &mut draft.problems);
    let looks = root.sections("check", &mut draft.problems);
    draft.settings.mesh.nodes = checks::nodes(nodes, &mut draft.problems);
    draft.settings.mesh.checks = checks::checks(looks, &mut draft.problems);
    for (name, read) in SECTIONS {
        if let Some(mut section) = root.section(name, &mut draft.problems) {
            read(&mut section, draft);
            section.finish(&mut draft.problems);
        }
    }
    // A session begins with the market's hours.
    for (index, section) in sessions.into_iter().enumerate() {
        market::session(index, section, draft);
    }
    root.finish(&mut draft.problems);
    for error in broken {
        not_toml(&doc, &error, &mut draft.problems);
    }
}

/// A mistake of syntax, in the place of what the recovered value amounts to,
/// which is noise beside its cause.
pub(crate) fn not_toml(doc: &Document<'_>, error: &toml::de::Error, out: &mut Vec<Problem>) {
    let at = doc.place(error.span().map_or(0, |span| span.start));
    let cause = format!("not valid TOML: {}", error.message());
    out.retain(|problem| problem.at != at);
    out.push(Problem::new(at, cause, "correct the syntax of this line"));
}

/// Whether some line may be meant to list a gateway, misspelt or not: told by
/// the text, since what a syntax error swallows is in no table. A host below a
/// table that is known is that table's.
fn speaks_of_gateways(text: &str) -> bool {
    let known = |name: &str| {
        ["session", "node", "check"].contains(&name) || SECTIONS.iter().any(|(of, _)| *of == name)
    };
    let mut elsewhere = false;
    text.lines().any(|line| {
        let key = line.split(['=', '#']).next().unwrap_or_default().trim();
        if key.starts_with('[') {
            elsewhere = known(key.trim_matches(['[', ']', ' ']));
            if elsewhere {
                return false;
            }
        }
        let mut words = key.split(|c: char| !c.is_alphanumeric() && c != '_');
        key.starts_with("[[")
            || (!elsewhere && words.any(|w| w == "host" || nearest(w, ["gateway"]).is_some()))
    })
}

fn endpoints(root: &mut Section<'_, '_>, out: &mut Vec<Problem>) -> Option<Sourced<Vec<Endpoint>>> {
    let texts = root.texts("events", out)?;
    let mut endpoint = |text: Sourced<&str>| match text.value.parse::<Endpoint>() {
        Ok(endpoint) => Some(endpoint),
        Err(e) => {
            let next = "write each as \"host:5557\"";
            out.push(Problem::new(text.origin, format!("events: {e}"), next));
            None
        }
    };
    Some(texts.map(|all| all.into_iter().filter_map(&mut endpoint).collect()))
}

fn latch(section: &mut Section<'_, '_>, draft: &mut Draft) {
    let file = section.path("file", &mut draft.problems);
    let extra = section.paths("extra", &mut draft.problems);
    draft.put("latch.file", file, |s| &mut s.kill_switch_file);
    draft.put("latch.extra", extra, |s| &mut s.extra_latches);
}

fn state(section: &mut Section<'_, '_>, draft: &mut Draft) {
    let dir = section.path("dir", &mut draft.problems);
    draft.put("state.dir", dir, |s| &mut s.state_dir);
}

fn screen(section: &mut Section<'_, '_>, draft: &mut Draft) {
    let theme = name(section, "theme", draft);
    let keymap = name(section, "keymap", draft);
    let color = section.text("color", &mut draft.problems).and_then(|t| color(t, draft));
    let fps = section.integer("fps", 1..=30, &mut draft.problems);
    let speed = section.text("line", &mut draft.problems).and_then(|t| line(t, draft));
    let mouse = section.switch("mouse", &mut draft.problems);
    let keep = section.switch("keep_layout", &mut draft.problems);
    draft.put("screen.theme", theme, |s| &mut s.theme);
    draft.put("screen.keymap", keymap, |s| &mut s.keymap);
    draft.put("screen.color", color, |s| &mut s.color);
    draft.put("screen.fps", fps.map(narrow), |s| &mut s.fps);
    draft.put("screen.line", speed, |s| &mut s.line);
    draft.put("screen.mouse", mouse, |s| &mut s.mouse);
    draft.put("screen.keep_layout", keep, |s| &mut s.keep_layout);
}

fn name(
    section: &mut Section<'_, '_>,
    key: &'static str,
    draft: &mut Draft,
) -> Option<Sourced<String>> {
    let text = section.text(key, &mut draft.problems)?;
    if is_name(text.value) {
        return Some(text.map(str::to_owned));
    }
    let cause = format!("\"{}\" is no name of a {key}", Text::limited(text.value, 60));
    draft.problems.push(Problem::new(text.origin, cause, "name it without directory or ending"));
    None
}

fn color(text: Sourced<&str>, draft: &mut Draft) -> Option<Sourced<ColorChoice>> {
    let choice = match text.value {
        "auto" => ColorChoice::Auto,
        "always" => ColorChoice::Always,
        "never" => ColorChoice::Never,
        other => {
            let cause = format!("screen.color \"{}\" is none of ours", Text::limited(other, 40));
            let next = "write auto, always or never";
            draft.problems.push(Problem::new(text.origin, cause, next));
            return None;
        }
    };
    Some(text.map(|_| choice))
}

fn line(text: Sourced<&str>, draft: &mut Draft) -> Option<Sourced<LineChoice>> {
    let choice = match text.value {
        "auto" => LineChoice::Auto,
        "slow" => LineChoice::Slow,
        "fast" => LineChoice::Fast,
        other => {
            let cause = format!("screen.line \"{}\" is none of ours", Text::limited(other, 40));
            draft.problems.push(Problem::new(text.origin, cause, "write auto, slow or fast"));
            return None;
        }
    };
    Some(text.map(|_| choice))
}

fn kill(section: &mut Section<'_, '_>, draft: &mut Draft) {
    let out = &mut draft.problems;
    let proof = section.integer("proof_interval_ms", 1..=10_000, out);
    let enforce = section.integer("enforce_interval_ms", 100..=60_000, out);
    let external = section.switch("flatten_on_external", out);
    draft.put("kill.proof_interval_ms", proof, |s| &mut s.kill.proof_interval_ms);
    draft.put("kill.enforce_interval_ms", enforce, |s| &mut s.kill.enforce_interval_ms);
    draft.put("kill.flatten_on_external", external, |s| &mut s.kill.flatten_on_external);
}

fn audit(section: &mut Section<'_, '_>, draft: &mut Draft) {
    let out = &mut draft.problems;
    let syslog = section.text("syslog", out).and_then(|t| syslog(t, out));
    let publish = section.text("publish", out).and_then(|t| publish(t, out));
    draft.put("audit.syslog", syslog, |s| &mut s.audit.syslog);
    draft.put("audit.publish", publish, |s| &mut s.audit.publish);
}

fn syslog(text: Sourced<&str>, out: &mut Vec<Problem>) -> Option<Sourced<SyslogChoice>> {
    match text.value {
        "auto" => Some(text.map(|_| SyslogChoice::Auto)),
        "off" => Some(text.map(|_| SyslogChoice::Off)),
        path if path.starts_with('/') && !path.contains('\0') => {
            Some(text.map(|path| SyslogChoice::At(path.into())))
        }
        other => {
            let cause = format!("audit.syslog \"{}\" is no socket", Text::limited(other, 60));
            let next = "write auto, off, or the absolute path of a socket";
            out.push(Problem::new(text.origin, cause, next));
            None
        }
    }
}

fn publish(text: Sourced<&str>, out: &mut Vec<Problem>) -> Option<Sourced<Option<Endpoint>>> {
    if text.value.is_empty() {
        return Some(text.map(|_| None));
    }
    match text.value.parse::<Endpoint>() {
        Ok(at) => Some(text.map(|_| Some(at))),
        Err(e) => {
            let next = "write an address of this host and a port, as in \"127.0.0.1:5558\"";
            out.push(Problem::new(text.origin, format!("audit.publish: {e}"), next));
            None
        }
    }
}

fn feed(section: &mut Section<'_, '_>, draft: &mut Draft) {
    let out = &mut draft.problems;
    let silence = section.integer("rebuild_after_silence_ms", 0..=86_400_000, out);
    let bytes = section.integer("max_message_bytes", 4_096..=67_108_864, out);
    draft.put("feed.rebuild_after_silence_ms", silence, |s| &mut s.feed.rebuild_after_silence_ms);
    draft.put("feed.max_message_bytes", bytes, |s| &mut s.feed.max_message_bytes);
}

fn poll(section: &mut Section<'_, '_>, draft: &mut Draft) {
    let out = &mut draft.problems;
    let heartbeat = section.integer("heartbeat_ms", 200..=60_000, out);
    let positions = section.integer("positions_ms", 200..=60_000, out);
    let account = section.integer("account_ms", 200..=60_000, out);
    let timeout = section.integer("timeout_ms", 100..=60_000, out);
    draft.put("poll.heartbeat_ms", heartbeat, |s| &mut s.poll.heartbeat_ms);
    draft.put("poll.positions_ms", positions, |s| &mut s.poll.positions_ms);
    draft.put("poll.account_ms", account, |s| &mut s.poll.account_ms);
    draft.put("poll.timeout_ms", timeout, |s| &mut s.poll.timeout_ms);
}

fn card(section: &mut Section<'_, '_>, draft: &mut Draft) {
    let mut line = |key| {
        let text = section.text(key, &mut draft.problems)?;
        if text.value.chars().count() > CARD_CHARS {
            let cause = format!("card.{key} is longer than {CARD_CHARS} characters");
            let next = "shorten it: it must be read at a glance";
            draft.problems.push(Problem::new(text.origin, cause, next));
            return None;
        }
        Some(text.map(Text::new))
    };
    let (sentinel, remote) = (line("stop_sentinel"), line("remote_stop"));
    let (trading, phone, account) = (line("autotrading"), line("broker_phone"), line("account"));
    draft.put("card.stop_sentinel", sentinel, |s| &mut s.card.stop_sentinel);
    draft.put("card.remote_stop", remote, |s| &mut s.card.remote_stop);
    draft.put("card.autotrading", trading, |s| &mut s.card.autotrading);
    draft.put("card.broker_phone", phone, |s| &mut s.card.broker_phone);
    draft.put("card.account", account, |s| &mut s.card.account);
}

fn paper(section: &mut Section<'_, '_>, draft: &mut Draft) {
    let out = &mut draft.problems;
    let bind = section.text("bind", out).and_then(|t| host(t, out));
    let cmd = section.integer("cmd_port", 1..=65_535, out);
    let data = section.integer("data_port", 1..=65_535, out);
    let events = section.integer("events_port", 1..=65_535, out);
    let leverage = section.integer("leverage", 1..=5_000, out);
    let balance = section.decimal("balance", out).and_then(|t| balance(t, out));
    let currency = section.text("currency", out).and_then(|t| currency(t, out));
    draft.put("paper.bind", bind, |s| &mut s.paper.bind);
    draft.put("paper.cmd_port", cmd.map(narrow), |s| &mut s.paper.cmd_port);
    draft.put("paper.data_port", data.map(narrow), |s| &mut s.paper.data_port);
    draft.put("paper.events_port", events.map(narrow), |s| &mut s.paper.events_port);
    draft.put("paper.leverage", leverage.map(narrow), |s| &mut s.paper.leverage);
    draft.put("paper.balance", balance, |s| &mut s.paper.balance);
    draft.put("paper.currency", currency, |s| &mut s.paper.currency);
}

fn host(bind: Sourced<&str>, out: &mut Vec<Problem>) -> Option<Sourced<String>> {
    match Endpoint::new(bind.value, 1) {
        Ok(_) => Some(bind.map(str::to_owned)),
        Err(e) => {
            let next = "give one address of this machine, 127.0.0.1 to stay on it";
            out.push(Problem::new(bind.origin, format!("paper.bind: {e}"), next));
            None
        }
    }
}

fn balance(text: Sourced<String>, out: &mut Vec<Problem>) -> Option<Sourced<Money>> {
    match Money::parse(&text.value) {
        Ok(money) if money > Money::ZERO => Some(text.map(|_| money)),
        _ => {
            let cause =
                format!("paper.balance = {} can't be traded with", Text::limited(&text.value, 40));
            out.push(Problem::new(text.origin, cause, "give an amount above zero"));
            None
        }
    }
}

fn currency(text: Sourced<&str>, out: &mut Vec<Problem>) -> Option<Sourced<Text>> {
    if text.value.len() == 3 && text.value.bytes().all(|b| b.is_ascii_uppercase()) {
        return Some(text.map(Text::new));
    }
    let cause = format!("paper.currency \"{}\" is no ISO code", Text::limited(text.value, 20));
    out.push(Problem::new(text.origin, cause, "write three capital letters, as in USD"));
    None
}

/// Narrows a number whose range was checked when it was read.
pub(super) fn narrow<T: TryFrom<u64> + Default>(number: Sourced<u64>) -> Sourced<T> {
    number.map(|n| T::try_from(n).unwrap_or_default())
}

/// The place of a mistake that is the file itself.
#[must_use]
pub fn whole(path: &str) -> Origin {
    Origin::File { path: std::sync::Arc::from(Text::new(path).as_str()), line: 0, column: 0 }
}
