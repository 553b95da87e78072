//! Any event whatever, for properties.

use crate::mission_events::mission;
use crs::domain::{
    Account, AlarmAct, CheckReport, CheckResult, CheckStatus, Decision, DecisionSource,
    DecisionStep, EngageId, Evidence, FileId, GatewayPhase, Heard, Intent, KillPlan, KillProgress,
    LatchPhase, LatchSeen, Lots, Money, OrderBy, OrderFate, OrderNews, PeerTime, Position, Price,
    ProofPoll, Ratio, RawTicks, Side, Stamp, StepTimes, Survivor, Symbol, Text, Tick, TickBatch,
    TickShape, Ticket, TradeMode, TraderStatus, UtcMicros,
};
use crs::event::{
    AccountRead, AgentReport, ArmedReport, Bookmark, CommandPhase, CommandReport, Event,
    EventsReport, EvidenceReport, FeedReport, Fingerprint, GatewayReport, GatewayStatusReport,
    GuardPhase, GuardReport, GuardedVerb, Level, LinkState, LogLine, OrderSourceReport,
    PositionsRead, RawBytes, RawFrame, RawPort, Read, RecordingReport, SessionInfo, Stamped,
    TraderReport,
};
use proptest::prelude::*;

/// A session of up to 60 records, numbered and stamped as a sequencer would.
pub fn session() -> impl Strategy<Value = Vec<Stamped>> {
    prop::collection::vec((event(), 0_u64..3_000_000_000), 1..60).prop_map(|events| {
        let mut now = Stamp { mono_ns: 5_000_000_000, utc: UtcMicros(1_768_399_018_271_512) };
        (1..)
            .zip(events)
            .map(|(seq, (event, gap))| {
                now = now.plus(std::time::Duration::from_nanos(gap));
                Stamped { seq, at: now, event }
            })
            .collect()
    })
}

pub fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::Beat),
        text().prop_map(|host| Event::Session(Box::new(SessionInfo {
            host,
            ..SessionInfo::default()
        }))),
        batch().prop_map(Event::Ticks),
        (feed_index(), link(), any::<u64>(), any::<u32>(), text()).prop_map(
            |(feed, link, n, rebuilds, cause)| {
                let refused = [(cause.clone(), n)].into_iter().collect();
                let rebuilt_for = cause;
                Event::Feed(Box::new(FeedReport {
                    feed,
                    link,
                    received: n,
                    dropped: n / 2,
                    refused,
                    missed: n / 3,
                    rebuilds,
                    rebuilt_for,
                }))
            }
        ),
        (feed_index(), link(), fingerprint(), prop::option::of(any::<u64>()), text()).prop_map(
            |(gateway, link, fingerprint, rtt_us, fault)| {
                let service = fault.clone();
                let killed = rtt_us.map(|us| us % 2 == 0);
                Event::Gateway(Box::new(GatewayReport {
                    gateway,
                    link,
                    fingerprint,
                    rtt_us,
                    fault,
                    service,
                    killed,
                }))
            }
        ),
        (feed_index(), stamp(), read(prop::collection::vec(position(), 0..4))).prop_map(
            |(gateway, asked, read)| {
                Event::Positions(Box::new(PositionsRead { gateway, asked, rtt_us: 7, read }))
            }
        ),
        (feed_index(), stamp(), read(account())).prop_map(|(gateway, asked, read)| {
            Event::Account(Box::new(AccountRead { gateway, asked, rtt_us: 7, read }))
        }),
        decision().prop_map(|d| Event::Decision(Box::new(d))),
        (latch(), text(), any::<u32>()).prop_map(|(phase, reason, tampered)| {
            Event::Latch(Box::new(LatchSeen { phase, reason, tampered, ..LatchSeen::default() }))
        }),
        (verb(), guard_phase(), stamp()).prop_map(|(verb, phase, at)| Event::Guard(GuardReport {
            verb,
            phase,
            at
        })),
        kill().prop_map(|k| Event::Kill(Box::new(k))),
        (any::<bool>(), prop::option::of(any::<u32>()), text())
            .prop_map(|(present, pid, fault)| Event::Agent(AgentReport { present, pid, fault })),
        (text(), text(), command_phase()).prop_map(|(req_id, what, phase)| {
            Event::Command(Box::new(CommandReport {
                req_id,
                what: what.clone(),
                phase,
                note: what,
            }))
        }),
        telemetry(),
        orders(),
        recording(),
        mesh_and_traders(),
        mission().prop_map(|news| Event::Mission(Box::new(news))),
        (text(), prop::option::of(any::<i64>())).prop_map(|(text, when)| {
            Event::Log(LogLine {
                level: Level::Warn,
                source: text.clone(),
                text,
                when: when.map(UtcMicros),
            })
        }),
    ]
}

