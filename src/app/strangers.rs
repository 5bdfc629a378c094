//! Connections that have not logged in yet, and addresses from which nobody manages to.
//!
//! Whoever guesses tokens tries many. After some failed logins within a minute every further login from the same
//! address is put off until the minute is over, whatever it brings: its token is not even looked at, so guessing
//! costs the guesser time and us next to nothing. The minute begins with the first failure; being put off does not
//! lengthen it, or somebody who tries for ever would keep an office out for ever.
//!
//! An IPv6 address counts as its /64, for whoever has one has the whole network. Addresses that stand for many (a
//! proxy on this machine, a Unix socket) are not told to us (`net::AddressExemption`), and count not at all. The table
//! of failures is bounded: over that the one that began first is forgotten.
//!
//! Where a connection comes from is remembered for as long as it lasts, for the core counts the tickets that guests open
//! from one address. It is told a number and no address.
//!
//! The tutorial has no tokens. Tested below and in `tests/app/logins.rs`.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use crate::base::clock::Millis;
use crate::chat::desk::Address;
use crate::net::ConnId;

/// Connections for which there is always room.
const ROOM_KEPT: usize = 64;

/// How many logins may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailedLogins {
    /// From one address, before further ones are put off.
    pub per_address_max: u32,
    /// Milliseconds from the first that fails to the moment from which on none of them counts.
    pub window_ms: u64,
    /// Addresses whose failures are remembered.
    pub addresses_max: usize,
}

/// Where a connection comes from, as far as it matters: an address of IPv4, or the first half of one of IPv6. The same
/// source has the same number, and no other has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Source(u64);

impl Source {
    /// In front of an address of IPv4. No network of IPv6 begins like that.
    const V4: u64 = 0xffff_ffff << 32;

    fn of(address: IpAddr) -> Source {
        match address.to_canonical() {
            IpAddr::V4(address) => Source(Source::V4 | u64::from(address.to_bits())),
            IpAddr::V6(address) => Source((address.to_bits() >> 64) as u64),
        }
    }
}

/// Failures of one minute.
#[derive(Debug)]
struct Failures {
    count: u32,
    until: Millis,
}

/// The connections that have not logged in.
#[derive(Debug)]
pub(super) struct Strangers {
    limits: FailedLogins,
    conns: HashMap<ConnId, Option<Source>>,
    /// When the time to log in is over, in order; of those who have logged in or gone, too, until they are in front.
    deadlines: VecDeque<(Millis, ConnId)>,
    /// Where connections come from, whether they have logged in or not.
    sources: HashMap<ConnId, Source>,
    failures: HashMap<Source, Failures>,
    /// Whose minute is over first; all are of the same length.
    order: VecDeque<(Millis, Source)>,
}

