//! One thing wrong at a time.

use super::*;

/// Monday 2026-11-23 00:00 UTC: the market is open all week from here.
const MONDAY: i64 = 1_795_392_000;

fn bar(hour: i64) -> Bar {
    let close = 1.0 + 0.001 * f64::from(u32::try_from(hour % 7).unwrap());
    Bar { at: MONDAY + hour * HOUR, open: close, high: close, low: close, close, volume: 5.0 }
}

fn row(bar: Bar) -> Row {
    Row::Bar { bar, volume: true }
}

fn rows(hours: i64) -> Vec<Row> {
    (0..hours).map(|hour| row(bar(hour))).collect()
}

/// With a window of 20, at minute 58 of `hour`.
fn judged(rows: Vec<Row>, hour: i64) -> Result<Mended, BarsFault> {
    let market = Hours::default();
    let now = Some(MONDAY + hour * HOUR + 58 * 60);
    mend(rows, &Demand { need: 20, market: &market, now, most_missing: 4 })
}

fn words(mended: &Mended) -> Vec<&str> {
    mended.notes.iter().map(Text::as_str).collect()
}

#[test]
fn the_start_of_the_week_is_open() {
    assert!(Hours::default().is_open(micros(MONDAY)));
}

#[test]
fn sound_bars_stay_as_they_are() {
    let mended = judged(rows(30), 30).unwrap();
    assert_eq!(words(&mended), [""; 0]);
    assert_eq!(mended.bars, (0..30).map(bar).collect::<Vec<_>>());
}

#[test]
fn order_is_put_right_and_told() {
    let mut all = rows(30);
    all.swap(3, 20);
    all.push(row(bar(7)));
    let mended = judged(all, 30).unwrap();
    assert_eq!(mended.bars, (0..30).map(bar).collect::<Vec<_>>());
    let told = words(&mended);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("sorted") && told[1].contains("1 bar dropped that"), "{told:?}");
}

#[test]
fn two_bars_of_one_hour_that_differ_are_a_fault_within_the_window_only() {
    let other = |hour| row(Bar { volume: 6.0, ..bar(hour) });
    let mut all = rows(30);
    all.push(other(15));
    let fault = judged(all, 30).unwrap_err();
    assert_eq!(fault, BarsFault::Contradiction { at: bar(15).at });
    let mut all = rows(30);
    all.push(other(4));
    let mended = judged(all, 30).unwrap();
    assert_eq!(mended.bars[4].volume.to_bits(), 6.0_f64.to_bits(), "the later one is taken");
    assert!(words(&mended)[1].contains("before the window"), "{:?}", mended.notes);
}

#[test]
fn unfit_bars_are_dropped_up_to_a_limit() {
    let unfit = |all: &mut Vec<Row>, hours: std::ops::Range<i64>| {
        for hour in hours {
            all[usize::try_from(hour).unwrap()] = row(Bar { high: 0.5, ..bar(hour) });
        }
    };
    let mut all = rows(60);
    unfit(&mut all, 45..55);
    let mended = judged(all.clone(), 60).unwrap();
    assert_eq!(mended.bars.len(), 50);
    let told = words(&mended);
    assert!(
        told[0].contains("10 bars dropped: of 2026-11-25 06:00: high is below low"),
        "{told:?}"
    );
    assert!(told[1].contains("10 hours of open market within the window"), "{told:?}");
    all.push(Row::Broken { at: None });
    let fault = judged(all, 60).unwrap_err();
    assert_eq!(fault.code(), "bars_dropped");
    // Long before the window they are nobody's business.
    let mut all = rows(60);
    unfit(&mut all, 0..25);
    assert!(judged(all, 60).is_ok());
}

#[test]
fn every_flaw_is_found() {
    let good = bar(0);
    for flawed in [
        Bar { open: f64::NAN, ..good },
        Bar { high: f64::INFINITY, ..good },
        Bar { low: -1.0, ..good },
        Bar { close: 0.0, ..good },
        Bar { high: 0.9, ..good },
        Bar { close: 1.1, ..good },
        Bar { high: 1e300, close: 1e299, ..good },
        Bar { volume: -1.0, ..good },
        Bar { volume: f64::NAN, ..good },
    ] {
        assert!(flawed.flaw().is_some(), "{flawed:?}");
    }
    assert_eq!(good.flaw(), None);
    assert_eq!(off_the_hour(MONDAY + 300), Some("it does not begin on the hour"));
}

#[test]
fn an_hour_that_runs_and_hours_to_come_are_dropped() {
    let mended = judged(rows(31), 30).unwrap();
    assert_eq!(mended.bars.len(), 30);
    assert!(words(&mended)[0].contains("2026-11-24 06:00 was dropped: its hour has not ended"));
    let ahead = judged(rows(34), 30).unwrap();
    assert_eq!(ahead.bars.len(), 30);
    assert!(words(&ahead)[1].contains("3 bars of hours to come"), "{:?}", ahead.notes);
}

#[test]
fn old_bars_are_told_and_then_refused() {
    let mended = judged(rows(30), 34).unwrap();
    assert_eq!(words(&mended), ["the last bar is of 2026-11-24 05:00, 4 hours are missing"]);
    let fault = judged(rows(30), 35).unwrap_err();
    let last = bar(29).at;
    assert_eq!(fault, BarsFault::Stale { last, missing: 5, most: 4 });
    assert!(fault.to_string().contains("2026-11-24 05:00"), "{fault}");
    // Of the past, or wanted whatever their age.
    let market = Hours::default();
    let mut demand = Demand { need: 20, market: &market, now: None, most_missing: 4 };
    assert!(mend(rows(30), &demand).is_ok());
    demand = Demand { now: Some(MONDAY + 900 * 24 * HOUR), most_missing: 0, ..demand };
    assert!(mend(rows(30), &demand).is_ok());
}

#[test]
fn a_closed_market_is_no_age_and_no_gap() {
    // Friday 22:00 UTC to Sunday 22:00 UTC, and a Monday morning after it.
    let friday = 4 * 24 + 22;
    let opens = friday + 48;
    assert!(judged(rows(friday), opens + 1).is_ok(), "Saturday and Sunday do not count");
    assert_eq!(judged(rows(friday), opens + 5).unwrap_err().code(), "bars_stale");
    let mut all = rows(friday);
    all.extend((friday..opens).map(|hour| Row::Quiet { at: bar(hour).at }));
    all.extend((opens..opens + 6).map(|hour| row(bar(hour))));
    let mended = judged(all, opens + 6).unwrap();
    assert_eq!(words(&mended), [""; 0], "hours without trade are no damage");
}

#[test]
fn too_few_and_none() {
    assert_eq!(judged(Vec::new(), 0), Err(BarsFault::Empty));
    assert_eq!(judged(rows(19), 19), Err(BarsFault::TooFew { have: 19, need: 20 }));
    assert_eq!(judged(rows(20), 19), Err(BarsFault::TooFew { have: 19, need: 20 }));
    let silent = rows(20).into_iter().map(|row| match row {
        Row::Bar { bar, .. } => Row::Bar { bar: Bar { volume: 0.0, ..bar }, volume: false },
        other => other,
    });
    let mended = judged(silent.collect(), 20).unwrap();
    assert_eq!(words(&mended), ["20 bars without a volume, taken as 0"]);
}
