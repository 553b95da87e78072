//! Rows 22 to 26: what each made of an object at the latch's path.

use super::Seen;
use super::client::Client;
use crate::common::sandbox::Sandbox;
use crate::common::wait::until;
use crate::scene::{Scene, exit};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);
/// A status that has not come by then hangs.
const HANGS: Duration = Duration::from_secs(3);

pub const CASES: &[fn() -> Seen] = &[
    || form("empty file", |latch| fs::write(latch, "").unwrap()),
    || form("garbage", |latch| fs::write(latch, b"\xff\xfe{not json").unwrap()),
    || {
        form("symlink to a file", |latch| {
            fs::write(latch.with_extension("far"), "{}").unwrap();
            symlink(latch.with_extension("far"), latch).unwrap();
        })
    },
    || form("symlink to nothing", |latch| symlink("nowhere", latch).unwrap()),
    || form("symlink to itself", |latch| symlink(latch, latch).unwrap()),
    || {
        form("FIFO", |latch| {
            assert!(Command::new("mkfifo").arg(latch).status().unwrap().success());
        })
    },
    || form("directory", |latch| fs::create_dir(latch).unwrap()),
    || form("its directory is gone", |latch| fs::remove_dir(latch.parent().unwrap()).unwrap()),
    || {
        form("file of another user", |latch| {
            fs::write(latch, "{}").unwrap();
            // Only root can give it away; to others it stays their own.
            let _ = chown(latch, Some(1), Some(1));
        })
    },
    deleted,
];

fn form(fault: &'static str, make: fn(&Path)) -> Seen {
    let scene = Scene::empty();
    make(&scene.home.latch());
    let (crs, crs_right) = crs_says(&scene);
    let (plain, plain_right) = plain_says(&scene.home);
    Seen { row: "22–25", fault, crs, crs_right, plain, plain_right }
}

fn crs_says(scene: &Scene) -> (String, bool) {
    let now = scene.status();
    let word = |key: &str| now[key].as_str().unwrap_or("?").to_owned();
    (format!("{}, is_safe {}", word("state"), now["is_safe"]), now["is_safe"] == false)
}

fn plain_says(home: &Sandbox) -> (String, bool) {
    let client = Client::start(home, &["look"]);
    let safe = client.hear("is_safe", SOON).expect("it says whether it is safe");
    let status = client.hear("state", HANGS);
    let words = match &status {
        None => String::from("its status hangs"),
        Some(said) => match (&said["state"], &said["error"]) {
            (Value::String(state), _) => format!("status {state}"),
            (_, error) => format!("its status fails: {}", error.as_str().unwrap_or("?")),
        },
    };
    (format!("is_safe {}, {words}", safe["is_safe"]), safe["is_safe"] == false)
}

/// Row 26: both engage, and somebody deletes the file.
fn deleted() -> Seen {
    let mut scene = Scene::with(&["honest"]);
    scene.agent();
    assert_eq!(exit(&mut scene.command()), Some(0));
    fs::remove_file(scene.home.latch()).unwrap();
    let made = until(SOON, || scene.home.latch().exists().then_some(())).is_some();
    let (mut crs, not_safe) = crs_says(&scene);
    crs += if made { ", the file made anew" } else { ", the file stays away" };

    let other = Scene::with(&["honest"]);
    let port = other.port.to_string();
    let client = Client::start(&other.home, &["kill", "--port", &port]);
    assert!(client.hear("done", SOON).is_some(), "it says nothing");
    fs::remove_file(other.home.latch()).unwrap();
    let (plain, plain_right) = plain_says(&other.home);
    Seen {
        row: "26",
        fault: "deleted while engaged, as another process sees it",
        crs,
        crs_right: made && not_safe,
        plain,
        plain_right,
    }
}
