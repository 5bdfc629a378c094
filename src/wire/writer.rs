//! Writes one JSON object straight into bytes, field by field.
//!
//! No tree is built and nothing is copied twice: a delivery to a thousand receivers is written once, but a
//! private message is written for two. Names of fields are ours and need no escapes; text does.
//!
//! Whatever takes the name of a field is `inline(always)`: where the name is known when this is compiled, writing it
//! with its signs is two or three stores, and otherwise a call of `memcpy`. With digits by two (`itoa`) that spares a
//! third of what it costs to write a private message.

use crate::chat::ids::Id;

/// The longest name of a field.
const NAME_BYTES_MAX: usize = 28;

/// An object under construction at the end of a buffer of the caller's.
///
/// Every field begins with a comma, so that none has to ask whether it is the first; that of the first is where the
/// brace belongs, and becomes it at the end.
pub(super) struct Writer<'o> {
    out: &'o mut Vec<u8>,
    /// Where the object begins.
    start: usize,
}

impl<'o> Writer<'o> {
    /// Begins an object with its `type`.
    #[inline(always)]
    pub(super) fn open(out: &'o mut Vec<u8>, kind: &str) -> Writer<'o> {
        let mut json = Writer::begin(out);
        json.word("type", kind);
        json
    }

    /// Begins an object that has no `type`.
    pub(super) fn begin(out: &'o mut Vec<u8>) -> Writer<'o> {
        let start = out.len();
        Writer { out, start }
    }

    /// Ends it.
    pub(super) fn close(self) {
        match self.out.get_mut(self.start) {
            Some(comma) => *comma = b'{',
            None => self.out.push(b'{'),
        }
        self.out.push(b'}');
    }

    #[inline(always)]
    fn name(&mut self, name: &str) {
        // Put together before it is appended: then there is one question whether there is room, and not four.
        let mut field = [0; NAME_BYTES_MAX + 4];
        match field.get_mut(..name.len() + 4) {
            Some([comma, quote, inner @ .., end, colon]) => {
                (*comma, *quote, *end, *colon) = (b',', b'"', b'"', b':');
                inner.copy_from_slice(name.as_bytes());
                self.out.extend_from_slice(field.get(..name.len() + 4).unwrap_or_default());
            }
            _ => debug_assert!(false, "{name} is longer than a name of ours may be"),
        }
    }

    /// A word of ours, which needs no escapes.
    #[inline(always)]
    pub(super) fn word(&mut self, name: &str, word: &str) {
        self.name(name);
        self.out.push(b'"');
        self.out.extend_from_slice(word.as_bytes());
        self.out.push(b'"');
    }

    /// A string of anybody's.
    #[inline(always)]
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
    #[inline(always)]
    pub(super) fn number(&mut self, name: &str, number: u64) {
        self.name(name);
        push_number(self.out, number);
    }

    /// An integer that may be negative.
    pub(super) fn integer(&mut self, name: &str, number: i64) {
        self.name(name);
        self.out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    /// A string under a name of anybody's.
    pub(super) fn named_text(&mut self, name: &str, text: &str) {
        if self.out.last() != Some(&b'{') {
            self.out.push(b',');
        }
        push_text(self.out, name);
        self.out.push(b':');
        push_text(self.out, text);
    }

    /// A list of strings of anybody's.
    pub(super) fn texts<T: AsRef<str>>(&mut self, name: &str, texts: &[T]) {
        self.list(name, texts, |out, text| push_text(out, text.as_ref()));
    }

    /// An integer that counts things in memory.
    pub(super) fn count(&mut self, name: &str, count: usize) {
        self.number(name, u64::try_from(count).unwrap_or(u64::MAX));
    }

    /// `true` or `false`.
    #[inline(always)]
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
    #[inline(always)]
    pub(super) fn id(&mut self, name: &str, id: &Id) {
        self.name(name);
        push_id(self.out, id);
    }

    /// A list of ids.
    pub(super) fn ids(&mut self, name: &str, ids: &[Id]) {
        self.list(name, ids, push_id);
    }

    /// A list of words of our own.
    pub(super) fn words(&mut self, name: &str, words: &[&'static str]) {
        self.list(name, words, |out, word| {
            out.push(b'"');
            out.extend_from_slice(word.as_bytes());
            out.push(b'"');
        });
    }

    /// A list of objects.
    pub(super) fn objects<T>(&mut self, name: &str, items: &[T], fields: impl Fn(&mut Writer<'_>, &T)) {
        self.list(name, items, |out, item| {
            let mut json = Writer::begin(out);
            fields(&mut json, item);
            json.close();
        });
    }

    /// An object within.
    pub(super) fn object(&mut self, name: &str, fields: impl FnOnce(&mut Writer<'_>)) {
        self.name(name);
        let mut json = Writer::begin(self.out);
        fields(&mut json);
        json.close();
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

fn push_number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
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

/// So many bytes are judged as a whole, without a branch for each.
const CHUNK_BYTES: usize = 32;

/// How many bytes in front need no escape.
///
/// What is looked at is mostly a word or two, so the first eight bytes are judged where it is asked, and only what is
/// longer costs a call.
#[inline]
pub(super) fn plain_len(bytes: &[u8]) -> usize {
    match bytes.first_chunk().map(|word| escapes_in(u64::from_le_bytes(*word))) {
        Some(0) => plain_len_of_long(bytes),
        Some(escapes) => escapes.trailing_zeros() as usize / 8,
        None => plain_len_of_short(bytes),
    }
}

/// The same of less than eight bytes.
#[inline(never)]
fn plain_len_of_short(bytes: &[u8]) -> usize {
    bytes.iter().position(|&byte| needs_escape(byte)).unwrap_or(bytes.len())
}

/// The same of eight bytes or more, of which the first eight need none.
#[inline(never)]
fn plain_len_of_long(bytes: &[u8]) -> usize {
    let rest = bytes.get(size_of::<u64>()..).unwrap_or_default();
    let (chunks, _) = rest.as_chunks::<CHUNK_BYTES>();
    let chunks = chunks.iter().take_while(|chunk| is_plain(chunk)).count();
    let mut at = size_of::<u64>() + CHUNK_BYTES * chunks;
    while let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let escapes = escapes_in(u64::from_le_bytes(*word));
        if escapes != 0 {
            return at + escapes.trailing_zeros() as usize / 8;
        }
        at += size_of::<u64>();
    }
    // What is left is less than a word. With bytes that were looked at already it is one.
    let escapes = bytes.last_chunk().map_or(0, |word| escapes_in(u64::from_le_bytes(*word)));
    let from_end = size_of::<u64>().saturating_sub(escapes.trailing_zeros() as usize / 8);
    bytes.len() - from_end
}

/// Whether none of these bytes needs an escape: words together, which the compiler judges two at a time.
fn is_plain(chunk: &[u8; CHUNK_BYTES]) -> bool {
    let (words, _) = chunk.as_chunks::<8>();
    words.iter().fold(0, |found, word| found | escapes_in(u64::from_le_bytes(*word))) == 0
}

/// Sets the high bit of the first of eight bytes that needs an escape, and perhaps of bytes behind it, but of none
/// before. A subtraction borrows into the high bit of each byte that is smaller than what is taken from it.
const fn escapes_in(word: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = EACH * 0x80;
    const fn smaller(word: u64, than: u8) -> u64 {
        word.wrapping_sub(EACH * than as u64) & !word & HIGH
    }
    let (quotes, backslashes) = (word ^ (EACH * b'"' as u64), word ^ (EACH * b'\\' as u64));
    smaller(word, 0x20) | smaller(quotes, 1) | smaller(backslashes, 1)
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

#[cfg(test)]
mod tests {
    use super::{needs_escape, plain_len};

    #[test]
    fn the_first_byte_that_needs_an_escape_is_found_wherever_it_stands() {
        for byte in 0..=u8::MAX {
            for len in 0..80 {
                let mut bytes = vec![b'a'; len];
                assert_eq!(plain_len(&bytes), len);
                for at in 0..len {
                    bytes[at] = byte;
                    let behind = if needs_escape(byte) { at } else { len };
                    assert_eq!(plain_len(&bytes), behind, "{byte} at {at} of {len}");
                    bytes[at] = b'a';
                }
                // Behind the first one anything may be found, before it nothing.
                if len > 8 {
                    bytes[len - 3] = b'"';
                    bytes[len - 2] = byte;
                    assert_eq!(plain_len(&bytes), len - 3);
                }
            }
        }
    }
}
