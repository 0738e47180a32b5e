//! Attacks in SQL, as the role of the application: whoever has broken everything above the database sends
//! what stands in `attacks/*.sql`, and gets nothing of Alice's.

mod play;
mod scene;
mod script;

use std::fs;
use std::path::{Path, PathBuf};

use play::play;
use scene::Scene;
use script::Script;

/// How many attacks there are at least. This number only grows.
const CASES: usize = 607;

#[actix_web::test]
async fn no_attack_reads_or_changes_anything_of_another_company() {
    let mut cases = 0;
    let mut failures = Vec::new();
    for file in files() {
        let scene = Scene::new().await;
        let script = read(&file, &scene);
        scene.admin.run(&script.before).await;
        cases += script.cases.len();
        failures.extend(attack(&scene, &file, &script, usize::MAX).await);
    }
    assert!(failures.is_empty(), "{} of {cases}:\n{}", failures.len(), failures.join("\n"));
    assert!(cases >= CASES, "{cases} attacks: none may be dropped");
}

#[actix_web::test]
async fn every_file_of_attacks_notices_when_a_wall_is_broken() {
    for file in files() {
        let scene = Scene::new().await;
        let script = read(&file, &scene);
        assert_ne!(script.broken_by, "", "{}: what would break it?", file.display());
        scene.admin.run(&script.before).await;
        scene.admin.run(&script.broken_by).await;
        let failures = attack(&scene, &file, &script, 1).await;
        assert!(!failures.is_empty(), "{} survives {}", file.display(), script.broken_by);
    }
}

#[actix_web::test]
async fn whoever_monitors_the_server_still_sees_what_the_application_does_not() {
    let scene = Scene::new().await;
    for view in ["pg_stat_activity", "pg_stat_user_tables", "pg_locks", "pg_prepared_xacts"] {
        let all = format!("table {view}");
        assert_eq!(scene.app.refusal(&all).await.split(' ').next(), Some("42501"), "{view}");
        scene.admin.run("set role pg_monitor").await;
        scene.admin.rows(&all).await;
        scene.admin.run("reset role").await;
    }
}

/// Every file of attacks, in the order of their names.
fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("attacks");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .filter(|path| !path.ends_with("scene.sql"))
        .collect();
    files.sort();
    files
}

fn read(file: &Path, scene: &Scene) -> Script {
    Script::parse(&fs::read_to_string(file).unwrap(), &scene.variables)
}

/// Runs the cases of a file until enough have failed; answers what went wrong, with file and line.
async fn attack(scene: &Scene, file: &Path, script: &Script, enough: usize) -> Vec<String> {
    let name = file.file_name().unwrap().to_string_lossy();
    let before = scene.fingerprint().await;
    let mut failures = Vec::new();
    for case in &script.cases {
        if let Err((line, problem)) = play(scene, case).await {
            failures.push(format!("{name}:{line}: {}\n    {problem}", case.title));
        }
        if scene.fingerprint().await != before {
            failures.push(format!("{name}: {}\n    Alice's rows have changed", case.title));
            break;
        }
        if failures.len() >= enough {
            break;
        }
    }
    failures
}
