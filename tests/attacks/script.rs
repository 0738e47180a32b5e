//! How a file of attacks is read: one case a paragraph, plain SQL, and behind `-->` what must come of it.

use super::scene::Variables;

/// Whose context a transaction has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Alice,
    Bob,
    Nobody,
}

/// One line of a case's doing.
#[derive(Debug)]
pub enum Step {
    /// `-- as alice:` ends the transaction and begins another one; `-- meanwhile, as alice:` in a second session.
    Enter { who: Who, elsewhere: bool },
    /// A statement; without an expectation it must succeed.
    Run { line: usize, sql: String, expected: Option<String> },
}

/// One attack.
#[derive(Debug)]
pub struct Case {
    pub title: String,
    pub steps: Vec<Step>,
}

/// A file of attacks.
pub struct Script {
    /// `-- Broken by: …`: what must make at least one case of this file fail.
    pub broken_by: String,
    /// `-- Before all, as superuser:` and the statements below it.
    pub before: String,
    pub cases: Vec<Case>,
}

impl Script {
    pub fn parse(text: &str, variables: &Variables) -> Self {
        let mut script = Self { broken_by: String::new(), before: String::new(), cases: vec![] };
        for paragraph in paragraphs(&variables.fill(text)) {
            script.add(&paragraph);
        }
        script
    }

    fn add(&mut self, paragraph: &[(usize, String)]) {
        let sql = |(_, line): &(usize, String)| !line.starts_with("--");
        for (_, line) in paragraph {
            if let Some(broken_by) = line.strip_prefix("-- Broken by: ") {
                self.broken_by = format!("{}{broken_by}\n", self.broken_by);
            }
        }
        if paragraph[0].1 == "-- Before all, as superuser:" {
            let lines = paragraph.iter().filter(|line| sql(line)).map(|(_, line)| line.as_str());
            self.before = lines.collect::<Vec<_>>().join("\n");
        } else if paragraph.iter().any(sql) {
            self.cases.push(Case::parse(paragraph));
        }
    }
}

impl Case {
    fn parse(paragraph: &[(usize, String)]) -> Self {
        let mut case = Self { title: String::new(), steps: vec![] };
        let mut statement: Option<(usize, String)> = None;
        for (number, line) in paragraph {
            if let Some(expected) = line.strip_prefix("--> ") {
                case.expect(*number, expected);
            } else if let Some(enter) = enter(line) {
                case.steps.push(enter);
            } else if let Some(title) = line.strip_prefix("-- ") {
                case.title = format!("{} {title}", case.title).trim().to_owned();
            } else {
                let (first, sql) = statement.take().unwrap_or((*number, String::new()));
                statement = Some((first, format!("{sql}{line}\n")));
            }
            statement = case.finish(statement);
        }
        assert!(statement.is_none(), "line {}: a statement without an end", paragraph[0].0);
        assert!(case.is_checked(), "line {}: nothing is expected", paragraph[0].0);
        case
    }

    /// A statement ends with a semicolon at the end of a line, unless that is inside `$$ … $$`.
    fn finish(&mut self, statement: Option<(usize, String)>) -> Option<(usize, String)> {
        let (line, sql) = statement?;
        if !sql.ends_with(";\n") || sql.matches("$$").count() % 2 == 1 {
            return Some((line, sql));
        }
        let sql = sql.trim_end_matches(";\n").to_owned();
        self.steps.push(Step::Run { line, sql, expected: None });
        None
    }

    fn expect(&mut self, number: usize, text: &str) {
        match self.steps.last_mut() {
            Some(Step::Run { expected: expected @ None, .. }) => *expected = Some(text.to_owned()),
            _ => panic!("line {number}: an expectation without a statement"),
        }
    }

    /// Does it say this itself?
    pub fn names(&self, word: &str) -> bool {
        let says = |step: &Step| matches!(step, Step::Run { sql, .. } if sql.contains(word));
        self.steps.iter().any(says)
    }

    fn is_checked(&self) -> bool {
        matches!(self.steps.last(), Some(Step::Run { expected: Some(_), .. }))
    }
}

fn enter(line: &str) -> Option<Step> {
    let (who, elsewhere) = match line.strip_prefix("-- meanwhile, as ") {
        Some(who) => (who, true),
        None => (line.strip_prefix("-- as ")?, false),
    };
    let who = match who {
        "alice:" => Who::Alice,
        "bob:" => Who::Bob,
        "nobody:" => Who::Nobody,
        _ => return None,
    };
    Some(Step::Enter { who, elsewhere })
}

/// The lines with their numbers, in groups between empty lines.
fn paragraphs(text: &str) -> Vec<Vec<(usize, String)>> {
    let numbered: Vec<_> =
        text.lines().enumerate().map(|(index, line)| (index + 1, line.to_owned())).collect();
    numbered
        .split(|(_, line)| line.is_empty())
        .filter(|lines| !lines.is_empty())
        .map(<[_]>::to_vec)
        .collect()
}
