//! `paddock import`: loads a contacts CSV, keeps the good rows, and says what is wrong with each of the
//! others.

mod chunk;
mod database;
mod duplicates;
mod error;
mod header;
mod http;
mod progress;
mod reader;
mod report;
mod row;
mod sink;
mod source;

use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;

use clap::Args;

pub(crate) use database::DatabaseSink;
pub(crate) use error::ImportError;
pub(crate) use http::HttpSink;
pub(crate) use report::Summary;
#[cfg(test)]
pub(crate) use sink::MemorySink;
use sink::Sink;

use crate::target::TargetArgs;
use chunk::Chunk;
use duplicates::Duplicates;
use progress::Progress;
use reader::Records;
use report::{ErrorFile, Report};

/// Loads customers from a CSV file: good rows are stored, bad rows are reported. Safe to repeat, because
/// a customer whose e-mail is there already is refused, never doubled.
///
/// The first line names the columns, in any order: Name (or First Name and Last Name) and E-mail are needed;
/// Phone, Job Title and Lifecycle Stage (lead, prospect, customer or former) are taken; others are ignored.
///
/// Ends with 0 if every row was taken, 2 if some were refused, 1 if the import failed.
#[derive(Args)]
pub(crate) struct ImportArgs {
    /// The file: CSV in UTF-8, separated by comma, semicolon or tab
    #[arg(value_name = "FILE.csv")]
    pub(crate) file: PathBuf,

    /// The e-mail of the user who imports: the customers will belong to this user's company
    #[arg(long = "as", value_name = "EMAIL")]
    pub(crate) user: String,

    /// Imports over HTTP into this server, instead of straight into the database
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,

    /// The user's password, for --server; better in the environment, where no process list shows it
    #[arg(long, env = "PADDOCK_PASSWORD", hide_env_values = true)]
    pub(crate) password: Option<String>,

    /// Writes the refused rows here as CSV, to be mended and imported again
    #[arg(long, value_name = "FILE.csv")]
    pub(crate) errors: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) target: TargetArgs,
}

impl ImportArgs {
    /// The sink for `--server`; none without it. Does not connect yet.
    ///
    /// # Errors
    /// If no password was given.
    pub(crate) fn http_sink(&self) -> Result<Option<HttpSink>, ImportError> {
        let Some(server) = &self.server else { return Ok(None) };
        let password = self.password.as_ref().ok_or(ImportError::NoPassword)?;
        Ok(Some(HttpSink::new(server, &self.user, password)))
    }
}

/// Runs an import: progress and refused rows go to stderr, the summary to `out`.
///
/// # Errors
/// If the import could not start or had to stop; what was done until then is in `out`.
pub(crate) fn run(
    args: &ImportArgs,
    sink: &mut dyn Sink,
    out: &mut dyn Write,
) -> Result<Summary, ImportError> {
    let unreadable = |error| ImportError::Open { path: args.file.clone(), error };
    let file = File::open(&args.file).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    let mut records = Records::open(file)?;
    let errors = match &args.errors {
        Some(path) => Some(ErrorFile::create(path, &args.file, &records)?),
        None => None,
    };
    let report = Report::new(Progress::on_stderr(size), errors, records.header().ignored());
    load(&mut records, sink, report, out)
}

/// Takes every record to the sink and writes the summary, even if the import has to stop.
fn load<R: Read>(
    records: &mut Records<R>,
    sink: &mut dyn Sink,
    mut report: Report,
    out: &mut dyn Write,
) -> Result<Summary, ImportError> {
    let outcome = drain(records, sink, &mut report);
    let (summary, closed) = report.finish();
    if outcome.is_ok() || summary.rows > 0 {
        writeln!(out, "{summary}").and_then(|()| out.flush()).map_err(ImportError::Output)?;
    }
    outcome.and(closed).map(|()| summary)
}

/// Reads, checks and stores chunk after chunk. A chunk that was begun is stored even if reading fails.
fn drain<R: Read>(
    records: &mut Records<R>,
    sink: &mut dyn Sink,
    report: &mut Report,
) -> Result<(), ImportError> {
    let mut duplicates = Duplicates::default();
    loop {
        let mut chunk = Chunk::new(report.keeps_originals());
        let read = fill(&mut chunk, records, &mut duplicates);
        chunk.settle(sink, report)?;
        report.advance(records.position());
        if !read? {
            return Ok(());
        }
    }
}

/// Fills a chunk; false at the end of the file.
fn fill<R: Read>(
    chunk: &mut Chunk,
    records: &mut Records<R>,
    duplicates: &mut Duplicates,
) -> Result<bool, ImportError> {
    while !chunk.is_full() {
        let Some(record) = records.next()? else { return Ok(false) };
        let row = row::read(records.header(), &record.fields)
            .and_then(|row| duplicates.check(&row.email, record.line).map(|()| row));
        chunk.push(record, row);
    }
    Ok(true)
}

#[cfg(test)]
pub(crate) mod tests;
