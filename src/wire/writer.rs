//! Writes one JSON object straight into bytes, field by field.
//!
//! No tree is built and nothing is copied twice: a delivery to a thousand receivers is written once, but a
//! private message is written for two. Names of fields are ours and need no escapes; text does.

use crate::chat::ids::Id;

/// An object under construction at the end of a buffer of the caller's.
pub(super) struct Writer<'o> {
    out: &'o mut Vec<u8>,
}

impl<'o> Writer<'o> {
    /// Begins an object with its `type`.
    pub(super) fn open(out: &'o mut Vec<u8>, kind: &str) -> Writer<'o> {
        out.push(b'{');
        let mut json = Writer { out };
        json.word("type", kind);
        json
    }

    /// Ends it.
    pub(super) fn close(self) {
        self.out.push(b'}');
    }

    fn name(&mut self, name: &str) {
        // Only the first field of an object follows its brace.
        if self.out.last() != Some(&b'{') {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    /// A word of ours, which needs no escapes.
    pub(super) fn word(&mut self, name: &str, word: &str) {
        self.name(name);
        self.out.push(b'"');
        self.out.extend_from_slice(word.as_bytes());
        self.out.push(b'"');
    }

    /// A string of anybody's.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        push_text(self.out, text);
    }

    /// The `id` of the request that is answered, if it had one.
    pub(super) fn echo(&mut self, id: Option<&str>) {
        if let Some(id) = id {
            self.text("id", id);
        }
    }

    /// An integer.
    pub(super) fn number(&mut self, name: &str, number: u64) {
        self.name(name);
        push_number(self.out, number);
    }

    /// An integer that counts things in memory.
    pub(super) fn count(&mut self, name: &str, count: usize) {
        self.number(name, u64::try_from(count).unwrap_or(u64::MAX));
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, name: &str, flag: bool) {
        self.name(name);
        self.out.extend_from_slice(if flag { b"true" } else { b"false" });
    }

    /// JSON as it is. The caller has checked it.
    pub(super) fn raw(&mut self, name: &str, json: &str) {
        self.name(name);
        self.out.extend_from_slice(json.as_bytes());
    }

    /// A uid or a gid: an integer where it is one.
    pub(super) fn id(&mut self, name: &str, id: &Id) {
        self.name(name);
        push_id(self.out, id);
    }

    /// A list of ids.
    pub(super) fn ids(&mut self, name: &str, ids: &[Id]) {
        self.list(name, ids, push_id);
    }

    /// A list of objects.
    pub(super) fn objects<T>(&mut self, name: &str, items: &[T], fields: impl Fn(&mut Writer<'_>, &T)) {
        self.list(name, items, |out, item| {
            out.push(b'{');
            fields(&mut Writer { out }, item);
            out.push(b'}');
        });
    }

    /// An object within.
    pub(super) fn object(&mut self, name: &str, fields: impl FnOnce(&mut Writer<'_>)) {
        self.name(name);
        self.out.push(b'{');
        fields(&mut Writer { out: self.out });
        self.out.push(b'}');
    }

    fn list<T>(&mut self, name: &str, items: &[T], push: impl Fn(&mut Vec<u8>, &T)) {
        self.name(name);
        self.out.push(b'[');
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.out.push(b',');
            }
            push(self.out, item);
        }
        self.out.push(b']');
    }
}

fn push_id(out: &mut Vec<u8>, id: &Id) {
    match id {
        Id::Number(number) => push_number(out, *number),
        Id::Text(text) => push_text(out, text),
    }
}

fn push_number(out: &mut Vec<u8>, mut number: u64) {
    // u64::MAX has 20 digits.
    let mut digits = [b'0'; 20];
    let mut len = 0;
    for digit in digits.iter_mut().rev() {
        *digit += (number % 10) as u8;
        number /= 10;
        len += 1;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[digits.len() - len..]);
}

fn push_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let (plain, from) = rest.split_at(plain_len(rest));
        out.extend_from_slice(plain);
        let Some((&special, after)) = from.split_first() else { break };
        push_escape(out, special);
        rest = after;
    }
    out.push(b'"');
}

/// RFC 8259, section 7: the quotation mark, the backslash and the control characters. All else stays as it
/// is, so Chinese costs three bytes a character and not six.
const fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// How many bytes in front need no escape.
fn plain_len(bytes: &[u8]) -> usize {
    // A chunk is judged as a whole and without a branch per byte, so the compiler takes vector instructions.
    const CHUNK_BYTES: usize = 32;
    let plain_chunk = |chunk: &&[u8]| !chunk.iter().fold(false, |found, &byte| found | needs_escape(byte));
    let chunks = bytes.chunks_exact(CHUNK_BYTES).take_while(plain_chunk).count();
    let (plain, rest) = bytes.split_at(chunks * CHUNK_BYTES);
    plain.len() + rest.iter().position(|&byte| needs_escape(byte)).unwrap_or(rest.len())
}

fn push_escape(out: &mut Vec<u8>, byte: u8) {
    const HEX: [u8; 16] = *b"0123456789abcdef";
    let letter = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x0c => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            out.extend_from_slice(b"\\u00");
            out.extend([HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            return;
        }
    };
    out.extend([b'\\', letter]);
}
