//! Integers of variable length: seven bits a byte, the lowest first, the top
//! bit set while more follow (LEB128); signed ones in zigzag order.

/// Appends `value`.
pub fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(low(value) | 0x80);
        value >>= 7;
    }
    out.push(low(value));
}

#[expect(clippy::cast_possible_truncation, reason = "seven bits are left")]
const fn low(value: u64) -> u8 {
    (value & 0x7f) as u8
}

/// Appends a signed `value`.
pub fn put_signed(out: &mut Vec<u8>, value: i64) {
    put(out, (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned());
}

/// What is left of a column.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a>(pub &'a [u8]);

/// A block that ends too early, or holds what no writer of ours writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

impl<'a> Column<'a> {
    /// The next value.
    pub fn next(&mut self) -> Result<u64, Broken> {
        let (mut value, mut shift) = (0_u64, 0_u32);
        loop {
            let (&byte, rest) = self.0.split_first().ok_or(Broken)?;
            self.0 = rest;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(Broken);
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
            shift += 7;
            if shift > 63 {
                return Err(Broken);
            }
        }
    }

    /// The next signed value.
    pub fn next_signed(&mut self) -> Result<i64, Broken> {
        let value = self.next()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// The next value, as a count of things that take at least a byte each
    /// somewhere: none is larger than the block itself.
    pub fn next_count(&mut self, most: usize) -> Result<usize, Broken> {
        usize::try_from(self.next()?).ok().filter(|count| *count <= most).ok_or(Broken)
    }

    /// The next so many bytes.
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], Broken> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(Broken)?;
        self.0 = rest;
        Ok(taken)
    }

    /// A part that is preceded by its length.
    pub fn part(&mut self) -> Result<&'a [u8], Broken> {
        let len = self.next_count(self.0.len())?;
        self.take(len)
    }

    /// Nothing may be left.
    pub const fn end(self) -> Result<(), Broken> {
        if self.0.is_empty() { Ok(()) } else { Err(Broken) }
    }
}

/// Appends `part`, preceded by its length.
pub fn put_part(out: &mut Vec<u8>, part: &[u8]) {
    put(out, u64::try_from(part.len()).unwrap_or(u64::MAX));
    out.extend_from_slice(part);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn there_and_back(plain in any::<u64>(), signed in any::<i64>()) {
            let mut out = Vec::new();
            put(&mut out, plain);
            put_signed(&mut out, signed);
            let mut column = Column(&out);
            prop_assert_eq!(column.next(), Ok(plain));
            prop_assert_eq!(column.next_signed(), Ok(signed));
            prop_assert_eq!(column.end(), Ok(()));
        }
    }

    #[test]
    fn what_ends_too_early_or_is_too_long_is_broken() {
        for bytes in [&[][..], &[0x80], &[0xff; 10], &[0xff; 11]] {
            assert_eq!(Column(bytes).next(), Err(Broken), "{bytes:?}");
        }
        assert_eq!(Column(&[5, 1, 2]).part(), Err(Broken));
    }
}
