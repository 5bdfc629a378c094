//! How many uploads there may be: of one user at once and in a minute, and of all users at once; and how much guests of
//! one address upload in an hour, for whoever is a guest is another one tomorrow.
//!
//! Tested here, and in `tests/app/files.rs` and `files_gone.rs`.

use std::collections::HashMap;

use crate::base::clock::Millis;
use crate::base::limits;
use crate::chat::desk::Address;
use crate::chat::ids::Id;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 3_600_000;
/// Users of whom something is remembered before those are looked for who need not be.
const USERS_MAX: usize = 1_000;
/// Addresses of guests that are counted in one hour. From more than that no guest uploads until the hour is over.
const ADDRESSES_MAX: usize = 10_000;
/// When somebody may try again for whom others have left no room.
const RETRY_MS: u64 = 1_000;

/// What each user has under way, and has begun in the last minute.
#[derive(Debug, Default)]
pub(super) struct Quota {
    users: HashMap<Id, Uses>,
    under_way: usize,
    guests: Guests,
}

/// Bytes that guests have begun to upload in this hour, by address.
#[derive(Debug, Default)]
struct Guests {
    hour: u64,
    bytes: HashMap<Address, u64>,
}

impl Guests {
    /// Counts bytes, if there may be as many, or tells after how many milliseconds there may.
    fn begin(&mut self, now: Millis, address: Address, bytes: u64) -> Result<(), u64> {
        let hour = now.0 / HOUR_MS;
        if hour != self.hour {
            (self.hour, self.bytes) = (hour, HashMap::new());
        }
        let bytes_max = limits::FILES_GUEST_BYTES_PER_ADDRESS_AND_HOUR_MAX.default;
        let begun = self.bytes.get(&address).copied();
        let after = begun.unwrap_or(0).saturating_add(bytes);
        if after > bytes_max || begun.is_none() && self.bytes.len() >= ADDRESSES_MAX {
            return Err(HOUR_MS - now.0 % HOUR_MS);
        }
        self.bytes.insert(address, after);
        Ok(())
    }
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

    /// Counts an upload of so many bytes that begins, if it may; or tells after how many milliseconds it may. `guest`:
    /// it is a guest's, from this address. What is under way is to be given back by [`Quota::end`].
    pub(super) fn begin(
        &mut self,
        now: Millis,
        uid: &Id,
        bytes: u64,
        guest: Option<Address>,
    ) -> Result<(), u64> {
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
        if let Some(address) = guest {
            self.guests.begin(now, address, bytes)?;
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
            assert_eq!(quota.begin(Millis(0), &uid, 1, None), Ok(()));
        }
        let late = Id::Number(5_000);
        assert_eq!(quota.begin(Millis(0), &late, 1, None), Err(RETRY_MS));
        quota.end(&Id::Number(1));
        assert_eq!(quota.begin(Millis(0), &late, 1, None), Ok(()));
        assert_eq!(quota.under_way(), limits::UPLOADS_MAX.count());
    }

    #[test]
    fn a_user_has_so_many_at_once_and_in_a_minute() {
        let mut quota = Quota::default();
        let uid = Id::Number(1);
        for _ in 0..limits::UPLOADS_PER_USER_MAX.count() {
            assert_eq!(quota.begin(Millis(0), &uid, 1, None), Ok(()));
        }
        assert_eq!(quota.begin(Millis(0), &uid, 1, None), Err(RETRY_MS));
        for _ in 0..limits::UPLOADS_PER_USER_MAX.count() {
            quota.end(&uid);
        }
        for _ in limits::UPLOADS_PER_USER_MAX.default..limits::UPLOADS_PER_MINUTE.default {
            assert_eq!(quota.begin(Millis(1_000), &uid, 1, None), Ok(()));
            quota.end(&uid);
        }
        assert_eq!(quota.begin(Millis(1_000), &uid, 1, None), Err(59_000));
        assert_eq!(quota.begin(Millis(60_000), &uid, 1, None), Ok(()));
    }

    #[test]
    fn whoever_has_nothing_under_way_is_forgotten() {
        let mut quota = Quota::default();
        for uid in (1..=USERS_MAX as u64).map(Id::Number) {
            assert_eq!(quota.begin(Millis(0), &uid, 1, None), Ok(()));
            quota.end(&uid);
        }
        assert_eq!(quota.begin(Millis(60_000), &Id::Number(5_000), 1, None), Ok(()));
        assert_eq!(quota.users.len(), 1);
    }

    #[test]
    fn guests_of_an_address_upload_so_much_in_an_hour() {
        let mut quota = Quota::default();
        let bytes_max = limits::FILES_GUEST_BYTES_PER_ADDRESS_AND_HOUR_MAX.default;
        let (one, other) = (Some(Address(1)), Some(Address(2)));
        let mut begin = |at: u64, number: u64, bytes: u64, guest| {
            let begun = quota.begin(Millis(at), &Id::Number(number), bytes, guest);
            if begun.is_ok() {
                quota.end(&Id::Number(number));
            }
            begun
        };
        assert_eq!(begin(0, 1, bytes_max - 1, one), Ok(()));
        assert_eq!(begin(1_000, 2, 2, one), Err(HOUR_MS - 1_000), "another guest of the same address");
        assert_eq!(begin(1_000, 2, 1, one), Ok(()), "what was refused is not counted");
        assert_eq!(begin(1_000, 3, bytes_max, other), Ok(()));
        assert_eq!(begin(1_000, 4, bytes_max, None), Ok(()), "who is no guest is not counted");
        assert_eq!(begin(HOUR_MS, 5, bytes_max, one), Ok(()));
    }
}
