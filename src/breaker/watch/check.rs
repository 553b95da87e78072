//! One look at the latch, and what it means after all the looks before.

use super::further::Further;
use super::remembered::Remembered;
use super::{OVERDUE, Verdict, WatchConfig, Youth};
use crate::audit::{Act, Chain, LedgerReader};
use crate::breaker::LatchBody;
use crate::breaker::file::{Probe, probe, sight};
use crate::breaker::gate::Gate;
use crate::breaker::strangers::reason_of;
use crate::domain::{EngageId, LatchPhase, LatchSeen, Text};
use crate::host::{clock, ids};
use std::collections::BTreeSet;
use std::time::Duration;

/// A latch whose reset is on record may lie there for so long: the record
/// comes first, then the file goes.
const LEAVING: Duration = Duration::from_secs(1);
/// And no longer than this after the record, which a sick disk may hold up.
const LEFT: Duration = Duration::from_secs(10);
/// An overdue check that came back within this time is forgiven.
const FORGIVEN: Duration = Duration::from_secs(5);

/// Since when safe could not be proven.
struct Lost {
    /// Monotonic nanoseconds.
    since: u64,
    /// Every check since was good, but late.
    only_late: bool,
}

/// One looker's memory.
pub(crate) struct Check {
    config: WatchConfig,
    ledger: LedgerReader,
    chain: Chain,
    /// Proof is lost.
    lost: Option<Lost>,
    /// What was last seen at the path and no reset covers: it stays in force
    /// when it goes, even where no log could be written.
    remembered: Option<Remembered>,
    /// Waits for an arm because proof had been lost; whether that is on
    /// record, for only then can an arm name it.
    disarmed: Option<(EngageId, bool)>,
    /// Decisions in force while a file lay there, or at the first look: only
    /// for one of these does no file mean that one was removed. A record may
    /// come late, from a disk that was full.
    stood: Option<BTreeSet<EngageId>>,
    /// Looks in a row that found a latch in force without its file.
    absent_looks: u32,
    tampered: u32,
    youth: Youth,
    further: Further,
    /// What is in doubt is only late.
    slow: bool,
    /// First sight of a file whose decision was reset.
    leaving: Option<u64>,
}

impl Check {
    pub(crate) fn new(config: WatchConfig) -> Self {
        let audit = config.home.audit();
        let chain = config.home.chain(config.role);
        let further = Further::new(&config.extra);
        Self {
            ledger: LedgerReader::new(&audit),
            chain,
            config,
            lost: None,
            remembered: None,
            disarmed: None,
            stood: None,
            absent_looks: 0,
            tampered: 0,
            youth: Youth::default(),
            further,
            slow: false,
            leaving: None,
        }
    }

    #[cfg(test)]
    pub(super) const fn further(&self) -> &Further {
        &self.further
    }

    pub(crate) fn once(&mut self, gate: &Gate) -> Verdict {
        let began = clock::mono_ns();
        let mut verdict = self.look();
        let now = clock::mono_ns();
        let late = u128::from(now.saturating_sub(began)) > OVERDUE.as_nanos();
        let doubt = verdict.seen.phase == LatchPhase::Blocked && !self.slow;
        if late && matches!(verdict.seen.phase, LatchPhase::Safe | LatchPhase::Disarmed) {
            // What it found is true of half a second ago, not of now.
            verdict.seen.phase = LatchPhase::Blocked;
            verdict.seen.reason = Text::new("the check of the latch took too long");
        }
        let proven = matches!(verdict.seen.phase, LatchPhase::Safe | LatchPhase::Disarmed);
        if verdict.seen.phase == LatchPhase::Blocked {
            let lost = self.lost.get_or_insert(Lost { since: began, only_late: true });
            lost.only_late &= !doubt;
        } else if proven && let Some(lost) = self.lost.take() {
            let short = u128::from(now.saturating_sub(lost.since)) < FORGIVEN.as_nanos();
            // At the start too: orders wait for an operator after any doubt.
            if !(lost.only_late && short) {
                self.disarm();
            }
        }
        if verdict.seen.phase == LatchPhase::Safe && self.disarmed.is_some() {
            verdict.seen.phase = LatchPhase::Disarmed;
            verdict.seen.reason =
                Text::new("proof was lost and came back; orders wait for crs arm");
        }
        let phase = verdict.seen.phase;
        if proven {
            gate.prove(began.saturating_add(u64::try_from(OVERDUE.as_nanos()).unwrap_or(0)));
        }
        gate.set(
            phase.is_engaged(),
            phase == LatchPhase::Blocked,
            phase == LatchPhase::Disarmed,
            &gate_words(&verdict.seen),
        );
        // After what was found: nothing opens for a moment in between.
        if proven {
            gate.forget_kills(|id| self.ledger.ledger().was_reset(id));
        }
        verdict
    }

