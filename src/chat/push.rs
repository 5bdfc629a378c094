//! Pushes: what a back end tells the users of its site; at once whoever is there, the others when they come.
//!
//! A push is addressed to users, to the members of a group, or to everyone connected. Every device of whoever is
//! there gets it at once: of a group by its topic, the same bytes for all, and by name those whom a replay keeps
//! from the topic for now. For who is away it waits in the store until its time to live has passed; to everyone
//! connected it never waits. A user is there who has a session that is not told to end.
//!
//! **Once.** What waits comes at the next login, behind the private entries that wait (`offline.rs`), the oldest first,
//! marked as `offline`. When it is on its way to one client it is struck. What was told in the turn in which the
//! last session turns out to have ended was told to nobody, and so waits. Between the telling and the striking a
//! crash may fall, and then it comes once more; clients know a push by its `id`.
//!
//! **Work is bounded.** The core looks once at each member of a group, and gives the store one order with all who are
//! away; the store sees to it that ten thousand receivers cost a few hundred rows (`store/pushes.rs`). Nothing is
//! asked of the store but a group that is not loaded, and once the last number.
//!
//! Pushes are numbered here, over all receivers. A number whose turn fails is not given again. No order is promised
//! between a push and anything else. The tutorial pushes by a socket of its own beside the chat, and what nobody
//! hears is lost. Tested in `tests/chat/push.rs` and `tests/sim/`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::Chat;
use super::admission::unreserved;
use super::ids::{Conversation, Id, SessionId, TOPIC_ALL};
use super::limits::Limits;
use super::output::{Event, Output, Query, Refusal, Sink, Store, To};
use super::permission::Deed;
use super::replay::Leg;
use super::session::Session;
use super::turn::Undo;
use super::user::{self, UserSlot};
use crate::base::clock::{Now, UnixMillis};
use crate::base::keyed::Keyed;

/// What a back end wants told, checked for shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push<'a> {
    /// To whom.
    pub to: Addressees,
    /// By which clients know it again.
    pub id: Cow<'a, str>,
    /// A headline.
    pub title: Option<Cow<'a, str>>,
    /// The text.
    pub content: Cow<'a, str>,
    /// A JSON object, already checked, as the back end wrote it; opaque here.
    pub data: Option<Cow<'a, str>>,
    /// Where it leads: `http`, `https`, or a path on the site.
    pub url: Option<Cow<'a, str>>,
    /// For how many seconds it waits for who is away; 0: it does not.
    pub ttl_s: Option<u64>,
}

/// To whom a push goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Addressees {
    /// These users, known or not. To name one twice is as good as once.
    Users(Vec<Id>),
    /// The members of a group.
    Group(Id),
    /// Everyone connected.
    All,
}

/// A push as a client is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice<'a> {
    /// By which clients know it again.
    pub id: &'a str,
    /// A headline.
    pub title: Option<&'a str>,
    /// The text.
    pub content: &'a str,
    /// A JSON object as the back end wrote it.
    pub data: Option<&'a str>,
    /// Where it leads.
    pub url: Option<&'a str>,
    /// When it was accepted.
    pub time: UnixMillis,
}

/// How many users a push reached, and for how many it waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PushCounts {
    /// Users who were there.
    pub online: usize,
    /// Users who are told at their next login.
    pub stored: usize,
}

/// A push that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushRecord {
    /// By which clients know it again.
    pub id: Box<str>,
    /// A headline.
    pub title: Option<Box<str>>,
    /// The text.
    pub content: Box<str>,
    /// A JSON object.
    pub data: Option<Box<str>>,
    /// Where it leads.
    pub url: Option<Box<str>>,
    /// When it was accepted.
    pub time: UnixMillis,
    /// From this moment on nobody is told any more.
    pub expires: UnixMillis,
}

impl PushRecord {
    /// The push, as a client is told of it.
    #[must_use]
    pub fn notice(&self) -> Notice<'_> {
        Notice {
            id: &self.id,
            title: self.title.as_deref(),
            content: &self.content,
            data: self.data.as_deref(),
            url: self.url.as_deref(),
            time: self.time,
        }
    }

    /// What the push takes on a page: what is told, and some bytes for all that is around it.
    #[must_use]
    pub fn bytes(&self) -> usize {
        const AROUND: usize = 256;
        let texts = [&self.title, &self.data, &self.url].into_iter().flatten();
        AROUND + self.content.len() + texts.map(|text| text.len()).sum::<usize>()
    }
}

