//! The machine's story, told without a socket, and seeded schedules of a
//! gateway that may do anything.

use super::*;

const MS: u64 = 1_000_000;
const TIMING: Timing = Timing { proof: 1_000 * MS, enforce: 5_000 * MS };

fn id() -> EngageId {
    EngageId::from_parts(1_768_399_018_271, 7)
}

struct Bench {
    now: u64,
    machine: Machine,
    open: BTreeMap<CallId, (ReqId, Action)>,
    alarms: Vec<Text>,
}

impl Bench {
    fn new() -> Self {
        let mut bench = Self {
            now: 1_000 * MS,
            machine: Machine::new(id(), 1_000 * MS, TIMING),
            open: BTreeMap::new(),
            alarms: Vec::new(),
        };
        bench.hear(Input::Begin);
        bench
    }

    fn hear(&mut self, input: Input) {
        let mut out = Vec::new();
        self.machine.on(self.now, input, &mut out);
        for effect in out {
            match effect {
                Effect::Open(call, req, action) => {
                    self.open.insert(call, (req, action));
                }
                Effect::Drop(call) => {
                    self.open.remove(&call);
                }
                Effect::Alarm(text) => self.alarms.push(text),
                Effect::Found(_) | Effect::Doubt | Effect::Seen(_) => {}
            }
        }
    }

    fn pass(&mut self, ms: u64) {
        let until = self.now + ms * MS;
        while let Some(at) = self.machine.wake().filter(|at| *at <= until) {
            self.now = at.max(self.now);
            self.hear(Input::Tick);
        }
        self.now = until;
        self.hear(Input::Tick);
    }

    fn find(&self, word: &str) -> Option<CallId> {
        self.open.iter().rev().find(|(_, (_, a))| a.word() == word).map(|(c, _)| *c)
    }

    fn sent(&mut self, word: &str) {
        let call = self.find(word).unwrap();
        self.hear(Input::Sent(call));
    }

    fn answer(&mut self, word: &str, data: &str) {
        let call = self.find(word).unwrap();
        let req = self.open.get(&call).unwrap().0.clone();
        self.hear(Input::Reply(call, envelope(req.as_str(), "SUCCESS", data)));
    }

    fn flat_poll(&mut self) {
        self.answer("GET_POSITIONS", "[]");
        self.answer("GET_ACCOUNT_INFO", FLAT);
    }
}

const FLAT: &str = r#"{"balance":10000.0,"equity":10000.0,"used_margin":0.0}"#;
const CLOSED: &str = r#"{"positions_closed":1,"total_positions":1,"timestamp":1.0}"#;
const ONE: &str = r#"[{"ticket":7,"symbol":"EURUSD","type":"BUY","volume":0.1,"open_price":1.1,"current_price":1.1,"profit":0.0}]"#;

fn envelope(req: &str, status: &str, data: &str) -> Vec<u8> {
    format!(
        r#"{{"req_id":"{req}","status":"{status}","timestamp":1.0,"data":{data},"error":null}}"#
    )
    .into_bytes()
}

#[test]
fn a_claim_is_acked_and_three_polls_over_two_intervals_verify() {
    let mut b = Bench::new();
    assert_eq!(b.machine.phase, GatewayPhase::Sending { n: 1 });
    b.sent("KILL_SWITCH");
    b.answer("KILL_SWITCH", CLOSED);
    assert_eq!((b.machine.phase, b.machine.claimed), (GatewayPhase::Acked, Some((1, 1))));
    b.pass(0);
    b.flat_poll();
    b.pass(1_000);
    b.flat_poll();
    assert_eq!(b.machine.phase, GatewayPhase::Acked);
    b.pass(1_000);
    b.flat_poll();
    assert_eq!((b.machine.phase, b.machine.good), (GatewayPhase::Verified, 3));
    assert_eq!(b.machine.times.verified, Some(2_000_000));
}

