//! Rows that are found by a key which they hold themselves.
//!
//! A map from ids to rows holds each id twice: in the row, which must know what it is called, and as the key. With ten
//! thousand users that is 32 bytes for each, and one more box for an id that is a text. Here the rows lie in a slab,
//! and beside it is a table of their numbers, four bytes and one for each. To look up is to hash the key and
//! to compare it with that of the row: one look at memory more than a map, and one copy of the key less.
//!
//! The number of a row is a name for it that costs nothing to look up, and holds until the row is removed. Whoever
//! keeps one sees to it that it does. Rows that are put back in the reverse order of their removal get their
//! numbers back.
//!
//! Hashed as `map.rs` says. The order of a walk is that of the numbers, never that of the hashes.
//!
//! The tutorial's arrays are such tables. Tests: below.

use std::hash::{BuildHasher, Hash};
use std::ops::{Index, IndexMut};

use hashbrown::HashTable;
use slab::Slab;

use super::map::Seed;

/// What a row is found by.
pub trait Keyed {
    /// An id, or a pair of them.
    type Key: Hash + Eq;
    /// The key of this row. It never changes.
    fn key(&self) -> &Self::Key;
}

/// Rows by number and by key.
#[derive(Debug)]
pub struct KeyedSlab<T> {
    rows: Slab<T>,
    numbers: HashTable<u32>,
    seed: Seed,
}

impl<T> Default for KeyedSlab<T> {
    fn default() -> KeyedSlab<T> {
        KeyedSlab { rows: Slab::new(), numbers: HashTable::new(), seed: Seed::default() }
    }
}

impl<T: Keyed> KeyedSlab<T> {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The number of the row with this key.
    #[must_use]
    pub fn number(&self, key: &T::Key) -> Option<u32> {
        let is_it = |number: &u32| self.get(*number).is_some_and(|row| row.key() == key);
        self.numbers.find(self.seed.hash_one(key), is_it).copied()
    }

    /// The row with this key.
    #[must_use]
    pub fn find(&self, key: &T::Key) -> Option<&T> {
        self.get(self.number(key)?)
    }

    /// The row with this key, to be changed.
    pub fn find_mut(&mut self, key: &T::Key) -> Option<&mut T> {
        self.get_mut(self.number(key)?)
    }

    /// The row with this number.
    #[must_use]
    pub fn get(&self, number: u32) -> Option<&T> {
        self.rows.get(number as usize)
    }

    /// The row with this number, to be changed.
    pub fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.rows.get_mut(number as usize)
    }

    /// Adds a row, whose key no other row has, and tells its number.
    pub fn insert(&mut self, row: T) -> u32 {
        let hash = self.seed.hash_one(row.key());
        // Four thousand million rows would need more memory than any machine of this daemon has.
        let number = self.rows.insert(row) as u32;
        let (rows, seed) = (&self.rows, &self.seed);
        let hash_of = |number: &u32| rows.get(*number as usize).map_or(0, |row| seed.hash_one(row.key()));
        self.numbers.insert_unique(hash, number, hash_of);
        number
    }

    /// Takes a row out. Its number is another row's one day.
    pub fn remove(&mut self, number: u32) -> Option<T> {
        let row = self.rows.try_remove(number as usize)?;
        let hash = self.seed.hash_one(row.key());
        if let Ok(found) = self.numbers.find_entry(hash, |other| *other == number) {
            found.remove();
        }
        Some(row)
    }

    /// Every row, by number.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.rows.iter().map(|(number, row)| (number as u32, row))
    }
}

/// For whoever keeps a number only as long as the row is there.
impl<T> Index<u32> for KeyedSlab<T> {
    type Output = T;

    fn index(&self, number: u32) -> &T {
        &self.rows[number as usize]
    }
}

impl<T> IndexMut<u32> for KeyedSlab<T> {
    fn index_mut(&mut self, number: u32) -> &mut T {
        &mut self.rows[number as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Keyed for (u64, &str) {
        type Key = u64;
        fn key(&self) -> &u64 {
            &self.0
        }
    }

    #[test]
    fn rows_are_found_by_key_and_by_number_until_they_are_removed() {
        let mut rows = KeyedSlab::default();
        let numbers: Vec<u32> = (0..1000).map(|key| rows.insert((key, "row"))).collect();
        assert!((0..1000).all(|key| rows.number(&key) == Some(numbers[key as usize])));
        for key in (0..1000).step_by(2) {
            assert_eq!(rows.remove(numbers[key as usize]), Some((key, "row")));
        }
        assert!((0..1000).all(|key| rows.find(&key).is_some() == (key % 2 == 1)));
        assert_eq!((rows.len(), rows.remove(numbers[0])), (500, None));
        if let Some(row) = rows.find_mut(&1) {
            row.1 = "changed";
        }
        assert_eq!(rows.get(numbers[1]), Some(&(1, "changed")));
        assert!(rows.iter().map(|(number, _)| number).is_sorted());
    }

    #[test]
    fn rows_that_are_put_back_the_other_way_round_have_their_numbers_again() {
        let mut rows = KeyedSlab::default();
        let numbers: Vec<u32> = (0..5).map(|key| rows.insert((key, ""))).collect();
        let removed: Vec<_> =
            [3, 0, 4].map(|at| rows.remove(numbers[at])).into_iter().flatten().rev().collect();
        let again: Vec<u32> = removed.into_iter().map(|row| rows.insert(row)).collect();
        assert_eq!(again, [numbers[4], numbers[0], numbers[3]]);
    }
}
