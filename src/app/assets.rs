//! The pages, the widget and the JavaScript client, embedded in the binary.
//!
//! | path | what | how long a browser keeps it |
//! |---|---|---|
//! | `/`, `/admin`, `/desk`, `/demo` | the pages | asks each time whether it is still the same |
//! | `/widget.js` | what a site has in its own pages | some minutes |
//! | `/widget/panel` | the page that it opens there in a frame | as the pages |
//! | `/a/BUILD/…` | what the pages load | a year: another build has another name |
//! | `/client/…` | the client, for pages of other sites | as the pages |
//!
//! Everything is compressed once, at the start. The page may load from its own host and nothing else, and nothing in
//! it may be read as a script by accident: a policy is sent with every file (`policy.rs`). With `--ui-dir` the files come
//! from a folder instead, as they are at that moment: for whoever works on them. Tests: `tests/app/pages.rs`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::policy::{FrameAncestors, Policy};
use crate::http::{Request, Response};

/// The files below `src/web`, by name.
macro_rules! embedded {
    ($($name:literal),* $(,)?) => { &[$(($name, include_bytes!(concat!("../web/", $name)))),*] };
}

const FILES: &[(&str, &[u8])] = embedded![
    "admin/api.js",
    "admin/app.js",
    "admin/ask.js",
    "admin/desk-settings.js",
    "admin/desks.js",
    "admin/groups.js",
    "admin/index.html",
    "admin/plot.js",
    "admin/push.js",
    "admin/style.css",
    "admin/text.js",
    "admin/tiles.js",
    "admin/users.js",
    "admin/words.js",
    "app.js",
    "attach.js",
    "bell.js",
    "client/files.js",
    "client/karez.d.ts",
    "client/karez.js",
    "composer.js",
    "desk/app.js",
    "desk/canned.js",
    "desk/card.js",
    "desk/dialogs.js",
    "desk/figures.js",
    "desk/head.js",
    "desk/index.html",
    "desk/pane.js",
    "desk/pass.js",
    "desk/queue.js",
    "desk/rows.js",
    "desk/style.css",
    "desk/ticket.js",
    "desk/tickets.js",
    "desk/words.en.js",
    "desk/words.zh.js",
    "demo/demo.css",
    "demo/demo.js",
    "demo/index.html",
    "dialog.js",
    "dialogs.js",
    "emoji.js",
    "file.js",
    "index.html",
    "list.js",
    "log.js",
    "members.js",
    "names.js",
    "notices.js",
    "picture.js",
    "row.js",
    "search.js",
    "style.css",
    "talk.js",
    "talks.js",
    "text.js",
    "widget/attach.js",
    "widget/bridge.js",
    "widget/composer.js",
    "widget/connection.js",
    "widget/loader.js",
    "widget/log.js",
    "widget/panel.css",
    "widget/panel.html",
    "widget/panel.js",
    "widget/rating.js",
    "widget/row.js",
    "widget/support.js",
    "widget/words.en.js",
    "widget/words.zh.js",
    "words.en.js",
    "words.zh.js",
];

/// What has a path of its own.
#[derive(Debug)]
struct Page {
    path: &'static str,
    name: &'static str,
    keep: &'static str,
    policy: Policy,
}

const fn page(path: &'static str, name: &'static str, keep: &'static str, policy: Policy) -> Page {
    Page { path, name, keep, policy }
}

const PAGES: [Page; 6] = [
    page("/", "index.html", ASK_EACH_TIME, Policy::Own),
    page("/admin", "admin/index.html", ASK_EACH_TIME, Policy::Own),
    page("/desk", "desk/index.html", ASK_EACH_TIME, Policy::Own),
    page("/demo", "demo/index.html", ASK_EACH_TIME, Policy::Host),
    page("/widget/panel", "widget/panel.html", ASK_EACH_TIME, Policy::Framed),
    page("/widget.js", "widget/loader.js", KEEP_FOR_MINUTES, Policy::Loader),
];
/// What stands for the build in a page.
const BUILD: &str = "/a/BUILD/";
const ASK_EACH_TIME: &str = "no-cache";
/// Every page of a site asks for the loader: a new one may reach them a little later.
const KEEP_FOR_MINUTES: &str = "public, max-age=300";
const KEEP_FOR_A_YEAR: &str = "public, max-age=31536000, immutable";

/// A file as it is sent.
#[derive(Debug)]
struct File {
    name: &'static str,
    plain: Vec<u8>,
    /// None where it would not be smaller.
    gzip: Option<Vec<u8>>,
    /// Without its quotes.
    tag: String,
}

/// Where the files come from.
#[derive(Debug)]
enum Source {
    Embedded(Vec<File>),
    /// Read anew each time.
    Folder(PathBuf),
}

/// The files of the page.
#[derive(Debug)]
pub(super) struct Assets {
    source: Source,
    /// Names all of the embedded files.
    build: String,
}

