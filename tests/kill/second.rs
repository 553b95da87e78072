//! A second decision while the first is not proven: nothing of the first is
//! hidden, by another order of the gateways or by a list of fewer.

use crate::common::console::Console;
use crate::common::peer::Peer;
use crate::common::sandbox::Sandbox;
use crate::life::LIMIT;
use serde_json::Value;
use std::fs;

const STUCK: &[&str] =
    &["--positions", "1", "--behaviour", "kill-lies", "--behaviour", "close-fails"];

struct Pair {
    home: Sandbox,
    one: Peer,
    two: Peer,
}

impl Pair {
    /// `one` obeys, at `two` a position survives.
    fn new() -> Self {
        let two = Self {
            home: Sandbox::new(),
            one: Peer::start(&["--positions", "1"]).unwrap(),
            two: Peer::start(STUCK).unwrap(),
        };
        fs::create_dir_all(two.home.path().join("home/.config/crs")).unwrap();
        two.lists(&[("one", &two.one), ("two", &two.two)]);
        two
    }

    fn lists(&self, gateways: &[(&str, &Peer)]) {
        let mut text = String::from(
            "[kill]\nproof_interval_ms = 150\nenforce_interval_ms = 400\n\
             [audit]\nsyslog = \"off\"\n[screen]\nkeep_layout = false\n",
        );
        for (name, peer) in gateways {
            let (host, port) = ("127.0.0.1", peer.cmd_port);
            let one = format!(
                "[[gateway]]\nname = \"{name}\"\nhost = \"{host}\"\n\
                 cmd_port = {port}\ndata_port = 1\n"
            );
            text += &one;
        }
        fs::write(self.home.path().join("home/.config/crs/config.toml"), text).unwrap();
    }

    fn kill(&self) -> (i32, Value) {
        let args = ["kill", "--reason", "test", "--yes", "--json", "--timeout", "5"];
        let outcome = self.home.run(&args, LIMIT);
        (outcome.code.unwrap(), serde_json::from_str(&outcome.stdout).unwrap())
    }

    /// The gateways with their phases, as `crs status` has them.
    fn phases(&self) -> Vec<(String, String)> {
        let status = self.home.run(&["status", "--json"], LIMIT).stdout;
        let status: Value = serde_json::from_str(&status).unwrap();
        let word = |kill: &Value, key: &str| kill[key].as_str().unwrap_or_default().to_owned();
        let kills = status["kill"].as_array().unwrap().iter();
        kills.map(|kill| (word(kill, "gateway"), word(kill, "phase"))).collect()
    }
}

fn survivors(report: &Value) -> Vec<&str> {
    let gateways = report["gateways"].as_array().unwrap().iter();
    let survives = |g: &&Value| g["survivors"].as_array().is_some_and(|all| !all.is_empty());
    gateways.filter(survives).map(|g| g["gateway"].as_str().unwrap()).collect()
}

fn pair(gateway: &str, phase: &str) -> (String, String) {
    (gateway.to_owned(), phase.to_owned())
}

#[test]
fn a_second_command_names_the_survivors_of_the_first_in_any_order() {
    let mesh = Pair::new();
    let (code, report) = mesh.kill();
    assert_eq!((code, survivors(&report)), (4, vec!["two"]), "{report:#}");
    let (code, report) = mesh.kill();
    assert_eq!((code, survivors(&report)), (4, vec!["two"]), "{report:#}");
    mesh.lists(&[("two", &mesh.two), ("one", &mesh.one)]);
    let (code, report) = mesh.kill();
    assert_eq!((code, survivors(&report)), (4, vec!["two"]), "{report:#}");
}

#[test]
fn a_kill_of_fewer_gateways_takes_none_from_the_screen_and_the_status() {
    let mesh = Pair::new();
    let console = Console::crs(&mesh.home, &[], 120, 40);
    console.see("gateway two");
    assert_eq!(mesh.kill().0, 4);
    console.see("PARTIAL");
    mesh.lists(&[("one", &mesh.one)]);
    assert_eq!(mesh.kill().0, 0, "the one that it names is flat");
    assert!(mesh.phases().contains(&pair("two", "PARTIAL")), "{:?}", mesh.phases());
    assert!(mesh.phases().contains(&pair("one", "VERIFIED")), "{:?}", mesh.phases());
    console.see("PARTIAL");
    assert!(console.text().contains("two"), "{}", console.text());
}

#[test]
fn a_second_key_hides_nothing_of_the_kill_that_runs_in_its_stead() {
    let mesh = Pair::new();
    let mut console = Console::crs(&mesh.home, &[], 120, 40);
    console.see("gateway two");
    for _ in 0..2 {
        console.keys("\u{b}");
        console.see("GUARD");
        std::thread::sleep(std::time::Duration::from_millis(400));
        console.keys("y");
        console.wait_for("no guard", LIMIT, |text| !text.contains("GUARD"));
        console.see("PARTIAL");
    }
    // What the hand tells of its own decision is told by now, and repeated.
    std::thread::sleep(std::time::Duration::from_secs(2));
    let text = console.text();
    assert!(text.contains("PARTIAL") && text.contains("urviv"), "{text}");
}
