//! The gateway's process on its own machine, by keys.

use super::*;

#[test]
fn what_reads_runs_at_once_and_what_acts_asks_once_more() {
    let mut rig = rig();
    rig.press("p s p f p l");
    assert_eq!(rig.notes(), ["remote Status", "remote Locate", "remote Logs(20)"]);
    assert_eq!(rig.phase(), None);
    for (keys, verb, did) in [
        ("p u", GuardedVerb::RemoteStart, "remote Start"),
        ("p d", GuardedVerb::RemoteStop, "remote Stop"),
        ("p r", GuardedVerb::RemoteRestart, "remote Restart"),
    ] {
        rig.press(keys);
        assert_eq!(rig.phase(), Some((verb, GuardPhase::Armed)));
        assert!(rig.notes().is_empty(), "nothing yet");
        rig.press("y");
        assert_eq!(rig.notes(), [did]);
        rig.press(keys);
        rig.press("n y");
        assert!(rig.notes().is_empty(), "{keys} was stood down");
    }
}

#[test]
fn what_would_be_refused_opens_no_guard_and_says_why() {
    let mut rig = rig();
    rig.round.desk = Arc::new(Clerk(rig.notes.clone(), Some(Text::new("another is on its way"))));
    for (keys, verb) in [("p u", "start"), ("p d", "stop"), ("p s", "status")] {
        rig.press(keys);
        rig.press("y");
        assert_eq!(rig.phase(), None, "{keys}");
        assert_eq!(rig.notes(), [format!("gateway {verb}: another is on its way")]);
    }
    assert_eq!(rig.last_line(), "gateway status: another is on its way");
}

#[test]
fn the_line_takes_a_count_of_lines_and_full_names_only() {
    let mut rig = rig();
    rig.press(": r e m o t e - l o g s space 5 enter");
    assert_eq!(rig.notes(), ["remote Logs(5)"]);
    for count in ["0", "2 0 1", "x"] {
        rig.press(&format!(": r e m o t e - l o g s space {count} enter"));
        assert!(rig.error().contains("1 to 200"), "{}", rig.error());
        rig.press("esc");
    }
    rig.press(": r e m o t e - s t o enter");
    assert!(rig.error().contains("write remote-stop out in full"), "{}", rig.error());
    rig.press("esc");
    rig.press(": r e m o t e - s t o p enter");
    assert_eq!(rig.phase(), Some((GuardedVerb::RemoteStop, GuardPhase::Armed)));
    rig.press("y");
    assert_eq!(rig.notes(), ["remote Stop"]);
}
