//! What each input does.

use super::{
    Body, COUNT_MS, Cause, EX_CONFIG, Effect, FOREIGN_MS, Input, KILL_MS, Machine, Now, Rest, words,
};
use crate::domain::Text;
use crate::mission::hands::End;
use crate::mission::spec::{Name, Restart, RestartOn};
use std::time::Duration;

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Before the restart that follows `streak` others.
pub(super) fn wait_ms(rule: &Restart, streak: u32) -> u64 {
    let (first, cap) = (ms(rule.first), ms(rule.cap));
    let factor = u64::from(rule.factor_pct.max(100));
    let mut wait = first;
    for _ in 0..streak {
        // It stands still there: a streak of millions costs nothing.
        if wait >= cap {
            break;
        }
        let next = wait.saturating_mul(factor) / 100;
        if next == wait {
            break;
        }
        wait = next;
    }
    wait.min(cap)
}

impl Machine {
    /// Hears one input.
    pub fn step(&mut self, now: Now, input: Input) -> Vec<Effect> {
        let mut out = Vec::new();
        let before = self.shown();
        self.hear(now, input, &mut out);
        if self.shown() != before {
            out.push(Effect::Tell);
        }
        out
    }

    fn shown(&self) -> impl PartialEq + use<> {
        (
            self.state(),
            self.wanted,
            self.run,
            self.count,
            self.last_error.clone(),
            self.exit_code,
            self.standing(),
        )
    }

    fn hear(&mut self, now: Now, input: Input, out: &mut Vec<Effect>) {
        match input {
            Input::Want(gate) => self.want(now, gate, out),
            Input::Unwant(after) => self.unwant(now, after, out),
            Input::Restart => self.restart(now, out),
            Input::Renew => self.renew(now, out),
            Input::Rules(rules) => self.rules = rules,
            Input::Other(name, standing) => {
                self.others.insert(name, standing);
                self.go(now, out);
                self.leave(now, out);
            }
            Input::External(true) => {
                if matches!(self.body, Body::Spawning | Body::Down(_) | Body::Foreign { .. }) {
                    self.lost = None;
                    self.body = Body::Foreign { next: now.ms.saturating_add(FOREIGN_MS) };
                }
            }
            Input::External(false) => {
                if matches!(self.body, Body::Foreign { .. }) {
                    self.body = Body::Down(if self.wanted { Rest::Waiting } else { Rest::Never });
                    self.go(now, out);
                }
            }
            Input::Spawned => self.spawned(now, out),
            Input::Refused(why) => self.refused(now, why, out),
            Input::Unsure(why) => {
                if matches!(self.body, Body::Down(_) | Body::Foreign { .. }) {
                    self.body = Body::Spawning;
                    self.last_error = why.clone();
                    self.lost = Some((now.utc, why));
                }
            }
            Input::Absent => {
                if self.body == Body::Spawning {
                    self.lost = None;
                    self.leaving = None;
                    self.body = Body::Down(if self.wanted { Rest::Waiting } else { Rest::Never });
                    self.go(now, out);
                }
            }
            Input::Adopted { run, since } => self.adopted(now, run, since, out),
            Input::Ended { run, end } if run == self.run => self.ended(now, end, out),
            Input::Left { run, count } if run == self.run => self.left(now, count, out),
            Input::LastWords { run, said } if run == self.run => {
                if let Body::Down(Rest::Failed { why, ran: true }) = &mut self.body {
                    *why = Text::new(&format!("{why}: {said}"));
                    self.last_error = why.clone();
                }
            }
            Input::Ready { run, ok } if run == self.run => {
                if let Body::Up { ready, ever, .. } = &mut self.body {
                    *ready = ok;
                    *ever |= ok;
                }
            }
            Input::Live { run, bad } if run == self.run => {
                if let Body::Up { sick, .. } = &mut self.body {
                    *sick = bad;
                }
            }
            Input::Lost(why) => {
                if self.may_live() {
                    let since = self.lost.as_ref().map_or(now.utc, |(since, _)| *since);
                    self.last_error = why.clone();
                    self.lost = Some((since, why));
                }
            }
            Input::Back => self.back(now, out),
            Input::Tick => self.tick(now, out),
            // Of a run that is over.
            Input::Ended { .. }
            | Input::Left { .. }
            | Input::LastWords { .. }
            | Input::Ready { .. }
            | Input::Live { .. } => {}
        }
    }