    fn disarm(&mut self) {
        let token = ids::engage_id();
        let why = Text::new("proof of the latch was lost and came back");
        // Unwritable: this process stays disarmed until it is restarted.
        let recorded = self.chain.append(Act::Disarm { token, why }).is_ok();
        self.disarmed = Some((token, recorded));
    }

    fn look(&mut self) -> Verdict {
        let mut verdict = Verdict::default();
        verdict.seen.path = Text::new(&self.config.home.latch.to_string_lossy());
        verdict.sight = sight(&self.config.home.latch);
        let audit_fault = self.ledger.refresh().err();
        let mut doubt = audit_fault.map(|e| Text::new(&format!("audit log can't be read: {e}")));
        let mut main = probe(&self.config.home.latch);
        let stand_in = probe(&self.config.home.fallback());
        let wordless = self.lend_words(&mut main, &stand_in);
        verdict.engaged = self.ledger.ledger().engaged().map(|e| e.intent.engage_id).collect();
        self.missing(&main, &stand_in, doubt.is_none(), &mut verdict);
        let lies = if let Probe::Present { file, .. } = &main { Some(*file) } else { None };
        let further = self.further.look(self.ledger.ledger(), lies, doubt.is_none());
        verdict.further = further.strangers;
        let ledger = self.ledger.ledger();
        let remembered = self.remembered.as_ref();
        let owed = remembered.and_then(|seen| seen.owed(ledger, self.absent_looks));
        for act in further.owed.into_iter().chain(owed) {
            // Unwritable: it is owed for as long as this process remembers.
            let _ = self.chain.append(act);
        }
        self.slow = false;
        let young = self.youth.look(Some(&main));
        let leaving = self.is_leaving(&main);
        let ledger = self.ledger.ledger();
        if let Some((token, true)) = self.disarmed
            && ledger.disarmed().all(|(t, _)| t != token)
            && doubt.is_none()
        {
            self.disarmed = None;
        }
        match main {
            Probe::Present { file, body, form } => {
                let ours = body.engage_id.is_some_and(|id| verdict.engaged.contains(&id));
                verdict.seen.engage_id = body.engage_id;
                verdict.seen.reason = reason_of(&body.reason, form);
                verdict.seen.by = body.operator;
                verdict.seen.since = body.timestamp;
                verdict.seen.phase = match (ours, young) {
                    (true, _) if wordless => LatchPhase::NotDurable,
                    (true, _) => LatchPhase::Durable,
                    // Ours exists before it says so, and before it is on record;
                    // and a moment longer than it is in force.
                    (false, _) if young || leaving => LatchPhase::Latched,
                    (false, _) => LatchPhase::EngagedExternal,
                };
                // Of another user, host or state directory, or put back after
                // its reset: as foreign as a touched file, and on record as
                // such.
                if !ours && !young && !leaving {
                    verdict.foreign = Some(file);
                    verdict.foreign_recorded =
                        ledger.foreign_at_the_latch().any(|foreign| foreign.file == file);
                }
                let (id, seen) = (body.engage_id, verdict.seen.clone());
                let wordless_at = (young && seen.since.is_empty()).then(clock::mono_ns);
                self.remembered = Some(Remembered { file, id, seen, wordless_at });
                return verdict;
            }
            Probe::Doubt(why) => doubt = doubt.or(Some(why)),
            Probe::Absent => {}
        }
        if let Probe::Present { body, form, .. } = stand_in {
            verdict.seen.phase = LatchPhase::NotDurable;
            let why = reason_of(&body.reason, form);
            let path = self.config.home.fallback();
            let words = format!("{why} (held by the stand-in {} only)", path.display());
            verdict.seen.reason = Text::new(&words);
            verdict.seen.by = body.operator;
            verdict.seen.since = body.timestamp;
            verdict.seen.engage_id = body.engage_id;
            return verdict;
        }
        if let Some(engaged) = ledger.engaged().next() {
            // A file that can't be seen is no latch: only the log holds.
            let seen = doubt.is_none();
            verdict.seen.phase = if seen { LatchPhase::Latched } else { LatchPhase::NotDurable };
            verdict.seen.reason = engaged.intent.reason.clone();
            verdict.seen.by = engaged.intent.operator.clone();
            verdict.seen.since = Text::new(&engaged.intent.pressed.utc.naive_iso());
            verdict.seen.engage_id = Some(engaged.intent.engage_id);
            return verdict;
        }
        if let Some(remembered) = self.remembered.as_ref().filter(|r| !r.is_over(ledger)) {
            let tampered = verdict.seen.tampered;
            verdict.seen = LatchSeen { tampered, ..remembered.seen.clone() };
            return verdict;
        }
        if let Some(seen) = self.foreign_holds(further.holds) {
            let LatchSeen { tampered, path, .. } = verdict.seen;
            verdict.seen = LatchSeen { tampered, path, ..seen };
            return verdict;
        }
        self.slow = doubt.is_none() && further.slow;
        doubt = doubt.or(further.doubt);
        if let Some(why) = doubt {
            verdict.seen.phase = LatchPhase::Blocked;
            verdict.seen.reason = why;
        } else if let Some((_, why)) = ledger.disarmed().next() {
            verdict.seen.phase = LatchPhase::Disarmed;
            verdict.seen.reason = why.clone();
        } else {
            verdict.seen.phase = LatchPhase::Safe;
        }
        verdict
    }

