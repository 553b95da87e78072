//! What a frame costs: the whole screen from State to cells, nothing written.
//!
//! `cargo bench --bench draw`; `CRS_FRAMES` frames of each size (2,000). It
//! reports and judges nothing.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench reports to whoever runs it"
)]

use crs::domain::{
    GatewayAddr, Heard, LatchPhase, LatchSeen, Lots, Money, Position, Price, Side, Stamp, Symbol,
    Text, Tick, TickBatch, TickShape, Ticket, UtcMicros,
};
use crs::event::{Event, FeedReport, LinkState, PositionsRead, Read, SessionInfo, Stamped};
use crs::state::State;
use crs::tui::theme::{Charset, Depth, Theme};
use crs::tui::ui::{Pane, Sort, TickKey, Ui};
use crs::tui::view::{Hints, draw};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// A session with `symbols` symbols that have ticked for `seconds`, and
/// `positions` positions.
struct Session {
    state: State,
    at: Stamp,
}

impl Session {
    fn of(symbols: u32, positions: u64, seconds: u32) -> Self {
        let at = Stamp { mono_ns: 1_000_000_000_000, utc: UtcMicros(1_768_399_200_000_000) };
        let mut session = Self { state: State::default(), at };
        session.put(Event::Session(Box::new(SessionInfo {
            gateways: vec![GatewayAddr {
                name: Text::new("main"),
                cmd: "127.0.0.1:5555".parse().unwrap(),
                data: "127.0.0.1:5556".parse().unwrap(),
            }],
            ..SessionInfo::default()
        })));
        let feed = FeedReport { link: LinkState::Up, ..FeedReport::default() };
        session.put(Event::Feed(Box::new(feed)));
        for second in 0..seconds {
            session.ticks(symbols, second);
            session.at = session.at.plus(Duration::from_secs(1));
            session.put(Event::Beat);
        }
        let latch = LatchSeen { phase: LatchPhase::Safe, ..LatchSeen::default() };
        session.put(Event::Latch(Box::new(latch)));
        session.open(positions);
        session
    }

    fn put(&mut self, event: Event) {
        let seq = self.state.seq + 1;
        self.state.apply(&Stamped { seq, at: self.at, event }).unwrap();
    }

    fn ticks(&mut self, symbols: u32, second: u32) {
        let tick = |n: u32| {
            let raw = 108_500_000 + i64::from((n * 7 + second * 13) % 97) * 1_000;
            Tick {
                symbol: Symbol::new(&format!("SYM{n:04}")).unwrap(),
                bid: Price::from_raw(raw),
                ask: Price::from_raw(raw + 9_000),
                time: None,
                seq: None,
                shape: TickShape::T7,
            }
        };
        let ticks = (0..symbols).map(|n| Heard { after_us: 0, tick: tick(n) }).collect();
        self.put(Event::Ticks(TickBatch {
            feed: 0,
            base: self.at,
            ticks,
            raw: crs::domain::RawTicks::default(),
        }));
    }

    fn open(&mut self, positions: u64) {
        let position = |n: u64| Position {
            ticket: Ticket(1_000_000 + n),
            symbol: Text::new(&format!("SYM{:04}", n % 40)),
            side: if n.is_multiple_of(2) { Side::Buy } else { Side::Sell },
            lots: Lots::parse("0.10").unwrap(),
            open: Price::parse("1.08510").unwrap(),
            current: Price::parse("1.08520").ok(),
            profit: Money::from_raw(i64::try_from(n).unwrap() * 1_000 - 7_000),
            sl: None,
            tp: None,
        };
        let read = Read::Good((0..positions).map(position).collect());
        let read = PositionsRead { gateway: 0, asked: self.at, rtt_us: 1, read };
        self.put(Event::Positions(Box::new(read)));
    }
}

fn main() {
    // `cargo test --benches` only wants to know that it builds.
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let frames = std::env::var("CRS_FRAMES").ok().and_then(|n| n.parse().ok()).unwrap_or(2_000);
    let theme = Theme::embedded("dark", Depth::True, Charset::Unicode).unwrap();
    println!("{frames} frames each, in ms: p50, p99, max");
    let by_change = Sort { key: TickKey::Change, reversed: false };
    let plain = Ui::default();
    let chart = Ui { focus: Pane::Chart, ..Ui::default() };
    let sorted = Ui { tick_sort: by_change, ..Ui::default() };
    for (name, width, height, symbols, positions, ui) in [
        ("80×24, 50 symbols", 80, 24, 50, 20, &plain),
        ("120×40, 50 symbols", 120, 40, 50, 20, &plain),
        ("120×40, 50 symbols, chart", 120, 40, 50, 20, &chart),
        ("200×60, 1,000 symbols", 200, 60, 1_000, 50, &plain),
        ("200×60, 1,000 symbols, sorted by change", 200, 60, 1_000, 50, &sorted),
        ("200×60, 1,000 symbols, 10,000 positions", 200, 60, 1_000, 10_000, &plain),
    ] {
        let session = Session::of(symbols, positions, 300);
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        let hints = Hints::default();
        let mut took: Vec<_> = (0..frames)
            .map(|_| {
                let began = Instant::now();
                draw(&session.state, ui, &theme, &hints, area, black_box(&mut buffer));
                began.elapsed()
            })
            .collect();
        took.sort_unstable();
        let at = |permille: usize| took[(took.len() * permille / 1_000).min(took.len() - 1)];
        let ms = |d: Duration| d.as_secs_f64() * 1_000.0;
        println!("{name:44} {:.3}  {:.3}  {:.3}", ms(at(500)), ms(at(990)), ms(at(1_000)));
    }
    let bytes = size_of::<crs::state::Candle>();
    println!("a candle takes {bytes} bytes");
    fold();
}

/// What a tick costs in the fold, candles included.
fn fold() {
    let mut session = Session::of(50, 0, 2);
    let began = Instant::now();
    let rounds = 20_000_u32;
    for n in 0..rounds {
        session.at = session.at.plus(Duration::from_millis(5));
        session.ticks(50, n);
    }
    let each = began.elapsed() / (rounds * 50);
    println!("a tick in the fold, making it included: {each:?}");
}
