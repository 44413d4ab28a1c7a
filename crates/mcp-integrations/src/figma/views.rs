//! What stands for Figma's things.

use mcp_core::action::{Column, Incomplete, Shape, View};

use super::{outline, shallow};

/// Says of a tree that it is not whole.
const INCOMPLETE: Incomplete =
    Incomplete { at: shallow::INCOMPLETE, reason: "the whole tree did not come" };

/// A file: its tree.
pub(super) const FILE: View =
    View::WHOLE.shaped(Shape::Tree { at: "", tree: outline::OF_FILE }).incomplete(INCOMPLETE);

/// Some nodes of a file: their trees.
pub(super) const NODES: View = View::WHOLE
    .shaped(Shape::Tree { at: "nodes.*.document", tree: outline::OF_NODES })
    .incomplete(INCOMPLETE);

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
