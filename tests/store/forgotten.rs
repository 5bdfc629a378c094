//! People who are deleted: what goes at once, what goes in steps, and what nobody is shown meanwhile.

use std::fs;

use karez::base::clock::UnixMillis;
use karez::base::digest::Digest;
use karez::base::limits::ENTRIES_ERASED_AT_ONCE;
use karez::base::words::Words;
use karez::chat::desk::{CannedRecord, DeskOrder, TicketRecord, Visitor};
use karez::chat::ids::Conversation;
use karez::chat::input::Bounds;
use karez::chat::output::{
    ConversationsQuery, Entry, EntryRecord, ForgetReport, GroupRole, PageQuery, PushRecord, Query, Recall,
    Record, Scope, SearchQuery, SentAs, Store, WaitingQuery,
};
use karez::store::{Storage, StoreError, Tidy};

use crate::common::{append, id, in_group, on_every_store, said, talk};
use crate::desk_common::{closed, held, keep, note, waiting, write};
use crate::files::{send, upload};
use crate::folder::Scratch;

/// 1 and 2, group 7 with both, and a talk between them.
fn live(store: &mut dyn Storage) {
    store.begin().unwrap();
    for (uid, name) in [(1, "one"), (2, "two")] {
        store.write(Store::User { uid: &id(uid), name, guest: false }).unwrap();
    }
    store.write(Store::Group { gid: &id(7) }).unwrap();
    store.write(Store::Member { gid: &id(7), uid: &id(2), role: GroupRole::Owner }).unwrap();
    let (group, talk) = (in_group(7), talk(1, 2));
    let entry = said(&group, 1, "a secret word");
    let sent_as = Some(SentAs { id: "x", digest: Digest([7; 16]) });
    store.write(Store::Append { entry: &entry, sent_as }).unwrap();
    append(store, Entry { uid: &id(2), name: "two", ..said(&group, 2, "an open word") }).unwrap();
    append(store, Entry { recall: Recall::Of(1), ..said(&group, 3, "") }).unwrap();
    append(store, said(&talk, 1, "between us")).unwrap();
    append(store, Entry { uid: &id(2), name: "two", ..said(&talk, 2, "two's own") }).unwrap();
    store.write(Store::Wait { uid: &id(1), conversation: &talk, seq: 2 }).unwrap();
    store.write(Store::Read { uid: &id(1), conversation: &talk, seq: 2 }).unwrap();
    store.write(Store::Block { uid: &id(1), other: &id(9), on: true }).unwrap();
    store.write(Store::Ban { uid: &id(1), term: Some(karez::chat::act::Term::UntilLifted) }).unwrap();
    let push = PushRecord {
        id: "p".into(),
        title: None,
        content: "pushed".into(),
        data: None,
        url: None,
        time: UnixMillis(1),
        expires: UnixMillis(u64::MAX >> 1),
    };
    store.write(Store::Push { number: 1, push: &push, receivers: &[&id(1), &id(2)] }).unwrap();
    store.commit().unwrap();
}

fn forget(store: &mut dyn Storage, uid: u64, groups: u64) {
    store.begin().unwrap();
    store.write(Store::Forget { uid: &id(uid), groups }).unwrap();
    store.commit().unwrap();
}

fn report(store: &dyn Storage, uid: u64) -> Option<ForgetReport> {
    match store.read(&Query::Forgotten(id(uid))).unwrap() {
        Record::Forgotten(_, report) => report,
        other => panic!("{other:?}"),
    }
}

fn entries(store: &dyn Storage, conversation: Conversation) -> Vec<EntryRecord> {
    let (entries_max, bytes_max) = (100, usize::MAX);
    let query = PageQuery { conversation, bounds: Bounds::Newest, entries_max, bytes_max };
    match store.read(&Query::Page(query)).unwrap() {
        Record::Page(_, page) => page.entries,
        other => panic!("{other:?}"),
    }
}

