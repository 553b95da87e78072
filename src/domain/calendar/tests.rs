//! Weeks, holidays and both changes of New York's clocks.

use super::*;
use chrono::NaiveDate;
use proptest::prelude::*;

fn utc(text: &str) -> UtcMicros {
    micros(NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap())
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn words(phase: Phase) -> (bool, String, String) {
    let word = |at: Option<UtcMicros>| at.map_or_else(String::new, |at| at.iso()[..16].to_owned());
    (phase.open, word(phase.since), word(phase.until))
}

fn told(hours: &Hours, at: &str) -> (bool, String, String) {
    words(hours.phase(utc(at)))
}

fn turn(open: bool, since: &str, until: &str) -> (bool, String, String) {
    (open, since.to_owned(), until.to_owned())
}

#[test]
fn a_week_in_winter_and_one_in_summer() {
    let fx = Hours::default();
    for (at, open) in [
        ("2026-01-16 21:59:59", true),
        ("2026-01-16 22:00:00", false),
        ("2026-01-18 21:59:59", false),
        ("2026-01-18 22:00:00", true),
        ("2026-07-17 20:59:59", true),
        ("2026-07-17 21:00:00", false),
        ("2026-07-19 20:59:59", false),
        ("2026-07-19 21:00:00", true),
        ("2026-01-14 13:56:58", true),
    ] {
        assert_eq!(fx.is_open(utc(at)), open, "{at}");
    }
    let saturday = told(&fx, "2026-01-17 03:00:00");
    assert_eq!(saturday, turn(false, "2026-01-16T22:00", "2026-01-18T22:00"));
    let wednesday = told(&fx, "2026-07-15 12:00:00");
    assert_eq!(wednesday, turn(true, "2026-07-12T21:00", "2026-07-17T21:00"));
}

/// The clocks change on a Sunday at 2 a.m., hours before the week opens: the
/// week that begins then opens by the new time.
#[test]
fn weekends_on_which_new_york_changes_its_clocks() {
    let fx = Hours::default();
    let spring = told(&fx, "2026-03-07 12:00:00");
    assert_eq!(spring, turn(false, "2026-03-06T22:00", "2026-03-08T21:00"));
    let week = told(&fx, "2026-03-10 12:00:00");
    assert_eq!(week, turn(true, "2026-03-08T21:00", "2026-03-13T21:00"));
    let autumn = told(&fx, "2026-10-31 12:00:00");
    assert_eq!(autumn, turn(false, "2026-10-30T21:00", "2026-11-01T22:00"));
}

#[test]
fn summer_begins_and_ends_to_the_second() {
    let noon = |at: &str| {
        let local = Zone::NewYork.local(naive(utc(at)).unwrap()).unwrap();
        local.format("%d %H:%M").to_string()
    };
    for (at, local) in [
        ("2026-03-08 06:59:59", "08 01:59"),
        ("2026-03-08 07:00:00", "08 03:00"),
        ("2026-11-01 05:59:59", "01 01:59"),
        ("2026-11-01 06:00:00", "01 01:00"),
        // Years in which the days lie at either end of their range.
        ("2027-03-14 07:00:00", "14 03:00"),
        ("2029-11-04 06:00:00", "04 01:00"),
        ("2037-11-01 06:00:00", "01 01:00"),
        ("2037-03-08 07:00:00", "08 03:00"),
    ] {
        assert_eq!(noon(at), local, "{at}");
    }
}

#[test]
fn a_local_time_that_is_skipped_or_comes_twice_is_still_a_moment() {
    let back = |text: &str| {
        let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
        Zone::NewYork.utc(local).unwrap().format("%d %H:%M").to_string()
    };
    assert_eq!(back("2026-03-08 02:30"), "08 07:30");
    assert_eq!(back("2026-11-01 01:30"), "01 05:30");
    assert_eq!(back("2026-11-01 02:30"), "01 07:30");
}

/// Christmas of 2026 is a Friday: its day begins on Thursday evening, and the
/// weekend follows it. New Year's Day too. A Wednesday is left again.
#[test]
fn a_holiday_is_its_trading_day() {
    let holidays = [date("2026-12-25"), date("2027-02-03")].into();
    let fx = Hours { holidays, ..Hours::default() };
    let christmas = told(&fx, "2026-12-25 12:00:00");
    assert_eq!(christmas, turn(false, "2026-12-24T22:00", "2026-12-27T22:00"));
    let wednesday = told(&fx, "2027-02-03 12:00:00");
    assert_eq!(wednesday, turn(false, "2027-02-02T22:00", "2027-02-03T22:00"));
    assert!(fx.is_open(utc("2027-02-02 21:59:59")));
}

#[test]
fn a_daily_pause_and_a_fixed_zone() {
    let (six, five) = (TimeOfDay(18 * 60), TimeOfDay(17 * 60));
    let gold = Hours {
        pause: Some(Pause { from: five, to: six }),
        open: WeekMinute(6 * 1440 + 18 * 60),
        ..Hours::default()
    };
    let pause = told(&gold, "2026-01-14 22:30:00");
    assert_eq!(pause, turn(false, "2026-01-14T22:00", "2026-01-14T23:00"));
    let zone = Zone::Fixed(120);
    let bourse = Hours {
        zone,
        open: WeekMinute(9 * 60),
        close: WeekMinute(4 * 1440 + 17 * 60),
        ..Hours::default()
    };
    assert_eq!(
        told(&bourse, "2026-07-18 00:00:00"),
        turn(false, "2026-07-17T15:00", "2026-07-20T07:00")
    );
}

#[test]
fn symbols_have_their_own_hours_and_some_never_close() {
    let always = Hours { always: true, ..Hours::default() };
    let crypto = Session { symbols: vec![Text::new("BTC*"), Text::new("ETHUSD")], hours: always };
    let calendar = Calendar { sessions: vec![crypto], ..Calendar::default() };
    let saturday = utc("2026-01-17 03:00:00");
    for (symbol, open) in
        [("BTCUSD", true), ("ETHUSD", true), ("ETHUSD.s", false), ("EURUSD", false)]
    {
        assert_eq!(
            calendar.hours(&Symbol::new(symbol).unwrap()).is_open(saturday),
            open,
            "{symbol}"
        );
    }
    let phase = calendar.hours(&Symbol::new("BTCUSD").unwrap()).phase(saturday);
    assert_eq!(words(phase), turn(true, "", ""));
}

#[test]
fn a_week_that_never_trades_says_so_and_no_year_is_fatal() {
    let never = Hours { open: WeekMinute(0), close: WeekMinute(0), ..Hours::default() };
    assert_eq!(words(never.phase(utc("2026-01-17 03:00:00"))), turn(false, "", ""));
    for at in [i64::MIN, i64::MAX, -8_334_601_228_800_000_000, 8_210_266_876_799_999_999] {
        let _ = Hours::default().phase(UtcMicros(at));
    }
}

#[test]
fn what_is_written_is_read() {
    for text in ["mon 00:00", "sun 23:59", "fri 17:00"] {
        assert_eq!(text.parse::<WeekMinute>().unwrap().to_string(), text);
    }
    assert_eq!("SUN 17:00".parse::<WeekMinute>(), "sun 17:00".parse());
    for text in ["utc", "new-york", "+02:00", "-05:30", "+14:00"] {
        assert_eq!(text.parse::<Zone>().unwrap().to_string(), text);
    }
    assert_eq!("17:00-17:05".parse::<Pause>().unwrap().to_string(), "17:00-17:05");
    for text in ["", "sun", "sun 24:00", "sun 7:00", "son 17:00", "sun  17:00", "sun +7:00"] {
        assert!(text.parse::<WeekMinute>().is_err(), "{text}");
    }
    for text in ["", "+2:00", "02:00", "+15:00", "+02:60", "newyork", "+é1:00"] {
        assert!(text.parse::<Zone>().is_err(), "{text}");
    }
    for text in ["17:00", "17:00-17:00", "17:00-", "a-b"] {
        assert!(text.parse::<Pause>().is_err(), "{text}");
    }
    let hours = Hours { pause: "17:00-18:00".parse().ok(), ..Hours::default() };
    let json = serde_json::to_string(&hours).unwrap();
    assert!(json.contains(r#""zone":"new-york","open":"sun 17:00""#), "{json}");
    assert_eq!(serde_json::from_str::<Hours>(&json).unwrap(), hours);
}

proptest! {
    /// Whatever the hour: `until` is where it changes, and nothing changes before.
    #[test]
    fn a_phase_lasts_until_it_says(us in 1_300_000_000_000_000_i64..2_900_000_000_000_000, step in 0.0_f64..1.0) {
        let fx = Hours { holidays: [date("2026-12-25")].into(), ..Hours::default() };
        let phase = fx.phase(UtcMicros(us));
        let (since, until) = (phase.since.unwrap().0, phase.until.unwrap().0);
        prop_assert!(since <= us && us < until);
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "any moment will do")]
        let between = since + ((until - since - 1) as f64 * step) as i64;
        prop_assert_eq!(fx.is_open(UtcMicros(between)), phase.open);
        prop_assert_ne!(fx.is_open(UtcMicros(until)), phase.open);
        prop_assert_ne!(fx.is_open(UtcMicros(since - 1)), phase.open);
    }
}
