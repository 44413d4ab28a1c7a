//! The tables, as diesel knows them. Kept in step with `migrations/sqlite`.

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
