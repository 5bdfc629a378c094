//! Who is kept out of the daemon, and for how long: with the user, and forgotten with the user.
//!
//! Tested in `tests/store/bans.rs`.

use rusqlite::params;

use super::StoreError;
use super::memory::Memory;
use super::rows::Key;
use super::sqlite::Sqlite;
use crate::base::clock::UnixMillis;
use crate::chat::act::Term;
use crate::chat::ids::Id;

impl Memory {
    /// Returns the term before.
    pub(super) fn write_ban(&mut self, uid: &Id, term: Option<Term>) -> Result<Option<Term>, StoreError> {
        let user = self.users.find_mut(uid).ok_or_else(|| StoreError::NoSuchUser(uid.clone()))?;
        Ok(user.set_ban(term))
    }
}

impl Sqlite {
    pub(super) fn write_ban(&self, uid: &Id, term: Option<Term>) -> Result<(), StoreError> {
        let until = term.map(|term| match term {
            Term::UntilLifted => i64::MAX,
            Term::Until(end) => i64::try_from(end.0).unwrap_or(i64::MAX),
        });
        let sql = "UPDATE user SET ban = ?2 WHERE uid = ?1";
        if self.run(sql, params![Key(uid), until])? == 0 { self.demand_user(uid) } else { Ok(()) }
    }
}

/// The term of a row.
pub(super) fn term_of(until: Option<i64>) -> Option<Term> {
    until.map(|until| match until {
        i64::MAX => Term::UntilLifted,
        until => Term::Until(UnixMillis(u64::try_from(until).unwrap_or(0))),
    })
}
