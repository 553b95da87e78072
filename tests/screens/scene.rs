//! Scenes: states that a session can really be in, made from events.

use crs::domain::{
    Account, AlarmRules, Calendar, Decision, DecisionSource, EngageId, GatewayAddr, GatewayPhase,
    Heard, Intent, KillPlan, KillProgress, LatchPhase, LatchSeen, Lots, Mode, Money, PeerTime,
    Position, Price, Probabilities, ProofPoll, Ratio, Side, Stamp, StepTimes, Survivor, Symbol,
    Text, Tick, TickBatch, TickShape, Ticket, UtcMicros,
};
use crs::event::{
    AccountRead, AgentReport, Event, FeedReport, Fingerprint, GatewayReport, GuardPhase,
    GuardReport, GuardedVerb, Level, LinkState, LogLine, PositionsRead, Read, SessionInfo, Stamped,
};
use crs::state::State;
use crs::tui::ui::Pane;
use crs::tui::view::{HelpSection, Hint, Hints, WayBack};
use std::time::Duration;

/// 2026-01-14T14:00:00Z.
const START_US: i64 = 1_768_399_200_000_000;

/// A session on its way.
pub struct Session {
    pub state: State,
    pub at: Stamp,
    /// What made it.
    pub records: Vec<Stamped>,
}

impl Session {
    pub fn new(mode: Option<Mode>) -> Self {
        let at = Stamp { mono_ns: 1_000_000_000_000, utc: UtcMicros(START_US) };
        let mut session = Self { state: State::default(), at, records: Vec::new() };
        session.put(Event::Session(Box::new(SessionInfo {
            version: Text::new("0.1.0"),
            forced_mode: mode,
            gateways: vec![GatewayAddr {
                name: Text::new("main"),
                cmd: "127.0.0.1:5555".parse().unwrap(),
                data: "127.0.0.1:5556".parse().unwrap(),
            }],
            latch: Text::new("/tmp/mt5_crs_kill_switch.lock"),
            host: Text::new("inf"),
            operator: Text::new("ops@inf"),
            config: Text::new("/etc/crs/config.toml"),
            calendar: Calendar::default(),
            alarms: AlarmRules::default(),
        })));
        session
    }

    pub fn put(&mut self, event: Event) -> &mut Self {
        let seq = self.state.seq + 1;
        let record = Stamped { seq, at: self.at, event };
        self.state.apply(&record).unwrap();
        self.records.push(record);
        self
    }

    /// Lets `ms` pass in beats.
    pub fn pass(&mut self, ms: u64) -> &mut Self {
        for _ in 0..ms / 100 {
            self.at = self.at.plus(Duration::from_millis(100));
            self.put(Event::Beat);
        }
        self
    }

    pub fn feed(&mut self, link: LinkState) -> &mut Self {
        let refused = [(Text::new("crossed"), 2), (Text::new("bad json"), 14)].into();
        self.put(Event::Feed(Box::new(FeedReport {
            feed: 0,
            link,
            received: 184_222,
            dropped: 0,
            refused,
            missed: 3,
            rebuilds: 1,
            rebuilt_for: Text::new("frame above 1 MiB"),
        })))
    }

    pub fn heartbeat(&mut self, rtt_us: u64) -> &mut Self {
        self.put(Event::Gateway(Box::new(GatewayReport {
            gateway: 0,
            link: LinkState::Up,
            fingerprint: Fingerprint::V1,
            rtt_us: Some(rtt_us),
            fault: Text::default(),
            service: Text::new("MT5 Gateway"),
            killed: None,
        })))
    }

    /// Its gateway answers that it remembers a kill, or that it remembers none.
    pub fn remembers(&mut self, killed: bool) -> &mut Self {
        self.put(Event::Gateway(Box::new(GatewayReport {
            link: LinkState::Up,
            fingerprint: Fingerprint::V1,
            rtt_us: Some(28_000),
            killed: Some(killed),
            ..GatewayReport::default()
        })))
    }

    pub fn latch(&mut self, phase: LatchPhase, reason: &str, by: &str) -> &mut Self {
        self.put(Event::Latch(Box::new(LatchSeen {
            phase,
            reason: Text::new(reason),
            by: Text::new(by),
            path: Text::new("/tmp/mt5_crs_kill_switch.lock"),
            ..LatchSeen::default()
        })))
    }

    pub fn agent(&mut self, present: bool) -> &mut Self {
        let fault = if present { Text::default() } else { Text::new("exited, status 1") };
        self.put(Event::Agent(AgentReport { present, pid: present.then_some(4_711), fault }))
    }

