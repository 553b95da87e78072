//! The way back: slow, asked for by name, on record before it is done.

use super::core::Core;
use super::crew::Crew;
use super::strangers::touched;
use crate::audit::{Act, ForeignAt, ForeignLatch};
use crate::breaker::file::{self, Probe};
use crate::breaker::strangers;
use crate::control::kill::protocol::{FromAgent, ResetRequest};
use crate::domain::{EngageId, GatewayPhase, Intent, KillIntent, Text};
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
        let unread = |e| Text::new(&format!("audit log can't be read: {e}"));
        let ledger = self.log.refresh().map_err(unread)?;
        let mut named: Vec<EngageId> = ledger.engaged().map(|e| e.intent.engage_id).collect();
        for id in self.active.keys() {
            if !named.contains(id) {
                named.push(*id);
            }
        }
        let strangers =
            strangers(&self.config.home, &self.config.extra, ledger, |id| named.contains(&id));
        if let Some(why) = strangers.doubt {
            return Err(Text::new(&format!("a further latch is in doubt: {why}")));
        }
        let mut foreign: Vec<ForeignAt> = strangers.all.into_iter().map(|s| s.at).collect();
        // Those whose record is still on its way to a slow disk, too.
        let unwritten = |at: &&ForeignAt| !ledger.foreign_was_reset(&at.file);
        let told: Vec<ForeignAt> = self.foreign_told.iter().filter(unwritten).cloned().collect();
        foreign.extend(told.into_iter().filter(|at| !foreign.contains(at)).collect::<Vec<_>>());
        // What came since that look is named, or ends the reset: nothing is
        // put away that is not on record.
        let stand_in = self.named_by_the_stand_in(&mut named, &mut foreign);
        let probe = file::probe_soon(&self.config.home.latch);
        let (here, shown) = match &probe {
            Probe::Absent if named.is_empty() && foreign.is_empty() => {
                return Err(Text::new("nothing is engaged"));
            }
            Probe::Absent => (None, None),
            Probe::Doubt(why) => return Err(Text::new(&format!("the latch is in doubt: {why}"))),
            Probe::Present { file, body, .. } => {
                let path = self.config.home.latch.clone();
                names(ForeignAt { path, file: *file }, body.engage_id, &mut named, &mut foreign);
                (Some(*file), body.engage_id)
            }
        };
        check_name(request, &named, shown, !foreign.is_empty())?;
        let news = |id: &&EngageId| {
            !request.known.contains(id) && request.engage_id != Some(**id) && shown != Some(**id)
        };
        if let Some(new) = named.iter().find(news) {
            let text = format!("decision {new} engaged meanwhile: look at `crs status`");
            return Err(Text::new(&text));
        }
        if let Some(new) = foreign.iter().find(|at| !request.known_foreign.contains(at)) {
            return Err(touched(new));
        }
        let proven = self.flat_is_proven(&named, !foreign.is_empty());
        if !proven && !request.overrides {
            return Err(Text::new(&self.why_not_flat()));
        }
        let reason = Text::new(&format!("{} ({})", request.reason, request.operator));
        self.crew.record_now(Act::Reset {
            ids: named.clone(),
            foreign: foreign.iter().map(|at| at.file).collect(),
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
        let latch = self.put_away(&named, here);
        let stand_in = self.put_stand_in_away(&named, stand_in);
        let further = self.put_further_away(&foreign);
        latch.and_then(|done| stand_in.and(further).map(|()| done))
    }

    /// What lies in the latch's stead is reset with the rest, and named on
    /// record with it.
    fn named_by_the_stand_in(
        &self,
        named: &mut Vec<EngageId>,
        foreign: &mut Vec<ForeignAt>,
    ) -> Option<ForeignLatch> {
        let path = self.config.home.fallback();
        let Probe::Present { file, body, .. } = file::probe(&path) else { return None };
        names(ForeignAt { path, file }, body.engage_id, named, foreign);
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
    fn put_away(&mut self, ids: &[EngageId], was: Option<ForeignLatch>) -> Result<Text, Text> {
        let done = Text::new("reset on record; the switch is DISARMED until `crs arm`");
        let path = self.config.home.latch.clone();
        match file::probe(&path) {
            Probe::Absent => Ok(done),
            Probe::Present { body, file: seen, .. } => {
                let named = body.engage_id.is_some_and(|id| ids.contains(&id));
                if !named && was != Some(seen) {
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
            let id = ids::engage_id();
            self.proving = Some(id);
            self.proofs.clear();
            let who = Identity::here();
            let intent = KillIntent {
                engage_id: id,
                intent: Intent::Block,
                operator: who.operator(),
                host: who.host.clone(),
                boot_id: who.boot_id,
                reason: Text::new("proof of flat on demand"),
                pressed: clock::now(),
                latch: self.config.home.latch.clone(),
                targets: self.config.gateways.clone(),
                drill: false,
            };
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

/// What lies there is named by its decision, or as a file of another's making.
fn names(
    at: ForeignAt,
    id: Option<EngageId>,
    named: &mut Vec<EngageId>,
    foreign: &mut Vec<ForeignAt>,
) {
    match id {
        Some(id) if named.contains(&id) => {}
        Some(id) => named.push(id),
        None if foreign.contains(&at) => {}
        None => foreign.push(at),
    }
}

/// A move that is not known to be durable is one: if it is undone by a crash,
/// the file stands again, and engages.
pub(super) fn move_aside(path: &Path, suffix: &str) -> Result<(), Text> {
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
    foreign: bool,
) -> Result<(), Text> {
    match (request.engage_id, shown, foreign) {
        (Some(asked), Some(shown), _) if asked != shown => {
            Err(Text::new(&format!("the latch names {shown}, not {asked}: look at `crs status`")))
        }
        (Some(asked), None, false) if !ids.contains(&asked) => {
            Err(Text::new(&format!("{asked} is not in force: look at `crs status`")))
        }
        (None, Some(shown), _) => {
            Err(Text::new(&format!("name the decision: --engage-id {shown}")))
        }
        (None, None, false) => Err(Text::new("name the decision with --engage-id")),
        _ => Ok(()),
    }
}
