//! Agents on duty.
//!
//! An agent says whether tickets are taken, and how many at a time. Whoever has said so hears what concerns the own
//! desks, on that connection, until it ends. Colleagues of the same desks are told of every change, and so is how many
//! tickets each has. Tested in `tests/chat/desk_duty.rs`.

use super::agents::{Agent, Post};
use super::names::{Desk, Duty};
use super::{AgentView, DeskEvent, DeskUndo};
use crate::base::clock::Now;
use crate::base::limits;
use crate::chat::Chat;
use crate::chat::ids::{Id, SessionId};
use crate::chat::output::{Event, Output, Refusal, Sink, To};
use crate::chat::permission::Asker;
use crate::chat::reply::{Outcome, Reply};
use crate::chat::turn::Undo;

impl Chat {
    /// A session that begins has this post. There is nothing to undo: without its login it has none.
    pub(in crate::chat) fn take_post(&mut self, session: SessionId, post: Option<Post>) {
        if let Some(post) = post {
            let uid = post.uid.clone();
            self.desk.agents.set_post(session, Some(post));
            self.agent_comes(&uid);
        }
    }

    /// A session has another token: it goes on watching, if it still may.
    pub(in crate::chat) fn change_post(&mut self, now: Now, session: SessionId, post: Option<Post>) {
        let before = self.desk.agents.post(session).cloned();
        if before.is_none() && post.is_none() {
            return;
        }
        let watches = before.as_ref().is_some_and(|before| before.watches);
        let uid = before.as_ref().or(post.as_ref()).map(|post| post.uid.clone());
        let desks = before.as_ref().and_then(|before| before.desks.clone());
        self.desk.agents.set_post(session, post.map(|post| Post { watches, ..post }));
        self.turn.undo(Undo::Desk(DeskUndo::Post(session, before.map(Box::new))));
        if let Some(uid) = uid {
            self.agent_goes(now, &uid, desks.as_deref());
            if self.desk.agents.is_there(&uid) {
                self.agent_comes(&uid);
            }
        }
    }

    /// The session of an agent has ended.
    pub(in crate::chat) fn leave_post(&mut self, now: Now, session: SessionId) {
        if let Some(post) = self.desk.agents.set_post(session, None) {
            self.agent_goes(now, &post.uid, post.desks.as_deref());
        }
    }

    /// A login is undone.
    pub(in crate::chat) fn drop_post(&mut self, session: SessionId) {
        self.desk.agents.set_post(session, None);
    }

    /// Whether somebody is an agent by this session, and of which name.
    pub(super) fn must_be_agent(&self, asker: Asker, session: SessionId) -> Result<Id, Refusal> {
        match self.desk.agents.post(session) {
            Some(_) => Ok(self.users[asker.user].uid.clone()),
            None => Err(Refusal::Forbidden),
        }
    }

    pub(super) fn go_on_duty(
        &mut self,
        now: Now,
        asker: Asker,
        session: SessionId,
        (duty, capacity): (Duty, Option<u32>),
        out: &mut impl Sink,
    ) -> Outcome {
        let uid = self.must_be_agent(asker, session)?;
        let before = self.desk.agents.get(&uid).map(|agent| (agent.duty, agent.capacity));
        let name = self.users[asker.user].name.clone();
        let after = (duty, capacity.or(before.and_then(|(_, capacity)| capacity)));
        self.change_agent(&uid, |agent| {
            agent.name = name.as_str().into();
            if agent.duty != Duty::Online && duty == Duty::Online {
                agent.idle_since = now.mono;
            }
            (agent.duty, agent.capacity, agent.grace) = (after.0, after.1, None);
        });
        let is_first = self.desk.agents.watch(session, true);
        if is_first {
            self.turn.undo(Undo::Desk(DeskUndo::Watched(session)));
        }
        if before != Some(after) || is_first {
            self.unsettle_desks_of(&uid);
            self.tell_duty(&uid, out);
        }
        if is_first {
            self.tell_what_there_is(now, session, &uid, out);
        }
        Ok(Reply::Ack(None))
    }

