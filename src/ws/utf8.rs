//! UTF-8 that comes in pieces (RFC 6455, 8.1).
//!
//! A text may be cut anywhere: in the middle of a frame, of a fragment, of a character. [`Utf8`] judges every
//! piece when it comes and fails at the first byte that cannot be right, so that a peer is not given a whole
//! message's memory for a text that broke at its first byte. It keeps at most the three bytes of a character
//! under way. The tutorial does not check. Tests: `tests/ws/utf8.rs`.

use super::error::Violation;

/// The longest character, in bytes.
const CHARACTER_BYTES_MAX: usize = 4;

/// A validator of one text that comes in pieces.
///
/// ```
/// let mut utf8 = karez::ws::Utf8::default();
/// utf8.push(&[b'K', 0xe2]).unwrap();          // the first byte of a euro sign
/// assert!(utf8.finish().is_err());            // here a text must not end
/// utf8.push(&[0x82, 0xac]).unwrap();
/// utf8.finish().unwrap();
/// assert!(utf8.push(&[0xed, 0xa0]).is_err()); // half of a surrogate
/// ```
#[derive(Clone, Debug, Default)]
pub struct Utf8 {
    /// The bytes of a character that has begun and not ended.
    begun: [u8; CHARACTER_BYTES_MAX],
    begun_bytes: u8,
}

impl Utf8 {
    /// Judges the next piece.
    ///
    /// # Errors
    ///
    /// [`Violation::Utf8`] when it has a byte after which no text can be valid. The validator is then spent.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), Violation> {
        let rest = self.finish_character(piece)?;
        match simdutf8::compat::from_utf8(rest) {
            Ok(_) => Ok(()),
            // No length: the piece ends inside a character that is right so far.
            Err(cut) if cut.error_len().is_none() => {
                for byte in rest.iter().skip(cut.valid_up_to()) {
                    self.begin(*byte);
                }
                Ok(())
            }
            Err(_) => Err(Violation::Utf8),
        }
    }

    /// Ends the text.
    ///
    /// # Errors
    ///
    /// [`Violation::Utf8`] when it ends inside a character.
    pub fn finish(&self) -> Result<(), Violation> {
        if self.begun_bytes == 0 { Ok(()) } else { Err(Violation::Utf8) }
    }

    /// Gives the character under way its missing bytes; returns what follows it.
    fn finish_character<'a>(&mut self, piece: &'a [u8]) -> Result<&'a [u8], Violation> {
        let mut rest = piece;
        while self.begun_bytes > 0 {
            let Some((&byte, after)) = rest.split_first() else { break };
            rest = after;
            self.begin(byte);
            let begun = self.begun.get(..usize::from(self.begun_bytes)).unwrap_or_default();
            match std::str::from_utf8(begun) {
                Ok(_) => self.begun_bytes = 0,
                Err(cut) if cut.error_len().is_none() => {}
                Err(_) => return Err(Violation::Utf8),
            }
        }
        Ok(rest)
    }

    fn begin(&mut self, byte: u8) {
        if let Some(place) = self.begun.get_mut(usize::from(self.begun_bytes)) {
            *place = byte;
            self.begun_bytes += 1;
        }
    }
}
