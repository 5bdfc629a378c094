//! How many calls a key may make: so many a second, and as many at once.
//!
//! A bucket that leaks, as for users (`chat/quota.rs`), one for each key that has made a call; so there are never more
//! than keys. Tested in `tests/app/api_keys.rs`.

use std::collections::HashMap;

use crate::base::clock::Millis;

/// The debts of the keys, by name, in thousandths of a call.
#[derive(Debug)]
pub(super) struct Rates {
    per_second: u64,
    debts: HashMap<Box<str>, (u64, Millis)>,
}

impl Rates {
    pub(super) fn new(per_second: u64) -> Rates {
        Rates { per_second: per_second.max(1), debts: HashMap::new() }
    }

    pub(super) fn set(&mut self, per_second: u64) {
        self.per_second = per_second.max(1);
    }

    /// Counts a call, if the key may make it now; or tells after how many milliseconds it may. A key that was revoked
    /// leaves its debt behind: names that nobody has any more are dropped by [`Rates::keep`].
    pub(super) fn admit(&mut self, now: Millis, name: &str) -> Result<(), u64> {
        let (debt, at) = self.debts.get(name).copied().unwrap_or_default();
        let debt = debt.saturating_sub(now.ms_since(at).saturating_mul(self.per_second)) + 1_000;
        let most = self.per_second.saturating_mul(1_000);
        if debt > most {
            return Err((debt - most).div_ceil(self.per_second));
        }
        match self.debts.get_mut(name) {
            Some(known) => *known = (debt, now),
            None => {
                self.debts.insert(name.into(), (debt, now));
            }
        }
        Ok(())
    }

    /// Forgets those whose key is no more, where there are more than `max`.
    pub(super) fn keep(&mut self, max: usize, is_known: impl Fn(&str) -> bool) {
        if self.debts.len() > max {
            self.debts.retain(|name, _| is_known(name));
        }
    }
}
