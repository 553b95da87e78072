//! The way back: slow, asked for by name, on record before it is done.

use super::core::Core;
use super::crew::Crew;
use super::onlook::Onlook;
use super::strangers::touched;
use crate::audit::{Act, ForeignAt};
use crate::breaker::{Probe, strangers};
use crate::control::kill::protocol::{FromAgent, ResetRequest};
use crate::domain::{EngageId, GatewayPhase, Intent, Text};
use crate::host::{clock, ids};

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
        let said = self.log.read();
        let said = said.map_err(|e| Text::new(&format!("audit log can't be read: {e}")))?;
        let (ledger, log_is_there) = (said.ledger, said.there);
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
        let lying = self.lying();
        let stand_in = if let Probe::Present { file, body, .. } = &lying.stand_in {
            let path = self.config.home.fallback();
            names(ForeignAt { path, file: *file }, body.engage_id, &mut named, &mut foreign);
            Some(*file)
        } else {
            None
        };
        let (here, shown) = match &lying.latch {
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
        if !log_is_there {
            // What is written where nobody can read it resets nothing.
            return Err(Text::new("the audit log is not there: nothing was changed"));
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
        self.onlook = Onlook::default();
        self.unmade.clear();
        self.unsure.clear();
        // One that can't be moved is no reason to leave the others.
        let latches = self.put_away(&named, here, stand_in);
        let further = self.put_further_away(&foreign);
        latches.and_then(|done| further.map(|()| done))
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
        self.proof_asked_at = clock::mono_ns();
        if self.proving.is_none() {
            let intent = self.reader("proof of flat on demand");
            self.proving = Some(intent.engage_id);
            self.proofs.clear();
            // The drivers read for this from now on.
            self.onlook.id = None;
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
        // What it doesn't name it doesn't reset, not even a stranger's file.
        (Some(asked), None, _) if !ids.contains(&asked) => {
            Err(Text::new(&format!("{asked} is not in force: look at `crs status`")))
        }
        (None, Some(shown), _) => {
            Err(Text::new(&format!("name the decision: --engage-id {shown}")))
        }
        (None, None, false) => Err(Text::new("name the decision with --engage-id")),
        _ => Ok(()),
    }
}
