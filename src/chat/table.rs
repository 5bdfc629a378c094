//! Compact tables: ids interned to small integers, and small sorted sets.
//!
//! A uid or gid is hashed once, at the edge; inside the core users and groups are named by a *slot*, a
//! `u32` that indexes a slab (`base/keyed.rs`, which keeps no second copy of the id). Sets of sessions and of slots
//! are two words each, with a box only where there are several. Hash tables have a seed that nobody outside can
//! guess, and are only looked into, never iterated, so that no hash order can reach an output.
//!
//! A row that nothing needs any more is *loose*. It stays as a cache, and is taken out, longest loose
//! first, when there are too many; the owner of the table says then whether it is still unneeded.
//! Tested through the core: `tests/chat/parking.rs`, `tests/sim/`.

use std::collections::VecDeque;
use std::ops::{Index, IndexMut};

use super::ids::Id;
use crate::base::keyed::{Keyed, KeyedSlab};

/// The number of a row.
pub(super) trait Slot: Copy {
    /// From an index of the slab.
    fn from_index(index: u32) -> Self;
    /// The index in the slab.
    fn index(self) -> u32;
}

/// What a table holds.
pub(super) trait Row {
    /// How such a row is named.
    type Slot: Slot;
    /// A row of which only the id is known.
    fn new(id: Id) -> Self;
    /// The id.
    fn id(&self) -> &Id;
}

struct Entry<T> {
    row: T,
    /// How many rows there had been when it came, itself counted.
    birth: u32,
    loose: bool,
}

impl<T: Row> Keyed for Entry<T> {
    type Key = Id;

    fn key(&self) -> &Id {
        self.row.id()
    }
}

/// Rows by id and by slot.
pub(super) struct Table<T: Row> {
    rows: KeyedSlab<Entry<T>>,
    /// How many rows there have been.
    births: u32,
    loose: VecDeque<T::Slot>,
}

impl<T: Row> Table<T> {
    /// What a row takes, without what it has in boxes.
    pub(super) const ROW_BYTES: usize = size_of::<Entry<T>>();

    pub(super) fn new() -> Table<T> {
        Table { rows: KeyedSlab::default(), births: 0, loose: VecDeque::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// How many rows are like that.
    pub(super) fn count(&self, is_one: impl Fn(&T) -> bool) -> usize {
        self.rows.iter().filter(|(_, entry)| is_one(&entry.row)).count()
    }

    /// All rows. In no order that means anything to anybody outside: whoever puts them out sorts them.
    pub(super) fn rows(&self) -> impl Iterator<Item = &T> {
        self.rows.iter().map(|(_, entry)| &entry.row)
    }

    /// The slot of an id that has one.
    pub(super) fn slot(&self, id: &Id) -> Option<T::Slot> {
        self.rows.number(id).map(T::Slot::from_index)
    }

    /// Whether this is the slot of that id.
    pub(super) fn is_named(&self, slot: T::Slot, id: &Id) -> bool {
        self.rows.get(slot.index()).is_some_and(|entry| entry.row.id() == id)
    }

    /// The row of an id that has one.
    pub(super) fn find(&self, id: &Id) -> Option<&T> {
        self.slot(id).map(|slot| &self[slot])
    }

    /// The slot of an id, given now if it has none.
    pub(super) fn intern(&mut self, id: &Id) -> T::Slot {
        if let Some(slot) = self.slot(id) {
            return slot;
        }
        self.births = self.births.wrapping_add(1);
        let entry = Entry { row: T::new(id.clone()), birth: self.births, loose: false };
        T::Slot::from_index(self.rows.insert(entry))
    }

    /// A name for a row that outlives it: whoever gets the slot later has another, for the next four thousand million
    /// rows. A number that is hashed in no time, for whoever keeps something about rows that it does not pin.
    pub(super) fn lasting_name(&self, slot: T::Slot) -> u64 {
        let birth = self.rows.get(slot.index()).map_or(0, |entry| entry.birth);
        u64::from(birth) << 32 | u64::from(slot.index())
    }

    /// Says that a row may no longer be needed.
    pub(super) fn loosen(&mut self, slot: T::Slot) {
        if let Some(entry) = self.rows.get_mut(slot.index())
            && !entry.loose
        {
            entry.loose = true;
            self.loose.push_back(slot);
        }
    }

    /// The row that has been loose for longest, when there are more than `loose_max`. It is no longer loose.
    pub(super) fn next_loose(&mut self, loose_max: usize) -> Option<T::Slot> {
        if self.loose.len() <= loose_max {
            return None;
        }
        let slot = self.loose.pop_front()?;
        if let Some(entry) = self.rows.get_mut(slot.index()) {
            entry.loose = false;
        }
        Some(slot)
    }

    /// Forgets a row. Nothing may name its slot any more, and it must not be loose.
    pub(super) fn remove(&mut self, slot: T::Slot) {
        let removed = self.rows.remove(slot.index());
        debug_assert!(removed.is_none_or(|entry| !entry.loose), "a loose row is taken out by next_loose");
    }
}

/// A slot comes from this table and is kept only where the row is pinned, so the row is there.
impl<T: Row> Index<T::Slot> for Table<T> {
    type Output = T;

    fn index(&self, slot: T::Slot) -> &T {
        &self.rows[slot.index()].row
    }
}

impl<T: Row> IndexMut<T::Slot> for Table<T> {
    fn index_mut(&mut self, slot: T::Slot) -> &mut T {
        &mut self.rows[slot.index()].row
    }
}

/// A small sorted set in two words: most users have one device and are in one group. A change copies it, so it is for
/// sets that rarely change.
#[derive(Debug)]
pub(super) enum Set<T> {
    /// The only one.
    One(T),
    /// None, or several.
    Other(Box<[T]>),
}

impl<T> Default for Set<T> {
    fn default() -> Set<T> {
        Set::Other(Box::default())
    }
}

impl<T: Ord + Copy> Set<T> {
    fn of(items: Vec<T>) -> Set<T> {
        match items[..] {
            [only] => Set::One(only),
            _ => Set::Other(items.into_boxed_slice()),
        }
    }

    pub(super) fn as_slice(&self) -> &[T] {
        match self {
            Set::One(only) => std::slice::from_ref(only),
            Set::Other(others) => others,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.as_slice().len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    pub(super) fn contains(&self, item: T) -> bool {
        self.as_slice().binary_search(&item).is_ok()
    }

    /// Whether it was not there before.
    pub(super) fn insert(&mut self, item: T) -> bool {
        let items = self.as_slice();
        let Err(at) = items.binary_search(&item) else { return false };
        let mut with = Vec::with_capacity(items.len() + 1);
        with.extend_from_slice(items);
        with.insert(at, item);
        *self = Set::of(with);
        true
    }

    /// Whether it was there.
    pub(super) fn remove(&mut self, item: T) -> bool {
        let items = self.as_slice();
        let Ok(at) = items.binary_search(&item) else { return false };
        let mut without = items.to_vec();
        without.remove(at);
        *self = Set::of(without);
        true
    }
}
