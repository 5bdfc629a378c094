//! The closing handshake's words: close codes and the payload of a Close frame (RFC 6455, 5.5.1 and 7.4).
//!
//! A Close carries nothing, or a code of two bytes and then a reason in UTF-8. Which codes may be sent is judged
//! here; who sends which, and how long one waits for the answer, is the connection's (floor `net`). Invariant: a
//! Close that is encoded here is never refused by one that decodes here. The tutorial's `close()` only closes the
//! socket, so that the other side sees 1006. Tests: `tests/ws/close.rs`.

use super::error::Violation;
use super::frame::{CONTROL_BYTES_MAX, Opcode, encode_frame};

/// The close codes that this server sends or names (RFC 6455, 7.4.1). Codes of 4000-4999 are the application's.
pub mod code {
    /// The purpose has been fulfilled.
    pub const NORMAL: u16 = 1000;
    /// The server goes down, or the page was left.
    pub const GOING_AWAY: u16 = 1001;
    /// Broken framing.
    pub const PROTOCOL_ERROR: u16 = 1002;
    /// A kind of message that is not taken, such as binary.
    pub const UNSUPPORTED: u16 = 1003;
    /// Never sent: stands for a Close without a code.
    pub const NO_STATUS: u16 = 1005;
    /// Never sent: stands for an end without a Close.
    pub const ABNORMAL: u16 = 1006;
    /// Content that does not fit its type, such as a text that is not UTF-8.
    pub const INVALID_DATA: u16 = 1007;
    /// Against the rules of the house, where no other code fits.
    pub const POLICY: u16 = 1008;
    /// A message over the limit.
    pub const TOO_BIG: u16 = 1009;
    /// Our fault.
    pub const INTERNAL: u16 = 1011;
    /// Come back later.
    pub const TRY_AGAIN: u16 = 1013;
}

/// The longest reason: a control frame's payload less the code.
pub const REASON_BYTES_MAX: usize = CONTROL_BYTES_MAX - 2;

/// What a Close frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Close<'a> {
    /// The close code.
    pub code: u16,
    /// Why, for people; often empty. Foreign text: escape it where it is shown.
    pub reason: &'a str,
}

impl<'a> Close<'a> {
    /// Reads the payload of a Close. `None`: it was empty, no code was given.
    ///
    /// # Errors
    ///
    /// 1002 for a payload of one byte or a code that must not be sent, 1007 for a reason that is not UTF-8.
    pub fn decode(payload: &'a [u8]) -> Result<Option<Close<'a>>, Violation> {
        match payload {
            [] => Ok(None),
            [_] => Err(Violation::CloseOneByte),
            [high, low, reason @ ..] => {
                let code = u16::from_be_bytes([*high, *low]);
                if !may_be_sent(code) {
                    return Err(Violation::CloseCode(code));
                }
                let reason = std::str::from_utf8(reason).map_err(|_| Violation::Utf8)?;
                Ok(Some(Close { code, reason }))
            }
        }
    }
}

/// Whether a close code may stand in a Close frame: those that RFC 6455 and its registry define but 1004-1006 and
/// 1015, which only stand for something; 3000-3999 for libraries, 4000-4999 for applications.
#[must_use]
pub fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// Appends an unmasked Close. The reason is cut at 123 bytes, between two characters.
///
/// ```
/// let mut out = Vec::new();
/// karez::ws::encode_close(&mut out, 1000, "bye");
/// assert_eq!(out, [0x88, 5, 0x03, 0xe8, b'b', b'y', b'e']);
/// ```
pub fn encode_close(out: &mut Vec<u8>, code: u16, reason: &str) {
    debug_assert!(may_be_sent(code), "close code {code} must not be sent");
    let mut payload = Vec::with_capacity(CONTROL_BYTES_MAX);
    payload.extend_from_slice(&code.to_be_bytes());
    payload.extend_from_slice(cut_reason(reason).as_bytes());
    encode_frame(out, Opcode::Close, &payload);
}

/// As much of `reason` as fits, whole characters only: half of one would be answered with 1007.
fn cut_reason(reason: &str) -> &str {
    let mut end = reason.len().min(REASON_BYTES_MAX);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    reason.get(..end).unwrap_or_default()
}
