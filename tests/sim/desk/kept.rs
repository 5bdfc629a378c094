//! Tickets as the store has them.

use std::collections::BTreeMap;

use karez::base::clock::UnixMillis;
use karez::chat::desk::{DeskQuery, DeskRecord, TicketRecord};
use karez::chat::ids::{Conversation, TicketId};
use karez::chat::output::{Query, Record};
use karez::store::Storage;

use crate::net::World;

/// A moment at which runs begin.
pub const BEGINNING: UnixMillis = UnixMillis(1_700_000_000_000);

pub type Truth = BTreeMap<TicketId, TicketRecord>;

/// Every ticket that is not closed, as the store has it.
pub fn not_closed(world: &World) -> Truth {
    let Ok(Record::Desk(DeskRecord::Start(start))) = world.store().read(&Query::Desk(DeskQuery::Start))
    else {
        panic!("the store says what there is")
    };
    start.tickets.into_iter().map(|kept| (kept.record.ticket, kept.record)).collect()
}

/// Every ticket, as the store has it.
pub fn truth(world: &World) -> Truth {
    let Ok(Record::Desk(DeskRecord::Start(start))) = world.store().read(&Query::Desk(DeskQuery::Start))
    else {
        panic!("the store says what there is")
    };
    let mut truth = Truth::new();
    for number in 1..=start.last {
        let ticket = TicketId(number);
        let query = Query::Desk(DeskQuery::Ticket(ticket));
        let Ok(Record::Desk(DeskRecord::Ticket(_, Some(kept)))) = world.store().read(&query) else {
            panic!("ticket {number} is lost")
        };
        assert_eq!(kept.seq, world.last_seq(&Conversation::Ticket(ticket)), "no entry is lost");
        truth.insert(ticket, kept.record);
    }
    truth
}
