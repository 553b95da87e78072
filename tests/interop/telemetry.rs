//! Telemetry against readers and writers that share no line with `crs`.

use crate::common::python;
use crate::common::wait::until;
use crs::domain::{
    Decision, DecisionSource, DecisionStep, Endpoint, Probabilities, Ratio, Side, Stamp, Text,
    TraderStatus, UtcMicros,
};
use crs::event::{Stamped, channel_pair};
use crs::feeds::events;
use crs::host::clock;
use crs::link::publisher;
use crs::state::{Pulse, State};
use crs::wire::Telemetry;
use crs::wire::telemetry::{TraderDecision, TraderStatusTold};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(30);

/// A Python process; ends with this value.
struct Script(Child);

impl Drop for Script {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A Python with both packages; none only when that may be skipped.
fn interpreter() -> Option<PathBuf> {
    match python::having("pyvenv-telemetry", &["zmq", "msgpack"], &["pyzmq", "msgpack"]) {
        Ok(path) => Some(path),
        Err(why) if std::env::var_os("CRS_TEST_SKIP_PYTHON").is_some_and(|v| v == "1") => {
            let _ = writeln!(std::io::stderr(), "SKIPPED, CRS_TEST_SKIP_PYTHON=1: {why}");
            None
        }
        Err(why) => panic!("no Python with pyzmq and msgpack: {why}"),
    }
}

/// Runs `script` and gives its lines as they come.
fn run(python: &Path, script: &Path, args: &[&str]) -> (Script, mpsc::Receiver<String>) {
    let mut command = Command::new(python);
    command.arg(script).args(args).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| tell.send(line)));
    (Script(child), told)
}

/// The example of the README, as it would be typed.
fn example() -> String {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"));
    let text = text.unwrap();
    let (_, rest) = text.split_once("```python\n").expect("README has an example");
    rest.split_once("```").unwrap().0.to_owned()
}

fn decision() -> Decision {
    let ratio = Ratio::from_raw;
    Decision {
        source: DecisionSource::Sentinel,
        at: Some(UtcMicros(1_768_399_018_271_512)),
        symbol: Text::new("EURUSD"),
        side: Some(Side::Buy),
        probabilities: Some(Probabilities {
            sell: ratio(800),
            hold: ratio(2_000),
            buy: ratio(7_200),
        }),
        threshold: Some(ratio(6_000)),
        action: Text::new("ORDER_GENERATED"),
        why: Text::new("0.72 > 0.60"),
        number: Some(7),
        order: Text::new("ticket 10000042"),
        steps: vec![DecisionStep { name: Text::new("bars"), us: 812_000 }],
        live: Some(false),
        ..Decision::default()
    }
}

#[test]
fn the_readers_example_reads_what_is_published() {
    let Some(python) = interpreter() else { return };
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("reader.py");
    std::fs::write(&script, example()).unwrap();
    let zmq = zmq::Context::new();
    let (socket, at) = free(&zmq);
    let (_script, lines) = run(&python, &script, &[&at]);
    let status = TraderStatus {
        source: DecisionSource::Engine,
        host: Text::new("inf"),
        next: None,
        ..TraderStatus::default()
    };
    let messages = [
        Telemetry::Decision(Box::new(TraderDecision::from(&decision()))),
        Telemetry::Trader(Box::new(TraderStatusTold::from(status))),
    ];
    let (mut decided, mut told) = (None, None);
    let heard = until(LONG, || {
        // A subscription takes its time: again and again.
        for message in &messages {
            let body = message.encode().unwrap();
            socket.send_multipart([message.topic().as_bytes(), &body], 0).unwrap();
        }
        for line in lines.try_iter() {
            if line.starts_with("sentinel") {
                decided = Some(line);
            } else {
                told = Some(line);
            }
        }
        (decided.is_some() && told.is_some()).then_some(())
    });
    assert!(heard.is_some(), "{decided:?} {told:?}");
    assert_eq!(
        decided.as_deref(),
        Some(
            "sentinel EURUSD BUY ORDER_GENERATED 0.72 > 0.60 ticket 10000042 [800, 2000, 7200] \
             {'bars': 812000}"
        )
    );
    assert_eq!(told.as_deref(), Some("engine inf dry None"));
}

/// A publisher on a port that was free a moment ago.
fn free(zmq: &zmq::Context) -> (zmq::Socket, String) {
    let probe = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = probe.local_addr().unwrap().port();
    drop(probe);
    let socket = publisher(zmq, &Endpoint::new("127.0.0.1", port).unwrap()).unwrap();
    (socket, format!("tcp://127.0.0.1:{port}"))
}

#[test]
fn a_trader_written_in_python_is_seen_by_the_console() {
    let Some(python) = interpreter() else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peer/trader.py");
    let (_script, lines) = run(&python, &script, &[]);
    let ready: serde_json::Value =
        serde_json::from_str(&lines.recv_timeout(LONG).unwrap()).unwrap();
    let port = u16::try_from(ready["port"].as_u64().unwrap()).unwrap();
    let (sender, receiver) = channel_pair();
    let at = Endpoint::new("127.0.0.1", port).unwrap();
    let feed = events::start(&zmq::Context::new(), 0, &at, sender, Arc::new(|_| {})).unwrap();
    let mut state = State::default();
    let mut last = Stamp::default();
    let seen = until(LONG, || {
        for event in receiver.urgent.try_iter() {
            last = clock::now().not_before(last);
            state.apply(&Stamped { seq: state.seq + 1, at: last, event }).unwrap();
        }
        // More than one of the same decision was heard by then.
        let heard = state.obey.feeds.get(&0).map_or(0, |feed| feed.value.received);
        (heard > 30 && !state.traders.is_empty()).then_some(())
    });
    assert!(seen.is_some(), "{:?} {:?}", state.traders, state.obey.feeds);
    assert!(feed.stop());
    let trader = &state.traders[0];
    assert_eq!(trader.name(), "sentinel on inf·[2J", "what a terminal would obey is inert");
    assert_eq!(
        (trader.value.status.orders, trader.value.status.threshold),
        (3, Ratio::parse("0.6").ok())
    );
    let Pulse::Cycle(ago) = state.pulse(trader) else { panic!("{:?}", state.pulse(trader)) };
    assert!(ago >= Duration::from_secs(12), "{ago:?}");
    let left = state.next_cycle(trader).unwrap().unwrap();
    assert!(left <= Duration::from_secs(48), "{left:?}");
    let rows: Vec<_> = state.decisions.iter().map(|row| &row.value).collect();
    let [row] = rows[..] else { panic!("one decision, however often it is told: {rows:?}") };
    assert_eq!((row.count, row.decision.order.as_str()), (1, "ticket 10000042"));
    assert_eq!(state.lag.sentinel.model.max(), Some(63_400));
    assert_eq!(state.obey.feeds[&0].value.refused.values().sum::<u64>(), 0);
}
