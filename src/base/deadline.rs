//! Deadlines by the thousand: a wheel of slots, each a quarter of a second.
//!
//! A server has one deadline or two per connection and hardly ever reaches one: a heartbeat is put off by every
//! byte that comes. A heap would pay O(log n) for each change; here a deadline is put into the slot of its tick
//! and left there. Whoever owns it looks, when the slot comes round, whether it still holds, and puts it in
//! again if it has moved: setting is O(1), and putting off costs nothing at all.
//!
//! What the wheel does not know: what a deadline is for, and whether it has been overtaken. It keeps a promise
//! in one direction only: nothing comes out before its tick.
//!
//! The tutorial has no deadlines: a client that connects and says nothing is kept for ever.
//! Tests: below.

use super::clock::Millis;

/// The length of a tick in milliseconds, and so the precision of a deadline of the wheel.
pub const TICK_MS: u64 = 250;
/// How many ticks the wheel holds before it comes round: 64 s. A later deadline waits for its round.
const SLOTS: usize = 256;

/// A count of [`TICK_MS`] since the clock started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(pub u32);

impl Tick {
    /// The tick in which a moment lies. Holds for 34 years from the start of the process.
    #[must_use]
    pub fn at(moment: Millis) -> Tick {
        Tick(u32::try_from(moment.0 / TICK_MS).unwrap_or(u32::MAX))
    }

    /// The first tick that begins at least `ms` milliseconds after any moment of this one. So whatever is put
    /// off to it is never early, and late by less than two ticks.
    #[must_use]
    pub fn plus_ms(self, ms: u64) -> Tick {
        let ticks = ms.div_ceil(TICK_MS).saturating_add(1);
        Tick(self.0.saturating_add(u32::try_from(ticks).unwrap_or(u32::MAX)))
    }

    /// Milliseconds from `earlier` to this tick; 0 when `earlier` is not earlier.
    #[must_use]
    pub fn ms_since(self, earlier: Tick) -> u64 {
        u64::from(self.0.saturating_sub(earlier.0)) * TICK_MS
    }

    /// The moment at which this tick begins.
    #[must_use]
    pub fn start(self) -> Millis {
        Millis(u64::from(self.0) * TICK_MS)
    }
}

/// A tick, or none, in four bytes where an `Option` takes eight. The last tick there is counts as none: it is 34 years
/// ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TickOrNone(u32);

impl TickOrNone {
    /// No tick.
    pub const NONE: TickOrNone = TickOrNone(u32::MAX);

    /// The tick, if there is one.
    #[must_use]
    pub fn get(self) -> Option<Tick> {
        (self != TickOrNone::NONE).then_some(Tick(self.0))
    }

    /// Leaves none behind.
    pub fn take(&mut self) -> Option<Tick> {
        std::mem::replace(self, TickOrNone::NONE).get()
    }
}

impl From<Tick> for TickOrNone {
    fn from(tick: Tick) -> TickOrNone {
        TickOrNone(tick.0)
    }
}

/// Items waiting for their tick.
#[derive(Debug)]
pub struct Wheel<T> {
    slots: Vec<Vec<(Tick, T)>>,
    /// A bit per slot that holds something, so that the next one is found without looking into each.
    occupied: [u64; SLOTS / 64],
    /// Every tick up to and including this one has been expired.
    done: Tick,
}

impl<T: Copy> Default for Wheel<T> {
    fn default() -> Self {
        Wheel { slots: (0..SLOTS).map(|_| Vec::new()).collect(), occupied: [0; SLOTS / 64], done: Tick(0) }
    }
}

impl<T: Copy> Wheel<T> {
    /// Puts an item in. A tick that has passed already comes out with the next one.
    pub fn insert(&mut self, tick: Tick, item: T) {
        let tick = tick.max(Tick(self.done.0.saturating_add(1)));
        let slot = slot_of(tick);
        if let Some(items) = self.slots.get_mut(slot) {
            items.push((tick, item));
            self.mark(slot, Occupied::Yes);
        }
    }

    /// Takes out every item whose tick is `now` or earlier, in no particular order.
    pub fn expire(&mut self, now: Tick, out: &mut Vec<T>) {
        // After a long sleep one round of the wheel sees every slot; more would see them again.
        let first = self.done.0.saturating_add(1).max(now.0.saturating_sub(SLOTS as u32 - 1));
        for tick in first..=now.0 {
            let slot = slot_of(Tick(tick));
            let Some(items) = self.slots.get_mut(slot).filter(|items| !items.is_empty()) else { continue };
            items.retain(|&(due, item)| {
                if due <= now {
                    out.push(item);
                }
                due > now
            });
            if items.is_empty() {
                // A crowd that has passed must not keep its room for ever.
                items.shrink_to(64);
                self.mark(slot, Occupied::No);
            }
        }
        self.done = self.done.max(now);
    }

