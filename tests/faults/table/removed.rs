//! The latch goes without a reset: removed, cleaned away, lost in a reboot,
//! hidden by a private directory.

use super::eyes::{engaged, obeys};
use super::latch::{came, trading};
use super::private::Private;
use super::under::{KILL, LIMIT, Under, phases};
use super::{Came, Row};
use crate::common::console::SOON;
use crate::common::sandbox::{Signal, signal};
use crate::common::wait::until;
use crate::scene::{exit, shoot};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

pub const ROWS: &[Row] = &[
    Row {
        number: 26,
        fault: "lock file removed, or moved away, while engaged",
        outcome: "stays engaged everywhere; file made again; alarm \"latch tampered\", on record",
        timed: "file gone to file there again",
        bound: Some(Duration::from_secs(1)),
        alone: false,
        run: |_| {
            came([
                removed(killed, Away::Remove),
                removed(killed, Away::Move),
                removed(touched, Away::Remove),
                removed_at_once(),
            ])
        },
    },
    Row {
        number: 27,
        fault: "/tmp cleaned, reboot in the middle of a kill, PrivateTmp",
        outcome: "engaged by the audit log; orders denied; file made again, kill resumed and proven",
        timed: "first process after the fault started to file there again",
        bound: None,
        alone: false,
        run: |_| {
            let all = || Ok([cleaned(), rebooted()?, private_tmp()?]);
            all().map_or_else(Came::NotHere, came)
        },
    },
];

#[derive(Clone, Copy)]
enum Away {
    Remove,
    Move,
}

/// Engages; what the latch must say afterwards.
type Engage = fn(&Under) -> String;

fn killed(under: &Under) -> String {
    let kill = under.kill();
    assert_eq!(kill.code, Some(0), "{kill:#?}");
    under.until("ENGAGED by the agent", |s| {
        s["latch"]["phase"] == "DURABLE" && phases(s) == ["VERIFIED"] && s["agent_pid"].is_u64()
    });
    kill.out["engage_id"].as_str().unwrap().to_owned()
}

/// A foreign latch is kept as well, with its own words.
fn touched(under: &Under) -> String {
    fs::write(under.home.latch(), "{\"reason\":\"by hand\"}").unwrap();
    under.until("external", |s| s["latch"]["phase"] == "ENGAGED_EXTERNAL");
    "by hand".to_owned()
}

fn removed(engage: Engage, away: Away) -> Duration {
    let mut under = Under::new("");
    let (console, agent, gateway) = trading(&mut under);
    let words = engage(&under);
    gateway.first("an obeying gateway", None, obeys);
    agent.first("an engaged agent", None, engaged);
    console.wait_for("ENGAGED", SOON, |text| text.contains("ENGAGED"));
    let latch = under.home.latch();
    // Past the looks of whoever lost the race for the file: they are the next case.
    std::thread::sleep(Duration::from_millis(500));
    let known = agent.since(Instant::now().checked_sub(LIMIT).unwrap());
    assert!(!known.iter().any(tampered), "{known:#?}");

    let gone = Instant::now();
    match away {
        Away::Remove => fs::remove_file(&latch).unwrap(),
        Away::Move => fs::rename(&latch, latch.with_extension("away")).unwrap(),
    }
    let took = there_again(&latch, gone);
    agent.first("alarm", Some(gone), tampered);
    console.see("latch tampered");
    gateway.first("obeying again", Some(gone), obeys);
    let body = || fs::read_to_string(&latch).ok().filter(|text| text.contains(&words));
    assert!(until(LIMIT, body).is_some(), "the first reason stays: {words}");
    let status = under.run(&["status", "--json"]);
    assert_eq!((status.code, &status.out["is_engaged"]), (Some(1), &json!(true)), "{status:#?}");
    under.denied();
    for said in agent.since(gone).iter().filter(|said| said["say"] == "latch") {
        assert!(engaged(said), "{said}");
    }
    on_record(&under);
    assert_eq!(under.run(&["audit", "verify"]).code, Some(0));
    took
}

/// Gone while both makers still look after it: one of them makes it anew, and
/// that it did is on its record.
fn removed_at_once() -> Duration {
    let mut under = Under::new("");
    let _peer = under.peer(&["honest"]);
    under.agent();
    let mut kill = under.crs(&KILL).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let latch = under.home.latch();
    let written = || fs::read_to_string(&latch).ok().filter(|text| text.ends_with('\n'));
    let body = until(LIMIT, written).expect("a latch");
    let gone = Instant::now();
    fs::remove_file(&latch).unwrap();
    let took = there_again(&latch, gone);
    assert_eq!(exit(&mut kill), Some(0));
    // Its agent's word on how far the kill is changes; whose latch it is does not.
    let of = |text: &str| {
        let mut words: serde_json::Value = serde_json::from_str(text).ok()?;
        let metadata = words.get_mut("metadata")?.as_object_mut()?;
        metadata.retain(|key, _| !key.starts_with("state"));
        Some(words)
    };
    let again = || (of(&fs::read_to_string(&latch).ok()?)? == of(&body)?).then_some(());
    assert!(until(LIMIT, again).is_some(), "another latch than {body}");
    let status = under.until("ENGAGED", |s| s["latch"]["phase"] == "DURABLE");
    assert_eq!(status["is_safe"], false);
    on_record(&under);
    took
}

