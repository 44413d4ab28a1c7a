//! Tests of PostgreSQL's plans: no filter, page or search reads rows that it does not return, even
//! after many executions of the statement.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::debug_query;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::QueryFragment;
use diesel::sql_query;
use diesel::sql_types::Text;
use mcp_core::domain::Position;
use test_postgres::Database;

use super::RowRange;
use super::filtered::{CountTasks, ListTasks};
use super::tasks::candidates_of;
use crate::postgres::connection::Connector;
use crate::postgres::{PostgresUrl, migrate, search};
use crate::spellings::SpelledFilter;

/// The number of executions after which PostgreSQL may choose a generic plan.
const EXECUTIONS: u32 = 6;

#[derive(QueryableByName)]
struct PlanLine {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    line: String,
}

/// Returns a connection as the server opens them, to a database with `tasks` tasks. One of 1,000 is
/// blocked, and the second half is assigned to alice.
fn connection(database: &Database, tasks: u32) -> PgConnection {
    let url = PostgresUrl::parse(database.url()).expect("an address");
    let connector = Connector::new(&url, Duration::from_mins(1));
    let mut connection = connector.connect().expect("a connection");
    migrate::run(&mut connection, &url).map_err(|error| error.to_string()).expect("tables");
    connection
        .batch_execute(&format!(
            "INSERT INTO tasks (id, title, status, assigned_to, created_at, updated_at, folded)
             SELECT i, 'task', CASE i % 1000 WHEN 0 THEN 'blocked' ELSE 'pending' END,
                    CASE WHEN i > {tasks} / 2 THEN 'alice' ELSE 'bob' END, 0, 0,
                    'task ' || md5(i::text) || ' of the report ' || md5((i * 7)::text)
             FROM generate_series(1, {tasks}) AS i"
        ))
        .expect("tasks");
    search::index(&mut connection).expect("an index");
    connection.batch_execute("ANALYZE").expect("the planner's figures");
    connection
}

/// Returns the plan of a statement after many executions on this connection.
fn plan(connection: &mut PgConnection, query: &impl QueryFragment<Pg>, values: &str) -> String {
    let text = debug_query::<Pg, _>(query).to_string();
    let (sql, _) = text.split_once(" -- binds").expect("the values are after the query");
    connection.batch_execute(&format!("DEALLOCATE ALL; PREPARE often AS {sql}")).expect(sql);
    let execute = format!("EXECUTE often ({values})");
    (0..EXECUTIONS).for_each(|_| connection.batch_execute(&execute).expect(sql));
    let steps: Vec<PlanLine> = sql_query(format!("EXPLAIN {execute}")).load(connection).expect(sql);
    steps.into_iter().map(|step| step.line).collect::<Vec<_>>().join("; ")
}

fn wanted(status: Option<&str>, assigned_to: Option<&str>) -> SpelledFilter {
    let of = |text: Option<&str>| text.map(|text| vec![text.to_owned()]);
    SpelledFilter { status: of(status), assigned_to: of(assigned_to) }
}

#[test]
fn every_filter_is_answered_by_its_index_in_order() {
    let database = Database::new();
    let mut connection = connection(&database, 30_000);
    for (status, assigned_to, index) in [
        (None, None, "tasks_pkey"),
        (Some("blocked"), None, "tasks_by_status"),
        (None, Some("alice"), "tasks_by_assignee"),
        (Some("blocked"), Some("alice"), "tasks_by_assignee_and_status"),
    ] {
        for after in [None, Some(Position(20_000))] {
            let filter = wanted(status, assigned_to);
            let rows = RowRange { after, limit: 256, offset: 0 };
            let values: Vec<String> = [status, status, assigned_to, assigned_to]
                .into_iter()
                .flatten()
                .map(|value| format!("'{value}'"))
                .chain([super::after_id(after), 256, 0].map(|number| number.to_string()))
                .collect();
            let plan = plan(&mut connection, &ListTasks::new(&filter, rows), &values.join(", "));
            assert!(plan.contains(&format!("using {index} on")), "{filter:?} {after:?}: {plan}");
            assert!(!plan.contains("Sort"), "{filter:?} {after:?}: {plan}");
        }
    }
}

#[test]
fn a_count_of_two_filters_asks_their_index() {
    let database = Database::new();
    let mut connection = connection(&database, 30_000);
    let filter = wanted(Some("blocked"), Some("alice"));
    let values = "'blocked', 'blocked', 'alice', 'alice'";
    let plan = plan(&mut connection, &CountTasks::new(&filter), values);
    assert!(plan.contains("tasks_by_assignee_and_status"), "{plan}");
}

#[test]
fn a_search_asks_the_index_of_trigrams_also_when_it_was_executed_often() {
    let database = Database::new();
    let mut connection = connection(&database, 60_000);
    for after in [None, Some(Position(7))] {
        let rows = RowRange { after, limit: 256, offset: 0 };
        let query = candidates_of("%c4ca42%", rows);
        let values = format!("'%c4ca42%', {}, 256", super::after_id(after));
        let plan = plan(&mut connection, &query, &values);
        assert!(plan.contains("tasks_by_text"), "{plan}");
    }
}
