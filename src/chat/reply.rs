//! How a request ends: with an answer of its own, with an `ack`, or refused.

use super::output::{AckedEntry, Refusal};

/// A request that was served.
pub(super) enum Reply {
    /// It had an answer of its own, which is out already.
    Given,
    /// It is acknowledged, if it carries an `id`, with the entry that it made.
    Ack(Option<AckedEntry>),
}

/// A request that was served, or refused without having changed anything.
pub(super) type Outcome = Result<Reply, Refusal>;
