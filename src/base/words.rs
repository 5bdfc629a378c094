//! Words: how a text is cut so that it can be searched, and what it means that a text holds a word.
//!
//! Two texts are compared *folded*: small letters instead of capitals, and the full-width forms that Chinese and
//! Japanese input makes of Latin letters and digits as the plain ones. What neither counts as a letter nor as a
//! digit divides words.
//!
//! Languages that write no spaces cannot be cut into words without a dictionary, so their scripts (Han, kana,
//! hangul, Thai and their neighbours) are *unspaced* here: a run of such characters holds every piece of itself,
//! and a text holds 天气 where these two stand side by side. Of everything else a word is found as a whole:
//! `tea` is not in `teapot`.
//!
//! [`Words::are_in`] is the truth. An index keeps [`terms_of`] a text (words, single unspaced characters, and
//! pairs of them) and may propose a text that lacks a word, never pass over one that holds it.
//!
//! Accents count, and no form of a word is derived from another. The tutorial has nothing to search in.
//! Tested in `tests/chat/words.rs`.

use std::collections::BTreeSet;

/// A longer word stands in an index with its beginning only; the truth is found in the text.
const TERM_BYTES_MAX: usize = 64;

/// What is looked for: at least one word, or none if the query holds only what divides words.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Words {
    /// Folded; each is a run of one kind.
    words: BTreeSet<Box<str>>,
}

/// What a character is to a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Divides words.
    Gap,
    /// Part of a word with spaces around it.
    Spaced,
    /// Of a script that writes no spaces.
    Unspaced,
}

impl Words {
    /// The words of a query. One that comes twice counts once.
    #[must_use]
    pub fn of(query: &str) -> Words {
        Words { words: Runs { rest: &fold(query) }.map(|(_, run)| run.into()).collect() }
    }

    /// How many different ones there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether a text holds each of them.
    #[must_use]
    pub fn are_in(&self, text: &str) -> bool {
        let folded = fold(text);
        if !self.words.iter().all(|word| folded.contains(&**word)) {
            return false;
        }
        let is_spaced = |word: &&str| word.chars().next().is_some_and(|first| kind_of(first) == Kind::Spaced);
        let mut missing: Vec<&str> = self.words.iter().map(|word| &**word).filter(is_spaced).collect();
        for (_, run) in (Runs { rest: &folded }) {
            if missing.is_empty() {
                break;
            }
            missing.retain(|word| *word != run);
        }
        missing.is_empty()
    }

    /// The terms under which every text that holds the words is found in an index.
    #[must_use]
    pub fn terms(&self) -> BTreeSet<String> {
        let mut terms = BTreeSet::new();
        for word in &self.words {
            for (kind, run) in (Runs { rest: word }) {
                let is_alone = run.chars().nth(1).is_none();
                for_each_term(kind, run, |term| {
                    // A pair says what its two characters would.
                    if kind == Kind::Spaced || is_alone || term.chars().nth(1).is_some() {
                        terms.insert(term.to_owned());
                    }
                });
            }
        }
        terms
    }
}

/// The terms of a text, with a space after each.
#[must_use]
pub fn terms_of(text: &str) -> String {
    let folded = fold(text);
    let mut terms = String::with_capacity(folded.len());
    for (kind, run) in (Runs { rest: &folded }) {
        for_each_term(kind, run, |term| {
            terms.push_str(term);
            terms.push(' ');
        });
    }
    terms
}

fn for_each_term(kind: Kind, run: &str, mut take: impl FnMut(&str)) {
    if kind == Kind::Spaced {
        let end = (0..=TERM_BYTES_MAX).rev().find(|end| run.is_char_boundary(*end)).unwrap_or(0);
        return take(run.get(..end.min(run.len())).unwrap_or(run));
    }
    let ends = run.char_indices().map(|(at, c)| at + c.len_utf8());
    let mut before = None;
    let mut start = 0;
    for end in ends {
        if let Some(pair) = before.and_then(|before: usize| run.get(before..end)) {
            take(pair);
        }
        run.get(start..end).into_iter().for_each(&mut take);
        (before, start) = (Some(start), end);
    }
}

/// The runs of one kind in a folded text, without the gaps.
struct Runs<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Runs<'a> {
    type Item = (Kind, &'a str);

    fn next(&mut self) -> Option<(Kind, &'a str)> {
        let start = self.rest.trim_start_matches(|c| kind_of(c) == Kind::Gap);
        let kind = kind_of(start.chars().next()?);
        let end = start.find(|c| kind_of(c) != kind).unwrap_or(start.len());
        let (run, rest) = start.split_at(end);
        self.rest = rest;
        Some((kind, run))
    }
}

fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\0'..='\x7f' => folded.push(c.to_ascii_lowercase()),
            // The same letter at the end of a word.
            'ς' => folded.push('σ'),
            '\u{ff01}'..='\u{ff5e}' => {
                let plain = char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c);
                folded.push(plain.to_ascii_lowercase());
            }
            _ => folded.extend(c.to_lowercase()),
        }
    }
    folded
}

fn kind_of(c: char) -> Kind {
    match c {
        '\0'..='\x7f' if c.is_ascii_alphanumeric() => Kind::Spaced,
        '\0'..='\x7f' => Kind::Gap,
        // Thai and Lao, Burmese, Khmer; here the signs above and below are no letters, but belong to them.
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' => Kind::Unspaced,
        // Accents that stand beside their letter.
        '\u{300}'..='\u{36f}' => Kind::Spaced,
        _ if !c.is_alphanumeric() => Kind::Gap,
        // Hangul letters and syllables.
        '\u{1100}'..='\u{11ff}' | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}' => Kind::Unspaced,
        // Radicals, kana, bopomofo, Han with its first extension.
        '\u{2e80}'..='\u{31ff}' | '\u{3400}'..='\u{9fff}' => Kind::Unspaced,
        // Han for compatibility, half-width kana and hangul, the further extensions of Han.
        '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ffdc}' | '\u{20000}'..='\u{3ffff}' => Kind::Unspaced,
        _ => Kind::Spaced,
    }
}
