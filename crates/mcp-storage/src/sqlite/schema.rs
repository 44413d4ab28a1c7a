//! The tables, as in `migrations/sqlite`.

diesel::table! {
    users (id) {
        id -> BigInt,
        username -> Text,
        role -> Text,
        metadata -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    tasks (id) {
        id -> BigInt,
        title -> Text,
        description -> Nullable<Text>,
        priority -> Nullable<Text>,
        status -> Nullable<Text>,
        assigned_to -> Nullable<Text>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    config (id) {
        id -> BigInt,
        key -> Text,
        value -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    logs (id) {
        id -> BigInt,
        timestamp -> BigInt,
        action -> Text,
        payload -> Text,
        status -> Text,
    }
}

diesel::table! {
    tasks_search (rowid) {
        rowid -> BigInt,
        /// The whole row, for `MATCH`.
        #[sql_name = "tasks_search"]
        row -> Text,
        text -> Text,
    }
}

diesel::table! {
    /// The pages of the index, stored by FTS5.
    tasks_search_data (id) {
        id -> BigInt,
        block -> Nullable<Binary>,
    }
}

diesel::table! {
    tasks_unsearched (id) {
        id -> BigInt,
    }
}

diesel::table! {
    /// Has one row.
    tasks_indexed (through) {
        through -> BigInt,
    }
}

diesel::table! {
    /// Has one row.
    tasks_counted (through) {
        through -> BigInt,
    }
}

diesel::table! {
    row_counts (kind, value, block) {
        kind -> Text,
        value -> Text,
        block -> BigInt,
        rows -> BigInt,
    }
}

diesel::table! {
    /// Spellings that are not composed, by their composed name.
    spellings (name, spelling) {
        name -> Text,
        spelling -> Text,
    }
}

diesel::table! {
    /// Documents of the server itself.
    documents (kind, key) {
        kind -> Text,
        key -> Text,
        text -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(tasks, tasks_search, tasks_unsearched);
