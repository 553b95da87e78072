//! Whatever mission control may say: a record is flat in the API, and must come
//! back from a recording as it went.

use crate::events::text;
use crs::domain::UtcMicros;
use crs::domain::mission::{
    ConsoleLine, HostRecord, Launch, MissionAlert, MissionStatus, ProcessRecord, ProcessState,
};
use crs::event::{
    MissionAnswer, MissionLines, MissionLink, MissionMode, MissionNews, MissionWhole,
};
use proptest::prelude::*;

fn process_state() -> impl Strategy<Value = ProcessState> {
    prop_oneof![
        Just(ProcessState::Stopped),
        text().prop_map(|waiting_on| ProcessState::Pending { waiting_on }),
        Just(ProcessState::Starting),
        any::<bool>().prop_map(|ready| ProcessState::Running { ready }),
        text().prop_map(|why| ProcessState::Unhealthy { why }),
        (any::<u32>(), any::<i64>(), text()).prop_map(|(n, until, why)| ProcessState::Backoff {
            n,
            until: UtcMicros(until),
            why
        }),
        Just(ProcessState::Stopping),
        (prop::option::of(any::<i32>()), text())
            .prop_map(|(code, signal)| ProcessState::Exited { code, signal }),
        text().prop_map(|why| ProcessState::Failed { why }),
        text().prop_map(|dep| ProcessState::Skipped { dep }),
        Just(ProcessState::External),
        (any::<i64>(), text())
            .prop_map(|(since, why)| ProcessState::Unknown { since: UtcMicros(since), why }),
    ]
}

fn process() -> impl Strategy<Value = ProcessRecord> {
    let numbers = (prop::option::of(any::<u32>()), prop::option::of(any::<u64>()));
    (text(), text(), process_state(), numbers, any::<bool>(), prop::option::of(any::<i32>()))
        .prop_map(|(name, host, state, (pid, memory), flag, exit_code)| ProcessRecord {
            name: name.clone(),
            display_name: host.clone(),
            host,
            pid,
            state,
            wanted: flag,
            start_time: memory.and_then(|n| i64::try_from(n).ok()).map(UtcMicros),
            cpu_centi: pid,
            memory,
            files: pid,
            restart_count: pid.unwrap_or(0),
            last_error: name,
            exit_code,
            external: !flag,
            kept: flag,
        })
}

/// Any news.
pub fn mission() -> impl Strategy<Value = MissionNews> {
    let some = prop::collection::vec(process(), 0..3);
    prop_oneof![
        (any::<bool>(), text(), any::<i64>()).prop_map(|(present, why, since)| {
            let since = UtcMicros(since);
            MissionNews::Link(MissionLink { present, socket: why.clone(), since, why })
        }),
        (some, text(), any::<bool>(), any::<u64>()).prop_map(|(processes, mode, live, id)| {
            let launch = Launch { id, mode: mode.clone(), ..Launch::default() };
            let hosts = vec![HostRecord { reachable: Some(live), ..HostRecord::default() }];
            let alert = MissionAlert { id, title: mode.clone(), ..MissionAlert::default() };
            let modes = vec![MissionMode { name: mode.clone(), ..MissionMode::default() }];
            let launch = Some(launch);
            let status =
                MissionStatus { mode, live, launch, processes, hosts, ..MissionStatus::default() };
            MissionNews::Whole(Box::new(MissionWhole { status, alerts: vec![alert], modes }))
        }),
        process().prop_map(|record| MissionNews::Process(Box::new(record))),
        (any::<u64>(), text(), any::<u64>()).prop_map(|(seq, message, missed)| {
            let line = ConsoleLine { seq, message, ..ConsoleLine::default() };
            MissionNews::Lines(MissionLines { lines: vec![line], missed })
        }),
        (0_u64..4, text()).prop_map(|(id, title)| {
            MissionNews::Alert(Box::new(MissionAlert { id, title, ..MissionAlert::default() }))
        }),
        any::<u64>().prop_map(|rtt_us| MissionNews::Heard { rtt_us }),
        (text(), any::<bool>()).prop_map(|(ask, ok)| {
            let lines = vec![ask.clone()];
            MissionNews::Answer(Box::new(MissionAnswer { ask, ok, lines }))
        }),
    ]
}
