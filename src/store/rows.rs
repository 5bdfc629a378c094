//! How values lie in the rows of the SQLite store.
//!
//! An id is an integer or a text, as on the wire; ids in a list stand one a line.
//! Tested in `tests/store/`.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::chat::ids::Id;

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
