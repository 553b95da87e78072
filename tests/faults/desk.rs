//! The real console in a terminal, at a gateway with two positions.

use crate::common::console::{Console, SOON};
use crate::common::wait::until;
use crate::scene::Scene;
use std::time::Duration;

/// A console that shows SAFE and v1.0, and has an agent.
pub struct Desk {
    pub scene: Scene,
    pub console: Console,
}

impl Desk {
    pub fn open(behaviours: &[&str]) -> Self {
        let scene = Scene::with(behaviours);
        let console = Console::crs(&scene.home, &["console"], 120, 40);
        let limit = Duration::from_mins(1);
        console.wait_for("armed console", limit, |t| t.contains("SAFE") && t.contains("v1.0"));
        let agent = until(limit, || scene.status()["agent_pid"].as_u64());
        assert!(agent.is_some(), "no agent: {:#}", scene.status());
        Self { scene, console }
    }

    /// The chord, and the wait until a second key counts.
    pub fn guard(&mut self) {
        self.console.keys("\x0b");
        self.console.wait_for("guard", SOON, |t| t.contains("stop trading, close everything"));
        std::thread::sleep(Duration::from_millis(300));
    }

    /// The second key.
    pub fn confirm(&mut self) {
        self.console.keys("y");
    }

    /// What the console began is at the agent or on disk after this; then
    /// whether anything was taken. Where nothing was, nothing happened.
    pub fn taken(&self) -> bool {
        std::thread::sleep(Duration::from_secs(1));
        self.scene.taken()
    }
}
