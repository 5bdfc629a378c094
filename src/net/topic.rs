//! Topics: who gets what is published, and one buffer per topic and turn.
//!
//! A publication is encoded once and appended to the topic's buffer. Nobody is visited before the end of the
//! turn: then the buffer becomes a chunk, and each member is queued one range of it. So a broadcast of any
//! number of messages to ten thousand members costs one encoding a message and one queue entry a member. While
//! somebody lags, the frames of further turns are added to the same chunk, so that who waits for many turns waits
//! for one range.
//!
//! A member that joined in this turn carries the offset at which it joined, and gets the range from there on.
//! One that leaves takes the range so far with it, as bytes of its own. Members that agreed to compression are
//! grouped by their window: each window has a buffer of its own, and one compression of each message.
//!
//! The lists are dense: joining and leaving are O(1) in the topic, and a connection knows its seats, so that its
//! end costs only as much as it has topics.
//! Tests: `tests/net/topics.rs`, `tests/net/compression.rs`; the tutorial's loop over `$clients` in `onMessage`.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use super::conn::Conn;
use super::pending::{Chunk, Content, Pool};
use super::{Payload, TopicId};
use crate::ws::{self, Deflater};

use slab::Slab;
use smallvec::SmallVec;

/// A place in a topic, as the connection remembers it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seat {
    topic: u32,
    index: u32,
}

#[derive(Clone, Copy, Debug)]
struct Member {
    slot: u32,
    /// Where in its variant's buffer of this turn it joined; 0 at the end of every turn.
    joined_at: u32,
}

/// The frames of this turn as the members of one window size get them.
#[derive(Debug)]
struct Variant {
    window_bits: u8,
    members: u32,
    bytes: Vec<u8>,
    /// The chunk of earlier turns, while somebody has not taken all of it: this turn's frames are added to it.
    lag: Weak<RefCell<Vec<u8>>>,
}

impl Variant {
    /// Makes a chunk of the frames of this turn, or adds them to one for which somebody waits. Returns where they
    /// begin in it.
    fn seal(&mut self, pool: &mut Pool) -> (Chunk, usize) {
        let bytes = std::mem::take(&mut self.bytes);
        if let Some(chunk) = self.lag.upgrade()
            && let Some(begin) = pool.extend(&chunk, &bytes)
        {
            pool.give_buffer(bytes);
            return (chunk, begin);
        }
        (pool.chunk(bytes), 0)
    }
}

#[derive(Debug, Default)]
struct Topic {
    members: Vec<Member>,
    variants: Vec<Variant>,
    dirty: bool,
    /// Who is served first changes from turn to turn.
    first: usize,
}

/// Every topic, by its number.
#[derive(Debug, Default)]
pub(super) struct Topics {
    topics: Vec<Option<Box<Topic>>>,
    dirty: Vec<u32>,
    compressed: Vec<u8>,
}

impl Topics {
    pub(super) fn subscribe(&mut self, conns: &mut Slab<Conn>, slot: usize, id: TopicId) {
        let Some(conn) = conns.get_mut(slot) else { return };
        if conn.seats.iter().any(|seat| seat.topic == id.0) {
            return;
        }
        let number = id.0 as usize;
        if self.topics.len() <= number {
            self.topics.resize_with(number + 1, || None);
        }
        let Some(topic) = self.topics.get_mut(number) else { return };
        let topic = topic.get_or_insert_default();
        let window_bits = conn.window_bits;
        let variant = match topic.variants.iter_mut().position(|v| v.window_bits == window_bits) {
            Some(index) => topic.variants.get_mut(index),
            None => {
                // Mostly it stays the only one.
                topic.variants.reserve_exact(1);
                topic.variants.push(Variant { window_bits, members: 0, bytes: Vec::new(), lag: Weak::new() });
                topic.variants.last_mut()
            }
        };
        let Some(variant) = variant else { return };
        variant.members += 1;
        conn.seats.push(Seat { topic: id.0, index: topic.members.len() as u32 });
        topic.members.push(Member { slot: slot as u32, joined_at: variant.bytes.len() as u32 });
    }

    /// Takes a connection out of one topic; what was published in this turn goes with it.
    pub(super) fn unsubscribe(&mut self, conns: &mut Slab<Conn>, pool: &mut Pool, slot: usize, id: TopicId) {
        let Some(conn) = conns.get_mut(slot) else { return };
        let Some(place) = conn.seats.iter().position(|seat| seat.topic == id.0) else { return };
        let seat = conn.seats.swap_remove(place);
        self.vacate(conns, pool, slot, seat);
    }

    /// Takes a connection out of every topic.
    pub(super) fn unsubscribe_all(&mut self, conns: &mut Slab<Conn>, pool: &mut Pool, slot: usize) {
        while let Some(seat) = conns.get_mut(slot).and_then(|conn| conn.seats.pop()) {
            self.vacate(conns, pool, slot, seat);
        }
        if let Some(conn) = conns.get_mut(slot) {
            conn.seats = SmallVec::new();
        }
    }