/// Of each entry author's name, text and what became of it.
fn shown(store: &dyn Storage, conversation: Conversation) -> Vec<(String, String, Recall)> {
    let line = |entry: EntryRecord| (entry.name.into(), entry.content.into(), entry.recall);
    entries(store, conversation).into_iter().map(line).collect()
}

fn line(name: &str, content: &str, recall: Recall) -> (String, String, Recall) {
    (name.to_owned(), content.to_owned(), recall)
}

/// Calls of `tidy_up` until everything is done.
fn tidy_up(store: &mut dyn Storage) -> u32 {
    for call in 1..1_000 {
        if store.tidy_up(UnixMillis(0)).unwrap() == Tidy::Done {
            return call;
        }
    }
    panic!("it is never done");
}

fn is_found(store: &dyn Storage, word: &str) -> bool {
    let query = SearchQuery {
        scope: Scope::One(in_group(7)),
        words: Words::of(word),
        before: None,
        entries_max: 10,
        bytes_max: usize::MAX,
        steps_max: 1_000_000,
    };
    match store.read(&Query::Search(query)).unwrap() {
        Record::Search(_, record) => !record.found.is_empty(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn everything_of_a_person_goes_and_what_others_said_stays() {
    on_every_store(live, |store| {
        assert!(is_found(store, "secret"));
        forget(store, 1, 3);
        let in_group_7 = [
            line("1", "", Recall::Recalled),
            line("two", "an open word", Recall::None),
            line("1", "", Recall::Of(1)),
        ];
        let between = [line("1", "", Recall::Recalled), line("two", "two's own", Recall::None)];
        for round in ["at once", "when it is out of the file"] {
            assert_eq!(shown(store, in_group(7)), in_group_7, "{round}");
            assert_eq!(shown(store, talk(1, 2)), between, "{round}");
            assert!(!is_found(store, "secret"), "{round}");
            assert!(is_found(store, "open"), "{round}");
            tidy_up(store);
        }
        assert_eq!(store.read(&Query::User(id(1))).unwrap(), Record::User(id(1), None));
        let waiting = WaitingQuery { uid: id(1), after: 0, entries_max: 9, bytes_max: usize::MAX };
        let Record::Waiting(_, page) = store.read(&Query::Waiting(waiting)).unwrap() else { panic!() };
        assert!(page.entries.is_empty());
        let sent = store.read(&Query::Sent { uid: id(1), id: "x".into() }).unwrap();
        assert!(matches!(sent, Record::Sent { sent: None, .. }));
        let expected = ForgetReport {
            messages: 2,
            groups: 3,
            waiting: 1,
            pushes: 1,
            blocks: 1,
            sends: 1,
            ..ForgetReport::default()
        };
        assert_eq!(report(store, 1), Some(expected));
    });
}

/// Of user 1: a file that was sent, one that was not and one that was taken back; two tickets, two notes about them, one
/// by the user, and a canned reply.
fn with_files_and_tickets(store: &mut dyn Storage) {
    live(store);
    let [sent, _unsent, recalled] = [1, 2, 3].map(|number| upload(store, number, in_group(7), b"bytes"));
    send(store, &sent, 4);
    send(store, &recalled, 5);
    let of_one = |record: TicketRecord| TicketRecord {
        visitor: Visitor { uid: id(1), ..record.visitor.clone() },
        ..record
    };
    keep(store, &[of_one(waiting(3)), of_one(closed(4, "sales", Some(2))), held(5, 1)]);
    store.begin().unwrap();
    store.write(Store::Erase { conversation: &in_group(7), seq: 5 }).unwrap();
    for (ticket, uid) in [(3, 2), (4, 2), (5, 1), (5, 2)] {
        write(store, DeskOrder::Note(&note(ticket, uid, "a note")));
    }
    for (canned, owner) in [(1, Some(1)), (2, Some(2)), (3, None)] {
        let reply = CannedRecord {
            canned,
            owner: owner.map(id),
            desk: None,
            short: "hi".into(),
            content: "Hello".into(),
        };
        write(store, DeskOrder::Canned(&reply));
    }
    store.commit().unwrap();
}

/// What went of user 1 besides messages: files, tickets, notes and canned replies.
fn counts(store: &dyn Storage) -> [u64; 4] {
    let report = report(store, 1).unwrap();
    [report.files, report.tickets, report.notes, report.canned]
}

#[test]
fn files_and_what_is_at_the_desk_are_counted_once() {
    on_every_store(with_files_and_tickets, |store| {
        store.begin().unwrap();
        store.write(Store::Forget { uid: &id(1), groups: 0 }).unwrap();
        assert_eq!(counts(store), [2, 2, 3, 1], "in the open transaction too");
        store.rollback();
        assert_eq!(report(store, 1), None);
        for _ in 0..2 {
            forget(store, 1, 0);
            assert_eq!(counts(store), [2, 2, 3, 1]);
        }
        let visitor = Visitor { uid: id(1), ..waiting(6).visitor };
        keep(store, &[TicketRecord { visitor, ..waiting(6) }]);
        store.begin().unwrap();
        write(store, DeskOrder::Note(&note(6, 2, "another")));
        store.commit().unwrap();
        upload(store, 4, in_group(7), b"more");
        forget(store, 1, 0);
        assert_eq!(counts(store), [3, 3, 4, 1], "of who came back, what is new");
    });
}

#[test]
fn a_list_of_conversations_shows_nothing_of_it() {
    on_every_store(live, |store| {
        store.begin().unwrap();
        append(store, said(&talk(1, 2), 3, "the last")).unwrap();
        store.commit().unwrap();
        forget(store, 1, 0);
        let query = ConversationsQuery {
            uid: id(2),
            after: None,
            list_max: 9,
            entries_max: 100,
            unread_counted_max: 100,
            bytes_max: usize::MAX,
        };
        let Record::Conversations(_, page) = store.read(&Query::Conversations(query)).unwrap() else {
            panic!()
        };
        let last = page.list[0].last.as_ref().unwrap();
        assert_eq!((&*last.content, &*last.name, last.recall), ("", "1", Recall::Recalled));
    });
}

#[test]
fn a_rollback_puts_everything_back() {
    on_every_store(live, |store| {
        let everything = |store: &dyn Storage| {
            (
                shown(store, in_group(7)),
                shown(store, talk(1, 2)),
                store.read(&Query::User(id(1))).unwrap(),
                store.read(&Query::Sent { uid: id(1), id: "x".into() }).unwrap(),
                report(store, 1),
            )
        };
        let before = everything(store);
        store.begin().unwrap();
        store.write(Store::Forget { uid: &id(1), groups: 0 }).unwrap();
        assert_ne!(everything(store), before, "the open transaction sees it");
        store.rollback();
        assert_eq!(everything(store), before);
        tidy_up(store);
        assert_eq!(everything(store), before);
    });
}

fn named(store: &dyn Storage, uid: u64) -> Record {
    store.read(&Query::Named(id(uid))).unwrap()
}

#[test]
fn the_uid_is_named_for_good() {
    on_every_store(live, |store| {
        assert_eq!(named(store, 1_001), Record::Named(id(1_001), false));
        forget(store, 1_001, 0);
        tidy_up(store);
        assert_eq!(named(store, 1_001), Record::Named(id(1_001), true));
    });
}

#[test]
fn a_member_is_not_forgotten() {
    on_every_store(live, |store| {
        store.begin().unwrap();
        let refused = store.write(Store::Forget { uid: &id(2), groups: 0 });
        assert_eq!(refused, Err(StoreError::StillMember(id(2))));
        store.rollback();
    });
}

#[test]
fn who_comes_back_is_somebody_new_and_may_be_deleted_again() {
    on_every_store(live, |store| {
        forget(store, 1, 1);
        store.begin().unwrap();
        store.write(Store::User { uid: &id(1), name: "anew", guest: false }).unwrap();
        append(store, Entry { name: "anew", ..said(&in_group(7), 4, "hello again") }).unwrap();
        store.commit().unwrap();
        for _ in 0..2 {
            let last = shown(store, in_group(7)).pop();
            assert_eq!(last, Some(line("anew", "hello again", Recall::None)));
            tidy_up(store);
        }
        forget(store, 1, 0);
        assert_eq!(shown(store, in_group(7)).pop(), Some(line("1", "", Recall::Recalled)));
        tidy_up(store);
        let report = report(store, 1).unwrap();
        assert_eq!((report.messages, report.groups, report.left), (3, 1, 0));
    });
}

/// User 1 has said so many things in group 7, each in a turn with others.
fn talkative(store: &mut dyn Storage, count: u64) {
    store.begin().unwrap();
    store.write(Store::User { uid: &id(1), name: "one", guest: false }).unwrap();
    store.write(Store::Group { gid: &id(7) }).unwrap();
    for seq in 1..=count {
        append(store, said(&in_group(7), seq, &format!("<hidden {seq:06}>"))).unwrap();
    }
    store.commit().unwrap();
}

#[test]
fn it_goes_in_small_steps() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let at_once = ENTRIES_ERASED_AT_ONCE.default;
    talkative(&mut store, 3 * at_once);
    forget(&mut store, 1, 0);
    assert_eq!(report(&store, 1).map(|report| (report.messages, report.left)), Some((0, 3 * at_once)));
    for step in 1..=3 {
        assert_eq!(store.tidy_up(UnixMillis(0)), Ok(Tidy::NotYet));
        let done = step * at_once;
        assert_eq!(
            report(&store, 1).map(|report| (report.messages, report.left)),
            Some((done, 3 * at_once - done))
        );
    }
    assert!(shown(&store, in_group(7)).iter().all(|(_, content, _)| content.is_empty()));
}

#[test]
fn a_daemon_that_was_killed_goes_on_and_hides_meanwhile() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    talkative(&mut store, 100);
    forget(&mut store, 1, 0);
    store.tidy_up(UnixMillis(0)).unwrap();
    drop(store);
    let mut store = scratch.open();
    assert!(shown(&store, in_group(7)).iter().all(|(_, content, _)| content.is_empty()));
    tidy_up(&mut store);
    assert_eq!(report(&store, 1).map(|report| (report.messages, report.left)), Some((100, 0)));
}

#[test]
fn nothing_of_it_is_left_in_the_files() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    talkative(&mut store, 200);
    tidy_up(&mut store);
    let is_there = || {
        ["karez.db", "karez.db-wal"].iter().any(|name| {
            let bytes = fs::read(scratch.options().folder.join(name)).unwrap_or_default();
            ["hidden", "000150"].iter().any(|word| memchr::memmem::find(&bytes, word.as_bytes()).is_some())
        })
    };
    assert!(is_there(), "the test looks where it was");
    forget(&mut store, 1, 0);
    tidy_up(&mut store);
    assert!(!is_there());
}

#[test]
fn only_the_texts_are_looked_for_without_an_index() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    live(&mut store);
    let look = scratch.look();
    for sql in [
        "SELECT messages FROM forgotten WHERE uid = 1",
        "SELECT uid, erased, until FROM forgotten WHERE erased < until LIMIT 1",
        "SELECT entry FROM entry WHERE entry > 1 AND entry <= 2 AND uid = 1 ORDER BY entry",
        "UPDATE conversation SET low_read = 0 WHERE low = 1",
        "UPDATE conversation SET high_read = 0 WHERE high = 1",
        "DELETE FROM waiting WHERE receiver = 1",
        "SELECT max(entry) FROM entry",
        "DELETE FROM file WHERE uid = 1",
        "SELECT count(*) FROM ticket WHERE visitor = 1 AND ticket > 7",
        "SELECT max(ticket) FROM ticket",
    ] {
        let mut statement = look.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let plan: Vec<String> =
            statement.query_map((), |row| row.get(3)).unwrap().map(Result::unwrap).collect();
        let is_bounded = |step: &String| step.starts_with("SEARCH") || step.contains("forgotten_in_part");
        assert!(plan.iter().all(is_bounded), "{sql}: {plan:?}");
    }
}
