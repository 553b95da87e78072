//! `crs heartbeat`: one HEARTBEAT to each gateway, with everything to see; or
//! many of them, with what they took.

mod series;
mod watch;

use super::exit::exits;
use super::reach::{chosen, ms, seconds, us};
use super::{Context, Exit, Failure, Outcome};
use crate::domain::{GatewayAddr, Text};
use crate::host::clock;
use crate::link::{self, CallError, Req, peer};
use crate::wire::{Action, Reply};
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

/// Above this a round trip is an alarm.
const ALARM: Duration = Duration::from_millis(100);

/// Whom to ask and how long to wait.
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(
    0 "alive: every gateway answered as Protocol v1.0 demands, each time",
    1 "an answer that is a refusal, or not Protocol v1.0",
    2 "no answer in time: nobody listens, or silence",
))]
pub struct Args {
    /// Only this gateway, by its name in the configuration
    #[arg(long, value_name = "NAME")]
    on: Option<String>,
    /// Longest wait for connection and answer, in seconds
    #[arg(long, value_name = "S", default_value = "5", value_parser = seconds)]
    timeout: Duration,
    /// Ask again after so many seconds, until --count or SIGINT
    #[arg(long, value_name = "S", value_parser = seconds)]
    every: Option<Duration>,
    /// Ask so often, each second unless --every says otherwise
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    count: Option<u64>,
    /// One JSON document on standard output
    #[arg(long)]
    json: bool,
}

/// What came of one HEARTBEAT.
#[derive(Debug, Serialize)]
struct Beat {
    gateway: Text,
    address: String,
    alive: bool,
    service: Option<Text>,
    rtt_us: Option<u64>,
    request: Value,
    answer: Value,
    error: Option<Text>,
    #[serde(skip)]
    exit: Exit,
    /// There was no connection.
    #[serde(skip)]
    unlinked: bool,
    #[serde(skip)]
    raw: (Text, Text),
}

/// Asks, prints, and ends with the worst outcome.
///
/// # Errors
/// Status 78 for a wrong configuration, 64 for an unknown name, 1 when no
/// socket can be had.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    let loaded = ctx.strict()?;
    let zmq = link::context().map_err(Failure::failed)?;
    if args.every.is_some() || args.count.is_some_and(|count| count > 1) {
        let chosen = chosen(&loaded.settings, args.on.as_deref())?;
        return series::run(args, &chosen, &loaded.settings, &zmq, ctx);
    }
    let mut worst = Exit::OK;
    let mut beats = Vec::new();
    for gateway in chosen(&loaded.settings, args.on.as_deref())? {
        let beat = ask(&zmq, gateway, args.timeout, loaded.settings.feed.max_message_bytes)?;
        worst = worst.worst(beat.exit);
        if !args.json {
            show(&beat, ctx);
        }
        beats.push(beat);
    }
    if args.json {
        #[derive(Serialize)]
        struct Report {
            gateways: Vec<Beat>,
        }
        ctx.out.json(&Report { gateways: beats });
    }
    Ok(worst)
}

fn ask(
    zmq: &zmq::Context,
    gateway: &GatewayAddr,
    timeout: Duration,
    max_message: u64,
) -> Result<Beat, Failure> {
    let mut line = Req::connect(zmq, &gateway.cmd, max_message).map_err(Failure::failed)?;
    let request = peer::request(Action::Heartbeat);
    let until = clock::mono_ns().saturating_add(us(timeout).saturating_mul(1_000));
    let posted = line.post(&request, until);
    let asked = clock::now();
    let answer = posted.and_then(|posted| line.wait(&posted, until));
    let rtt = clock::now().since(asked);
    let sent = request.encode();
    let mut beat = Beat {
        gateway: gateway.name.clone(),
        address: gateway.cmd.to_string(),
        alive: false,
        service: None,
        rtt_us: None,
        request: as_json(&sent),
        answer: Value::Null,
        error: None,
        exit: Exit::TIMEOUT,
        unlinked: matches!(answer, Err(CallError::NotConnected)),
        raw: (Text::from_bytes(&sent), Text::default()),
    };
    match answer {
        Ok(bytes) => {
            beat.rtt_us = Some(us(rtt));
            beat.answer = as_json(&bytes);
            beat.raw.1 = Text::from_bytes(&bytes);
            match Reply::decode(&bytes).and_then(|reply| reply.heartbeat(&request.req_id)) {
                Ok(service) => {
                    (beat.alive, beat.service, beat.exit) = (true, Some(service), Exit::OK);
                }
                Err(refusal) => {
                    beat.error = Some(Text::new(&refusal.to_string()));
                    beat.exit = Exit::FAILED;
                }
            }
        }
        Err(cause) => beat.error = Some(explain(&cause, timeout)),
    }
    Ok(beat)
}

fn explain(cause: &CallError, timeout: Duration) -> Text {
    let waited = ms(timeout);
    Text::new(&match cause {
        CallError::NotConnected => format!(
            "no connection within {waited} ms: is the gateway running, are host and port right, \
             does a firewall stand between?"
        ),
        CallError::Timeout => format!(
            "connected, but no answer within {waited} ms: the gateway is busy or hung, \
             or something else listens on this port"
        ),
        other => other.to_string(),
    })
}

fn as_json(bytes: &[u8]) -> Value {
    let text = || Value::String(Text::from_bytes(bytes).to_string());
    serde_json::from_slice(bytes).unwrap_or_else(|_| text())
}

fn show(beat: &Beat, ctx: &mut Context) {
    let out = &mut ctx.out;
    out.line(format!("{} at {}", beat.gateway, beat.address));
    out.line(format!("Request:  {}", beat.raw.0));
    if let Some(rtt) = beat.rtt_us.map(Duration::from_micros) {
        let slow = if rtt > ALARM { ", above the alarm line of 100 ms" } else { "" };
        out.line(format!("Response: {}", beat.raw.1));
        out.line(format!("Round trip: {} ms{slow}", ms(rtt)));
    }
    match &beat.error {
        None => out.line("Heartbeat successful!"),
        Some(error) => out.line(format!("Heartbeat failed: {error}")),
    }
}
