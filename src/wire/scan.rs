//! One cheap look at a message before it is parsed.
//!
//! Refuses what a JSON parser lets pass or should not even begin with: an outer value that is not an object,
//! nesting deeper than [`DEPTH_MAX`], and half of a surrogate pair, which would be passed on inside `data`
//! to receivers whose JSON parser chokes on it. It knows what a string is and nothing else of the grammar;
//! whatever else is broken is found by the parser afterwards.

use super::error::{Code, Problem};

/// How deep objects and arrays may be nested; the outer object is level 1.
pub(super) const DEPTH_MAX: usize = 16;

const NO_OBJECT: Problem = Problem::new(Code::BadJson, "a message is one JSON object");
const TOO_DEEP: Problem = Problem::new(Code::BadJson, "nested deeper than 16 levels");
const LONE_SURROGATE: Problem = Problem::new(Code::BadJson, "half of a surrogate pair is no character");

/// Looks a message over from end to end.
pub(super) fn check(text: &str) -> Result<(), Problem> {
    let mut rest = text.trim_start_matches([' ', '\t', '\r', '\n']).as_bytes();
    if rest.first() != Some(&b'{') {
        return Err(NO_OBJECT);
    }
    let mut depth = 0_usize;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' => rest = after_string(rest)?,
            b'{' | b'[' if depth == DEPTH_MAX => return Err(TOO_DEEP),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// What follows the string that begins with `rest`; nothing when it does not end.
fn after_string(mut rest: &[u8]) -> Result<&[u8], Problem> {
    while let Some(at) = memchr::memchr2(b'"', b'\\', rest) {
        let (found, after) = rest.split_at(at).1.split_first().unwrap_or((&b'"', &[]));
        if *found == b'"' {
            return Ok(after);
        }
        rest = after_escape(after)?;
    }
    Ok(&[])
}

/// What follows the escape whose backslash has been read.
fn after_escape(rest: &[u8]) -> Result<&[u8], Problem> {
    let Some((letter, after)) = rest.split_first() else { return Ok(&[]) };
    if *letter != b'u' {
        return Ok(after);
    }
    // Digits that are none are the parser's to refuse.
    let Some((unit, after)) = hex_unit(after) else { return Ok(after) };
    match unit {
        0xD800..=0xDBFF => match after.strip_prefix(b"\\u").and_then(hex_unit) {
            Some((0xDC00..=0xDFFF, after)) => Ok(after),
            _ => Err(LONE_SURROGATE),
        },
        0xDC00..=0xDFFF => Err(LONE_SURROGATE),
        _ => Ok(after),
    }
}

/// The UTF-16 unit of the four hexadecimal digits in front, and what follows them.
fn hex_unit(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let (digits, after) = bytes.split_at_checked(4)?;
    let unit = digits.iter().try_fold(0_u16, |unit, &digit| {
        let value = char::from(digit).to_digit(16)?;
        Some(unit << 4 | u16::try_from(value).ok()?)
    })?;
    Some((unit, after))
}
