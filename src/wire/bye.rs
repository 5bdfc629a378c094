//! The last word before a close: why, and when to come back.
//!
//! RFC 6455, section 7.4.2, leaves 4000 to 4999 to applications. Ours say what to do next: 40xx, do not come
//! back unchanged; 41xx, come back after a pause. A browser sees the close code only, so `bye` carries the
//! pause.

use super::writer::Writer;

/// Why the daemon ends a session on its own accord.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bye {
    /// The daemon stops, to start again most likely.
    Restart,
    /// The login failed, or the token of the session has expired.
    Unauthorized,
    /// Too many logins have failed from the client's address.
    Overloaded,
    /// The site's back end has ended the user's connections.
    Kicked,
    /// The user may not be here.
    Banned,
    /// The client reads more slowly than it is written to.
    TooSlow,
    /// No login in time.
    LoginTimeout,
    /// The client went on over the message rate.
    TooManyMessages,
}

impl Bye {
    /// All of them, for tables and tests.
    pub const ALL: [Bye; 8] = [
        Bye::Restart,
        Bye::Unauthorized,
        Bye::Kicked,
        Bye::Banned,
        Bye::Overloaded,
        Bye::TooSlow,
        Bye::LoginTimeout,
        Bye::TooManyMessages,
    ];

    /// The `code` of the message.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Bye::Restart => "restart",
            Bye::Unauthorized => "unauthorized",
            Bye::Kicked => "kicked",
            Bye::Banned => "banned",
            Bye::Overloaded => "overloaded",
            Bye::TooSlow => "too_slow",
            Bye::LoginTimeout => "login_timeout",
            Bye::TooManyMessages => "too_many_messages",
        }
    }

    /// The close code of the Close frame that follows.
    #[must_use]
    pub const fn close_code(self) -> u16 {
        match self {
            Bye::Restart => 1001,
            Bye::Unauthorized => 4001,
            Bye::Kicked | Bye::Banned => 4003,
            Bye::Overloaded => 4100,
            Bye::TooSlow => 4101,
            Bye::LoginTimeout => 4102,
            Bye::TooManyMessages => 4108,
        }
    }
}

/// Writes a `bye`. `retry_ms`: the pause in milliseconds, `None` where coming back is of no use.
pub fn render_bye(bye: Bye, retry_ms: Option<u64>, out: &mut Vec<u8>) {
    let mut json = Writer::open(out, "bye");
    json.word("code", bye.as_str());
    if let Some(retry_ms) = retry_ms {
        json.number("retry", retry_ms);
    }
    json.close();
}
