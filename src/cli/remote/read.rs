//! What only reads: where it lies, how it stands, what it logs.

use super::super::reach::ms;
use super::super::{Context, Exit, Failure, Outcome};
use super::probe;
use crate::config::Settings;
use crate::domain::Text;
use crate::host::clock;
use crate::mesh::remote::{
    Alive, Ask, Fault, Probe, Process, Record, Seen, Ssh, Standing, judge, words,
};
use serde::Serialize;
use std::time::Duration;

/// How long a gateway may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Serialize)]
struct Report<'a> {
    host: &'a str,
    platform: &'static str,
    #[serde(flatten)]
    standing: Option<&'a Standing>,
    seen: Option<&'a Seen>,
    alive: Option<&'a Alive>,
    silent: Option<&'a Text>,
    fault: Option<&'a Text>,
}

/// A look at ports and processes there, and a HEARTBEAT from here: both are
/// told, whatever the other says.
pub(super) struct Looked {
    seen: Result<(Seen, Standing), Text>,
    beat: Result<Alive, Text>,
    /// How long the look took, in microseconds.
    pub took_us: u64,
}

impl Looked {
    /// Looks.
    pub fn now(ssh: &Ssh, probe: &Probe) -> Self {
        let beat = probe.within(PATIENCE);
        let began = clock::now();
        let seen = ssh.ask(&Ask::Look).map(|said| said.seen());
        let took = clock::now().since(began);
        let judged = seen.map(|seen| {
            let standing = judge(ssh.remote(), &seen);
            (seen, standing)
        });
        Self {
            seen: judged.map_err(|fault| Text::new(&fault.to_string())),
            beat,
            took_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        }
    }

    /// 0: it runs and answers; 1: it does not run, or a stranger holds a port;
    /// 2: not known.
    pub const fn exit(&self) -> Exit {
        match (&self.seen, &self.beat) {
            (Ok((_, Standing::Ours(_) | Standing::Known(_))), Ok(_)) => Exit::OK,
            (Ok((_, Standing::Free | Standing::Stranger { .. })), Err(_)) => Exit::FAILED,
            _ => Exit::TIMEOUT,
        }
    }

    /// How it stands there, or why that is not known.
    pub fn word(&self) -> Text {
        match &self.seen {
            Ok((_, standing)) => Text::new(&standing.to_string()),
            Err(fault) => fault.clone(),
        }
    }

    /// The process that runs and is the gateway's.
    pub const fn process(&self) -> Option<&Process> {
        match &self.seen {
            Ok((_, Standing::Ours(process) | Standing::Known(process))) => Some(process),
            _ => None,
        }
    }

    /// Why it does not answer.
    pub const fn silence(&self) -> Option<&Text> {
        match &self.beat {
            Ok(_) => None,
            Err(why) => Some(why),
        }
    }

    /// Whether that machine could be looked at.
    pub const fn is_seen(&self) -> bool {
        self.seen.is_ok()
    }

    /// All of it.
    pub fn lines(&self, ssh: &Ssh, probe: &Probe) -> Vec<String> {
        let remote = ssh.remote();
        let mut lines = vec![format!("gateway at {} ({})", remote.host, remote.platform.word())];
        match &self.seen {
            Ok((seen, standing)) => {
                show(remote.cmd_port, remote.data_port, seen, standing, &mut lines);
            }
            Err(fault) => lines.push(format!("process    ?  {fault}")),
        }
        lines.push(match &self.beat {
            Ok(alive) => format!(
                "HEARTBEAT  \"{}\" at {}, {} ms",
                alive.service,
                probe.to(),
                ms(Duration::from_micros(alive.rtt_us))
            ),
            Err(why) => format!("HEARTBEAT  none: {why}"),
        });
        lines
    }
}

/// Ports and processes there, a HEARTBEAT from here.
pub(super) fn status(settings: &Settings, ssh: &Ssh, json: bool, ctx: &mut Context) -> Outcome {
    let probe = probe(settings)?;
    let looked = Looked::now(ssh, &probe);
    let remote = ssh.remote();
    if json {
        ctx.out.json(&Report {
            host: &remote.host,
            platform: remote.platform.word(),
            standing: looked.seen.as_ref().ok().map(|(_, standing)| standing),
            seen: looked.seen.as_ref().ok().map(|(seen, _)| seen),
            alive: looked.beat.as_ref().ok(),
            silent: looked.beat.as_ref().err(),
            fault: looked.seen.as_ref().err(),
        });
    } else {
        for line in looked.lines(ssh, &probe) {
            ctx.out.line(line);
        }
    }
    Ok(looked.exit())
}

