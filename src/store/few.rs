//! A sorted set of a few things, without room to spare; and lists that grow without much of it.
//!
//! Most users are in one group or two, and block nobody. A tree has room for eleven in its smallest node, 200 bytes
//! and more for each user. This set holds one thing in itself, and more of them in a box of just their size. A change
//! copies it, so it is for sets that are small and rarely change.
//! Used by the store in memory; tested below.

/// A sorted set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Few<T> {
    /// The only one.
    One(T),
    /// None, or several.
    Other(Box<[T]>),
}

impl<T> Default for Few<T> {
    fn default() -> Few<T> {
        Few::Other(Box::default())
    }
}

impl<T: Ord> Few<T> {
    fn of(mut items: Vec<T>) -> Few<T> {
        match items.pop() {
            Some(only) if items.is_empty() => Few::One(only),
            last => {
                items.extend(last);
                Few::Other(items.into_boxed_slice())
            }
        }
    }

    fn into_vec(self, room: usize) -> Vec<T> {
        let mut items = Vec::new();
        match self {
            Few::One(only) => {
                items.reserve_exact(1 + room);
                items.push(only);
            }
            Few::Other(others) => {
                items.reserve_exact(others.len() + room);
                items.extend(others);
            }
        }
        items
    }

    fn as_slice(&self) -> &[T] {
        match self {
            Few::One(only) => std::slice::from_ref(only),
            Few::Other(others) => others,
        }
    }

    /// Whether it was not there before.
    pub(super) fn insert(&mut self, item: T) -> bool {
        let Err(at) = self.as_slice().binary_search(&item) else { return false };
        let mut items = std::mem::take(self).into_vec(1);
        items.insert(at, item);
        *self = Few::of(items);
        true
    }

    /// Whether it was there.
    pub(super) fn remove(&mut self, item: &T) -> bool {
        let Ok(at) = self.as_slice().binary_search(item) else { return false };
        let mut items = std::mem::take(self).into_vec(0);
        items.remove(at);
        *self = Few::of(items);
        true
    }

    pub(super) fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    /// In order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.as_slice().iter()
    }
}

/// By how many places a list that is full is to grow: there are many short lists, and long ones grow by a quarter, for
/// to double them would leave half of their memory empty.
pub(super) fn growth(len: usize) -> usize {
    const SHORT: usize = 64;
    if len < SHORT { (len / 2).max(1) } else { len / 4 }
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
        assert!(few.iter().eq(&[1, 3]));
        assert!(few.remove(&1) && few == Few::One(3));
        assert!(few.remove(&3) && few.is_empty());
    }

    #[test]
    fn what_grows_has_little_room_to_spare_and_is_seldom_copied() {
        let (mut room, mut copied) = (0, 0);
        for len in 0..100_000 {
            if len == room {
                (room, copied) = (room + growth(len), copied + len);
            }
        }
        assert!(room < 100_000 * 5 / 4 && copied < 5 * 100_000, "{room}, {copied}");
    }
}
