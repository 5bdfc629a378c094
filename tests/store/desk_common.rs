//! What the tests of the support desk start from: people, tickets in every state, and how they are read back.

use karez::base::clock::UnixMillis;
use karez::chat::desk::*;
use karez::chat::ids::{Conversation, Id, TicketId};
use karez::chat::output::*;
use karez::store::Storage;

use crate::common::{append, id, said};

pub fn desk(name: &str) -> Desk {
    Desk::from_text(name).unwrap()
}

pub fn in_ticket(ticket: u64) -> Conversation {
    Conversation::Ticket(TicketId(ticket))
}

pub fn person(uid: u64) -> Person {
    Person { uid: id(uid), name: format!("agent {uid}").into() }
}

/// A ticket of visitor 1001 that waits. Its times are its number.
pub fn waiting(ticket: u64) -> TicketRecord {
    TicketRecord {
        ticket: TicketId(ticket),
        desk: desk("sales"),
        visitor: Visitor {
            uid: id(1_001),
            name: "Ann".into(),
            guest: true,
            earlier: 0,
            page: None,
            referrer: None,
            browser: None,
            lang: None,
            form: vec![],
        },
        state: TicketState::Waiting,
        agent: None,
        priority: 0,
        tags: vec![],
        opened: UnixMillis(ticket),
        since: UnixMillis(ticket),
        claimed: None,
        replied: None,
        closed: None,
        by: None,
        stars: None,
        comment: None,
        transfers: 0,
    }
}

pub fn held(ticket: u64, agent: u64) -> TicketRecord {
    TicketRecord { state: TicketState::Open, agent: Some(person(agent)), ..waiting(ticket) }
}

pub fn closed(ticket: u64, name: &str, agent: Option<u64>) -> TicketRecord {
    TicketRecord {
        desk: desk(name),
        state: TicketState::Closed,
        agent: agent.map(person),
        closed: Some(UnixMillis(ticket)),
        by: Some(ClosedBy::Visitor),
        ..waiting(ticket)
    }
}

/// With everything that a ticket can have.
pub fn fullest(ticket: u64) -> TicketRecord {
    let text = |text: &str| Some(text.into());
    TicketRecord {
        visitor: Visitor {
            uid: Id::from_text("ann").unwrap(),
            name: "An\\n".into(),
            guest: false,
            earlier: 3,
            page: text("https://shop.example/茶"),
            referrer: text(""),
            browser: text("b\n"),
            lang: text("zh"),
            form: vec![("mail".into(), "".into()), ("a\\nb".into(), "line\nline\\".into())],
        },
        state: TicketState::Closed,
        agent: Some(person(7)),
        priority: -5,
        tags: vec!["".into(), "two\nlines".into(), "back\\slash".into()],
        claimed: Some(UnixMillis(11)),
        replied: Some(UnixMillis(12)),
        closed: Some(UnixMillis(13)),
        by: Some(ClosedBy::Site),
        stars: Some(4),
        comment: text("quick"),
        transfers: 2,
        ..waiting(ticket)
    }
}

pub fn note(ticket: u64, uid: u64, content: &str) -> NoteRecord {
    NoteRecord {
        ticket: TicketId(ticket),
        after: 2,
        uid: id(uid),
        name: "Bob".into(),
        content: content.into(),
        time: UnixMillis(9),
    }
}

pub fn write(store: &mut dyn Storage, order: DeskOrder<'_>) {
    store.write(Store::Desk(order)).unwrap();
}

/// A turn that writes these tickets.
pub fn keep(store: &mut dyn Storage, records: &[TicketRecord]) {
    store.begin().unwrap();
    records.iter().for_each(|record| write(store, DeskOrder::Ticket(record)));
    store.commit().unwrap();
}

/// Users 1, 7 and 1001.
pub fn people(store: &mut dyn Storage) {
    store.begin().unwrap();
    for uid in [1, 7, 1_001] {
        store.write(Store::User { uid: &id(uid), name: "somebody", guest: uid > 1_000 }).unwrap();
    }
    store.commit().unwrap();
}

pub fn say(store: &mut dyn Storage, ticket: u64, seq: u64, uid: u64, content: &str) {
    let (conversation, uid) = (in_ticket(ticket), id(uid));
    append(store, Entry { uid: &uid, name: "then", ..said(&conversation, seq, content) }).unwrap();
}

pub fn look(store: &dyn Storage, query: DeskQuery) -> DeskRecord {
    match store.read(&Query::Desk(query.clone())).unwrap() {
        Record::Desk(record) => {
            assert_eq!(record.query(), query);
            record
        }
        other => panic!("{other:?}"),
    }
}

pub fn ticket(store: &dyn Storage, number: u64) -> Option<KeptTicket> {
    match look(store, DeskQuery::Ticket(TicketId(number))) {
        DeskRecord::Ticket(_, kept) => kept.map(|kept| *kept),
        other => panic!("{other:?}"),
    }
}

pub fn start(store: &dyn Storage) -> DeskStart {
    match look(store, DeskQuery::Start) {
        DeskRecord::Start(start) => start,
        other => panic!("{other:?}"),
    }
}

pub fn notes(store: &dyn Storage, number: u64, notes_max: usize) -> Vec<String> {
    match look(store, DeskQuery::Notes(NotesQuery { ticket: TicketId(number), notes_max })) {
        DeskRecord::Notes(_, notes) => notes.into_iter().map(|note| note.content.into()).collect(),
        other => panic!("{other:?}"),
    }
}

pub fn canned(store: &dyn Storage, owner: Option<u64>) -> (Vec<u64>, u64) {
    match look(store, DeskQuery::Canned { owner: owner.map(id) }) {
        DeskRecord::Canned { canned, last, .. } => {
            (canned.into_iter().map(|reply| reply.canned).collect(), last)
        }
        other => panic!("{other:?}"),
    }
}
