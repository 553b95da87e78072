//! Telemetry of an engine: decisions, status, evidence of the latch.

use crate::common::sandbox::Sandbox;
use crate::process::{LIMIT, Process, is};
use crs::domain::Decision;
use crs::wire::Telemetry;
use crs::wire::telemetry::{LatchEvidence, TraderStatusTold};
use std::fs;
use std::time::Instant;

struct Ear(zmq::Socket);

impl Ear {
    fn new(ctx: &zmq::Context, port: u16) -> Self {
        let socket = ctx.socket(zmq::SUB).unwrap();
        socket.set_rcvtimeo(60_000).unwrap();
        socket.set_subscribe(b"").unwrap();
        socket.connect(&format!("tcp://127.0.0.1:{port}")).unwrap();
        Self(socket)
    }

    /// The first that `wanted` makes something of.
    fn next<T>(&self, wanted: impl Fn(Telemetry) -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            assert!(began.elapsed() < LIMIT, "never heard");
            let frames = self.0.recv_multipart(0).unwrap();
            if let Some(found) = wanted(Telemetry::decode(&frames[0], &frames[1]).unwrap()) {
                return found;
            }
        }
    }

    fn evidence(&self, engaged: bool) -> LatchEvidence {
        self.next(|t| match t {
            Telemetry::LatchEvidence(e) if e.engaged == Some(engaged) => Some(e),
            _ => None,
        })
    }

    fn status(&self, wanted: impl Fn(&TraderStatusTold) -> bool) -> TraderStatusTold {
        self.next(|t| match t {
            Telemetry::Trader(told) if wanted(&told) => Some(*told),
            _ => None,
        })
    }
}

#[test]
fn it_tells_each_decision_and_what_it_sees_of_the_latch() {
    let home = Sandbox::new();
    let engine = Process::start(&home, &["--ticks", "mock"]);
    let ctx = zmq::Context::new();
    let ear = Ear::new(&ctx, engine.events_port);
    let told = ear.next(|t| match t {
        Telemetry::Decision(told) => Some(Decision::from(*told)),
        _ => None,
    });
    // The same decision stands in the log, as the console reads it.
    let number = told.number.unwrap();
    let written = engine.until("the same tick", |e| e["tick_id"] == number);
    assert_eq!(written["order"]["order_id"], told.order.as_str());
    assert_eq!((told.action.as_str(), told.live), ("ORDER_GENERATED", Some(false)));
    let mut lines = crs::wire::DecisionLines::default();
    let crs::wire::Heard::Decision(read) = lines.line(written.to_string().as_bytes()) else {
        panic!("{written}");
    };
    assert_eq!(*read, told);

    let safe = ear.evidence(false);
    assert_eq!((safe.consumer.as_str(), safe.fault.as_str()), ("engine", ""));
    assert_eq!(safe.latch_path.as_str(), home.latch().to_str().unwrap());
    assert!(safe.dir_ino.is_some() && safe.ino.is_none());
    let status = ear.status(|told| told.status.cycles > 0).status;
    assert_eq!((status.pid, status.live, status.safe), (u64::from(engine.pid()), false, true));
    assert_eq!((status.strategy.as_str(), status.symbols.as_str()), ("threshold", "all"));
    assert!(status.orders > 0 && status.blocked == 0 && status.last.is_some());

    fs::write(home.latch(), "").unwrap();
    assert!(ear.evidence(true).ino.is_some());
    engine.until("BLOCKED", is("BLOCKED"));
    let status = ear.status(|told| told.status.blocked > 0).status;
    assert!(!status.safe && !status.why.is_empty(), "{status:?}");
    let blocked = ear.next(|t| match t {
        Telemetry::LatchEvidence(e) if e.last_blocked.is_some() => Some(e),
        _ => None,
    });
    assert_eq!(blocked.engaged, Some(true));
}

#[test]
fn a_port_that_is_taken_is_an_error_where_somebody_asked_for_it() {
    let home = Sandbox::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let args = ["engine", "--ticks", "mock", "--count", "2", "--events-port", &port];
    let outcome = home.run(&args, LIMIT);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    assert!(outcome.stderr.contains("telemetry: "), "{outcome:#?}");
}
