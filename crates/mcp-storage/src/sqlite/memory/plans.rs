//! Tests of SQLite's plans: no filter and no page reads rows that it does not return.

use diesel::connection::SimpleConnection;
use diesel::debug_query;
use diesel::prelude::*;
use diesel::query_builder::QueryFragment;
use diesel::sql_query;
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;
use mcp_core::domain::Position;

use super::listed::ListTasks;
use super::search::found;
use crate::spellings::SpelledFilter;
use crate::sqlite::{connection, migrate};
use crate::{Location, Synchronous};

#[derive(QueryableByName)]
struct PlanLine {
    #[diesel(sql_type = Text)]
    detail: String,
}

pub(super) fn database() -> SqliteConnection {
    let mut connection =
        connection::for_writing(&Location::Memory, Synchronous::Full).expect("a database");
    migrate::run(&mut connection, &Location::Memory).expect("tables");
    connection
}

fn plan(connection: &mut SqliteConnection, query: &impl QueryFragment<Sqlite>) -> String {
    let text = debug_query::<Sqlite, _>(query).to_string();
    let (sql, _) = text.split_once(" -- binds").expect("the binds are after the query");
    let steps: Vec<PlanLine> =
        sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(connection).expect(sql);
    steps.into_iter().map(|step| step.detail).collect::<Vec<_>>().join("; ")
}

/// Checks every filter of `list_tasks` and `state`, at the start of the list and after a position.
fn every_filter_has_its_index(connection: &mut SqliteConnection) {
    for (status, assigned_to, index) in [
        (false, false, "PRIMARY KEY"),
        (true, false, "INDEX tasks_by_status (status=?"),
        (false, true, "INDEX tasks_by_assignee (assigned_to=?"),
        (true, true, "INDEX tasks_by_assignee_and_status (assigned_to=? AND status=?"),
    ] {
        for after in [None, Some(Position(7))] {
            let wanted = SpelledFilter {
                status: status.then(|| vec!["pending".into()]),
                assigned_to: assigned_to.then(|| vec!["alice".into()]),
            };
            let plan = plan(connection, &ListTasks { wanted: &wanted, after });
            if status || assigned_to || after.is_some() {
                assert!(plan.contains(index), "{status} {assigned_to} {after:?}: {plan}");
            }
            assert!(!plan.contains("TEMP B-TREE"), "sorted: {plan}");
            let behind = if status || assigned_to { "rowid>?" } else { "(rowid>?)" };
            assert_eq!(plan.contains(behind), after.is_some(), "{plan}");
        }
    }
}

#[test]
fn every_filter_is_answered_by_an_index_in_order() {
    every_filter_has_its_index(&mut database());
}

/// The planner's statistics must not lead to a scan.
#[test]
fn and_also_when_the_planner_knows_the_tables() {
    let mut connection = database();
    connection
        .batch_execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
             INSERT INTO tasks (title, status, assigned_to, created_at, updated_at)
             SELECT 't' || i, CASE i % 1000 WHEN 0 THEN 'blocked' ELSE 'pending' END,
                    CASE i % 3 WHEN 0 THEN 'alice' WHEN 1 THEN 'bob' END, 0, 0 FROM n;
             ANALYZE;",
        )
        .expect("tasks");
    // The planner reads statistics when a connection is opened, or here.
    connection.batch_execute("ANALYZE sqlite_schema").expect("figures");
    every_filter_has_its_index(&mut connection);
}

#[test]
fn a_search_asks_the_index_and_then_for_its_candidates() {
    let mut connection = database();
    let plan = plan(&mut connection, &found(r#""abc""#, Some(Position(7))));
    assert!(plan.starts_with("SCAN tasks_search VIRTUAL TABLE INDEX"), "{plan}");
    assert!(plan.contains("SEARCH tasks USING INTEGER PRIMARY KEY (rowid=?)"), "{plan}");
    assert!(!plan.contains("TEMP B-TREE"), "sorted: {plan}");
}
