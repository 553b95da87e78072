//! `crs mission` against a daemon: output, exit statuses, pipes.

use super::common::console::Console;
use super::common::sandbox::{Outcome, Sandbox, Signal, signal};
use super::doubles::{alert, line};
use super::house::{House, TOKEN};
use crs::domain::mission::LineLevel;
use crs::mission::told::{Hears, Told};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

const LIMIT: Duration = Duration::from_mins(1);

fn mission(house: &House, args: &[&str]) -> Outcome {
    let socket = house.socket_arg();
    house.home.run(&[&["mission", "--socket", &socket], args].concat(), LIMIT)
}

#[test]
fn without_a_daemon_each_verb_names_the_socket_and_the_next_step() {
    let home = Sandbox::new();
    for args in [
        &["ps"][..],
        &["up", "PAPER"],
        &["down", "--yes"],
        &["logs"],
        &["start", "engine"],
        &["why", "engine"],
        &["alerts"],
        &["zombies"],
        &["reload"],
        &["safe"],
        &["restore"],
    ] {
        let said = home.run(&[&["mission"], args].concat(), LIMIT);
        assert_eq!(said.code, Some(2), "{args:?}: {said:#?}");
        assert!(said.stderr.contains("mission.sock"), "{args:?}: {}", said.stderr);
        assert!(said.stderr.contains("crs mission serve"), "{args:?}: {}", said.stderr);
    }
    let safe = home.run(&["mission", "safe"], LIMIT);
    assert!(safe.stderr.contains("crs kill"), "{}", safe.stderr);
    assert_eq!(home.run(&["mission", "audit"], LIMIT).code, Some(0));
}

