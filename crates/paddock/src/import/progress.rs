//! How far the import is, on stderr: a bar for people, a line each tenth for logs.

use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};

/// Shows how far the import is, and lets lines through.
pub(crate) enum Progress {
    /// A bar at the bottom of a terminal.
    Bar(ProgressBar),
    /// Lines in a log.
    Lines {
        /// Where the lines go.
        to: Box<dyn Write>,
        /// The size of the file; 0 if unknown.
        total: u64,
        /// The last tenth that was told of.
        tenth: u64,
    },
}

impl Progress {
    /// A bar if stderr is a terminal, lines if not.
    pub(crate) fn on_stderr(total: u64) -> Self {
        if !io::stderr().is_terminal() {
            return Self::lines(Box::new(io::stderr()), total);
        }
        let template = "{bar:30} {percent:>3} %  {bytes} of {total_bytes}, {msg}, {eta} to go";
        let style = ProgressStyle::with_template(template);
        let bar = ProgressBar::new(total).with_message(counted(0));
        Self::Bar(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }

    /// Lines to a writer.
    pub(crate) fn lines(to: Box<dyn Write>, total: u64) -> Self {
        Self::Lines { to, total, tenth: 0 }
    }

    /// So many bytes are read, and so many rows done.
    pub(crate) fn advance(&mut self, bytes: u64, rows: u64) {
        match self {
            Self::Bar(bar) => {
                bar.set_message(counted(rows));
                bar.set_position(bytes);
            }
            Self::Lines { to, total, tenth } => {
                let reached = bytes.saturating_mul(10).checked_div(*total).unwrap_or(0).min(10);
                if reached > *tenth {
                    *tenth = reached;
                    // Nobody reads stderr: no reason to stop.
                    writeln!(to, "{} %, {}", reached * 10, counted(rows)).ok();
                }
            }
        }
    }

    /// Prints a line, above the bar if there is one.
    pub(crate) fn line(&mut self, text: &str) {
        match self {
            Self::Bar(bar) => bar.suspend(|| writeln!(io::stderr(), "{text}").ok()),
            Self::Lines { to, .. } => writeln!(to, "{text}").ok(),
        };
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// `1 row`, `2 rows`.
pub(crate) fn counted(rows: u64) -> String {
    if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") }
}
