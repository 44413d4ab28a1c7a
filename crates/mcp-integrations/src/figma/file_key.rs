//! How Figma names a file.

use crate::path_segment::path_segment;

path_segment! {
    /// A file's key: what stands after `/file/` or `/design/` in its address.
    FileKey
}
