//! The faults: what is done to a kill, and what must come of it.

use crate::common::sandbox::{Signal, end, signal};
use crate::proxy::Proxy;
use crate::scene::{Random, Scene, exit, shoot};
use std::fs;
use std::thread::sleep;
use std::time::Duration;

/// One kind of fault; `run` gives back milliseconds or panics.
pub struct Row {
    pub name: &'static str,
    pub run: fn(u64) -> u64,
}

const ROWS: [Row; 20] = [
    Row { name: "no fault", run: |_| plain(&["honest"]) },
    Row { name: "gateway down, comes later", run: comes_later },
    Row { name: "gateway frozen, thawed later", run: frozen },
    Row { name: "gateway dies on KILL_SWITCH, is restarted", run: dies },
    Row { name: "command shot at a random moment", run: command_shot },
    Row { name: "agent shot at a random moment", run: agent_shot },
    Row { name: "agent stopped", run: agent_stopped },
    Row { name: "command and agent shot, agent restarted", run: both_shot },
    Row { name: "line cut again and again", run: line_cut },
    Row { name: "line silent (half-open)", run: line_silent },
    Row { name: "line slow", run: line_slow },
    Row {
        name: "first KILL_SWITCH does nothing, and lies",
        run: |_| plain(&["survive-first-kill"]),
    },
    Row { name: "KILL_SWITCH lies, closes work", run: |_| plain(&["kill-lies"]) },
    Row { name: "one position survives", run: |_| plain(&["partial"]) },
    Row { name: "answer late, mute or dropped", run: unanswered },
    Row { name: "blind gateway: never believed", run: |_| open_lies(&["blind"]) },
    Row {
        name: "nothing closes: never believed",
        run: |_| open_lies(&["kill-lies", "close-fails"]),
    },
    Row { name: "foreign answers: never believed", run: |_| lies(&["wrong-req-id"]) },
    Row { name: "latch directory gone", run: no_directory },
    Row { name: "two operators and a touch at once", run: race },
];

/// How many there are.
pub const COUNT: u64 = ROWS.len() as u64;

/// Which one a seed stands for.
pub fn of(seed: u64) -> &'static Row {
    &ROWS[usize::try_from(seed % COUNT).unwrap()]
}

fn plain(behaviours: &[&str]) -> u64 {
    let mut scene = Scene::with(behaviours);
    let mut command = scene.command();
    assert_eq!(exit(&mut command), Some(0));
    scene.verified()
}

fn lies(behaviours: &[&str]) -> u64 {
    let mut scene = Scene::with(behaviours);
    let mut command = scene.command();
    let ms = scene.never_verified(Duration::from_millis(1_200));
    end(&mut command);
    ms
}

/// A lie, and two positions that are open all the while.
fn open_lies(behaviours: &[&str]) -> u64 {
    let mut scene = Scene::with(behaviours);
    let mut command = scene.command();
    let ms = scene.never_verified(Duration::from_millis(1_200));
    end(&mut command);
    assert_eq!(scene.peers[0].positions(), Some(2), "the lie was one");
    ms
}

fn comes_later(seed: u64) -> u64 {
    let mut random = Random::new(seed);
    let mut scene = Scene::empty();
    let mut command = scene.command();
    sleep(random.ms(50, 900));
    scene.peer(&["honest"]);
    assert_eq!(exit(&mut command), Some(0));
    scene.verified()
}

fn frozen(seed: u64) -> u64 {
    let mut random = Random::new(seed);
    let mut scene = Scene::with(&["honest"]);
    let pid = scene.peers[0].pid();
    signal(pid, Signal::STOP);
    let mut command = scene.command();
    sleep(random.ms(50, 3_000));
    signal(pid, Signal::CONT);
    assert_eq!(exit(&mut command), Some(0));
    scene.verified()
}

fn dies(seed: u64) -> u64 {
    let mut random = Random::new(seed);
    let how = if random.below(2) == 0 { "die-mid-kill" } else { "die-after-kill" };
    let mut scene = Scene::with(&[how]);
    let mut command = scene.command();
    assert!(scene.peers[0].ended(Duration::from_secs(30)));
    sleep(random.ms(1, 600));
    scene.peer(&["honest"]);
    assert_eq!(exit(&mut command), Some(0));
    scene.verified()
}

