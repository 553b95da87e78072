//! What an engine and a sentinel tell of themselves, on every screen.

use crate::panes::shoot;
use crate::picture::{frame, picture, rows};
use crate::scene::{self, Session};
use crs::domain::{
    Decision, DecisionSource, DecisionStep, Evidence, LatchPhase, Probabilities, Ratio, Side, Text,
    TraderStatus, UtcMicros,
};
use crs::event::{
    Event, EventsReport, EvidenceReport, GatewayStatusReport, LinkState, RecordingReport,
    TraderReport,
};
use crs::tui::theme::{Charset, Theme};
use crs::tui::ui::{Pane, Ui};
use crs::tui::view::draw;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const SIZES: [(u16, u16); 4] = [(200, 60), (120, 40), (80, 24), (40, 12)];

/// The whole screen of this width, as rows.
fn screen(s: &Session, ui: &Ui, (width, height): (u16, u16)) -> Vec<String> {
    rows(&frame(&s.state, ui, &scene::hints(), width, height))
}

fn strip(s: &Session, width: u16) -> String {
    screen(s, &Ui::default(), (width, if width < 80 { 12 } else { 40 })).remove(0)
}

fn zoomed(pane: Pane) -> Ui {
    Ui { focus: pane, zoom: true, ..Ui::default() }
}

fn link(s: &mut Session, link: LinkState, lost: u64) {
    let refused = [(Text::new("too many decisions"), lost)].into();
    let endpoint = Text::new("127.0.0.1:5557");
    let report = EventsReport { link, endpoint, refused, ..EventsReport::default() };
    s.put(Event::Events(Box::new(report)));
}

/// A sentinel's word: its last cycle ended `ago` seconds before.
fn sentinel(s: &mut Session, ago: i64, change: impl FnOnce(&mut TraderStatus)) {
    let at = |s: &Session, seconds: i64| UtcMicros(s.at.utc.0 + seconds * 1_000_000);
    let mut status = TraderStatus {
        source: DecisionSource::Sentinel,
        host: Text::new("inf"),
        pid: 4_712,
        symbols: Text::new("EURUSD"),
        strategy: Text::new("127.0.0.1:5001"),
        safe: true,
        threshold: Ratio::parse("0.60").ok(),
        started: at(s, -7_200),
        cycles: 120,
        failed: 2,
        orders: 3,
        last: Some(at(s, -ago)),
        next: Some(at(s, 60 - ago)),
        said: at(s, 0),
        ..TraderStatus::default()
    };
    change(&mut status);
    s.put(Event::Trader(Box::new(TraderReport { feed: 0, status })));
}

fn engine(s: &mut Session, change: impl FnOnce(&mut TraderStatus)) {
    let now = s.at.utc;
    let mut status = TraderStatus {
        source: DecisionSource::Engine,
        host: Text::new("inf"),
        pid: 4_713,
        symbols: Text::new("EURUSD, USDJPY"),
        strategy: Text::new("threshold"),
        live: true,
        safe: true,
        started: UtcMicros(now.0 - 3_600_000_000),
        cycles: 18_204,
        orders: 12,
        blocked: 4,
        last: Some(UtcMicros(now.0 - 80_000)),
        said: now,
        ..TraderStatus::default()
    };
    change(&mut status);
    s.put(Event::Trader(Box::new(TraderReport { feed: 0, status })));
}

fn word(source: DecisionSource, action: &str, why: &str) -> Decision {
    let (symbol, action, why) = (Text::new("EURUSD"), Text::new(action), Text::new(why));
    Decision { source, symbol, action, why, ..Decision::default() }
}

/// One decision of the model, in basis points.
fn model([sell, hold, buy]: [i64; 3], side: Option<Side>, action: &str, why: &str) -> Decision {
    let [sell, hold, buy] = [sell, hold, buy].map(Ratio::from_raw);
    let step = |name: &str, us| DecisionStep { name: Text::new(name), us };
    let mut steps = vec![step("bars", 812_000), step("features", 41), step("model", 63_400)];
    steps.extend(side.map(|_| step("order", 31_000)));
    Decision {
        side,
        probabilities: Some(Probabilities { sell, hold, buy }),
        threshold: Some(Ratio::from_raw(6_000)),
        lag_us: Some(906_441),
        number: Some(120),
        live: Some(false),
        order: Text::new(if side.is_some() { "ticket 10000042" } else { "" }),
        steps,
        ..word(DecisionSource::Sentinel, action, why)
    }
}

