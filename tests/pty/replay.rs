//! A recording in a real terminal, and looking back in a session that a kill
//! interrupts.

use crate::common::console::{Console, SOON};
use crate::common::sandbox::Sandbox;
use crate::place::{Place, QUICK, kill};
use crs::domain::{Stamp, Text, UtcMicros};
use crs::event::{Event, Level, LogLine, Stamped};
use crs::journal::SealedFile;
use crs::state::State;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// A minute of beats with a line each second, from 2026-01-14T14:00:00Z on.
fn recording(home: &Sandbox) -> (PathBuf, State) {
    let path = home.path().join("minute.mcap");
    let mut file = SealedFile::create(&path, State::default(), None, BTreeMap::new()).unwrap();
    let start = Stamp { mono_ns: 9_000_000_000, utc: UtcMicros(1_768_399_200_000_000) };
    for seq in 1..=600 {
        let event = match seq {
            1 => Event::Session(Box::default()),
            n if n % 10 == 0 => Event::Log(LogLine {
                level: Level::Info,
                source: Text::new("test"),
                text: Text::new(&format!("line of record {n}")),
                when: None,
            }),
            _ => Event::Beat,
        };
        let at = start.plus(Duration::from_millis(100 * (seq - 1)));
        file.put(Stamped { seq, at, event }).unwrap();
    }
    let state = file.state().clone();
    file.finish().unwrap();
    (path, state)
}

#[test]
fn a_recording_is_walked_through_and_touches_nothing() {
    let home = Sandbox::new();
    let (path, _) = recording(&home);
    let path = path.to_str().unwrap();
    let mut console = Console::crs(&home, &["replay", path, "--paused", "--at", "40"], 120, 40);
    let screen = console.see("#40/600");
    assert!(screen.matches("REPLAY").count() >= 2 && screen.contains("14:00:03.900Z"), "{screen}");
    console.keys(".");
    console.see("#50/600");
    console.keys(":at 14:00:30\r");
    console.see("#301/600");
    console.keys("/record 450\r");
    console.see("#450/600");
    // The chord of a kill: in plain words, nothing.
    console.keys("\x0b");
    let screen = console.see("NOT A KILL");
    assert!(screen.contains("run crs kill in another terminal"), "{screen}");
    std::thread::sleep(Duration::from_millis(300));
    console.keys("y");
    console.wait_for("the box to go", SOON, |text| !text.contains("NOT A KILL"));
    console.see("nothing was stopped");
    assert!(!home.latch().exists());
    console.keys("=1000\r");
    console.keys(" ");
    console.see("#600/600");
    console.resize(40, 12);
    console.wait_for("the short form", SOON, |text| {
        text.contains("REPLAY") && text.contains("14:00:59Z")
    });
    console.keys("q");
    assert_eq!(console.exit(SOON).map(|s| s.exit_code()), Some(0));
    assert!(home.processes().is_empty(), "no agent was started");
    assert!(!home.latch().exists());
}

#[test]
fn a_whole_recording_has_the_digest_of_its_session_and_a_torn_one_ends_where_it_is_torn() {
    let home = Sandbox::new();
    let (path, state) = recording(&home);
    let file = path.to_str().unwrap();
    let whole = home.run(&["replay", file, "--verify"], SOON);
    assert_eq!(whole.stdout.trim(), format!("records 600, digest {}", state.digest()));
    assert_eq!(whole.code, Some(0), "{}", whole.stderr);
    let json = home.run(&["replay", file, "--verify", "--json"], SOON).json();
    assert_eq!((&json["records"], &json["damage"]), (&600.into(), &serde_json::Value::Null));
    let bytes = std::fs::read(&path).unwrap();
    let torn = home.path().join("torn.mcap");
    std::fs::write(&torn, &bytes[..bytes.len() / 2]).unwrap();
    let torn = home.run(&["replay", torn.to_str().unwrap(), "--verify"], SOON);
    assert_eq!(torn.code, Some(1), "{}", torn.stdout);
    assert!(torn.stderr.contains("torn.mcap:"), "{}", torn.stderr);
    let none = home.run(&["replay", "no-such-file"], SOON);
    assert_eq!(none.code, Some(1));
    assert!(none.stderr.contains("no-such-file"), "{}", none.stderr);
}

#[test]
fn a_kill_while_looking_back_acts_at_once() {
    let place = Place::new(QUICK);
    let _gateway = place.gateway(&[]);
    let mut console = place.console(120, 40);
    let ticket = place.buy();
    console.see(&ticket);
    // Until the recorder has written what was seen.
    std::thread::sleep(Duration::from_secs(3));
    console.keys("H");
    console.see("LOOKING BACK");
    console.keys(":at -1s\r");
    console.see("PAST ");
    kill(&mut console);
    let screen = console.see("VERIFIED flat");
    assert!(screen.contains("PAST ") && screen.contains("LOOKING BACK"), "{screen}");
    place.is_stopped();
    console.keys("\x1b");
    console.wait_for("now", SOON, |text| !text.contains("LOOKING BACK") && !text.contains("PAST "));
}
