//! Files of ticks from other programs: what comes of any of them is a session.

use super::clean::clean;
use crs::domain::{Price, Symbol};
use crs::event::{Event, Stamped};
use crs::journal::import::{Options, import as read};
use crs::state::State;

/// A file of ticks, whatever it is.
pub fn import(data: &[u8]) -> bool {
    // Its name gives the one the instrument, the option gives it to all.
    let named = taken("DAT_ASCII_EURUSD_T_202001.csv", data, None);
    taken("x.csv", data, Symbol::new("EURUSD").ok()) || named
}

fn taken(name: &str, data: &[u8], symbol: Option<Symbol>) -> bool {
    let options = Options { symbol, ..Options::default() };
    let (mut state, mut last, mut ticks) = (State::default(), None::<Stamped>, 0_u64);
    let mut sink = |record: Stamped| {
        if let Some(last) = &last {
            assert!(last.at.mono_ns <= record.at.mono_ns && last.at.utc <= record.at.utc);
        }
        assert_eq!(state.apply(&record), Ok(()));
        if let Event::Ticks(batch) = &record.event {
            assert!(!batch.ticks.is_empty() && batch.ticks.len() <= 4_096);
            for heard in &batch.ticks {
                let (bid, ask) = (heard.tick.bid, heard.tick.ask);
                assert!(Price::ZERO < bid && bid <= ask, "{heard:?}");
                assert!(symbol.is_none_or(|symbol| symbol == heard.tick.symbol), "{heard:?}");
                ticks += 1;
            }
        }
        last = Some(record);
        Ok(())
    };
    match read(&mut &*data, name, &options, &mut sink) {
        Ok(report) => {
            let woven = &report.woven;
            assert!(ticks > 0 && ticks == woven.ticks && state.seq == woven.records);
            assert!(woven.first <= woven.last);
            report.faults.to_string().split('\n').for_each(clean);
            true
        }
        Err(e) => {
            assert_eq!(ticks, 0, "a tick that was taken is kept");
            e.to_string().split('\n').for_each(clean);
            false
        }
    }
}
