//! Where the fields of a message stand, before anybody knows which of them matter.
//!
//! Nearly every message is *plain*: one object that holds nothing but strings without escapes, whole numbers, `true`,
//! `false` and `null`. That is so little of JSON that it is read here, in one pass over the bytes. Whatever is not plain,
//! or not JSON at all, is left to the JSON parser, which alone decides what is wrong with it. So the short way takes
//! no decision: what it reads, the parser would read the same (the test below holds them against each other).
//!
//! The short way takes some 800 instructions for a private message, where the parser and the look at what it lets pass
//! (`scan.rs`) took 2,400, a sixth of all that such a message cost.
//!
//! The tutorial's `JSON.parse` builds a tree. Tested below and in `tests/wire/`.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::error::{Code, Problem};
use super::scan;
use super::writer::plain_len;

/// Where the values of the known fields stand, `null` included: each a slice that is one JSON value.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fields<'a> {
    pub(super) kind_of_request: Field<'a>,
    pub(super) id: Field<'a>,
    pub(super) gid: Field<'a>,
    pub(super) uid: Field<'a>,
    pub(super) ticket: Field<'a>,
    pub(super) content: Field<'a>,
    pub(super) kind: Field<'a>,
    pub(super) data: Field<'a>,
    pub(super) reply: Field<'a>,
    pub(super) mentions: Field<'a>,
    pub(super) uids: Field<'a>,
    pub(super) before: Field<'a>,
    pub(super) after: Field<'a>,
    pub(super) seq: Field<'a>,
    pub(super) limit: Field<'a>,
    pub(super) open: Field<'a>,
    pub(super) role: Field<'a>,
    pub(super) seconds: Field<'a>,
    pub(super) all: Field<'a>,
    pub(super) cursor: Field<'a>,
    pub(super) on: Field<'a>,
    pub(super) q: Field<'a>,
    pub(super) token: Field<'a>,
    pub(super) name: Field<'a>,
    pub(super) resume: Field<'a>,
}

/// A value, without white space around it.
pub(super) type Field<'a> = Option<&'a str>;

/// A field whose value is something: `null` is as good as absent.
pub(super) fn given(field: Field<'_>) -> Field<'_> {
    field.filter(|raw| *raw != "null")
}

impl<'a> Fields<'a> {
    /// Finds the fields of a message, and notes them here: four hundred bytes are better not handed around.
    pub(super) fn find(&mut self, text: &'a str) -> Result<(), Problem> {
        if self.find_plain(text).is_some() {
            return Ok(());
        }
        scan::check(text)?;
        *self = serde_json::from_str(text).map_err(|error| broken(&error))?;
        Ok(())
    }

    /// The place of a field, by its name; nowhere for one that nobody knows.
    fn place(&mut self, name: &str) -> Option<&mut Field<'a>> {
        Some(match name {
            "type" => &mut self.kind_of_request,
            "id" => &mut self.id,
            "gid" => &mut self.gid,
            "uid" => &mut self.uid,
            "ticket" => &mut self.ticket,
            "content" => &mut self.content,
            "kind" => &mut self.kind,
            "data" => &mut self.data,
            "reply" => &mut self.reply,
            "mentions" => &mut self.mentions,
            "uids" => &mut self.uids,
            "before" => &mut self.before,
            "after" => &mut self.after,
            "seq" => &mut self.seq,
            "limit" => &mut self.limit,
            "open" => &mut self.open,
            "role" => &mut self.role,
            "seconds" => &mut self.seconds,
            "all" => &mut self.all,
            "cursor" => &mut self.cursor,
            "on" => &mut self.on,
            "q" => &mut self.q,
            "token" => &mut self.token,
            "name" => &mut self.name,
            "resume" => &mut self.resume,
            _ => return None,
        })
    }

    /// Finds the fields of a plain message. `None`: it is not plain, or there is something wrong with it.
    fn find_plain(&mut self, text: &'a str) -> Option<()> {
        let mut rest = after_space(text).strip_prefix('{')?;
        loop {
            let (name, after) = plain_string(after_space(rest))?;
            let (value, after) = plain_value(after_space(after_space(after).strip_prefix(':')?))?;
            if let Some(place) = self.place(name.get(1..name.len() - 1)?) {
                // Twice: the parser refuses it.
                if place.replace(value).is_some() {
                    return None;
                }
            }
            let after = after_space(after);
            match after.as_bytes().first()? {
                b',' => rest = after.get(1..)?,
                b'}' => return after_space(after.get(1..)?).is_empty().then_some(()),
                _ => return None,
            }
        }
    }
}

