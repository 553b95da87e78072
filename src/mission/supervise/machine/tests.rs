use super::step::wait_ms;
use super::world::World;
use super::*;
use crate::mission::spec::RestartOn;
use proptest::prelude::*;
use std::time::Duration;

const DEP: &str = "Redis";

fn now(ms: u64) -> Now {
    Now { ms, utc: UtcMicros(i64::try_from(ms).unwrap() * 1_000) }
}

fn machine(on: RestartOn, probed: bool) -> Machine {
    let restart = Restart { on, ..Restart::default() };
    Machine::new(Rules { restart, stop: Stop::default(), probed })
}

fn exit(code: i32) -> End {
    End { code: Some(code), signal: Text::default() }
}

fn gate(condition: Condition) -> Vec<(Name, Condition)> {
    vec![(String::from(DEP), condition)]
}

fn other(machine: &mut Machine, ms: u64, standing: Standing) -> Vec<Effect> {
    machine.step(now(ms), Input::Other(String::from(DEP), standing))
}

fn ready() -> Standing {
    Standing { up: true, ready: true, alive: true, ..Standing::default() }
}

fn up(machine: &mut Machine, ms: u64) {
    assert!(machine.step(now(ms), Input::Want(Vec::new())).contains(&Effect::Spawn));
    machine.step(now(ms), Input::Spawned);
}

/// It ends by itself and leaves nothing.
fn falls(machine: &mut Machine, ms: u64, code: i32) -> Vec<Effect> {
    let run = machine.run();
    machine.step(now(ms), Input::Ended { run, end: exit(code) });
    machine.step(now(ms), Input::Left { run, count: 0 })
}

#[test]
fn a_wrong_configuration_is_not_tried_again() {
    for on in [RestartOn::Failure, RestartOn::Always, RestartOn::Never] {
        let mut m = machine(on, false);
        up(&mut m, 1);
        assert!(falls(&mut m, 2, 78).contains(&Effect::Misconfigured), "it is an alert");
        assert_eq!(m.state().to_string(), "failed: wrong configuration (exit status 78)");
        assert_eq!(m.due(), None, "nothing comes by itself");
        let run = m.run();
        m.step(now(3), Input::LastWords { run: run + 1, said: Text::new("of another") });
        m.step(now(3), Input::LastWords { run, said: Text::new("no token") });
        let why = "wrong configuration (exit status 78): no token";
        assert_eq!(m.state().to_string(), format!("failed: {why}"));
        assert_eq!(m.last_error().as_str(), why);
        up(&mut m, 4);
        assert_eq!(m.state().word(), "running", "an operator's word begins anew");
    }
}

#[test]
fn a_dependent_waits_for_readiness_and_outlives_a_blip() {
    let mut m = machine(RestartOn::Failure, false);
    assert!(!m.step(now(1), Input::Want(gate(Condition::Ready))).contains(&Effect::Spawn));
    let started = Standing { ready: false, ..ready() };
    other(&mut m, 2, started.clone());
    assert_eq!(m.state().word(), "pending");
    assert!(other(&mut m, 3, ready()).contains(&Effect::Spawn));
    m.step(now(4), Input::Spawned);
    assert_eq!(other(&mut m, 5, started), [], "a blip touches nobody who runs");
    assert_eq!(m.state().word(), "running");
}

#[test]
fn it_is_skipped_only_for_good_and_comes_back() {
    let mut m = machine(RestartOn::Failure, false);
    m.step(now(1), Input::Want(gate(Condition::Ready)));
    let failed = Standing { failed: true, words: Text::new("failed: x"), ..Standing::default() };
    other(&mut m, 2, failed);
    assert_eq!(m.state().to_string(), "skipped: Redis (failed: x)");
    assert!(m.standing().failed, "who depends on it is skipped too");
    other(&mut m, 3, Standing::default());
    assert_eq!(m.state().word(), "pending");
    assert!(other(&mut m, 4, ready()).contains(&Effect::Spawn));
}

