//! Taking back what was said.
//!
//! A recall is an entry of its own, with the next number, so that nobody misses it who misses no entry: it says
//! which one was recalled and by whom. That one keeps its place, its author and its time, and loses everything
//! that was said. Both are one step: the order that erases comes with the one that appends, in one transaction.
//!
//! The core keeps no entries, so it asks for this one first, as for a page of history that has one entry on it.
//! Who may not read it is told what history tells. What admins did and what was recalled are no messages, and
//! stay. Whoever recalls a second time, perhaps because an `ack` was lost, is acknowledged and nobody hears it.
//!
//! A mute takes away speech, and a block refuses messages; a recall is neither, so both leave it alone.
//! Who may do it is in `permission.rs`. The tutorial keeps nothing that could be taken back.
//! Tested in `tests/chat/recall.rs` and `tests/sim/`.

use super::Chat;
use super::draft;
use super::ids::Conversation;
use super::input::{Bounds, Target};
use super::output::{
    AckedEntry, EntryRecord, Event, Output, PageQuery, Query, Recall, Record, Refusal, Sink, Store, To,
};
use super::permission::Asker;
use super::reply::{Outcome, Reply};
use super::turn::Undo;
use crate::base::clock::Now;

impl Chat {
    /// What must be asked before an entry can be recalled: its conversation, then the entry.
    pub(super) fn needs_recall(
        &mut self,
        now: Now,
        asker: Asker,
        target: &Target,
        seq: u64,
    ) -> Option<Query> {
        let conversation = self.conversation(asker.user, target);
        let needs = match target {
            Target::Group(gid) => self.needs_group(gid),
            Target::User(peer) => self.needs_last(asker.user, (peer, self.users.slot(peer))),
            Target::Ticket(ticket) => self.needs_ticket(*ticket),
        };
        if needs.is_some() {
            return needs;
        }
        self.may_read(now, asker, target).ok()?;
        let query = entry_query(conversation, seq);
        self.parking.unless_at_hand(Query::Page(query))
    }

    pub(super) fn recall(
        &mut self,
        now: Now,
        asker: Asker,
        target: &Target,
        seq: u64,
        out: &mut impl Sink,
    ) -> Outcome {
        self.may_read(now, asker, target)?;
        let entry = self.entry_at_hand(seq)?;
        if entry.act.is_some() || matches!(entry.recall, Recall::Of(_)) {
            return Err(Refusal::BadRequest("seq", "is no message"));
        }
        self.may_recall(now, asker, target, &entry)?;
        if entry.recall == Recall::Recalled {
            return Ok(Reply::Ack(None));
        }
        self.remember(asker.user, out);
        let acked = match target {
            Target::Ticket(ticket) => {
                let conversation = Conversation::Ticket(*ticket);
                let number = self.number_in_ticket(now, *ticket, asker.user, "", Recall::Of(seq));
                let absent = self.find_hearers(asker.user, *ticket, number);
                let to = To::Sessions(&self.receivers);
                self.tell_recall(now, asker, (&conversation, number), seq, to, out);
                for uid in &absent {
                    let (conversation, seq) = (&conversation, number);
                    out.put(Output::Store(Store::Wait { uid, conversation, seq }));
                }
                number
            }
            Target::Group(gid) => {
                let slot = self.groups.intern(gid);
                self.groups[slot].seq += 1;
                self.turn.undo(Undo::Spoken(slot));
                let group = &self.groups[slot];
                self.tell_recall(
                    now,
                    asker,
                    (&group.conversation, group.seq),
                    seq,
                    To::Topic(slot.topic()),
                    out,
                );
                group.seq
            }
            Target::User(peer) => {
                let conversation = self.conversation(asker.user, target);
                let other = self.users.intern(peer);
                let number = self.number_of_two(self.pair(asker.user, other));
                let must_wait = self.find_receivers(asker.user, other, (&conversation, number));
                self.tell_recall(
                    now,
                    asker,
                    (&conversation, number),
                    seq,
                    To::Sessions(&self.receivers),
                    out,
                );
                if must_wait {
                    let (conversation, seq) = (&conversation, number);
                    out.put(Output::Store(Store::Wait { uid: peer, conversation, seq }));
                }
                number
            }
        };
        let entry = AckedEntry { target: target.clone(), seq: acked, time: now.unix, duplicate: false };
        Ok(Reply::Ack(Some(entry)))
    }

    /// Erases an entry, and writes the one that says so.
    fn tell_recall(
        &self,
        now: Now,
        asker: Asker,
        (conversation, number): (&Conversation, u64),
        recalled: u64,
        to: To<'_>,
        out: &mut impl Sink,
    ) {
        let actor = &self.users[asker.user];
        let entry = draft::recalling_entry(recalled, conversation, number, actor, now.unix);
        out.put(Output::Store(Store::Erase { conversation, seq: recalled }));
        out.put(Output::Store(Store::Append { entry: &entry, sent_as: None }));
        out.put(Output::Deliver { to, event: Event::Entry(entry) });
    }

    /// The entry that was asked for. In its place the store gives the next one when it is gone or never was.
    fn entry_at_hand(&mut self, seq: u64) -> Result<EntryRecord, Refusal> {
        let Some(Record::Page(_, page)) = self.parking.at_hand.take() else {
            return Err(Refusal::Internal { retry_ms: self.limits.internal_retry_ms });
        };
        page.entries.into_iter().next().filter(|entry| entry.seq == seq).ok_or(Refusal::NotFound)
    }
}

/// A page with one entry on it, or its successor.
fn entry_query(conversation: Conversation, seq: u64) -> PageQuery {
    PageQuery { conversation, bounds: Bounds::After(seq.saturating_sub(1)), entries_max: 1, bytes_max: 0 }
}
