//! How many uploads there may be: of one user at once and in a minute, and of all users at once.
//!
//! Tested here, and in `tests/app/files.rs`.

use std::collections::HashMap;

use crate::base::clock::Millis;
use crate::base::limits;
use crate::chat::ids::Id;

const MINUTE_MS: u64 = 60_000;
/// Users of whom something is remembered before those are looked for who need not be.
const USERS_MAX: usize = 1_000;
/// When somebody may try again for whom others have left no room.
const RETRY_MS: u64 = 1_000;

/// What each user has under way, and has begun in the last minute.
#[derive(Debug, Default)]
pub(super) struct Quota {
    users: HashMap<Id, Uses>,
    under_way: usize,
}

#[derive(Debug, Default)]
struct Uses {
    under_way: usize,
    begun: u64,
    since: Millis,
}

impl Quota {
    /// How many are under way in all.
    pub(super) fn under_way(&self) -> usize {
        self.under_way
    }

    /// Counts an upload that begins, if it may; or tells after how many milliseconds it may. What is counted is to be
    /// given back by [`Quota::end`].
    pub(super) fn begin(&mut self, now: Millis, uid: &Id) -> Result<(), u64> {
        if self.users.len() >= USERS_MAX {
            self.users.retain(|_, uses| uses.under_way > 0 || now.ms_since(uses.since) < MINUTE_MS);
        }
        let uses = self.users.entry(uid.clone()).or_insert(Uses { since: now, ..Uses::default() });
        let passed_ms = now.ms_since(uses.since);
        if passed_ms >= MINUTE_MS {
            (uses.begun, uses.since) = (0, now);
        }
        if uses.begun >= limits::UPLOADS_PER_MINUTE.default {
            return Err(MINUTE_MS.saturating_sub(passed_ms).max(1));
        }
        if uses.under_way >= limits::UPLOADS_PER_USER_MAX.count()
            || self.under_way >= limits::UPLOADS_MAX.count()
        {
            return Err(RETRY_MS);
        }
        uses.begun += 1;
        uses.under_way += 1;
        self.under_way += 1;
        Ok(())
    }

    /// An upload has ended, one way or another.
    pub(super) fn end(&mut self, uid: &Id) {
        if let Some(uses) = self.users.get_mut(uid) {
            uses.under_way = uses.under_way.saturating_sub(1);
            self.under_way = self.under_way.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_under_way_in_all() {
        let mut quota = Quota::default();
        let mut uids = (1..).filter_map(Id::from_number);
        for uid in uids.by_ref().take(limits::UPLOADS_MAX.count()) {
            assert_eq!(quota.begin(Millis(0), &uid), Ok(()));
        }
        let late = Id::Number(5_000);
        assert_eq!(quota.begin(Millis(0), &late), Err(RETRY_MS));
        quota.end(&Id::Number(1));
        assert_eq!(quota.begin(Millis(0), &late), Ok(()));
        assert_eq!(quota.under_way(), limits::UPLOADS_MAX.count());
    }

    #[test]
    fn a_user_has_so_many_at_once_and_in_a_minute() {
        let mut quota = Quota::default();
        let uid = Id::Number(1);
        for _ in 0..limits::UPLOADS_PER_USER_MAX.count() {
            assert_eq!(quota.begin(Millis(0), &uid), Ok(()));
        }
        assert_eq!(quota.begin(Millis(0), &uid), Err(RETRY_MS));
        for _ in 0..limits::UPLOADS_PER_USER_MAX.count() {
            quota.end(&uid);
        }
        for _ in limits::UPLOADS_PER_USER_MAX.default..limits::UPLOADS_PER_MINUTE.default {
            assert_eq!(quota.begin(Millis(1_000), &uid), Ok(()));
            quota.end(&uid);
        }
        assert_eq!(quota.begin(Millis(1_000), &uid), Err(59_000));
        assert_eq!(quota.begin(Millis(60_000), &uid), Ok(()));
    }

    #[test]
    fn whoever_has_nothing_under_way_is_forgotten() {
        let mut quota = Quota::default();
        for uid in (1..=USERS_MAX as u64).map(Id::Number) {
            assert_eq!(quota.begin(Millis(0), &uid), Ok(()));
            quota.end(&uid);
        }
        assert_eq!(quota.begin(Millis(60_000), &Id::Number(5_000)), Ok(()));
        assert_eq!(quota.users.len(), 1);
    }
}