fn on_record(under: &Under) {
    let record = || {
        let all = under.run(&["audit", "show", "--json"]).out;
        all.as_array().unwrap().iter().any(|r| r["act"] == "TAMPERED").then_some(())
    };
    assert!(until(LIMIT, record).is_some(), "not on record");
}

fn tampered(said: &Value) -> bool {
    said["say"] == "alarm" && said["text"].to_string().contains("latch tampered")
}

/// How long until it is there.
fn there_again(latch: &Path, since: Instant) -> Duration {
    while fs::symlink_metadata(latch).is_err() {
        assert!(since.elapsed() < LIMIT, "never made again");
        std::thread::sleep(Duration::from_millis(1));
    }
    since.elapsed()
}

/// Engaged, by the word of every verb, with nobody to ask but the log.
fn engaged_by_the_log(under: &Under, id: &str) {
    let status = under.run(&["status", "--json"]);
    assert_eq!(status.code, Some(1), "{status:#?}");
    assert_eq!((&status.out["state"], &status.out["is_safe"]), (&json!("ENGAGED"), &json!(false)));
    assert_eq!(
        (&status.out["latch"]["engage_id"], &status.out["latch"]["reason"]),
        (&json!(id), &json!("fault"))
    );
    under.denied();
}

/// Everything dead, and a cleaner of temporary files came by.
fn cleaned() -> Duration {
    let mut under = Under::new("");
    let _peer = under.peer(&["honest"]);
    let agent = under.agent();
    let id = killed(&under);
    under.end(agent);
    fs::remove_file(under.home.latch()).unwrap();
    engaged_by_the_log(&under, &id);
    assert!(fs::symlink_metadata(under.home.latch()).is_err(), "a look makes no latch");
    // The next console brings an agent with it.
    let started = Instant::now();
    let console = under.console();
    let took = there_again(&under.home.latch(), started);
    console.wait_for("engaged", SOON, |text| text.contains("ENGAGED") || text.contains("LATCHED"));
    under.until("durable again", |s| s["latch"]["phase"] == "DURABLE" && phases(s) == ["VERIFIED"]);
    took
}

/// The gateway did not answer yet when the host went down. It comes back with
/// another boot id and an empty directory of latches.
fn rebooted() -> Result<Duration, String> {
    let mut under = Under::new("");
    let agent = under.agent();
    let kill = under.run(&[&KILL[..6], &["1"]].concat());
    assert_eq!(kill.code, Some(3), "{kill:#?}");
    let id = kill.out["engage_id"].as_str().unwrap().to_owned();
    shoot(agent);
    under.end(agent);
    let boot = under.home.path().join("tmp/boot_id");
    fs::write(&boot, "00000000-1111-4222-8333-444444444444\n").unwrap();
    let script = format!(
        "mount -t tmpfs none \"$RUN\"; mount --bind {} /proc/sys/kernel/random/boot_id",
        boot.display()
    );
    let private = Private::new(&under, &script)?;
    under.wrap = private.wrap();
    engaged_by_the_log(&under, &id);
    let peer = under.peer(&["honest"]);
    let started = Instant::now();
    let agent = under.agent();
    let took = there_again(&private.at(&under.home.latch()), started);
    under.until("resumed and VERIFIED", |s| phases(s) == ["VERIFIED"]);
    assert_eq!(peer.positions(), Some(0));
    let request = peer.requests().into_iter().find(|r| r["action"] == "KILL_SWITCH").unwrap();
    assert!(request.to_string().contains(&format!("kill-{id}-1")), "{request}");
    let made = fs::read_to_string(private.at(&under.home.latch())).unwrap();
    assert!(made.contains(&id), "{made}");
    under.end(agent);
    Ok(took)
}

/// A process that has a `/tmp` of its own sees no latch, and knows.
fn private_tmp() -> Result<Duration, String> {
    let mut under = Under::new("");
    let peer = under.peer(&["honest"]);
    let agent = under.agent();
    let id = killed(&under);
    let private = Private::new(&under, "mount -t tmpfs none \"$RUN\"")?;
    under.wrap = private.wrap();
    engaged_by_the_log(&under, &id);
    // Nor does it see it when the agent outside is stopped.
    signal(agent, Signal::STOP);
    engaged_by_the_log(&under, &id);
    signal(agent, Signal::CONT);
    // Its own kill makes the file where its own kind looks for it.
    let started = Instant::now();
    let kill = under.kill();
    assert_eq!(kill.code, Some(0), "{kill:#?}");
    let took = there_again(&private.at(&under.home.latch()), started);
    assert!(fs::read_to_string(under.home.latch()).unwrap().contains(&id), "the first stays");
    assert_eq!(peer.positions(), Some(0));
    Ok(took)
}