/// A good day: an engine at every tick, a sentinel each minute.
fn trading() -> Session {
    let mut s = scene::calm();
    link(&mut s, LinkState::Up, 0);
    for n in 0..40_i64 {
        let at = Some(UtcMicros(s.at.utc.0 - 1_950));
        for symbol in ["EURUSD", "USDJPY"] {
            let mut d = word(DecisionSource::Engine, "NO_ORDER", "bid 1.08497 is no signal");
            (d.symbol, d.at, d.lag_us) = (Text::new(symbol), at, Some(1_950));
            (d.number, d.live) = (u64::try_from(n).ok(), Some(true));
            s.decision(d);
        }
        match n {
            8 => {
                s.decision(model([2_100, 4_800, 3_100], None, "NO_ORDER", "0.31 is not above 0.60"))
            }
            16 => {
                let mut d =
                    word(DecisionSource::Engine, "ORDER_GENERATED", "bid 1.08512 > 1.08500");
                (d.side, d.order, d.live) = (Some(Side::Buy), Text::new("ORD_000004"), Some(true));
                d.lag_us = Some(2_310);
                s.decision(d)
            }
            24 => s.decision(model([800, 2_000, 7_200], Some(Side::Buy), "ORDER_GENERATED", "")),
            _ => &mut s,
        };
        s.pass(100);
        if n % 10 == 9 {
            s.latch(LatchPhase::Safe, "", "")
                .heartbeat(31_200)
                .tick("EURUSD", "1.08497", "1.08507");
            s.positions(scene::book()).account("crs-paper 0.1.0");
        }
    }
    sentinel(&mut s, 12, |_| {});
    engine(&mut s, |_| {});
    s
}

#[test]
fn decisions_of_two_traders() {
    let s = trading();
    let ui = Ui { focus: Pane::Decisions, ..Ui::default() };
    shoot("traders", &s, &ui);
    for (width, height) in [(200, 60), (120, 40), (80, 24)] {
        let buffer = frame(&s.state, &zoomed(Pane::Decisions), &scene::hints(), width, height);
        insta::assert_snapshot!(format!("traders_zoom_{width}x{height}"), picture(&buffer));
    }
    let buffer = frame(&s.state, &ui, &scene::hints(), 200, 60);
    insta::assert_snapshot!("traders_200x60", picture(&buffer));
    // The engine's word of every tick is two rows, whatever else is told.
    let all = screen(&s, &zoomed(Pane::Decisions), (120, 40)).join("\n");
    for times in ["×17 NO_ORDER", "×23 NO_ORDER", "×40 NO_ORDER"] {
        assert_eq!(all.matches(times).count(), 1, "{times}:\n{all}");
    }
    assert!(all.contains("next run in 48s") && all.contains("ticket 10000042"), "{all}");
}

#[test]
fn without_utf8_and_colours_they_read_the_same() {
    let s = trading();
    for (width, height) in [(120, 40), (40, 12)] {
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        let theme = Theme::plain(Charset::Ascii);
        draw(&s.state, &zoomed(Pane::Decisions), &theme, &scene::hints(), area, &mut buffer);
        assert!(buffer.content.iter().all(|cell| cell.symbol().is_ascii()));
        let text = rows(&buffer).join("\n");
        insta::assert_snapshot!(format!("traders_ascii_{width}x{height}"), text);
        assert!(text.contains("x23 NO_O"), "{text}");
    }
}

#[test]
fn the_selected_decision_has_the_time_of_each_step() {
    let s = trading();
    let mut ui = zoomed(Pane::Decisions);
    let listed = crs::tui::view::decisions::listed(&s.state, &ui);
    let row = listed.iter().rev().position(|row| !row.value.decision.steps.is_empty()).unwrap();
    ui.set_row(Pane::Decisions, row);
    for size in SIZES {
        let all = screen(&s, &ui, size).join("\n");
        assert!(all.contains("bars 812ms · features 41µs"), "{size:?}:\n{all}");
    }
    shoot("traders_steps", &s, &ui);
}