    pub fn tick(&mut self, symbol: &str, bid: &str, ask: &str) -> &mut Self {
        // The broker's clock is two hours ahead.
        let time = self.at.utc.0 + 7_200_000_000 - i64::try_from(self.state.seq % 7).unwrap() * 900;
        let tick = Tick {
            symbol: Symbol::new(symbol).unwrap(),
            bid: Price::parse(bid).unwrap(),
            ask: Price::parse(ask).unwrap(),
            time: Some(PeerTime::Epoch(time)),
            seq: None,
            shape: TickShape::T7,
        };
        let ticks = vec![Heard { after_us: 0, tick }];
        self.put(Event::Ticks(TickBatch {
            feed: 0,
            base: self.at,
            ticks,
            raw: crs::domain::RawTicks::default(),
        }))
    }

    pub fn positions(&mut self, list: Vec<Position>) -> &mut Self {
        let read = Read::Good(list);
        self.put(Event::Positions(Box::new(PositionsRead {
            gateway: 0,
            asked: self.at,
            rtt_us: 30_000,
            read,
        })))
    }

    pub fn positions_fault(&mut self, cause: &str) -> &mut Self {
        let read = Read::Fault(Text::new(cause));
        self.put(Event::Positions(Box::new(PositionsRead {
            gateway: 0,
            asked: self.at,
            rtt_us: 30_000,
            read,
        })))
    }

    pub fn account(&mut self, server: &str) -> &mut Self {
        let money = |s: &str| Money::parse(s).unwrap();
        let account = Account {
            balance: money("100000"),
            equity: money("100123.45"),
            free_margin: Some(money("98770.20")),
            used_margin: Some(money("1353.25")),
            margin_level: Some(Ratio::parse("7398.74").unwrap()),
            currency: Text::new("USD"),
            trade_mode: None,
            server_name: Some(Text::new(server)),
            leverage: Some(100),
        };
        let read = Read::Good(account);
        self.put(Event::Account(Box::new(AccountRead {
            gateway: 0,
            asked: self.at,
            rtt_us: 30_000,
            read,
        })))
    }

    pub fn account_fault(&mut self, cause: &str) -> &mut Self {
        let read = Read::Fault(Text::new(cause));
        self.put(Event::Account(Box::new(AccountRead {
            gateway: 0,
            asked: self.at,
            rtt_us: 30_000,
            read,
        })))
    }

    pub fn guard(&mut self, verb: GuardedVerb, phase: GuardPhase) -> &mut Self {
        self.put(Event::Guard(GuardReport { verb, phase, at: self.at }))
    }

    pub fn log(&mut self, level: Level, source: &str, text: &str) -> &mut Self {
        let (source, text) = (Text::new(source), Text::new(text));
        self.put(Event::Log(LogLine { level, source, text, when: None }))
    }

    pub fn decision(&mut self, decision: Decision) -> &mut Self {
        self.put(Event::Decision(Box::new(decision)))
    }

    /// So many milliseconds from now, in nanoseconds since boot.
    pub const fn ns(&self, ms: u64) -> u64 {
        self.at.mono_ns + ms * 1_000_000
    }

    /// A poll of now.
    pub fn poll(&self, positions: Option<u32>, margin_zero: Option<bool>, why: &str) -> ProofPoll {
        ProofPoll { positions, margin_zero, why: Text::new(why), at_ns: Some(self.ns(0)) }
    }

    pub fn kill(&mut self, change: impl FnOnce(&mut KillProgress)) -> &mut Self {
        let mut kill =
            self.state.kills.get(&Text::new("main")).map_or_else(fresh_kill, |k| k.value.clone());
        change(&mut kill);
        self.put(Event::Kill(Box::new(kill)))
    }
}

fn fresh_kill() -> KillProgress {
    KillProgress {
        engage_id: EngageId::from_parts(1_768_399_240_000, 42),
        intent: Intent::Kill,
        target: 0,
        gateway: Text::new("main"),
        phase: GatewayPhase::Sending { n: 1 },
        latch: LatchPhase::Latched,
        attempts: 1,
        claimed: None,
        good_polls: 0,
        last_poll: None,
        survivors: Vec::new(),
        times: StepTimes { gate: Some(40), visible: Some(910), ..StepTimes::default() },
        driver: Text::new("agent"),
        note: Text::default(),
        plan: KillPlan::default(),
    }
}

pub fn position(
    ticket: u64,
    symbol: &str,
    side: Side,
    lots: &str,
    open: &str,
    current: &str,
    profit: &str,
) -> Position {
    Position {
        ticket: Ticket(ticket),
        symbol: Text::new(symbol),
        side,
        lots: Lots::parse(lots).unwrap(),
        open: Price::parse(open).unwrap(),
        current: Price::parse(current).ok(),
        profit: Money::parse(profit).unwrap(),
        sl: None,
        tp: None,
    }
}

