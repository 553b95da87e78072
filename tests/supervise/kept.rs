//! Output of what outlives the daemon, while it is written.

use crate::stage::{PATIENCE, Stage, process};
use crs::mission::crew::Crew as _;
use crs::mission::hands::Vars;
use crs::mission::spec::OnDeath;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::time::Instant;

/// Eight megabytes, eight times what is kept, and then a word when it is asked.
const SCRIPT: &str = "head -c 8000000 /dev/zero | tr '\\0' x; echo; echo begun; \
    while [ ! -e go ]; do sleep 0.02; done; echo and so on; exec sleep 600";

#[test]
fn what_was_read_is_given_back_to_the_disk_and_no_byte_is_lost() {
    let mut one = process("kept", SCRIPT);
    one.on_daemon_death = OnDeath::Keep;
    let stage = Stage::new(vec![one]);
    stage.want_all();
    stage.running("kept");
    let path = stage.dir.path().join("kept/kept.out");
    let begun = Instant::now();
    let on_disk = || fs::metadata(&path).map_or(u64::MAX, |meta| meta.blocks() * 512);
    let length = || fs::metadata(&path).map_or(0, |meta| meta.len());
    while length() < 8_000_007 || on_disk() > 1 << 20 {
        // All but the last line was read.
        *stage.lines.read_to.lock().unwrap() = Some(length().saturating_sub(6));
        let noted = stage.lines.noted.lock().unwrap().clone();
        assert!(begun.elapsed() < PATIENCE, "{} of {}: {noted:?}", on_disk(), length());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    fs::write(stage.dir.path().join("go"), "").unwrap();
    let end = || fs::read(&path).unwrap()[8_000_001..].to_vec();
    while end() != b"begun\nand so on\n" {
        assert!(begun.elapsed() < PATIENCE, "{:?}", String::from_utf8_lossy(&end()));
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    stage.crew.want(&[], &Vars::default(), &BTreeMap::new());
    stage.until("kept", |record| record.pid.is_none());
}