fn mesh_and_traders() -> impl Strategy<Value = Event> {
    prop_oneof![
        (feed_index(), text(), any::<u64>()).prop_map(|(feed, host, pid)| {
            let status = TraderStatus {
                source: if pid % 3 == 0 {
                    DecisionSource::Engine
                } else {
                    DecisionSource::Sentinel
                },
                host,
                pid: pid % 3,
                live: pid % 2 == 0,
                safe: pid % 5 == 0,
                orders: pid / 2,
                lost: pid / 7,
                last: i64::try_from(pid).ok().map(UtcMicros),
                next: i64::try_from(pid / 3).ok().map(UtcMicros),
                ..TraderStatus::default()
            };
            Event::Trader(Box::new(TraderReport { feed, status }))
        }),
        (text(), text(), 0_u8..3, prop::option::of(any::<u64>())).prop_map(
            |(node, name, n, us)| {
                let status =
                    [CheckStatus::Ok, CheckStatus::Unknown, CheckStatus::Failed][usize::from(n)];
                let result = CheckResult {
                    status,
                    latency_us: us,
                    cause: name.clone(),
                    ..CheckResult::default()
                };
                let critical = us.is_some();
                let period_ms = 1_000;
                let report = CheckReport {
                    node,
                    name,
                    critical,
                    period_ms,
                    result,
                    ..CheckReport::default()
                };
                Event::Check(Box::new(report))
            }
        ),
        prop::option::of(0_u32..3).prop_map(|accounts| Event::Armed(ArmedReport { accounts })),
    ]
}

fn recording() -> impl Strategy<Value = Event> {
    let frames = prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 0..3);
    prop_oneof![
        (any::<bool>(), text(), any::<u64>()).prop_map(|(on, fault, lost)| {
            Event::Recording(Box::new(RecordingReport {
                on,
                fault,
                lost,
                ..RecordingReport::default()
            }))
        }),
        text().prop_map(|text| Event::Bookmark(Bookmark { text })),
        (feed_index(), frames).prop_map(|(peer, frames)| {
            let frames = frames.into_iter().map(RawBytes::from).collect();
            Event::Raw(Box::new(RawFrame { peer, port: RawPort::Reply, frames }))
        }),
        (prop::option::of(text()), any::<u64>(), any::<bool>()).prop_map(|(key, ms, seen)| {
            Event::Alarm(if seen { AlarmAct::Acknowledge(key) } else { AlarmAct::Silence(key, ms) })
        }),
    ]
}

fn telemetry() -> impl Strategy<Value = Event> {
    prop_oneof![
        (prop::option::of(feed_index()), evidence()).prop_map(|(feed, evidence)| {
            Event::Evidence(Box::new(EvidenceReport { feed, evidence }))
        }),
        (feed_index(), any::<bool>(), text(), any::<u64>(), any::<i64>()).prop_map(
            |(feed, killed, text, n, said)| {
                Event::GatewayStatus(Box::new(GatewayStatusReport {
                    feed,
                    gateway: text.clone(),
                    killed,
                    kill_id: text.clone(),
                    orders_accepted: n,
                    orders_refused: n / 2,
                    positions: n / 3,
                    pending: n / 5,
                    fault: text,
                    said: UtcMicros(said),
                }))
            }
        ),
        (feed_index(), link(), any::<u64>(), any::<u32>(), text()).prop_map(
            |(feed, link, n, rebuilds, cause)| {
                Event::Events(Box::new(EventsReport {
                    feed,
                    endpoint: cause.clone(),
                    link,
                    received: n,
                    refused: [(cause.clone(), n)].into(),
                    rebuilds,
                    rebuilt_for: cause,
                }))
            }
        ),
    ]
}

fn orders() -> impl Strategy<Value = Event> {
    let fate = prop::sample::select(vec![
        OrderFate::Sent,
        OrderFate::Done,
        OrderFate::Failed,
        OrderFate::Unknown,
        OrderFate::Untold,
    ]);
    let by = prop::sample::select(vec![OrderBy::Operator, OrderBy::Engine, OrderBy::Sentinel]);
    prop_oneof![
        (by, text(), side(), prop::option::of(any::<u64>()), fate, any::<bool>()).prop_map(
            |(by, id, side, ticket, fate, pending)| {
                Event::Order(Box::new(OrderNews {
                    by,
                    id,
                    symbol: Text::new("EURUSD"),
                    side: Some(side),
                    lots: None,
                    pending,
                    gateway: ticket.map(|n| Text::new(if n % 2 == 0 { "one" } else { "two" })),
                    ticket: ticket.map(Ticket),
                    fate,
                    at: ticket.and_then(|t| i64::try_from(t).ok()).map(UtcMicros),
                }))
            }
        ),
        (text(), any::<bool>(), any::<bool>()).prop_map(|(name, trader, read)| {
            let fault = name.clone();
            Event::OrderSource(Box::new(OrderSourceReport { name, trader, read, fault }))
        }),
    ]
}

