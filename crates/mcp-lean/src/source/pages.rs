//! Pages, asked for one after another, within a bound.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Row, json};
use crate::cursor::{Key, Place};
use crate::fields;
use crate::locate::{Found, locate, order};
use crate::query::LeanQuery;
use mcp_core::action::params::ParamsText;
use mcp_core::action::{Action, Incomplete, Pages};
use mcp_core::dispatch::{InTransaction, Opened, Together};
use mcp_core::error::{ActionError, ErrorCode};
use mcp_core::{Call, Context, Dispatcher};

/// The most pages that one query asks for.
const MOST_PAGES: usize = 10;
/// How many pages around the last one are looked at for the row that was answered last.
const AROUND: usize = 4;

/// A list in pages.
pub(crate) struct Paged {
    action: Arc<str>,
    params: Map<String, Value>,
    context: Context,
    /// Where the rows are in a result.
    at: &'static str,
    pages: Pages,
    size: usize,
    /// The page that comes next; the key that comes before it where pages begin behind a key.
    page: u32,
    before: Option<i64>,
    /// Behind which row the list goes on, until that is found.
    place: Option<Place>,
    /// How many pages were asked for.
    asked: usize,
    /// Whether no page but the one that was asked for is wanted.
    is_single: bool,
    /// What is known of what follows.
    after: After,
    /// How a page says that something is missing from it, and why it is.
    says_incomplete: Option<Incomplete>,
    pub(super) incomplete: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    More,
    Nothing,
    /// The last page was full, and nothing was said.
    Perhaps,
}

impl Paged {
    pub(super) fn new(
        action: &Action,
        query: &LeanQuery,
        at: &'static str,
        pages: Pages,
        place: Option<Place>,
    ) -> Result<Self, ActionError> {
        let params = serde_json::from_str(query.params.get())
            .map_err(|error| ActionError::invalid(format!("params: {error}")))?;
        let mut list = Self {
            action: Arc::clone(&action.name),
            params,
            context: query.context.clone(),
            at,
            pages,
            size: 0,
            page: 1,
            before: None,
            place: None,
            asked: 0,
            is_single: false,
            after: After::More,
            says_incomplete: action.doc.view.incomplete,
            incomplete: None,
        };
        let (size, usual, most) = match pages {
            Pages::Numbered { size, usual, most, .. } | Pages::Keyed { size, usual, most, .. } => {
                (size, usual, most)
            }
        };
        // Null counts as left out.
        list.params.retain(|name, value| name != size || !value.is_null());
        let reductions = &query.reductions;
        let looks_far = reductions.needs_all() || !reductions.filter.is_empty();
        let named = match pages {
            Pages::Numbered { page, .. } => list.number(page),
            Pages::Keyed { .. } => None,
        };
        if let Some(number) = named {
            list.page = u32::try_from(number).unwrap_or(u32::MAX);
            list.is_single = reductions.needs_all();
        }
        list.size = match (list.number(size), reductions.limit) {
            // What cannot be is the action's to refuse.
            (Some(given), _) if !looks_far || named.is_some() || !(1..most).contains(&given) => {
                given
            }
            // Small pages of a long list would be too many.
            _ if looks_far => {
                list.params.insert(size.to_owned(), most.into());
                most
            }
            (_, Some(limit)) => usize::try_from(limit).map_or(most, |limit| limit.clamp(1, most)),
            (_, None) => usual,
        };
        if list.size != usual {
            list.params.entry(size).or_insert(list.size.into());
        }
        // What is sorted is read from its beginning.
        match place.filter(|_| reductions.sort.is_empty()) {
            Some(Place { key: Key::Number(key), page: 0, .. }) => list.before = Some(key),
            Some(place) => {
                list.page = place.page;
                list.place = Some(place);
            }
            None => {}
        }
        Ok(list)
    }

    fn number(&self, name: &str) -> Option<usize> {
        usize::try_from(self.params.get(name)?.as_u64()?).ok()
    }

