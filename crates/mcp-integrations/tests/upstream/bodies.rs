//! Shortened bodies of the documented shape of GitHub and Figma.

/// <https://docs.github.com/en/rest/repos/repos#get-a-repository>. No model could reproduce the
/// number and the spelling.
pub(crate) const REPOSITORY: &str = r#"{"id":1296269,"node_id":"MDEwOlJlcG9zaXRvcnkxMjk2MjY5","name":"Hello-World","full_name":"octocat/Hello-World","owner":{"login":"octocat","id":1,"type":"User","site_admin":false},"private":false,"html_url":"https://github.com/octocat/Hello-World","description":"This your first repo!","fork":false,"homepage":null,"language":null,"forks_count":9,"stargazers_count":80,"default_branch":"master","topics":["octocat","atom"],"visibility":"public","pushed_at":"2011-01-26T19:06:43Z","permissions":{"admin":false,"push":false,"pull":true},"license":{"key":"mit","spdx_id":"MIT"},"a_field_of_tomorrow":{"big":12345678901234567890123,"float":1.0}}"#;

/// <https://docs.github.com/en/rest/search/search#search-repositories>
pub(crate) const FOUND_REPOSITORIES: &str = r#"{"total_count":40,"incomplete_results":false,"items":[{"id":3081286,"name":"Tetris","full_name":"dtrupenn/Tetris","owner":{"login":"dtrupenn","id":872147},"private":false,"html_url":"https://github.com/dtrupenn/Tetris","description":"A C implementation of Tetris using Pennsim through LC4","fork":false,"stargazers_count":1,"language":"Assembly","score":1.0}]}"#;

/// <https://docs.github.com/en/rest/search/search#search-issues-and-pull-requests>
pub(crate) const FOUND_ISSUES: &str = r#"{"total_count":280,"incomplete_results":false,"items":[{"url":"https://api.github.com/repos/batterseapower/pinyin-toolkit/issues/132","id":35802,"number":132,"title":"Line Number Indexes Beyond 20 Not Displayed","user":{"login":"Nick3C","id":90254},"labels":[{"id":4,"name":"bug","color":"ff0000"}],"state":"open","assignee":null,"milestone":{"number":1,"title":"v1.0"},"comments":15,"created_at":"2009-07-12T20:10:41Z","score":1.0}]}"#;

/// <https://docs.github.com/en/rest/issues/issues#list-repository-issues>
pub(crate) const ISSUES: &str = r#"[{"id":1,"url":"https://api.github.com/repos/octocat/Hello-World/issues/1347","number":1347,"state":"open","title":"Found a bug","body":"I'm having a problem with this.","user":{"login":"octocat","id":1},"labels":[{"id":208045946,"name":"bug"}],"locked":true,"active_lock_reason":"too heated","comments":0,"pull_request":{"url":"https://api.github.com/repos/octocat/Hello-World/pulls/1347"},"state_reason":null}]"#;

/// <https://docs.github.com/en/rest/pulls/pulls#list-pull-requests>
pub(crate) const PULLS: &str = r#"[{"id":1,"url":"https://api.github.com/repos/octocat/Hello-World/pulls/1347","number":1347,"state":"open","title":"Amazing new feature","user":{"login":"octocat","id":1},"head":{"label":"octocat:new-topic","ref":"new-topic","sha":"6dcb09b5b57875f334f61aebed695e2e4193db5e"},"base":{"label":"octocat:master","ref":"master"},"auto_merge":null,"draft":false}]"#;

/// GitHub's body of a 404.
pub(crate) const NOT_FOUND: &str = r#"{"message":"Not Found","documentation_url":"https://docs.github.com/rest/repos/repos#get-a-repository","status":"404"}"#;

/// <https://developers.figma.com/docs/rest-api/file-endpoints/#get-file>
pub(crate) const FILE: &str = r#"{"name":"Landing page","role":"owner","lastModified":"2026-02-16T15:14:57Z","editorType":"figma","thumbnailUrl":"https://s3-alpha.figma.com/thumbnails/1","version":"5021365","document":{"id":"0:0","name":"Document","type":"DOCUMENT","children":[{"id":"0:1","name":"Page 1","type":"CANVAS","children":[],"backgroundColor":{"r":0.9607843160629272,"g":0.9607843160629272,"b":0.9607843160629272,"a":1.0}}]},"components":{},"componentSets":{},"schemaVersion":0,"styles":{}}"#;

/// <https://developers.figma.com/docs/rest-api/file-endpoints/#get-file-nodes>
pub(crate) const NODES: &str = r#"{"name":"Landing page","role":"owner","lastModified":"2026-02-16T15:14:57Z","editorType":"figma","version":"5021365","nodes":{"1:2":{"document":{"id":"1:2","name":"Header","type":"FRAME","children":[]},"components":{},"componentSets":{},"schemaVersion":0,"styles":{}},"3:4":null}}"#;

/// <https://developers.figma.com/docs/rest-api/component-endpoints/#get-file-components>
pub(crate) const COMPONENTS: &str = r#"{"error":false,"status":200,"meta":{"components":[{"key":"52d5e8b4","file_key":"AbC123dEf456","node_id":"1:5","name":"Button","description":"The primary button","containing_frame":{"nodeId":"1:4","name":"Buttons"}}]},"i18n":null}"#;

/// <https://developers.figma.com/docs/rest-api/component-endpoints/#get-file-styles>
pub(crate) const STYLES: &str = r#"{"error":false,"status":200,"meta":{"styles":[{"key":"9ad3b0f1","file_key":"AbC123dEf456","node_id":"1:7","style_type":"FILL","name":"Brand/Primary","description":"","sort_position":"a"}]},"i18n":null}"#;
