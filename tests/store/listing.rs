//! Lists of groups in the file: a page costs what it shows, however many groups were deleted.

use rusqlite::Connection;

use crate::folder::Scratch;

#[test]
fn a_page_of_all_groups_is_found_by_index() {
    let scratch = Scratch::new();
    drop(scratch.open());
    let connection = Connection::open(scratch.options().file()).unwrap();
    let sql = "EXPLAIN QUERY PLAN SELECT c.gid, c.name, NULL, c.open, c.members
               FROM conversation c WHERE c.gid IS NOT NULL AND c.deleted = 0 AND c.gid > ?2 AND c.gid < x''
               ORDER BY c.gid LIMIT ?3";
    let mut plan = connection.prepare(sql).unwrap();
    let steps = plan.query_map((0, 0, 0), |row| row.get::<_, String>(3)).unwrap();
    let steps: Vec<String> = steps.map(Result::unwrap).collect();
    assert_eq!(steps, ["SEARCH c USING INDEX standing_group (gid>? AND gid<?)"]);
}
