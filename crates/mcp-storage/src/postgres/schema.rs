//! The tables, as in `migrations/postgres`.

diesel::table! {
    counters (id) {
        id -> BigInt,
        last_user -> BigInt,
        last_task -> BigInt,
        last_config -> BigInt,
        last_log -> BigInt,
        forgotten_log -> BigInt,
        users -> BigInt,
        tasks -> BigInt,
    }
}

diesel::table! {
    task_counts (kind, value_hash) {
        kind -> Text,
        value_hash -> Binary,
        value -> Text,
        tasks -> BigInt,
    }
}

diesel::table! {
    users (id) {
        id -> BigInt,
        name_hash -> Binary,
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
        folded -> Text,
    }
}

diesel::table! {
    config (id) {
        id -> BigInt,
        name_hash -> Binary,
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
    /// Spellings that are not composed, by their composed name.
    spellings (name_hash, spelling_hash) {
        name_hash -> Binary,
        spelling_hash -> Binary,
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
