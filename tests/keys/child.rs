//! The console that the tests of `terminal` drive: this very test program,
//! started again inside a terminal. Hands and desk write into `notes`; the
//! screen says what the guard does.

use crs::control::{Action, Desk, Proposal, Remote, RemoteVerb, Trigger};
use crs::domain::{Intent, Stamp, Text, Ticket};
use crs::event::{GuardPhase, SessionInfo, channel_pair};
use crs::feeds::Sequencer;
use crs::host::{SystemClock, clock};
use crs::state::State;
use crs::tui::keymap::{Context, Keymap};
use crs::tui::looks::Looks;
use crs::tui::theme::{Charset, Depth, Role, Theme};
use crs::tui::{Console, Exit, Frame, Screen, run};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// One line into `notes`, there in full or not at all.
fn note(what: &str) {
    let mut file = OpenOptions::new().create(true).append(true).open("notes").unwrap();
    file.write_all(format!("{what}\n").as_bytes()).unwrap();
}

struct Hands;

impl Trigger for Hands {
    fn fire(&self, intent: Intent, _pressed: Stamp) {
        note(&format!("fired {}", intent.word()));
    }
}

impl Remote for Hands {
    fn remote(&self, verb: RemoteVerb) {
        note(&format!("remote {}", verb.word()));
    }
    fn denies_remote(&self, _: RemoteVerb) -> Option<Text> {
        None
    }
}

impl Desk for Hands {
    fn close(&self, gateway: u16, ticket: Ticket) {
        note(&format!("close {ticket} of {gateway}"));
    }
    fn arm(&self) {
        note("arm");
    }
    fn probe_again(&self) {
        panic!("the \u{1b}]52;c;aGk=\u{7} desk fell over");
    }
    fn stand_down(&self) {
        note("stand down");
    }
    fn order(&self, order: Proposal) {
        note(&format!("order {} {}", order.order.wire_type(), order.order.lots));
    }
    fn denies_orders(&self) -> Option<Text> {
        Path::new("denied").exists().then(|| Text::new("the latch is engaged"))
    }
}

struct Glass;

impl Screen for Glass {
    fn draw(&mut self, frame: Frame<'_>, area: Rect, buf: &mut Buffer) {
        let background = frame.theme.style(Role::Background);
        buf.set_style(area, background);
        let guard = frame.state.guard.as_ref().map(|g| match g.phase {
            GuardPhase::Armed => "armed",
            GuardPhase::TooEarly => "press again",
            GuardPhase::StoodDown => "stood down",
            GuardPhase::Fired => "fired",
        });
        let lines = [
            format!("guard: {}", guard.unwrap_or("none")),
            format!("{}x{}", area.width, area.height),
            format!("seq {}", frame.state.seq),
            String::from("x").repeat(area.width.into()),
        ];
        for (y, line) in (0..area.height).zip(lines) {
            buf.set_stringn(0, y, line, area.width.into(), background);
        }
    }
    fn act(&mut self, action: Action, _state: &State) {
        note(action.name());
    }
    fn context(&self) -> Context {
        Context::Positions
    }
    fn selected_position(&self, _state: &State) -> Option<(u16, Ticket)> {
        Some((1, Ticket(7)))
    }

    fn selected_alarm(&self, _: &State) -> Option<crs::domain::Text> {
        None
    }
}

#[test]
#[ignore = "the program inside the terminal of the other tests"]
fn console() {
    if !Path::new("child").exists() {
        return;
    }
    let began = clock::mono_ns();
    let (sender, receiver) = channel_pair();
    note(&format!("pid {}", std::process::id()));
    let hands = Arc::new(Hands);
    let exit = run(Console {
        sequencer: Sequencer::new(receiver, Box::new(SystemClock), SessionInfo::default()),
        sender,
        screen: Box::new(Glass),
        theme: Theme::embedded("dark", Depth::Ansi256, Charset::Unicode).unwrap(),
        keymap: Keymap::default(),
        looks: Looks::default(),
        trigger: hands.clone(),
        desk: hands,
        mission: None,
        fps: 10,
        line: crs::config::LineChoice::Auto,
        calls: crs::tui::run::Calls::default(),
        mouse: false,
        past: crs::tui::run::Past::default(),
        notes: Vec::new(),
        way_back: crs::tui::view::WayBack::default(),
        on_start: Some(Box::new(|_| note("started"))),
        on_first_frame: Some(Box::new(move |at| {
            note(&format!("first frame after {} us", (at.mono_ns - began) / 1_000));
        })),
    });
    match exit {
        Ok(ended) => {
            let exit = ended.exit;
            note(&format!("exit {exit:?}"));
            if Path::new("linger").exists() {
                std::thread::sleep(Duration::from_mins(1));
            }
            std::process::exit(if exit == Exit::Quit { 0 } else { 4 });
        }
        Err(error) => {
            note(&format!("refused: {error}"));
            std::process::exit(5);
        }
    }
}
