//! The switch, as mission control may use it: the same stop as `crs kill` and
//! `crs block`, under the configuration as it is read at that moment. Nothing
//! here clears one.

use super::figures::Asked;
use crate::cli::live::LiveTerms;
use crate::cli::{Context, Exit, Out, kill, remembers, status};
use crate::config::Flags;
use crate::domain::{Intent, LatchPhase, LatchSeen, Text};
use crate::mission::ports::{Figures, KillEnd, Switch};
use std::time::Duration;

/// A block has no proof to wait for, but for its latch.
const BLOCK_WAIT: Duration = Duration::from_secs(5);

/// This program's own switch.
pub struct OwnSwitch {
    flags: Flags,
    asked: Asked,
}

impl OwnSwitch {
    /// For the configuration that these flags lead to.
    #[must_use]
    pub fn new(flags: Flags) -> Self {
        let asked = Asked::new(flags.clone());
        Self { flags, asked }
    }

    /// Never prints an answer: the daemon's standard output is nobody's.
    fn context(&self) -> Context {
        Context { flags: self.flags.clone(), out: Out::silent() }
    }

    fn look(&self) -> LatchSeen {
        status::look(&self.context().loaded().settings)
    }
}

impl Switch for OwnSwitch {
    fn engaged(&self) -> Option<Text> {
        let seen = self.look();
        let why = if seen.reason.is_empty() { "no reason given" } else { seen.reason.as_str() };
        match seen.phase {
            LatchPhase::Safe | LatchPhase::Disarmed => None,
            phase => Some(Text::new(&format!("the kill switch is {}: {why}", phase.word()))),
        }
    }

    fn refusing(&self) -> Vec<Text> {
        let settings = self.context().loaded().settings;
        let seen = status::look(&settings);
        let back = match seen.phase {
            LatchPhase::Safe => None,
            LatchPhase::Disarmed => Some("crs arm"),
            phase if phase.is_engaged() => Some("crs reset --reason \"…\", then crs arm"),
            _ => Some("crs status says why, crs arm once that is mended"),
        };
        let word = seen.phase.word();
        let latch = back.map(|back| format!("the breaker is {word}; its way back: {back}"));
        let gateways = remembers::ask(&settings);
        let gateways = gateways.iter().filter_map(remembers::Memory::warning);
        latch.into_iter().chain(gateways).map(|why| Text::new(&why)).collect()
    }

    fn engage(&self, reason: &str) -> Result<Text, Text> {
        let seen = self.look();
        if let (true, Some(id)) = (seen.phase.is_engaged(), seen.engage_id) {
            return Ok(Text::new(&id.to_string()));
        }
        let mut ctx = self.context();
        let report = kill::carry_out(Intent::Block, reason, BLOCK_WAIT, &mut ctx);
        if Exit(report.exit) == Exit::OK {
            return Ok(Text::new(&report.engage_id.to_string()));
        }
        Err(Text::new(&kill::outcome(&report, Intent::Block)))
    }

    fn kill(&self, reason: &str, wait_s: u64) -> KillEnd {
        let mut ctx = self.context();
        let wait = Duration::from_secs(wait_s);
        let report = kill::carry_out(Intent::Kill, reason, wait, &mut ctx);
        let at: Vec<&str> = report.gateways.iter().map(|g| g.gateway.as_str()).collect();
        let at = if at.is_empty() { "no gateway".to_owned() } else { at.join(", ") };
        let said = format!("at {at}: {}", kill::outcome(&report, Intent::Kill));
        KillEnd { verified: Exit(report.exit) == Exit::OK, said: Text::new(&said) }
    }

    fn not_armed(&self) -> Option<Text> {
        match LiveTerms::of(&self.context().loaded().settings).standing() {
            Ok(standing) if !standing.is_empty() => None,
            Ok(_) => Some(Text::new("no account is armed for real money: crs arm --live")),
            Err(why) => Some(why),
        }
    }

    fn figures(&self) -> Option<Figures> {
        self.asked.last()
    }
}
