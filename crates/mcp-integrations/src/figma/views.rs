//! The views of Figma's files, nodes, components and styles.

use mcp_core::action::{Column, Incomplete, Shape, View};

use super::{outline, shallow};

/// Marks an incomplete tree.
const INCOMPLETE: Incomplete =
    Incomplete { at: shallow::INCOMPLETE, reason: "the tree is too large" };

pub(super) const FILE: View =
    View::WHOLE.shaped(Shape::Tree { at: "", tree: outline::OF_FILE }).incomplete(INCOMPLETE);

pub(super) const NODES: View = View::WHOLE
    .shaped(Shape::Tree { at: "nodes.*.document", tree: outline::OF_NODES })
    .incomplete(INCOMPLETE);

pub(super) const COMPONENTS: View = View::of(&[
    Column::of("node_id"),
    Column::of("name"),
    Column::of("description"),
    Column::at("containing_frame", "containing_frame.name"),
])
.rows("meta.components", None);

pub(super) const STYLES: View = View::of(&[
    Column::of("node_id"),
    Column::of("style_type"),
    Column::of("name"),
    Column::of("description"),
])
.rows("meta.styles", None);
