//! `paddock audit`: every question of `sql/audit`, and what was found, for people and for machines.

mod sarif;

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use paddock_db::audit::{Audit, Finding, QUESTIONS, Severity};
use serde_json::{Value, json};

use crate::admin;
use crate::target::{Target, TargetArgs};
use crate::terminal::{Failure, say, warn};

/// The database could not be asked: neither healthy nor unhealthy.
const COULD_NOT_ASK: u8 = 2;

/// `paddock audit`.
#[derive(Args, Debug)]
pub(crate) struct AuditArgs {
    /// How findings are written.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// The least severity that ends this program with 1.
    #[arg(long, value_enum, default_value_t = FailOn::Low)]
    fail_on: FailOn,
    /// Overlook that the server lacks known fixes of row-level security.
    #[arg(long, env = "PADDOCK_ALLOW_UNPATCHED_POSTGRES")]
    allow_unpatched_postgres: bool,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Table,
    /// One object: `questions`, `findings`, `unanswered`.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FailOn {
    Low,
    Medium,
    High,
    Critical,
}

impl From<FailOn> for Severity {
    fn from(fail_on: FailOn) -> Self {
        match fail_on {
            FailOn::Low => Self::Low,
            FailOn::Medium => Self::Medium,
            FailOn::High => Self::High,
            FailOn::Critical => Self::Critical,
        }
    }
}

pub(crate) fn run(args: &AuditArgs) -> Result<ExitCode, Failure> {
    let audit = match ask(&args.target) {
        Ok(audit) => audit,
        Err(failure) => {
            warn(&format!("paddock: {failure}"));
            return Ok(ExitCode::from(COULD_NOT_ASK));
        }
    };
    let audit = overlook(audit, args.allow_unpatched_postgres);
    match args.format {
        Format::Table => table(&audit),
        Format::Json => say(&format!("{:#}", document(&audit))),
        Format::Sarif => say(&format!("{:#}", sarif::log(&audit))),
    }
    Ok(judge(&audit, args.fail_on.into()))
}

fn ask(args: &TargetArgs) -> Result<Audit, Failure> {
    admin::block_on(async {
        let target = Target::reach(args)?;
        let audit = target.audit().await;
        target.close()?;
        audit
    })
}

/// What the operator has decided to live with is said, and does not count.
fn overlook(mut audit: Audit, waive: bool) -> Audit {
    audit.findings.retain(|finding| {
        let overlooked = waive && finding.can_be_waived();
        if overlooked {
            warn(&format!("relaxed: {finding}"));
        }
        !overlooked
    });
    audit
}

fn judge(audit: &Audit, fail_on: Severity) -> ExitCode {
    if !audit.unanswered.is_empty() {
        return ExitCode::from(COULD_NOT_ASK);
    }
    match audit.findings.iter().any(|finding| finding.severity >= fail_on) {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}

/// The worst first.
fn table(audit: &Audit) {
    let mut findings: Vec<&Finding> = audit.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    for Finding { id, severity, object, detail, remedy, question } in findings {
        say(&format!("{severity:<9} {id}: {object}"));
        for (label, text) in [("asked", question), ("found", detail), ("remedy", remedy)] {
            say(&format!("  {label:<7} {text}"));
        }
    }
    for (question, error) in &audit.unanswered {
        say(&format!("not asked  {}: {error}", question.id()));
    }
    say(&summary(audit));
}

/// `87 questions, 2 findings: 1 critical, 1 low`
fn summary(audit: &Audit) -> String {
    let count = |severity| audit.findings.iter().filter(|f| f.severity == severity).count();
    let counts: Vec<String> = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low]
        .into_iter()
        .filter(|severity| count(*severity) > 0)
        .map(|severity| format!("{} {severity}", count(severity)))
        .collect();
    let colon = if counts.is_empty() { "" } else { ": " };
    let found = match audit.findings.len() {
        1 => "1 finding".to_owned(),
        n => format!("{n} findings"),
    };
    let mut line = format!("{} questions, {found}{colon}{}", QUESTIONS.len(), counts.join(", "));
    if !audit.unanswered.is_empty() {
        line.push_str(&format!("; {} could not be asked", audit.unanswered.len()));
    }
    line
}

fn document(audit: &Audit) -> Value {
    let finding = |finding: &Finding| {
        let Finding { id, severity, object, detail, remedy, question } = finding;
        json!({
            "id": id, "severity": severity.as_str(), "object": object, "detail": detail,
            "remedy": remedy, "question": question,
        })
    };
    json!({
        "questions": QUESTIONS.len(),
        "findings": audit.findings.iter().map(finding).collect::<Vec<_>>(),
        "unanswered": audit
            .unanswered
            .iter()
            .map(|(question, error)| json!({ "id": question.id(), "error": error }))
            .collect::<Vec<_>>(),
    })
}