fn evidence() -> impl Strategy<Value = Evidence> {
    let id = || prop::option::of((0_u64..2, 0_u64..3).prop_map(|(dev, ino)| FileId { dev, ino }));
    let who = prop_oneof![Just(Text::new("engine")), Just(Text::new("gateway")), text()];
    let time = (prop::option::of(any::<i64>()), any::<i64>());
    (who, text(), text(), prop::option::of(any::<bool>()), id(), id(), time).prop_map(
        |(consumer, host, path, engaged, file, dir, (blocked, said))| Evidence {
            consumer,
            host: host.clone(),
            path,
            engaged,
            fault: host,
            file,
            dir,
            last_blocked: blocked.map(UtcMicros),
            said: UtcMicros(said),
        },
    )
}

pub fn text() -> impl Strategy<Value = Text> {
    prop_oneof!["[a-z]{0,8}", "\\PC{0,12}", Just(String::from("\u{1b}]52;c;x\u{7}"))]
        .prop_map(|s| Text::new(&s))
}

fn feed_index() -> impl Strategy<Value = u16> {
    prop_oneof![0_u16..3, any::<u16>()]
}

fn link() -> impl Strategy<Value = LinkState> {
    prop_oneof![Just(LinkState::Connecting), Just(LinkState::Up), Just(LinkState::Down)]
}

fn fingerprint() -> impl Strategy<Value = Fingerprint> {
    prop_oneof![Just(Fingerprint::Unknown), Just(Fingerprint::V1), Just(Fingerprint::NotV1)]
}

fn stamp() -> impl Strategy<Value = Stamp> {
    (0_u64..90_000_000_000, any::<i64>())
        .prop_map(|(mono_ns, utc)| Stamp { mono_ns, utc: UtcMicros(utc) })
}

fn read<T: std::fmt::Debug>(good: impl Strategy<Value = T>) -> impl Strategy<Value = Read<T>> {
    prop_oneof![3 => good.prop_map(Read::Good), 1 => text().prop_map(Read::Fault)]
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn price() -> impl Strategy<Value = Price> {
    (1..=i64::MAX).prop_map(Price::from_raw)
}

fn batch() -> impl Strategy<Value = TickBatch> {
    let name = prop_oneof![Just("EURUSD"), Just("USDJPY.s"), Just("#US30_m")];
    let time = prop::option::of(prop_oneof![
        any::<i64>().prop_map(PeerTime::Epoch),
        any::<i64>().prop_map(PeerTime::Naive)
    ]);
    let tick =
        (name, price(), price(), time, any::<u32>()).prop_map(|(name, a, b, time, after_us)| {
            let (bid, ask) = (a.min(b), a.max(b));
            let symbol = Symbol::new(name).unwrap();
            Heard {
                after_us,
                tick: Tick {
                    symbol,
                    bid,
                    ask,
                    time,
                    seq: (after_us % 3 == 0).then_some(u64::from(after_us)),
                    shape: TickShape::T7,
                },
            }
        });
    let message = prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 0..3);
    let raw = prop::option::of(prop::collection::vec(message, 6));
    (feed_index(), stamp(), prop::collection::vec(tick, 0..6), raw).prop_map(
        |(feed, base, ticks, messages)| {
            let mut raw = RawTicks::default();
            for message in messages.iter().flatten().take(ticks.len()) {
                raw.push(message.iter().map(Vec::as_slice));
            }
            TickBatch { feed, base, ticks, raw }
        },
    )
}

fn position() -> impl Strategy<Value = Position> {
    (any::<u64>(), text(), side(), any::<i64>(), price()).prop_map(
        |(ticket, symbol, side, n, open)| Position {
            ticket: Ticket(ticket),
            symbol,
            side,
            lots: Lots::from_raw(n),
            open,
            current: None,
            profit: Money::from_raw(n),
            sl: Some(open),
            tp: None,
        },
    )
}

fn account() -> impl Strategy<Value = Account> {
    (any::<i64>(), prop::option::of(any::<i64>()), text()).prop_map(|(n, mode, server)| Account {
        balance: Money::from_raw(n),
        equity: Money::from_raw(n),
        free_margin: None,
        used_margin: Some(Money::from_raw(n)),
        margin_level: Some(Ratio::from_raw(n)),
        currency: Text::new("USD"),
        trade_mode: mode.map(TradeMode::from_wire),
        server_name: Some(server),
        leverage: u32::try_from(n).ok(),
    })
}

