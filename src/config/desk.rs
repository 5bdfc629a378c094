//! The settings of the support desk: who may show its widget, and its limits.
//!
//! What each desk is like (its hours, its words, its routing) is no setting of the daemon: the site's back end says
//! it by the API, while it runs. Tests: `tests/config/`, `tests/app/widget.rs`.

use clap::Args;

use super::units::time;
use super::within;
use crate::base::limits;
use crate::base::units::Time;
use crate::chat::desk::DeskLimits;

/// The support desk.
#[derive(Clone, Debug, Args)]
pub struct DeskSettings {
    /// A site whose pages may show the support widget, as `https://host[:port]`; `https://*.host` is every site under
    /// it. May be given several times. The server's own pages always may; where none is named, those of the machine
    /// itself may too.
    #[arg(long, env = "KAREZ_WIDGET_SITES", value_name = "ORIGIN", value_delimiter = ',', value_parser = site)]
    pub widget_sites: Vec<String>,

    /// Tickets that are not closed, of all desks together.
    #[arg(long, env = "KAREZ_DESK_TICKETS_OPEN_MAX", value_name = "COUNT",
          default_value_t = limits::DESK_TICKETS_OPEN_MAX.default,
          value_parser = within(limits::DESK_TICKETS_OPEN_MAX))]
    pub desk_tickets_open_max: u64,

    /// Tickets that guests may open from one address in an hour. Loopback and Unix sockets are exempt.
    #[arg(long, env = "KAREZ_DESK_TICKETS_PER_ADDRESS_AND_HOUR_MAX", value_name = "COUNT",
          default_value_t = limits::DESK_TICKETS_PER_ADDRESS_AND_HOUR_MAX.default,
          value_parser = within(limits::DESK_TICKETS_PER_ADDRESS_AND_HOUR_MAX))]
    pub desk_tickets_per_address_and_hour_max: u64,

    /// How long a visitor who has gone keeps the place in the queue.
    #[arg(long, env = "KAREZ_DESK_VISITOR_GRACE", value_name = "TIME",
          default_value_t = Time(limits::DESK_VISITOR_GRACE_MS.default),
          value_parser = time(limits::DESK_VISITOR_GRACE_MS))]
    pub desk_visitor_grace: Time,

    /// How long an agent who has gone keeps the tickets before they go back into the queue.
    #[arg(long, env = "KAREZ_DESK_AGENT_GRACE", value_name = "TIME",
          default_value_t = Time(limits::DESK_AGENT_GRACE_MS.default),
          value_parser = time(limits::DESK_AGENT_GRACE_MS))]
    pub desk_agent_grace: Time,
}

impl DeskSettings {
    /// What the core is told.
    pub(super) fn limits(&self) -> DeskLimits {
        DeskLimits {
            tickets_open_max: usize::try_from(self.desk_tickets_open_max).unwrap_or(usize::MAX),
            tickets_per_address_and_hour_max: self.desk_tickets_per_address_and_hour_max,
            visitor_grace_ms: self.desk_visitor_grace.0,
            agent_grace_ms: self.desk_agent_grace.0,
            ..DeskLimits::default()
        }
    }
}

/// An origin of the web, written as browsers write it. It becomes part of a header: nothing else may be in it.
fn site(text: &str) -> Result<String, String> {
    let site = text.trim().trim_end_matches('/').to_ascii_lowercase();
    let authority = site.strip_prefix("https://").or_else(|| site.strip_prefix("http://"));
    match authority.is_some_and(is_authority) {
        true => Ok(site),
        false => Err("must be a site as https://shop.example or https://*.shop.example:8443, without a path"
            .to_owned()),
    }
}

/// A name or an IPv4 address, with a port where it is not the usual one. Others than letters of ASCII are written as
/// browsers send them (`xn--…`).
fn is_authority(text: &str) -> bool {
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let is_label = |label: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        !label.is_empty() && label.bytes().all(fits)
    };
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    host.strip_prefix("*.").unwrap_or(host).split('.').all(is_label) && port.is_none_or(is_port)
}
