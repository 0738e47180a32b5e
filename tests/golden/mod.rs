//! Files in `sql/audit` that say what the database allows and how it answers. They are generated, checked
//! in, and read as a diff by whoever reviews a change.

pub mod matrix;
mod plan;
mod scene;
mod statements;

use std::path::PathBuf;

/// Compares with the checked-in file, or writes it where `make bless` asks for that.
pub fn compare(name: &str, now: &str) {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../sql/audit")).join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, now).unwrap();
    }
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    let diff = diff(&before, now);
    assert!(
        diff.is_empty(),
        "sql/audit/{name} is outdated; if this is meant, `make bless` writes it anew:\n{diff}"
    );
}

/// The lines that went (-) and came (+), each under the heading that it stands below.
pub fn diff(before: &str, now: &str) -> String {
    let (before, now): (Vec<_>, Vec<_>) = (before.lines().collect(), now.lines().collect());
    let common = common(&before, &now);
    let (mut i, mut j, mut heading, mut diff) = (0, 0, "", Vec::new());
    while i < before.len() || j < now.len() {
        let same = i < before.len() && j < now.len() && before[i] == now[j];
        let goes =
            !same && i < before.len() && (j == now.len() || common[i + 1][j] >= common[i][j + 1]);
        let line = if same || goes { before[i] } else { now[j] };
        if line.starts_with("── ") {
            heading = line;
        }
        if !same {
            if !heading.is_empty() {
                diff.push(heading.to_owned());
                heading = "";
            }
            diff.push(format!("{} {line}", if goes { '-' } else { '+' }));
        }
        i += usize::from(same || goes);
        j += usize::from(same || !goes);
    }
    diff.join("\n")
}

/// How many lines the rest of both have in common, from every place on.
fn common(before: &[&str], now: &[&str]) -> Vec<Vec<usize>> {
    let mut common = vec![vec![0; now.len() + 1]; before.len() + 1];
    for i in (0..before.len()).rev() {
        for j in (0..now.len()).rev() {
            common[i][j] = if before[i] == now[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    common
}

#[test]
fn a_diff_names_the_lines_that_went_and_came_and_their_heading() {
    let before = "── A\none\ntwo\n── B\nthree\nfour";
    let now = "── A\none\ntwo\n── B\nthree\n3.5\nfive";
    assert_eq!(diff(before, now), "── B\n- four\n+ 3.5\n+ five");
    assert_eq!(diff(now, now), "");
}
