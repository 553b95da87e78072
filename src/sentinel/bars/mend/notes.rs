//! What was done to a list of bars, in words.

use crate::domain::Text;
use crate::sentinel::bars::shown;

/// What was seen on the way.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Bars that can't be used: their hour, where it can be read, and why.
    pub unfit: Vec<(Option<i64>, &'static str)>,
    /// Bars without a volume, taken as 0.
    pub silent: usize,
    /// Places at which time went back.
    pub unsorted: usize,
    /// Bars that were there twice.
    pub repeated: usize,
    /// Hours with two different bars.
    pub differ: usize,
    /// The hour that had not ended.
    pub running: Option<i64>,
    /// Bars of hours to come.
    pub future: usize,
    /// Words that are made already.
    pub told: Vec<Text>,
}

impl Notes {
    /// Hours of open market within the window that have no bar.
    pub fn gaps(&mut self, missing: u64) {
        if missing > 0 {
            let text = format!("{} of open market within the window have no bar", hours(missing));
            self.told.push(Text::new(&text));
        }
    }

    /// Everything, a line each.
    pub fn words(self) -> Vec<Text> {
        let mut out = Vec::new();
        let mut say = |text: String| out.push(Text::new(&text));
        if let Some((at, flaw)) = self.unfit.last() {
            say(format!("{} dropped: {}", bars(self.unfit.len()), example(*at, flaw)));
        }
        if self.silent > 0 {
            say(format!("{} without a volume, taken as 0", bars(self.silent)));
        }
        if self.unsorted > 0 {
            say("the bars were not in order and were sorted by time".to_owned());
        }
        if self.repeated > 0 {
            say(format!("{} dropped that were there already", bars(self.repeated)));
        }
        if self.differ > 0 {
            let hours = self.differ;
            say(format!("{hours} hours before the window have two bars: the later one was taken"));
        }
        if let Some(at) = self.running {
            say(format!("the bar of {} was dropped: its hour has not ended", shown(at)));
        }
        if self.future > 0 {
            let count = bars(self.future);
            say(format!(
                "{count} of hours to come dropped: see whether this host's clock is right"
            ));
        }
        out.extend(self.told);
        out
    }
}

/// One bar and what is wrong with it.
pub(super) fn example(at: Option<i64>, flaw: &str) -> Text {
    match at {
        Some(at) => Text::new(&format!("of {}: {flaw}", shown(at))),
        None => Text::new(&format!("one without a time: {flaw}")),
    }
}

/// A number of bars.
fn bars(count: usize) -> String {
    if count == 1 { "1 bar".to_owned() } else { format!("{count} bars") }
}

/// A number of hours.
pub(super) fn hours(count: u64) -> String {
    if count == 1 { "1 hour".to_owned() } else { format!("{count} hours") }
}