/// Which of the pushes that wait for a user are asked for: the oldest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PushesQuery {
    /// For whom.
    pub uid: Id,
    /// Only those behind this number; 0 is before all.
    pub after: u64,
    /// How many at most.
    pub pushes_max: usize,
    /// How many bytes at most, as [`PushRecord::bytes`] counts them; the first comes in any case.
    pub bytes_max: usize,
}

/// Pushes that wait for one user, those whose time has passed perhaps among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PushesPage {
    /// With their numbers, the oldest first.
    pub pushes: Vec<(u64, PushRecord)>,
    /// Whether the page was cut.
    pub more: bool,
}

/// The numbers of pushes, and what was told in this turn.
#[derive(Debug, Default)]
pub(super) struct Pushes {
    /// The last that was given; `None` until the store was asked.
    last: Option<u64>,
    /// What would wait if its receivers had not been there.
    told: BTreeMap<u64, PushRecord>,
    /// Who was told what.
    heard: Vec<(UserSlot, u64)>,
    heard_is_sorted: bool,
}

impl Pushes {
    /// So much room for who was told what is kept between two turns.
    const HEARD_KEPT_MAX: usize = 1_024;

    /// Takes the last number that the store knows, unless a later one is known here.
    pub(super) fn load_last(&mut self, last: u64) {
        self.last.get_or_insert(last);
    }

    fn next_number(&mut self) -> u64 {
        let next = self.last.unwrap_or(0) + 1;
        self.last = Some(next);
        next
    }

    /// The turn is over, one way or the other.
    pub(super) fn forget_turn(&mut self) {
        self.told.clear();
        self.heard.clear();
        self.heard.shrink_to(Pushes::HEARD_KEPT_MAX);
    }

    fn hear(&mut self, number: u64, record: PushRecord, users: impl Iterator<Item = UserSlot>) {
        self.told.insert(number, record);
        self.heard.extend(users.map(|user| (user, number)));
        self.heard_is_sorted = false;
    }

    /// What a user was told in this turn, so far.
    fn take_heard_by(&mut self, user: UserSlot) -> Vec<u64> {
        // Many may go in one turn, so each looks only at its own.
        if !self.heard_is_sorted {
            self.heard.sort_unstable();
            self.heard_is_sorted = true;
        }
        let from = self.heard.partition_point(|(of, _)| *of < user);
        let until = self.heard.partition_point(|(of, _)| *of <= user);
        self.heard.drain(from..until).map(|(_, number)| number).collect()
    }
}

/// Whom a push finds, and whom it does not.
#[derive(Default)]
struct Found {
    online: Vec<UserSlot>,
    away: Vec<Id>,
}

impl Push<'_> {
    /// A copy that borrows from nothing.
    #[must_use]
    pub fn into_owned(self) -> Push<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Push {
            to: self.to,
            id: owned(self.id),
            title: self.title.map(owned),
            content: owned(self.content),
            data: self.data.map(owned),
            url: self.url.map(owned),
            ttl_s: self.ttl_s,
        }
    }

    fn notice(&self, time: UnixMillis) -> Notice<'_> {
        Notice {
            id: &self.id,
            title: self.title.as_deref(),
            content: &self.content,
            data: self.data.as_deref(),
            url: self.url.as_deref(),
            time,
        }
    }

    fn record(&self, time: UnixMillis, ttl_s: u64) -> PushRecord {
        let boxed = |text: &Option<Cow<'_, str>>| text.as_deref().map(Into::into);
        PushRecord {
            id: (&*self.id).into(),
            title: boxed(&self.title),
            content: (&*self.content).into(),
            data: boxed(&self.data),
            url: boxed(&self.url),
            time,
            expires: UnixMillis(time.0.saturating_add(ttl_s.saturating_mul(1_000))),
        }
    }
}

