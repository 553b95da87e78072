//! Whoever runs the steps at the command line: prints each, proves the latch,
//! and has it on record what was done and what came of it.

use super::super::{Context, Out, status};
use super::record::OnRecord;
use super::row;
use crate::config::Settings;
use crate::domain::{LatchPhase, LatchSeen, Text};
use crate::mesh::remote::{Conduct, Done, Failed, Step};
use serde::Serialize;

/// Who proves that the latch is absent.
type Proof<'a> = Box<dyn Fn() -> Result<Text, Text> + 'a>;

/// The one who does.
pub(super) struct Clerk<'a> {
    /// Told to start whatever the latch says.
    pub while_engaged: bool,
    out: &'a mut Out,
    json: bool,
    proof: Proof<'a>,
    record: OnRecord<'a>,
}

impl<'a> Clerk<'a> {
    /// For one verb of the command line; `verb` as in the audit log.
    pub fn new(
        settings: &'a Settings,
        verb: &'static str,
        json: bool,
        ctx: &'a mut Context,
    ) -> Self {
        let proof = Box::new(|| proven(settings));
        Self::with(settings, (verb, "cli"), json, &mut ctx.out, proof)
    }

    /// With a proof of its own.
    pub fn with(
        settings: &'a Settings,
        verb: (&'static str, &'static str),
        json: bool,
        out: &'a mut Out,
        proof: Proof<'a>,
    ) -> Self {
        let record = OnRecord::new(settings, verb);
        Self { while_engaged: false, out, json, proof, record }
    }

    /// The end: told, and on record.
    pub fn over(&mut self, came: &Result<Done, Failed>) {
        self.record.over(came);
        self.note();
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
        self.record.acted()
    }

    fn note(&mut self) {
        if let Some(why) = self.record.fault() {
            self.out.note(format!("crs: {why}"));
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
        self.record.begin(what);
        self.note();
    }
}

/// Whether the latch of these settings allows a start now.
///
/// # Errors
/// What the look at it found instead.
pub(super) fn proven(settings: &Settings) -> Result<Text, Text> {
    allows(&status::look(settings))
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