fn command_shot(seed: u64) -> u64 {
    let mut random = Random::new(seed);
    let mut scene = Scene::with(&["honest"]);
    scene.agent();
    let mut command = scene.command();
    sleep(Duration::from_micros(500 * random.below(120)));
    end(&mut command);
    if scene.taken() { scene.verified() } else { 0 }
}

fn agent_shot(seed: u64) -> u64 {
    let mut random = Random::new(seed);
    let mut scene = Scene::with(&["honest"]);
    let agent = scene.agent();
    let mut command = scene.command();
    sleep(Duration::from_micros(500 * random.below(300)));
    shoot(agent);
    assert_eq!(exit(&mut command), Some(0));
    scene.verified()
}

fn agent_stopped(_: u64) -> u64 {
    let mut scene = Scene::with(&["honest"]);
    let agent = scene.agent();
    signal(agent, Signal::STOP);
    let mut command = scene.command();
    assert_eq!(exit(&mut command), Some(0), "the command stands in");
    scene.flat();
    signal(agent, Signal::CONT);
    scene.verified()
}

fn both_shot(seed: u64) -> u64 {
    let mut random = Random::new(seed);
    let mut scene = Scene::with(&["honest"]);
    let agent = scene.agent();
    let mut command = scene.command();
    sleep(Duration::from_micros(500 * random.below(240)));
    if random.below(2) == 0 {
        shoot(agent);
        end(&mut command);
    } else {
        end(&mut command);
        shoot(agent);
    }
    if scene.taken() {
        scene.agent();
        return scene.verified();
    }
    0
}

/// A command that reaches its gateway over a line of ours.
fn over_a_line() -> (Scene, Proxy) {
    let far = Scene::with(&["honest"]);
    let proxy = Proxy::to(far.port);
    let mut scene = Scene::at(proxy.port);
    scene.peers = far.into_peers();
    (scene, proxy)
}

fn line_cut(seed: u64) -> u64 {
    let mut random = Random::new(seed);
    let (mut scene, proxy) = over_a_line();
    let mut command = scene.command();
    for _ in 0..=random.below(8) {
        sleep(random.ms(1, 120));
        proxy.cut();
    }
    assert_eq!(exit(&mut command), Some(0));
    scene.verified()
}

fn line_silent(seed: u64) -> u64 {
    let mut random = Random::new(seed);
    let (mut scene, proxy) = over_a_line();
    proxy.silence(random.below(2) == 0);
    let mut command = scene.command();
    sleep(random.ms(1, 200));
    proxy.silence(true);
    sleep(random.ms(50, 2_500));
    proxy.silence(false);
    if random.below(2) == 0 {
        proxy.cut();
    }
    assert_eq!(exit(&mut command), Some(0));
    scene.verified()
}

fn line_slow(seed: u64) -> u64 {
    let mut random = Random::new(seed);
    let (mut scene, proxy) = over_a_line();
    proxy.delay(10 + random.below(390));
    let mut command = scene.command();
    assert_eq!(exit(&mut command), Some(0));
    scene.verified()
}

fn unanswered(seed: u64) -> u64 {
    let mut random = Random::new(seed);
    let which = usize::try_from(random.below(3)).unwrap();
    plain(&[["late", "mute-kill", "drop-kill"][which]])
}

fn no_directory(_: u64) -> u64 {
    let mut scene = Scene::with(&["honest"]);
    let (run, away) = (scene.home.path().join("run"), scene.home.path().join("away"));
    fs::rename(&run, &away).unwrap();
    let mut command = scene.command();
    let ms = scene.verified();
    fs::rename(&away, &run).unwrap();
    end(&mut command);
    let made = || scene.home.latch().exists().then_some(());
    assert!(crate::common::wait::until(Duration::from_secs(30), made).is_some(), "no latch");
    ms
}

fn race(seed: u64) -> u64 {
    let mut random = Random::new(seed);
    let mut scene = Scene::with(&["honest"]);
    let mut first = scene.command();
    sleep(Duration::from_micros(200 * random.below(40)));
    let mut second = scene.command();
    if random.below(2) == 0 {
        sleep(Duration::from_micros(200 * random.below(40)));
        let _ = fs::OpenOptions::new().create(true).append(true).open(scene.home.latch());
    }
    assert_eq!(exit(&mut first), Some(0));
    assert_eq!(exit(&mut second), Some(0));
    scene.verified()
}
