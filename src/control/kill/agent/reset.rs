//! The way back: slow, asked for by name, on record before it is done.

use super::core::Core;
use super::crew::Crew;
use crate::audit::{Act, ForeignLatch, LedgerReader};
use crate::breaker::file::{self, Probe};
use crate::control::kill::protocol::{FromAgent, ResetRequest};
use crate::domain::{EngageId, GatewayPhase, Intent, Text};
use crate::host::{Identity, clock, ids};
use std::path::Path;

impl<C: Crew> Core<C> {
    /// Ends every decision in force, if the operator names the one that the
    /// latch shows and flat is proven (or insists).
    ///
    /// First the record, then the file: a reset that is not on disk has not
    /// happened, and a latch that goes without a record is made anew. A
    /// decision that arrives in between is in neither list: engage wins.
    pub(super) fn reset(&mut self, request: &ResetRequest) -> Result<Text, Text> {
        if request.until.is_some_and(|until| clock::mono_ns() > until) {
            return Err(Text::new("asked too long ago: nothing was changed, ask again"));
        }
        let mut reader = LedgerReader::new(&self.config.home.audit());
        reader.refresh().map_err(|e| Text::new(&format!("audit log can't be read: {e}")))?;
        let mut named: Vec<EngageId> =
            reader.ledger().engaged().map(|e| e.intent.engage_id).collect();
        for id in self.active.keys() {
            if !named.contains(id) {
                named.push(*id);
            }
        }
        let mut strangers: Vec<ForeignLatch> =
            reader.ledger().foreign().map(|(file, _)| file).collect();
        // Those whose record is still on its way to a slow disk, too.
        let unwritten = |file: &&ForeignLatch| !reader.ledger().foreign_was_reset(file);
        let told = self.foreign_told.iter().filter(unwritten);
        strangers
            .extend(told.copied().filter(|file| !strangers.contains(file)).collect::<Vec<_>>());
        let stand_in = self.named_by_the_stand_in(&mut named, &mut strangers);
        let probe = file::probe_soon(&self.config.home.latch);
        let (foreign, shown) = match &probe {
            Probe::Absent if named.is_empty() && strangers.is_empty() => {
                return Err(Text::new("nothing is engaged"));
            }
            Probe::Absent => (strangers.first().copied(), None),
            Probe::Doubt(why) => return Err(Text::new(&format!("the latch is in doubt: {why}"))),
            Probe::Present { file, body, .. } => {
                if let Some(id) = body.engage_id {
                    if !named.contains(&id) {
                        named.push(id);
                    }
                    (None, Some(id))
                } else {
                    strangers.push(*file);
                    (Some(*file), None)
                }
            }
        };
        check_name(request, &named, shown, foreign)?;
        let news = |id: &&EngageId| {
            !request.known.contains(id) && request.engage_id != Some(**id) && shown != Some(**id)
        };
        if let Some(new) = named.iter().find(news) {
            let text = format!("decision {new} engaged meanwhile: look at `crs status`");
            return Err(Text::new(&text));
        }
        let proven = self.flat_is_proven(&named, !strangers.is_empty());
        if !proven && !request.overrides {
            return Err(Text::new(&self.why_not_flat()));
        }
        let reason = Text::new(&format!("{} ({})", request.reason, request.operator));
        self.crew.record_now(Act::Reset {
            ids: named.clone(),
            foreign: strangers,
            token: ids::engage_id(),
            reason,
            overridden: !proven,
        })?;
        self.crew.end();
        for engage_id in named.iter().copied() {
            self.crew.tell_all(&FromAgent::Over { engage_id });
        }
        self.active.clear();
        self.running.clear();
        self.progress.clear();
        // What was seen before the reset is no reason to make the latch anew.
        self.verdict.missing = false;
        self.reset_at = clock::mono_ns();
        self.proving = None;
        self.proofs.clear();
        self.unmade.clear();
        // One that can't be moved is no reason to leave the other.
        let latch = self.put_away(&named, foreign);
        let stand_in = self.put_stand_in_away(&named, stand_in);
        latch.and_then(|done| stand_in.map(|()| done))
    }

    /// What lies in the latch's stead is reset with the rest, and named on
    /// record with it.
    fn named_by_the_stand_in(
        &self,
        named: &mut Vec<EngageId>,
        strangers: &mut Vec<ForeignLatch>,
    ) -> Option<ForeignLatch> {
        let Probe::Present { file, body, .. } = file::probe(&self.config.home.fallback()) else {
            return None;
        };
        match body.engage_id {
            Some(id) if named.contains(&id) => {}
            Some(id) => named.push(id),
            None => strangers.push(file),
        }
        Some(file)
    }

