//! Acknowledging and silencing, on record and confirmed in words.

use super::*;

#[test]
fn alarms_are_taken_on_and_silenced_on_record() {
    let mut rig = rig();
    rig.press("space");
    rig.round.screen =
        Box::new(Glass { selected: None, context: Context::Alarms, ..glass(&rig.notes) });
    rig.press("space");
    assert_eq!(rig.last_line(), "nothing acknowledged: there is no alarm");
    rig.press("m");
    assert_eq!(rig.last_line(), "nothing silenced: there is no alarm");
    rig.press("a a");
    assert_eq!(rig.last_line(), "nothing acknowledged: there is no alarm");
    rig.round.sender.log(crate::event::Level::Alarm, "agent", "disk full");
    rig.round.urgent();
    rig.press("m");
    let silent = |rig: &Rig| {
        let state = &rig.round.state;
        state.alarms.list.iter().all(|alarm| alarm.is_silent(state.now))
    };
    let until = rig.round.state.alarms.list[0].silent_until.unwrap().utc.hm();
    let said = |rig: &Rig| rig.round.notice.as_ref().unwrap().0.to_string();
    assert!(silent(&rig));
    assert_eq!(said(&rig), format!("silenced until {until} UTC: disk full"));
    assert!(rig.last_line().ends_with(&format!("silenced until {until} UTC")));
    rig.press("m");
    assert!(!silent(&rig));
    assert_eq!(said(&rig), "no longer silenced: disk full");
    assert_eq!(rig.round.state.alarms.open().1, 1);
    rig.press("space");
    assert_eq!(rig.round.state.alarms.open().1, 0);
    assert_eq!(said(&rig), "acknowledged: disk full");
    rig.press("space");
    assert_eq!(said(&rig), "already acknowledged: disk full");
    rig.round.sender.log(crate::event::Level::Alarm, "agent", "another");
    rig.round.urgent();
    rig.press("a a");
    assert_eq!(rig.round.state.alarms.open().1, 0);
    assert_eq!(said(&rig), "1 alarm acknowledged");
    rig.press("a a");
    assert_eq!(said(&rig), "nothing acknowledged: all are");
}

#[test]
fn an_alarm_is_silenced_for_the_time_that_is_written() {
    let mut rig = rig();
    rig.round.sender.log(crate::event::Level::Alarm, "agent", "disk full");
    rig.round.urgent();
    rig.press(": s i l e n c e space 3 0 m enter");
    let silent_for = |rig: &Rig| {
        let state = &rig.round.state;
        state.alarms.list[0].silent_until.unwrap().since(state.now)
    };
    let half_hour = Duration::from_mins(30);
    assert!(silent_for(&rig) <= half_hour && silent_for(&rig) > half_hour / 2);
    rig.press(": s i l e n c e space 9 0 s enter");
    assert!(silent_for(&rig) <= Duration::from_secs(90));
    let until = rig.round.state.alarms.list[0].silent_until.unwrap().utc.hm();
    assert!(
        rig.last_line().ends_with(&format!("silenced until {until} UTC")),
        "{}",
        rig.last_line()
    );
    rig.press(": s i l e n c e enter");
    assert!(rig.last_line().ends_with("no longer silenced"), "{}", rig.last_line());
    for (keys, told) in [("9 h", "9h"), ("l o n g", "long")] {
        rig.press(&format!(": s i l e n c e space {keys} enter"));
        let takes = "it takes a time from 1s to 8h, as 45s, 30m or 2h";
        assert_eq!(rig.error(), format!("silence knows no time \"{told}\": {takes}"));
        rig.press("esc");
    }
}