fn decision() -> impl Strategy<Value = Decision> {
    let action = prop_oneof![text(), Just(Text::new("NO_ORDER")), Just(Text::new("SENT"))];
    let step = ("[a-z]{0,6}", any::<u64>());
    let steps = prop::collection::vec(step, 0..3);
    // Few numbers and times, so that copies and runs are among them.
    let number = prop::option::of(0_u64..4);
    (action, prop::option::of(side()), prop::option::of(any::<u64>()), number, steps).prop_map(
        |(action, side, lag_us, number, steps)| Decision {
            source: if steps.is_empty() {
                DecisionSource::Engine
            } else {
                DecisionSource::Sentinel
            },
            at: number.map(|n| UtcMicros(i64::try_from(n % 2).unwrap())),
            symbol: Text::new("EURUSD"),
            side,
            probabilities: None,
            threshold: Some(Ratio::from_raw(6_000)),
            order: if side.is_some() { action.clone() } else { Text::default() },
            action,
            why: Text::default(),
            lag_us,
            number,
            steps: steps
                .into_iter()
                .map(|(name, us)| DecisionStep { name: Text::new(&name), us })
                .collect(),
            live: lag_us.map(|us| us % 2 == 0),
            host: Text::new(if lag_us.is_some() { "inf" } else { "" }),
            pid: number,
        },
    )
}

fn latch() -> impl Strategy<Value = LatchPhase> {
    prop::sample::select(vec![
        LatchPhase::Disarmed,
        LatchPhase::Safe,
        LatchPhase::Blocked,
        LatchPhase::Latched,
        LatchPhase::Durable,
        LatchPhase::NotDurable,
        LatchPhase::EngagedExternal,
    ])
}

fn verb() -> impl Strategy<Value = GuardedVerb> {
    prop_oneof![
        Just(GuardedVerb::Kill),
        Just(GuardedVerb::Block),
        Just(GuardedVerb::Arm),
        Just(GuardedVerb::StandDown),
        Just(GuardedVerb::Order),
        Just(GuardedVerb::RemoteStart),
        Just(GuardedVerb::RemoteStop),
        Just(GuardedVerb::RemoteRestart),
        Just(GuardedVerb::Mission),
        any::<u64>().prop_map(|t| GuardedVerb::Close(Ticket(t))),
        any::<(u16, u64)>()
            .prop_map(|(gateway, t)| GuardedVerb::CloseAt { gateway, ticket: Ticket(t) })
    ]
}

fn guard_phase() -> impl Strategy<Value = GuardPhase> {
    prop::sample::select(vec![
        GuardPhase::Armed,
        GuardPhase::TooEarly,
        GuardPhase::StoodDown,
        GuardPhase::Fired,
    ])
}

fn command_phase() -> impl Strategy<Value = CommandPhase> {
    prop::sample::select(vec![
        CommandPhase::Sent,
        CommandPhase::Done,
        CommandPhase::Failed,
        CommandPhase::Unknown,
        CommandPhase::Denied,
    ])
}

fn kill() -> impl Strategy<Value = KillProgress> {
    let phase = prop_oneof![
        Just(GatewayPhase::Idle),
        any::<u32>().prop_map(|n| GatewayPhase::Sending { n }),
        Just(GatewayPhase::Unconfirmed),
        Just(GatewayPhase::Acked),
        Just(GatewayPhase::Partial),
        Just(GatewayPhase::Verified),
        Just(GatewayPhase::NotV1),
        Just(GatewayPhase::StoodDown),
    ];
    (0_u64..3, 0_u16..3, phase, latch(), text(), any::<u64>(), side()).prop_map(
        |(id, target, phase, latch, note, us, side)| KillProgress {
            engage_id: EngageId::from_parts(1_768_399_018_271 + id, 42),
            intent: if us % 3 == 0 { Intent::Block } else { Intent::Kill },
            target,
            gateway: Text::new("main"),
            phase,
            latch,
            attempts: 1,
            claimed: Some((1, 2)),
            good_polls: 1,
            last_poll: Some(ProofPoll {
                positions: Some(1),
                why: note.clone(),
                at_ns: Some(us),
                ..ProofPoll::default()
            }),
            survivors: vec![Survivor {
                ticket: Ticket(us),
                symbol: note.clone(),
                side,
                lots: Lots::from_raw(1),
                doing: note.clone(),
                profit: Some(Money::from_raw(1)),
            }],
            times: StepTimes { gate: Some(us), ..StepTimes::default() },
            driver: Text::new("agent"),
            note,
            plan: KillPlan { kill_ns: Some(us), ..KillPlan::default() },
        },
    )
}
