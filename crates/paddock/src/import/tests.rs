//! Whole imports, into memory.

use std::cell::RefCell;
use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::rc::Rc;

use crate::target::TargetArgs;

use super::{ImportArgs, ImportError, MemorySink, Progress, Records, Report, Summary, load, run};

/// What an import wrote, readable while somebody else holds the writer.
#[derive(Clone, Default)]
struct Written(Rc<RefCell<Vec<u8>>>);

impl Written {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.borrow()).into_owned()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One import of a text: its result, stderr and stdout.
pub(crate) struct Import {
    pub(crate) result: Result<Summary, ImportError>,
    stderr: String,
    stdout: String,
}

impl Import {
    pub(crate) fn of(text: &[u8], sink: &mut MemorySink) -> Result<Self, ImportError> {
        let (stderr, mut stdout) = (Written::default(), Written::default());
        let mut records = Records::open(text)?;
        let progress = Progress::lines(Box::new(stderr.clone()), text.len() as u64);
        let report = Report::new(progress, None, records.header().ignored());
        let result = load(&mut records, sink, report, &mut stdout);
        Ok(Self { result, stderr: stderr.text(), stdout: stdout.text() })
    }
}

/// A folder of its own for one test, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> io::Result<Self> {
        let path =
            std::env::temp_dir().join(format!("paddock-import-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    fn args(&self, file: &str, errors: &str) -> ImportArgs {
        ImportArgs {
            file: self.0.join(file),
            user: "alice@nike.example".to_owned(),
            server: None,
            password: None,
            errors: Some(self.0.join(errors)),
            target: TargetArgs::default(),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

#[test]
fn good_rows_are_kept_and_bad_ones_reported_by_line() -> Result<(), Box<dyn Error>> {
    let text = "Name,E-mail,Notes\r\n\
        Ada,ada@sample.example,\"two\r\nlines\"\r\n\
        ,nobody@sample.example\r\n\
        Eve,eve@sample.example\r\n\
        Ada again,ADA@sample.example\r\n";
    let mut sink =
        MemorySink { taken: vec!["eve@sample.example".to_owned()], ..MemorySink::default() };
    let import = Import::of(text.as_bytes(), &mut sink)?;
    let summary = import.result?;
    assert_eq!((summary.rows, summary.created, summary.refusals()), (4, 1, 3));
    assert_eq!(sink.rows.len(), 1);
    let refused = "line 4: name: required — a customer needs a name\n\
        line 5: email: taken — another record has this value\n\
        line 6: email: duplicate — same e-mail as line 2\n";
    assert_eq!(import.stderr, format!("{refused}100 %, 4 rows\n"));
    let start = "4 rows: 1 created, 3 refused (1 duplicate, 1 required, 1 taken) in ";
    assert!(import.stdout.starts_with(start), "{}", import.stdout);
    assert!(import.stdout.ends_with("\nignored columns: Notes\n"), "{}", import.stdout);
    Ok(())
}

#[test]
fn a_row_that_is_refused_does_not_make_a_later_one_a_duplicate() -> Result<(), Box<dyn Error>> {
    let text = "name,email,stage\nA,a@sample.example,hot\nA,a@sample.example,lead\n";
    let summary = Import::of(text.as_bytes(), &mut MemorySink::default())?.result?;
    assert_eq!((summary.created, summary.refused.get("invalid-value")), (1, Some(&1)));
    Ok(())
}

#[test]
fn rows_go_out_in_chunks_and_progress_is_told() -> Result<(), Box<dyn Error>> {
    let rows: String = (0..10_500).map(|row| format!("A,{row:05}@sample.example\n")).collect();
    let mut sink = MemorySink::default();
    let import = Import::of(format!("name,email\n{rows}").as_bytes(), &mut sink)?;
    assert_eq!(import.result?.created, 10_500);
    assert_eq!(sink.chunks, [vec![1000; 10], vec![500]].concat());
    assert_eq!(import.stderr.lines().count(), 10);
    assert!(import.stderr.ends_with("100 %, 10500 rows\n"), "{}", import.stderr);
    Ok(())
}

#[test]
fn at_most_twenty_refused_rows_are_printed() -> Result<(), Box<dyn Error>> {
    let text = format!("name,email\n{}", "A,\n".repeat(25));
    let import = Import::of(text.as_bytes(), &mut MemorySink::default())?;
    assert_eq!(import.stderr.matches("email: required").count(), 20);
    assert!(
        import.stderr.contains("… and 5 more; --errors FILE.csv keeps them all"),
        "{}",
        import.stderr
    );
    Ok(())
}

#[test]
fn a_failing_sink_stops_the_import_and_what_is_done_is_told() -> Result<(), Box<dyn Error>> {
    let rows: String = (0..1500).map(|row| format!("A,{row}@sample.example\n")).collect();
    let mut sink = MemorySink { fails_from_chunk: Some(1), ..MemorySink::default() };
    let import = Import::of(format!("name,email\n{rows}").as_bytes(), &mut sink)?;
    assert!(import.stdout.starts_with("1000 rows: 1000 created in "), "{}", import.stdout);
    let error = import.result.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.starts_with("the rows at lines 1002 to 1501 could not be stored"), "{error}");
    Ok(())
}

#[test]
fn rows_before_an_unclosed_quote_are_stored() -> Result<(), Box<dyn Error>> {
    let text = "name,email\nA,a@sample.example\nB,\"b@sample.example\nC,c@sample.example\n";
    let mut sink = MemorySink::default();
    let import = Import::of(text.as_bytes(), &mut sink)?;
    assert!(matches!(import.result, Err(ImportError::Unclosed { line: 3 })));
    assert_eq!(sink.rows.len(), 1);
    assert!(import.stdout.starts_with("1 row: 1 created in "), "{}", import.stdout);
    Ok(())
}

#[test]
fn a_file_of_a_header_only_is_no_failure() -> Result<(), Box<dyn Error>> {
    let import = Import::of(b"name,email", &mut MemorySink::default())?;
    assert!(import.stdout.starts_with("0 rows: 0 created in "), "{}", import.stdout);
    Ok(())
}

#[test]
fn refused_rows_can_be_mended_and_imported_again() -> Result<(), Box<dyn Error>> {
    let folder = Folder::new("mend")?;
    let bytes = b"\xEF\xBB\xBFName;E-mail;Notes\r\n;\"x@sample.example\";\"a;\"\"b\"\"\r\nc\"\r\nAndr\xE9;y@sample.example\r\n\
        Z;z@sample.example;1;2\r\n";
    std::fs::write(folder.0.join("in.csv"), bytes)?;
    let summary =
        run(&folder.args("in.csv", "bad.csv"), &mut MemorySink::default(), &mut Vec::new())?;
    assert_eq!((summary.rows, summary.refusals()), (3, 3));
    let bad = std::fs::read(folder.0.join("bad.csv"))?;
    let expected = b"\xEF\xBB\xBFline;field;code;message;Name;E-mail;Notes\n\
        2;name;required;a customer needs a name;;x@sample.example;\"a;\"\"b\"\"\r\nc\"\n\
        4;Name;not-utf-8;\"this text is not UTF-8; save the file as \"\"CSV UTF-8\"\"\";Andr\xE9;y@sample.example\n\
        5;row;columns;4 columns where the header has 3;Z;z@sample.example;1;2\n";
    assert_eq!(String::from_utf8_lossy(&bad), String::from_utf8_lossy(expected));
    let again =
        run(&folder.args("bad.csv", "worse.csv"), &mut MemorySink::default(), &mut Vec::new())?;
    assert_eq!((again.refusals(), again.ignored), (3, vec!["Notes".to_owned()]));
    let worse = std::fs::read(folder.0.join("worse.csv"))?;
    let header = b"\xEF\xBB\xBFline;field;code;message;Name;E-mail;Notes\n";
    assert!(worse.starts_with(header), "{}", String::from_utf8_lossy(&worse));
    Ok(())
}

#[test]
fn the_imported_file_is_never_overwritten() -> Result<(), Box<dyn Error>> {
    let folder = Folder::new("same")?;
    std::fs::write(folder.0.join("in.csv"), "name,email\n")?;
    let result = run(
        &folder.args("in.csv", "../same/../in.csv"),
        &mut MemorySink::default(),
        &mut Vec::new(),
    );
    assert!(result.is_err());
    let result = run(&folder.args("in.csv", "in.csv"), &mut MemorySink::default(), &mut Vec::new());
    assert!(matches!(result, Err(ImportError::SameFile)));
    assert_eq!(std::fs::read_to_string(folder.0.join("in.csv"))?, "name,email\n");
    Ok(())
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let folder = PathBuf::from("no-such-folder");
    let args = Folder(folder).args("in.csv", "bad.csv");
    let error = run(&args, &mut MemorySink::default(), &mut Vec::new()).err();
    let error = error.map(|error| error.to_string()).unwrap_or_default();
    assert!(error.starts_with("cannot open no-such-folder"), "{error}");
}

#[test]
fn a_server_needs_a_password() {
    let args = Folder(PathBuf::from("no-such-folder")).args("in.csv", "bad.csv");
    assert!(matches!(args.http_sink(), Ok(None)));
    let args = ImportArgs { server: Some("http://127.0.0.1:1".to_owned()), ..args };
    assert!(matches!(args.http_sink(), Err(ImportError::NoPassword)));
    let args = ImportArgs { password: Some("secret".to_owned()), ..args };
    assert!(matches!(args.http_sink(), Ok(Some(_))));
}
