//! What stands for Figma's things.

use mcp_core::action::{Column, Shape, View};

use super::outline;

/// A file: its tree.
pub(super) const FILE: View = View::WHOLE.shaped(Shape::Tree { at: "", outline: outline::of_file });

/// Some nodes of a file: their trees.
pub(super) const NODES: View =
    View::WHOLE.shaped(Shape::Tree { at: "nodes.*.document", outline: outline::of_nodes });

/// The components that a file publishes.
pub(super) const COMPONENTS: View = View::of(&[
    Column::of("node_id"),
    Column::of("name"),
    Column::of("description"),
    Column::at("containing_frame", "containing_frame.name"),
])
.rows("meta.components", None);

/// The styles that a file publishes.
pub(super) const STYLES: View = View::of(&[
    Column::of("node_id"),
    Column::of("style_type"),
    Column::of("name"),
    Column::of("description"),
])
.rows("meta.styles", None);
