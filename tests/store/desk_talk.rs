//! What was said in tickets: as conversations, in search, waiting; how it goes with a person and with time; what is in the
//! file.

use karez::base::clock::UnixMillis;
use karez::base::digest::Digest;
use karez::base::words::Words;
use karez::chat::desk::*;
use karez::chat::ids::{Conversation, Id, TicketId};
use karez::chat::output::*;
use karez::store::{Retention, Sqlite, Storage, Tidy};
use rusqlite::Connection;

use crate::common::{append, id, on_every_store, said};
use crate::desk_common::*;
use crate::folder::Scratch;

#[test]
fn a_ticket_is_a_conversation_of_its_visitor_and_of_who_holds_it() {
    on_every_store(people, |store| {
        keep(store, &[held(7, 7), waiting(8), held(9, 8)]);
        store.begin().unwrap();
        say(store, 8, 1, 1_001, "first");
        say(store, 7, 1, 1_001, "hello");
        say(store, 7, 2, 7, "yes?");
        store.write(Store::Read { uid: &id(1_001), conversation: &in_ticket(7), seq: 1 }).unwrap();
        store.commit().unwrap();
        let list = |uid| {
            let query = ConversationsQuery {
                uid: id(uid),
                after: None,
                list_max: 10,
                unread_counted_max: 100,
                entries_max: 1_000,
                bytes_max: usize::MAX,
            };
            match store.read(&Query::Conversations(query)).unwrap() {
                Record::Conversations(_, page) => page
                    .list
                    .into_iter()
                    .map(|of| match of.conversation {
                        Conversation::Ticket(ticket) => (ticket.0, of.name.into_string(), of.read, of.unread),
                        other => panic!("{other:?}"),
                    })
                    .collect::<Vec<_>>(),
                other => panic!("{other:?}"),
            }
        };
        let (visitor, agent) = ("Ann".to_owned(), "agent 7".to_owned());
        assert_eq!(list(1_001), [(7, agent, 1, 1), (8, String::new(), 0, 0)]);
        assert_eq!(list(7), [(7, visitor, 0, 1)]);
        assert_eq!(list(1), []);
        let cursor = |uid| {
            let query = CursorQuery { uid: id(uid), conversation: in_ticket(7) };
            match store.read(&Query::Cursor(query)).unwrap() {
                Record::Cursor(_, cursor) => cursor.map(|Cursor { read, seq }| (read, seq)),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!((cursor(1_001), cursor(7)), (Some((1, 2)), Some((0, 2))));
    });
}

#[test]
fn what_was_said_in_a_ticket_is_found_by_those_who_took_part() {
    on_every_store(people, |store| {
        keep(store, &[held(7, 7), held(8, 8)]);
        store.begin().unwrap();
        say(store, 7, 1, 1_001, "tea please");
        say(store, 8, 1, 1_001, "tea again");
        store.commit().unwrap();
        for indexed in [false, true] {
            while indexed && store.tidy_up(UnixMillis(5)).unwrap() == Tidy::NotYet {}
            let found = |scope| {
                let query = SearchQuery {
                    words: Words::of("tea"),
                    scope,
                    before: None,
                    entries_max: 10,
                    bytes_max: usize::MAX,
                    steps_max: 100_000,
                };
                match store.read(&Query::Search(query)).unwrap() {
                    Record::Search(_, record) => {
                        record.found.iter().map(|found| found.entry.content.to_string()).collect::<Vec<_>>()
                    }
                    other => panic!("{other:?}"),
                }
            };
            assert_eq!(found(Scope::All(id(1_001))), ["tea again", "tea please"]);
            assert_eq!(found(Scope::All(id(7))), ["tea please"]);
            assert_eq!(found(Scope::All(id(1))), [""; 0]);
            assert_eq!(found(Scope::One(in_ticket(8))), ["tea again"]);
        }
    });
}

#[test]
fn what_was_said_in_a_ticket_waits_and_may_be_sent_again() {
    on_every_store(people, |store| {
        keep(store, &[held(7, 7)]);
        store.begin().unwrap();
        let (conversation, uid) = (in_ticket(7), id(1_001));
        let entry = Entry { uid: &uid, ..said(&conversation, 1, "hello") };
        let sent_as = Some(SentAs { id: "s1", digest: Digest::of([&b"x"[..]]) });
        store.write(Store::Append { entry: &entry, sent_as }).unwrap();
        store.write(Store::Wait { uid: &id(7), conversation: &conversation, seq: 1 }).unwrap();
        store.commit().unwrap();
        let Record::Sent { sent, .. } =
            store.read(&Query::Sent { uid: uid.clone(), id: "s1".into() }).unwrap()
        else {
            panic!("no send")
        };
        let sent = sent.unwrap();
        assert_eq!((sent.conversation, sent.seq), (in_ticket(7), 1));
        let page = |store: &dyn Storage| {
            let query = WaitingQuery { uid: id(7), after: 0, entries_max: 10, bytes_max: usize::MAX };
            match store.read(&Query::Waiting(query)).unwrap() {
                Record::Waiting(_, page) => page
                    .entries
                    .into_iter()
                    .map(|entry| (entry.conversation, entry.record.seq))
                    .collect::<Vec<_>>(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(page(store), [(in_ticket(7), 1)]);
        store.begin().unwrap();
        store.write(Store::NoWait { uid: &id(7), conversation: &conversation, until: 1 }).unwrap();
        store.commit().unwrap();
        assert_eq!(page(store), []);
    });
}

#[test]
fn who_is_named_in_a_ticket_is_named() {
    on_every_store(people, |store| {
        let named = |store: &dyn Storage, uid| match store.read(&Query::Named(id(uid))).unwrap() {
            Record::Named(_, named) => named,
            other => panic!("{other:?}"),
        };
        let record =
            TicketRecord { visitor: Visitor { uid: id(2_002), ..waiting(7).visitor }, ..held(7, 44) };
        assert!(!named(store, 2_002) && !named(store, 44));
        keep(store, &[record]);
        assert!(named(store, 2_002) && named(store, 44));
    });
}

#[test]
fn what_a_person_leaves_in_tickets_goes_with_the_person() {
    on_every_store(people, |store| {
        let own = TicketRecord { visitor: Visitor { uid: id(1_001), ..fullest(3).visitor }, ..fullest(3) };
        let as_agent =
            TicketRecord { visitor: Visitor { uid: id(5), ..waiting(4).visitor }, ..held(4, 1_001) };
        keep(store, &[own, as_agent]);
        store.begin().unwrap();
        say(store, 3, 1, 1_001, "hello");
        say(store, 3, 2, 7, "yes?");
        write(store, DeskOrder::Note(&note(3, 7, "about the person")));
        write(store, DeskOrder::Note(&note(4, 1_001, "by the person")));
        write(store, DeskOrder::Note(&note(4, 7, "of somebody else")));
        let reply = CannedRecord {
            canned: 1,
            owner: Some(id(1_001)),
            desk: None,
            short: "hi".into(),
            content: "Hello".into(),
        };
        write(store, DeskOrder::Canned(&reply));
        store.commit().unwrap();
        store.begin().unwrap();
        store.write(Store::Forget { uid: &id(1_001), groups: 0 }).unwrap();
        store.commit().unwrap();
        let kept = ticket(store, 3).unwrap();
        let visitor = Visitor {
            name: "1001".into(),
            page: None,
            referrer: None,
            browser: None,
            lang: None,
            form: vec![],
            ..fullest(3).visitor
        };
        let visitor = Visitor { uid: id(1_001), ..visitor };
        let expected = TicketRecord { visitor, stars: None, comment: None, ..fullest(3) };
        assert_eq!(kept.record, expected);
        assert_eq!(&*ticket(store, 4).unwrap().record.agent.unwrap().name, "1001");
        assert_eq!((notes(store, 3, 10), notes(store, 4, 10)), (vec![], vec!["of somebody else".to_owned()]));
        assert_eq!(canned(store, Some(1_001)).0, [0; 0]);
        let query = TranscriptQuery { ticket: TicketId(3), notes_max: 9, entries_max: 9, bytes_max: 9_999 };
        let DeskRecord::Transcript(_, said) = look(store, DeskQuery::Transcript(query)) else {
            panic!("none")
        };
        let texts: Vec<_> = said.entries.iter().map(|entry| (&*entry.name, &*entry.content)).collect();
        assert_eq!(texts, [("1001", ""), ("then", "yes?")], "what others said is theirs");
    });
}

fn tidy(store: &mut Sqlite, now: UnixMillis) {
    for step in 0.. {
        assert!(step < 10_000, "never done");
        if store.tidy_up(now).unwrap() == Tidy::Done {
            return;
        }
    }
}

#[test]
fn a_restart_finds_everything() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    people(&mut store);
    keep(&mut store, &[fullest(1), held(2, 7)]);
    store.begin().unwrap();
    say(&mut store, 2, 1, 1_001, "hello");
    write(&mut store, DeskOrder::Note(&note(2, 7, "note")));
    store.commit().unwrap();
    let before = (start(&store), ticket(&store, 1), notes(&store, 2, 9));
    drop(store);
    let store = scratch.open();
    assert_eq!((start(&store), ticket(&store, 1), notes(&store, 2, 9)), before);
}

#[test]
fn a_closed_ticket_goes_with_the_last_of_what_was_said_in_it() {
    const DAY_MS: u64 = 86_400_000;
    let scratch = Scratch::new();
    let mut store = scratch.open();
    people(&mut store);
    keep(&mut store, &[closed(3, "sales", None), waiting(4), closed(5, "sales", None)]);
    store.begin().unwrap();
    for number in [3, 4] {
        say(&mut store, number, 1, 1_001, "long ago");
        write(&mut store, DeskOrder::Note(&note(number, 7, "note")));
        store.write(Store::Read { uid: &id(1_001), conversation: &in_ticket(number), seq: 1 }).unwrap();
        store.write(Store::Wait { uid: &id(7), conversation: &in_ticket(number), seq: 1 }).unwrap();
    }
    let conversation = in_ticket(5);
    append(&mut store, Entry { time: UnixMillis(9 * DAY_MS), ..said(&conversation, 1, "of late") }).unwrap();
    store.commit().unwrap();
    store.set_retention(Retention { days_max: Some(5), ..Retention::default() });
    tidy(&mut store, UnixMillis(10 * DAY_MS));
    assert_eq!(ticket(&store, 3), None);
    assert_eq!(notes(&store, 3, 9), [""; 0]);
    let left = ticket(&store, 4).unwrap();
    assert_eq!((left.seq, left.last), (1, None), "one that is not closed stays, and so does its number");
    assert_eq!(notes(&store, 4, 9), ["note"]);
    assert!(ticket(&store, 5).is_some(), "something of it is still kept");
    assert_eq!(start(&store).last, 5);
    let look = scratch.look();
    let count = |sql: &str| look.query_row(sql, (), |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM ticket_read WHERE ticket = 3"), 0);
    assert_eq!(count("SELECT count(*) FROM waiting"), 0, "what is not kept does not wait");
    store.begin().unwrap();
    say(&mut store, 4, 2, 1_001, "again");
    store.commit().unwrap();
}

#[test]
fn a_number_of_entries_is_kept_of_each_ticket() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    people(&mut store);
    keep(&mut store, &[waiting(3), waiting(4)]);
    store.begin().unwrap();
    for number in [3, 4] {
        (1..=5).for_each(|seq| say(&mut store, number, seq, 1_001, "hello"));
    }
    store.commit().unwrap();
    store.set_retention(Retention { entries_per_conversation_max: Some(2), ..Retention::default() });
    tidy(&mut store, UnixMillis(5));
    for number in [3, 4] {
        let query =
            TranscriptQuery { ticket: TicketId(number), notes_max: 0, entries_max: 9, bytes_max: 9_999 };
        let DeskRecord::Transcript(_, said) = look(&store, DeskQuery::Transcript(query)) else {
            panic!("none")
        };
        assert_eq!(said.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [4, 5], "ticket {number}");
    }
}

#[test]
fn a_store_from_before_there_were_tickets_knows_what_was_sent() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    people(&mut store);
    drop(store);
    // As it was: the tables of the desk taken out, and what was sent in the table of that time.
    let old = scratch.look();
    old.execute_batch(
        "DROP TABLE note; DROP TABLE ticket_read; DROP TABLE ticket; DROP TABLE canned; DROP TABLE desk;
         DROP TRIGGER ticket_entry_went; DROP INDEX waiting_in_ticket; DROP TABLE sent; DROP TABLE forgotten;",
    )
    .unwrap();
    old.execute_batch(include_str!("../../src/store/schema/0013_forgotten.sql")).unwrap();
    old.execute_batch("INSERT INTO forgotten VALUES (9, 5, 5, 2, 1, 0, 0, 0, 3);").unwrap();
    old.execute_batch(include_str!("../../src/store/schema/0002_sends.sql")).unwrap();
    old.execute_batch(
        "INSERT INTO sent VALUES (1, 'one', 7, NULL, 3, x'00112233445566778899aabbccddeeff', 5),
                                 (1, 'two', NULL, 'eve', 4, x'00112233445566778899aabbccddeeff', 5);",
    )
    .unwrap();
    let before = BEFORE_TICKETS;
    old.pragma_update(None, "user_version", before).unwrap();
    drop(old);
    let mut store = scratch.open();
    let sent = |store: &Sqlite, name: &str| match store.read(&Query::Sent { uid: id(1), id: name.into() }) {
        Ok(Record::Sent { sent: Some(sent), .. }) => (sent.conversation, sent.seq),
        other => panic!("{other:?}"),
    };
    assert_eq!(sent(&store, "one"), (Conversation::Group(id(7)), 3));
    let eve = Id::from_text("eve").unwrap();
    assert_eq!(sent(&store, "two"), (Conversation::direct(&id(1), &eve), 4));
    let Ok(Record::Forgotten(_, Some(report))) = store.read(&Query::Forgotten(id(9))) else { panic!("none") };
    assert_eq!(report, ForgetReport { messages: 2, groups: 1, sends: 3, ..ForgetReport::default() });
    keep(&mut store, &[waiting(1)]);
    assert!(ticket(&store, 1).is_some());
}

/// The schema before the one with the tables of the desk.
const BEFORE_TICKETS: i64 = 15;

#[test]
fn every_question_is_answered_by_an_index() {
    let scratch = Scratch::new();
    drop(scratch.open());
    let connection = Connection::open(scratch.options().file()).unwrap();
    for sql in [
        "SELECT page FROM ticket WHERE state <> 'closed' ORDER BY ticket",
        "SELECT page FROM ticket WHERE ticket = 1",
        "SELECT ticket FROM ticket WHERE state = 'closed' AND ticket < 9 ORDER BY ticket DESC",
        "SELECT ticket FROM ticket WHERE desk = 'a' AND state = 'closed' AND ticket < 9 ORDER BY ticket DESC",
        "SELECT ticket FROM ticket WHERE agent = 1 AND state = 'closed' AND ticket < 9 ORDER BY ticket DESC",
        "SELECT ticket FROM ticket WHERE agent = 1 AND desk = 'a' AND state = 'closed' AND ticket < 9
         ORDER BY ticket DESC",
        "SELECT page FROM ticket WHERE visitor = 1 AND state = 'closed' AND ticket < 9 ORDER BY ticket DESC",
        "SELECT count(*) FROM ticket WHERE visitor = 1",
        "SELECT agent FROM ticket WHERE visitor = 1 AND agent IS NOT NULL ORDER BY ticket DESC LIMIT 1",
        "SELECT stars FROM ticket WHERE opened >= 1 AND opened < 9 ORDER BY opened DESC LIMIT 5",
        "SELECT stars FROM ticket WHERE desk = 'a' AND opened >= 1 AND opened < 9 ORDER BY opened DESC LIMIT 5",
        "SELECT ticket FROM ticket WHERE visitor = 1 AND newest > 0 AND newest < 9 ORDER BY newest DESC LIMIT 5",
        "SELECT ticket FROM ticket WHERE agent = 1 AND state = 'open' AND newest > 0 AND newest < 9
         ORDER BY newest DESC LIMIT 5",
        "SELECT ticket FROM ticket WHERE state = 'closed' AND closed < 9
         AND NOT EXISTS (SELECT 1 FROM entry WHERE conversation = -ticket) ORDER BY closed LIMIT 5",
        "SELECT -ticket FROM ticket WHERE ticket < 9 ORDER BY ticket DESC LIMIT 5",
        "UPDATE ticket SET page = NULL WHERE visitor = 1",
        "UPDATE ticket SET agent_name = '' WHERE agent = 1",
        "SELECT name FROM note WHERE ticket = 1 ORDER BY note DESC LIMIT 5",
        "DELETE FROM note WHERE uid = 1",
        "DELETE FROM note WHERE ticket IN (SELECT ticket FROM ticket WHERE visitor = 1)",
        "DELETE FROM ticket_read WHERE uid = 1",
        "DELETE FROM ticket_read WHERE ticket = 1",
        "SELECT read FROM ticket_read WHERE uid = 1 AND ticket = 2",
        "SELECT short FROM canned WHERE owner IS 1 ORDER BY canned",
        "SELECT short FROM canned WHERE owner IS NULL ORDER BY canned",
        "DELETE FROM waiting WHERE conversation < 0 AND entry = 1",
    ] {
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps: Vec<String> = plan.query_map((), |row| row.get(3)).unwrap().map(Result::unwrap).collect();
        let is_bounded = |step: &String| {
            step.contains("SEARCH") || step.contains("ticket_not_closed") || step.contains("SUBQUERY")
        };
        assert!(steps.iter().all(is_bounded), "{sql}: {steps:?}");
    }
}
