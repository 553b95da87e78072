//! Every kind of record, as every table.

use crate::events::session;
use crs::domain::UtcMicros;
use crs::event::Event;
use crs::journal::Memory;
use crs::journal::export::{Shape, Wanted, What, export};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_row_has_a_field_for_each_column(records in session()) {
        let ticks = records.iter().map(|record| match &record.event {
            Event::Ticks(batch) => batch.ticks.len(),
            _ => 0,
        });
        let ticks = u64::try_from(ticks.sum::<usize>()).unwrap();
        let mut source = Memory::new(records.clone());
        for (what, word) in What::ALL {
            let [csv, json] = [Shape::Csv, Shape::Jsonl].map(|shape| {
                let wanted = Wanted { what, shape, from: None, to: None, symbol: None };
                let mut out = Vec::new();
                // A row that is too short or too long is an error of the writer.
                let written = export(&mut source, &wanted, &mut out).unwrap();
                (written.rows, out)
            });
            let rows = csv::Reader::from_reader(csv.1.as_slice()).into_records();
            prop_assert_eq!(rows.map(Result::unwrap).count() as u64, csv.0, "{}", word);
            let lines = json.1.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            prop_assert_eq!(lines.count() as u64, json.0, "{}", word);
            match what {
                What::Ticks => prop_assert_eq!(csv.0, ticks),
                What::All => prop_assert_eq!(csv.0, records.len() as u64),
                _ => {}
            }
        }
        let late = Wanted {
            what: What::All,
            shape: Shape::Csv,
            from: Some(UtcMicros(i64::MAX)),
            to: None,
            symbol: None,
        };
        prop_assert_eq!(export(&mut source, &late, &mut Vec::new()).unwrap().rows, 0);
    }
}