    /// The next tick whose slot holds something; the item in it may belong to a later round. `None` when the
    /// wheel is empty and nobody need wake.
    #[must_use]
    pub fn next(&self) -> Option<Tick> {
        let start = slot_of(Tick(self.done.0.saturating_add(1)));
        let ahead = (0..=self.occupied.len()).find_map(|step| {
            let word = (start / 64 + step) % self.occupied.len();
            let mut bits = self.occupied.get(word).copied().unwrap_or(0);
            if step == 0 {
                bits &= u64::MAX << (start % 64);
            }
            (bits != 0).then(|| (word * 64 + bits.trailing_zeros() as usize + SLOTS - start) % SLOTS)
        })?;
        Some(Tick(self.done.0.saturating_add(1).saturating_add(ahead as u32)))
    }

    fn mark(&mut self, slot: usize, occupied: Occupied) {
        if let Some(word) = self.occupied.get_mut(slot / 64) {
            match occupied {
                Occupied::Yes => *word |= 1 << (slot % 64),
                Occupied::No => *word &= !(1 << (slot % 64)),
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Occupied {
    Yes,
    No,
}

fn slot_of(tick: Tick) -> usize {
    tick.0 as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expired(wheel: &mut Wheel<u32>, now: u32) -> Vec<u32> {
        let mut out = Vec::new();
        wheel.expire(Tick(now), &mut out);
        out.sort_unstable();
        out
    }

    #[test]
    fn nothing_comes_early_and_everything_comes() {
        let mut wheel = Wheel::default();
        for tick in [1, 2, 3, 40, 255, 256, 257, 300, 1000, 5000] {
            wheel.insert(Tick(tick), tick);
        }
        let mut seen = Vec::new();
        for now in 1..=5000 {
            for item in expired(&mut wheel, now) {
                assert_eq!(item, now, "an item came out at another tick than its own");
                seen.push(item);
            }
        }
        assert_eq!(seen, [1, 2, 3, 40, 255, 256, 257, 300, 1000, 5000]);
        assert_eq!(wheel.next(), None);
    }

    #[test]
    fn a_long_sleep_loses_nothing() {
        let mut wheel = Wheel::default();
        for tick in [5, 100, 700, 2000] {
            wheel.insert(Tick(tick), tick);
        }
        assert_eq!(expired(&mut wheel, 1999), [5, 100, 700]);
        assert_eq!(expired(&mut wheel, 100_000), [2000]);
    }

    #[test]
    fn next_names_the_first_slot_in_use() {
        let mut wheel = Wheel::default();
        assert_eq!(wheel.next(), None);
        expired(&mut wheel, 1000);
        wheel.insert(Tick(1200), 1);
        assert_eq!(wheel.next(), Some(Tick(1200)));
        wheel.insert(Tick(1001), 2);
        assert_eq!(wheel.next(), Some(Tick(1001)));
        // The slot of 1256 is the one just behind 1000: a whole round ahead.
        let mut round = Wheel::default();
        expired(&mut round, 1000);
        round.insert(Tick(1256), 3);
        assert_eq!(round.next(), Some(Tick(1256)));
        assert_eq!(expired(&mut round, 1255), [] as [u32; 0]);
        assert_eq!(expired(&mut round, 1256), [3]);
    }

    #[test]
    fn what_is_put_off_is_never_early_and_late_by_less_than_two_ticks() {
        for moment in 0..=500 {
            for ms in [0, 1, 100, 249, 250, 251, 1000] {
                let passes = Tick::at(Millis(moment)).plus_ms(ms).start().0;
                assert!(passes >= moment + ms, "{ms} ms from {moment} pass at {passes}");
                assert!(passes < moment + ms + 2 * TICK_MS, "{ms} ms from {moment} pass at {passes}");
            }
        }
    }

    #[test]
    fn a_tick_or_none_is_one_of_both() {
        let mut set = TickOrNone::from(Tick(7));
        assert_eq!((set.get(), set.take(), set.get()), (Some(Tick(7)), Some(Tick(7)), None));
        assert_eq!(set, TickOrNone::NONE);
        assert_eq!(TickOrNone::from(Tick::at(Millis(u64::MAX))).get(), None);
        assert_eq!(TickOrNone::from(Tick(0)).get(), Some(Tick(0)));
    }

    #[test]
    fn what_is_late_comes_with_the_next_tick() {
        let mut wheel = Wheel::default();
        expired(&mut wheel, 50);
        wheel.insert(Tick(3), 7);
        assert_eq!(wheel.next(), Some(Tick(51)));
        assert_eq!(expired(&mut wheel, 51), [7]);
    }
}
