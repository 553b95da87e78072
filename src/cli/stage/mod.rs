//! A stage: paper gateway, latch and state directory of its own, for what
//! must not touch the real thing. `crs demo` and `crs drill` play on it.

mod scratch;

use super::{Failure, gateway, wiring};
use crate::breaker::LatchHome;
use crate::config::{AuditSettings, Settings, SyslogChoice, dirs};
use crate::domain::{Calendar, GatewayAddr, Hours, Text};
use crate::gateway::{Gateway, GatewayOptions, RunningGateway, SimOptions};
use scratch::Scratch;

/// What runs and lies on it.
pub struct Stage {
    /// Settings that lead nowhere else.
    pub settings: Settings,
    /// Its paper gateway, on free loopback ports.
    pub gateway: RunningGateway,
    scratch: Scratch,
}

impl Stage {
    /// Sets it up for `what`. Of the user's settings only the looks are kept.
    ///
    /// # Errors
    /// Status 1 when there is no scratch directory or no port to be had.
    pub fn set(what: &str, sim: SimOptions, user: Settings) -> Result<Self, Failure> {
        let scratch = Scratch::make(what).map_err(Failure::failed)?;
        let state = scratch.join("state");
        // Where `crs gateway reset --state-dir` looks for it.
        dirs::ensure_private(&state).map_err(Failure::failed)?;
        let mut options = GatewayOptions::embedded(sim, gateway::memory(&state));
        options.latch = Some(scratch.latch());
        let running = Gateway::start(&options).map_err(Failure::failed)?;
        let at = running.addresses();
        let main =
            GatewayAddr { name: Text::new(what), cmd: at.cmd.clone(), data: at.data.clone() };
        let settings = Settings {
            gateways: vec![main],
            events: vec![at.events.clone()],
            kill_switch_file: scratch.latch(),
            theme: user.theme,
            keymap: user.keymap,
            color: user.color,
            fps: user.fps,
            mouse: user.mouse,
            // What is removed at the end is no log that a witness could miss.
            audit: AuditSettings { syslog: SyslogChoice::Off, publish: None },
            // Its market trades whenever it runs.
            calendar: Calendar {
                market: Hours { always: true, ..Hours::default() },
                ..Calendar::default()
            },
            ..Settings::defaults(user.config_dir, state)
        };
        Ok(Self { settings, gateway: running, scratch })
    }

    /// Its latch and private directory.
    #[must_use]
    pub fn home(&self) -> LatchHome {
        wiring::latch_home(&self.settings)
    }

    /// Ends the agent and the gateway, and removes everything.
    pub fn strike(self) {
        scratch::end_agent(&self.home());
        self.gateway.stop();
        self.scratch.remove();
    }
}
