//! The chunked transfer coding (RFC 9112, 7.1), as it comes.
//!
//! Size lines and trailers are read byte by byte, data is copied by slices. Extensions and trailers are checked,
//! bounded and dropped: nothing here knows a meaning for them. The size is refused digit by digit, so that no
//! number from the wire is ever allocated, waited for or overflown.
//!
//! Invariant: the decoded body never grows over `body_bytes_max`; what does not count as body (size lines and
//! extensions) is bounded for each chunk by [`SIZE_LINE_BYTES_MAX`], and extensions for the whole body too, because
//! a kilobyte of extension before each byte of data is a cheap way to keep a server busy (CVE-2023-39326).
//! Tests: `tests/http/chunked.rs`.

use super::head::HeadScan;
use super::{Limits, RequestError};

/// Bytes of one size line with its extensions, without CR LF.
pub const SIZE_LINE_BYTES_MAX: usize = 256;

/// Bytes of all extensions of one body.
pub const EXTENSION_BYTES_MAX: usize = 4096;

/// Where in the coding the next byte stands.
#[derive(Clone, Debug)]
enum Place {
    SizeStart,
    Size,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    Trailers(HeadScan),
    Done,
}

/// A chunked body of which some bytes have come.
#[derive(Clone, Debug)]
pub(super) struct ChunkedBody {
    place: Place,
    /// The present chunk's size, then what is left of its data.
    chunk_bytes: usize,
    size_line_bytes: usize,
    extension_bytes: usize,
}

impl ChunkedBody {
    pub(super) fn new() -> ChunkedBody {
        ChunkedBody { place: Place::SizeStart, chunk_bytes: 0, size_line_bytes: 0, extension_bytes: 0 }
    }

    /// Whether the last chunk and the trailers have come.
    pub(super) fn is_done(&self) -> bool {
        matches!(self.place, Place::Done)
    }

    /// Reads up to the end of the body, appends the data to `buffer`, in which `body_bytes` bytes of this body
    /// already are, and returns how many bytes were taken.
    pub(super) fn receive(
        &mut self,
        limits: &Limits,
        bytes: &[u8],
        mut body_bytes: usize,
        buffer: &mut Vec<u8>,
    ) -> Result<usize, RequestError> {
        let mut rest = bytes;
        while let Some((&byte, behind)) = rest.split_first() {
            match &mut self.place {
                Place::Done => break,
                Place::Data => {
                    let (data, behind) = rest.split_at(self.chunk_bytes.min(rest.len()));
                    buffer.extend_from_slice(data);
                    body_bytes += data.len();
                    self.chunk_bytes -= data.len();
                    if self.chunk_bytes == 0 {
                        self.place = Place::DataCr;
                    }
                    rest = behind;
                }
                Place::Trailers(scan) => {
                    let taken = scan.receive(limits, rest)?;
                    if scan.is_done() {
                        self.place = Place::Done;
                    }
                    rest = rest.split_at(taken).1;
                }
                _ => {
                    self.step(limits.body_bytes_max.saturating_sub(body_bytes), byte)?;
                    rest = behind;
                }
            }
        }
        Ok(bytes.len() - rest.len())
    }

    /// Reads one byte of what frames the data; `room` is what the body may still grow by.
    fn step(&mut self, room: usize, byte: u8) -> Result<(), RequestError> {
        self.place = match (&self.place, byte) {
            (Place::SizeStart | Place::Size, byte) if byte.is_ascii_hexdigit() => {
                self.count_size_line()?;
                let digit = char::from(byte).to_digit(16).map_or(0, |digit| digit as usize);
                self.chunk_bytes = self.chunk_bytes.saturating_mul(16).saturating_add(digit);
                if self.chunk_bytes > room {
                    return Err(RequestError::BodyTooLarge);
                }
                Place::Size
            }
            (Place::Size, b'\r') => Place::SizeLf,
            (Place::Size, b';') | (Place::Extension, b'\t' | b' '..=b'~' | 0x80..) => {
                self.count_size_line()?;
                self.extension_bytes += 1;
                if self.extension_bytes > EXTENSION_BYTES_MAX {
                    return Err(RequestError::Chunk);
                }
                Place::Extension
            }
            (Place::Extension, b'\r') => Place::SizeLf,
            (Place::SizeLf, b'\n') if self.chunk_bytes == 0 => Place::Trailers(HeadScan::trailers()),
            (Place::SizeLf, b'\n') => {
                self.size_line_bytes = 0;
                Place::Data
            }
            (Place::DataCr, b'\r') => Place::DataLf,
            (Place::DataLf, b'\n') => Place::SizeStart,
            _ => return Err(RequestError::Chunk),
        };
        Ok(())
    }

    fn count_size_line(&mut self) -> Result<(), RequestError> {
        self.size_line_bytes += 1;
        if self.size_line_bytes > SIZE_LINE_BYTES_MAX { Err(RequestError::Chunk) } else { Ok(()) }
    }
}
