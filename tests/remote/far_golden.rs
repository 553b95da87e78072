//! What mission control says to other machines, word for word. Windows is
//! never run here: its texts are all that is known of them.
//!
//! Each file has the arguments of `ssh`, one a line, and then the script that
//! they carry, or that stands on their standard input. `UPDATE_GOLDEN=1`
//! writes them anew; read the difference.

use crate::golden::decoded;
use crs::config::{Origin, RemoteSettings};
use crs::domain::Text;
use crs::mesh::remote::ssh;
use crs::mission::hands::Ident;
use crs::mission::remote::ask::Tidy;
use crs::mission::remote::start::Start;
use crs::mission::remote::words::Piece;
use crs::mission::remote::{Ask, Known, script};
use crs::mission::spec::{Host, Limits, Platform};
use std::fmt::Write as _;
use std::path::Path;

const MARKER: &str = "crs-0123456789abcdef";
const MARK: &str = "0199aabbccdd0123456789abcdef";

fn host(platform: Platform) -> Host {
    Host {
        name: "BEAST".to_owned(),
        ssh: "beast".to_owned(),
        ssh_config: None,
        platform,
        dir: (platform == Platform::Windows).then(|| r"D:\it's mission".to_owned()),
        at: Origin::Default,
    }
}

fn known(platform: Platform) -> Known {
    let who = match platform {
        Platform::Linux => Ident {
            pid: 688,
            start: 4_711,
            boot: Text::new("5d1f0c2e-0a8b-4f3e-9d55-0123456789ab"),
        },
        Platform::Windows => {
            Ident { pid: 688, start: 639_026_007_356_640_000, boot: Text::new("w") }
        }
    };
    Known { name: "Main".to_owned(), mark: MARK.to_owned(), who }
}

fn start() -> Start {
    let plain = |text: &str| vec![Piece::Plain(text.to_owned())];
    Start {
        name: "Main".to_owned(),
        run: 3,
        cmd: vec![
            plain("python"),
            plain("it's \"main\".py"),
            vec![Piece::Plain("--settings=".to_owned()), Piece::Settings],
            vec![Piece::Env("USERNAME".to_owned())],
        ],
        cwd: Some(r"C:\mt5 crs".to_owned()),
        env: vec![("MODE".to_owned(), plain("PAPER $x"))],
        secrets: vec![("TOKEN".to_owned(), vec![plain("get-secret"), plain("main token")])],
        limits: Limits {
            memory: Some(1 << 30),
            cpu_pct: None,
            nice: Some(5),
            affinity: vec![0, 2],
            nofile: Some(512),
        },
        settings: Some("{\"replay_mode\": false, \"who\": \"it's\"}".to_owned()),
        leaves: vec!["/dev/shm/frames".to_owned(), "/run/it's main.lock".to_owned()],
        stamp: "00112233445566778899aabbccddeeff".to_owned(),
    }
}

fn tidy(who: Known) -> Tidy {
    let words = |all: &[&str]| all.iter().map(|word| (*word).to_owned()).collect();
    Tidy {
        who,
        files: words(&["/dev/shm/frames", "/run/it's main.lock"]),
        kills: words(&["/tmp/kill_switch.lock", "/home/trader/it's/latch-0123456789ab"]),
    }
}

fn asks(platform: Platform) -> Vec<(&'static str, Ask)> {
    let who = known(platform);
    vec![
        ("start", Ask::Start(Box::new(start()), MARK.to_owned())),
        ("look", Ask::Look(vec![who.clone()])),
        ("found", Ask::Found("Main".to_owned(), String::new())),
        ("found-lost", Ask::Found("Main".to_owned(), MARK.to_owned())),
        ("signal", Ask::Signal { who: who.clone(), signal: 15, all: false }),
        ("signal-all", Ask::Signal { who: who.clone(), signal: 9, all: true }),
        ("rest", Ask::Rest(who.clone())),
        ("check", Ask::Check(vec!["pgrep".to_owned(), "it's".to_owned()])),
        ("tidy", Ask::Tidy(tidy(who.clone()))),
        ("reach", Ask::Reach),
        ("follow", Ask::Follow { who, out: 10, err: 0 }),
    ]
}

fn shown(platform: Platform, ask: &Ask) -> String {
    let host = host(platform);
    let (command, input) = script::command(&host, ask, MARKER);
    let remote = RemoteSettings {
        host: host.ssh.clone(),
        connect_timeout_s: 5,
        ..RemoteSettings::default()
    };
    let mut words = ssh::arguments(&remote, &command);
    let last = words.pop().unwrap();
    let mut text = words.join("\n");
    let wanted = script::text(&host, ask, MARKER);
    match platform {
        Platform::Linux => {
            assert_eq!(last, "exec /bin/sh -s");
            assert_eq!(input, wanted.as_bytes());
            text.push_str("\n  exec\n  /bin/sh\n  -s\n");
        }
        Platform::Windows => {
            let (before, coded) = last.rsplit_once(' ').unwrap();
            for token in before.split(' ') {
                write!(text, "\n  {token}").unwrap();
            }
            write!(text, "\n  ({})\n", decoded(coded)).unwrap();
            let line = String::from_utf8(input).unwrap();
            assert_eq!(decoded(line.strip_suffix('\n').unwrap()), wanted);
        }
    }
    text.push_str("-----\n");
    text.push_str(&wanted);
    text
}

#[test]
fn what_is_said_to_other_machines_is_golden() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/remote/golden");
    for (platform, word) in [(Platform::Linux, "linux"), (Platform::Windows, "windows")] {
        for (name, ask) in asks(platform) {
            let text = shown(platform, &ask);
            let path = dir.join(format!("mission-{word}-{name}.txt"));
            if std::env::var_os("UPDATE_GOLDEN").is_some() {
                std::fs::write(&path, &text).unwrap();
            }
            let wanted = std::fs::read_to_string(&path).unwrap_or_default();
            assert_eq!(text, wanted, "{}", path.display());
        }
    }
}

#[test]
fn a_shell_reads_all_of_them() {
    for (name, ask) in asks(Platform::Linux) {
        let script = script::text(&host(Platform::Linux), &ask, MARKER);
        let out = std::process::Command::new("sh").args(["-n", "-c", &script]).output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success() && said.is_empty(), "{name}: {said}\n{script}");
    }
}

/// `cmd.exe` takes no more than 8,191 characters, and everybody may read a
/// command line, here and over there: it is the same for every question.
#[test]
fn command_lines_are_short_and_say_nothing() {
    for platform in [Platform::Linux, Platform::Windows] {
        let of = |ask: &Ask| script::command(&host(platform), ask, MARKER).0;
        for (name, ask) in asks(platform) {
            assert_eq!(of(&ask), of(&Ask::Reach), "{name}");
        }
        assert!(of(&Ask::Reach).len() < 1_000);
    }
}

/// What comes in part, as the line broke, does nothing at all.
#[test]
fn a_script_that_came_in_part_does_nothing() {
    for (name, ask) in asks(Platform::Linux) {
        let script = script::text(&host(Platform::Linux), &ask, MARKER);
        let end = script.rfind('}').unwrap();
        for at in (10..=end).step_by(397).chain([end]) {
            let part = script.get(..at).unwrap_or_default();
            let mut sh = std::process::Command::new("sh");
            let out = sh.args(["-c", part]).env("HOME", "/nonexistent").output().unwrap();
            assert!(out.stdout.is_empty(), "{name} up to {at}");
        }
    }
}