#[test]
fn the_plan_tells_what_is_next_and_when() {
    let mut b = Bench::new();
    let at = |ms: u64| Some((1_000 + ms) * MS);
    let plan = b.machine.plan();
    assert_eq!((plan.waiting, plan.kill_ns, plan.looking), (false, at(2_000), false));
    b.sent("KILL_SWITCH");
    assert!(b.machine.plan().waiting);
    b.pass(2_000);
    let plan = b.machine.plan();
    assert_eq!((plan.waiting, plan.kill_ns, plan.looking), (true, at(4_000), true));
    b.answer("KILL_SWITCH", CLOSED);
    assert_eq!(b.machine.plan().kill_ns, None, "acknowledged: not sent again");
    b.flat_poll();
    let plan = b.machine.plan();
    assert_eq!((plan.looking, plan.look_ns), (false, at(3_000)));
    assert_eq!(b.machine.last_poll.as_ref().unwrap().at_ns, at(2_000));
    b.pass(1_000);
    b.answer("GET_POSITIONS", "[]");
    b.answer("GET_ACCOUNT_INFO", r#"{"error":"MT5 not connected"}"#);
    let poll = b.machine.last_poll.as_ref().unwrap();
    assert!(poll.why.as_str().contains("MT5 not connected"), "{poll:?}");
    // The claim of the blind is none: the kill goes out again.
    assert_eq!(b.machine.plan().kill_ns, at(8_000));
}

#[test]
fn a_lie_leaves_survivors_a_new_round_and_never_verifies() {
    let mut b = Bench::new();
    b.sent("KILL_SWITCH");
    let first = b.open.get(&b.find("KILL_SWITCH").unwrap()).unwrap().0.clone();
    b.answer("KILL_SWITCH", CLOSED);
    b.pass(0);
    b.answer("GET_POSITIONS", ONE);
    b.answer("GET_ACCOUNT_INFO", FLAT);
    assert_eq!(b.machine.phase, GatewayPhase::Partial);
    assert_eq!(b.machine.survivors.keys().copied().collect::<Vec<_>>(), vec![Ticket(7)]);
    assert!(b.find("CLOSE_POSITION").is_some());
    b.pass(1_000);
    let second = b.open.get(&b.find("KILL_SWITCH").unwrap()).unwrap().0.clone();
    assert_ne!(first, second);
    assert_eq!(second, id().kill_req(2));
    b.answer("CLOSE_POSITION", r#"{"status":"SUCCESS","ticket":7,"volume":0.1,"price":1.1}"#);
    b.pass(0);
    assert_ne!(b.machine.phase, GatewayPhase::Verified);
}

#[test]
fn a_blind_gateway_is_never_verified() {
    let mut b = Bench::new();
    b.sent("KILL_SWITCH");
    b.answer("KILL_SWITCH", r#"{"positions_closed":0,"total_positions":0}"#);
    for _ in 0..20 {
        b.pass(1_000);
        if b.find("GET_POSITIONS").is_some() {
            b.answer("GET_POSITIONS", "[]");
            b.answer("GET_ACCOUNT_INFO", r#"{"error":"MT5 not connected"}"#);
        }
        assert_ne!(b.machine.phase, GatewayPhase::Verified);
    }
    assert_eq!(b.machine.phase, GatewayPhase::Partial);
    assert!(b.machine.note.as_str().contains("account can't be trusted"));
}

#[test]
fn a_claim_made_blind_is_withdrawn_and_the_kill_sent_again_once_it_sees() {
    let mut b = Bench::new();
    b.sent("KILL_SWITCH");
    b.answer("KILL_SWITCH", r#"{"positions_closed":0,"total_positions":0}"#);
    b.pass(0);
    b.answer("GET_POSITIONS", "[]");
    b.answer("GET_ACCOUNT_INFO", r#"{"error":"MT5 not connected"}"#);
    for _ in 0..5 {
        b.pass(1_000);
        if b.find("GET_POSITIONS").is_some() {
            b.flat_poll();
        }
    }
    let kill = b.open.values().find(|(_, a)| *a == Action::KillSwitch).map(|(r, _)| r.clone());
    assert_eq!(kill, Some(id().kill_req(2)));
}

#[test]
fn one_garbled_answer_of_a_proven_peer_is_unconfirmed_and_asked_again() {
    let mut b = Bench::new();
    b.sent("KILL_SWITCH");
    let call = b.find("KILL_SWITCH").unwrap();
    b.hear(Input::Reply(call, b"Internal error".to_vec()));
    assert_eq!(b.machine.phase, GatewayPhase::Unconfirmed);
    b.pass(1_000);
    assert!(b.find("KILL_SWITCH").is_some());
}

#[test]
fn silence_is_unconfirmed_and_asks_again_with_the_same_id() {
    let mut b = Bench::new();
    b.sent("KILL_SWITCH");
    b.pass(2_000);
    assert_eq!(b.machine.attempts, 2);
    assert_eq!(b.machine.phase, GatewayPhase::Unconfirmed, "the resend does not take it back");
    let ids: Vec<_> =
        b.open.values().filter(|(_, a)| *a == Action::KillSwitch).map(|(r, _)| r.clone()).collect();
    assert_eq!(ids, vec![id().kill_req(1), id().kill_req(1)]);
    for _ in 0..60 {
        b.pass(500);
        if let Some(call) = b.find("KILL_SWITCH") {
            b.hear(Input::Sent(call));
        }
        let kills = b.open.values().filter(|(_, a)| *a == Action::KillSwitch).count();
        assert!(kills <= MAX_OUTSTANDING, "{kills} outstanding");
        assert_eq!(b.machine.phase, GatewayPhase::Unconfirmed);
    }
    // The answer to the first comes 6 s late on the socket that listens on.
    let first = b.open.iter().find(|(_, (_, a))| *a == Action::KillSwitch).map(|(c, _)| *c);
    b.hear(Input::Reply(first.unwrap(), envelope(id().kill_req(1).as_str(), "SUCCESS", CLOSED)));
    assert_eq!(b.machine.phase, GatewayPhase::Acked);
}

#[test]
fn a_peer_that_hangs_up_on_every_kill_is_not_flooded_and_its_account_is_read() {
    let mut b = Bench::new();
    for _ in 0..100 {
        if let Some(call) = b.find("KILL_SWITCH") {
            b.hear(Input::Sent(call));
            b.hear(Input::Lost(call, Text::new("the connection broke")));
        }
        b.pass(100);
        if b.find("GET_POSITIONS").is_some() {
            b.flat_poll();
        }
    }
    assert!(b.machine.attempts < 10, "{} in 10 s", b.machine.attempts);
    assert_eq!((b.machine.phase, b.machine.times.acked), (GatewayPhase::Verified, None));
}

#[test]
fn wrong_ids_pending_and_nested_errors_are_no_acknowledgement() {
    for (status, req, data) in [
        ("SUCCESS", "kill-other", CLOSED),
        ("SUCCESS", "", CLOSED),
        ("PENDING", "=", CLOSED),
        ("ERROR", "=", CLOSED),
        ("SUCCESS", "=", r#"{"error":"no terminal"}"#),
        ("SUCCESS", "=", r#"{"status":"ERROR","positions_closed":1,"total_positions":1}"#),
        ("SUCCESS", "=", r#"{"positions_closed":1,"total_positions":2}"#),
    ] {
        let mut b = Bench::new();
        b.sent("KILL_SWITCH");
        let own = id().kill_req(1);
        let req = if req == "=" { own.as_str() } else { req };
        let call = b.find("KILL_SWITCH").unwrap();
        b.hear(Input::Reply(call, envelope(req, status, data)));
        assert!(
            matches!(b.machine.phase, GatewayPhase::Unconfirmed | GatewayPhase::Partial),
            "{status} {req} {data}: {:?}",
            b.machine.phase
        );
        assert_eq!(b.machine.times.acked, None);
    }
}

#[test]
fn pending_is_an_alarm_at_ten_seconds_and_none_once_flat_is_proven() {
    let mut b = Bench::new();
    b.sent("KILL_SWITCH");
    let pending = |b: &mut Bench| {
        if let Some(call) = b.find("KILL_SWITCH") {
            let own = b.open.get(&call).unwrap().0.clone();
            b.hear(Input::Reply(call, envelope(own.as_str(), "PENDING", "{}")));
        }
    };
    pending(&mut b);
    assert_eq!((b.machine.phase, b.machine.times.acked), (GatewayPhase::Partial, None));
    for _ in 0..99 {
        b.pass(100);
        pending(&mut b);
    }
    assert_eq!(b.alarms, []);
    b.pass(100);
    assert_eq!(b.alarms, [Text::new("the gateway still says PENDING after 10 s")]);
    for _ in 0..300 {
        b.pass(100);
        pending(&mut b);
        if b.find("GET_POSITIONS").is_some() {
            b.flat_poll();
        }
    }
    assert_eq!((b.machine.phase, b.alarms.len()), (GatewayPhase::Verified, 1));
    assert_eq!(b.machine.times.acked, None);
}

#[test]
fn an_answer_later_than_thirty_seconds_is_nobodys() {
    let mut b = Bench::new();
    b.sent("KILL_SWITCH");
    let first = b.find("KILL_SWITCH").unwrap();
    b.pass(29_900);
    assert!(b.open.contains_key(&first), "its socket listens on");
    b.pass(200);
    assert!(!b.open.contains_key(&first), "and is closed then");
    let late = envelope(id().kill_req(1).as_str(), "SUCCESS", CLOSED);
    b.hear(Input::Reply(first, late));
    assert_eq!((b.machine.phase, b.machine.times.acked), (GatewayPhase::Unconfirmed, None));
}

#[test]
fn a_stranger_gets_no_second_word_until_it_is_probed() {
    let mut b = Bench::new();
    let call = b.find("KILL_SWITCH").unwrap();
    b.hear(Input::NotV1(call, Text::new("OK_ACK")));
    assert_eq!((b.machine.phase, b.open.len()), (GatewayPhase::NotV1, 0));
    b.pass(60_000);
    assert!(b.open.is_empty());
    b.hear(Input::ProbeAgain);
    assert_eq!(b.open.len(), 1);
}

#[test]
fn a_position_after_the_proof_is_an_alarm_and_a_new_kill() {
    let mut b = Bench::new();
    b.sent("KILL_SWITCH");
    b.answer("KILL_SWITCH", CLOSED);
    for _ in 0..3 {
        b.pass(1_000);
        b.flat_poll();
    }
    assert_eq!(b.machine.phase, GatewayPhase::Verified);
    b.pass(5_000);
    b.answer("GET_POSITIONS", ONE);
    b.answer("GET_ACCOUNT_INFO", FLAT);
    assert_eq!((b.machine.phase, b.alarms.len()), (GatewayPhase::Partial, 1));
    b.pass(1_000);
    assert_eq!(b.open.get(&b.find("KILL_SWITCH").unwrap()).unwrap().0, id().kill_req(2));
}

/// xorshift: schedules must be the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// A gateway whose account is a fact, and whose words may be anything.
fn story(seed: u64) {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut b = Bench::new();
    let honest_from = b.now + dice.roll(40_000) * MS;
    let mut open_positions = dice.roll(3);
    let deadline = b.now + 400_000 * MS;
    while b.now < deadline && b.machine.phase != GatewayPhase::Verified {
        b.pass(1 + dice.roll(700));
        let honest = b.now >= honest_from;
        let calls: Vec<(CallId, ReqId, Action)> =
            b.open.iter().map(|(c, (r, a))| (*c, r.clone(), a.clone())).collect();
        for (call, req, action) in calls {
            let fault = if honest { 0 } else { dice.roll(9) };
            let obeys = honest || dice.roll(2) == 0;
            if obeys && matches!(action, Action::KillSwitch | Action::ClosePosition(_)) {
                open_positions = 0;
            }
            let truth = match &action {
                Action::Positions if open_positions > 0 => ONE.to_owned(),
                Action::Positions => "[]".to_owned(),
                Action::AccountInfo => FLAT.to_owned(),
                Action::ClosePosition(t) => format!(r#"{{"status":"SUCCESS","ticket":{t}}}"#),
                _ => CLOSED.to_owned(),
            };
            match fault {
                0 => {
                    b.hear(Input::Sent(call));
                    b.hear(Input::Reply(call, envelope(req.as_str(), "SUCCESS", &truth)));
                }
                1 => b.hear(Input::Sent(call)),
                2 => b.hear(Input::Lost(call, Text::new("gone"))),
                3 => b.hear(Input::Reply(call, envelope("other", "SUCCESS", &truth))),
                4 => b.hear(Input::Reply(call, envelope(req.as_str(), "PENDING", &truth))),
                5 => b.hear(Input::Reply(call, envelope(req.as_str(), "ERROR", &truth))),
                6 => {
                    let nested = r#"{"error":"blind"}"#;
                    b.hear(Input::Reply(call, envelope(req.as_str(), "SUCCESS", nested)));
                }
                7 => {}
                _ => b.hear(Input::Shaking(call)),
            }
        }
        if b.machine.phase == GatewayPhase::Verified {
            assert_eq!(open_positions, 0, "seed {seed}: VERIFIED with open positions");
        }
    }
    assert_eq!(b.machine.phase, GatewayPhase::Verified, "seed {seed}: never proven");
}

/// `CRS_SEEDS=1000000 cargo test --release --lib seeded_schedules -- --nocapture`
/// is the long form; `CRS_SEED` is the first.
#[test]
fn seeded_schedules_never_verify_what_is_not_flat_and_always_end_in_proof() {
    let number = |key, or| std::env::var(key).ok().and_then(|s| s.parse().ok()).unwrap_or(or);
    let (first, count) = (number("CRS_SEED", 1_u64), number("CRS_SEEDS", 3_000));
    let lanes = number("CRS_LANES", 1).max(1);
    let began = std::time::Instant::now();
    let step = usize::try_from(lanes).unwrap();
    std::thread::scope(|scope| {
        for lane in 0..lanes {
            scope.spawn(move || {
                for seed in (first + lane..first + count).step_by(step) {
                    story(seed);
                }
            });
        }
    });
    let took = began.elapsed().as_secs_f64();
    println!("{count} schedules from {first} in {took:.1} s");
}

#[test]
fn who_looks_on_reads_every_interval_and_trusts_no_half_of_a_read() {
    let mut machine = Machine::prover(id(), 1_000 * MS, TIMING.looking_on());
    let (mut now, mut calls, mut seen) = (1_000 * MS, Vec::new(), Vec::new());
    let mut hear = |now: u64, input: Input, calls: &mut Vec<(CallId, ReqId, Action)>| {
        let mut out = Vec::new();
        machine.on(now, input, &mut out);
        for effect in out {
            match effect {
                Effect::Open(call, req, action) => calls.push((call, req, action)),
                Effect::Seen(read) => seen.push((now, read)),
                Effect::Drop(_) => {}
                other => panic!("{other:?}"),
            }
        }
    };
    hear(now, Input::Begin, &mut calls);
    let one = r#"[{"ticket":7,"symbol":"EURUSD","type":"BUY","volume":0.1,"open_price":1.1,"current_price":1.1,"profit":0.0}]"#;
    let account =
        |margin: &str| format!(r#"{{"balance":1.0,"equity":1.0,"used_margin":{margin}}}"#);
    let reads = [("[]", account("0.0")), (one, account("11.0")), ("[]", account("11.0"))];
    let blind = ("[]", r#"{"error":"no terminal"}"#.to_owned());
    for (positions, account) in reads.into_iter().chain([blind]) {
        assert_eq!(calls.len(), 2, "nothing is asked but both reads, once an interval");
        for (call, req, action) in std::mem::take(&mut calls) {
            let data = match action {
                Action::Positions => positions,
                Action::AccountInfo => &account,
                other => panic!("{other:?}"),
            };
            let text = format!(
                r#"{{"req_id":"{req}","status":"SUCCESS","timestamp":1.0,"data":{data},"error":null}}"#
            );
            hear(now, Input::Sent(call), &mut calls);
            hear(now, Input::Reply(call, text.into_bytes()), &mut calls);
        }
        hear(now + TIMING.enforce - 1, Input::Tick, &mut calls);
        assert!(calls.is_empty());
        now += TIMING.enforce;
        hear(now, Input::Tick, &mut calls);
    }
    let trusted: Vec<Option<usize>> =
        seen.iter().map(|(_, read)| read.as_ref().ok().map(Vec::len)).collect();
    assert_eq!(trusted, [Some(0), Some(1), None, None]);
    assert_eq!(seen[1].0 - seen[0].0, TIMING.enforce);
}
