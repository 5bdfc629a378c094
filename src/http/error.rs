//! Why a request is refused.
//!
//! Every refusal ends the connection: after it nobody can say where the next request begins, and guessing
//! is how requests are smuggled. The answer is [`RequestError::status`] with [`RequestError`]'s text as its body,
//! `Connection: close`, and then the close. Refusals that depend on a route (404, 405) are the application's.
//! Tests: `tests/http/refusals.rs` has a request for each variant.

use std::fmt;

/// The peer's request is not one, or is over a limit. Always the peer's fault; the connection is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestError {
    /// Something other than CR LF ends a line, or a CR stands alone (RFC 9112, 2.2).
    LineEnd,
    /// More empty lines before the request line than are tolerated (RFC 9112, 2.2).
    EmptyLines,
    /// The request line is not `method SP target SP version` (RFC 9112, 3).
    RequestLine,
    /// The target has none of the forms of RFC 9112, 3.2, or names another authority than `Host`.
    Target,
    /// A major version other than 1, or a minor version that nobody defined.
    Version,
    /// A header line begins with white space (RFC 9112, 5.2).
    ObsoleteFold,
    /// A header's name is empty, has a byte that is no token, or is not followed at once by a colon.
    HeaderName,
    /// A header's value has a NUL or another control character.
    HeaderValue,
    /// HTTP/1.1 without exactly one `Host`, or any request with two (RFC 9112, 3.2).
    HostCount,
    /// `Host` is not a name or address with an optional port.
    HostValue,
    /// `Content-Length` together with `Transfer-Encoding`: the classic of request smuggling.
    LengthAndCoding,
    /// More than one `Content-Length`, be they equal.
    LengthTwice,
    /// A `Content-Length` that is anything but digits.
    LengthValue,
    /// A `Transfer-Encoding` that is not exactly `chunked`, or that comes with HTTP/1.0.
    TransferCoding,
    /// The chunked coding is broken (RFC 9112, 7.1).
    Chunk,
    /// The body is over the limit.
    BodyTooLarge,
    /// The request line is over the limit.
    TargetTooLong,
    /// An expectation other than `100-continue`.
    Expectation,
    /// A header line, the whole head or the trailers are over the limit, or there are too many headers.
    HeadTooLarge,
}

impl RequestError {
    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            RequestError::BodyTooLarge => 413,
            RequestError::TargetTooLong => 414,
            RequestError::Expectation => 417,
            RequestError::HeadTooLarge => 431,
            RequestError::Version => 505,
            RequestError::LineEnd
            | RequestError::EmptyLines
            | RequestError::RequestLine
            | RequestError::Target
            | RequestError::ObsoleteFold
            | RequestError::HeaderName
            | RequestError::HeaderValue
            | RequestError::HostCount
            | RequestError::HostValue
            | RequestError::LengthAndCoding
            | RequestError::LengthTwice
            | RequestError::LengthValue
            | RequestError::TransferCoding
            | RequestError::Chunk => 400,
        }
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RequestError::LineEnd => "a line must end with CR LF, and neither may stand alone",
            RequestError::EmptyLines => "too many empty lines before the request line",
            RequestError::RequestLine => "the request line is not: method, target, version",
            RequestError::Target => "the target of the request is not acceptable",
            RequestError::Version => "only HTTP/1.1 and HTTP/1.0 are spoken here",
            RequestError::ObsoleteFold => "a header line may not begin with white space",
            RequestError::HeaderName => "a header's name must be a token directly before its colon",
            RequestError::HeaderValue => "a header's value may not have control characters",
            RequestError::HostCount => "there must be one Host header",
            RequestError::HostValue => "the Host header must be a name or an address, and perhaps a port",
            RequestError::LengthAndCoding => "Content-Length and Transfer-Encoding exclude each other",
            RequestError::LengthTwice => "there may be only one Content-Length",
            RequestError::LengthValue => "Content-Length must be digits",
            RequestError::TransferCoding => "the only transfer coding is chunked, in HTTP/1.1",
            RequestError::Chunk => "the chunked body is broken",
            RequestError::BodyTooLarge => "the body is too large",
            RequestError::TargetTooLong => "the request line is too long",
            RequestError::Expectation => "the only expectation that can be met is 100-continue",
            RequestError::HeadTooLarge => "the headers are too large or too many",
        })
    }
}

impl std::error::Error for RequestError {}
