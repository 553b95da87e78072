//! The word in the latch's metadata: UNCONFIRMED until it is proven, written
//! in place, so that no reader ever meets anything but a whole document.

use crate::common::peer::{Peer, python};
use crate::common::sandbox::{Sandbox, end, free_port};
use crate::common::wait::until;
use crate::life::LIMIT;
use crs::breaker::body;
use crs::breaker::word::{LatchWord, write};
use crs::domain::{Intent, Text};
use crs::host::{Identity, clock};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn latch(home: &Sandbox) -> Value {
    serde_json::from_slice(&fs::read(home.latch()).unwrap()).unwrap()
}

fn word(home: &Sandbox) -> String {
    latch(home)["metadata"]["state"].as_str().unwrap().trim_end().to_owned()
}

#[test]
fn the_latch_says_whether_the_kill_is_confirmed() {
    let home = Sandbox::new();
    let port = free_port();
    let at = ["--cmd-port", &port.to_string(), "--data-port", "1"];
    let run = |args: &[&str]| home.run(&[&at, args].concat(), LIMIT);
    let killed = run(&["kill", "--reason", "test", "--yes", "--json", "--timeout", "1"]);
    assert_eq!(killed.code, Some(3), "{killed:#?}");
    let first = latch(&home);
    let inode = fs::metadata(home.latch()).unwrap().ino();
    assert_eq!(word(&home), "UNCONFIRMED");
    let args = ["--positions", "2", "--rate", "0", "--cmd-port", &port.to_string()];
    let Some(_peer) = Peer::start(&args) else { return };
    let verified = until(LIMIT, || (word(&home) == "VERIFIED").then_some(()));
    assert!(verified.is_some(), "{:#} {:#}", latch(&home), run(&["status", "--json"]).json());
    let last = latch(&home);
    assert_eq!(fs::metadata(home.latch()).unwrap().ino(), inode, "another file");
    for key in ["timestamp", "reason"] {
        assert_eq!(first[key], last[key]);
    }
    assert_eq!(first["metadata"]["engage_id"], last["metadata"]["engage_id"]);
    assert!(last["metadata"]["state_at"].as_str() > first["metadata"]["state_at"].as_str());
    // A latch that is taken away and made anew says again what is known.
    fs::remove_file(home.latch()).unwrap();
    let again = until(LIMIT, || {
        (home.latch().exists() && fs::metadata(home.latch()).unwrap().len() > 0).then_some(())
    });
    assert!(again.is_some(), "not made anew");
    let again = until(LIMIT, || (word(&home) == "VERIFIED").then_some(()));
    assert!(again.is_some(), "{:#}", latch(&home));
    assert_eq!(run(&["audit", "verify"]).code, Some(0));
}

const READER: &str = r#"
import json, os, sys, time
path, until, inode = sys.argv[1], time.monotonic() + float(sys.argv[2]), None
reads = bad = gone = moved = odd = 0
words = {}
while time.monotonic() < until:
    for _ in range(200):
        reads += 1
        try:
            with open(path, "rb") as f:
                text = f.read()
                ino = os.fstat(f.fileno()).st_ino
        except FileNotFoundError:
            gone += 1
            continue
        inode = inode or ino
        moved += ino != inode
        try:
            state = json.loads(text)["metadata"]["state"].strip()
            words[state] = words.get(state, 0) + 1
        except (ValueError, KeyError):
            bad += 1
print(json.dumps({"reads": reads, "bad": bad, "gone": gone, "moved": moved, "words": words}))
"#;

#[test]
fn a_reader_in_a_tight_loop_meets_a_whole_document_every_time() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("latch");
    let reason = Text::new("test");
    let intent = Identity::here().decide(Intent::Kill, reason, None, &path, &[]);
    fs::write(&path, body::compose(&intent, Path::new("/nowhere"))).unwrap();
    let seconds = std::env::var("CRS_READ_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(2);
    let Some(python) = python() else { return };
    let mut reader = Command::new(python);
    reader.args(["-c", READER, path.to_str().unwrap(), &seconds.to_string()]);
    let mut reader = reader.stdout(Stdio::piped()).spawn().unwrap();
    let (began, mut writes) = (Instant::now(), 0_u64);
    let limit = Duration::from_secs(seconds) + LIMIT;
    while reader.try_wait().unwrap().is_none() && began.elapsed() < limit {
        for word in [LatchWord::Verified, LatchWord::Partial, LatchWord::Unconfirmed] {
            assert!(write(&path, &[intent.engage_id], word, clock::utc()));
            writes += 1;
        }
    }
    end(&mut reader);
    let told = std::io::read_to_string(reader.stdout.take().unwrap()).unwrap();
    eprintln!("{writes} writes; {told}");
    let told: Value = serde_json::from_str(&told).unwrap();
    for key in ["bad", "gone", "moved"] {
        assert_eq!(told[key], 0, "{told}");
    }
    assert!(told["reads"].as_u64() > Some(100), "{told}");
    let words = told["words"].as_object().unwrap();
    for word in ["VERIFIED", "PARTIAL", "UNCONFIRMED"] {
        assert!(words.contains_key(word), "{told}");
    }
}
