//! What a screen costs on the line: bytes a second of a busy market, counted
//! at the terminal's end of the real writer. Time is the session's, so the
//! count is the same on every machine.

use crate::scene;
use crs::control::Action;
use crs::domain::{Heard, PeerTime, Price, Symbol, Tick, TickBatch, TickShape};
use crs::event::Event;
use crs::tui::keymap::Keymap;
use crs::tui::theme::{Charset, Depth, Theme};
use crs::tui::writer::Writer;
use crs::tui::{Cockpit, Frame, Screen};
use ratatui::layout::Rect;
use std::time::Duration;

/// Seconds of the session that are counted.
const SECONDS: u64 = 20;

/// Bytes a second with 20 symbols at 20 ticks a second each.
fn bytes_per_second(fps: u64, slow: bool, zoom: bool, (width, height): (u16, u16)) -> u64 {
    let theme = Theme::embedded("dark", Depth::True, Charset::Unicode).unwrap();
    let (keymap, mut cockpit) = (Keymap::default(), Cockpit::default());
    let (mut s, area) = (scene::calm(), Rect::new(0, 0, width, height));
    if zoom {
        cockpit.act(Action::FocusNext, &s.state);
        cockpit.act(Action::Zoom, &s.state);
    }
    let writer = Writer::start(std::io::sink(), None, |_| {}).unwrap();
    let mut seed = 7_u64;
    let mut walk = [0_i64; 20];
    let mut before = 0;
    for step in 0..=SECONDS * 10 {
        let mut ticks = Vec::new();
        for (n, price) in walk.iter_mut().enumerate() {
            for half in 0..2_u32 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                *price += i64::try_from(seed >> 61).unwrap() - 3;
                let bid = Price::parse("1.08564").unwrap().raw() + *price * 1_000;
                let spread = 10_000 + i64::try_from(seed >> 40 & 1).unwrap() * 1_000;
                let tick = Tick {
                    symbol: Symbol::new(&format!("PAIR{n:02}")).unwrap(),
                    bid: Price::from_raw(bid),
                    ask: Price::from_raw(bid + spread),
                    time: Some(PeerTime::Epoch(s.at.utc.0)),
                    seq: None,
                    shape: TickShape::T7,
                };
                ticks.push(Heard { after_us: half * 40_000, tick });
            }
        }
        s.put(Event::Ticks(TickBatch {
            feed: 0,
            base: s.at,
            ticks,
            raw: crs::domain::RawTicks::default(),
        }));
        if step % 10 == 0 {
            s.heartbeat(31_000 + seed % 5_000).account("MT5 Paper Gateway");
            let open = scene::calm().state.gateways[0].positions.clone().unwrap().value;
            s.positions(open);
        }
        s.pass(100);
        if step % (10 / fps) == 0 {
            let mut canvas = writer.canvas(area);
            let frame = Frame {
                state: &s.state,
                theme: &theme,
                keymap: &keymap,
                pending: "",
                slow,
                waits: false,
                prompt: None,
                notice: "",
                now: s.state.now,
                past: None,
                time: None,
            };
            cockpit.draw(frame, area, &mut canvas);
            writer.put(canvas);
            // The thread takes each frame before the next one comes.
            let put = writer.stats().put;
            while writer.stats().written < put {
                std::thread::sleep(Duration::from_micros(100));
            }
        }
        if step == 0 {
            before = writer.stats().bytes;
        }
    }
    (writer.stats().bytes - before) / SECONDS
}

#[test]
fn a_busy_market_fits_the_line() {
    for (zoom, what) in [(false, "all panes"), (true, "every symbol")] {
        for size in [(80, 24), (120, 40), (200, 60)] {
            let full = bytes_per_second(10, false, zoom, size);
            let slow = bytes_per_second(2, true, zoom, size);
            println!("{what}, {size:?}: {full} B/s at 10 fps, {slow} B/s on a slow line");
            assert!(full <= 25_000 || size.0 > 120, "{full} bytes a second");
            assert!(slow <= 8_000, "{slow} bytes a second");
        }
    }
}
