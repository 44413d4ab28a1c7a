//! The contract of every store: SQLite in a file, SQLite in memory, PostgreSQL if the feature is
//! enabled, and the core's store without a database.

use std::future::Future;
use std::sync::Arc;

use mcp_core::domain::{
    FieldChange, LogEntry, NewTask, NewUser, Page, SearchText, TaskChanges, TaskFilter, TaskId,
};
use mcp_core::memory::in_memory::InMemoryStore;
use mcp_core::memory::{
    Freshness, MAX_DOCUMENT_KEY, MAX_DOCUMENT_KIND, MAX_DOCUMENT_TEXT, Memory, Store, StoreError,
    StoreRuns,
};
use mcp_core::{Clock, SystemClock, Timestamp};
use mcp_storage::{Location, Options};
use serde_json::value::RawValue;

const RETENTION: u32 = 5;

struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_771_250_400_000_001)
    }
}

/// Runs a test on every kind of store.
async fn on_every_store<F: Future<Output = ()>>(test: impl Fn(Arc<dyn Store>) -> F) {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options { log_retention: RETENTION, ..Options::default() };
    let file = Location::File(folder.path().join("store.db"));
    for location in [file, Location::Memory] {
        let store = mcp_storage::open(&location, &options, Arc::new(FixedClock)).expect("a store");
        test(Arc::clone(&store)).await;
        store.close().await.expect("closed");
    }
    #[cfg(feature = "postgres")]
    {
        let database = test_postgres::Database::new();
        let location = Location::parse(database.url()).expect("an address");
        let store = mcp_storage::open(&location, &options, Arc::new(FixedClock)).expect("a store");
        test(Arc::clone(&store)).await;
        store.close().await.expect("closed");
    }
    test(Arc::new(InMemoryStore::new(Arc::new(FixedClock), RETENTION as usize))).await;
}

async fn write<T: Send + 'static>(
    store: &Arc<dyn Store>,
    work: impl FnOnce(&mut dyn Memory) -> Result<T, StoreError> + Send + 'static,
) -> T {
    store.write_for(work).await.expect("written")
}

async fn read<T: Send + 'static>(
    store: &Arc<dyn Store>,
    work: impl FnOnce(&mut dyn Memory) -> Result<T, StoreError> + Send + 'static,
) -> T {
    store.read_for(Freshness::WritesAndLogs, work).await.expect("a read").expect("read")
}

fn task(title: &str, status: &str, assigned_to: Option<&str>) -> NewTask {
    NewTask {
        title: title.into(),
        description: String::new(),
        priority: "medium".into(),
        status: status.into(),
        assigned_to: assigned_to.map(Into::into),
    }
}

fn json(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.into()).expect("JSON")
}

