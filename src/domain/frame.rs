//! Bytes of a peer, kept as evidence: bounded, and harmless to show.

use super::Text;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt::{self, Write as _};

/// Bytes of one frame that are kept; the rest is only counted.
pub const MAX_FRAME_BYTES: usize = 2_048;

/// What travelled, to the byte, as far as it is kept. As text where showing
/// it changes nothing, else in hexadecimal, so that nothing is lost to the
/// cleaning and nothing unclean gets through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Length on the wire, in bytes.
    pub bytes: u64,
    #[serde(flatten)]
    kept: Kept,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kept {
    Text(#[serde(deserialize_with = "long")] Text),
    Hex(#[serde(deserialize_with = "long")] Text),
}

/// [`Text`] cuts what it reads at its own, shorter limit.
fn long<'de, D: Deserializer<'de>>(d: D) -> Result<Text, D::Error> {
    let raw = String::deserialize(d)?;
    Ok(Text::limited(&raw, 2 * MAX_FRAME_BYTES))
}

impl Frame {
    /// Keeps the first [`MAX_FRAME_BYTES`] of `raw`.
    #[must_use]
    pub fn of(raw: &[u8]) -> Self {
        let bytes = u64::try_from(raw.len()).unwrap_or(u64::MAX);
        let head = raw.get(..raw.len().min(MAX_FRAME_BYTES)).unwrap_or_default();
        let readable = match std::str::from_utf8(head) {
            Ok(text) => Some(text),
            // Only the cut went through the middle of a character.
            Err(e) if e.error_len().is_none() && head.len() < raw.len() => {
                head.get(..e.valid_up_to()).and_then(|whole| std::str::from_utf8(whole).ok())
            }
            Err(_) => None,
        };
        let clean = readable.and_then(|text| {
            let clean = Text::limited(text, MAX_FRAME_BYTES);
            (clean.as_str() == text).then_some(clean)
        });
        let kept = clean.map_or_else(|| Kept::Hex(hex(head)), Kept::Text);
        Self { bytes, kept }
    }

    /// The text, or the hexadecimal digits.
    #[must_use]
    pub const fn kept(&self) -> &Text {
        match &self.kept {
            Kept::Text(text) | Kept::Hex(text) => text,
        }
    }
}

fn hex(bytes: &[u8]) -> Text {
    let digits = bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, b| {
        let _ = write!(hex, "{b:02x}");
        hex
    });
    Text::limited(&digits, 2 * MAX_FRAME_BYTES)
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = u64::try_from(MAX_FRAME_BYTES).unwrap_or(u64::MAX);
        let cut = if self.bytes > limit { format!(", the first {limit}") } else { String::new() };
        match &self.kept {
            Kept::Text(text) => write!(f, "{} bytes{cut}: {text}", self.bytes),
            Kept::Hex(digits) => write!(f, "{} bytes{cut}, hex: {digits}", self.bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_where_it_is_clean_and_hex_where_it_is_not() {
        let json = br#"{"req_id":"kill-1","status":"SUCCESS"}"#;
        assert_eq!(Frame::of(json).to_string(), format!("38 bytes: {}", text(json)));
        assert_eq!(Frame::of(b"\x1b]52;c;").to_string(), "7 bytes, hex: 1b5d35323b633b");
        assert_eq!(Frame::of(&[0xff, 0xfe]).kept().as_str(), "fffe");
    }

    fn text(bytes: &[u8]) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_giant_is_cut_between_two_characters_and_its_length_is_told() {
        let giant = format!("a{}", "é".repeat(4_000));
        let frame = Frame::of(giant.as_bytes());
        assert_eq!((frame.bytes, frame.kept().as_str().len()), (8_001, 2_047));
        assert!(frame.to_string().starts_with("8001 bytes, the first 2048: aé"));
        assert_eq!(Frame::of(&vec![0_u8; 9_000]).kept().as_str().len(), 4_096);
    }

    proptest! {
        #[test]
        fn every_frame_comes_back_from_its_line(raw in proptest::collection::vec(any::<u8>(), 0..3_000)) {
            for bytes in [raw.clone(), String::from_utf8_lossy(&raw).into_owned().into_bytes()] {
                let frame = Frame::of(&bytes);
                let line = serde_json::to_string(&frame).unwrap();
                prop_assert_eq!(serde_json::from_str::<Frame>(&line).unwrap(), frame);
            }
        }
    }
}
