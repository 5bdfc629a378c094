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

/// The debt of one user, as the moment at which it is paid off: one number, for everybody who is logged in has one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bucket {
    /// In milliseconds times the rate, that is in thousandths of requests that were paid off since the beginning.
    paid_off_at: u64,
}

impl Bucket {
    /// Admits one request.
    ///
    /// # Errors
    /// When it is over the rate: the milliseconds after which it would be admitted.
    pub(super) fn admit(&mut self, now: Millis, limits: &Limits) -> Result<(), u64> {
        let per_ms = limits.messages_per_second.max(1);
        let ceiling = limits.messages_burst.max(1).saturating_mul(REQUEST);
        let now = now.0.saturating_mul(per_ms);
        let debt = self.paid_off_at.saturating_sub(now);
        let after = debt.saturating_add(REQUEST);
        if after > ceiling {
            return Err((after - ceiling).div_ceil(per_ms));
        }
        self.paid_off_at = now.saturating_add(after);
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