fn entry(number: usize) -> LogEntry {
    LogEntry {
        timestamp: FixedClock.now(),
        action: format!("action_{number}"),
        payload: json(r#"{"params":{},"result":""}"#),
        status: "success".into(),
    }
}

#[tokio::test]
async fn users_are_kept_in_order_and_byte_for_byte() {
    on_every_store(|store| async move {
        for name in ["Zoë 漢字", "o'brien", "nul\0in it", "a b\t\n"] {
            let user = NewUser {
                username: name.into(),
                role: "x".into(),
                metadata: json(r#"{ "n" : 1.0 }"#),
            };
            let twice = user.clone();
            assert!(write(&store, move |memory| memory.add_user(&user)).await);
            assert!(!write(&store, move |memory| memory.add_user(&twice)).await);
        }
        assert!(write(&store, |memory| memory.remove_user("o'brien")).await);
        assert!(!write(&store, |memory| memory.remove_user("o'brien")).await);
        let names = read(&store, |memory| memory.list_usernames(Page::ALL)).await.items();
        assert_eq!(names, ["Zoë 漢字", "nul\0in it", "a b\t\n"]);
        let page = Page::new(Some(1), 1);
        assert_eq!(read(&store, move |m| m.list_usernames(page)).await.items(), ["nul\0in it"]);
        let users = read(&store, move |m| m.list_users(page)).await;
        assert_eq!(users.next, read(&store, move |m| m.list_usernames(page)).await.next);
        let (_, user) = &users.rows[0];
        assert_eq!((user.username.as_str(), user.role.as_str()), ("nul\0in it", "x"));
        assert_eq!(user.metadata.get(), r#"{ "n" : 1.0 }"#);
        assert_eq!(user.created_at, user.updated_at);
        let rest = Page { after: users.next, ..Page::ALL };
        let last = read(&store, move |m| m.list_users(rest)).await.items();
        let names: Vec<_> = last.iter().map(|user| user.username.as_str()).collect();
        assert_eq!(names, ["a b\t\n"]);
        assert_eq!(read(&store, |memory| memory.count_users()).await, 3);
        let user = read(&store, |memory| memory.find_user("Zoë 漢字")).await.expect("a user");
        assert_eq!(user.metadata.get(), r#"{ "n" : 1.0 }"#);
        assert!(read(&store, |memory| memory.find_user("zoë 漢字")).await.is_none());
    })
    .await;
}

#[tokio::test]
async fn a_task_number_is_never_given_out_twice_until_a_reset() {
    on_every_store(|store| async move {
        let add = |memory: &mut dyn Memory| memory.add_task(&task("t", "pending", None));
        assert_eq!(write(&store, add).await.id, TaskId(1));
        assert_eq!(write(&store, add).await.id, TaskId(2));
        assert!(write(&store, |memory| memory.remove_task(TaskId(2))).await);
        assert_eq!(write(&store, add).await.id, TaskId(3));
        write(&store, |memory| memory.reset()).await;
        assert_eq!(write(&store, add).await.id, TaskId(1));
    })
    .await;
}

#[tokio::test]
async fn an_update_changes_what_is_named_and_nothing_else() {
    on_every_store(|store| async move {
        write(&store, |memory| memory.add_task(&task("t", "pending", Some("alice")))).await;
        let unassign = TaskChanges { assigned_to: FieldChange::Clear, ..TaskChanges::default() };
        let task = write(&store, |memory| memory.update_task(TaskId(1), unassign)).await;
        let task = task.expect("a task");
        assert_eq!((task.title.as_str(), task.assigned_to.as_deref()), ("t", None));
        let finish =
            TaskChanges { status: FieldChange::Set("done".into()), ..TaskChanges::default() };
        let answered = write(&store, |memory| memory.update_task(TaskId(1), finish)).await;
        let stored = read(&store, |memory| memory.find_task(TaskId(1))).await;
        assert_eq!(stored, answered);
        assert_eq!(stored.expect("a task").status.as_deref(), Some("done"));
        let nothing = TaskChanges::default();
        assert!(write(&store, |memory| memory.update_task(TaskId(9), nothing)).await.is_none());
    })
    .await;
}

#[tokio::test]
async fn filters_pages_counts_and_search_agree() {
    on_every_store(|store| async move {
        for (title, status, user) in [
            ("Straße kehren", "pending", Some("alice")),
            ("100 %", "pending", None),
            ("über", "completed", Some("alice")),
            ("x", "pending", Some("alice")),
        ] {
            write(&store, move |memory| memory.add_task(&task(title, status, user))).await;
        }
        let ids = |status: Option<&str>, user: Option<&str>, page| {
            let filter =
                TaskFilter { status: status.map(Into::into), assigned_to: user.map(Into::into) };
            let store = Arc::clone(&store);
            async move {
                let tasks =
                    read(&store, move |memory| memory.list_tasks(&filter, page)).await.items();
                tasks.iter().map(|task| task.id.0).collect::<Vec<_>>()
            }
        };
        assert_eq!(ids(None, None, Page::ALL).await, [1, 2, 3, 4]);
        assert_eq!(ids(Some("pending"), Some("alice"), Page::ALL).await, [1, 4]);
        assert_eq!(ids(Some("nope"), None, Page::ALL).await, [0_i64; 0]);
        let page = Page::new(Some(2), 1);
        assert_eq!(ids(None, None, page).await, [2, 3]);
        let page = Page::new(Some(u64::MAX), u64::MAX);
        assert_eq!(ids(None, None, page).await, [0_i64; 0]);
        for (query, found) in
            [("STRASSE", vec![1]), ("%", vec![2]), ("ÜB", vec![3]), ("", vec![1, 2, 3, 4])]
        {
            let text = SearchText::new(query);
            let tasks =
                read(&store, move |memory| memory.search_tasks(&text, Page::ALL)).await.items();
            let ids: Vec<i64> = tasks.iter().map(|task| task.id.0).collect();
            assert_eq!(ids, found, "{query}");
        }
        let counts = read(&store, |memory| memory.task_counts()).await;
        assert_eq!(counts.total, 4);
        assert_eq!(counts.by_status, [("completed".into(), 1), ("pending".into(), 3)]);
        assert_eq!(counts.by_priority, [("medium".into(), 4)]);
    })
    .await;
}

/// Spellings of the same text, and one of another text.
const SPELLINGS: &[[&str; 3]] = &[
    ["Zoë", "Zoe\u{308}", "zoë"],
    ["한글", "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}", "하글"],
    ["Kim", "\u{212a}im", "Kım"],
    ["q\u{323}\u{307}", "q\u{307}\u{323}", "q\u{323}"],
    ["\u{1fb3}\u{323}", "α\u{323}\u{345}", "αι"],
    ["İ", "I\u{307}", "I"],
    ["nul\0é", "nul\0e\u{301}", "nule\u{301}"],
];

#[tokio::test]
async fn names_are_the_same_in_every_spelling_and_kept_byte_for_byte() {
    on_every_store(|store| async move {
        for &[composed, decomposed, other] in SPELLINGS {
            for (stored, asked) in [(composed, decomposed), (decomposed, composed)] {
                write(&store, |memory| memory.reset()).await;
                let user = |name: &str| NewUser {
                    username: name.into(),
                    role: "x".into(),
                    metadata: json("{}"),
                };
                let (first, again) = (user(stored), user(asked));
                assert!(write(&store, move |memory| memory.add_user(&first)).await);
                assert!(!write(&store, move |memory| memory.add_user(&again)).await, "{asked:?}");
                let found = read(&store, move |memory| memory.find_user(asked)).await;
                assert_eq!(found.map(|user| user.username).as_deref(), Some(stored));
                assert!(read(&store, move |memory| memory.find_user(other)).await.is_none());

                for name in [stored, asked, other] {
                    let task = task("t", name, Some(name));
                    write(&store, move |memory| memory.add_task(&task)).await;
                }
                let [status, assignee] = [stored, asked].map(|it| Some(it.to_owned()));
                for filter in [
                    TaskFilter { status: status.clone(), assigned_to: None },
                    TaskFilter { status: None, assigned_to: assignee.clone() },
                    TaskFilter { status, assigned_to: assignee },
                ] {
                    let counted = filter.clone();
                    let count = read(&store, move |memory| memory.count_tasks(&counted)).await;
                    assert_eq!(count, 2, "{filter:?}");
                    let page = Page::new(Some(1), 1);
                    let rows = read(&store, move |memory| memory.list_tasks(&filter, page)).await;
                    assert_eq!(rows.items()[0].assigned_to.as_deref(), Some(asked));
                }
                let counts = read(&store, |memory| memory.task_counts()).await;
                assert_eq!(counts.by_status.len(), 3, "words are listed as they are stored");

                write(&store, move |memory| memory.set_config(stored, &json("1"))).await;
                write(&store, move |memory| memory.set_config(asked, &json("2"))).await;
                let value = read(&store, move |memory| memory.find_config(stored)).await;
                assert_eq!(value.expect("a value").get(), "2");
                assert!(read(&store, move |memory| memory.find_config(other)).await.is_none());
                let config = read(&store, |memory| memory.list_config()).await;
                assert_eq!(config.last().expect("entries").key, stored);
                assert!(write(&store, move |memory| memory.remove_user(asked)).await);
                assert_eq!(read(&store, |memory| memory.count_users()).await, 0);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_search_finds_every_spelling_and_case() {
    on_every_store(|store| async move {
        for (title, query, is_found) in [
            ("Ein CAFÉ am Eck", "cafe\u{301} am", true),
            ("Ein Cafe\u{301} am Eck", "CAFÉ AM", true),
            ("한글 문서", "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af} 문", true),
            ("eﬃcient ﬁle", "EFFICIENT FI", true),
            ("İstanbul", "i\u{307}stan", true),
            ("ISTANBUL", "ıstanbul", false),
            ("\u{212b}ngstro\u{308}m", "ÅNGSTRÖM", true),
            ("\u{1fb3}\u{323} x", "α\u{323}ι X", true),
            ("ΟΔΥΣΣΕΥΣ", "οδυσσευς", true),
            ("cafe", "café", false),
            ("café", "cafe", false),
        ] {
            write(&store, |memory| memory.reset()).await;
            let task = task(title, "pending", None);
            write(&store, move |memory| memory.add_task(&task)).await;
            let text = SearchText::new(query);
            let found = read(&store, move |memory| memory.search_tasks(&text, Page::ALL)).await;
            let titles: Vec<_> = found.items().into_iter().map(|task| task.title).collect();
            assert_eq!(titles, if is_found { vec![title] } else { vec![] }, "{query:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn config_keeps_its_order_and_its_json() {
    on_every_store(|store| async move {
        for (key, value) in [
            ("big", "12345678901234567890123"),
            ("max_tasks", "[1, \"a\", null]"),
            ("nothing", "null"),
        ] {
            write(&store, move |memory| memory.set_config(key, &json(value))).await;
        }
        let config = read(&store, |memory| memory.list_config()).await;
        let shown: Vec<_> = config.iter().map(|e| (e.key.as_str(), e.value.get())).collect();
        assert_eq!(
            shown,
            [
                ("max_tasks", "[1, \"a\", null]"),
                ("default_priority", "\"medium\""),
                ("big", "12345678901234567890123"),
                ("nothing", "null"),
            ]
        );
        assert!(read(&store, |memory| memory.find_config("absent")).await.is_none());
        write(&store, |memory| memory.reset()).await;
        let config = read(&store, |memory| memory.list_config()).await;
        let shown: Vec<_> = config.iter().map(|e| (e.key.as_str(), e.value.get())).collect();
        assert_eq!(shown, [("max_tasks", "100"), ("default_priority", "\"medium\"")]);
    })
    .await;
}

/// Returns the texts of the documents with these kinds and keys.
async fn documents<const N: usize>(
    store: &Arc<dyn Store>,
    names: [(&'static str, &'static str); N],
) -> [Option<String>; N] {
    read(store, move |memory| {
        let mut found = [const { None }; N];
        for (text, (kind, key)) in found.iter_mut().zip(names) {
            *text = memory.find_document(kind, key)?;
        }
        Ok(found)
    })
    .await
}

#[tokio::test]
async fn documents_are_kept_byte_for_byte_and_told_apart_by_kind_and_key() {
    on_every_store(|store| async move {
        let names = [
            ("list", "a"),
            ("list", "A"),
            ("list", "a "),
            ("list", "é"),
            ("list", "e\u{301}"),
            ("list", "a\0b"),
            ("list", "a\u{1}\u{2}b"),
            ("list", ""),
            ("pin", "a"),
            ("", "a"),
        ];
        for (kind, key) in names {
            let text = format!("{kind}/{key}: \0 \u{1} 漢 \r\n");
            write(&store, move |memory| memory.put_document(kind, key, &text)).await;
        }
        let wanted = names.map(|(kind, key)| Some(format!("{kind}/{key}: \0 \u{1} 漢 \r\n")));
        assert_eq!(documents(&store, names).await, wanted);
        write(&store, |memory| memory.put_document("list", "a", "")).await;
        assert_eq!(
            documents(&store, [("list", "a"), ("pin", "a"), ("list", "absent")]).await,
            [Some(String::new()), wanted[8].clone(), None]
        );
        assert!(write(&store, |memory| memory.remove_document("list", "a")).await);
        assert!(!write(&store, |memory| memory.remove_document("list", "a")).await);
        let kept = ["a\0b", "absent", "é"];
        write(&store, move |memory| memory.keep_documents("list", &kept)).await;
        let left = [("list", "a\0b"), ("list", "é"), ("pin", "a"), ("", "a")];
        for (name, text) in names.into_iter().zip(documents(&store, names).await) {
            assert_eq!(text.is_some(), left.contains(&name), "{name:?}");
        }
        write(&store, |memory| memory.keep_documents("list", &[])).await;
        let found = documents(&store, left).await;
        assert_eq!(found.map(|text| text.is_some()), [false, false, true, true]);
    })
    .await;
}

#[tokio::test]
async fn a_document_survives_a_reset_and_a_work_that_fails_and_no_list_shows_it() {
    on_every_store(|store| async move {
        let shown = |memory: &mut dyn Memory| {
            Ok((
                memory.count_users()?,
                memory.count_tasks(&TaskFilter::default())?,
                memory.list_config()?.len(),
                memory.count_logs()?,
            ))
        };
        let before = read(&store, shown).await;
        write(&store, |memory| memory.put_document("pin", "docs", "sha256:1")).await;
        assert_eq!(read(&store, shown).await, before);
        let failed: Result<(), StoreError> = store
            .write_for(|memory| {
                memory.put_document("pin", "docs", "sha256:2")?;
                memory.put_document("pin", "other", "sha256:3")?;
                Err(StoreError::Failed("on purpose".into()))
            })
            .await;
        failed.expect_err("on purpose");
        write(&store, |memory| memory.reset()).await;
        assert_eq!(
            documents(&store, [("pin", "docs"), ("pin", "other")]).await,
            [Some("sha256:1".into()), None]
        );
    })
    .await;
}

#[tokio::test]
async fn a_document_has_its_largest_size_and_no_more() {
    on_every_store(|store| async move {
        // Each letter takes twice its size in the form that PostgreSQL stores.
        let letters = |size: usize| "\u{1}".repeat(size);
        let put = |kind: usize, key: usize, text: usize| {
            let (kind, key, text) = (letters(kind), letters(key), "x".repeat(text));
            store.write_for(move |memory| memory.put_document(&kind, &key, &text))
        };
        let (kind, key, text) = (MAX_DOCUMENT_KIND, MAX_DOCUMENT_KEY, MAX_DOCUMENT_TEXT);
        put(kind, key, text).await.expect("stored");
        let size = read(&store, move |memory| {
            Ok(memory.find_document(&letters(kind), &letters(key))?.map(|text| text.len()))
        });
        assert_eq!(size.await, Some(text));
        for (refused, part) in [
            (put(kind + 1, key, text), "kind of a document has 33 bytes: use at most 32"),
            (put(kind, key + 1, text), "key of a document has 201 bytes: use at most 200"),
            (put(kind, key, text + 1), "text of a document has 16777217 bytes"),
        ] {
            let error: StoreError = refused.await.expect_err("refused");
            assert!(error.to_string().contains(part), "{error}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_log_keeps_the_newest_entries_whoever_wrote_them() {
    on_every_store(|store| async move {
        for number in 0..8 {
            if number % 2 == 0 {
                write(&store, move |memory| memory.append_log(&entry(number))).await;
            } else {
                store.record(entry(number)).await.expect("recorded");
            }
        }
        let newest = |page: Page| {
            let store = Arc::clone(&store);
            async move {
                let logs =
                    read(&store, move |memory| memory.newest_logs(page.limit, page.offset)).await;
                logs.into_iter().map(|entry| entry.action).collect::<Vec<_>>()
            }
        };
        let all = ["action_3", "action_4", "action_5", "action_6", "action_7"];
        assert_eq!(newest(Page::ALL).await, all);
        assert_eq!(read(&store, |memory| memory.count_logs()).await, u64::from(RETENTION));
        assert_eq!(newest(Page::new(Some(2), 0)).await, all[3..]);
        assert_eq!(newest(Page::new(Some(2), 1)).await, all[2..4]);
        assert!(newest(Page::new(Some(0), 0)).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_work_that_fails_is_undone_alone() {
    on_every_store(|store| async move {
        let failed: Result<(), StoreError> = store
            .write_for(|memory| {
                memory.add_task(&task("lost", "pending", None))?;
                Err(StoreError::Failed("on purpose".into()))
            })
            .await;
        assert!(matches!(failed, Err(StoreError::Failed(_))));
        write(&store, |memory| memory.add_task(&task("kept", "pending", None))).await;
        let tasks = read(&store, |memory| memory.list_tasks(&TaskFilter::default(), Page::ALL))
            .await
            .items();
        assert_eq!(tasks.iter().map(|t| t.title.as_str()).collect::<Vec<_>>(), ["kept"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_writes_at_once_are_all_kept_and_numbered_without_gaps() {
    let folder = tempfile::tempdir().expect("a folder");
    let location = Location::File(folder.path().join("store.db"));
    let clock = SystemClock::shared();
    let store = mcp_storage::open(&location, &Options::default(), clock).expect("a store");
    let writes: Vec<_> = (0..300)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let add = move |memory: &mut dyn Memory| {
                    memory.add_task(&task("t", "pending", None))?;
                    if number % 3 == 0 { Err(StoreError::Busy) } else { Ok(()) }
                };
                store.write_for(add).await.is_ok()
            })
        })
        .collect();
    let mut kept = 0;
    for write in writes {
        kept += u64::from(write.await.expect("joined"));
    }
    assert_eq!(kept, 200);
    let all = TaskFilter::default();
    let tasks = read(&store, move |memory| memory.list_tasks(&all, Page::ALL)).await.items();
    assert_eq!(
        tasks.iter().map(|task| task.id.0).collect::<Vec<_>>(),
        (1..=200).collect::<Vec<_>>()
    );
    store.close().await.expect("closed");
}

#[tokio::test]
async fn a_panic_in_a_work_is_an_error_and_the_store_goes_on() {
    on_every_store_with_a_writer(|store| async move {
        let panicked: Result<(), StoreError> =
            store.write_for(|_: &mut dyn Memory| panic!("on purpose")).await;
        assert!(matches!(panicked, Err(StoreError::Failed(_))));
        write(&store, |memory| memory.add_task(&task("kept", "pending", None))).await;
    })
    .await;
}

async fn on_every_store_with_a_writer<F: Future<Output = ()>>(test: impl Fn(Arc<dyn Store>) -> F) {
    let store = mcp_storage::open(&Location::Memory, &Options::default(), SystemClock::shared())
        .expect("a store");
    test(store).await;
}

#[tokio::test]
async fn what_was_answered_is_there_after_closing_and_opening_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.db");
    let location = Location::File(path.clone());
    let open = || {
        mcp_storage::open(&location, &Options::default(), SystemClock::shared()).expect("a store")
    };
    let store = open();
    write(&store, |memory| memory.add_task(&task("kept", "pending", None))).await;
    write(&store, |memory| memory.put_document("list", "docs", "[]")).await;
    store.record(entry(1)).await.expect("recorded");
    store.close().await.expect("closed");
    assert!(store.write_for(|memory| memory.reset()).await.is_err(), "a closed store refuses");
    assert!(!path.with_extension("db-wal").exists(), "one file is the whole database");

    let store = open();
    let logs = read(&store, |memory| memory.count_logs()).await;
    let tasks = read(&store, |memory| memory.count_tasks(&TaskFilter::default())).await;
    assert_eq!((logs, tasks), (1, 1));
    assert_eq!(documents(&store, [("list", "docs")]).await, [Some("[]".into())]);
    store.close().await.expect("closed");
}
