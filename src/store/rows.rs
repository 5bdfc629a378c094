//! How values lie in the rows of the SQLite store.
//!
//! An id is an integer or a text, as on the wire; ids in a list stand one a line.
//! Tested in `tests/store/`.

use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::base::clock::UnixMillis;
use crate::chat::act::Act;
use crate::chat::ids::Id;
use crate::chat::output::{EntryRecord, Recall};

/// An id as a parameter.
pub(super) struct Key<'a>(pub(super) &'a Id);

impl ToSql for Key<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self.0 {
            Id::Number(number) => Ok(ToSqlOutput::from(number.cast_signed())),
            Id::Text(text) => Ok(ToSqlOutput::from(&**text)),
        }
    }
}

impl FromSql for Id {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Id> {
        let id = match value {
            ValueRef::Integer(number) => u64::try_from(number).ok().and_then(Id::from_number),
            other => Id::from_text(other.as_str()?),
        };
        id.ok_or(FromSqlError::InvalidType)
    }
}

/// Ids have no control characters, so a line each keeps them apart.
pub(super) fn lines_of(ids: &[Id]) -> Option<String> {
    let lines: Vec<String> = ids.iter().map(Id::to_string).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn ids_of(lines: Option<&str>) -> FromSqlResult<Box<[Id]>> {
    let ids = lines.into_iter().flat_map(str::lines).map(Id::from_text);
    ids.collect::<Option<_>>().ok_or(FromSqlError::InvalidType)
}

/// Texts of any kind, one a line. A line that ends within a text is written as `\\n`, a backslash as two.
pub(super) fn lines_of_texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('\n', "\\n");
    let lines: Vec<String> = texts.into_iter().map(escaped).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// What [`lines_of_texts`] has written.
pub(super) fn texts_of(lines: Option<&str>) -> Vec<Box<str>> {
    lines.into_iter().flat_map(|lines| lines.split('\n')).map(unescaped).collect()
}

fn unescaped(line: &str) -> Box<str> {
    let mut text = String::with_capacity(line.len());
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if letters.next() == Some('n') => text.push('\n'),
            letter => text.push(letter),
        }
    }
    text.into()
}

/// The columns of [`entry_of`], and the number of the entry.
pub(super) const ENTRY: &str = "seq, uid, name, content, kind, data, reply, mentions, time, \
                                act, act_uid, act_role, act_seconds, act_name, act_open, recalls, recalled, entry";

/// An entry from its row.
pub(super) fn entry_of(row: &Row<'_>) -> rusqlite::Result<EntryRecord> {
    Ok(EntryRecord {
        seq: row.get(0)?,
        uid: row.get(1)?,
        name: row.get(2)?,
        content: row.get(3)?,
        kind: row.get(4)?,
        data: row.get(5)?,
        reply: row.get(6)?,
        mentions: ids_of(row.get_ref(7)?.as_str_or_null()?)?,
        time: UnixMillis(row.get(8)?),
        act: act_of(row)?,
        recall: match (row.get(15)?, row.get(16)?) {
            (Some(seq), _) => Recall::Of(seq),
            (None, true) => Recall::Recalled,
            (None, false) => Recall::None,
        },
    })
}

fn act_of(row: &Row<'_>) -> rusqlite::Result<Option<Act<'static>>> {
    let Some(word) = row.get_ref(9)?.as_str_or_null()? else { return Ok(None) };
    let uid = || row.get(10);
    let name: Option<String> = row.get(13)?;
    Ok(Some(match word {
        "group_update" => Act::GroupUpdate { name: name.map(Into::into), open: row.get(14)? },
        "role" => Act::Role { uid: uid()?, role: row.get(11)? },
        "kick" => Act::Kick { uid: uid()? },
        "ban" => Act::Ban { uid: uid()?, seconds: row.get(12)? },
        "mute" => Act::Mute { uid: uid()?, seconds: row.get(12)? },
        "add" => Act::Add { uid: uid()? },
        "group_delete" => Act::GroupDelete,
        _ => return Err(FromSqlError::InvalidType.into()),
    }))
}
