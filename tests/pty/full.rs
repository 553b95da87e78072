//! A console whose recordings lie on a disk that is full or takes nothing:
//! the screen says so, nothing else is held up, and it goes on by itself.

use crate::common::console::{Console, SOON};
use crate::common::sandbox::binary;
use crate::common::small::{Rights, beside, inside};
use crate::common::wait::until;
use crate::place::{Place, QUICK, kill};
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The console's recorder tries again each 5 s.
const AGAIN: Duration = Duration::from_secs(40);

/// A console of `place` with a file system of its own for its recordings;
/// none where that may be skipped. Also where that is, seen from here.
fn console(place: &Place, options: &str) -> Option<(Console, PathBuf)> {
    let dir = place.home.path().join("home/.local/state/crs/recordings");
    fs::create_dir_all(&dir).unwrap();
    let script = format!("mount -t tmpfs -o {options} none '{}'", dir.display());
    let words = inside(Rights::User, &script)?;
    let (program, rest) = words.split_first().unwrap();
    let crs = binary().display().to_string();
    let args: Vec<&str> =
        rest.iter().map(String::as_str).chain([crs.as_str(), "console"]).collect();
    let console = Console::start(&place.home, Path::new(program), &args, 200, 60);
    console.wait_for("armed console", SOON, |t| t.contains("SAFE") && t.contains("v1.0"));
    let root = PathBuf::from(format!("/proc/{}/root", console.pid()));
    Some((console, root.join(dir.strip_prefix("/").unwrap())))
}

fn info(place: &Place, dir: &Path) -> Value {
    place.run(&["record", "info", dir.to_str().unwrap(), "--json"]).json()
}

fn recording_again(console: &Console) {
    console.wait_for("recording again", AGAIN, |t| {
        !t.contains("no rec") && t.contains("● rec") && t.contains("goes on,")
    });
}

#[test]
fn a_full_disk_is_shown_holds_up_no_kill_and_recording_goes_on_when_there_is_room() {
    let place = Place::new(QUICK);
    let _gateway = place.gateway(&[]);
    let Some((mut console, dir)) = console(&place, "size=2m") else { return };
    let ticket = place.buy();
    console.see(&ticket);
    let recorded = || until(SOON, || (info(&place, &dir)["last"].as_u64()? > 20).then_some(()));
    assert!(recorded().is_some(), "{:#}", info(&place, &dir));
    let mut filler = fs::File::create(dir.join("filler")).unwrap();
    while filler.write_all(&[7; 4_096]).is_ok() {}
    drop(filler);
    console.see("no rec");
    console.see("not recording: No space left");
    // What was recorded can be read, all of it.
    let sound = place.run(&["record", "verify", dir.to_str().unwrap()]);
    assert!(sound.code == Some(0) && sound.stdout.contains(": sound"), "{sound:#?}");
    kill(&mut console);
    console.see("VERIFIED flat");
    place.is_stopped();
    let before = info(&place, &dir);
    fs::remove_file(dir.join("filler")).unwrap();
    recording_again(&console);
    let mut now = Value::Null;
    let grown = until(AGAIN, || {
        now = info(&place, &dir);
        (now["gaps"].as_array()?.len() == 1 && now["last"].as_u64() > before["last"].as_u64())
            .then_some(())
    });
    assert!(grown.is_some(), "{now:#}");
    // The hole begins where recording stopped, and a look back goes across it.
    assert_eq!(now["gaps"][0]["after"], before["last"], "{now:#}");
    console.keys("H");
    console.see("LOOKING BACK");
    console.keys("^");
    console.see("#1/");
    console.keys("e");
    console.wait_for("a mark", SOON, |t| !t.contains("#1/"));
}

#[test]
fn a_disk_that_is_read_only_at_first_is_shown_and_recorded_into_once_it_is_not() {
    let place = Place::new(QUICK);
    let _gateway = place.gateway(&[]);
    let Some((console, dir)) = console(&place, "size=2m,ro") else { return };
    console.see("no rec");
    console.see("Read-only file system");
    let at = place.home.path().join("home/.local/state/crs/recordings");
    let words = beside(console.pid());
    let mounted = Command::new(&words[0])
        .args(&words[1..])
        .args(["mount", "-o", "remount,rw"])
        .arg(&at)
        .output()
        .unwrap();
    assert!(mounted.status.success(), "{mounted:?}");
    recording_again(&console);
    let begun = until(SOON, || {
        let now = place.run(&["record", "info", dir.to_str().unwrap(), "--json"]);
        let first = serde_json::from_str::<Value>(&now.stdout).ok()?["first"].as_u64();
        first.is_some_and(|first| first > 1).then_some(())
    });
    assert!(begun.is_some());
}
