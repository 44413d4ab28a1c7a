//! A list that an action returns in pages: which page comes next, and what its rows are.
//!
//! Rows that are added or removed meanwhile move the others between pages. After a cursor, the row of the
//! cursor is looked for on its page and on those around it.

use serde_json::{Map, Value};

use super::Row;
use super::locate::{Found, locate, order};
use crate::cursor::{Key, Place};
use crate::fields;
use crate::query::LeanQuery;
use mcp_core::action::params::ParamsText;
use mcp_core::action::{self, Action, Incomplete};
use mcp_core::error::{ActionError, ErrorCode};
use mcp_core::{Call, Context};

/// The maximum number of pages that one query reads.
const MAX_PAGES: usize = 10;
/// The maximum number of pages on which the row of a cursor is looked for.
const MAX_SEARCHED: usize = 4;

/// A list in pages.
pub(super) struct Pages {
    action: String,
    params: Map<String, Value>,
    context: Context,
    /// The path of the rows in a result.
    at: &'static str,
    kind: action::Pages,
    size: usize,
    /// The number of the next page; the key before the next page, if pages start after a key.
    page: u32,
    before: Option<i64>,
    search: Option<Search>,
    read: usize,
    /// Whether only the page that params name is read.
    is_single: bool,
    after: After,
    says_incomplete: Option<Incomplete>,
    pub(super) incomplete: Option<String>,
}

/// The search for the row of a cursor: on its page, then on the pages around.
struct Search {
    place: Place,
    /// Where the row is from the last page on; `None` before the first.
    found: Option<Found>,
    /// The page where the row was, with what follows it.
    home: Option<(u32, After, Vec<Row>)>,
    pages: usize,
}

/// The rows after the last page that was read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    More,
    Nothing,
    /// The page was full, and says nothing about a next one.
    Unknown,
}

impl Pages {
    pub(super) fn new(
        action: &Action,
        query: &LeanQuery,
        at: &'static str,
        pages: action::Pages,
        place: Option<Place>,
    ) -> Result<Self, ActionError> {
        let (size, usual, most) = match pages {
            action::Pages::Numbered { size, usual, most, .. }
            | action::Pages::Keyed { size, usual, most, .. } => (size, usual, most),
        };
        let mut params: Map<String, Value> = serde_json::from_str(query.params.get())
            .map_err(|error| ActionError::invalid(format!("params: {error}")))?;
        params.retain(|name, value| name != size || !value.is_null());
        let number = |name: &str| usize::try_from(params.get(name)?.as_u64()?).ok();
        let named_page = match pages {
            action::Pages::Numbered { page, .. } => number(page),
            action::Pages::Keyed { .. } => None,
        };
        let reductions = &query.reductions;
        let reads_far = reductions.needs_all() || !reductions.filter.is_empty();
        let page_size = match (number(size), reductions.limit) {
            // The action rejects a size that is out of range.
            (Some(given), _)
                if !reads_far || named_page.is_some() || !(1..most).contains(&given) =>
            {
                given
            }
            // A long list would take too many small pages.
            _ if reads_far => {
                params.insert(size.to_owned(), most.into());
                most
            }
            (_, Some(limit)) => usize::try_from(limit).map_or(most, |limit| limit.clamp(1, most)),
            (_, None) => usual,
        };
        if page_size != usual {
            params.entry(size).or_insert(page_size.into());
        }
        let mut list = Self {
            action: action.name.to_string(),
            params,
            context: query.context.clone(),
            at,
            kind: pages,
            size: page_size,
            page: named_page.map_or(1, |page| u32::try_from(page).unwrap_or(u32::MAX)),
            before: None,
            search: None,
            read: 0,
            is_single: named_page.is_some() && reductions.needs_all(),
            after: After::More,
            says_incomplete: action.doc.view.incomplete,
            incomplete: None,
        };
        match place {
            Some(Place { key: Key::Number(key), page: 0, .. }) => list.before = Some(key),
            Some(place) => {
                list.page = place.page;
                list.search = Some(Search { place, found: None, home: None, pages: 0 });
            }
            None => {}
        }
        Ok(list)
    }

    /// Returns the call of the next page.
    pub(super) fn call(&self) -> Result<Call, ActionError> {
        let mut params = self.params.clone();
        match self.kind {
            action::Pages::Numbered { page, .. } => {
                if self.page > 1 {
                    params.insert(page.to_owned(), self.page.into());
                }
            }
            action::Pages::Keyed { after, size, most, .. } => {
                if let Some(before) = self.before {
                    params.insert(after.to_owned(), before.into());
                }
                // One row more says whether there are more. The action rejects what is not a size.
                let is_size = |given: &Value| given.as_u64().is_some_and(|size| size > 0);
                if self.size < most && params.get(size).is_none_or(is_size) {
                    params.insert(size.to_owned(), (self.size + 1).into());
                }
            }
        }
        let params = ParamsText::from_value(&params.into())?;
        Ok(Call::new(self.action.clone(), params).within(self.context.clone()))
    }

