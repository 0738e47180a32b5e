//! What goes over the wire between tokio-postgres and the server. tokio-postgres ends each statement of a
//! flight with a Sync of its own, and the server answers each Sync with a packet of its own: six for one
//! flight, which cost it more than the statement. Below tokio-postgres, a flight becomes one pipeline with
//! one Sync, and its answer is turned back into what tokio-postgres expects.

mod connector;
mod inbound;
mod outbound;
mod stream;
#[cfg(test)]
mod tests;

pub(crate) use connector::Connector;

/// The length of a message's tag and length field.
const HEAD: usize = 5;

/// What the server will answer, one for each request, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// An answer as tokio-postgres expects it, up to ReadyForQuery.
    Untouched,
    /// One step of a flight.
    Step(Step),
}

/// One request that became part of a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    kind: Kind,
    /// How many statements of it are still to be answered.
    left: usize,
    /// Whether the Sync comes after it.
    last: bool,
}

/// What a request is, as far as a flight cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// BEGIN, and whatever `SET LOCAL` comes with it.
    Begin,
    /// The same with `BEGIN READ ONLY`.
    BeginReadOnly,
    /// One statement, prepared or not, by the extended protocol.
    Query,
    Commit,
    Other,
}

impl Kind {
    /// Whether tokio-postgres sent it as a simple query, whose answer knows of no parsing and binding.
    fn is_simple(self) -> bool {
        self != Self::Query
    }
}

/// What the connection prepares for every flight: the statement's name is its text.
const KEPT: [&str; 3] = ["begin", "begin read only", "commit"];
