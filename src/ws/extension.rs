//! Extensions in the opening handshake (RFC 6455, 9.1), of which permessage-deflate (RFC 7692, 7.1) is known.
//!
//! A client makes offers, the best first; the server takes the first that it can keep. An offer with a parameter
//! that is unknown, doubled or out of bounds is passed over, and the connection goes on without compression: a
//! later version of the extension must not lock its clients out. In an answer, on the other hand, the client takes
//! nothing that it cannot keep. Knows nothing of connections. The tutorial does not compress.
//! Tests: `tests/ws/extension.rs`.

use super::deflate::{WINDOW_BITS_MAX, WINDOW_BITS_MIN};

const NAME: &str = "permessage-deflate";
const SERVER_RESETS: &str = "server_no_context_takeover";
const CLIENT_RESETS: &str = "client_no_context_takeover";
const SERVER_BITS: &str = "server_max_window_bits";
const CLIENT_BITS: &str = "client_max_window_bits";

/// What a client of ours offers: both sides begin each message anew.
pub(super) const OFFER: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// What was agreed on compression. Neither side takes over context, in either role. The client's window is not
/// spoken of in the answer (7.1.2.2): it may be any, for the inflater takes them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeflateParams {
    /// The window that the server compresses with, 9 to 15 bits. It is for
    /// [`Deflater::compress`](super::Deflater::compress).
    pub server_window_bits: u8,
    /// Whether the client spoke of the server's window, so that the answer must (7.1.2.1).
    answer_bits: bool,
}

impl DeflateParams {
    /// Takes the first acceptable offer among `Sec-WebSocket-Extensions` lines. `None`: there is none.
    ///
    /// ```
    /// use karez::ws::DeflateParams;
    /// let offers = "permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=10";
    /// assert_eq!(DeflateParams::choose([offers]).unwrap().server_window_bits, 10);
    /// ```
    #[must_use]
    pub fn choose<'a>(lines: impl IntoIterator<Item = &'a str>) -> Option<DeflateParams> {
        lines.into_iter().flat_map(|line| split(line, ',')).find_map(|offer| {
            let params = Params::parse(offer)?;
            Some(DeflateParams {
                server_window_bits: params.server_bits.unwrap_or(WINDOW_BITS_MAX),
                answer_bits: params.server_bits.is_some(),
            })
        })
    }

    /// Reads the server's answer to [`OFFER`]. `None`: it is not what a server may answer to it.
    pub(super) fn verify(answer: &str) -> Option<DeflateParams> {
        let params = Params::parse(answer)?;
        // 7.1.1.1: who accepts the offer must promise what it asks for. And the client's window was not up for talk.
        if !params.server_resets || params.client_bits.is_some() {
            return None;
        }
        Some(DeflateParams {
            server_window_bits: params.server_bits.unwrap_or(WINDOW_BITS_MAX),
            answer_bits: false,
        })
    }

    /// Appends the value of the server's `Sec-WebSocket-Extensions`.
    pub(super) fn encode(self, out: &mut Vec<u8>) {
        out.extend_from_slice(OFFER.as_bytes());
        if self.answer_bits {
            out.extend_from_slice(format!("; {SERVER_BITS}={}", self.server_window_bits).as_bytes());
        }
    }
}

/// The parameters of one permessage-deflate, each at most once.
#[derive(Default)]
struct Params {
    server_resets: bool,
    client_resets: bool,
    server_bits: Option<u8>,
    client_bits: Option<Option<u8>>,
}

impl Params {
    /// `None`: another extension, or a parameter that is unknown, doubled, malformed or out of bounds.
    fn parse(extension: &str) -> Option<Params> {
        let mut pieces = split(extension, ';');
        if !pieces.next()?.eq_ignore_ascii_case(NAME) {
            return None;
        }
        let mut params = Params::default();
        pieces.try_for_each(|piece| params.add(piece))?;
        Some(params)
    }

    fn add(&mut self, piece: &str) -> Option<()> {
        let (name, value) = match piece.split_once('=') {
            Some((name, value)) => (trim(name), Some(unquote(trim(value))?)),
            None => (piece, None),
        };
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        let doubled = if is(SERVER_RESETS) && value.is_none() {
            std::mem::replace(&mut self.server_resets, true)
        } else if is(CLIENT_RESETS) && value.is_none() {
            std::mem::replace(&mut self.client_resets, true)
        } else if is(SERVER_BITS) {
            // 8 would be lawful, but zlib cannot make it.
            let bits = parse_bits(value?).filter(|bits| *bits >= WINDOW_BITS_MIN)?;
            self.server_bits.replace(bits).is_some()
        } else if is(CLIENT_BITS) {
            let bits = match value {
                Some(value) => Some(parse_bits(value)?),
                None => None,
            };
            self.client_bits.replace(bits).is_some()
        } else {
            return None;
        };
        (!doubled).then_some(())
    }
}

/// 8 to 15, in decimal without leading zeros (7.1.2.1).
fn parse_bits(value: &str) -> Option<u8> {
    match value {
        "8" => Some(8),
        "9" => Some(9),
        "10" => Some(10),
        "11" => Some(11),
        "12" => Some(12),
        "13" => Some(13),
        "14" => Some(14),
        "15" => Some(15),
        _ => None,
    }
}

/// What a value says: a token, or a quoted string that holds one.
fn unquote(value: &str) -> Option<&str> {
    match value.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"'),
        None => Some(value),
    }
}

/// The pieces between `separator`s outside quotes, without the blanks around them; empty ones are left out, as in
/// the lists of HTTP (RFC 9110, 5.6.1).
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    text.split(move |c: char| {
        let ends = c == separator && !quoted;
        quoted ^= c == '"' && !escaped;
        escaped = quoted && c == '\\' && !escaped;
        ends
    })
    .map(trim)
    .filter(|piece| !piece.is_empty())
}

/// Without the blanks of HTTP around it: space and tab.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}
