//! Every check once, all at the same time, each within its own.

use super::look::{self, Means, Memory};
use crate::config::Check;
use crate::domain::{CheckReport, CheckStatus};
use crossbeam_channel::{RecvTimeoutError, Sender, unbounded};
use std::time::{Duration, Instant};

/// Looks that are out at once.
const MOST: usize = 256;
/// Stack of a look's thread.
pub(super) const STACK: usize = 256 << 10;
/// A look that is not back so long after its time is given up.
const GRACE: Duration = Duration::from_millis(30);

/// One time round.
#[derive(Clone, Debug, Default)]
pub struct Round {
    /// In the order of the checks.
    pub reports: Vec<CheckReport>,
    /// From the first question to the last answer.
    pub took: Duration,
}

/// What a round amounts to, as documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Checks that count: those with a phase, or all where none has one.
    pub total: usize,
    /// Of these, ok.
    pub passed: usize,
}

impl Verdict {
    /// Passed in tenths of a percent, rounded to the nearest: 941 of 16 in 17.
    #[must_use]
    pub const fn permille(self) -> usize {
        let rounded = (self.passed * 1_000 + self.total / 2).checked_div(self.total);
        match rounded {
            Some(permille) => permille,
            None => 0,
        }
    }

    /// 0 for all, 1 for at least 90 %, 2 below. Never rounded.
    #[must_use]
    pub const fn exit(self) -> u8 {
        if self.total > 0 && self.passed == self.total {
            0
        } else if self.total > 0 && self.passed * 10 >= self.total * 9 {
            1
        } else {
            2
        }
    }
}

impl Round {
    /// Whether this one counts for the verdict.
    #[must_use]
    pub fn counts(&self, report: &CheckReport) -> bool {
        report.phase.is_some() || self.reports.iter().all(|report| report.phase.is_none())
    }

    /// What it amounts to.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let counted = self.reports.iter().filter(|report| self.counts(report));
        let passed = |report: &&CheckReport| report.result.status == CheckStatus::Ok;
        Verdict { total: counted.clone().count(), passed: counted.filter(passed).count() }
    }
}

/// A look that is out.
struct Out {
    index: usize,
    until: Instant,
}

/// Looks at all of `checks`; `memories` are theirs from the round before, and
/// `heard` is called with each report as it comes, and how many have come.
pub fn run(
    checks: &[Check],
    memories: &mut Vec<Memory>,
    means: &Means,
    mut heard: impl FnMut(&CheckReport, usize),
) -> Round {
    memories.resize_with(checks.len(), Memory::default);
    let begun = Instant::now();
    let (sender, receiver) = unbounded();
    let mut reports: Vec<Option<CheckReport>> = vec![None; checks.len()];
    let (mut next, mut come) = (0, 0);
    let mut out: Vec<Out> = Vec::new();
    let mut settle = |index: usize, result, reports: &mut Vec<Option<CheckReport>>| {
        if let (Some(check), Some(slot)) = (checks.get(index), reports.get_mut(index))
            && slot.is_none()
        {
            come += 1;
            heard(slot.insert(look::report(check, result)), come);
        }
    };
    loop {
        while let Some(check) = checks.get(next).filter(|_| out.len() < MOST) {
            let memory = memories.get_mut(next).map(std::mem::take).unwrap_or_default();
            match begin(next, check, means, memory, &sender) {
                Ok(()) => {
                    let until = Instant::now() + check.timeout + GRACE;
                    out.push(Out { index: next, until });
                }
                Err(e) => {
                    let cause = format!("no thread for it: {e}");
                    let none =
                        look::none(check, &cause, "`crs doctor` shows the limits of this host");
                    settle(next, none, &mut reports);
                }
            }
            next += 1;
        }
        let Some(first) = out.iter().map(|out| out.until).min() else { break };
        match receiver.recv_deadline(first) {
            Ok((index, result, memory)) => {
                out.retain(|out| out.index != index);
                if let Some(kept) = memories.get_mut(index) {
                    *kept = memory;
                }
                settle(index, result, &mut reports);
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                let now = Instant::now();
                for late in out.iter().filter(|out| out.until <= now) {
                    if let Some(check) = checks.get(late.index) {
                        let cause = "the look did not come back within its time";
                        let none = look::none(check, cause, "what it looks at hangs this host");
                        settle(late.index, none, &mut reports);
                    }
                }
                out.retain(|out| out.until > now);
            }
        }
    }
    Round { reports: reports.into_iter().flatten().collect(), took: begun.elapsed() }
}

type Back = (usize, crate::domain::CheckResult, Memory);

fn begin(
    index: usize,
    check: &Check,
    means: &Means,
    mut memory: Memory,
    back: &Sender<Back>,
) -> std::io::Result<()> {
    let (check, means, back) = (check.clone(), means.clone(), back.clone());
    let work = move || {
        let result = look::look(&check, &means, &mut memory);
        let _ = back.send((index, result, memory));
    };
    std::thread::Builder::new()
        .name(String::from("mesh-look"))
        .stack_size(STACK)
        .spawn(work)
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_figures() {
        let of = |passed, total| Verdict { total, passed };
        for (passed, exit, permille) in [(17, 0, 1_000), (16, 1, 941), (15, 2, 882), (14, 2, 824)] {
            let verdict = of(passed, 17);
            assert_eq!((verdict.exit(), verdict.permille()), (exit, permille), "{passed} of 17");
        }
        assert_eq!(of(9, 10).exit(), 1, "90 % is at least 90 %");
        assert_eq!(of(899, 1_000).exit(), 2);
        assert_eq!(of(0, 0).exit(), 2, "nothing was proven");
    }
}