pub fn book() -> Vec<Position> {
    vec![
        position(1_000_003, "EURUSD", Side::Buy, "0.10", "1.08510", "1.08553", "43.00"),
        position(1_000_004, "USDJPY", Side::Sell, "0.25", "157.204", "157.150", "85.90"),
        position(1_000_007, "XAUUSD", Side::Buy, "0.01", "2651.40", "2650.95", "-5.45"),
    ]
}

fn decision(side: Option<Side>, shares: [&str; 3], action: &str, why: &str) -> Decision {
    let ratio = |s: &str| Ratio::parse(s).unwrap();
    Decision {
        source: DecisionSource::Engine,
        at: None,
        symbol: Text::new("EURUSD"),
        side,
        probabilities: Some(Probabilities {
            sell: ratio(shares[0]),
            hold: ratio(shares[1]),
            buy: ratio(shares[2]),
        }),
        threshold: Some(ratio("0.60")),
        action: Text::new(action),
        why: Text::new(why),
        lag_us: Some(1_950),
        ..Decision::default()
    }
}

/// Half a minute of a good day on the paper gateway.
pub fn calm() -> Session {
    let mut s = Session::new(None);
    s.agent(true).latch(LatchPhase::Safe, "", "").feed(LinkState::Up);
    for i in 0..30_i64 {
        s.heartbeat(28_000 + u64::try_from(i % 5).unwrap() * 1_700);
        s.latch(LatchPhase::Safe, "", "");
        s.positions(book()).account("crs-paper 0.1.0");
        for j in 0..5 {
            let wave = (i * 5 + j) * 37 % 23 - 11 + i;
            let bid = 108_530 + wave;
            s.tick("EURUSD", &format!("1.{:05}", bid - 100_000), &format!("1.{:05}", bid - 99_990));
            if j == 0 {
                s.tick(
                    "USDJPY",
                    &format!("157.{:03}", 150 + i * 7 % 19),
                    &format!("157.{:03}", 162 + i * 7 % 19),
                );
            }
            if j == 1 && i % 3 == 0 {
                s.tick(
                    "XAUUSD",
                    &format!("2650.{:02}", 20 + wave),
                    &format!("2650.{:02}", 50 + wave),
                );
            }
            s.pass(200);
        }
        if i == 20 {
            s.decision(decision(Some(Side::Buy), ["0.08", "0.20", "0.72"], "ORDER_GENERATED", ""));
        }
        if i == 25 {
            s.decision(decision(None, ["0.31", "0.38", "0.31"], "NO_ORDER", "below threshold"));
        }
    }
    s.feed(LinkState::Up).heartbeat(31_200).positions(book()).account("crs-paper 0.1.0");
    s.latch(LatchPhase::Safe, "", "").pass(400);
    s
}

/// A second gateway, which went away and took a position with it.
pub fn two_gateways() -> Session {
    let mut s = calm();
    let mut info = s.state.session.clone();
    info.gateways.push(GatewayAddr {
        name: Text::new("backup"),
        cmd: "127.0.0.1:6555".parse().unwrap(),
        data: "127.0.0.1:6556".parse().unwrap(),
    });
    s.put(Event::Session(Box::new(info)));
    let list = vec![position(77, "EURUSD.s", Side::Sell, "1.00", "1.08590", "1.08570", "20.00")];
    let read = Read::Good(list);
    s.put(Event::Positions(Box::new(PositionsRead { gateway: 1, asked: s.at, rtt_us: 1, read })));
    s.put(Event::Gateway(Box::new(GatewayReport {
        gateway: 1,
        link: LinkState::Down,
        fault: Text::new("connection refused"),
        ..GatewayReport::default()
    })));
    let read = Read::Fault(Text::new("connection refused"));
    s.put(Event::Positions(Box::new(PositionsRead { gateway: 1, asked: s.at, rtt_us: 1, read })));
    s
}

/// The key was pressed and the first steps are done.
pub fn killing() -> Session {
    let mut s = calm();
    s.guard(GuardedVerb::Kill, GuardPhase::Armed)
        .pass(600)
        .guard(GuardedVerb::Kill, GuardPhase::Fired);
    s.latch(LatchPhase::Latched, "operator", "ops@inf").kill(|_| {});
    s
}

/// The gateway claims that it is done.
pub fn acked() -> Session {
    let mut s = killing();
    s.pass(100);
    let soon = s.ns(700);
    s.latch(LatchPhase::Durable, "operator", "ops@inf").kill(|k| {
        k.phase = GatewayPhase::Acked;
        k.plan = KillPlan { look_ns: Some(soon), ..KillPlan::default() };
        k.latch = LatchPhase::Durable;
        k.claimed = Some((3, 3));
        k.times = StepTimes {
            durable: Some(4_120),
            handed: Some(5_300),
            sent: Some(6_020),
            acked: Some(38_400),
            ..k.times
        };
    });
    s.pass(300);
    s
}

