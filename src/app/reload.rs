//! New settings for a daemon that runs.
//!
//! Where they come from the app does not know: it is given something that reads them ([`Reload`]) and asks it when
//! the operator says so (SIGHUP). What comes back has been judged as a whole, so that nothing here can fail: all of it holds
//! from this turn on. Who is connected stays, under the new limits; what the login answer told of them
//! is then the old. The tutorial is changed in the editor and started again. Tests: `tests/app/reload.rs`.

use super::{App, Settings};
use crate::net::{Adjustment, Outbox};
use crate::store::{Retention, Storage};

/// Reads the settings again.
pub trait Reload {
    /// All settings, judged as a whole.
    ///
    /// # Errors
    ///
    /// What is wrong with them, in words for the log. Everything stays as it is then.
    fn reload(&mut self) -> Result<Reloaded, String>;
}

/// What may change while the daemon runs.
#[derive(Clone, Debug)]
pub struct Reloaded {
    /// What the app is told.
    pub settings: Settings,
    /// What the store keeps.
    pub retention: Retention,
    /// What the loop is told.
    pub adjustment: Adjustment,
}

impl<S: Storage> App<S> {
    /// The same, with settings that can be read again.
    #[must_use]
    pub fn with_reload(self, reload: Box<dyn Reload>) -> App<S> {
        App { reload: Some(reload), ..self }
    }

    /// Reads the settings again, and has them hold or says why not.
    pub(super) fn reload(&mut self, out: &mut Outbox) {
        let Some(reload) = &mut self.reload else { return };
        self.supervisor.reloading();
        match reload.reload() {
            Ok(reloaded) => {
                self.apply(reloaded, out);
                log::info!("reload: done");
            }
            Err(reasons) => {
                for reason in reasons.lines() {
                    log::error!("reload: {reason}");
                }
                log::error!("reload: everything stays as it is");
            }
        }
        self.supervisor.ready();
    }

    fn apply(&mut self, reloaded: Reloaded, out: &mut Outbox) {
        let Reloaded { settings, retention, adjustment } = reloaded;
        self.chat.set_limits(settings.chat.clone());
        self.turn.adjust(&settings);
        self.turn.store_mut().set_retention(retention);
        // What is too much by the new limits goes soon, and not when somebody speaks again.
        self.turn.tidy_soon(out.now().mono);
        self.strangers.set_limits(settings.failed_logins);
        self.api.set_calls_per_second(settings.api.calls_per_second);
        self.settings = settings;
        out.adjust(adjustment);
    }
}
