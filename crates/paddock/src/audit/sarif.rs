//! SARIF 2.1.0 (OASIS): each question is a rule, each finding a result at the question's file.

use paddock_db::audit::{Audit, Finding, QUESTIONS, Question, Severity};
use serde_json::{Value, json};

/// The whole log.
pub(super) fn log(audit: &Audit) -> Value {
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "paddock audit",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": QUESTIONS.iter().map(rule).collect::<Vec<_>>(),
            } },
            "invocations": [{
                "executionSuccessful": audit.unanswered.is_empty(),
                "toolExecutionNotifications":
                    audit.unanswered.iter().map(notification).collect::<Vec<_>>(),
            }],
            "results": audit.findings.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

fn rule(question: &Question) -> Value {
    json!({
        "id": question.id(),
        "shortDescription": { "text": question.sentence() },
        "fullDescription": { "text": question.reason() },
    })
}

fn result(finding: &Finding) -> Value {
    let Finding { id, severity, object, detail, remedy, .. } = finding;
    let rule = QUESTIONS.iter().position(|question| question.id() == id);
    let file = rule.map(|index| format!("sql/audit/{}", QUESTIONS[index].file()));
    json!({
        "ruleId": id,
        "ruleIndex": rule,
        "level": level(*severity),
        "message": { "text": format!("{object}: {detail}. Remedy: {remedy}") },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": file },
                "region": { "startLine": 1 },
            },
            "logicalLocations": [{ "fullyQualifiedName": object }],
        }],
        // The same finding in the next run, whatever its words.
        "partialFingerprints": { "object/v1": format!("{id}:{object}") },
        "properties": { "severity": severity.as_str() },
    })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

fn notification((question, error): &(Question, String)) -> Value {
    json!({
        "level": "error",
        "descriptor": { "id": question.id() },
        "message": { "text": format!("{} could not be asked: {error}", question.file()) },
    })
}
