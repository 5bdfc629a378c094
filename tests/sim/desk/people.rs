//! Who takes part, and what they may come up with.

use std::collections::BTreeSet;

use karez::base::clock::UnixMillis;
use karez::chat::desk::{
    CannedDraft, Desk, DeskRequest, DeskSettings, Duty, Opening, Receiver, Routing, TicketPatch, TicketsPage,
    TicketsView,
};
use karez::chat::ids::{Id, SessionId, TicketId};
use karez::chat::input::{Bounds, Command, Draft, Grant, Identity, Resume, Role, Target};

use super::hours;
use crate::random::Random;

/// Somebody.
pub struct Person {
    pub uid: Id,
    /// By which one logs in.
    pub name: String,
    pub is_guest: bool,
    pub role: Role,
    /// Of an agent; `None` for all.
    pub desks: Option<Vec<Desk>>,
    pub sessions: Vec<SessionId>,
    /// By which an agent has said something about duty.
    pub watching: BTreeSet<SessionId>,
    /// What an agent has said for certain since being here.
    pub duty: Option<(Duty, u32)>,
}

impl Person {
    pub fn serves(&self, desk: &Desk) -> bool {
        self.role != Role::User
            && (desk.is_default() || self.desks.as_ref().is_none_or(|desks| desks.contains(desk)))
    }

    pub fn is_agent(&self) -> bool {
        self.role != Role::User
    }

    pub fn login(&self, resume: Option<Resume>) -> Command<'static> {
        let exp_s = 4_000_000_000;
        let name = Some(self.name.clone());
        let identity = if self.is_guest {
            Identity::Guest { uid: self.uid.clone(), name: name.map(Into::into) }
        } else {
            Identity::Known(Grant {
                uid: self.uid.clone(),
                name,
                role: self.role,
                groups: Vec::new(),
                desks: self.desks.clone(),
                exp_s,
                holds_until: UnixMillis(exp_s * 1_000),
            })
        };
        Command::Login(identity, resume)
    }
}

pub const DESKS: [&str; 3] = ["default", "sales", "help"];

pub fn desk(name: &str) -> Desk {
    Desk::from_text(name).unwrap()
}

pub fn any_desk(random: &mut Random) -> Desk {
    desk(DESKS[random.below(3) as usize])
}

/// Six visitors, three of them guests, four agents, one admin.
pub fn people() -> Vec<Person> {
    let person = |uid: u64, role, desks: Option<&[&str]>| Person {
        uid: Id::from_number(uid).unwrap(),
        name: format!("{} of {uid}", if role == Role::User { "Vic" } else { "Ann" }),
        is_guest: uid > 1_000,
        role,
        desks: desks.map(|desks| desks.iter().map(|name| desk(name)).collect()),
        sessions: Vec::new(),
        watching: BTreeSet::new(),
        duty: None,
    };
    let visitors = (101..=103).chain(1_001..=1_003);
    let mut people: Vec<Person> = visitors.map(|uid| person(uid, Role::User, None)).collect();
    people.push(person(1, Role::Agent, None));
    people.push(person(2, Role::Agent, Some(&["sales"])));
    people.push(person(3, Role::Agent, Some(&["sales", "help"])));
    people.push(person(4, Role::Agent, Some(&["help"])));
    people.push(person(5, Role::Admin, None));
    people
}

pub fn rules(random: &mut Random, now: UnixMillis) -> DeskSettings {
    let mut rules = DeskSettings::new(any_desk(random));
    rules.routing = *random.pick(&Routing::ALL);
    rules.offer_seconds = 1 + random.below(20);
    rules.sticky = random.percent(50);
    rules.idle_close_seconds = *random.pick(&[0, 30, 200, 1_800]);
    rules.idle_notice_seconds = *random.pick(&[0, 10, 60]);
    rules.identified = random.percent(10);
    rules.hours = random.percent(40).then(|| hours::hours(random, now));
    rules
}

fn draft(random: &mut Random) -> Draft<'static> {
    let content = ["hello", "and?", "yes", "好的"][random.below(4) as usize];
    Draft { content: content.into(), ..Draft::default() }
}

