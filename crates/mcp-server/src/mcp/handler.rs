//! rmcp's side of the face: what each request of the protocol gets.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rmcp::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult, CustomRequest,
    CustomResult, DiscoverResult, ErrorData, GetPromptRequestParams, GetPromptResponse,
    Implementation, InitializeRequestParams, InitializeResult, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    ProtocolVersion, ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities,
    ServerConfig, SubscriptionFilter, Tool,
};
#[expect(deprecated, reason = "older revisions have nothing else")]
use rmcp::model::{
    SetLevelRequestMethod, SetLevelRequestParams, SubscribeRequestMethod, SubscribeRequestParams,
    UnsubscribeRequestMethod, UnsubscribeRequestParams,
};
use rmcp::service::{RequestContext, RoleServer, SubscriptionContext};

use super::changes::{self, Subscriptions, Updates};
use super::progress::remarks;
use super::{Face, REVISIONS, ToolSet, call, instructions, prompts, resources, unread};

/// How long a client may keep a list, in milliseconds: it changes with the server's version alone.
const LISTS_KEEP_MS: u64 = 300_000;

/// Serves one client: one request of it where nothing is kept between requests.
pub(crate) struct Handler {
    face: Arc<Face>,
    /// What it subscribed to, where there is something between its requests to tell it by.
    subscriptions: Option<Subscriptions>,
    /// What it hears of changes from before its subscription is acknowledged.
    updates: Mutex<Option<Updates>>,
    /// The least important remark that it wants, as [`remarks::rank`] has it.
    remarks: AtomicU8,
}

type Context = RequestContext<RoleServer>;

impl Handler {
    /// For one client. `lasting`: it is the same one from its first message to its last.
    pub(crate) fn new(face: Arc<Face>, lasting: bool) -> Self {
        Self {
            subscriptions: lasting.then(Subscriptions::default),
            updates: Mutex::new(None),
            remarks: AtomicU8::new(remarks::INFO),
            face,
        }
    }

    /// The description of the server, with instructions for this request's tools.
    fn info(&self, context: &Context) -> ServerConfig {
        let registry = self.face.dispatcher().registry();
        self.get_info().with_instructions(instructions::of(&self.tools(context), &registry))
    }

    /// The tools that this request's address asks for.
    fn tools(&self, context: &Context) -> ToolSet {
        super::http::noted(&context.extensions).unwrap_or_else(|| self.face.default_tools.clone())
    }
}

fn is_newest(context: &Context) -> bool {
    context.protocol_version().is_some_and(|version| version >= ProtocolVersion::V_2026_07_28)
}

/// How long this request's client may keep a list; none where its revision does not know of that.
fn keep(context: &Context) -> Option<u64> {
    is_newest(context).then_some(LISTS_KEEP_MS)
}

