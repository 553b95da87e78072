//! Decimal text in and out, the short way and the long way.

use super::*;
use proptest::prelude::*;

proptest! {
    /// The short way says what the long way says, or nothing.
    #[test]
    fn the_short_way_agrees(text in "[-+]?[0-9]{0,12}([.][0-9]{0,12})?(e[0-9])?",
                            scale in 0_u32..=8) {
        if let Some(raw) = short(text.as_bytes(), scale) {
            prop_assert_eq!(any_length(text.as_bytes(), scale), Ok(raw));
        }
    }
}

#[test]
fn powers_stand_in_their_place() {
    for (n, power) in (0..).zip(POWERS) {
        assert_eq!(power, 10_i64.pow(n));
    }
}

#[test]
fn the_short_way_is_taken() {
    assert_eq!(short(b"1.08512", 8), Some(108_512_000));
    assert_eq!(short(b"1767115660775", 6), Some(1_767_115_660_775_000_000));
    assert_eq!(short(b"1767115660.7759755", 6), Some(1_767_115_660_775_976));
    assert_eq!(short(b"0.5", 0), Some(0));
    assert_eq!(short(b"1.5", 0), Some(2));
    for text in ["", ".", "1.", ".5", "-1", "1e3", "1.2.3", "NaN", "1234567890123456789"] {
        assert_eq!(short(text.as_bytes(), 8), None, "{text}");
    }
}

#[test]
fn decimal_text_of_every_peer() {
    for (text, raw) in [
        ("1.08512", 108_512_000),
        ("1.0851200000000001", 108_512_000),
        ("1.0851199999999999", 108_512_000),
        ("86.655", 8_665_500_000),
        ("1e-8", 1),
        ("1E9", 100_000_000_000_000_000),
        ("0", 0),
        ("-0.0", 0),
        ("5e-9", 0),
        ("15e-9", 2),
        ("0.1e1", 100_000_000),
    ] {
        assert_eq!(Price::parse(text).map(Price::raw), Ok(raw), "{text}");
    }
}

#[test]
fn what_is_no_number_is_refused() {
    for text in [
        "",
        "-",
        ".",
        ".5",
        "1.",
        "NaN",
        "Infinity",
        "-Infinity",
        "1.2.3",
        "1e",
        "1e+",
        "0x1",
        "1 ",
        "\"1\"",
        "1e1e1",
    ] {
        assert_eq!(Price::parse(text), Err(DecimalError::NotANumber), "{text}");
    }
    for text in ["1e999", "1e11", "99999999999999999999999999999999999999999999999"] {
        assert_eq!(Price::parse(text), Err(DecimalError::OutOfRange), "{text}");
    }
    assert_eq!(Price::parse("1e-999"), Ok(Price::ZERO));
}

#[test]
fn display_keeps_what_matters() {
    let p = Price::parse("1.0850").unwrap();
    assert_eq!(p.to_string(), "1.085");
    assert_eq!(format!("{p:.5}"), "1.08500");
    assert_eq!(Money::parse("-12.345").unwrap().text(2), "-12.35");
    assert_eq!(Money::ZERO.text(2), "0.00");
}
