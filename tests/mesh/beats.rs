//! `crs heartbeat` again and again.

use super::common::paper::Paper;
use super::common::sandbox::{Sandbox, free_port};
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

const LIMIT: Duration = Duration::from_mins(1);

#[test]
fn a_series_has_its_percentiles_and_the_worst_status() {
    let home = Sandbox::new();
    let mut paper = Paper::start(&home, &[]);
    let args = ["heartbeat", "--count", "5", "--every", "0.05"];
    let words = paper.ask(&home, &args);
    assert_eq!(words.code, Some(0), "{words:#?}");
    assert_eq!(words.stdout.lines().filter(|line| line.contains(": alive, ")).count(), 5);
    assert!(words.stdout.contains("5 of 5 alive, p50 "), "{}", words.stdout);
    let json = paper.ask(&home, &[&args[..], &["--json"]].concat()).json();
    let one = &json["series"][0];
    let us = |key: &str| one[key].as_u64().unwrap();
    assert_eq!((us("asked"), us("alive")), (5, 5));
    assert!(us("p50_us") <= us("p99_us") && us("p99_us") <= us("max_us") && us("p50_us") > 0);
    assert_eq!(paper.stop(), Some(0));
    let port = free_port().to_string();
    let nobody = ["--cmd-port", &port, "heartbeat", "--count", "2", "--every", "0.05"];
    let gone = home.run(&[&nobody[..], &["--timeout", "0.2"]].concat(), LIMIT);
    assert_eq!(gone.code, Some(2), "{gone:#?}");
    assert!(gone.stdout.contains("0 of 2 alive"), "{}", gone.stdout);
}

#[test]
fn an_alarm_of_a_series_goes_to_the_program_that_all_alarms_go_to() {
    let home = Sandbox::new();
    let config = home.path().join("home/.config/crs");
    std::fs::create_dir_all(&config).unwrap();
    let (page, out) = (home.path().join("page"), home.path().join("paged"));
    std::fs::write(&page, format!("#!/bin/sh\ncat >> {}\n", out.display())).unwrap();
    std::fs::set_permissions(&page, std::fs::Permissions::from_mode(0o755)).unwrap();
    let text = format!("[alarms]\non_alert = [\"{}\"]\n", page.display());
    std::fs::write(config.join("config.toml"), text).unwrap();
    let paged = || std::fs::read_to_string(&out).unwrap_or_default();
    let mut paper = Paper::start(&home, &[]);
    let good = paper.ask(&home, &["heartbeat", "--count", "4", "--every", "0.05"]);
    assert!(good.code == Some(0) && !good.stdout.contains("ALARM"), "{good:#?}");
    assert_eq!((paper.stop(), paged().as_str()), (Some(0), ""));
    let port = free_port().to_string();
    let args = ["--cmd-port", &port, "heartbeat", "--count", "8", "--every", "0.5"];
    let gone = home.run(&[&args[..], &["--timeout", "0.2"]].concat(), LIMIT);
    assert_eq!(gone.code, Some(2), "{gone:#?}");
    // Once, as long as it stands.
    assert_eq!(gone.stdout.matches("ALARM main does not answer").count(), 1, "{gone:#?}");
    let said = paged();
    assert_eq!(said.lines().count(), 1, "{said}");
    let document: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&document["key"], &document["severity"]),
        (&"gateway main".into(), &"critical".into())
    );
}

#[test]
fn a_peer_that_is_no_gateway_is_asked_once() {
    let home = Sandbox::new();
    let zmq = zmq::Context::new();
    let rep = zmq.socket(zmq::REP).unwrap();
    rep.set_rcvtimeo(200).unwrap();
    rep.set_linger(0).unwrap();
    rep.bind("tcp://127.0.0.1:*").unwrap();
    let at = rep.get_last_endpoint().unwrap().unwrap();
    let port = at.rsplit(':').next().unwrap().to_owned();
    let asked = std::thread::scope(|scope| {
        let served = scope.spawn(move || {
            let mut asked = 0;
            let mut quiet = 0;
            // Until it was quiet for so long after it was asked.
            while quiet < 5 {
                if rep.recv_bytes(0).is_ok() {
                    (asked, quiet) = (asked + 1, 0);
                    rep.send("OK_ACK", 0).unwrap();
                } else if asked > 0 {
                    quiet += 1;
                }
            }
            asked
        });
        let args = ["--cmd-port", &port, "heartbeat", "--count", "5", "--every", "0.05"];
        let outcome = home.run(&args, LIMIT);
        assert_eq!(outcome.code, Some(1), "{outcome:#?}");
        assert!(outcome.stdout.contains("asked nothing more"), "{}", outcome.stdout);
        served.join().unwrap()
    });
    assert_eq!(asked, 1);
}