fn show(cmd: u16, data: u16, seen: &Seen, standing: &Standing, lines: &mut Vec<String>) {
    for (port, what) in [(cmd, "commands"), (data, "ticks")] {
        let mut free = true;
        for listener in seen.listeners.iter().filter(|l| l.port == port) {
            free = false;
            let who = words(seen, listener.pid);
            lines.push(format!("port {port:<5} {what:<9} {} {who}", listener.at));
        }
        if free {
            lines.push(format!("port {port:<5} {what:<9} free"));
        }
    }
    if let Standing::Ours(process) | Standing::Known(process) | Standing::Half { process, .. } =
        standing
        && let Some(about) = seen.processes.get(&process.pid)
    {
        lines.push(format!("program    {}", about.exe));
    }
    let record = match &seen.record {
        Record::None => "none".to_owned(),
        Record::Started(process) => format!("pid {} was started from here", process.pid),
        Record::Stopped => "stopped on purpose".to_owned(),
    };
    lines.push(format!("record     {record}"));
    lines.push(format!("process    {standing}"));
}

/// Whether what is configured is there, and what else lies about.
#[derive(Serialize)]
pub(super) struct Located<'a> {
    interpreter: &'a str,
    version: Option<Text>,
    script: &'a str,
    script_missing: bool,
    modules: Vec<Text>,
    gateways: Vec<Text>,
    interpreters: Vec<Text>,
    /// All of it is there and fit.
    pub fit: bool,
    #[serde(skip)]
    interpreter_missing: bool,
}

impl<'a> Located<'a> {
    /// Looks.
    ///
    /// # Errors
    /// That machine can't be asked.
    pub fn now(ssh: &'a Ssh) -> Result<Self, Fault> {
        let inspected = ssh.ask(&Ask::Inspect)?;
        let found = ssh.ask(&Ask::Locate)?;
        let remote = ssh.remote();
        let gone = |word: &str| inspected.after(word).any(|state| state == "missing");
        let unfit = inspected.after("module").any(|line| !line.ends_with(" ok"));
        let clean = |line: &str| Text::limited(line, 300);
        let all = |word| found.after(word).map(clean).collect::<Vec<_>>();
        Ok(Self {
            interpreter: &remote.interpreter,
            version: inspected.after("version").next().map(clean),
            script: &remote.script,
            script_missing: gone("script"),
            modules: inspected.after("module").map(clean).collect(),
            gateways: all("found"),
            interpreters: all("python"),
            fit: !gone("interpreter") && !gone("script") && !unfit,
            interpreter_missing: gone("interpreter"),
        })
    }

    /// All of it.
    pub fn lines(&self) -> Vec<String> {
        let state = |missing| if missing { "MISSING" } else { "there" };
        let version = self.version.as_ref().map_or("", Text::as_str);
        let there = state(self.interpreter_missing);
        let mut lines = vec![format!("interpreter  {} {there} {version}", self.interpreter)];
        if !self.script.is_empty() {
            lines.push(format!("script       {} {}", self.script, state(self.script_missing)));
        }
        lines.extend(self.modules.iter().map(|module| format!("module       {module}")));
        lines.extend(self.gateways.iter().map(|path| format!("found        {path}")));
        lines.extend(self.interpreters.iter().map(|path| format!("python       {path}")));
        lines
    }
}

/// Whether what is configured is there, and what else lies about.
pub(super) fn locate(ssh: &Ssh, json: bool, ctx: &mut Context) -> Outcome {
    let located = Located::now(ssh).map_err(Failure::failed)?;
    if json {
        ctx.out.json_line(&located);
    } else {
        for line in located.lines() {
            ctx.out.line(line);
        }
    }
    Ok(if located.fit { Exit::OK } else { Exit::FAILED })
}

/// The last lines, and with `follow` those that come.
pub(super) fn logs(
    ssh: &Ssh,
    (lines, follow): (u32, bool),
    json: bool,
    ctx: &mut Context,
) -> Outcome {
    let out = &mut ctx.out;
    let mut show = |line: &Text| {
        if json {
            out.json_line(&serde_json::json!({ "line": line }));
        } else {
            out.line(line.as_str());
        }
        !out.reader_left()
    };
    if follow {
        ssh.follow(lines, show).map_err(Failure::failed)?;
    } else {
        let said = ssh.ask(&Ask::Logs { lines, follow }).map_err(Failure::failed)?;
        for line in &said.free {
            show(line);
        }
    }
    Ok(Exit::OK)
}