    /// What of another's making holds the switch while the latch is not there.
    /// The latch's own comes first: by these words it is made anew.
    fn foreign_holds(&self, further: Option<LatchSeen>) -> Option<LatchSeen> {
        let ledger = self.ledger.ledger();
        let shown = |reason| {
            let phase = LatchPhase::EngagedExternal;
            LatchSeen { phase, reason, ..LatchSeen::default() }
        };
        let own = ledger.foreign_at_the_latch().next();
        own.map(|foreign| shown(foreign.reason.clone())).or(further).or_else(|| {
            let foreign = ledger.foreign().next()?;
            let path = foreign.path.unwrap_or(&self.config.home.latch).display();
            Some(shown(Text::new(&format!("{} ({path})", foreign.reason))))
        })
    }

    /// A full disk takes a name and no words: a latch without any, beside the
    /// stand-in of a decision on record, is that decision's and nobody else's.
    fn lend_words(&self, main: &mut Probe, stand_in: &Probe) -> bool {
        let ledger = self.ledger.ledger();
        if let Probe::Present { body, form: None, .. } = main
            && *body == LatchBody::default()
            && let Probe::Present { body: words, .. } = stand_in
            && words.engage_id.is_some_and(|id| ledger.is_known(id))
        {
            body.clone_from(words);
            return true;
        }
        false
    }

    /// Whether what lies there is the latch of a decision that was reset a
    /// moment ago, about to be put away.
    fn is_leaving(&mut self, main: &Probe) -> bool {
        let Probe::Present { body, .. } = main else {
            self.leaving = None;
            return false;
        };
        let Some(at) = body.engage_id.and_then(|id| self.ledger.ledger().reset_at(id)) else {
            self.leaving = None;
            return false;
        };
        let now = clock::mono_ns();
        // Who begins long after the record has no first sight to go by.
        let old = now < at || u128::from(now - at) > LEFT.as_nanos();
        let since = *self.leaving.get_or_insert(now);
        !old && u128::from(now.saturating_sub(since)) < LEAVING.as_nanos()
    }

    /// Engaged, and the file is not there: somebody removed it, or a reboot
    /// or a cleaner of temporary files did.
    ///
    /// Where a stand-in lies and no latch was ever seen here, none was made:
    /// that is no tampering. It is missing all the same, and made if it can be.
    /// And while the log can't be read, a reset may have taken it away.
    fn missing(&mut self, main: &Probe, stand_in: &Probe, log_read: bool, verdict: &mut Verdict) {
        let ledger = self.ledger.ledger();
        let over = self.remembered.as_ref().map(|r| r.is_over(ledger));
        // Or a reset took it, and a decision that met it has none of its own yet.
        let (remembered, explained) = (over == Some(false), over == Some(true));
        let stood_in = matches!(stand_in, Probe::Present { .. });
        let present = matches!(main, Probe::Present { .. });
        let ids = || ledger.engaged().map(|e| e.intent.engage_id);
        let stood = self.stood.get_or_insert_with(|| ids().collect());
        if present {
            stood.extend(ids());
        }
        let stood =
            ledger.foreign_at_the_latch().next().is_some() || ids().any(|id| stood.contains(&id));
        let absent =
            log_read && matches!(main, Probe::Absent) && (remembered || ledger.needs_the_latch());
        // Record and file of a decision (and of a reset) do not appear in one
        // step: only a second look in a row makes it a removal. So does its
        // return: a reset would be on record by now.
        let returned = log_read && present && self.absent_looks == 1;
        if returned && remembered {
            self.tampered += 1;
        }
        self.absent_looks = if absent { self.absent_looks.saturating_add(1) } else { 0 };
        if self.absent_looks == 2 && (remembered || (stood && !stood_in && !explained)) {
            self.tampered += 1;
        }
        verdict.missing = self.absent_looks >= 2;
        verdict.seen.tampered = self.tampered;
    }
}

fn gate_words(seen: &LatchSeen) -> Text {
    let head = match seen.phase {
        LatchPhase::Safe => return Text::default(),
        LatchPhase::Disarmed => "DISARMED",
        LatchPhase::Blocked => "BLOCKED, can't prove safe",
        _ => "KILL_SWITCH engaged",
    };
    Text::new(&format!("{head}: {}", seen.reason))
}
