//! How GitHub names a repository: `owner/repo`.

use crate::path_segment::path_segment;

path_segment! {
    /// The account that a repository belongs to: a user or an organization.
    Owner
}

path_segment! {
    /// A repository's name within its account, without `.git`.
    RepoName
}
