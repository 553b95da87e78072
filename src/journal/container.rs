//! The framing of an MCAP, read without trust: records, chunks, messages.
//!
//! After the container's specification (mcap.dev/spec). The library that
//! writes our files reads them too, but takes a file's word for lengths; a
//! damaged file must not end the console.

use super::segment::INDEX;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// First and last bytes of every file.
pub const MAGIC: &[u8; 8] = b"\x89MCAP0\r\n";
/// Opcode and length before each record.
pub const FRAME: u64 = 9;
const FRAME_BYTES: usize = 9;
/// Longest record that is looked into, and longest chunk once unpacked.
const LONGEST: u64 = 64 << 20;
/// Footer with its frame, and the magic after it.
const TAIL: u64 = 37;
const TAIL_BYTES: usize = 37;

/// Opcodes of what is read here.
pub mod op {
    /// First record of a file.
    pub const HEADER: u8 = 0x01;
    /// Last record of a file.
    pub const FOOTER: u8 = 0x02;
    /// One message.
    pub const MESSAGE: u8 = 0x05;
    /// Messages, compressed together.
    pub const CHUNK: u8 = 0x06;
    /// A file in the file.
    pub const ATTACHMENT: u8 = 0x09;
    /// Where an attachment lies.
    pub const ATTACHMENT_INDEX: u8 = 0x0a;
    /// Named texts.
    pub const METADATA: u8 = 0x0c;
    /// No records of data follow.
    pub const DATA_END: u8 = 0x0f;
}

/// Fields, taken from the front one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    /// So many bytes.
    pub fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    /// Eight bits.
    pub fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Sixteen bits, the low ones first.
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// Thirty-two bits.
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// Sixty-four bits.
    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// A text with its length before it.
    pub fn text(&mut self) -> Option<&'a str> {
        let len = usize::try_from(self.u32()?).ok()?;
        std::str::from_utf8(self.take(len)?).ok()
    }

    /// The next record: its opcode and body.
    pub fn record(&mut self) -> Option<(u8, &'a [u8])> {
        let (op, len) = (self.u8()?, self.u64()?);
        Some((op, self.take(usize::try_from(len).ok()?)?))
    }
}

/// What stands at a place of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Opcode.
    pub op: u8,
    /// Byte at which the record begins.
    pub offset: u64,
    /// Bytes of its body.
    pub len: u64,
}

impl Found {
    /// Byte after it.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.offset.saturating_add(FRAME).saturating_add(self.len)
    }
}

/// The record that begins at `offset`; none where the file ends before the
/// record does.
///
/// # Errors
/// The system's.
pub fn record_at(file: &File, offset: u64, size: u64) -> io::Result<Option<Found>> {
    if offset.saturating_add(FRAME) > size {
        return Ok(None);
    }
    let mut frame = [0; FRAME_BYTES];
    file.read_exact_at(&mut frame, offset)?;
    let mut fields = Fields(&frame);
    let (Some(op), Some(len)) = (fields.u8(), fields.u64()) else { return Ok(None) };
    let found = Found { op, offset, len };
    Ok((op != 0 && found.end() <= size).then_some(found))
}

/// The body of a record; none for one that is too long to be ours.
///
/// # Errors
/// The system's.
pub fn body(file: &File, found: Found) -> io::Result<Option<Vec<u8>>> {
    let Some(len) = usize::try_from(found.len).ok().filter(|_| found.len <= LONGEST) else {
        return Ok(None);
    };
    let mut body = vec![0; len];
    file.read_exact_at(&mut body, found.offset + FRAME)?;
    Ok(Some(body))
}

/// The messages of a chunk, unpacked.
///
/// # Errors
/// What is wrong with it.
pub fn unpack(chunk: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut fields = Fields(chunk);
    let mut head = || {
        let (_start, _end) = (fields.u64()?, fields.u64()?);
        let (size, crc) = (fields.u64()?, fields.u32()?);
        let packing = fields.text()?;
        let len = usize::try_from(fields.u64()?).ok()?;
        let packed = fields.take(len)?;
        // A length that was changed would swallow the records behind it.
        fields.0.is_empty().then_some((size, crc, packing, packed))
    };
    let (size, crc, packing, packed) =
        head().ok_or("the chunk is cut, or longer than its contents")?;
    let size = usize::try_from(size).ok().filter(|size| *size as u64 <= LONGEST);
    let size = size.ok_or("the chunk claims to be too large")?;
    let unpacked = match packing {
        "zstd" => mcap_zstd(packed, size)?,
        "" => packed.to_vec(),
        _ => return Err("the chunk is packed in a way that is not read here"),
    };
    if unpacked.len() != size {
        return Err("the chunk is shorter than it claims");
    }
    if crc != 0 && crc32fast::hash(&unpacked) != crc {
        return Err("the chunk's checksum differs: it was changed or torn");
    }
    Ok(unpacked)
}

fn mcap_zstd(packed: &[u8], size: usize) -> Result<Vec<u8>, &'static str> {
    zstd::bulk::decompress(packed, size).map_err(|_| "the chunk can't be unpacked")
}

/// The list of chunks that a sealed file carries; none for one that was not
/// sealed, or whose list is damaged.
///
/// # Errors
/// The system's.
pub fn index(file: &File, size: u64) -> io::Result<Option<Vec<u8>>> {
    let Some(start) = size.checked_sub(TAIL) else { return Ok(None) };
    let mut tail = [0; TAIL_BYTES];
    file.read_exact_at(&mut tail, start)?;
    let mut fields = Fields(&tail);
    let Some((op::FOOTER, footer)) = fields.record() else { return Ok(None) };
    if fields.0 != MAGIC {
        return Ok(None);
    }
    let Some(summary) = Fields(footer).u64().filter(|at| *at > 0 && *at < start) else {
        return Ok(None);
    };
    let mut at = summary;
    while let Some(found) = record_at(file, at, start)? {
        at = found.end();
        if found.op != op::ATTACHMENT_INDEX {
            continue;
        }
        let Some(entry) = body(file, found)? else { return Ok(None) };
        let mut fields = Fields(&entry);
        let mut read = || {
            let (offset, _length) = (fields.u64()?, fields.u64()?);
            let (_log, _create, _size) = (fields.u64()?, fields.u64()?, fields.u64()?);
            Some((offset, fields.text()?))
        };
        if let Some((offset, INDEX)) = read() {
            return attachment(file, offset, start);
        }
    }
    Ok(None)
}

fn attachment(file: &File, offset: u64, size: u64) -> io::Result<Option<Vec<u8>>> {
    let Some(found) = record_at(file, offset, size)?.filter(|at| at.op == op::ATTACHMENT) else {
        return Ok(None);
    };
    let Some(body) = body(file, found)? else { return Ok(None) };
    let Some((all, crc)) = body.split_last_chunk::<4>() else { return Ok(None) };
    if crc32fast::hash(all) != u32::from_le_bytes(*crc) {
        return Ok(None);
    }
    let mut fields = Fields(all);
    let mut read = || {
        let (_log, _create, _name, _media) =
            (fields.u64()?, fields.u64()?, fields.text()?, fields.text()?);
        let len = usize::try_from(fields.u64()?).ok()?;
        fields.take(len).map(<[u8]>::to_vec)
    };
    Ok(read())
}