#[test]
fn each_condition_is_its_own() {
    let ended = |good| Standing { over: Some(good), ..Standing::default() };
    let alive = Standing { ready: false, ..ready() };
    let cases = [
        (Condition::Started, alive.clone(), true),
        (Condition::Started, Standing::default(), false),
        (Condition::Ready, alive.clone(), false),
        (Condition::Ready, ready(), true),
        (Condition::Completed, alive, false),
        (Condition::Completed, ended(false), true),
        (Condition::Succeeded, ended(false), false),
        (Condition::Succeeded, ended(true), true),
    ];
    for (condition, standing, goes) in cases {
        let mut m = machine(RestartOn::Failure, false);
        m.step(now(1), Input::Want(gate(condition)));
        let out = other(&mut m, 2, standing.clone());
        assert_eq!(out.contains(&Effect::Spawn), goes, "{condition:?} {standing:?}");
    }
}

#[test]
fn waits_grow_to_the_cap_and_a_crash_loop_is_an_end() {
    let rule = Restart::default();
    let waits: Vec<u64> = (0..8).map(|n| wait_ms(&rule, n)).collect();
    assert_eq!(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    assert_eq!(wait_ms(&rule, u32::MAX), 60_000);

    let mut m = machine(RestartOn::Failure, false);
    up(&mut m, 1);
    let mut ms = 1;
    for n in 1..=5 {
        falls(&mut m, ms, 3);
        assert!(matches!(m.state(), ProcessState::Backoff { n: shown, .. } if shown == n));
        ms = m.due().unwrap();
        assert!(m.step(now(ms), Input::Tick).contains(&Effect::Spawn));
        m.step(now(ms), Input::Spawned);
    }
    let out = falls(&mut m, ms, 3);
    assert!(out.iter().any(|e| matches!(e, Effect::CrashLoop(_))), "{out:?}");
    assert_eq!(m.state().to_string(), "failed: 5 restarts in 10 min: exit status 3");
    assert_eq!(m.restarts(), 5);
    up(&mut m, ms + 1);
    assert_eq!(m.restarts(), 0, "an operator's word begins anew");
}

#[test]
fn who_was_up_long_enough_begins_with_the_first_wait_again() {
    let mut m = machine(RestartOn::Failure, false);
    up(&mut m, 0);
    falls(&mut m, 10, 1);
    assert_eq!(m.due(), Some(1_010));
    m.step(now(1_010), Input::Tick);
    m.step(now(1_010), Input::Spawned);
    falls(&mut m, 1_010 + 60_000, 1);
    assert_eq!(m.due(), Some(61_010 + 1_000));
}

#[test]
fn readiness_ends_nobody_and_liveness_restarts_by_the_rule() {
    let mut m = machine(RestartOn::Failure, true);
    up(&mut m, 1);
    assert_eq!(m.state().word(), "starting");
    m.step(now(2), Input::Ready { run: 1, ok: true });
    assert!(m.state().ready());
    for ms in 3..500 {
        let out = m.step(now(ms), Input::Ready { run: 1, ok: false });
        assert!(out.iter().all(|e| *e == Effect::Tell), "{out:?}");
    }
    assert_eq!(m.state(), ProcessState::Running { ready: false });
    m.step(now(600), Input::Live { run: 1, bad: Some(Text::new("tcp: refused")) });
    assert_eq!(m.state().to_string(), "unhealthy: tcp: refused");
    assert!(m.step(now(601), Input::Tick).contains(&Effect::Signal(15)));
    falls(&mut m, 602, 0);
    assert_eq!(m.state().word(), "backoff");
    assert_eq!(m.last_error().as_str(), "unhealthy: tcp: refused");

    let mut m = machine(RestartOn::Never, true);
    up(&mut m, 1);
    m.step(now(2), Input::Live { run: 1, bad: Some(Text::new("x")) });
    assert_eq!((m.due(), m.state().word()), (None, "unhealthy"));
}

#[test]
fn two_restarts_at_once_are_one_and_the_latest_intent_wins() {
    let mut m = machine(RestartOn::Failure, false);
    up(&mut m, 1);
    assert!(m.step(now(2), Input::Restart).contains(&Effect::Signal(15)));
    assert!(!m.step(now(2), Input::Restart).contains(&Effect::Signal(15)));
    assert!(falls(&mut m, 3, 0).contains(&Effect::Spawn));
    assert!(!m.step(now(3), Input::Restart).contains(&Effect::Spawn));
    m.step(now(4), Input::Spawned);
    assert_eq!((m.run(), m.state().word()), (2, "running"));
    // Stop while it stops for a restart: it stays down.
    m.step(now(5), Input::Restart);
    m.step(now(5), Input::Unwant(Vec::new()));
    falls(&mut m, 6, 0);
    assert_eq!(m.state().word(), "exited");
    // Stop while it is being started.
    m.step(now(7), Input::Want(Vec::new()));
    m.step(now(7), Input::Unwant(Vec::new()));
    assert!(m.step(now(8), Input::Spawned).contains(&Effect::Signal(15)));
    // And start while it is being stopped.
    m.step(now(9), Input::Want(Vec::new()));
    assert!(falls(&mut m, 10, 0).contains(&Effect::Spawn));
    // Restart while it waits for its time.
    m.step(now(11), Input::Spawned);
    falls(&mut m, 12, 1);
    assert!(m.step(now(13), Input::Restart).contains(&Effect::Spawn));
}

#[test]
fn a_stop_escalates_until_nothing_lives() {
    let mut m = machine(RestartOn::Failure, false);
    up(&mut m, 0);
    m.step(now(10), Input::Unwant(Vec::new()));
    assert!(!m.step(now(10_009), Input::Tick).contains(&Effect::Kill));
    assert!(m.step(now(10_010), Input::Tick).contains(&Effect::Kill));
    m.step(now(10_011), Input::Ended { run: 1, end: exit(0) });
    m.step(now(10_011), Input::Left { run: 1, count: 2 });
    assert_eq!(m.state().word(), "stopping", "grandchildren live");
    assert!(m.step(now(10_120), Input::Tick).contains(&Effect::Kill), "again");
    m.step(now(10_121), Input::Left { run: 1, count: 0 });
    assert_eq!(m.state().word(), "exited");
}

#[test]
fn who_depends_on_it_ends_first() {
    let mut m = machine(RestartOn::Failure, false);
    up(&mut m, 0);
    other(&mut m, 1, ready());
    assert!(!m.step(now(2), Input::Unwant(vec![String::from(DEP)])).contains(&Effect::Signal(15)));
    assert!(other(&mut m, 3, Standing::default()).contains(&Effect::Signal(15)));
}

#[test]
fn a_lost_link_is_no_stop_and_no_second_copy() {
    let mut m = machine(RestartOn::Always, false);
    up(&mut m, 0);
    m.step(now(1), Input::Lost(Text::new("ssh: timed out")));
    assert_eq!(m.state().word(), "unknown");
    for input in [Input::Restart, Input::Want(Vec::new()), Input::Tick] {
        assert!(!m.step(now(90_000), input).contains(&Effect::Spawn));
    }
    m.step(now(90_001), Input::Back);
    assert_eq!(m.state().word(), "stopping", "the restart is carried out now");
    assert!(falls(&mut m, 90_002, 0).contains(&Effect::Spawn));
    // A start whose answer was lost: asked after, not repeated.
    m.step(now(90_003), Input::Lost(Text::new("ssh: timed out")));
    assert_eq!(m.step(now(90_004), Input::Back), [Effect::Find]);
    assert_eq!(m.state().word(), "unknown", "until that is answered");
    m.step(now(90_005), Input::Adopted { run: 2, since: UtcMicros(7) });
    assert_eq!((m.state().word(), m.run()), ("running", 2));
}

/// Time passes until it stands as wanted, at most so long.
fn settle(w: &mut World) -> ProcessState {
    for _ in 0..5_000 {
        w.pass();
        let run = w.machine.run();
        w.say(Input::Ready { run, ok: true });
        let state = w.machine.state();
        let done = match &state {
            _ if !w.machine.wanted() => w.lives() == 0 && !w.machine.may_live(),
            // Who ended by itself and is not to be restarted stays down, and says so.
            ProcessState::Exited { .. } | ProcessState::Failed { .. } => true,
            state => state.ready() && w.lives() > 0,
        };
        if done {
            return state;
        }
    }
    panic!("wanted: {}, and {:?}", w.machine.wanted(), w.machine.state());
}

/// Random orders, ends, probes and links; then everything works, and it must
/// come to what was wanted last.
fn schedule(seed: u64, steps: u32) -> World {
    over(World::new(seed), steps)
}

fn over(mut w: World, steps: u32) -> World {
    for _ in 0..steps {
        w.chance();
        w.pass();
    }
    w.mend();
    if !w.machine.wanted() {
        // Who had to end first has ended.
        w.dep(Standing::default());
    }
    settle(&mut w);
    w.dep(Standing { up: true, ready: true, alive: true, ..Standing::default() });
    w.say(Input::Want(Vec::new()));
    let state = settle(&mut w);
    assert!(state.ready(), "wanted anew, and {state:?}");
    w.say(Input::Unwant(Vec::new()));
    settle(&mut w);
    w
}

#[test]
fn thousands_of_schedules_end_as_they_should() {
    let (mut spawns, mut loops) = (0, 0);
    for seed in 0..3_000 {
        let told = std::panic::catch_unwind(|| {
            let w = schedule(seed, 60);
            (w.spawns, w.loops)
        });
        let (s, l) = told.unwrap_or_else(|e| {
            println!("seed {seed}");
            std::panic::resume_unwind(e)
        });
        spawns += s;
        loops += l;
    }
    assert!(spawns > 10_000 && loops > 100, "the world is too quiet: {spawns} {loops}");
}

/// The link holds and breaks, and on top of that each third answer is lost: of
/// starts that came about, that did not, and that still will.
#[test]
fn a_lost_answer_is_neither_an_end_nor_a_second_copy() {
    let (mut spawns, mut unheard) = (0, 0);
    for seed in 0..1_000 {
        let told = std::panic::catch_unwind(|| {
            let mut w = World::new(seed);
            w.lossy = true;
            let w = over(w, 80);
            (w.spawns, w.unheard)
        });
        let (s, u) = told.unwrap_or_else(|e| {
            println!("seed {seed}");
            std::panic::resume_unwind(e)
        });
        spawns += s;
        unheard += u;
    }
    assert!(spawns > 1_000 && unheard > 500, "the world is too quiet: {spawns} {unheard}");
}

#[test]
fn two_lost_answers_are_one_question_still() {
    let mut m = machine(RestartOn::Always, false);
    assert!(m.step(now(1), Input::Want(Vec::new())).contains(&Effect::Spawn));
    m.step(now(2), Input::Lost(Text::new("the answer was lost")));
    for ms in 3..40 {
        let out = m.step(now(ms), Input::Back);
        assert_eq!(out, [Effect::Find], "it is looked for, and not started");
        m.step(now(ms), Input::Lost(Text::new("and this one, too")));
        assert_eq!(m.state().word(), "unknown");
    }
    let ProcessState::Unknown { since, why } = m.state() else { panic!("{:?}", m.state()) };
    assert_eq!((since, why.as_str()), (UtcMicros(2_000), "and this one, too"));
    m.step(now(40), Input::Back);
    assert!(m.step(now(41), Input::Absent).contains(&Effect::Spawn), "only now");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_schedule_ends_as_it_should(seed: u64, steps in 1_u32..150) {
        schedule(seed, steps);
    }

    #[test]
    fn no_wait_is_beyond_the_cap(first in 0_u64..100_000, cap in 0_u64..100_000, factor: u32, n: u32) {
        let rule = Restart {
            first: Duration::from_millis(first),
            cap: Duration::from_millis(cap),
            factor_pct: factor,
            ..Restart::default()
        };
        prop_assert!(wait_ms(&rule, n) <= cap);
        prop_assert!(wait_ms(&rule, n) <= wait_ms(&rule, n.saturating_add(1)));
    }
}
