//! The only place that knows JSON shapes: text messages in, requests of the core out; events in, text out.
//!
//! What the shapes mean is told in the chapter on the protocol of the manual. [`parse`] reads what a client
//! sends, [`render`] and its neighbours in [`event`] write what the daemon answers, [`error`] holds the
//! stable codes, [`bye`] the close codes of our own.
//!
//! Knows: names of fields, types of values, what is said to a client about a bad one. Does not know: who
//! may do what, how long a text may be, sockets, the time.
//!
//! Invariants: whatever comes in, `parse` answers with a request or with a [`Refused`]; what goes out is
//! always one JSON object in valid UTF-8; a value that is passed on unread (`data`) has been checked to be
//! JSON first.
//!
//! The tutorial's front end calls `JSON.stringify` and `JSON.parse` and leaves the server's side to the
//! reader: its PHP passes text on without looking into it. Tests: `tests/wire`.

pub mod api;
pub mod bye;
pub mod command;
mod conversations;
mod desk;
pub mod error;
pub mod event;
mod fields;
mod push;
mod scan;
mod tickets;
mod value;
mod writer;

pub use bye::{Bye, render_bye};
pub use command::{Parsed, Request, Resume, parse};
pub use error::{Code, Problem, Refused};
pub use event::{Limits, Login, render, render_error, render_login};