    fn forget_failures(&mut self) {
        self.streak = 0;
        self.count = 0;
        self.restarts.clear();
    }

    fn want(
        &mut self,
        now: Now,
        gate: Vec<(Name, crate::mission::spec::Condition)>,
        out: &mut Vec<Effect>,
    ) {
        self.gate = gate;
        self.wanted = true;
        self.leaving = None;
        match &self.body {
            Body::Down(_) => {
                self.forget_failures();
                self.body = Body::Down(Rest::Waiting);
                self.go(now, out);
            }
            Body::Ending { .. } => {
                self.forget_failures();
                self.again = true;
            }
            Body::Spawning | Body::Up { .. } | Body::Foreign { .. } => self.count = 0,
        }
    }

    fn unwant(&mut self, now: Now, after: Vec<Name>, out: &mut Vec<Effect>) {
        self.wanted = false;
        self.again = false;
        match &self.body {
            Body::Down(Rest::Ended { .. }) | Body::Ending { .. } | Body::Foreign { .. } => {}
            Body::Down(_) => self.body = Body::Down(Rest::Never),
            Body::Up { .. } => {
                self.leaving = Some(after);
                self.leave(now, out);
            }
            Body::Spawning => self.leaving = Some(after),
        }
    }

    fn restart(&mut self, now: Now, out: &mut Vec<Effect>) {
        let was = std::mem::replace(&mut self.wanted, true);
        self.leaving = None;
        match &self.body {
            Body::Down(_) => {
                self.forget_failures();
                self.body = Body::Down(Rest::Waiting);
                self.go(now, out);
            }
            Body::Up { .. } | Body::Ending { .. } => {
                self.forget_failures();
                self.again = true;
                if matches!(self.body, Body::Up { .. }) {
                    self.end(now, Cause::Asked, out);
                }
            }
            // What is being started now is as new as can be.
            Body::Spawning => {}
            Body::Foreign { .. } => self.wanted = was,
        }
    }

    fn renew(&mut self, now: Now, out: &mut Vec<Effect>) {
        match &self.body {
            Body::Up { .. } => {
                self.again = self.wanted;
                if self.wanted {
                    self.end(now, Cause::Asked, out);
                }
            }
            Body::Spawning => self.stale = true,
            Body::Down(Rest::Failed { .. } | Rest::Backoff { .. }) if self.wanted => {
                self.forget_failures();
                self.body = Body::Down(Rest::Waiting);
                self.go(now, out);
            }
            _ => {}
        }
    }

    /// Starts it if it is its turn.
    fn go(&mut self, _now: Now, out: &mut Vec<Effect>) {
        if self.wanted && self.body == Body::Down(Rest::Waiting) && self.may_go() {
            self.run = self.run.saturating_add(1);
            self.stale = false;
            self.body = Body::Spawning;
            out.push(Effect::Spawn);
        }
    }

    /// Stops it if it is its turn.
    fn leave(&mut self, now: Now, out: &mut Vec<Effect>) {
        let due = self.leaving.as_ref().is_some_and(|after| self.may_leave(after));
        if due && matches!(self.body, Body::Up { .. }) {
            self.end(now, Cause::Asked, out);
        }
    }

    fn up(&mut self, now: Now, out: &mut Vec<Effect>) {
        let ready = !self.rules.probed;
        self.body = Body::Up { since: now.ms, ready, ever: ready, sick: None };
        self.lost = None;
        out.push(Effect::Probe(true));
        if self.stale && self.wanted {
            self.again = true;
            self.end(now, Cause::Asked, out);
        }
        self.stale = false;
        self.leave(now, out);
    }

    fn spawned(&mut self, now: Now, out: &mut Vec<Effect>) {
        if self.body == Body::Spawning {
            self.started = Some(now.utc);
            self.exit_code = None;
            self.up(now, out);
        }
    }

