//! WebSocket (RFC 6455) with permessage-deflate (RFC 7692) as bytes in, events out.
//!
//! No socket, no clock, no randomness: whoever has bytes gives them, whoever wants to send gets bytes appended
//! to a buffer of its own. So one code serves the event loop, the tests, the fuzzer and the client's role.
//!
//! The chapters, in reading order:
//!
//! | file | what | RFC 6455 |
//! |---|---|---|
//! | [`mask`] | XOR with the masking key | 5.3 |
//! | [`frame`] | the header of a frame, and frames to send | 5.2 |
//! | [`utf8`] | a text is checked while it comes | 8.1 |
//! | [`close`] | close codes and the payload of a Close frame | 5.5.1, 7.4 |
//! | [`message`] | fragments become one message | 5.4 |
//! | [`codec`] | [`Decoder`]: bytes become [`Event`]s | 5, 6 |
//! | [`deflate`] | one deflater and one inflater for all connections | RFC 7692 |
//! | [`extension`] | which offer of compression is taken | 9.1, RFC 7692 7 |
//! | [`origin`] | may this page connect | 10.2 |
//! | [`handshake`] | the opening handshake of both roles | 4 |
//! | [`error`] | [`Violation`]: what the peer did wrong, and its close code | 7.1.7 |
//!
//! Invariant: nothing that a peer sends panics, and nothing is allocated for a length that is only declared.
//! The tutorial calls these `handshaking()`, `decode()` and `encode()`, and takes one `recv` for one message;
//! it leaves out control frames, fragments, the check of masking, of lengths and of UTF-8.
//! Tests: `tests/ws/`.

pub mod close;
pub mod codec;
pub mod deflate;
pub mod error;
pub mod extension;
pub mod frame;
pub mod handshake;
pub mod mask;
pub mod message;
pub mod origin;
pub mod utf8;

pub use close::{Close, code, encode_close};
pub use codec::{Decoder, Event, Role, Settings, Step};
pub use deflate::{DEFLATE_BYTES_MIN, Deflater, Inflater};
pub use error::Violation;
pub use extension::DeflateParams;
pub use frame::{
    Header, Opcode, encode_compressed, encode_frame, encode_masked, encode_masked_compressed, frame_end,
    messages_from,
};
pub use handshake::{Accepted, ClientError, ClientHandshake, Connected, Policy, Refusal, accept, is_upgrade};
pub use mask::apply_mask;
pub use utf8::Utf8;