    fn vacate(&mut self, conns: &mut Slab<Conn>, pool: &mut Pool, slot: usize, seat: Seat) {
        let Some(place) = self.topics.get_mut(seat.topic as usize) else { return };
        let Some(topic) = place else { return };
        let Some(conn) = conns.get_mut(slot) else { return };
        let member = topic.members.swap_remove(seat.index as usize);
        if let Some(variant) = topic.variants.iter_mut().find(|v| v.window_bits == conn.window_bits) {
            variant.members -= 1;
            let missed = variant.bytes.get(member.joined_at as usize..).unwrap_or_default();
            if !missed.is_empty() {
                conn.pending
                    .get_or_insert_with(|| pool.queue())
                    .append(pool, Content::Frames, |out| out.extend_from_slice(missed));
            }
        }
        // The last member has moved into the free place; its connection must know.
        if let Some(moved) = topic.members.get(seat.index as usize)
            && let Some(conn) = conns.get_mut(moved.slot as usize)
            && let Some(its) = conn.seats.iter_mut().find(|its| its.topic == seat.topic)
        {
            its.index = seat.index;
        }
        if topic.members.is_empty() && !topic.dirty {
            *place = None;
        }
    }

    /// Encodes a message once for each window size among the members. Returns how many they are.
    pub(super) fn publish(
        &mut self,
        pool: &mut Pool,
        deflater: &mut Deflater,
        id: TopicId,
        payload: Payload,
        bytes: &[u8],
    ) -> usize {
        let Some(Some(topic)) = self.topics.get_mut(id.0 as usize) else { return 0 };
        for variant in topic.variants.iter_mut().filter(|variant| variant.members > 0) {
            if variant.bytes.capacity() == 0 {
                variant.bytes = pool.buffer();
            }
            if variant.window_bits > 0 && bytes.len() >= ws::DEFLATE_BYTES_MIN {
                self.compressed.clear();
                deflater.compress(variant.window_bits, bytes, &mut self.compressed);
                ws::encode_compressed(&mut variant.bytes, payload.opcode, &self.compressed);
            } else {
                ws::encode_frame(&mut variant.bytes, payload.opcode, bytes);
            }
        }
        if !topic.dirty {
            topic.dirty = true;
            self.dirty.push(id.0);
        }
        topic.members.len()
    }

    /// The end of the turn: every buffer becomes a chunk, and every member is queued its range of it.
    pub(super) fn seal(
        &mut self,
        conns: &mut Slab<Conn>,
        pool: &mut Pool,
        mut queued: impl FnMut(usize, &mut Conn),
    ) {
        for number in self.dirty.drain(..) {
            let Some(place) = self.topics.get_mut(number as usize) else { continue };
            let Some(topic) = place else { continue };
            topic.dirty = false;
            let Topic { members, variants, first, .. } = &mut **topic;
            *first = if members.is_empty() { 0 } else { (*first + 1) % members.len() };
            for variant in variants.iter_mut().filter(|variant| !variant.bytes.is_empty()) {
                // Nothing stays behind: most topics are silent most of the time.
                let (chunk, begin) = variant.seal(pool);
                let end = chunk.borrow().len();
                let mut somebody_lags = false;
                let (before, after) = members.split_at_mut(*first);
                for member in after.iter_mut().chain(before) {
                    let slot = member.slot as usize;
                    let Some(conn) = conns.get_mut(slot) else { continue };
                    if conn.window_bits != variant.window_bits {
                        continue;
                    }
                    let range = begin + member.joined_at as usize..end;
                    member.joined_at = 0;
                    somebody_lags |= conn.blocked;
                    if !range.is_empty() {
                        let pending = conn.pending.get_or_insert_with(|| pool.queue());
                        pending.append_shared(pool, &chunk, range);
                        queued(slot, conn);
                    }
                }
                variant.lag = if somebody_lags { Rc::downgrade(&chunk) } else { Weak::new() };
                pool.give_chunk(chunk);
            }
            variants.retain(|variant| variant.members > 0);
            if members.is_empty() {
                *place = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::deadline::Tick;
    use crate::net::{Message, Outbox, stream::Stream};

    #[test]
    fn a_topic_in_which_nobody_speaks_holds_no_buffer() -> std::io::Result<()> {
        let (stream, _peer) = mio::net::UnixStream::pair()?;
        let mut conns = Slab::new();
        let slot = conns.insert(Conn::new(Stream::Unix(stream), 1, Tick(0)));
        let (mut topics, mut pool, mut deflater) = (Topics::default(), Pool::default(), Deflater::new());
        for number in 0..10 {
            topics.subscribe(&mut conns, slot, TopicId(number));
            let payload = Outbox::default().message(Message::Binary(&[0; 1000]));
            topics.publish(&mut pool, &mut deflater, TopicId(number), payload, &[0; 1000]);
            topics.seal(&mut conns, &mut pool, |_, _| {});
            // As the flush does.
            let written = conns.get_mut(slot).and_then(|conn| conn.pending.take());
            pool.give_queue(written.unwrap_or_default());
        }
        let held = topics.topics.iter().flatten().flat_map(|topic| &topic.variants);
        assert_eq!(held.map(|variant| variant.bytes.capacity()).sum::<usize>(), 0);
        assert!(pool.buffer().capacity() > 0, "the buffer is not used again");
        Ok(())
    }
}
