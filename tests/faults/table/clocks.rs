//! Row 46: the wall clock jumps while a kill runs and while somebody waits.
//!
//! libfaketime stands between the program and libc's clocks: std, chrono and
//! libzmq see the jump. The program's own stamps come from the kernel without
//! libc; a build with `--cfg rustix_use_libc` (`CRS_LIBC_BIN`, as `.ci/faults`
//! makes it) sees it there too.

use super::tools::share;
use super::{Came, sizes};
use crate::common::console::{Console, SOON};
use crate::common::sandbox::{Sandbox, binary};
use crate::scene::{Random, Scene, exit};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_mins(1);
/// Where local time jumps as well; the second is set to just before it does.
const ZONES: [(&str, &str); 4] = [
    ("UTC", "+0"),
    ("Europe/Berlin", "@2026-03-29 01:59:58"),
    ("America/New_York", "@2026-11-01 01:59:58"),
    ("Pacific/Apia", "+0"),
];

pub fn jump(seed: u64) -> Came {
    let Some(library) = library() else {
        return Came::NotHere(String::from("no libfaketime (Debian: libfaketime)"));
    };
    let mut random = Random::new(seed);
    let own = std::env::var_os("CRS_LIBC_BIN").map(PathBuf::from);
    // Every other run with the one whose stamps jump too, where it is there.
    let program = own.filter(|_| share(seed).0.is_multiple_of(2)).unwrap_or_else(binary);
    let mut worst = Duration::ZERO;
    for jumps in [["+1d", "-1d"], ["-1d", "+1d"]] {
        let (zone, from) = ZONES[usize::try_from(random.below(4)).unwrap()];
        let clock = || Clock::new(&library, &program, zone, from);
        if let Err(why) = clock().works() {
            return Came::NotHere(why);
        }
        worst = worst.max(a_kill_that_runs(&clock(), jumps, &mut random));
        a_command_that_waits(&clock(), jumps[0], &mut random);
        let guards = |size| {
            a_guard(&clock(), jumps[0], true, size);
            a_guard(&clock(), jumps[0], false, size);
            (Duration::ZERO, 2)
        };
        let _: Came = sizes::each(&sizes::ALL, guards);
    }
    Came::At { took: worst, cases: 2 * (2 + 8), sizes: sizes::ALL.into() }
}

/// No gateway until the clock has jumped twice; then proof, as soon as ever.
fn a_kill_that_runs(clock: &Clock, jumps: [&str; 2], random: &mut Random) -> Duration {
    let mut scene = Scene::empty();
    let mut command = clock.crs(&scene.home, &kill("40")).spawn().unwrap();
    for jump in jumps {
        std::thread::sleep(random.ms(100, 900));
        Clock::set(&scene.home, jump);
    }
    scene.peer(&["honest"]);
    let came = Instant::now();
    assert_eq!(exit(&mut command), Some(0));
    scene.verified();
    let took = came.elapsed();
    // The longest pause between two attempts is 5 s, whatever the clock says.
    assert!(took < Duration::from_secs(40), "{took:?} after the gateway came");
    took
}

/// Its three seconds are three seconds.
fn a_command_that_waits(clock: &Clock, jump: &str, random: &mut Random) {
    let scene = Scene::empty();
    let began = Instant::now();
    let mut command = clock.crs(&scene.home, &kill("3")).spawn().unwrap();
    std::thread::sleep(random.ms(300, 1_500));
    Clock::set(&scene.home, jump);
    let code = exit(&mut command);
    let took = began.elapsed();
    assert_eq!(code, Some(3), "latched, unconfirmed");
    assert!((3..40).contains(&took.as_secs()), "a wait of 3 s took {took:?} after {jump}");
    let now = scene.status();
    assert_eq!((&now["is_engaged"], &now["is_safe"]), (&true.into(), &false.into()), "{now:#}");
}

