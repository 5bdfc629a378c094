//! A sorted set of a few things, without room to spare.
//!
//! Most users are in one group or two. A tree has room for eleven in its smallest node, 200 bytes and more for each
//! user; this has two words and what is in it. A change copies it, so it is for sets that are small and rarely change.
//! Used by the store in memory; tested below.

/// A sorted set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Few<T>(Box<[T]>);

impl<T> Default for Few<T> {
    fn default() -> Few<T> {
        Few(Box::default())
    }
}

impl<T: Ord> Few<T> {
    /// Whether it was not there before.
    pub(super) fn insert(&mut self, item: T) -> bool {
        let Err(at) = self.0.binary_search(&item) else { return false };
        let mut items = Vec::with_capacity(self.0.len() + 1);
        items.extend(std::mem::take(&mut self.0));
        items.insert(at, item);
        self.0 = items.into_boxed_slice();
        true
    }

    /// Whether it was there.
    pub(super) fn remove(&mut self, item: &T) -> bool {
        let Ok(at) = self.0.binary_search(item) else { return false };
        let mut items = Vec::from(std::mem::take(&mut self.0));
        items.remove(at);
        self.0 = items.into_boxed_slice();
        true
    }

    pub(super) fn contains(&self, item: &T) -> bool {
        self.0.binary_search(item).is_ok()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_sorted_and_holds_each_once() {
        let mut few = Few::default();
        assert!(few.insert(2) && few.insert(3) && few.insert(1));
        assert!(!few.insert(2));
        assert!(few.iter().eq(&[1, 2, 3]));
        assert!(few.remove(&2) && !few.remove(&2));
        assert!(few.contains(&3) && !few.contains(&2));
        assert!(few.remove(&1) && few.remove(&3) && few.is_empty());
    }
}
