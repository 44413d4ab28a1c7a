//! Makes one connections file of the files that were found.

use serde_json::{Map, Value, json};

use super::needed::Variables;
use super::{Found, literals, normal};

/// The maximum length of a connection's name, in characters.
const MAX_NAME: usize = 64;

/// A connections file made of clients' files.
#[derive(Clone, Debug)]
pub struct Import {
    /// The file: JSON with `mcpServers`, without secrets.
    pub text: String,
    /// The environment variables that must be set, sorted by name.
    pub variables: Vec<NeededVariable>,
    /// Members and files that were not taken over, in one line each, without values.
    pub notes: Vec<String>,
}

/// An environment variable that a connections file needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeededVariable {
    /// The variable's name.
    pub name: String,
    /// The connections that use it.
    pub connections: Vec<String>,
}

/// Makes one connections file of clients' files.
///
/// A connection that several clients have with the same settings is in it once. One that has other
/// settings than an earlier one of its name gets the client's name as a suffix. Secrets become variables.
#[must_use]
pub fn merge(found: &[Found]) -> Import {
    let (mut taken, mut notes) = (Vec::<Taken>::new(), Vec::new());
    for file in found {
        let connections = match &file.connections {
            Ok(connections) => connections,
            Err(problem) => {
                notes.push(problem.clone());
                continue;
            }
        };
        for connection in connections {
            let mut own_notes = Vec::new();
            let place = || format!("{}: {}", file.path.display(), connection.name.escape_debug());
            match normal::members(connection, &mut own_notes) {
                Ok(members) => {
                    take(&mut taken, &connection.name, file.client.id(), members);
                }
                Err(problem) => own_notes.push(problem),
            }
            notes.extend(own_notes.into_iter().map(|note| format!("{}: {note}", place())));
        }
    }
    let (mut variables, mut servers) = (Variables::default(), Map::new());
    for Taken { name, mut members, .. } in taken {
        literals::replace(&name, &mut members, &mut variables);
        servers.insert(name, Value::Object(members));
    }
    let text = serde_json::to_string_pretty(&json!({ "mcpServers": servers }))
        .expect("a JSON value is JSON");
    let variables = variables.uses().map(|(name, mut connections)| {
        connections.dedup();
        NeededVariable { name, connections }
    });
    Import { text: text + "\n", variables: variables.collect(), notes }
}

/// A connection of the file that is made, with its secrets.
struct Taken {
    name: String,
    /// The name in the client's file.
    original: String,
    members: Map<String, Value>,
}

fn take(taken: &mut Vec<Taken>, original: &str, client: &str, members: Map<String, Value>) {
    if taken.iter().any(|other| other.original == original && other.members == members) {
        return;
    }
    let suffixes = std::iter::once(String::new())
        .chain(std::iter::once(format!("-{client}")))
        .chain((2..).map(|number| format!("-{client}-{number}")));
    let mut names = suffixes.map(|suffix| {
        let cut: String = original.chars().take(MAX_NAME - suffix.len()).collect();
        cut + &suffix
    });
    let name = names
        .find(|name| taken.iter().all(|other| other.name != *name))
        .expect("numbers do not end");
    taken.push(Taken { name, original: original.to_owned(), members });
}
