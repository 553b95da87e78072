//! The scanner against `serde_json`, and against its grammar's edges.

use super::*;
use proptest::prelude::*;

fn scan(text: &str) -> Result<usize, TickFault> {
    let mut scan = Scan::new(text);
    let mut fields = 0;
    while scan.next()? {
        scan.value(&mut Value::default())?;
        fields += 1;
    }
    Ok(fields)
}

/// Objects as `serde_json` writes them, with any text and any number.
fn object() -> impl Strategy<Value = serde_json::Value> {
    let scalar = prop_oneof![
        any::<String>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
        Just(serde_json::json!([1, "]", {"a": "\\\""}])),
    ];
    prop::collection::btree_map("[a-z]{1,6}", scalar, 0..8)
        .prop_map(|m| serde_json::Value::Object(m.into_iter().collect()))
}

proptest! {
    #[test]
    fn whatever_serde_writes_is_read(value in object(), pretty in any::<bool>()) {
        let text = if pretty { format!("{value:#}") } else { value.to_string() };
        prop_assert_eq!(scan(&text), Ok(value.as_object().unwrap().len()));
    }

    #[test]
    fn whatever_is_read_is_json(value in object(), cut in any::<prop::sample::Index>(),
                                put in any::<char>()) {
        let mut text: Vec<char> = value.to_string().chars().collect();
        let at = cut.index(text.len());
        text[at] = put;
        let text: String = text.into_iter().collect();
        if scan(&text).is_ok() && !text.contains("NaN") && !text.contains("Infinity") {
            prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok(), "{}", text);
        }
    }
}

proptest! {
    #[test]
    fn specials_are_found_wherever_they_stand(text in "[ -~éあ\u{0}-\u{1f}]{0,40}") {
        let naive = text.bytes().position(|b| matches!(b, b'"' | b'\\' | 0..0x20));
        prop_assert_eq!(first_special(text.as_bytes(), 0), naive.unwrap_or(text.len()));
    }
}

#[test]
fn the_grammar_is_kept() {
    for bad in [
        "",
        "{",
        "}",
        "[]",
        "{}{}",
        "{} x",
        "{,}",
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{"a":1,}"#,
        r#"{"a":1 "b":2}"#,
        "{a:1}",
        "{'a':1}",
        r#"{"a":01}"#,
        r#"{"a":+1}"#,
        r#"{"a":.5}"#,
        r#"{"a":1.}"#,
        r#"{"a":1e}"#,
        r#"{"a":-}"#,
        r#"{"a":0x1}"#,
        r#"{"a":nul}"#,
        r#"{"a":"x}"#,
        r#"{"a":"\x"}"#,
        "{\"a\":\"\n\"}",
        r#"{"a":[1}"#,
        r#"{"a":[1,]}"#,
        r#"{"a":{"b"}}"#,
        r#"{"a":"\ud800"}"#,
    ] {
        assert_eq!(scan(bad), Err(TickFault::BadJson), "{bad}");
    }
    assert_eq!(
        scan(&format!("{{\"a\":{}{}}}", "[".repeat(9), "]".repeat(9))),
        Err(TickFault::TooDeep)
    );
    assert_eq!(scan(&format!("{{\"a\":{}{}}}", "[".repeat(8), "]".repeat(8))), Ok(1));
    assert_eq!(scan(r#"{"a":-9E34907238300}"#), Ok(1), "far out of range is still a number");
    assert_eq!(scan(r#" { "a" : 1 , "b" : [ "]" ] } "#), Ok(2));
}
