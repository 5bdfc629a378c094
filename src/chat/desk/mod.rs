//! The support desk: visitors open tickets, agents hold them.
//!
//! So far its words only: what is asked (`request.rs`, `call.rs`), told (`event.rs`) and kept (`record.rs`).

mod call;
mod event;
mod limits;
mod names;
mod record;
mod request;

pub use call::*;
pub use event::*;
pub use limits::DeskLimits;
pub use names::*;
pub use record::*;
pub use request::*;