    /// Returns whether no further page is read.
    pub(super) fn is_done(&self) -> bool {
        self.search.is_none()
            && (self.after == After::Nothing || self.read >= MAX_PAGES || self.is_single)
    }

    /// Returns whether only the next page says if there are more rows.
    pub(super) fn may_have_more(&self) -> bool {
        self.after == After::Unknown && !self.is_single
    }

    pub(super) fn has_more(&self) -> bool {
        self.after == After::More && !self.is_single
    }

    /// Takes a page of `bytes` bytes, and returns its rows after the cursor.
    ///
    /// # Errors
    /// Returns `UpstreamFailed` if the page has no list.
    pub(super) fn take(
        &mut self,
        page: &Value,
        bytes: usize,
        has_more: bool,
    ) -> Result<Vec<Row>, ActionError> {
        let rows = self.rows_of(page, bytes, has_more)?;
        if let Some(search) = self.search.take() {
            return Ok(self.search_in(rows, search));
        }
        self.page += 1;
        if let (action::Pages::Keyed { .. }, Some((_, Place { key: Key::Number(key), .. }))) =
            (self.kind, rows.last())
        {
            self.before = Some(*key);
        }
        Ok(rows)
    }

    /// Returns the rows after the row of the cursor, or continues the search on another page. Keys that rise
    /// or fall say on which side the row is; otherwise the next page is read, then the one before.
    fn search_in(&mut self, rows: Vec<Row>, mut search: Search) -> Vec<Row> {
        let keys: Vec<Key> = rows.iter().map(|(_, place)| place.key).collect();
        let is_lost = search.home.is_some() && !keys.contains(&search.place.key);
        let found = if is_lost { Found::Lost } else { locate(&keys, search.place) };
        let (last, after) = (search.found.replace(found), self.after);
        search.pages += 1;
        let is_onward = last.is_none_or(|last| last == found);
        let skipped = match found {
            Found::From(index) => index,
            // Too far away: this page is better than none.
            _ if search.pages > MAX_SEARCHED => 0,
            Found::Earlier if self.page > 1 && is_onward => {
                return self.search_on(self.page - 1, search);
            }
            Found::Earlier => 0,
            Found::Later if after != After::Nothing && is_onward => {
                return self.search_on(self.page + 1, search);
            }
            Found::Later => rows.len(),
            Found::Lost => {
                let (home, home_after, _) = search.home.get_or_insert((self.page, after, rows));
                let (home, home_after) = (*home, *home_after);
                if self.page == home && home_after != After::Nothing {
                    return self.search_on(home + 1, search);
                }
                if self.page >= home && home > 1 {
                    return self.search_on(home - 1, search);
                }
                // The row is gone: the list continues at its index.
                let rows = search.home.map(|(_, _, rows)| rows).unwrap_or_default();
                (self.page, self.after) = (home + 1, home_after);
                return rows.into_iter().skip(search.place.index as usize).collect();
            }
        };
        self.page += 1;
        rows.into_iter().skip(skipped).collect()
    }

    fn search_on(&mut self, page: u32, search: Search) -> Vec<Row> {
        self.page = page;
        self.search = Some(search);
        Vec::new()
    }

    fn rows_of(
        &mut self,
        page: &Value,
        bytes: usize,
        has_more: bool,
    ) -> Result<Vec<Row>, ActionError> {
        self.read += 1;
        if let Some(says) = self.says_incomplete.filter(|_| self.incomplete.is_none()) {
            self.incomplete = says.reason_in(page);
        }
        let found = if self.at.is_empty() { None } else { fields::find(page, self.at) };
        let Some(rows) = found.as_deref().unwrap_or(page).as_array() else {
            let error = ActionError::new(ErrorCode::UpstreamFailed, "a page has no list");
            return Err(error.caused_by("no list at the path of the view"));
        };
        // An upstream may end a page early if it is long.
        let (is_open_ended, is_long) = match self.kind {
            action::Pages::Numbered { .. } => (true, false),
            action::Pages::Keyed { most, bytes: limit, .. } => (self.size >= most, bytes >= limit),
        };
        self.after = if has_more || rows.len() > self.size {
            After::More
        } else if (rows.len() == self.size && is_open_ended) || is_long {
            After::Unknown
        } else {
            After::Nothing
        };
        Ok(self.placed(&rows[..rows.len().min(self.size)]))
    }

    fn placed(&self, rows: &[Value]) -> Vec<Row> {
        let (action::Pages::Numbered { key, .. } | action::Pages::Keyed { key, .. }) = self.kind;
        let keys: Vec<Key> = rows.iter().map(|row| Key::of(row.get(key))).collect();
        let order = order(&keys);
        let is_keyed = matches!(self.kind, action::Pages::Keyed { .. });
        let place = |(index, key): (usize, Key)| {
            if is_keyed {
                return Place::at(key);
            }
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            Place { key, page: self.page, index, order }
        };
        rows.iter().cloned().zip(keys.into_iter().enumerate().map(place)).collect()
    }
}
