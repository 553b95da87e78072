//! A mutator of a few lines: what it makes depends on its seed alone.

/// What decoders stumble over.
const TOKENS: &[&[u8]] = &[
    b"\x1b",
    b"\x9b",
    b"\0",
    b"\n",
    b"\xff",
    "\u{202e}".as_bytes(),
    "\u{301}".as_bytes(),
    b"\\u001b",
    b"\\ud800",
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b" ",
    b"null",
    b"true",
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"-0",
    b"0.1",
    b".",
    b"e",
    b"9223372036854775808",
    b"18446744073709551616",
    b"\"error\":\"x\"",
    b"\"status\":\"ERROR\"",
    b"SUCCESS",
    b"= ",
    b"[[",
    b"'''",
    b"#",
    b"\x80",
    b"\xdf",
];

/// Xorshift, for repeatability and not for chance.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Below `end`, which is above 0.
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % end
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// One of `seeds` after one to six changes.
pub fn mutated(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut data = random.pick(seeds).clone();
    for _ in 0..=random.below(6) {
        let at = random.below(data.len() + 1);
        let end = at + random.below((data.len() - at).min(64) + 1);
        match random.below(8) {
            0 if at < data.len() => data[at] ^= 1 << random.below(8),
            1 if at < data.len() => data[at] = u8::try_from(random.below(256)).unwrap(),
            2 => drop(data.drain(at..end)),
            3 => {
                let copy = data[at..end].to_vec();
                let to = random.below(data.len() + 1);
                data.splice(to..to, copy);
            }
            4 => {
                let other = random.pick(seeds);
                let from = random.below(other.len() + 1);
                data.splice(at..end, other[from..].iter().take(64).copied());
            }
            5 if at < end => data[at..end].reverse(),
            6 => drop(data.splice(at..at, std::iter::repeat_n(b'9', random.below(40)))),
            _ => drop(data.splice(at..end.min(at + 4), random.pick(TOKENS).iter().copied())),
        }
    }
    data
}
