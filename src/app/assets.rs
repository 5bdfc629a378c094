//! The chat page and the JavaScript client, embedded in the binary.
//!
//! The page may load from its own host and nothing else, and nothing in it may be read as a script by
//! accident: the policy below is sent with every file.

use crate::http::{Request, Response};

/// What the page may do (Content Security Policy, Level 3): nothing, but for what is listed.
pub(super) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const TYPES: &str = "text/plain; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// Path, type and content of every file.
const FILES: [(&str, &str, &str); 12] = [
    ("/", HTML, include_str!("../web/index.html")),
    ("/a/app.js", SCRIPT, include_str!("../web/app.js")),
    ("/a/client.js", SCRIPT, include_str!("../web/client.js")),
    ("/a/pane.js", SCRIPT, include_str!("../web/pane.js")),
    ("/a/past.js", SCRIPT, include_str!("../web/past.js")),
    ("/a/push.js", SCRIPT, include_str!("../web/push.js")),
    ("/a/row.js", SCRIPT, include_str!("../web/row.js")),
    ("/a/text.js", SCRIPT, include_str!("../web/text.js")),
    ("/a/words.js", SCRIPT, include_str!("../web/words.js")),
    ("/client/karez.js", SCRIPT, include_str!("../web/client/karez.js")),
    ("/client/karez.d.ts", TYPES, include_str!("../web/client/karez.d.ts")),
    ("/a/style.css", STYLE, include_str!("../web/style.css")),
];

/// The files with their entity tags.
#[derive(Debug)]
pub(super) struct Assets {
    tags: Vec<String>,
}

impl Assets {
    pub(super) fn new() -> Assets {
        let digest = |content: &str| {
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, content.as_bytes());
            let hex: String = digest.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            format!("\"{hex}\"")
        };
        Assets { tags: FILES.iter().map(|(_, _, content)| digest(content)).collect() }
    }

    /// The answer to any request that is no upgrade.
    pub(super) fn respond(&self, request: &Request<'_>) -> Response {
        if request.path() == "/ws" {
            // RFC 9110 section 15.5.22: what is asked for is there, but only for who upgrades.
            return Response::text(426, "this is where WebSocket connects; the page is at /\n")
                .header("upgrade", "websocket");
        }
        let found = FILES.iter().zip(&self.tags).find(|((path, _, _), _)| *path == request.path());
        let Some(((_, kind, content), tag)) = found else {
            return Response::text(404, "there is nothing here; the page is at /\n");
        };
        if !matches!(request.method, "GET" | "HEAD") {
            return Response::text(405, "only GET and HEAD\n").header("allow", "GET, HEAD");
        }
        // The browser may keep a file but asks each time whether it is still the same.
        let is_known = request
            .header_text("if-none-match")
            .is_some_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag));
        let response = if is_known {
            Response::new(304)
        } else {
            Response::new(200).header("content-type", *kind).body(content.as_bytes())
        };
        response
            .header("etag", tag.clone())
            .header("cache-control", "no-cache")
            .header("content-security-policy", POLICY)
            .header("x-content-type-options", "nosniff")
            .header("referrer-policy", "no-referrer")
    }
}
