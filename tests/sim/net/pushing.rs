//! Pushes: how they are called for, told and kept.

use karez::base::clock::UnixMillis;
use karez::chat::call::Call;
use karez::chat::ids::Id;
use karez::chat::output::{Event, Notice, PushesQuery, Query, Record};
use karez::chat::push::Push;
use karez::store::Storage;

use super::{Told, World};

/// A push as one receiver got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    pub id: String,
    pub title: Option<String>,
    pub content: String,
    pub data: Option<String>,
    pub url: Option<String>,
    pub is_offline: bool,
}

impl Pushed {
    fn of(push: &Notice<'_>, is_offline: bool) -> Pushed {
        Pushed {
            id: push.id.to_owned(),
            title: push.title.map(str::to_owned),
            content: push.content.to_owned(),
            data: push.data.map(str::to_owned),
            url: push.url.map(str::to_owned),
            is_offline,
        }
    }

    /// As whoever is there gets it.
    pub fn live(push: &Push<'_>) -> Pushed {
        Pushed {
            id: push.id.to_string(),
            title: push.title.as_deref().map(str::to_owned),
            content: push.content.to_string(),
            data: push.data.as_deref().map(str::to_owned),
            url: push.url.as_deref().map(str::to_owned),
            is_offline: false,
        }
    }

    /// One short line, for stories.
    pub fn line(&self) -> String {
        let title = self.title.as_ref().map(|title| format!("{title}: ")).unwrap_or_default();
        let rest: Vec<String> =
            [&self.data, &self.url].into_iter().flatten().map(|of| format!(" {of}")).collect();
        let offline = if self.is_offline { "offline " } else { "" };
        format!("{offline}push {} {title}{}{}", self.id, self.content, rest.concat())
    }
}

impl Told {
    pub(super) fn of_push(event: &Event<'_>) -> Told {
        match event {
            Event::OfflinePush(push) => Told::Push(Pushed::of(push, true)),
            Event::Push(push) => Told::Push(Pushed::of(push, false)),
            other => panic!("{other:?} is no push"),
        }
    }
}

impl World {
    /// A back end has something told.
    pub fn push(&mut self, call: u64, push: Push<'_>) {
        self.call(call, Call::Push(push));
    }

    /// For whom a push is kept since this was last asked, with its id and when it expires.
    pub fn take_kept(&mut self) -> Vec<(Id, String, UnixMillis)> {
        std::mem::take(&mut self.outside.kept)
    }

    /// The pushes that wait for a user, by their ids.
    pub fn pushes_for(&self, uid: &Id) -> Vec<String> {
        let query = PushesQuery { uid: uid.clone(), after: 0, pushes_max: usize::MAX, bytes_max: usize::MAX };
        let Ok(Record::Pushes(_, page)) = self.store().read(&Query::Pushes(query)) else { panic!() };
        page.pushes.into_iter().map(|(_, push)| push.id.into()).collect()
    }
}
