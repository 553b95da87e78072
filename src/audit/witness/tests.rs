use super::super::{Act, Chain, HeadFollower, log_id, read_dir, verify};
use super::*;
use crate::domain::AuditHead;
use crate::host::Identity;
use std::fs;
use std::path::Path;

/// Five lines in one chain, and a witness of each.
fn kept(dir: &Path) -> Witness {
    let mut chain = Chain::new(dir, Identity::here(), "agent");
    let mut follower = HeadFollower::new(dir);
    let mut seen = Vec::new();
    for _ in 0..4 {
        chain.append(Act::Tampered { ids: Vec::new() }).unwrap();
        for head in follower.look().moved {
            seen.push(Witnessed { from: Text::new("127.0.0.1:5557"), heard: head.at, head });
        }
    }
    assert_eq!(seen.len(), 4);
    Witness { name: Text::new("heads"), seen }
}

fn found(dir: &Path, witness: &Witness) -> (Vec<String>, Testimony) {
    let mut chains = read_dir(dir);
    let host = Identity::here().host;
    let testimony = witness.testify((&log_id(dir), &host), &mut chains);
    let findings = chains.into_iter().flat_map(|(report, _)| report.findings);
    (findings.map(|f| f.what.to_string()).collect(), testimony)
}

#[test]
fn a_tail_that_is_gone_is_found_by_a_witness_only() {
    let dir = tempfile::tempdir().unwrap();
    let witness = kept(dir.path());
    assert_eq!(found(dir.path(), &witness), (vec![], Testimony { ours: 4, others: 0 }));
    let path = verify::files(dir.path()).remove(0);
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    for keep in 1..5 {
        fs::write(&path, lines[..keep].concat()).unwrap();
        assert_eq!(found(dir.path(), &Witness::default()).0, [""; 0], "alone it can't know");
        let (findings, _) = found(dir.path(), &witness);
        let words = format!("tail lost: the log ends at {keep}, a witness saw 5 (written 2");
        assert!(findings.len() == 1 && findings[0].starts_with(&words), "{findings:?}");
        assert!(findings[0].ends_with("by agent, told by 127.0.0.1:5557)"), "{findings:?}");
    }
    fs::remove_file(&path).unwrap();
    let (findings, _) = found(dir.path(), &witness);
    let words = "this chain is gone; a witness saw its line 5";
    assert!(findings.len() == 1 && findings[0].starts_with(words), "{findings:?}");
}

#[test]
fn a_tail_written_anew_is_found_too() {
    let dir = tempfile::tempdir().unwrap();
    let witness = kept(dir.path());
    let path = verify::files(dir.path()).remove(0);
    let text = fs::read_to_string(&path).unwrap();
    // The same length and soundly linked, only the last line is another.
    let last = text.lines().last().unwrap();
    let forged = text.replace(last, &last.replace("TAMPERED\",\"ids\":[]", "OPEN\",\"heads\":{}"));
    assert_ne!(forged, text);
    fs::write(&path, &forged).unwrap();
    assert_eq!(found(dir.path(), &Witness::default()).0, [""; 0]);
    let (findings, _) = found(dir.path(), &witness);
    let words = "line 5 is not the one that a witness saw";
    assert!(findings.len() == 1 && findings[0].starts_with(words), "{findings:?}");
    // Broken before the end, nothing is called lost that may be there.
    fs::write(&path, text.replacen("TAMPERED", "tampered", 2)).unwrap();
    let (findings, _) = found(dir.path(), &witness);
    assert!(findings.len() == 2 && findings[1].contains("can be believed"), "{findings:?}");
}

#[test]
fn what_was_told_of_other_logs_accuses_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let mut witness = kept(dir.path());
    for seen in &mut witness.seen {
        seen.head.chain = Text::new("elsewhere.jsonl");
        seen.head.log = Text::new("another");
    }
    assert_eq!(found(dir.path(), &witness), (vec![], Testimony { ours: 0, others: 4 }));
}

#[test]
fn a_syslog_file_is_a_witness() {
    let dir = tempfile::tempdir().unwrap();
    let witness = kept(dir.path());
    let mut text = String::from("Jan 14 13:56:58 inf sshd[1]: nothing of ours\n");
    text += &"x".repeat(100_000);
    text += "\n";
    for seen in &witness.seen {
        text += "Jan 14 13:56:58 inf crs[7]: ";
        text += &syslog::line(&seen.head);
        text.push('\n');
    }
    let read = Witness::from_syslog("auth.log", text.as_bytes()).unwrap();
    let heads = |w: &Witness| w.seen.iter().map(|s| s.head.clone()).collect::<Vec<AuditHead>>();
    assert_eq!(heads(&read), heads(&witness));
    assert_eq!(found(dir.path(), &read).1.ours, 4);
}
