//! The message rate of a user: a token bucket, told as a debt.
//!
//! Each request adds to the debt, time pays it off, and a request that would take the debt over the burst
//! is refused. Counted in thousandths of a request, so that `messages_per_second` is paid off per
//! millisecond and the wait that a refusal tells is exact for every rate, without fractions.
//!
//! Knows nothing of sessions or users: the debt is one per user, over all devices, because the owner keeps
//! one bucket per user. A refused request adds no debt, so whoever waits as told is served.
//! The tutorial has no limit of rate. Tested in `tests/chat/rate.rs`.

use super::limits::Limits;
use crate::base::clock::Millis;

/// One request, in the unit of the debt.
const REQUEST: u64 = 1_000;

/// The debt of one user.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bucket {
    /// Thousandths of requests not yet paid off.
    debt: u32,
    /// When the debt was last reckoned.
    at: Millis,
}

impl Bucket {
    /// Admits one request.
    ///
    /// # Errors
    /// When it is over the rate: the milliseconds after which it would be admitted.
    pub(super) fn admit(&mut self, now: Millis, limits: &Limits) -> Result<(), u64> {
        let per_ms = limits.messages_per_second.max(1);
        let ceiling = limits.messages_burst.max(1).saturating_mul(REQUEST).min(u64::from(u32::MAX));
        let paid = now.ms_since(self.at).saturating_mul(per_ms);
        let debt = u64::from(self.debt).saturating_sub(paid);
        let after = debt + REQUEST;
        if after > ceiling {
            return Err((after - ceiling).div_ceil(per_ms));
        }
        self.debt = u32::try_from(after).unwrap_or(u32::MAX);
        self.at = now;
        Ok(())
    }
}

/// A spell over the rate: refusals that follow one another without a pause.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spell {
    first: Millis,
    latest: Millis,
}

impl Spell {
    /// A spell that begins with this refusal.
    pub(super) fn begin(now: Millis) -> Spell {
        Spell { first: now, latest: now }
    }

    /// Takes one more refusal; after a pause it is the first of a new spell. Tells how long the spell lasts.
    pub(super) fn lengthen(&mut self, now: Millis, limits: &Limits) -> u64 {
        if now.ms_since(self.latest) > limits.over_rate_pause_ms {
            self.first = now;
        }
        self.latest = now;
        now.ms_since(self.first)
    }
}
