//! `crs mission` against a daemon: output, exit statuses, pipes.

use super::common::sandbox::{Outcome, Sandbox};
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
    assert_eq!(mission(&house, &["up", "DREAM"]).code, Some(5));
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
    assert_eq!(mission(&house, &["logs", "nobody"]).code, Some(1));
    assert_eq!(mission(&house, &["logs", "--level", "loud"]).code, Some(64));
    let why = mission(&house, &["why", "engine"]);
    assert!(why.stdout.contains("waits for Redis"), "{why:#?}");
    let alerts = mission(&house, &["alerts"]);
    assert_eq!(alerts.code, Some(1));
    assert!(alerts.stdout.contains("crs mission alerts act 1 restart"), "{}", alerts.stdout);
    assert_eq!(mission(&house, &["alerts", "ack", "1"]).code, Some(0));
    assert_eq!(mission(&house, &["alerts"]).code, Some(0));
    assert_eq!(mission(&house, &["alerts", "act", "1", "restart"]).code, Some(0));
    assert_eq!(mission(&house, &["zombies"]).code, Some(1));
}

#[test]
fn orders_are_accepted_or_refused_each_for_itself() {
    let house = House::new();
    let start = mission(&house, &["start", "engine", "nobody", "gateway"]);
    assert_eq!(start.code, Some(1), "{start:#?}");
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
    assert_eq!(mission(&house, &["restore"]).code, Some(1));
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
    assert!(refused.code == Some(1) && refused.stderr.contains("token"), "{refused:#?}");
    assert_eq!(tcp("ftp://x", &token).code, Some(64));
    assert_eq!(house.home.run(&["mission", "--url", &url, "ps"], LIMIT).code, Some(64));
}