    fn adopted(
        &mut self,
        now: Now,
        run: u64,
        since: crate::domain::UtcMicros,
        out: &mut Vec<Effect>,
    ) {
        if matches!(self.body, Body::Spawning | Body::Down(_)) {
            self.run = run;
            self.started = Some(since);
            self.up(now, out);
            if let Body::Up { ever, .. } = &mut self.body {
                *ever = true;
            }
        }
    }

    fn refused(&mut self, now: Now, why: Text, out: &mut Vec<Effect>) {
        if self.body != Body::Spawning {
            return;
        }
        self.lost = None;
        self.leaving = None;
        self.last_error = why.clone();
        if !self.wanted {
            self.body = Body::Down(Rest::Never);
        } else if self.stale {
            self.body = Body::Down(Rest::Waiting);
            self.go(now, out);
        } else if self.rules.restart.on == RestartOn::Never {
            self.body = Body::Down(Rest::Failed { why, ran: false });
        } else {
            self.backoff(now, why, false, out);
        }
    }

    fn end(&mut self, now: Now, cause: Cause, out: &mut Vec<Effect>) {
        self.leaving = None;
        out.push(Effect::Probe(false));
        let due = now.ms.saturating_add(ms(self.rules.stop.timeout));
        let next = due.min(now.ms.saturating_add(COUNT_MS));
        self.body = Body::Ending { due, next, signalled: true, killed: false, end: None, cause };
        out.push(Effect::Signal(self.rules.stop.signal));
    }

    fn ended(&mut self, now: Now, how: End, out: &mut Vec<Effect>) {
        if !matches!(self.body, Body::Up { .. } | Body::Ending { .. }) {
            // Of a start that is still looked for: that says what became of it.
            return;
        }
        self.lost = None;
        match &mut self.body {
            Body::Up { since, sick, .. } => {
                if now.ms.saturating_sub(*since) >= ms(self.rules.restart.reset) {
                    self.streak = 0;
                }
                if let Some(why) = sick {
                    self.last_error = Text::new(&format!("unhealthy: {why}"));
                } else if how.code != Some(0) {
                    self.last_error = words(&how);
                }
                let cause = match (sick, self.leaving.is_some()) {
                    (_, true) => Cause::Asked,
                    (Some(_), _) => Cause::Sick,
                    _ => Cause::Own,
                };
                self.leaving = None;
                out.push(Effect::Probe(false));
                let due = now.ms.saturating_add(ms(self.rules.stop.timeout));
                let next = now.ms.saturating_add(COUNT_MS);
                let (signalled, killed, end) = (false, false, Some(how));
                self.body = Body::Ending { due, next, signalled, killed, end, cause };
                out.push(Effect::Count);
            }
            Body::Ending { end, .. } if end.is_none() => {
                *end = Some(how);
                out.push(Effect::Count);
            }
            _ => {}
        }
    }

    fn left(&mut self, now: Now, count: usize, out: &mut Vec<Effect>) {
        let Body::Ending { signalled, end, .. } = &mut self.body else { return };
        if count == 0 && end.is_some() {
            self.gone(now, out);
        } else if count > 0 && !*signalled {
            // What a process leaves behind ends with it.
            *signalled = true;
            out.push(Effect::Signal(self.rules.stop.signal));
        }
    }

    /// Nothing of the run lives: what comes now?
    fn gone(&mut self, now: Now, out: &mut Vec<Effect>) {
        let down = Body::Down(Rest::Waiting);
        let Body::Ending { end, cause, .. } = std::mem::replace(&mut self.body, down) else {
            return;
        };
        out.push(Effect::Gone);
        // That was an answer, whatever was lost before it.
        self.lost = None;
        let end = end.unwrap_or_default();
        self.exit_code = end.code;
        let again = std::mem::take(&mut self.again);
        if !self.wanted {
            self.body = Body::Down(Rest::Ended { end, asked: true });
            return;
        }
        if again || cause == Cause::Asked {
            return self.go(now, out);
        }
        let good = cause == Cause::Own && end.code == Some(0);
        if cause == Cause::Own && end.code == Some(EX_CONFIG) {
            let why = Text::new(&format!("wrong configuration ({})", words(&end)));
            self.body = Body::Down(Rest::Failed { why, ran: true });
            out.push(Effect::Misconfigured);
            return;
        }
        let why = if cause == Cause::Sick { self.last_error.clone() } else { words(&end) };
        let restart = match self.rules.restart.on {
            RestartOn::Never => false,
            RestartOn::Failure => !good,
            RestartOn::Always => true,
        };
        if restart {
            self.backoff(now, why, true, out);
        } else if good {
            self.body = Body::Down(Rest::Ended { end, asked: false });
        } else {
            self.body = Body::Down(Rest::Failed { why, ran: true });
        }
    }