/// Every list is one page, so there is no cursor that anybody was given.
fn check_page(request: Option<PaginatedRequestParams>) -> Result<(), ErrorData> {
    match request.and_then(|request| request.cursor) {
        None => Ok(()),
        Some(_) => Err(ErrorData::invalid_params("cursor: the list has one page", None)),
    }
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        #[expect(deprecated, reason = "older revisions have no other way for remarks")]
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_resources()
            .enable_resources_subscribe()
            .enable_prompts()
            .enable_completions()
            .enable_logging()
            .build();
        ServerConfig::new(capabilities)
            .with_server_info(Implementation::new("mcp-server", env!("CARGO_PKG_VERSION")))
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: Context,
    ) -> Result<InitializeResult, ErrorData> {
        context.peer.set_peer_info(request.clone());
        let mut info = self.negotiate_initialize(&request)?;
        info.instructions = self.info(&context).instructions;
        if self.subscriptions.is_none() {
            // Nothing is kept of this client that it could be told by.
            if let Some(resources) = &mut info.capabilities.resources {
                resources.subscribe = None;
            }
        }
        Ok(info)
    }

    async fn discover(&self, context: Context) -> Result<DiscoverResult, ErrorData> {
        Ok(DiscoverResult::from_server_info(REVISIONS.to_vec(), self.info(&context)))
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Borrowed(REVISIONS)
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: Context,
    ) -> Result<ListToolsResult, ErrorData> {
        check_page(request)?;
        let registry = self.face.dispatcher().registry();
        let tools = self.face.tools.of(&self.tools(&context), &registry);
        let mut list = ListToolsResult::with_all_items(tools);
        list.ttl_ms = keep(&context);
        Ok(list)
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.face.tools.named(name).cloned()
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: Context,
    ) -> Result<CallToolResponse, ErrorData> {
        let least = self.remarks.load(Ordering::Relaxed);
        let set = self.tools(&context);
        call::call(&self.face, &set, request, least, &context).await.map(Into::into)
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: Context,
    ) -> Result<ListResourcesResult, ErrorData> {
        check_page(request)?;
        let all = self.face.resources.iter().flat_map(|source| source.list()).collect();
        let mut list = ListResourcesResult::with_all_items(all);
        list.ttl_ms = keep(&context);
        Ok(list)
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        context: Context,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        check_page(request)?;
        let all = self.face.resources.iter().flat_map(|source| source.templates()).collect();
        let mut list = ListResourceTemplatesResult::with_all_items(all);
        list.ttl_ms = keep(&context);
        Ok(list)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: Context,
    ) -> Result<ReadResourceResponse, ErrorData> {
        resources::read(&self.face, &request.uri, &context.id).await.map(Into::into)
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        context: Context,
    ) -> Result<ListPromptsResult, ErrorData> {
        check_page(request)?;
        let all = self.face.prompts.iter().map(|source| source.prompt()).collect();
        let mut list = ListPromptsResult::with_all_items(all);
        list.ttl_ms = keep(&context);
        Ok(list)
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: Context,
    ) -> Result<GetPromptResponse, ErrorData> {
        prompts::get(&self.face, request, &context.id).await.map(Into::into)
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: Context,
    ) -> Result<CompleteResult, ErrorData> {
        prompts::complete(&self.face, request, &context.id).await
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        let updates = self.face.service.feed().updates();
        *self.updates.lock().unwrap_or_else(PoisonError::into_inner) = Some(updates);
        Some(changes::accepted(&self.face, requested))
    }

    async fn listen(&self, subscription: SubscriptionContext) -> Result<(), ErrorData> {
        let kept = self.updates.lock().unwrap_or_else(PoisonError::into_inner).take();
        let updates = kept.unwrap_or_else(|| self.face.service.feed().updates());
        changes::listen(&self.face, &subscription, updates).await
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        context: Context,
    ) -> Result<CustomResult, ErrorData> {
        Err(unread::refusal(&self.face, &request, is_newest(&context)))
    }

    // The protocol's newest revision does these otherwise; the older ones have nothing else.
    #[expect(deprecated, reason = "older revisions have nothing else")]
    async fn set_level(
        &self,
        request: SetLevelRequestParams,
        context: Context,
    ) -> Result<(), ErrorData> {
        if is_newest(&context) {
            return Err(ErrorData::method_not_found::<SetLevelRequestMethod>());
        }
        self.remarks.store(remarks::rank(request.level), Ordering::Relaxed);
        Ok(())
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        context: Context,
    ) -> Result<(), ErrorData> {
        let Some(subscriptions) = &self.subscriptions else {
            return Err(ErrorData::method_not_found::<SubscribeRequestMethod>());
        };
        subscriptions.add(&self.face, request.uri, context.peer)
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        _: Context,
    ) -> Result<(), ErrorData> {
        let Some(subscriptions) = &self.subscriptions else {
            return Err(ErrorData::method_not_found::<UnsubscribeRequestMethod>());
        };
        subscriptions.remove(&request.uri);
        Ok(())
    }
}
