//! What a run looks for in what was told.

use karez::chat::output::ListPlace;

use crate::net::Told;

pub(super) fn place_after(told: &Told) -> Option<ListPlace> {
    match told {
        Told::Conversations { next, .. } => next.clone(),
        _ => None,
    }
}

pub(super) fn next_of(told: &Told) -> Option<u64> {
    match told {
        Told::Search { next, .. } => *next,
        _ => None,
    }
}

pub(super) fn forget_last(told: &mut Told) {
    if let Told::Presence { users, .. } = told {
        users.iter_mut().for_each(|(_, _, last)| *last = None);
    }
}

/// Nothing is promised about the order of changes of different users that follow one another.
pub(super) fn order_changes(told: &mut [Told]) {
    let changed = |told: &Told| match told {
        Told::Presence { id: None, users } => users.first().map(|(uid, _, _)| uid.clone()),
        _ => None,
    };
    for run in told.chunk_by_mut(|one, other| changed(one).is_some() && changed(other).is_some()) {
        run.sort_by_key(changed);
    }
}