/// A guard that waits for its second key: a jump neither ends nor lengthens
/// its 5 s.
fn a_guard(clock: &Clock, jump: &str, confirmed: bool, (columns, rows): sizes::Size) {
    let mut scene = Scene::with(&["honest"]);
    Clock::set(&scene.home, clock.from);
    let assigns: Vec<String> =
        clock.env(&scene.home).into_iter().map(|(key, value)| format!("{key}={value}")).collect();
    let crs = clock.program.display().to_string();
    let words: Vec<&str> = assigns.iter().map(String::as_str).chain([&*crs, "console"]).collect();
    let mut console = Console::start(&scene.home, "/usr/bin/env".as_ref(), &words, columns, rows);
    console.wait_for("armed console", LIMIT, |t| {
        t.contains("SAFE") && (t.contains("v1.0") || t.contains("g●"))
    });
    console.keys("\x0b");
    console.see("stop trading, close everything");
    std::thread::sleep(Duration::from_millis(300));
    Clock::set(&scene.home, jump);
    if !confirmed {
        let gone = |text: &str| !text.contains("stop trading, close everything");
        console.wait_for("stood-down guard", SOON, gone);
    }
    std::thread::sleep(Duration::from_millis(100));
    console.keys("y");
    if confirmed {
        console.see("VERIFIED flat");
        scene.verified();
    } else {
        assert!(!scene.taken(), "a key after the guard's end fired");
    }
}

fn kill(timeout: &str) -> [&str; 7] {
    ["kill", "--reason", "clock", "--yes", "--json", "--timeout", timeout]
}

fn library() -> Option<PathBuf> {
    let dirs = fs::read_dir("/usr/lib").ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let named = |dir: PathBuf| dir.join("faketime/libfaketimeMT.so.1");
    dirs.map(named).find(|file| file.is_file())
}

/// The clock of a home, in a file that its processes look at.
struct Clock<'a> {
    library: &'a PathBuf,
    program: &'a PathBuf,
    zone: &'a str,
    from: &'a str,
}

impl<'a> Clock<'a> {
    const fn new(library: &'a PathBuf, program: &'a PathBuf, zone: &'a str, from: &'a str) -> Self {
        Self { library, program, zone, from }
    }

    fn env(&self, home: &Sandbox) -> Vec<(&'static str, String)> {
        let file = home.path().join("clock").display().to_string();
        vec![
            ("LD_PRELOAD", self.library.display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", file),
            ("FAKETIME_NO_CACHE", String::from("1")),
            ("FAKETIME_DONT_FAKE_MONOTONIC", String::from("1")),
            ("TZ", self.zone.to_owned()),
        ]
    }

    fn set(home: &Sandbox, to: &str) {
        // In one step: half a line would be another time.
        let (file, new) = (home.path().join("clock"), home.path().join("clock.new"));
        fs::write(&new, format!("{to}\n")).unwrap();
        fs::rename(new, file).unwrap();
    }

    fn crs(&self, home: &Sandbox, args: &[&str]) -> Command {
        Self::set(home, self.from);
        let mut command = Command::new(self.program);
        command.args(args).env_clear().envs(home.env()).envs(self.env(home));
        command.current_dir(home.path()).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// That the wall clock jumps and the monotonic ones do not.
    fn works(&self) -> Result<(), String> {
        let home = Sandbox::new();
        Self::set(&home, "+1d");
        let script = "import time; print(time.time(), time.monotonic(), \
                    time.clock_gettime(time.CLOCK_BOOTTIME))";
        let say = |faked: bool| -> Vec<f64> {
            let mut command = Command::new("python3");
            command.args(["-c", script]).env_clear().envs(home.env()).stdin(Stdio::null());
            if faked {
                command.envs(self.env(&home));
            }
            let out = command.output().unwrap();
            let words = String::from_utf8_lossy(&out.stdout).into_owned();
            words.split_whitespace().filter_map(|word| word.parse().ok()).collect()
        };
        let (plain, moved) = (say(false), say(true));
        let apart: Vec<f64> = plain.iter().zip(&moved).map(|(a, b)| b - a).collect();
        let day = |seconds: &f64| *seconds > 86_000.0;
        match &apart[..] {
            [wall, mono, boot] if day(wall) && !day(mono) && !day(boot) => Ok(()),
            _ => Err(format!("libfaketime moves wall, monotonic and boot time by {apart:?} s")),
        }
    }
}