    /// Tells a session that has begun to watch what its agent holds, and is offered.
    fn tell_what_there_is(&mut self, now: Now, session: SessionId, uid: &Id, out: &mut impl Sink) {
        for number in self.desk.tickets.of_holder(uid).collect::<Vec<_>>() {
            if let Some(ticket) = self.desk.tickets.get(number) {
                let event = Event::Desk(DeskEvent::Line(self.view(now, ticket)));
                out.put(Output::Deliver { to: To::Session(session), event });
            }
        }
        for ticket in self.desk.tickets.not_closed().filter(|ticket| ticket.offers.to.contains(uid)) {
            self.tell_offer(now, ticket, &[session], out);
        }
    }

    /// How many tickets an agent has at a time.
    pub(super) fn capacity_of(&self, uid: &Id, agent: &Agent) -> u32 {
        let said_by_desks = || match self.desk.agents.desks_of(uid) {
            Some(desks) => desks.iter().map(|desk| self.desk.settings_of(desk).capacity).max(),
            None => Some(self.desk.settings_of(&Desk::default()).capacity),
        };
        agent.capacity.or_else(said_by_desks).unwrap_or_else(|| limits::DESK_CAPACITY.small())
    }

    /// How many more an agent can hold.
    pub(super) fn room_of(&self, uid: &Id) -> usize {
        let held = self.desk.tickets.held_by(uid);
        let nobody = Agent::new("");
        let agent = self.desk.agents.get(uid).unwrap_or(&nobody);
        (self.capacity_of(uid, agent) as usize).saturating_sub(held)
    }

    /// An agent, as colleagues see one. Lent: the desks, and the name.
    pub(super) fn agent_view<'a>(
        &'a self,
        uid: &'a Id,
        agent: &'a Agent,
        desks: Option<&'a [Desk]>,
    ) -> AgentView<'a> {
        let name = self.users.find(uid).map(|user| user.name.as_str()).filter(|name| !name.is_empty());
        AgentView {
            uid,
            name: name.unwrap_or(&agent.name),
            state: agent.duty,
            capacity: self.capacity_of(uid, agent),
            open: self.desk.tickets.held_by(uid) as u64,
            desks,
        }
    }

    /// For which desks an agent is, or was when last here.
    fn desks_of_agent(&self, uid: &Id, agent: &Agent) -> Option<Vec<Desk>> {
        if self.desk.agents.is_there(uid) { self.desk.agents.desks_of(uid) } else { agent.desks.clone() }
    }

    /// Tells colleagues, and the agent's own sessions, how an agent is.
    pub(super) fn tell_duty(&self, uid: &Id, out: &mut impl Sink) {
        let Some(agent) = self.desk.agents.get(uid) else { return };
        let desks = self.desks_of_agent(uid, agent);
        let shares = |of: Option<&[Desk]>| match (of, &desks) {
            (Some(of), Some(desks)) => of.iter().any(|desk| desks.contains(desk)),
            _ => true,
        };
        let posts = self.desk.agents.posts();
        let concerned =
            posts.filter(|(_, post)| post.uid == *uid || post.watches && shares(post.desks.as_deref()));
        let sessions: Vec<SessionId> = concerned.map(|(session, _)| session).collect();
        if !sessions.is_empty() {
            let view = self.agent_view(uid, agent, desks.as_deref());
            let event = Event::Desk(DeskEvent::Duty(view));
            out.put(Output::Deliver { to: To::Sessions(&sessions), event });
        }
    }

    /// Answers who is on duty.
    pub(super) fn list_agents(
        &self,
        asker: Asker,
        (session, id): (SessionId, Option<&str>),
        desk: Option<&Desk>,
        out: &mut impl Sink,
    ) -> Outcome {
        self.must_be_agent(asker, session)?;
        let rows = self.agents_of(desk);
        let agents: Vec<AgentView<'_>> =
            rows.iter().map(|(uid, agent, desks)| self.agent_view(uid, agent, desks.as_deref())).collect();
        let event = Event::Desk(DeskEvent::Agents { id, agents: &agents });
        out.put(Output::Deliver { to: To::Session(session), event });
        Ok(Reply::Given)
    }

    /// The agents of a desk who have ever said whether they take tickets, or hold some, by uid.
    pub(super) fn agents_of(&self, desk: Option<&Desk>) -> Vec<(&Id, &Agent, Option<Vec<Desk>>)> {
        let agents = &self.desk.agents;
        let of_desk = agents.all().filter(|(uid, _)| desk.is_none_or(|desk| agents.serves(uid, desk)));
        of_desk.map(|(uid, agent)| (uid, agent, self.desks_of_agent(uid, agent))).collect()
    }
}