fn opening(random: &mut Random) -> Box<Opening<'static>> {
    let page = random.percent(50).then(|| "https://shop.example/17".into());
    let lang = random.percent(50).then(|| "zh".into());
    let form = if random.percent(50) { vec![("order".into(), "17".into())] } else { Vec::new() };
    Box::new(Opening { desk: any_desk(random), page, lang, form, ..Opening::default() })
}

/// What a visitor may ask, of the tickets up to this one.
pub fn of_visitor(random: &mut Random, last: u64) -> Command<'static> {
    let ticket = TicketId(1 + random.below(last + 1));
    Command::Desk(match random.below(22) {
        0..9 => DeskRequest::Support { ticket: None, draft: draft(random), opening: opening(random) },
        20 | 21 => DeskRequest::Ask { desk: any_desk(random) },
        9 => DeskRequest::Support { ticket: Some(ticket), draft: draft(random), opening: Box::default() },
        10..13 => DeskRequest::Close { ticket },
        13..15 => DeskRequest::Rate {
            ticket,
            stars: 1 + random.below(5) as u8,
            comment: random.percent(50).then(|| "thanks".into()),
        },
        15 => DeskRequest::Claim { ticket },
        16 => DeskRequest::Notes { ticket },
        17 => return Command::Typing { target: Target::Ticket(ticket) },
        18 => return Command::Read { target: Target::Ticket(ticket), seq: random.below(5) },
        _ => return history(ticket),
    })
}

fn history(ticket: TicketId) -> Command<'static> {
    Command::History { target: Target::Ticket(ticket), bounds: Bounds::Newest, limit: None }
}

pub fn duty(random: &mut Random) -> (Duty, Option<u32>) {
    let state = *random.pick(&[Duty::Online, Duty::Online, Duty::Online, Duty::Busy, Duty::Away]);
    (state, random.percent(70).then(|| 1 + random.below(3) as u32))
}

fn receiver(random: &mut Random) -> Receiver {
    if random.percent(60) {
        Receiver::Agent(Id::from_number(1 + random.below(5)).unwrap())
    } else {
        Receiver::Desk(any_desk(random))
    }
}

/// What an agent may ask about one of these tickets, which are those that are worth asking about.
pub fn of_agent(random: &mut Random, tickets: &[TicketId]) -> Command<'static> {
    let ticket = if tickets.is_empty() || random.percent(10) {
        TicketId(1 + random.below(20))
    } else {
        *random.pick(tickets)
    };
    Command::Desk(match random.below(31) {
        30 => {
            let reply = CannedDraft { short: "hi".into(), content: "Hello".into(), desk: None };
            DeskRequest::PutCanned { canned: None, reply, shared: false }
        }
        0..8 => DeskRequest::Claim { ticket },
        8..11 => DeskRequest::Decline { ticket },
        11..16 => {
            DeskRequest::Support { ticket: Some(ticket), draft: draft(random), opening: Box::default() }
        }
        16..19 => DeskRequest::Close { ticket },
        19..22 => DeskRequest::Transfer {
            ticket,
            to: receiver(random),
            note: random.percent(30).then(|| "look".into()),
        },
        22 => DeskRequest::Tag { ticket, tags: vec!["vip".into()] },
        23 => DeskRequest::Note { ticket, content: "hm".into() },
        24 => DeskRequest::Notes { ticket },
        25 => {
            let view = *random.pick(&TicketsView::ALL);
            let (desk, uid, agent, after, limit) = (None, None, None, None, None);
            DeskRequest::Tickets(TicketsPage { view, desk, uid, agent, after, limit })
        }
        26 => DeskRequest::Agents { desk: None },
        27 => return Command::Typing { target: Target::Ticket(ticket) },
        28 => return Command::Read { target: Target::Ticket(ticket), seq: random.below(5) },
        _ => return history(ticket),
    })
}

/// How the site may change a ticket.
pub fn patch(random: &mut Random) -> TicketPatch {
    match random.below(4) {
        0 => TicketPatch { close: true, ..TicketPatch::default() },
        1 => TicketPatch { to: Some(receiver(random)), ..TicketPatch::default() },
        _ => TicketPatch { priority: Some(random.below(3) as i32), ..TicketPatch::default() },
    }
}
