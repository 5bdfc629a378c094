//! What a page may do in a browser (Content Security Policy, Level 3): nothing, but for what is listed.
//!
//! | page | what it may besides |
//! |---|---|
//! | the daemon's own pages, and all that they load | nothing; no page may show them in a frame |
//! | the panel of the widget | stand in a frame of the sites that the operator has named |
//! | the demo, a site that shows the widget | show frames of the daemon's own |
//!
//! No page runs a script that stands in its text, and none loads anything from another host. It does not know which
//! page is where (`assets.rs`). Not in the tutorial. Tests: `tests/app/pages.rs`, `tests/app/widget.rs`.

use std::borrow::Cow;

use crate::http::Response;

/// What the chat page may do, and everything that is not listed below.
pub(super) const OWN: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
                      media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// What a site needs that carries the widget, and nothing else: it need not let the widget connect anywhere.
const HOST: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; frame-src 'self'; \
                    base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                    require-trusted-types-for 'script'; trusted-types 'none'";

/// As a site of the operator's own machine: what somebody has who tries the widget out. There is no way to write an
/// IPv6 address in a policy.
const NEAR: &str = "http://localhost:* http://127.0.0.1:* https://localhost:* https://127.0.0.1:*";

/// Which policy a page has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Policy {
    /// A page of the daemon's own.
    Own,
    /// A script that sites have in their own pages.
    Loader,
    /// It may stand in a frame of [`FrameAncestors`].
    Framed,
    /// It shows the widget.
    Host,
}

/// Whose pages may show the panel of the widget; the daemon's own always may.
#[derive(Clone, Copy, Debug)]
pub(super) struct FrameAncestors<'a> {
    /// The sites that the operator has named, as `scheme://host[:port]`.
    pub(super) sites: &'a [String],
    /// Whoever asks is on this machine. Where no site is named, sites of this machine may then.
    pub(super) is_near: bool,
}

impl FrameAncestors<'_> {
    fn text(&self) -> String {
        let named = self.sites.iter().map(String::as_str);
        let near = (self.sites.is_empty() && self.is_near).then_some(NEAR);
        let all: Vec<&str> = ["'self'"].into_iter().chain(named).chain(near).collect();
        all.join(" ")
    }
}

impl Policy {
    /// With what a site asks of strangers that shuts itself off from all others (Cross-Origin-Embedder-Policy): that
    /// they are meant for other sites, and that a page in a frame is as strict as the one around it.
    pub(super) fn shared_with_sites(self, response: Response) -> Response {
        let shared = |response: Response| response.header("cross-origin-resource-policy", "cross-origin");
        match self {
            Policy::Own | Policy::Host => response,
            Policy::Loader => shared(response),
            Policy::Framed => shared(response).header("cross-origin-embedder-policy", "require-corp"),
        }
    }

    /// The value of the header.
    pub(super) fn text(self, ancestors: &FrameAncestors<'_>) -> Cow<'static, str> {
        match self {
            Policy::Own | Policy::Loader => Cow::Borrowed(OWN),
            Policy::Host => Cow::Borrowed(HOST),
            Policy::Framed => {
                let framed = format!("frame-ancestors {};", ancestors.text());
                Cow::Owned(OWN.replacen("frame-ancestors 'none';", &framed, 1))
            }
        }
    }
}