    /// The rows of the next page; none behind the last, or where no more are asked for.
    pub(super) async fn next(
        &mut self,
        dispatcher: &Dispatcher,
    ) -> Result<Option<Vec<Row>>, ActionError> {
        if self.is_done() {
            return Ok(None);
        }
        if let Some(place) = self.place.take() {
            return self.resume(dispatcher, place).await.map(Some);
        }
        let rows = self.ask(dispatcher).await?;
        self.step(&rows);
        Ok(Some(rows))
    }

    /// The same inside a transaction, in which nothing is gone on with.
    pub(crate) fn next_together(
        &mut self,
        together: &mut Together<'_>,
    ) -> Result<Option<Vec<Row>>, ActionError> {
        if self.is_done() {
            return Ok(None);
        }
        let rows = self.ask_together(together)?;
        self.step(&rows);
        Ok(Some(rows))
    }

    fn is_done(&self) -> bool {
        self.after == After::Nothing
            || self.asked >= MOST_PAGES
            || (self.is_single && self.asked > 0)
    }

    /// To the page behind these rows.
    fn step(&mut self, rows: &[Row]) {
        self.page += 1;
        if let (Pages::Keyed { .. }, Some((_, Place { key: Key::Number(key), .. }))) =
            (self.pages, rows.last())
        {
            self.before = Some(*key);
        }
    }

    /// Whether there is anything behind what was read. Where a full page leaves that open, the next
    /// one is asked for.
    pub(super) async fn has_more(&mut self, dispatcher: &Dispatcher) -> Result<bool, ActionError> {
        if self.after == After::Perhaps && !self.is_single {
            return Ok(!self.ask(dispatcher).await?.is_empty());
        }
        Ok(self.after == After::More && !self.is_single)
    }

    /// The same inside a transaction.
    pub(crate) fn has_more_together(
        &mut self,
        together: &mut Together<'_>,
    ) -> Result<bool, ActionError> {
        if self.after == After::Perhaps && !self.is_single {
            return Ok(!self.ask_together(together)?.is_empty());
        }
        Ok(self.after == After::More && !self.is_single)
    }

    /// The rows behind a place, on the page where it was or on one beside it: rows that were added
    /// or removed meanwhile have moved it.
    async fn resume(
        &mut self,
        dispatcher: &Dispatcher,
        place: Place,
    ) -> Result<Vec<Row>, ActionError> {
        let mut came_from = None;
        for _ in 0..AROUND {
            let rows = self.ask(dispatcher).await?;
            let keys: Vec<Key> = rows.iter().map(|(_, place)| place.key).collect();
            let found = locate(&keys, place);
            let from = match found {
                Found::From(index) => index,
                Found::Earlier if self.page > 1 && came_from.is_none_or(|it| it == found) => {
                    self.page -= 1;
                    came_from = Some(found);
                    continue;
                }
                Found::Earlier => 0,
                Found::Later
                    if self.after != After::Nothing && came_from.is_none_or(|it| it == found) =>
                {
                    self.page += 1;
                    came_from = Some(found);
                    continue;
                }
                Found::Later => rows.len(),
                Found::Lost => return self.look_around(dispatcher, place, rows).await,
            };
            self.page += 1;
            return Ok(rows.into_iter().skip(from).collect());
        }
        // It has moved far: what is on this page is given, rather than nothing.
        let rows = self.ask(dispatcher).await?;
        self.page += 1;
        Ok(rows)
    }

    /// The same where nothing but the row itself says where it is: it is looked for on the page
    /// behind and on the page before; otherwise the list goes on at its number.
    async fn look_around(
        &mut self,
        dispatcher: &Dispatcher,
        place: Place,
        rows: Vec<Row>,
    ) -> Result<Vec<Row>, ActionError> {
        let (home, after) = (self.page, self.after);
        for page in [home + 1, home.saturating_sub(1)] {
            if page == 0 || (page > home && after == After::Nothing) {
                continue;
            }
            self.page = page;
            let beside = self.ask(dispatcher).await?;
            if let Some(index) = beside.iter().position(|(_, at)| at.key == place.key) {
                self.page += 1;
                return Ok(beside.into_iter().skip(index + 1).collect());
            }
        }
        (self.page, self.after) = (home + 1, after);
        Ok(rows.into_iter().skip(place.index as usize).collect())
    }