/// Checks what can be checked without knowing anything.
pub(super) fn check(push: &Push<'_>, limits: &Limits) -> Result<(), Refusal> {
    match &push.to {
        Addressees::Users(uids) if uids.is_empty() => {
            return Err(Refusal::BadRequest("uids", "names nobody"));
        }
        Addressees::Users(uids) if uids.len() > limits.push_uids_max => {
            return Err(Refusal::TooLarge("uids"));
        }
        Addressees::Users(uids) => uids.iter().try_for_each(|uid| unreserved("uid", uid))?,
        Addressees::Group(gid) => unreserved("gid", gid)?,
        Addressees::All => {}
    }
    let too_long = |text: &Option<Cow<'_, str>>, max| text.as_ref().is_some_and(|text| text.len() > max);
    if too_long(&push.title, limits.push_title_bytes_max) {
        return Err(Refusal::TooLarge("title"));
    }
    if push.content.len() > limits.push_content_bytes_max {
        return Err(Refusal::TooLarge("content"));
    }
    if too_long(&push.data, limits.data_bytes_max) {
        return Err(Refusal::TooLarge("data"));
    }
    if too_long(&push.url, limits.push_url_bytes_max) {
        return Err(Refusal::TooLarge("url"));
    }
    if push.url.as_deref().is_some_and(|url| !leads_to_a_page(url)) {
        return Err(Refusal::BadRequest("url", "must be http, https, or a path that begins with one slash"));
    }
    if push.ttl_s.is_some_and(|ttl_s| ttl_s > limits.push_ttl_seconds_max) {
        return Err(Refusal::BadRequest("ttl", "is longer than a push may wait"));
    }
    Ok(())
}

/// Whether a browser that is led there shows a page, and runs nothing. Two slashes, or one of them turned round,
/// would be another host.
fn leads_to_a_page(url: &str) -> bool {
    let has_scheme = |scheme: &str| url.get(..scheme.len()).is_some_and(|of| of.eq_ignore_ascii_case(scheme));
    let is_path = url.starts_with('/') && !url.starts_with("//") && !url.starts_with("/\\");
    (is_path || has_scheme("http://") || has_scheme("https://")) && !url.chars().any(char::is_control)
}

impl Chat {
    /// What the core must know before it can tell a push, and does not.
    pub(super) fn needs_push(&self, push: &Push<'_>) -> Option<Query> {
        let of_group = match &push.to {
            Addressees::Group(gid) => self.needs_user(&user::system()).or_else(|| self.needs_group(gid)),
            Addressees::Users(_) | Addressees::All => None,
        };
        // Whom it names may have been a guest's before a restart.
        of_group
            .or_else(|| self.guests.needs_until())
            .or_else(|| self.pushes.last.is_none().then_some(Query::LastPush))
    }

    /// Tells a push that was checked. What it needs is known.
    pub(super) fn push(
        &mut self,
        now: Now,
        push: &Push<'_>,
        out: &mut impl Sink,
    ) -> Result<PushCounts, Refusal> {
        let event = Event::Push(push.notice(now.unix));
        let found = match &push.to {
            Addressees::All => {
                out.put(Output::Deliver { to: To::Topic(TOPIC_ALL), event });
                return Ok(PushCounts { online: self.count_there(), stored: 0 });
            }
            Addressees::Users(uids) => {
                let found = self.find_users(uids);
                self.receivers.clear();
                for user in &found.online {
                    self.receivers.extend_from_slice(self.users[*user].sessions.as_slice());
                }
                found
            }
            Addressees::Group(gid) => {
                let (asker, slot) = (self.speaker(None), self.groups.intern(gid));
                self.may(now, asker, slot, Deed::Speak)?;
                let found = self.find_members(slot);
                if !found.online.is_empty() {
                    out.put(Output::Deliver { to: To::Topic(slot.topic()), event: event.clone() });
                }
                let conversation = self.groups[slot].conversation.clone();
                self.find_kept_from(&conversation);
                found
            }
        };
        if !self.receivers.is_empty() {
            out.put(Output::Deliver { to: To::Sessions(&self.receivers), event });
        }
        let stored = self.keep_push(now, push, &found, out);
        Ok(PushCounts { online: found.online.len(), stored })
    }

    /// Has the push wait for who is away, if it waits at all, and tells for how many. Who was there may turn out to
    /// have gone.
    fn keep_push(&mut self, now: Now, push: &Push<'_>, found: &Found, out: &mut impl Sink) -> usize {
        let ttl_s = push.ttl_s.unwrap_or(self.limits.push_ttl_seconds_default);
        if ttl_s == 0 {
            return 0;
        }
        let (number, record) = (self.pushes.next_number(), push.record(now.unix, ttl_s));
        if !found.away.is_empty() {
            let receivers: Vec<&Id> = found.away.iter().collect();
            out.put(Output::Store(Store::Push { number, push: &record, receivers: &receivers }));
            for uid in &found.away {
                self.guests.name(uid);
                if let Some(user) = self.users.slot(uid) {
                    self.users[user].pushes_wait = true;
                }
            }
        }
        if !found.online.is_empty() {
            self.pushes.hear(number, record, found.online.iter().copied());
        }
        found.away.len()
    }