#[test]
fn a_filter_finds_a_trader_and_a_mode() {
    let s = trading();
    for (filter, rows) in [("sentinel", 2), ("sends", 4), ("dry", 2), ("10000042", 1), ("HOLD", 5)]
    {
        let mut ui = zoomed(Pane::Decisions);
        ui.set_filter(Pane::Decisions, filter);
        let all = screen(&s, &ui, (120, 40)).join("\n");
        let listed = crs::tui::view::decisions::listed(&s.state, &ui).len();
        assert_eq!(listed, rows, "{filter}:\n{all}");
        assert!(all.contains(&format!("{listed} of 8")), "{all}");
    }
}

#[test]
fn a_trader_that_is_late_silent_or_denied_says_so() {
    let mut s = trading();
    sentinel(&mut s, 250, |status| status.why = Text::new("model: no answer within 1 s"));
    engine(&mut s, |status| {
        (status.safe, status.why) = (false, Text::new("kill switch: latched by ops@inf"));
        status.lost = 17;
    });
    link(&mut s, LinkState::Up, 1_204);
    shoot("traders_late", &s, &zoomed(Pane::Decisions));
    for size in SIZES {
        let all = screen(&s, &zoomed(Pane::Decisions), size).join("\n");
        assert!(all.contains("LATE 3m") && all.contains("1,204 missing"), "{size:?}:\n{all}");
    }
    let all = screen(&s, &zoomed(Pane::Decisions), (120, 40)).join("\n");
    for words in ["sends denied: kill switch: latched by ops@inf", "17 lost"] {
        assert!(all.contains(words), "no {words} in:\n{all}");
    }
    assert!(strip(&s, 120).contains("sen LATE 3m"), "{}", strip(&s, 120));
    assert!(strip(&s, 200).contains("sen LATE 3m"), "{}", strip(&s, 200));
    s.pass(40_000);
    shoot("traders_silent", &s, &zoomed(Pane::Decisions));
    assert!(strip(&s, 120).contains("sen ? "), "{}", strip(&s, 120));
    let all = screen(&s, &zoomed(Pane::Decisions), (120, 40)).join("\n");
    assert_eq!(all.matches("no word for 40s").count(), 2, "{all}");
    assert!(!all.contains("next run"), "what is not known is not told:\n{all}");
}

#[test]
fn the_strip_has_the_cycle_and_the_recording_at_120_columns() {
    let mut s = trading();
    let on = RecordingReport { on: true, ..RecordingReport::default() };
    s.put(Event::Recording(Box::new(on)));
    for width in [120, 140, 150, 200] {
        let line = strip(&s, width);
        for word in
            ["PAPER", "SAFE", "v1.0", "31.2ms", "live", "/s", "lag", "sen 12s", "agent", "● rec"]
        {
            assert!(line.contains(word), "{width}: no {word} in {line}");
        }
    }
    // Forty columns keep what matters most.
    let line = strip(&s, 40);
    for word in ["PAPER", "SAFE", "g● 0.0s", "f● 0.0s"] {
        assert!(line.contains(word), "no {word} in {line}");
    }
    assert!(
        strip(&s, 64).contains("s● 12s") || strip(&s, 64).contains("s●  12s"),
        "{}",
        strip(&s, 64)
    );
    let off = RecordingReport { fault: Text::new("disk full"), ..RecordingReport::default() };
    s.put(Event::Recording(Box::new(off))).agent(false);
    let line = strip(&s, 120);
    assert!(line.contains("✗ agent") && line.contains("✗ rec"), "{line}");
}

#[test]
fn a_trader_that_runs_without_evidence_is_told() {
    let mut s = trading();
    let evidence = Evidence {
        consumer: Text::new("engine"),
        host: Text::new("inf"),
        path: Text::new("/tmp/mt5_crs_kill_switch.lock"),
        engaged: Some(false),
        said: s.at.utc,
        ..Evidence::default()
    };
    s.put(Event::Evidence(Box::new(EvidenceReport { feed: Some(0), evidence }))).pass(1_000);
    shoot("traders_no_evidence", &s, &zoomed(Pane::Obey));
    for size in SIZES {
        let all = screen(&s, &zoomed(Pane::Obey), size).join("\n");
        assert_eq!(all.matches("it runs:").count(), 1, "{size:?}:\n{all}");
    }
    let all = screen(&s, &zoomed(Pane::Mesh), (120, 40)).join("\n");
    for words in ["no evidence", "sen runs", "dry run", "eng runs"] {
        assert!(all.contains(words), "no {words} in:\n{all}");
    }
    insta::assert_snapshot!("traders_mesh_120x40", all);
}