impl Strangers {
    pub(super) fn new(limits: FailedLogins) -> Strangers {
        Strangers {
            limits,
            conns: HashMap::new(),
            deadlines: VecDeque::new(),
            sources: HashMap::new(),
            failures: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    /// From now on so many logins may fail. What is over the new limit was put off by the old one or is so now.
    pub(super) fn set_limits(&mut self, limits: FailedLogins) {
        self.limits = limits;
    }

    /// Where a connection comes from; told before it is there.
    pub(super) fn comes_from(&mut self, conn: ConnId, address: IpAddr) {
        let source = Source::of(address);
        self.conns.insert(conn, Some(source));
        self.sources.insert(conn, source);
    }

    /// Where a connection comes from, if that is counted.
    pub(super) fn address_of(&self, conn: ConnId) -> Option<Address> {
        self.sources.get(&conn).map(|source| Address(source.0))
    }

    /// A connection is there, and has to log in by then; later if somebody before it has longer, for whoever sets a
    /// shorter time means those who come after.
    pub(super) fn insert(&mut self, conn: ConnId, until: Millis) {
        self.conns.entry(conn).or_default();
        self.put_off(conn, until);
    }

    /// The connection has until then.
    pub(super) fn put_off(&mut self, conn: ConnId, until: Millis) {
        let last = self.deadlines.back().map_or(until, |(last, _)| *last);
        self.deadlines.push_back((until.max(last), conn));
    }

    /// When the time of the first is over.
    pub(super) fn next_deadline(&mut self) -> Option<Millis> {
        while let Some((_, conn)) = self.deadlines.front()
            && !self.conns.contains_key(conn)
        {
            self.deadlines.pop_front();
        }
        if self.deadlines.capacity() > ROOM_KEPT && self.deadlines.len() < self.deadlines.capacity() / 8 {
            self.deadlines.shrink_to(self.deadlines.len() * 2);
        }
        self.deadlines.front().map(|(until, _)| *until)
    }

    /// Takes out one whose time is over.
    pub(super) fn next_overdue(&mut self, now: Millis) -> Option<ConnId> {
        self.next_deadline().filter(|until| *until <= now)?;
        self.deadlines.pop_front().map(|(_, conn)| conn)
    }

    /// The connection has gone.
    pub(super) fn remove(&mut self, conn: ConnId) {
        self.logged_in(conn);
        self.sources.remove(&conn);
        if self.sources.capacity() > ROOM_KEPT && self.sources.len() < self.sources.capacity() / 8 {
            self.sources.shrink_to(self.sources.len() * 2);
        }
    }

    /// The connection has logged in.
    pub(super) fn logged_in(&mut self, conn: ConnId) {
        self.conns.remove(&conn);
        // A crowd that has passed must not keep its room for ever.
        if self.conns.capacity() > ROOM_KEPT && self.conns.len() < self.conns.capacity() / 8 {
            self.conns.shrink_to(self.conns.len() * 2);
        }
    }

    pub(super) fn contains(&self, conn: ConnId) -> bool {
        self.conns.contains_key(&conn)
    }

    /// For how many milliseconds the connection's logins are put off, if they are.
    pub(super) fn put_off_ms(&mut self, now: Millis, conn: ConnId) -> Option<u64> {
        self.forget_past(now);
        let failures = self.failures.get(self.conns.get(&conn)?.as_ref()?)?;
        (failures.count >= self.limits.per_address_max).then(|| failures.until.ms_since(now).max(1))
    }

    /// A login of the connection has failed.
    pub(super) fn failed(&mut self, now: Millis, conn: ConnId) {
        self.forget_past(now);
        let Some(source) = self.conns.get(&conn).copied().flatten() else { return };
        if let Some(failures) = self.failures.get_mut(&source) {
            failures.count = failures.count.saturating_add(1);
            if failures.count == self.limits.per_address_max {
                log::warn!(
                    "{conn}: {} logins failed from its address; further ones are put off",
                    failures.count
                );
            }
            return;
        }
        if self.failures.len() >= self.limits.addresses_max
            && let Some((_, first)) = self.order.pop_front()
        {
            self.failures.remove(&first);
        }
        let until = now.plus_ms(self.limits.window_ms);
        self.failures.insert(source, Failures { count: 1, until });
        self.order.push_back((until, source));
    }

    fn forget_past(&mut self, now: Millis) {
        while let Some((_, source)) = self.order.front().filter(|(until, _)| *until <= now) {
            self.failures.remove(source);
            self.order.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: FailedLogins = FailedLogins { per_address_max: 3, window_ms: 60_000, addresses_max: 2 };

    /// A connection from an address.
    fn from(strangers: &mut Strangers, number: u64, address: impl Into<IpAddr>) -> ConnId {
        let conn = ConnId::from_u64(number);
        strangers.comes_from(conn, address.into());
        strangers.insert(conn, Millis(0));
        conn
    }

    #[test]
    fn after_so_many_failures_an_address_waits_until_the_minute_is_over() {
        let mut strangers = Strangers::new(LIMITS);
        let one = from(&mut strangers, 1, [192, 0, 2, 1]);
        let other = from(&mut strangers, 2, [192, 0, 2, 2]);
        for at in [1_000, 20_000, 30_000] {
            assert_eq!(strangers.put_off_ms(Millis(at), one), None);
            strangers.failed(Millis(at), one);
        }
        assert_eq!(strangers.put_off_ms(Millis(30_000), one), Some(31_000));
        assert_eq!(strangers.put_off_ms(Millis(30_000), other), None);
        assert_eq!(strangers.put_off_ms(Millis(60_999), one), Some(1));
        assert_eq!(strangers.put_off_ms(Millis(61_000), one), None);
        strangers.failed(Millis(61_000), one);
        assert_eq!(strangers.put_off_ms(Millis(61_000), one), None, "it begins anew");
    }

    #[test]
    fn ipv6_counts_by_its_network_and_ipv4_is_the_same_in_either_dress() {
        let mut strangers = Strangers::new(LIMITS);
        let network = |half: u16| IpAddr::from([0x2001, 0xdb8, 0, half, 0, 0, 0, 1]);
        let pairs: [(IpAddr, IpAddr); 2] = [
            (network(7), [0x2001, 0xdb8, 0, 7, 9, 9, 9, 9].into()),
            ([192, 0, 2, 1].into(), [0, 0, 0, 0, 0, 0xffff, 0xc000, 0x201].into()),
        ];
        for (number, (one, other)) in (1..).zip(pairs) {
            let one = from(&mut strangers, number, one);
            let other = from(&mut strangers, number + 10, other);
            (0..3).for_each(|_| strangers.failed(Millis(0), one));
            assert_eq!(strangers.put_off_ms(Millis(0), other), Some(60_000));
        }
        let neighbour = from(&mut strangers, 30, network(8));
        assert_eq!(strangers.put_off_ms(Millis(0), neighbour), None);
    }

    #[test]
    fn an_address_has_one_number_for_as_long_as_its_connections_last() {
        let mut strangers = Strangers::new(LIMITS);
        let one = from(&mut strangers, 1, [192, 0, 2, 1]);
        let same = from(&mut strangers, 2, [0, 0, 0, 0, 0, 0xffff, 0xc000, 0x201]);
        let other = from(&mut strangers, 3, [0x2001, 0xdb8, 0, 7, 0, 0, 0, 1]);
        let nowhere = ConnId::from_u64(4);
        strangers.insert(nowhere, Millis(0));
        strangers.logged_in(one);
        assert!(strangers.address_of(one).is_some());
        assert_eq!(strangers.address_of(one), strangers.address_of(same));
        assert_ne!(strangers.address_of(one), strangers.address_of(other));
        assert_eq!(strangers.address_of(nowhere), None);
        strangers.remove(one);
        assert_eq!(strangers.address_of(one), None);
    }

    #[test]
    fn only_so_many_addresses_are_remembered() {
        let mut strangers = Strangers::new(LIMITS);
        let conns = [1, 2, 3].map(|number| from(&mut strangers, number, [192, 0, 2, number as u8]));
        for conn in conns {
            (0..3).for_each(|_| strangers.failed(Millis(conn.to_u64()), conn));
        }
        let waits = conns.map(|conn| strangers.put_off_ms(Millis(10), conn).is_some());
        assert_eq!(waits, [false, true, true], "the one that began first is forgotten");
        assert_eq!((strangers.failures.len(), strangers.order.len()), (2, 2));
    }

    #[test]
    fn a_crowd_that_has_passed_keeps_no_room() {
        let mut strangers = Strangers::new(LIMITS);
        (0..10_000).for_each(|number| strangers.insert(ConnId::from_u64(number), Millis(number)));
        (0..9_990).for_each(|number| strangers.remove(ConnId::from_u64(number)));
        assert_eq!(strangers.next_deadline(), Some(Millis(9_990)));
        assert!(strangers.conns.capacity() <= 2 * ROOM_KEPT);
        assert!(strangers.deadlines.capacity() <= 2 * ROOM_KEPT);
        assert!((9_990..10_000).all(|number| strangers.contains(ConnId::from_u64(number))));
    }

    #[test]
    fn the_time_to_log_in_ends_in_the_order_of_coming() {
        let mut strangers = Strangers::new(LIMITS);
        let conns = [1, 2, 3, 4].map(ConnId::from_u64);
        for (conn, until) in conns.into_iter().zip([10, 20, 15, 30]) {
            strangers.insert(conn, Millis(until));
        }
        strangers.logged_in(conns[0]);
        assert_eq!(strangers.next_deadline(), Some(Millis(20)), "who has logged in is not waited for");
        assert_eq!(strangers.next_overdue(Millis(19)), None);
        strangers.put_off(conns[1], Millis(40));
        let overdue = [(); 4].map(|()| strangers.next_overdue(Millis(20)));
        assert_eq!(
            overdue,
            [Some(conns[1]), Some(conns[2]), None, None],
            "a shorter time holds for who comes after"
        );
        assert_eq!(strangers.next_overdue(Millis(30)), Some(conns[3]));
        assert_eq!(strangers.next_overdue(Millis(40)), Some(conns[1]));
        assert_eq!((strangers.next_deadline(), strangers.next_overdue(Millis(99))), (None, None));
    }

    #[test]
    fn who_has_no_address_is_never_put_off() {
        let mut strangers = Strangers::new(LIMITS);
        let conn = ConnId::from_u64(1);
        strangers.insert(conn, Millis(0));
        (0..9).for_each(|_| strangers.failed(Millis(0), conn));
        assert_eq!(strangers.put_off_ms(Millis(0), conn), None);
    }
}
