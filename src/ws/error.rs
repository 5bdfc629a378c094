//! What a peer did wrong, and the close code that tells it (RFC 6455, 7.1.7 and 7.4.1).
//!
//! Only the peer's faults are here. A [`Violation`] is final: the receiver sends a Close with
//! [`Violation::close_code`], reads no further frame and ends the connection ("fail the connection").
//! The tutorial has no such thing: whatever comes is taken for a text. Tests: each of the files of `tests/ws/`.

use std::error::Error;
use std::fmt;

use super::close::code;

/// A breach of the protocol by the peer. The connection must be failed with [`Violation::close_code`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// RSV2 or RSV3, or RSV1 where no compression was agreed or where it has no meaning (5.2, RFC 7692 6).
    ReservedBit,
    /// Opcodes 3-7 and 11-15 (5.2).
    ReservedOpcode,
    /// A control frame without FIN (5.5).
    FragmentedControl,
    /// A control frame of more than 125 bytes (5.5).
    LongControl,
    /// A client's frame without mask (5.1).
    Unmasked,
    /// A server's frame with mask (5.1).
    Masked,
    /// A length that would have fitted in a shorter form (5.2).
    LengthNotMinimal,
    /// A length of 2^63 bytes or more (5.2).
    LengthTopBit,
    /// A continuation, but no message has begun (5.4).
    ContinuationWithoutStart,
    /// A new text or binary frame before the message under way has ended (5.4).
    DataInsideMessage,
    /// A Close with a payload of one byte, where a code takes two (5.5.1).
    CloseOneByte,
    /// A close code that must not be sent (7.4).
    CloseCode(u16),
    /// A text, or the reason of a Close, that is not UTF-8 (8.1).
    Utf8,
    /// A compressed message that is not DEFLATE data (RFC 7692, 7.2.2).
    Deflate,
    /// A message over the receiver's limit.
    TooBig,
}

impl Violation {
    /// The code of the Close that answers.
    ///
    /// RFC 7692 names none for broken DEFLATE data. It gets 1007, since every frame was lawful and it is the
    /// content that does not fit its type; 1002 is kept for broken framing.
    #[must_use]
    pub fn close_code(self) -> u16 {
        match self {
            Violation::Utf8 | Violation::Deflate => code::INVALID_DATA,
            Violation::TooBig => code::TOO_BIG,
            Violation::ReservedBit
            | Violation::ReservedOpcode
            | Violation::FragmentedControl
            | Violation::LongControl
            | Violation::Unmasked
            | Violation::Masked
            | Violation::LengthNotMinimal
            | Violation::LengthTopBit
            | Violation::ContinuationWithoutStart
            | Violation::DataInsideMessage
            | Violation::CloseOneByte
            | Violation::CloseCode(_) => code::PROTOCOL_ERROR,
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Violation::ReservedBit => "a reserved bit is set",
            Violation::ReservedOpcode => "a reserved opcode",
            Violation::FragmentedControl => "a control frame must not be fragmented",
            Violation::LongControl => "a control frame has at most 125 bytes",
            Violation::Unmasked => "a client must mask its frames",
            Violation::Masked => "a server must not mask its frames",
            Violation::LengthNotMinimal => "the length is not in its shortest form",
            Violation::LengthTopBit => "the top bit of a 64-bit length is set",
            Violation::ContinuationWithoutStart => "a continuation, but no message has begun",
            Violation::DataInsideMessage => "a new message before the last one has ended",
            Violation::CloseOneByte => "a close payload of one byte",
            Violation::CloseCode(code) => return write!(f, "close code {code} must not be sent"),
            Violation::Utf8 => "text is not UTF-8",
            Violation::Deflate => "the compressed data is broken",
            Violation::TooBig => "the message is too big",
        })
    }
}

impl Error for Violation {}
