//! What every resource shares: how requests are read, how answers are written.

pub(crate) mod body;
pub(crate) mod checks;
pub(crate) mod cursor;
pub(crate) mod envelope;
pub(crate) mod etag;
pub(crate) mod page;
pub(crate) mod params;
pub(crate) mod patch;
pub(crate) mod problem;
pub(crate) mod rows;
pub(crate) mod timestamp;