    /// The latch's stand-in goes with its decision.
    fn put_stand_in_away(&self, ids: &[EngageId], was: Option<ForeignLatch>) -> Result<(), Text> {
        let path = self.config.home.fallback();
        match file::probe(&path) {
            Probe::Present { body, file: seen, .. }
                if was == Some(seen) || body.engage_id.is_some_and(|id| ids.contains(&id)) =>
            {
                let suffix = body.engage_id.map_or_else(|| "ext".to_owned(), |id| id.to_string());
                move_aside(&path, &suffix)
            }
            Probe::Present { .. } => {
                Err(Text::new("a new decision engaged meanwhile: still ENGAGED"))
            }
            Probe::Absent | Probe::Doubt(_) => Ok(()),
        }
    }

    /// Moves the file aside, if it is still one of those that were reset.
    fn put_away(&mut self, ids: &[EngageId], foreign: Option<ForeignLatch>) -> Result<Text, Text> {
        let done = Text::new("reset on record; the switch is DISARMED until `crs arm`");
        let path = self.config.home.latch.clone();
        match file::probe(&path) {
            Probe::Absent => Ok(done),
            Probe::Present { body, file: seen, .. } => {
                let named = body.engage_id.is_some_and(|id| ids.contains(&id));
                if !named && foreign != Some(seen) {
                    return Err(Text::new("a new decision engaged meanwhile: still ENGAGED"));
                }
                let suffix =
                    body.engage_id.map_or_else(|| format!("ext-{}", seen.ino), |id| id.to_string());
                move_aside(&path, &suffix).map(|()| done)
            }
            Probe::Doubt(why) => Err(Text::new(&format!("reset is on record, but {why}"))),
        }
    }

    /// Every gateway of every kill in force is VERIFIED. A block flattened
    /// nothing and asks for no proof.
    fn flat_is_proven(&mut self, ids: &[EngageId], strangers: bool) -> bool {
        let mut kills = self.active.values().filter(|i| i.intent == Intent::Kill).peekable();
        if kills.peek().is_none() {
            // Known decisions, all of them blocks: nothing to prove.
            if !strangers && !ids.is_empty() && ids.iter().all(|id| self.active.contains_key(id)) {
                return true;
            }
            return self.prove_on_demand();
        }
        // By the decision that each gateway is being flattened for: the proof
        // of an earlier one says nothing about a later one.
        // Nothing was asked of anybody: that proves nothing.
        if kills.clone().any(|intent| intent.targets.is_empty()) {
            return false;
        }
        kills.flat_map(|intent| &intent.targets).all(|target| {
            let running = self.running.get(&target.cmd.to_string());
            self.progress
                .get(&target.name)
                .is_some_and(|p| p.phase == GatewayPhase::Verified && running == Some(&p.engage_id))
        })
    }

    /// Reads every configured gateway, closing nothing; the first call starts
    /// it, later ones see how far it is.
    fn prove_on_demand(&mut self) -> bool {
        if self.proving.is_none() {
            let reason = Text::new("proof of flat on demand");
            let (latch, targets) = (&self.config.home.latch, &self.config.gateways);
            let intent = Identity::here().decide(Intent::Block, reason, None, latch, targets);
            self.proving = Some(intent.engage_id);
            self.proofs.clear();
            for gateway in self.config.gateways.clone() {
                self.hire(&gateway);
                self.crew.begin(&gateway.cmd.to_string(), intent.clone());
            }
        }
        !self.config.gateways.is_empty()
            && self.config.gateways.iter().all(|gateway| {
                self.proofs
                    .values()
                    .any(|p| p.gateway == gateway.name && p.phase == GatewayPhase::Verified)
            })
    }

    fn why_not_flat(&self) -> String {
        let open: Vec<String> = self
            .progress
            .values()
            .chain(self.proofs.values())
            .filter(|p| p.phase != GatewayPhase::Verified)
            .map(|p| format!("{} is {} ({})", p.gateway, p.phase.word(), p.note))
            .collect();
        let where_ = if open.is_empty() {
            String::from("no gateway was proven flat")
        } else {
            open.join("; ")
        };
        format!("refused: {where_}; wait for VERIFIED, or insist with --override")
    }
}

/// A move that is not known to be durable is one: if it is undone by a crash,
/// the file stands again, and engages.
fn move_aside(path: &Path, suffix: &str) -> Result<(), Text> {
    match file::archive(path, suffix) {
        Err(e) if file::probe(path) != Probe::Absent => {
            Err(Text::new(&format!("reset is on record, but {e}: move the file by hand")))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

fn check_name(
    request: &ResetRequest,
    ids: &[EngageId],
    shown: Option<EngageId>,
    foreign: Option<ForeignLatch>,
) -> Result<(), Text> {
    match (request.engage_id, shown, foreign) {
        (Some(asked), Some(shown), _) if asked != shown => {
            Err(Text::new(&format!("the latch names {shown}, not {asked}: look at `crs status`")))
        }
        (Some(asked), None, None) if !ids.contains(&asked) => {
            Err(Text::new(&format!("{asked} is not in force: look at `crs status`")))
        }
        (None, Some(shown), _) => {
            Err(Text::new(&format!("name the decision: --engage-id {shown}")))
        }
        (None, None, None) => Err(Text::new("name the decision with --engage-id")),
        _ => Ok(()),
    }
}
