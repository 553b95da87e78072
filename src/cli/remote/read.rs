//! What only reads: where it lies, how it stands, what it logs.

use super::super::reach::ms;
use super::super::{Context, Exit, Failure, Outcome};
use super::probe;
use crate::config::Settings;
use crate::domain::Text;
use crate::mesh::remote::{Alive, Ask, Record, Seen, Ssh, Standing, judge, words};
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

/// Ports and processes there, a HEARTBEAT from here: both are told, whatever
/// the other says.
pub(super) fn status(settings: &Settings, ssh: &Ssh, json: bool, ctx: &mut Context) -> Outcome {
    let probe = probe(settings)?;
    let beat = probe.within(PATIENCE);
    let looked = ssh.ask(&Ask::Look).map(|said| said.seen()).map_err(|fault| fault.to_string());
    let remote = ssh.remote();
    let standing = looked.as_ref().ok().map(|seen| judge(remote, seen));
    let fault = looked.as_ref().err().map(|fault| Text::new(fault));
    if json {
        ctx.out.json(&Report {
            host: &remote.host,
            platform: remote.platform.word(),
            standing: standing.as_ref(),
            seen: looked.as_ref().ok(),
            alive: beat.as_ref().ok(),
            silent: beat.as_ref().err(),
            fault: fault.as_ref(),
        });
    } else {
        ctx.out.line(format!("gateway at {} ({})", remote.host, remote.platform.word()));
        if let (Ok(seen), Some(standing)) = (&looked, &standing) {
            show(remote.cmd_port, remote.data_port, seen, standing, ctx);
        }
        if let Some(fault) = &fault {
            ctx.out.line(format!("process    ?  {fault}"));
        }
        ctx.out.line(match &beat {
            Ok(alive) => format!(
                "HEARTBEAT  \"{}\" at {}, {} ms",
                alive.service,
                probe.to(),
                ms(Duration::from_micros(alive.rtt_us))
            ),
            Err(why) => format!("HEARTBEAT  none: {why}"),
        });
    }
    Ok(match (&standing, &beat) {
        (Some(Standing::Ours(_) | Standing::Known(_)), Ok(_)) => Exit::OK,
        (Some(Standing::Free | Standing::Stranger { .. }), Err(_)) => Exit::FAILED,
        _ => Exit::TIMEOUT,
    })
}

fn show(cmd: u16, data: u16, seen: &Seen, standing: &Standing, ctx: &mut Context) {
    for (port, what) in [(cmd, "commands"), (data, "ticks")] {
        let mut free = true;
        for listener in seen.listeners.iter().filter(|l| l.port == port) {
            free = false;
            let who = words(seen, listener.pid);
            ctx.out.line(format!("port {port:<5} {what:<9} {} {who}", listener.at));
        }
        if free {
            ctx.out.line(format!("port {port:<5} {what:<9} free"));
        }
    }
    if let Standing::Ours(process) | Standing::Known(process) | Standing::Half { process, .. } =
        standing
        && let Some(about) = seen.processes.get(&process.pid)
    {
        ctx.out.line(format!("program    {}", about.exe));
    }
    let record = match &seen.record {
        Record::None => "none".to_owned(),
        Record::Started(process) => format!("pid {} was started from here", process.pid),
        Record::Stopped => "stopped on purpose".to_owned(),
    };
    ctx.out.line(format!("record     {record}"));
    ctx.out.line(format!("process    {standing}"));
}

/// Whether what is configured is there, and what else lies about.
pub(super) fn locate(ssh: &Ssh, json: bool, ctx: &mut Context) -> Outcome {
    let inspected = ssh.ask(&Ask::Inspect).map_err(Failure::failed)?;
    let found = ssh.ask(&Ask::Locate).map_err(Failure::failed)?;
    let remote = ssh.remote();
    let gone = |word: &str| inspected.after(word).any(|state| state == "missing");
    let unfit: Vec<&str> =
        inspected.after("module").filter(|line| !line.ends_with(" ok")).collect();
    let fit = !gone("interpreter") && !gone("script") && unfit.is_empty();
    let clean = |line: &str| Text::limited(line, 300);
    let all = |word| found.after(word).map(clean).collect::<Vec<_>>();
    let version = inspected.after("version").next().map(clean);
    if json {
        #[derive(Serialize)]
        struct Located<'a> {
            interpreter: &'a str,
            version: Option<Text>,
            script: &'a str,
            script_missing: bool,
            modules: Vec<Text>,
            gateways: Vec<Text>,
            interpreters: Vec<Text>,
            fit: bool,
        }
        ctx.out.json_line(&Located {
            interpreter: &remote.interpreter,
            version,
            script: &remote.script,
            script_missing: gone("script"),
            modules: inspected.after("module").map(clean).collect(),
            gateways: all("found"),
            interpreters: all("python"),
            fit,
        });
        return Ok(if fit { Exit::OK } else { Exit::FAILED });
    }
    let state = |word| if gone(word) { "MISSING" } else { "there" };
    let version = version.unwrap_or_default();
    ctx.out.line(format!("interpreter  {} {} {version}", remote.interpreter, state("interpreter")));
    if !remote.script.is_empty() {
        ctx.out.line(format!("script       {} {}", remote.script, state("script")));
    }
    for module in inspected.after("module") {
        ctx.out.line(format!("module       {module}"));
    }
    for (label, word) in [("found", "found"), ("python", "python")] {
        for path in all(word) {
            ctx.out.line(format!("{label:<12} {path}"));
        }
    }
    Ok(if fit { Exit::OK } else { Exit::FAILED })
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