#[test]
fn lag_has_what_traders_measured() {
    let s = trading();
    for (width, height) in SIZES {
        let buffer = frame(&s.state, &zoomed(Pane::Lag), &scene::hints(), width, height);
        let shot = format!("traders_lag_{width}x{height}");
        insta::assert_snapshot!(shot, picture(&buffer));
        if height > 12 {
            let all = rows(&buffer).join("\n");
            for name in ["eng gap", "cycle", "bars", "features", "model", "order"] {
                assert!(all.contains(name), "no {name} in:\n{all}");
            }
        }
    }
    let mut slow = trading();
    for _ in 0..300 {
        let mut d = model([1, 1, 1], None, "NO_ORDER", "");
        d.steps[2].us = 1_400_000;
        slow.decision(d);
    }
    for size in SIZES {
        let all = screen(&slow, &zoomed(Pane::Lag), size).join("\n");
        assert!(all.contains("model BREACH"), "{size:?}:\n{all}");
        assert!(
            all.lines().any(|l| l.contains("model") && l.contains("1400ms")),
            "{size:?}:\n{all}"
        );
    }
}

#[test]
fn a_gateway_that_remembers_a_kill_says_so_in_its_pane() {
    let mut s = trading();
    let mut status = GatewayStatusReport { gateway: Text::new("main"), ..Default::default() };
    s.put(Event::GatewayStatus(Box::new(status.clone()))).pass(100);
    let told = |s: &Session, words: &str| {
        let all = screen(s, &zoomed(Pane::Gateway), (80, 24)).join("\n");
        assert!(all.contains(words), "{all}");
    };
    told(&s, "none remembered");
    status.killed = true;
    s.put(Event::GatewayStatus(Box::new(status.clone()))).pass(100);
    s.latch(LatchPhase::Safe, "", "");
    told(&s, "REMEMBERED: refuses orders, crs gateway reset");
    for size in [(120, 40), (200, 60), (40, 12)] {
        let ui = Ui { focus: Pane::Gateway, ..Ui::default() };
        let all = screen(&s, &ui, size).join("\n");
        assert!(all.contains("REMEMBERED"), "{size:?}:\n{all}");
    }
    s.latch(LatchPhase::Durable, "operator", "ops@inf").pass(100);
    told(&s, "remembered: refuses orders");
    s.pass(20_000);
    told(&s, "? its telemetry is 20s old");
}

#[test]
fn a_look_that_hangs_after_the_proof_brings_nothing_back() {
    let kill = |s: &Session| screen(s, &Ui::default(), (40, 12)).join("\n");
    let mut s = scene::verified();
    assert!(kill(&s).contains("VERIFIED"), "{}", kill(&s));
    s.latch(LatchPhase::Blocked, "the look hangs", "").pass(4_000);
    assert!(kill(&s).contains("VERIFIED") && !kill(&s).contains("TICKET"), "{}", kill(&s));
    // Proven gone, the positions are back and the kill is history.
    s.latch(LatchPhase::Disarmed, "", "").pass(1_000);
    assert!(kill(&s).contains("Positions"), "{}", kill(&s));
    assert!(s.state.kills_over.is_some());
}

#[test]
fn mode_and_order_do_not_touch() {
    let s = trading();
    let ui = Ui { focus: Pane::Decisions, zoom: true, ..Ui::default() };
    for width in [104, 120, 200] {
        let all = rows(&frame(&s.state, &ui, &scene::hints(), width, 40)).join("\n");
        assert!(all.contains("sends ") && all.contains("MODE  ORDER"), "{width}\n{all}");
        assert!(!all.contains("sends-") && !all.contains("sendsticket"), "{width}\n{all}");
    }
}
