//! Implements rmcp's handler: the response to each method of the protocol.

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

use super::message::RequestInfo;
use super::progress::log_level;
use super::subscriptions::{self, Subscriptions};
use super::{McpServer, REVISIONS, ToolSet, call, instructions, params, prompts, resources};
use crate::service::ChangeReceiver;

/// How long a client may cache a list, in milliseconds. Lists change only with the server's version.
const LIST_TTL_MS: u64 = 300_000;

/// Serves one client, or one request if the transport keeps no state between requests.
pub(crate) struct Handler {
    mcp: Arc<McpServer>,
    /// The client's subscriptions; `None` without a connection to announce changes on.
    subscriptions: Option<Subscriptions>,
    /// Receives changes from before the subscription is acknowledged, so that none is missed.
    receiver: Mutex<Option<ChangeReceiver>>,
    /// The client's log level, as [`log_level::rank`] returns it.
    log_level: AtomicU8,
}

type Context = RequestContext<RoleServer>;

impl Handler {
    /// Creates a handler. `is_lasting`: it serves its client from the first message to the last.
    pub(crate) fn new(mcp: Arc<McpServer>, is_lasting: bool) -> Self {
        Self {
            subscriptions: is_lasting.then(Subscriptions::default),
            receiver: Mutex::new(None),
            log_level: AtomicU8::new(log_level::INFO),
            mcp,
        }
    }

    /// Returns the description of the server, with instructions for this client's tools.
    fn info(&self, context: &Context) -> ServerConfig {
        let registry = self.mcp.dispatcher().registry();
        self.get_info().with_instructions(instructions::of(self.tools(context), &registry))
    }

    /// Returns the set of tools that the client chose, or the default.
    fn tools<'a>(&'a self, context: &'a Context) -> &'a ToolSet {
        let info = RequestInfo::of(&context.extensions);
        info.and_then(|info| info.tools.as_ref()).unwrap_or(&self.mcp.default_tools)
    }
}

fn is_newest(context: &Context) -> bool {
    context.protocol_version().is_some_and(|version| version >= ProtocolVersion::V_2026_07_28)
}

/// Builds a list, which is always one page.
macro_rules! list {
    ($type:ident, $request:expr, $context:expr, $items:expr) => {{
        if $request.is_some_and(|request| request.cursor.is_some()) {
            let message = "cursor: the list has one page: leave cursor out";
            return Err(ErrorData::invalid_params(message, None));
        }
        let mut list = $type::with_all_items($items);
        list.ttl_ms = is_newest(&$context).then_some(LIST_TTL_MS);
        Ok(list)
    }};
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        #[expect(deprecated, reason = "older revisions have no other way for log messages")]
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
        if self.subscriptions.is_none()
            && let Some(resources) = &mut info.capabilities.resources
        {
            resources.subscribe = None;
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
        let registry = self.mcp.dispatcher().registry();
        let tools = self.mcp.tools.of(self.tools(&context), &registry);
        list!(ListToolsResult, request, context, tools)
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.mcp.tools.named(name, &self.mcp.dispatcher().registry())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: Context,
    ) -> Result<CallToolResponse, ErrorData> {
        let level = self.log_level.load(Ordering::Relaxed);
        let tools = self.tools(&context);
        call::call(&self.mcp, tools, request, level, &context).await.map(Into::into)
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: Context,
    ) -> Result<ListResourcesResult, ErrorData> {
        let all = self.mcp.resources.iter().flat_map(|source| source.list()).collect();
        list!(ListResourcesResult, request, context, all)
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        context: Context,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let all = self.mcp.resources.iter().flat_map(|source| source.templates()).collect();
        list!(ListResourceTemplatesResult, request, context, all)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: Context,
    ) -> Result<ReadResourceResponse, ErrorData> {
        resources::read(&self.mcp, &request.uri, &context.id).await.map(Into::into)
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        context: Context,
    ) -> Result<ListPromptsResult, ErrorData> {
        let all = self.mcp.prompts.iter().map(|source| source.prompt()).collect();
        list!(ListPromptsResult, request, context, all)
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: Context,
    ) -> Result<GetPromptResponse, ErrorData> {
        prompts::get(&self.mcp, request, &context.id).await.map(Into::into)
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: Context,
    ) -> Result<CompleteResult, ErrorData> {
        prompts::complete(&self.mcp, request, &context.id).await
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        let receiver = self.mcp.service.subscribe();
        *self.receiver.lock().unwrap_or_else(PoisonError::into_inner) = Some(receiver);
        Some(subscriptions::accepted(&self.mcp, requested))
    }

    async fn listen(&self, subscription: SubscriptionContext) -> Result<(), ErrorData> {
        let receiver = self.receiver.lock().unwrap_or_else(PoisonError::into_inner).take();
        let receiver = receiver.unwrap_or_else(|| self.mcp.service.subscribe());
        subscriptions::listen(&self.mcp, &subscription, receiver).await
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        context: Context,
    ) -> Result<CustomResult, ErrorData> {
        Err(params::rejection(&self.mcp, &request, is_newest(&context)))
    }

    #[expect(deprecated, reason = "older revisions have nothing else")]
    async fn set_level(
        &self,
        request: SetLevelRequestParams,
        context: Context,
    ) -> Result<(), ErrorData> {
        if is_newest(&context) {
            return Err(ErrorData::method_not_found::<SetLevelRequestMethod>());
        }
        self.log_level.store(log_level::rank(request.level), Ordering::Relaxed);
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
        subscriptions.add(&self.mcp, request.uri, context.peer)
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
