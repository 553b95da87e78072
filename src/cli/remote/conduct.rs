//! Whoever runs the steps at the command line: prints each, proves the latch,
//! and writes into the audit log what was done and what came of it.

use super::super::{Context, Out, status, wiring};
use super::row;
use crate::audit::{Act, Chain};
use crate::config::Settings;
use crate::domain::{LatchPhase, LatchSeen, Text};
use crate::host::ids;
use crate::mesh::remote::{Conduct, Done, Failed, Fate, Step};
use serde::Serialize;

/// Who proves that the latch is absent.
type Proof<'a> = Box<dyn Fn() -> Result<Text, Text> + 'a>;

/// The one who does.
pub(super) struct Clerk<'a> {
    /// Told to start whatever the latch says.
    pub while_engaged: bool,
    settings: &'a Settings,
    out: &'a mut Out,
    json: bool,
    verb: &'static str,
    proof: Proof<'a>,
    chain: Option<Chain>,
    role: &'static str,
    /// What is being done there now, under which id.
    open: Option<(Text, String)>,
    gateway: Text,
}

impl<'a> Clerk<'a> {
    /// For one verb of the command line; `verb` as in the audit log.
    pub fn new(
        settings: &'a Settings,
        verb: &'static str,
        json: bool,
        ctx: &'a mut Context,
    ) -> Self {
        let proof = Box::new(|| allows(&status::look(settings)));
        Self::with(settings, (verb, "cli"), json, &mut ctx.out, proof)
    }

    /// With a proof of its own.
    pub fn with(
        settings: &'a Settings,
        (verb, role): (&'static str, &'static str),
        json: bool,
        out: &'a mut Out,
        proof: Proof<'a>,
    ) -> Self {
        let name = &settings.remote.gateway;
        let first = settings.gateways.first().map(|g| g.name.clone()).unwrap_or_default();
        let gateway = if name.is_empty() { first } else { Text::new(name) };
        Self {
            while_engaged: false,
            settings,
            out,
            json,
            verb,
            proof,
            chain: None,
            role,
            open: None,
            gateway,
        }
    }

    /// The end: told, and on record.
    pub fn over(&mut self, came: &Result<Done, Failed>) {
        match came {
            Ok(done) => self.close("done", &done.what),
            // Of what a watchdog leaves alone again and again only acts count.
            Err(failed) if self.nothing_done() && failed.fate == Fate::Denied => {
                let what = format!("{} {}: {}", self.verb, self.settings.remote.host, failed.why);
                self.record(&Text::default(), &what, Fate::Denied.word());
            }
            Err(failed) => self.close(failed.fate.word(), &failed.why),
        }
        if self.json {
            #[derive(Serialize)]
            struct End<'a> {
                ok: bool,
                #[serde(flatten, skip_serializing_if = "Option::is_none")]
                done: Option<&'a Done>,
                #[serde(flatten, skip_serializing_if = "Option::is_none")]
                failed: Option<&'a Failed>,
            }
            let end =
                End { ok: came.is_ok(), done: came.as_ref().ok(), failed: came.as_ref().err() };
            self.out.json_line(&end);
            return;
        }
        match came {
            Ok(done) => self.out.line(done.what.as_str()),
            Err(failed) => {
                for line in &failed.log {
                    self.out.line(format!("  | {line}"));
                }
            }
        }
    }

    /// Whether anything was done there.
    pub const fn acted(&self) -> bool {
        self.chain.is_some()
    }

    fn nothing_done(&self) -> bool {
        self.open.is_none() && self.role == "cli"
    }

    fn close(&mut self, outcome: &str, how: &Text) {
        if let Some((id, what)) = self.open.take() {
            self.record(&id, &format!("{what}: {how}"), outcome);
        }
    }

    /// Not being on record holds nothing up, and is said.
    fn record(&mut self, id: &Text, what: &str, outcome: &str) {
        let home = wiring::latch_home(self.settings);
        let act = Act::Command {
            req_id: id.clone(),
            what: Text::new(what),
            outcome: Text::new(outcome),
            ticket: None,
            gateway: Some(self.gateway.clone()),
            why: Text::default(),
        };
        let role = self.role;
        let written = home.prepare().map_err(|e| e.to_string()).and_then(|()| {
            let chain = self.chain.get_or_insert_with(|| home.chain(role));
            chain.append(act).map_err(|e| e.to_string())
        });
        if let Err(why) = written {
            self.out.note(format!("crs: {} is not on record: {why}", self.verb));
        }
    }
}

impl Conduct for Clerk<'_> {
    fn step(&mut self, step: &Step) {
        if self.json {
            self.out.json_line(step);
        } else {
            self.out.line(row(step.step, step.ok, step.ms, &step.note));
        }
    }

    fn may_start(&mut self) -> Result<Text, Text> {
        let proven = (self.proof)();
        match proven {
            Err(why) if self.while_engaged => {
                Ok(Text::new(&format!("{why}; started all the same, as told")))
            }
            Err(why) => Err(Text::new(&format!(
                "not started: {why}. If a kill waits for this very gateway, start it with \
                 --while-engaged; else lead the switch back first (crs status)"
            ))),
            proven => proven,
        }
    }

    fn acting(&mut self, what: &str) {
        // The first half of a restart is over when the second begins.
        self.close("done", &Text::new("both ports are free"));
        let id = Text::new(ids::req_id("rmt").as_str());
        self.record(&id, what, "sent");
        self.open = Some((id, what.to_owned()));
    }
}

/// Whether a look at the latch allows a start: only when it is proven absent.
fn allows(seen: &LatchSeen) -> Result<Text, Text> {
    match seen.phase {
        LatchPhase::Safe | LatchPhase::Disarmed => Ok(Text::new(seen.phase.word())),
        phase => Err(Text::new(&format!("the switch is {} ({})", phase.word(), seen.reason))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_needs_a_latch_that_is_proven_absent() {
        let seen = |phase| LatchSeen { phase, reason: Text::new("drill"), ..LatchSeen::default() };
        for phase in [LatchPhase::Safe, LatchPhase::Disarmed] {
            assert!(allows(&seen(phase)).is_ok(), "{phase:?}");
        }
        for phase in [
            LatchPhase::Blocked,
            LatchPhase::Latched,
            LatchPhase::Durable,
            LatchPhase::NotDurable,
            LatchPhase::EngagedExternal,
        ] {
            let why = allows(&seen(phase)).unwrap_err();
            assert!(why.as_str().contains("drill"), "{phase:?}: {why}");
        }
    }
}