/// What follows the white space that JSON knows.
fn after_space(text: &str) -> &str {
    // Most clients write none.
    if text.as_bytes().first().is_some_and(|byte| *byte > b' ') {
        return text;
    }
    text.trim_start_matches([' ', '\t', '\r', '\n'])
}

/// A string without escapes, its quotation marks included, and what follows it.
fn plain_string(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('"')?;
    let len = plain_len(inner.as_bytes());
    (inner.as_bytes().get(len) == Some(&b'"')).then(|| text.split_at_checked(len + 2)).flatten()
}

/// A value in which there is nothing to judge, and what follows it.
fn plain_value(text: &str) -> Option<(&str, &str)> {
    let len = match text.as_bytes().first()? {
        b'"' => return plain_string(text),
        b'1'..=b'9' => text.bytes().take_while(u8::is_ascii_digit).count(),
        b'0' => 1,
        _ => ["true", "false", "null"].into_iter().find(|word| text.starts_with(word))?.len(),
    };
    // A fraction or an exponent is refused by what follows: neither a comma nor a brace.
    text.split_at_checked(len)
}

/// Written by hand: what `derive` makes for so many fields notes of each whether it was there, and then looks at all
/// of them.
impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fields<'de>, D::Error> {
        struct AsTheyCome;
        impl<'de> Visitor<'de> for AsTheyCome {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Fields::default();
                while let Some(Name(name)) = map.next_key()? {
                    match fields.place(&name) {
                        None => drop(map.next_value::<IgnoredAny>()?),
                        Some(Some(_)) => return Err(de::Error::custom("a field is there twice")),
                        Some(place) => *place = Some(map.next_value::<&RawValue>()?.get()),
                    }
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(AsTheyCome)
    }
}

/// The name of a field. Borrowed from the message where it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// What to tell about a text that the parser refused.
fn broken(error: &serde_json::Error) -> Problem {
    let message = match error.classify() {
        // It is an object, and any value is good for a field at this point: what is left is a field that
        // comes twice. Parsers differ in which one counts, so neither does.
        Category::Data => "a field is there twice",
        Category::Syntax | Category::Eof | Category::Io => "a message is one JSON object",
    };
    Problem::new(Code::BadJson, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Option<Fields<'_>> {
        let mut fields = Fields::default();
        fields.find_plain(text).map(|()| fields)
    }

    /// Whatever is read the short way, the parser reads the same.
    fn agree(text: &str) {
        if let Some(fields) = plain(text) {
            assert_eq!(scan::check(text), Ok(()), "{text}");
            assert_eq!(serde_json::from_str::<Fields<'_>>(text).ok(), Some(fields), "{text}");
        }
    }

    #[test]
    fn the_short_way_agrees_with_the_parser() {
        let texts = [
            r#"{"type":"pm","uid":100001,"content":"a text that is longer than thirty-two bytes are"}"#,
            " {\t\"type\" :\r\n\"ping\" , \"id\":null,\"nobody knows\":true,\"on\":false,\"seq\":0 } \n",
            r#"{"type":"group","gid":"坎儿井","content":"坎儿井","kind":"text","reply":9007199254740991}"#,
        ];
        for text in texts {
            assert!(plain(text).is_some(), "{text}");
            agree(text);
        }
        // Each byte left out, doubled, and exchanged for each that means something: much of it is still plain.
        for text in texts {
            for (at, letter) in text.char_indices() {
                let (before, after) = (&text[..at], &text[at + letter.len_utf8()..]);
                agree(&format!("{before}{after}"));
                agree(&format!("{before}{letter}{letter}{after}"));
                for other in " \t\n\u{b}\u{0}\u{7f}{}[]\",:\\01-+.eEtfnu坎".chars() {
                    agree(&format!("{before}{other}{after}"));
                    agree(&format!("{before}{other}{letter}{after}"));
                }
            }
        }
    }

    #[test]
    fn what_is_not_plain_is_left_to_the_parser() {
        for text in [
            r#"{}"#,
            r#"{"type":"ping","type":"ping"}"#,
            r#"{"type":"p\u0069ng"}"#,
            r#"{"seq":01}"#,
            r#"{"seq":1.0}"#,
            r#"{"seq":-1}"#,
            r#"{"data":{}}"#,
            r#"{"on":truely}"#,
            r#"{"type":"ping"}}"#,
            r#"{"type":"ping",}"#,
        ] {
            assert_eq!(plain(text), None, "{text}");
        }
    }
}
