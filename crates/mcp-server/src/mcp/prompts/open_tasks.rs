//! Lists open tasks for a prompt, one a line.

use std::fmt;

use mcp_core::ActionError;
use mcp_core::domain::{Page, Task, TaskFilter};
use mcp_core::memory::{Freshness, StoreRuns};

use crate::service::Service;

/// The largest number of tasks in a prompt.
const MAX_TASKS: usize = 100;
/// The rows, and their bytes, that are read at once.
pub(super) const PAGE: Page = Page { limit: Some(1000), bytes: Some(1 << 20), ..Page::ALL };
/// The number of characters of a title that are shown.
const TITLE: usize = 200;
/// The number of characters of a status, a priority or a user's name that are shown.
const WORD: usize = 60;

/// The first open tasks.
pub(super) struct OpenTasks {
    tasks: Vec<Task>,
    has_more: bool,
}

impl OpenTasks {
    /// Reads the open tasks of a user, or of all users.
    pub(super) async fn read(
        service: &Service,
        assigned_to: Option<String>,
    ) -> Result<Self, ActionError> {
        let filter = TaskFilter { status: None, assigned_to };
        let mut open = Self { tasks: Vec::new(), has_more: false };
        let mut page = PAGE;
        loop {
            let filter = filter.clone();
            let part = service
                .store()
                .read_for(Freshness::Writes, move |memory| memory.list_tasks(&filter, page))
                .await
                .and_then(|part| part)?;
            page.after = part.next;
            let is_open = |task: &Task| task.status.as_deref() != Some("completed");
            open.tasks.extend(part.items().into_iter().filter(is_open));
            open.has_more = open.tasks.len() > MAX_TASKS;
            if open.has_more || page.after.is_none() {
                open.tasks.truncate(MAX_TASKS);
                return Ok(open);
            }
        }
    }
}

impl fmt::Display for OpenTasks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.tasks.is_empty() {
            return formatter.write_str("(none)\n");
        }
        let word = |word: &Option<String>| word.as_deref().map_or("-".into(), |it| cut(it, WORD));
        for task in &self.tasks {
            let (status, priority) = (word(&task.status), word(&task.priority));
            write!(formatter, "#{} {} ({status}, {priority}", task.id, cut(&task.title, TITLE))?;
            if let Some(user) = &task.assigned_to {
                write!(formatter, ", {}", cut(user, WORD))?;
            }
            formatter.write_str(")\n")?;
        }
        if self.has_more {
            formatter.write_str("and more\n")?;
        }
        Ok(())
    }
}

/// Returns the first characters of a text, on one line.
fn cut(text: &str, characters: usize) -> String {
    one_line(text).chars().take(characters).collect()
}

/// Replaces line breaks and control characters, so that no stored text can forge a row of the list.
pub(super) fn one_line(text: &str) -> String {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    text.chars().map(|c| if breaks(c) { ' ' } else { c }).collect()
}