    /// Asks for a page.
    async fn ask(&mut self, dispatcher: &Dispatcher) -> Result<Vec<Row>, ActionError> {
        match dispatcher.open(self.call()?, None).await? {
            Opened::Text { text, goes_on } => self.take(&text, goes_on),
            Opened::Rows(_) => Err(no_list("it is read in parts")),
        }
    }

    fn ask_together(&mut self, together: &mut Together<'_>) -> Result<Vec<Row>, ActionError> {
        match together.call(&self.call()?)? {
            InTransaction::Text(text) => self.take(&text, false),
            InTransaction::List(_) => Err(no_list("it is read in parts")),
        }
    }

    /// The call that asks for a page.
    fn call(&self) -> Result<Call, ActionError> {
        let mut params = self.params.clone();
        match self.pages {
            Pages::Numbered { page, .. } => {
                if self.page > 1 {
                    params.insert(page.to_owned(), self.page.into());
                }
            }
            Pages::Keyed { after, size, most, .. } => {
                if let Some(before) = self.before {
                    params.insert(after.to_owned(), before.into());
                }
                // One more than is wanted says whether there is more. What is no size is the action's
                // to refuse.
                let is_size = |given: &Value| given.as_u64().is_some_and(|size| size > 0);
                if self.size < most && params.get(size).is_none_or(is_size) {
                    params.insert(size.to_owned(), (self.size + 1).into());
                }
            }
        }
        let params = ParamsText::from_value(&params.into())?;
        Ok(Call::new(&*self.action, params).within(self.context.clone()))
    }

    /// The rows of a page that was asked for.
    fn take(&mut self, text: &str, goes_on: bool) -> Result<Vec<Row>, ActionError> {
        self.asked += 1;
        let value = json(text)?;
        if let Some(says) = self.says_incomplete.filter(|_| self.incomplete.is_none()) {
            self.incomplete = says.reason_in(&value);
        }
        let found = if self.at.is_empty() { Some(value) } else { fields::find(&value, self.at) };
        let Some(Value::Array(mut rows)) = found else { return Err(no_list("there is none")) };
        self.after = if goes_on || rows.len() > self.size {
            After::More
        } else if (rows.len() == self.size && self.is_open_ended()) || self.is_cut(text) {
            After::Perhaps
        } else {
            After::Nothing
        };
        rows.truncate(self.size);
        let (Pages::Numbered { key, .. } | Pages::Keyed { key, .. }) = self.pages;
        Ok(self.placed(rows, key))
    }

    /// Whether a full page leaves open what follows: nobody could be asked for one row more.
    fn is_open_ended(&self) -> bool {
        match self.pages {
            Pages::Numbered { .. } => true,
            Pages::Keyed { most, .. } => self.size >= most,
        }
    }

    /// Whether a page may have ended early, since it is long.
    fn is_cut(&self, text: &str) -> bool {
        matches!(self.pages, Pages::Keyed { bytes, .. } if text.len() >= bytes)
    }

    fn placed(&self, rows: Vec<Value>, key: &str) -> Vec<Row> {
        let keys: Vec<Key> = rows.iter().map(|row| Key::of(row.get(key))).collect();
        let order = order(&keys);
        let is_keyed = matches!(self.pages, Pages::Keyed { .. });
        let place = |(index, key): (usize, Key)| {
            if is_keyed {
                return Place::at(key);
            }
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            Place { key, page: self.page, index, order }
        };
        rows.into_iter().zip(keys.into_iter().enumerate().map(place)).collect()
    }
}

fn no_list(cause: &'static str) -> ActionError {
    ActionError::new(ErrorCode::UpstreamFailed, "A page holds no list").caused_by(cause)
}
