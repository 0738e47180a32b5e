//! One attack, played as the role of the application and rolled back.

use futures_util::TryStreamExt;
use tokio_postgres::{Error, SimpleQueryMessage};

use super::scene::{CANARY, Scene};
use super::script::{Case, Step, Who};
use crate::harness::Psql;

/// What a statement came to.
enum Outcome {
    Rows(Vec<String>),
    Affected(u64),
    /// SQLSTATE, message, constraint and detail; then everything that the error says.
    Refused(String, String),
}

/// Plays one case and rolls it back; in sessions of its own where it says who is in them.
pub async fn play(scene: &Scene, case: &Case) -> Result<(), (usize, String)> {
    if !case.steps.iter().any(|step| matches!(step, Step::Enter { .. })) {
        let answer = play_in(&[&scene.app], scene, case).await;
        scene.app.run("rollback").await;
        scene.app.run("discard all").await;
        return answer;
    }
    let url = scene.world.database.app_url();
    let (here, elsewhere) = (Psql::new(&url).await, Psql::new(&url).await);
    let answer = play_in(&[&here, &elsewhere], scene, case).await;
    here.run("rollback").await;
    elsewhere.run("rollback").await;
    answer
}

async fn play_in(sessions: &[&Psql], scene: &Scene, case: &Case) -> Result<(), (usize, String)> {
    let mut here = (0, Who::Bob);
    if !matches!(case.steps[0], Step::Enter { .. }) {
        begin(scene, sessions[0], Who::Bob).await;
    }
    for step in &case.steps {
        match step {
            Step::Enter { who, elsewhere } => {
                here = (usize::from(*elsewhere), *who);
                sessions[here.0].run("commit").await;
                begin(scene, sessions[here.0], *who).await;
            }
            Step::Run { line, sql, expected } => {
                let outcome = run(sessions[here.0], sql).await;
                judge(scene, case, here.1, &outcome, expected.as_deref())
                    .map_err(|problem| (*line, problem))?;
            }
        }
    }
    Ok(())
}

async fn begin(scene: &Scene, session: &Psql, who: Who) {
    match who {
        Who::Alice => session.begin_as(scene.world.alice_place()).await,
        Who::Bob => session.begin_as(scene.world.bob_place()).await,
        Who::Nobody => session.run("begin").await,
    }
}

async fn run(session: &Psql, sql: &str) -> Outcome {
    let answer = if is_copy_out(sql) {
        copy_out(session, sql).await.map(Outcome::Rows)
    } else {
        session.client().simple_query(sql).await.map(outcome)
    };
    answer.unwrap_or_else(|error| {
        let db = error.as_db_error().unwrap_or_else(|| panic!("{sql}: {error:?}"));
        let parts = [Some(db.code().code()), Some(db.message()), db.constraint(), db.detail()];
        let said = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        Outcome::Refused(said, format!("{db:?}"))
    })
}

fn is_copy_out(sql: &str) -> bool {
    sql.starts_with("copy ") && sql.ends_with(" to stdout")
}

async fn copy_out(session: &Psql, sql: &str) -> Result<Vec<String>, Error> {
    let chunks = Box::pin(session.client().copy_out(sql).await?);
    let chunks: Vec<_> = chunks.into_stream().try_collect().await?;
    Ok(chunks.iter().map(|row| String::from_utf8_lossy(row).trim_end().to_owned()).collect())
}

/// Rows as psql -At prints them, or how many were affected.
fn outcome(messages: Vec<SimpleQueryMessage>) -> Outcome {
    let mut rows = None;
    let mut affected = 0;
    for message in messages {
        match message {
            SimpleQueryMessage::RowDescription(_) => rows = Some(Vec::new()),
            SimpleQueryMessage::Row(row) => {
                let columns = (0..row.len()).map(|i| row.get(i).unwrap_or_default());
                rows.get_or_insert_default().push(columns.collect::<Vec<_>>().join("|"));
            }
            SimpleQueryMessage::CommandComplete(count) => affected = count,
            _ => {}
        }
    }
    rows.map_or(Outcome::Affected(affected), Outcome::Rows)
}

/// Is it what the file expects, and is nothing of Alice's in it?
fn judge(
    scene: &Scene,
    case: &Case,
    who: Who,
    outcome: &Outcome,
    expected: Option<&str>,
) -> Result<(), String> {
    let (said, everything) = match outcome {
        Outcome::Rows(rows) => (rows.join(" / "), rows.join("\n")),
        Outcome::Affected(count) => (format!("affected: {count}"), String::new()),
        Outcome::Refused(said, everything) => (said.clone(), everything.clone()),
    };
    if !meets(outcome, expected) {
        return Err(format!("expected {}, got {said}", expected.unwrap_or("success")));
    }
    match leak(scene, case, &everything) {
        Some(word) if who != Who::Alice => Err(format!("{word} is Alice's: {everything}")),
        _ => Ok(()),
    }
}

/// One of several expectations is enough: `value: 2, or 0A000`.
fn meets(outcome: &Outcome, expected: Option<&str>) -> bool {
    match expected {
        None => !matches!(outcome, Outcome::Refused(..)),
        Some(expected) => expected.split(", or ").any(|expected| is(outcome, expected)),
    }
}

fn is(outcome: &Outcome, expected: &str) -> bool {
    match outcome {
        Outcome::Rows(rows) if expected == "rows: some" => !rows.is_empty(),
        Outcome::Rows(rows) => {
            expected == format!("rows: {}", rows.len())
                || expected == format!("value: {}", rows.join(" / "))
        }
        Outcome::Affected(count) => expected == "done" || expected == format!("affected: {count}"),
        Outcome::Refused(said, _) => said == expected || said.split(' ').next() == Some(expected),
    }
}

/// A word of Alice's that the case does not name itself.
fn leak<'a>(scene: &'a Scene, case: &Case, text: &str) -> Option<&'a str> {
    let (named, hidden): (Vec<_>, Vec<_>) =
        scene.variables.of_alice().partition(|word| case.names(word));
    let without = |text: String, word: &&str| text.replace(word, "");
    let text = named.iter().fold(text.to_lowercase(), without);
    hidden.into_iter().chain([CANARY]).find(|word| text.contains(word))
}
