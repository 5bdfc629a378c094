//! The hash map of whatever is looked up for every message.
//!
//! The maps of std hash with SipHash, which nobody can make collide even by watching us closely; it was a quarter of the
//! instructions of a private message. [`Map`] hashes with `foldhash`: some ten instructions for a number. Its seed
//! is drawn anew for each process, so keys that collide cannot be prepared beforehand; who would find some by
//! measuring how long we take has only as many tries as the message rate allows, in tables that forget.
//!
//! As with std's the order is nobody's business: a map is looked into, not gone through.
//! The tutorial's arrays are hash tables, too. Tested through whoever has one.

/// A hash map for keys that are looked up for every message.
pub type Map<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;
