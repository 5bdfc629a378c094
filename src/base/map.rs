//! How keys are hashed that are looked up for every message, and the hash map of them.
//!
//! The maps of std hash with SipHash, which nobody can make collide even by watching us closely; it was a quarter of the
//! instructions of a private message. A [`Seed`] hashes with `foldhash`: some ten instructions for a number. It
//! is drawn anew for each process, so keys that collide cannot be prepared beforehand; who would find some by
//! measuring how long we take has only as many tries as the message rate allows, in tables that forget or that end with the process.
//!
//! A [`Map`] holds keys with what belongs to them. Where that knows its own key, a table in `keyed.rs` holds it once.
//! As with std's the order is nobody's business: a map is looked into, not gone through.
//! The tutorial's arrays are hash tables, too. Tested through whoever has one.

/// What a table hashes its keys with.
pub type Seed = foldhash::fast::RandomState;

/// A hash map for keys that are looked up for every message.
pub type Map<K, V> = std::collections::HashMap<K, V, Seed>;
