//! Dependencies point at the core, by `cargo metadata` with all features.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};
use service_tests::repository;

/// Dependencies that a program with the core must not get.
const NOT_IN_THE_CORE: [&str; 8] =
    ["actix", "diesel", "reqwest", "octocrab", "fantoccini", "hyper", "libsqlite3-sys", "pq-sys"];

struct Workspace {
    metadata: Metadata,
    /// The normal and build dependencies of each package.
    uses: BTreeMap<PackageId, Vec<PackageId>>,
}

fn workspace() -> Workspace {
    let metadata = MetadataCommand::new()
        .manifest_path(repository().join("Cargo.toml"))
        .features(cargo_metadata::CargoOpt::AllFeatures)
        .other_options(vec!["--locked".into()])
        .exec()
        .expect("cargo describes the workspace");
    let nodes = &metadata.resolve.as_ref().expect("a resolved workspace").nodes;
    let uses = nodes.iter().map(|node| {
        let used = node.deps.iter().filter(|dependency| {
            let kinds = dependency.dep_kinds.iter();
            kinds.clone().any(|kind| kind.kind != DependencyKind::Development)
        });
        (node.id.clone(), used.map(|dependency| dependency.pkg.clone()).collect())
    });
    let uses = uses.collect();
    Workspace { metadata, uses }
}

impl Workspace {
    fn member(&self, name: &str) -> &Package {
        let members = self.metadata.workspace_packages();
        members.into_iter().find(|package| package.name == name).expect(name)
    }

    /// Returns the names of all direct and indirect dependencies of a member.
    fn reaches(&self, name: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut open = vec![&self.member(name).id];
        while let Some(id) = open.pop() {
            for used in &self.uses[id] {
                if found.insert(used) {
                    open.push(used);
                }
            }
        }
        found.into_iter().map(|id| self.metadata[id].name.to_string()).collect()
    }
}

/// Returns the names that are in `forbidden` or belong to such a family (`actix-web` to `actix`).
fn forbidden(names: &BTreeSet<String>, forbidden: &[&str]) -> Vec<String> {
    let is_of = |name: &str, family: &str| {
        name == family || name.strip_prefix(family).is_some_and(|rest| rest.starts_with(['-', '_']))
    };
    names.iter().filter(|name| forbidden.iter().any(|it| is_of(name, it))).cloned().collect()
}

#[test]
fn the_core_reaches_no_http_no_sql_and_no_network() {
    let reached = workspace().reaches("mcp-core");
    assert!(reached.contains("serde_json"), "the core's dependencies were found");
    assert_eq!(forbidden(&reached, &NOT_IN_THE_CORE), Vec::<String>::new());
    let members: Vec<_> = reached.iter().filter(|name| name.starts_with("mcp-")).collect();
    assert_eq!(members, Vec::<&String>::new());
}

#[test]
fn the_middle_crates_depend_on_the_core_alone() {
    let workspace = workspace();
    for name in ["mcp-lean", "mcp-storage", "mcp-integrations"] {
        let reached = workspace.reaches(name);
        let members: Vec<_> = reached.iter().filter(|name| name.starts_with("mcp-")).collect();
        assert_eq!(members, ["mcp-core"], "{name}");
        assert_eq!(
            forbidden(&reached, &["actix-web", "actix-http"]),
            Vec::<String>::new(),
            "{name}"
        );
    }
}

#[test]
fn the_server_wires_all_of_them() {
    let reached = workspace().reaches("mcp-server");
    for name in ["mcp-core", "mcp-lean", "mcp-storage", "mcp-integrations", "actix-web"] {
        assert!(reached.contains(name), "{name}");
    }
}

#[test]
fn a_dependency_for_tests_does_not_break_the_layers_either() {
    let workspace = workspace();
    for name in ["mcp-core", "mcp-lean", "mcp-storage", "mcp-integrations"] {
        let declared = &workspace.member(name).dependencies;
        for dependency in declared {
            assert_ne!(dependency.name, "mcp-server", "{name}");
        }
        let beside = |it: &str| matches!(it, "mcp-storage" | "mcp-integrations") && it != name;
        assert!(!declared.iter().any(|dependency| beside(&dependency.name)), "{name}");
    }
}

#[test]
fn the_server_alone_depends_on_what_is_under_the_gpl() {
    let workspace = workspace();
    for package in workspace.metadata.workspace_packages() {
        // The service's tests are not published, and use the whole server.
        if matches!(package.name.as_str(), "mcp-server" | "service-tests") {
            continue;
        }
        let reached = workspace.reaches(&package.name);
        assert!(!reached.contains("actix-governor"), "{}", package.name);
    }
    let direct = &workspace.member("service-tests").dependencies;
    assert!(!direct.iter().any(|dependency| dependency.name == "actix-governor"));
}

#[test]
fn every_crate_has_the_edition_the_license_and_the_lints_of_the_workspace() {
    let workspace = workspace();
    let packages = workspace.metadata.workspace_packages();
    assert!(packages.len() >= 5);
    for package in packages {
        assert_eq!(package.edition, cargo_metadata::Edition::E2024, "{}", package.name);
        assert_eq!(package.license.as_deref(), Some("MIT"), "{}", package.name);
        let manifest = std::fs::read_to_string(&package.manifest_path).expect("a manifest");
        assert!(manifest.contains("[lints]\nworkspace = true"), "{}", package.name);
    }
}
