//! `crs remote gateway watch`: starts a gateway that fell silent, while the
//! switch is proven SAFE, and never what was stopped on purpose.

use super::super::reach::first;
use super::super::{Context, Exit, Failure, Outcome, wiring};
use super::conduct::Clerk;
use super::probe;
use crate::breaker::Gate;
use crate::config::Settings;
use crate::domain::Text;
use crate::host::clock;
use crate::link::{self, Peer};
use crate::mesh::remote::{Gateway, Probe, Ssh, Verdict, Watchdog};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Its verb and its role in the audit log.
const ROLE: (&str, &str) = ("REMOTE_START", "watch");

/// Watches until a signal.
pub(super) fn run(settings: &Settings, ssh: &Ssh, json: bool, ctx: &mut Context) -> Outcome {
    let remote = &settings.remote;
    if remote.watchdog_missed == 0 {
        let text = "the watchdog is off: set watchdog_missed below [remote], as in 5";
        return Err(Failure::new(Exit::CONFIG, text));
    }
    let stop = Arc::new(AtomicBool::new(false));
    for signal in
        [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP]
    {
        signal_hook::flag::register(signal, Arc::clone(&stop)).map_err(Failure::failed)?;
    }
    let gate = Arc::new(Gate::default());
    let watcher = wiring::watch(settings, "watch", Arc::clone(&gate), |_| {});
    let came = watch(settings, ssh, &gate, &stop, json, ctx);
    watcher.stop();
    came
}

fn watch(
    settings: &Settings,
    ssh: &Ssh,
    gate: &Gate,
    stop: &AtomicBool,
    json: bool,
    ctx: &mut Context,
) -> Outcome {
    let remote = &settings.remote;
    let probe = probe(settings)?;
    let name = (!remote.gateway.is_empty()).then_some(remote.gateway.as_str());
    let zmq = link::context().map_err(Failure::failed)?;
    let at = &first(settings, name)?.cmd;
    // One line for all heartbeats: who does not answer as a gateway is sent no
    // second one.
    let mut peer =
        Peer::connect(&zmq, at, settings.feed.max_message_bytes).map_err(Failure::failed)?;
    let mut dog = Watchdog::new(remote.watchdog_missed, remote.watchdog_per_hour);
    let timeout = Duration::from_millis(settings.poll.timeout_ms);
    let pause = Duration::from_millis(settings.poll.heartbeat_ms);
    let mut said = String::new();
    let mut tell = |text: String, ctx: &mut Context| {
        if said == text {
            return;
        }
        if json {
            ctx.out.json_line(&serde_json::json!({ "at": clock::utc().iso(), "watch": text }));
        } else {
            ctx.out.line(format!("{}  {text}", clock::utc().iso()));
        }
        said = text;
    };
    while !stop.load(Ordering::Acquire) {
        let alive = peer.heartbeat(timeout);
        let text = match (dog.beat(alive.is_ok(), clock::mono_ns()), &alive) {
            (Verdict::Wait, Ok(_)) => "it answers".to_owned(),
            (Verdict::Wait, Err(_)) => "it does not answer".to_owned(),
            (Verdict::Backoff { .. }, _) => "silent; the next look waits".to_owned(),
            (Verdict::Limit { .. }, _) => format!(
                "silent, and started {} times within the hour: a human has to look",
                remote.watchdog_per_hour
            ),
            (Verdict::Start, _) => {
                if let Err(denied) = gate.permit() {
                    format!("silent, and not started: {denied}")
                } else {
                    tell(format!("{} heartbeats missed", dog.missed()), ctx);
                    let proof =
                        Box::new(|| gate.permit().map(|_| Text::new("SAFE")).map_err(|d| d.0));
                    let clerk = Clerk::with(settings, ROLE, json, &mut ctx.out, proof);
                    revive(ssh, &probe, clerk, &mut dog)
                }
            }
        };
        tell(text, ctx);
        rest(pause, stop);
    }
    Ok(Exit::OK)
}

/// Looks, starts it if nobody is there, and says what came of it.
fn revive(ssh: &Ssh, probe: &Probe, mut clerk: Clerk<'_>, dog: &mut Watchdog) -> String {
    let came = Gateway { ssh, probe, conduct: &mut clerk }.revive();
    if clerk.acted() {
        dog.tried(clock::mono_ns());
    } else {
        dog.refused(clock::mono_ns());
    }
    clerk.over(&came);
    came.map_or_else(|failed| failed.why.to_string(), |done| done.what.to_string())
}

/// Until the next heartbeat, or a signal.
fn rest(pause: Duration, stop: &AtomicBool) {
    let began = clock::now();
    while !stop.load(Ordering::Acquire) && clock::now().since(began) < pause {
        clock::sleep(Duration::from_millis(20).min(pause));
    }
}