/// It lied: one position is still there.
pub fn partial() -> Session {
    let mut s = acked();
    s.pass(800).positions(vec![book().remove(0)]).account("crs-paper 0.1.0");
    let (poll, again, look) = (s.poll(Some(1), Some(false), ""), s.ns(4_600), s.ns(1_000));
    s.kill(|k| {
        k.phase = GatewayPhase::Partial;
        k.last_poll = Some(poll);
        k.plan = KillPlan { kill_ns: Some(again), look_ns: Some(look), ..KillPlan::default() };
        k.survivors = vec![Survivor {
            ticket: Ticket(1_000_003),
            symbol: Text::new("EURUSD"),
            side: Side::Buy,
            lots: Lots::parse("0.10").unwrap(),
            doing: Text::new("CLOSE_POSITION sent"),
            profit: Money::parse("43.00").ok(),
        }];
        k.note = Text::new("claimed 3 of 3, but 1 is still open");
    });
    s.pass(200);
    s
}

/// Three reads agree.
pub fn verified() -> Session {
    let mut s = partial();
    s.pass(3_000).positions(Vec::new()).account("crs-paper 0.1.0").heartbeat(30_100);
    let (poll, look) = (s.poll(Some(0), Some(true), ""), s.ns(5_000));
    s.kill(|k| {
        k.phase = GatewayPhase::Verified;
        k.good_polls = 3;
        k.last_poll = Some(poll);
        k.plan = KillPlan { look_ns: Some(look), ..KillPlan::default() };
        k.survivors.clear();
        k.times.verified = Some(4_340_040);
        k.note = Text::default();
    });
    s.pass(200);
    s
}

/// A gateway that is gone.
pub fn unconfirmed() -> Session {
    let mut s = killing();
    s.feed(LinkState::Down).put(Event::Gateway(Box::new(GatewayReport {
        gateway: 0,
        link: LinkState::Down,
        fingerprint: Fingerprint::V1,
        rtt_us: None,
        fault: Text::new("connection refused at 127.0.0.1:5555: is the gateway running?"),
        service: Text::new("MT5 Gateway"),
        killed: None,
    })));
    s.positions_fault("no answer within 3 s").account_fault("no answer within 3 s");
    s.pass(12_000);
    let (poll, again) = (s.poll(None, None, "no answer to a proof read"), s.ns(3_300));
    s.latch(LatchPhase::Durable, "operator", "ops@inf").kill(|k| {
        k.phase = GatewayPhase::Unconfirmed;
        k.last_poll = Some(poll);
        k.plan =
            KillPlan { waiting: true, kill_ns: Some(again), looking: true, ..KillPlan::default() };
        k.latch = LatchPhase::Durable;
        k.attempts = 4;
        k.times = StepTimes { durable: Some(4_120), handed: Some(5_300), sent: None, ..k.times };
        k.note = Text::new("attempt 4: the link to 127.0.0.1:5555 is down");
    });
    s.pass(500);
    s
}

/// Keys and card as a run loop would fill them.
pub fn hints() -> Hints {
    let row = Hint::new;
    Hints {
        kill: Text::new("Ctrl-K"),
        block: Text::new("Ctrl-T"),
        confirm: Text::new("y"),
        log_page: Text::new("L"),
        proof: Text::new("f"),
        panes: Pane::ALL
            .into_iter()
            .zip(["1", "2", "3", "4", "5", "f", "o", "7", "8", "9", "P", "0", "A"])
            .map(|(pane, key)| (pane, Text::new(key)))
            .collect(),
        live: vec![row("?", "keys"), row("Tab", "next pane"), row("z", "zoom"), row("q", "leave")],
        help: vec![
            HelpSection {
                title: Text::new("Everywhere"),
                rows: vec![
                    row("Tab", "Give the keys to the next pane."),
                    row("z", "Let the pane fill the screen, or back."),
                    row("g g", "To the first row."),
                    row("q", "Leave; agent and latch stay as they are."),
                ],
            },
            HelpSection {
                title: Text::new("Positions"),
                rows: vec![row("x x", "Close the selected position.")],
            },
        ],
        following: Vec::new(),
        commands: Vec::new(),
        way_back: WayBack::default(),
        card: vec![
            (Text::new("sentinel"), Text::new("systemctl stop crs-sentinel")),
            (Text::new("gateway"), Text::new("crs remote gateway stop")),
            (Text::new("AutoTrading"), Text::new("toolbar of the terminal, button off")),
            (Text::new("broker"), Text::new("+44 20 5550 0100, account 4711")),
        ],
    }
}