#[test]
fn a_launch_is_planned_followed_and_ends_with_its_own_status() {
    let house = House::new();
    let said = mission(&house, &["up", "PAPER"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    for words in ["start engine\n", "  waits for engine", "PAPER: complete"] {
        assert!(said.stdout.contains(words), "{words}: {}", said.stdout);
    }
    assert_eq!(mission(&house, &["up", "TANK"]).code, Some(3));
    let refused = mission(&house, &["up", "REPLAY"]);
    assert_eq!(refused.code, Some(5), "{refused:#?}");
    assert!(refused.stderr.contains("no recording"));
    // LIVE is typed at a terminal, or not launched.
    let live = mission(&house, &["up", "LIVE"]);
    assert_eq!(live.code, Some(64), "{live:#?}");
    assert_eq!(house.doubles.launches.load(Ordering::Relaxed), 2);
    let json = mission(&house, &["up", "PAPER", "--json"]).json();
    assert_eq!((&json["phase"], &json["id"]), (&"complete".into(), &3.into()));
}

#[test]
fn what_can_be_looked_at_is_shown() {
    let house = House::new();
    house.hub.hear(Told::Alert(Arc::new(alert(1))));
    *house.doubles.lines.lock().unwrap() = (1..=50)
        .map(|n| line(n, "engine", if n == 7 { LineLevel::Error } else { LineLevel::Info }))
        .collect();
    let ps = mission(&house, &["ps"]);
    assert_eq!(ps.code, Some(0), "{ps:#?}");
    assert!(ps.stdout.contains("engine") && ps.stdout.contains("12.5"), "{}", ps.stdout);
    assert_eq!(mission(&house, &["ps", "--json"]).json()["processes"][0]["name"], "gateway");
    let logs = mission(&house, &["logs", "engine", "-n", "2"]);
    assert_eq!(logs.stdout.lines().count(), 2, "{logs:#?}");
    let loud = mission(&house, &["logs", "--level", "error", "--grep", "line 7 "]);
    assert!(loud.stdout.contains("ERROR    line 7 of engine"), "{loud:#?}");
    assert_eq!(mission(&house, &["logs", "--level", "loud"]).code, Some(64));
    let why = mission(&house, &["why", "engine"]);
    assert!(why.stdout.contains("waits for Redis"), "{why:#?}");
    let alerts = mission(&house, &["alerts"]);
    assert_eq!(alerts.code, Some(1));
    assert!(alerts.stdout.contains("crs mission alerts act 1 restart"), "{}", alerts.stdout);
    assert_eq!(mission(&house, &["alerts", "ack", "1"]).code, Some(0));
    assert_eq!(mission(&house, &["alerts"]).code, Some(0));
    let act = mission(&house, &["alerts", "act", "1", "restart"]);
    assert_eq!(act.code, Some(0), "{act:#?}");
    assert!(act.stdout.lines().all(|line| line == line.trim_end()), "{act:#?}");
    assert_eq!(mission(&house, &["zombies"]).code, Some(1));
}

#[test]
fn orders_are_accepted_or_refused_each_for_itself() {
    let house = House::new();
    let start = mission(&house, &["start", "engine", "nobody", "gateway"]);
    assert_eq!(start.code, Some(64), "{start:#?}");
    assert!(start.stdout.contains("gateway: start accepted, now starting"), "{}", start.stdout);
    assert!(start.stderr.contains("no process is called nobody"), "{}", start.stderr);
    assert_eq!(mission(&house, &["stop", "engine", "--dependants"]).code, Some(0));
    assert_eq!(mission(&house, &["restart", "engine"]).code, Some(0));
    assert_eq!(mission(&house, &["reload"]).code, Some(0));
    let down = mission(&house, &["down"]);
    assert_eq!(down.code, Some(64), "nobody is there to confirm: {down:#?}");
    assert_eq!(mission(&house, &["down", "--yes"]).code, Some(0));
    let safe = mission(&house, &["safe"]);
    assert_eq!(safe.code, Some(64), "{safe:#?}");
    assert!(safe.stderr.contains("CLOSE EVERYTHING"), "{}", safe.stderr);
    assert_eq!(mission(&house, &["restore"]).code, Some(5));
    assert_eq!(mission(&house, &["start", "redis"]).code, Some(1), "somebody else's");
}

/// The emergency shutdown is followed to its end, and only the proof is called
/// one.
#[test]
fn an_emergency_is_followed_to_the_proof_or_to_what_to_do() {
    let house = House::new();
    let socket = house.socket_arg();
    for (reason, typed, status, words) in [
        ("flat", &["close\r", "CLOSE EVERYTHING\r"][..], 0, "SAFE_MODE: complete, VERIFIED"),
        ("silent", &["CLOSE EVERYTHING\r"], 3, "UNCONFIRMED"),
    ] {
        let args = ["mission", "--socket", &socket, "safe", "--reason", reason];
        let mut terminal = Console::crs(&house.home, &args, 110, 30);
        for (n, line) in typed.iter().enumerate() {
            let asked = if n == 0 { "type CLOSE EVERYTHING" } else { "That was not it." };
            terminal.see(asked);
            terminal.keys(line);
        }
        let text = terminal.see(words);
        assert!(text.contains("kill path: "), "{text}");
        let next = if status == 0 { "crs mission restore" } else { "crs kill" };
        terminal.see(next);
        assert_eq!(terminal.exit(LIMIT).unwrap().exit_code(), status, "{text}");
    }
    // What was asked and not answered yet is no refusal on record.
    let audit = house.home.run(
        &[
            "mission",
            "--url",
            &format!("http://{}", house.at),
            "--token-file",
            &house.home.path().join("token").display().to_string(),
            "audit",
        ],
        LIMIT,
    );
    assert!(audit.stdout.contains("ASKED    "), "{audit:#?}");
    assert_eq!(audit.stdout.matches("refused: ").count(), 1, "{audit:#?}");
}

/// A name that nobody has is a wrong command line, whichever verb it is given
/// to, and no message speaks of paths of the API.
#[test]
fn an_unknown_name_ends_every_verb_alike() {
    let house = House::new();
    for args in [
        &["up", "DREAM"][..],
        &["plan", "DREAM"],
        &["start", "nobody"],
        &["stop", "nobody"],
        &["restart", "nobody"],
        &["why", "nobody"],
        &["logs", "nobody"],
    ] {
        let said = mission(&house, args);
        assert_eq!(said.code, Some(64), "{args:?}: {said:#?}");
        assert!(said.stderr.contains("is called"), "{args:?}: {}", said.stderr);
        assert!(!said.stderr.contains("/api/"), "{args:?}: {}", said.stderr);
    }
    let near = mission(&house, &["logs", "engin"]);
    assert!(near.stderr.contains("did you mean \"engine\"?"), "{}", near.stderr);
}

/// What was ordered goes on; who follows it no longer is told so.
#[test]
fn ctrl_c_leaves_a_launch_and_says_so() {
    let house = House::new();
    let socket = house.socket_arg();
    let mut up = house.home.crs(&["mission", "--socket", &socket, "up", "SLOW"]);
    up.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let up = up.spawn().unwrap();
    let begun = super::common::wait::until(LIMIT, || {
        (house.doubles.launches.load(Ordering::Relaxed) == 1).then_some(())
    });
    assert!(begun.is_some());
    // Until the signal is its own, it ends as any program does.
    std::thread::sleep(Duration::from_secs(1));
    signal(up.id(), Signal::INT);
    let said = up.wait_with_output().unwrap();
    assert_eq!(said.status.code(), Some(130), "{said:?}");
    let text = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(text.contains("goes on without you") && text.contains("crs mission ps"), "{text}");
}

#[test]
fn over_tcp_with_the_token_of_a_file() {
    let house = House::new();
    let url = format!("http://{}", house.at);
    let token = house.home.path().join("token").display().to_string();
    let wrong = house.home.path().join("wrong");
    std::fs::write(&wrong, TOKEN.replace('0', "1")).unwrap();
    let tcp = |url: &str, token: &str| {
        house.home.run(&["mission", "--url", url, "--token-file", token, "ps"], LIMIT)
    };
    assert_eq!(tcp(&url, &token).code, Some(0));
    let open = tcp(&url, &wrong.display().to_string());
    assert!(open.code == Some(64) && open.stderr.contains("chmod 600"), "{open:#?}");
    std::fs::set_permissions(&wrong, std::fs::Permissions::from_mode(0o600)).unwrap();
    let refused = tcp(&url, &wrong.display().to_string());
    assert!(refused.code == Some(1) && refused.stderr.contains("--token-file"), "{refused:#?}");
    assert_eq!(tcp("ftp://x", &token).code, Some(64));
    assert_eq!(house.home.run(&["mission", "--url", &url, "ps"], LIMIT).code, Some(64));
}
