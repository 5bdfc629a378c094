//! A file of settings: TOML, each key the long name of a flag with `_` for `-`.
//!
//! The file is read with the place of everything in it, each value is judged by the parser of its flag, and **all**
//! mistakes are told at once, each with line, column, key and what is allowed. What comes out are texts, as if
//! they had been typed as flags: `layers.rs` puts them under flags and environment. Keys are flat, without
//! tables: a setting has one name everywhere. A text that is empty means that the setting is not set.
//!
//! It knows no single setting and asks no disk. The tutorial has no file. Tests: `tests/config/file.rs`.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::setting::{Setting, nearest};

/// What a file says: settings in the order of the definitions, with their values as flags would have them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values(pub(super) Vec<(String, Vec<String>)>);

impl Values {
    /// The values of a key, if the file has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&[String]> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, values)| values.as_slice())
    }

    /// How many settings the file has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Something that is wrong in a file, and where. Lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The line.
    pub line: usize,
    /// The character in it.
    pub column: usize,
    /// What is wrong, with the key and what is allowed.
    pub words: String,
}

/// Why a file gives no settings.
#[derive(Debug)]
pub enum FileError {
    /// It cannot be read.
    Unreadable(PathBuf, std::io::Error),
    /// There are mistakes in it, in the order of lines.
    Mistaken(PathBuf, Vec<Mistake>),
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileError::Unreadable(path, error) => write!(f, "{}: {error}", path.display()),
            FileError::Mistaken(path, mistakes) => {
                let path = path.display();
                let plural = if mistakes.len() == 1 { "" } else { "s" };
                write!(f, "{path} has {} mistake{plural}:", mistakes.len())?;
                mistakes.iter().try_for_each(|Mistake { line, column, words }| {
                    write!(f, "\n{path}:{line}:{column}: {words}")
                })
            }
        }
    }
}

impl std::error::Error for FileError {}

/// Reads the text of a file.
///
/// # Errors
///
/// Every mistake, in the order of lines.
pub fn read_text(text: &str, settings: &[Setting]) -> Result<Values, Vec<Mistake>> {
    // Editors of one system put a mark in front of UTF-8 that is no part of the text.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut reading = Reading { text, mistakes: Vec::new() };
    for error in &errors {
        reading.syntax(error.span().unwrap_or_default(), error.message());
    }
    let mut values = Values::default();
    // After a mistake of syntax the rest is a guess, and complaints about it would be noise.
    if errors.is_empty() {
        for (key, value) in table.get_ref() {
            reading.entry(key, value, settings, &mut values);
        }
    }
    let mut mistakes = reading.mistakes;
    mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let place = |key: &str| settings.iter().position(|setting| setting.key() == key);
    values.0.sort_by_key(|(key, _)| place(key));
    Ok(values)
}

struct Reading<'a> {
    text: &'a str,
    mistakes: Vec<Mistake>,
}

impl Reading<'_> {
    /// Line and column of a byte.
    fn place(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        (before.matches('\n').count() + 1, column)
    }

    fn mistake(&mut self, span: Range<usize>, words: String) {
        let (line, column) = self.place(span.start);
        self.mistakes.push(Mistake { line, column, words });
    }

    fn syntax(&mut self, span: Range<usize>, message: &str) {
        let (line, _) = self.place(span.start);
        // One slip can break several rules of the grammar; the first tells enough of a line.
        if self.mistakes.iter().any(|other| other.line == line) {
            return;
        }
        let words = if message == "duplicate key" {
            let key = self.line(line).split('=').next().unwrap_or_default().trim();
            format!("{key}: is there twice; one of them is allowed")
        } else {
            let message = message.replace('\n', ", ");
            format!(
                "no TOML: {message}; a line is: key = 10, key = true, key = \"text\" or key = [\"text\", \"text\"]"
            )
        };
        self.mistake(span, words);
    }

    fn line(&self, number: usize) -> &str {
        self.text.lines().nth(number - 1).unwrap_or_default()
    }

    fn entry(
        &mut self,
        key: &Spanned<DeString<'_>>,
        value: &Spanned<DeValue<'_>>,
        settings: &[Setting],
        values: &mut Values,
    ) {
        let name = key.get_ref().as_ref();
        if let DeValue::Table(_) = value.get_ref() {
            let words = format!("{name:?} is a table; settings stand in none: write key = value without it");
            return self.mistake(key.span(), words);
        }
        let Some(setting) = settings.iter().find(|setting| setting.key() == name) else {
            let near = nearest(name).map(|near| format!("; did you mean {near:?}?"));
            let words = near.unwrap_or_else(|| "; every key: karez gen-config".to_owned());
            return self.mistake(key.span(), format!("{name:?} is no setting{words}"));
        };
        if let Some(texts) = self.texts(name, value, setting) {
            values.0.push((name.to_owned(), texts));
        }
    }

    /// The values as texts. `None`: it is not set, or there are mistakes.
    fn texts(&mut self, name: &str, value: &Spanned<DeValue<'_>>, setting: &Setting) -> Option<Vec<String>> {
        let DeValue::Array(array) = value.get_ref() else {
            let text = self.text_of(name, value, setting)?;
            return (!text.is_empty()).then(|| vec![text]);
        };
        if !setting.is_list() {
            self.mistake(value.span(), format!("{name}: one value is allowed, and here is a list"));
            return None;
        }
        let known = self.mistakes.len();
        let texts: Vec<_> = array.iter().filter_map(|one| self.text_of(name, one, setting)).collect();
        (self.mistakes.len() == known && !texts.is_empty()).then_some(texts)
    }

    fn text_of(&mut self, name: &str, value: &Spanned<DeValue<'_>>, setting: &Setting) -> Option<String> {
        let text = match value.get_ref() {
            DeValue::String(text) if text.is_empty() && setting.defaults().is_empty() => {
                return Some(String::new());
            }
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().to_owned(),
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| number.to_string(), |n| n.to_string()),
            DeValue::Float(number) => number.as_str().to_owned(),
            DeValue::Boolean(truth) => truth.to_string(),
            DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
                self.mistake(value.span(), format!("{name}: must be a text, a number, true or false"));
                return None;
            }
        };
        match setting.check(&text) {
            Ok(()) => Some(text),
            Err(words) => {
                let shown: String = text.chars().take(80).collect();
                self.mistake(value.span(), format!("{name}: {shown:?}: {words}"));
                None
            }
        }
    }
}