    fn backoff(&mut self, now: Now, why: Text, ran: bool, out: &mut Vec<Effect>) {
        let rule = &self.rules.restart;
        let window = ms(rule.window);
        self.restarts.retain(|at| now.ms.saturating_sub(*at) < window);
        if self.restarts.len() >= usize::try_from(rule.max).unwrap_or(usize::MAX) {
            let said = format!("{} restarts in {}: {why}", rule.max, long(rule.window));
            let said = Text::new(&said);
            out.push(Effect::CrashLoop(said.clone()));
            self.body = Body::Down(Rest::Failed { why: said, ran });
            return;
        }
        let wait = wait_ms(rule, self.streak);
        self.restarts.push_back(now.ms);
        self.streak = self.streak.saturating_add(1);
        let until = i64::try_from(wait.saturating_mul(1_000)).unwrap_or(i64::MAX);
        let until = crate::domain::UtcMicros(now.utc.0.saturating_add(until));
        self.body = Body::Down(Rest::Backoff { due: now.ms.saturating_add(wait), until, why });
    }

    fn back(&mut self, now: Now, out: &mut Vec<Effect>) {
        if self.lost.is_none() {
            return;
        }
        if self.body == Body::Spawning {
            // Its machine answers again: what became of the start is as unknown
            // as before.
            out.push(Effect::Find);
            return;
        }
        self.lost = None;
        match &self.body {
            Body::Ending { end: None, cause, .. } => {
                let cause = *cause;
                self.end(now, cause, out);
            }
            Body::Ending { .. } => out.push(Effect::Count),
            Body::Up { .. } => self.leave(now, out),
            Body::Spawning | Body::Down(_) | Body::Foreign { .. } => {}
        }
    }

    /// A failing liveness probe ends it.
    pub(super) fn sick_ends(&self) -> bool {
        self.rules.restart.on != RestartOn::Never && self.lost.is_none()
    }

    fn tick(&mut self, now: Now, out: &mut Vec<Effect>) {
        let ends = self.sick_ends();
        let lost = self.lost.is_some();
        match &mut self.body {
            Body::Down(Rest::Backoff { due, .. }) if now.ms >= *due => {
                self.count = self.count.saturating_add(1);
                self.body = Body::Down(Rest::Waiting);
                self.go(now, out);
            }
            Body::Up { sick: Some(why), since, .. } if ends => {
                if now.ms.saturating_sub(*since) >= ms(self.rules.restart.reset) {
                    self.streak = 0;
                }
                self.last_error = Text::new(&format!("unhealthy: {why}"));
                self.end(now, Cause::Sick, out);
            }
            Body::Ending { due, next, killed, .. } if !lost && now.ms >= *next => {
                if now.ms >= *due {
                    *killed = true;
                    *next = now.ms.saturating_add(KILL_MS);
                    out.push(Effect::Kill);
                } else {
                    *next = now.ms.saturating_add(COUNT_MS).min(*due);
                }
                out.push(Effect::Count);
            }
            Body::Foreign { next } if now.ms >= *next => {
                *next = now.ms.saturating_add(FOREIGN_MS);
                out.push(Effect::AskExternal);
            }
            _ => {}
        }
    }
}

/// `10 min`, `90 s`.
fn long(time: Duration) -> String {
    let s = time.as_secs();
    match s {
        0 => format!("{} ms", time.as_millis()),
        s if s % 60 == 0 => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}