impl Assets {
    /// The embedded files, or those of a folder.
    pub(super) fn new(folder: Option<&Path>) -> Assets {
        if let Some(folder) = folder {
            return Assets { source: Source::Folder(folder.to_owned()), build: "disk".to_owned() };
        }
        let everything: Vec<u8> = FILES.iter().flat_map(|(_, content)| content.iter().copied()).collect();
        let build = digest(&everything);
        let file = |(name, content): &(&'static str, &[u8])| {
            let plain = if is_page(name) { with_build(content, &build) } else { content.to_vec() };
            File { name, gzip: compressed(&plain), tag: digest(&plain), plain }
        };
        Assets { source: Source::Embedded(FILES.iter().map(file).collect()), build }
    }

    /// The answer to any request that is no upgrade.
    pub(super) fn respond(&self, request: &Request<'_>, ancestors: &FrameAncestors<'_>) -> Response {
        if request.path() == "/ws" {
            // RFC 9110 section 15.5.22: what is asked for is there, but only for who upgrades.
            return Response::text(426, "this is where WebSocket connects; the page is at /\n")
                .header("upgrade", "websocket");
        }
        let path = request.path();
        let of_build = path.strip_prefix("/a/").and_then(|rest| rest.strip_prefix(self.build.as_str()));
        let (name, keep, policy) = match of_build.and_then(|rest| rest.strip_prefix('/')) {
            // A page is under its own path alone: it must not be kept for a year.
            Some(name) if is_page(name) => ("", ASK_EACH_TIME, Policy::Own),
            Some(name) => (name, KEEP_FOR_A_YEAR, Policy::Own),
            None if path.starts_with("/client/") => {
                (path.trim_start_matches('/'), ASK_EACH_TIME, Policy::Own)
            }
            None => match PAGES.iter().find(|page| page.path == path) {
                Some(page) => (page.name, page.keep, page.policy),
                None => ("", ASK_EACH_TIME, Policy::Own),
            },
        };
        let found = match &self.source {
            Source::Embedded(files) => {
                files.iter().find(|file| file.name == name).map(|file| of_memory(request, file, keep))
            }
            Source::Folder(folder) => self.of_folder(folder, name),
        };
        match found {
            None => Response::text(404, "there is nothing here; the page is at /\n"),
            Some(_) if !matches!(request.method, "GET" | "HEAD") => {
                Response::text(405, "only GET and HEAD\n").header("allow", "GET, HEAD")
            }
            Some(response) => policy
                .shared_with_sites(response)
                .header("content-security-policy", policy.text(ancestors))
                .header("x-content-type-options", "nosniff")
                .header("referrer-policy", "no-referrer"),
        }
    }

    fn of_folder(&self, folder: &Path, name: &str) -> Option<Response> {
        // A name as ours are: no `..`, no hidden file, nothing that a system reads in its own way.
        let is_plain = |part: &str| {
            let is_known = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
            part.starts_with(|first: char| first.is_ascii_alphanumeric()) && part.bytes().all(is_known)
        };
        if !name.split('/').all(is_plain) {
            return None;
        }
        let content = std::fs::read(folder.join(name)).ok()?;
        let content = if is_page(name) { with_build(&content, &self.build) } else { content };
        let response = Response::new(200).header("content-type", kind(name));
        Some(response.header("cache-control", "no-store").body(content))
    }
}

fn is_page(name: &str) -> bool {
    PAGES.iter().any(|page| page.name == name)
}

fn of_memory(request: &Request<'_>, file: &File, keep: &'static str) -> Response {
    let gzip = file.gzip.as_ref().filter(|_| takes_gzip(request));
    // RFC 9110 section 8.8.3: two encodings of one file are two things, with two tags.
    let tag = format!("\"{}{}\"", file.tag, if gzip.is_some() { "-gz" } else { "" });
    let is_known = request
        .header_text("if-none-match")
        .is_some_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag));
    let response = match (is_known, gzip) {
        (true, _) => Response::new(304),
        (false, None) => Response::new(200).header("content-type", kind(file.name)).body(file.plain.clone()),
        (false, Some(gzip)) => Response::new(200)
            .header("content-type", kind(file.name))
            .header("content-encoding", "gzip")
            .body(gzip.clone()),
    };
    response.header("etag", tag).header("vary", "accept-encoding").header("cache-control", keep)
}

/// RFC 9110 section 12.5.3: whether gzip is named, and not by a weight of nothing.
fn takes_gzip(request: &Request<'_>) -> bool {
    let Some(accepted) = request.header_text("accept-encoding") else { return false };
    accepted.split(',').any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip") || name == "*");
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        is_gzip && weight.is_none_or(|weight| weight.parse::<f32>().is_ok_and(|weight| weight > 0.0))
    })
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "html")) => "text/html; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        _ => "text/plain; charset=utf-8",
    }
}

fn with_build(page: &[u8], build: &str) -> Vec<u8> {
    String::from_utf8_lossy(page).replace(BUILD, &format!("/a/{build}/")).into_bytes()
}

fn compressed(plain: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok().filter(|gzip| gzip.len() < plain.len())
}

fn digest(content: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, content);
    digest.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