    fn find_users(&self, uids: &[Id]) -> Found {
        let mut found = Found::default();
        for uid in uids.iter().collect::<BTreeSet<_>>() {
            match self.users.slot(uid).filter(|user| self.is_there(*user)) {
                Some(user) => found.online.push(user),
                None => found.away.push(uid.clone()),
            }
        }
        found
    }

    fn find_members(&self, slot: super::room::GroupSlot) -> Found {
        let mut found = Found::default();
        for member in &self.groups[slot].members {
            if self.is_there(member.user) {
                found.online.push(member.user);
            } else {
                found.away.push(self.users[member.user].uid.clone());
            }
        }
        found
    }

    /// Finds the sessions of members that do not hear the group's topic yet, because a replay is about to bring it.
    fn find_kept_from(&mut self, conversation: &Conversation) {
        let kept = self.replays.running.iter().filter(|(_, replay)| replay.brings(conversation));
        let kept = kept.map(|(session, _)| *session);
        let is_member = |session: &SessionId| {
            self.sessions.find(session).is_some_and(|row| self.may_hear(row.user, conversation))
        };
        let kept: Vec<SessionId> = kept.filter(is_member).collect();
        self.receivers.clear();
        self.receivers.extend(kept);
    }

    fn is_there(&self, user: UserSlot) -> bool {
        let is_going = |session: &SessionId| self.sessions.find(session).is_none_or(|row| row.ending);
        !self.users[user].sessions.as_slice().iter().all(is_going)
    }

    /// How many users are there. Each is counted by the first of the sessions.
    fn count_there(&self) -> usize {
        let is_first = |row: &Session| {
            self.users[row.user].sessions.as_slice().first() == Some(row.key()) && self.is_there(row.user)
        };
        self.sessions.iter().filter(|(_, row)| is_first(row)).count()
    }

    /// The last session of a user has ended: what it was told in this turn waits.
    pub(super) fn push_again(&mut self, user: UserSlot, out: &mut impl Sink) {
        for number in self.pushes.take_heard_by(user) {
            let Some(push) = self.pushes.told.get(&number) else { continue };
            let receivers: &[&Id] = &[&self.users[user].uid];
            out.put(Output::Store(Store::Push { number, push, receivers }));
            self.users[user].pushes_wait = true;
        }
    }

    pub(super) fn pushes_query(&self, user: UserSlot, after: u64) -> Query {
        let (pushes_max, bytes_max) = (self.limits.replay_page_max, self.limits.replay_page_bytes_max);
        Query::Pushes(PushesQuery { uid: self.users[user].uid.clone(), after, pushes_max, bytes_max })
    }

    /// Tells a page of the pushes that wait, but for those whose time has passed, and what some client has already.
    pub(super) fn tell_pushes(
        &mut self,
        now: Now,
        (session, user): (SessionId, UserSlot),
        (query, page): (&PushesQuery, &PushesPage),
        out: &mut impl Sink,
    ) {
        let Some(replay) = self.replays.running.get_mut(&session) else { return };
        for (number, push) in &page.pushes {
            if push.expires <= now.unix || self.replays.strikes.cover_push(&query.uid, *number) {
                continue;
            }
            replay.bytes += push.bytes();
            replay.told.pushes = *number;
            let event = Event::OfflinePush(push.notice());
            out.put(Output::Deliver { to: To::Session(session), event });
        }
        if let (true, Some((last, _)), Some(leg)) = (page.more, page.pushes.last(), replay.legs.front_mut()) {
            *leg = Leg::Pushes { after: *last };
        } else {
            replay.legs.pop_front();
        }
        if query.after == 0 && page.pushes.is_empty() {
            self.users[user].pushes_wait = false;
        }
    }

    /// Strikes the pushes that clients have.
    pub(super) fn strike_pushes(&mut self, out: &mut impl Sink) {
        for (uid, until) in self.replays.strikes.take_pushes() {
            out.put(Output::Store(Store::NoPush { uid: &uid, until }));
            self.turn.undo(Undo::StruckPushes(uid, until));
        }
    }

    /// What was struck waits again, for the store; clients have it all the same.
    pub(super) fn put_back_pushes(&mut self, uid: &Id, until: u64) {
        if let Some(user) = self.users.slot(uid) {
            self.users[user].pushes_wait = true;
        }
        self.replays.strikes.add_pushes(uid, until);
    }
}
