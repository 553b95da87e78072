//! What a sentinel is told: bars by a file or the data service, and the model
//! server's word.

use super::clean::clean;
use crs::domain::Probabilities;
use crs::domain::calendar::Hours;
use crs::sentinel::bars::mend::{Demand, mend};
use crs::sentinel::bars::{Bar, csv, json};
use crs::sentinel::features::{WINDOW, build};
use crs::sentinel::hub::answer;

/// A file of bars, and the same bytes as the data service's answer.
pub fn bars(data: &[u8]) -> bool {
    let by_file = csv::read(data);
    match &by_file {
        Ok(bars) => sound(bars),
        Err(fault) => clean(&fault.to_string()),
    }
    let rows = match json::read(data) {
        Ok(rows) => rows,
        Err(fault) => {
            clean(&fault.to_string());
            return by_file.is_ok();
        }
    };
    let market = Hours::default();
    // Bars of the past, and the same at a time within them.
    for now in [None, Some(1_793_577_600)] {
        let demand = Demand { need: 2, market: &market, now, most_missing: 4 };
        match mend(rows.clone(), &demand) {
            Ok(mended) => {
                assert!(mended.bars.len() >= 2 && mended.bars.len() <= rows.len());
                let last = mended.bars.last().map_or(0, |bar| bar.at);
                assert!(now.is_none_or(|now| last + 3_600 <= now), "an hour that has not ended");
                sound(&mended.bars);
                mended.notes.iter().for_each(|note| clean(note.as_str()));
            }
            Err(fault) => clean(&fault.to_string()),
        }
    }
    true
}

/// Each hour once, in order, and numbers that make numbers.
fn sound(bars: &[Bar]) {
    for (one, next) in bars.iter().zip(bars.iter().skip(1)) {
        assert!(one.at < next.at, "{one:?} {next:?}");
    }
    assert!(bars.iter().all(|bar| bar.flaw().is_none()));
    // Too few make no window; what they would make is seen in their repetition.
    let Some(last) = bars.last().filter(|last| last.at < 250_000_000_000) else { return };
    let repeated = bars.iter().cycle().take(WINDOW - 1).zip((1..).map(|n| last.at - n * 3_600));
    let mut window: Vec<Bar> = repeated.map(|(bar, at)| Bar { at, ..*bar }).collect();
    window.reverse();
    window.push(*last);
    let features = build(&window).unwrap_or_else(|fault| panic!("{fault}"));
    assert!(features.tabular.iter().all(|value| value.is_finite()), "{features:?}");
    assert!(features.sequence.iter().flatten().all(|value| value.is_finite()), "{features:?}");
}

/// What the model server answers.
pub fn hub(data: &[u8]) -> bool {
    match answer::read(data) {
        Ok(Probabilities { sell, hold, buy }) => {
            let all = [sell, hold, buy].map(crs::domain::Ratio::raw);
            assert!(all.iter().all(|share| (0..=10_000).contains(share)), "{all:?}");
            // Each is cut by less than a step.
            let sum: i64 = all.iter().sum();
            assert!((9_987..=10_010).contains(&sum), "{all:?}");
            true
        }
        Err(fault) => {
            clean(&fault.to_string());
            false
        }
    }
}
