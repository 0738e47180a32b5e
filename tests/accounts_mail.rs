//! Mail on its way: to a real SMTP server, into a folder, and onto a developer's screen.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use paddock_api::limits::RateLimits;
use paddock_api::mail::{Carrier, Letter, MailError, NotCarried, Smtp};
use serde_json::Value;

use crate::accounts::{forget, show, sign_up};
use crate::harness::World;
use crate::harness::mailbox::{accounts_by, token_of};
use crate::harness::program::{Home, shell};
use crate::harness::python::python_with;

/// An SMTP server by others, which puts off the first mail; gone when dropped.
struct Server {
    child: Child,
    out: BufReader<ChildStdout>,
    url: String,
}

impl Server {
    fn start() -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("smtp");
        let python = python_with(&folder)?;
        let mut command = Command::new(python);
        let mut child =
            command.arg(folder.join("server.py")).stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut port = String::new();
        out.read_line(&mut port).unwrap();
        Some(Self { child, out, url: format!("smtp://127.0.0.1:{}", port.trim()) })
    }

    /// The next mail that it took.
    async fn next(self) -> (Self, Value) {
        let read = move || {
            let mut server = self;
            let mut line = String::new();
            server.out.read_line(&mut line).unwrap();
            (server, serde_json::from_str(&line).unwrap())
        };
        actix_web::rt::task::spawn_blocking(read).await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn letter(to: &str) -> Letter {
    let (subject, text) = ("Grüße".to_owned(), "Ein Wort.\n.\nEin Punkt.\n".to_owned());
    Letter { kind: "test", to: to.to_owned(), subject, text }
}

#[actix_web::test]
async fn a_mail_reaches_its_reader_through_a_real_server_although_that_puts_it_off_at_first() {
    let Some(server) = Server::start() else { return };
    let smtp = Smtp::new(&server.url, "Paddock <crm@crm.example>").unwrap();
    let world = World::with_accounts(RateLimits::none(), |database| {
        accounts_by(database, Box::new(smtp)).0
    })
    .await;
    sign_up(&world, "erin@pepsi.example").await;
    let (server, mail) = server.next().await;
    assert_eq!((&mail["from"], &mail["tries"]), (&"crm@crm.example".into(), &2.into()));
    assert_eq!(mail["to"], serde_json::json!(["erin@pepsi.example"]));
    let header = |name: &str| mail["headers"][name].as_str().unwrap_or_default().to_owned();
    assert_eq!(header("from"), "Paddock <crm@crm.example>");
    assert_eq!(header("to"), "erin@pepsi.example");
    assert_eq!(header("subject"), "Confirm your e-mail");
    assert_eq!(header("auto-submitted"), "auto-generated");
    assert!(header("content-type").starts_with("text/plain"), "{mail}");
    assert!(header("message-id").ends_with("@crm.example>"), "{mail}");
    assert!(!header("date").is_empty());
    let token = token_of(&mail["text"].as_str().unwrap().replace('\r', ""));
    assert_eq!(show(&world, "verify-email", &token).await.status, 200);
    forget(&world, "erin@pepsi.example").await;
    let (_server, mail) = server.next().await;
    assert_eq!(mail["headers"]["subject"], "Choose a new password");
}

#[actix_web::test]
async fn a_server_that_refuses_is_not_asked_again_and_what_it_says_is_not_repeated() {
    let Some(server) = Server::start() else { return };
    let smtp = Smtp::new(&server.url, "crm@crm.example").unwrap();
    let later = smtp.carry(&letter("erin@pepsi.example")).await.unwrap_err();
    let expected = NotCarried { reason: "the server answered 451".to_owned(), is_final: false };
    assert_eq!(later, expected);
    let never = smtp.carry(&letter("gone@example.com")).await.unwrap_err();
    let expected = NotCarried { reason: "the server answered 550".to_owned(), is_final: true };
    assert_eq!(never, expected);
    smtp.carry(&letter("erin@pepsi.example")).await.unwrap();
    let (server, mail) = server.next().await;
    assert_eq!(mail["headers"]["subject"], "Grüße");
    let text = mail["text"].as_str().unwrap().replace('\r', "");
    assert_eq!(text.trim_end(), "Ein Wort.\n.\nEin Punkt.");
    // Neither a header nor a recipient more.
    for odd in ["a@b\r\nbcc: eve@example.com", "a@b, eve@example.com", "nobody"] {
        assert!(smtp.carry(&letter(odd)).await.unwrap_err().is_final, "{odd}");
    }
    let url = server.url.clone();
    drop(server);
    let smtp = Smtp::new(&url, "crm@crm.example").unwrap();
    let nobody = smtp.carry(&letter("erin@pepsi.example")).await.unwrap_err();
    let reason = "the server cannot be reached".to_owned();
    assert_eq!(nobody, NotCarried { reason, is_final: false });
}

#[test]
fn a_setting_that_cannot_be_read_is_refused_without_repeating_it() {
    let of = |url: &str, from: &str| Smtp::new(url, from).err();
    assert_eq!(of("smtp://127.0.0.1:25", "crm@crm.example"), None);
    assert_eq!(of("smtps://user:secret@mail.example", "Our CRM <crm@crm.example>"), None);
    for url in ["", "mail.example", "http://mail.example", "smtp://mail.example?tls=maybe"] {
        assert_eq!(of(url, "crm@crm.example"), Some(MailError::Url), "{url}");
    }
    for from in ["", "crm", "a@b, c@d"] {
        assert_eq!(of("smtp://127.0.0.1", from), Some(MailError::From), "{from}");
    }
}

// ── The program ────────────────────────────────────────────────────────────────────────────────────

const SIGN_UP: &str = r#"curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/v1/auth/signup \
    -H 'content-type: application/json' -d '{"company_name":"Pepsi","name":"Erin",
        "email":"erin@pepsi.example","password":"hunting unicorns at dawn"}'"#;

/// The first mail in a folder.
fn first(folder: &Path) -> String {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        let mail: Option<PathBuf> =
            files.filter(|path| path.extension().is_some_and(|e| e == "eml")).min();
        if let Some(path) = mail {
            return fs::read_to_string(path).unwrap().replace("\r\n", "\n");
        }
        assert!(Instant::now() < deadline, "no mail");
        std::thread::yield_now();
    }
}

#[test]
fn a_developer_sees_the_mail_and_links_lead_to_the_server_itself() {
    let home = Home::new();
    let server = home.dev();
    let url = server.url.clone();
    assert_eq!(shell(SIGN_UP, &url), "202");
    let (ended_well, printed) = server.stop();
    assert!(ended_well);
    assert!(printed.contains("A mail to erin@pepsi.example: Confirm your e-mail\n"), "{printed}");
    assert!(printed.contains(&format!("\n{url}/verify-email#token=pdk_ot_")), "{printed}");
}

#[test]
fn serve_writes_mails_where_it_is_told_and_refuses_what_cannot_work() {
    let home = Home::new();
    let dev = home.dev();
    let url = |role: &str| {
        let printed = home.run(&["db", "url", "--role", role]).stdout;
        String::from_utf8(printed).unwrap().trim().to_owned()
    };
    let (app, auth) = (url("app"), url("auth"));
    let folder = home.folder.join("mail");
    let serve = |settings: &[(&str, &str)]| {
        let mut command = home.paddock(&["serve", "--port", "0", "--allow-unpatched-postgres"]);
        command
            .env("DATABASE_URL", &app)
            .env("PADDOCK_AUTH_DATABASE_URL", &auth)
            .env("PADDOCK_JWT_SECRET", "0123456789abcdef".repeat(2))
            .envs(settings.iter().copied());
        command
    };
    let path = folder.to_str().unwrap();
    let (mails, from) = (("PADDOCK_MAIL_FOLDER", path), ("PADDOCK_MAIL_FROM", "crm@crm.example"));
    let public = ("PADDOCK_PUBLIC_URL", "https://crm.example/");
    let open = ("PADDOCK_SIGNUP", "open");
    for (settings, reason) in [
        (&[open][..], "nobody can sign up without mail"),
        (&[open, mails, public], "PADDOCK_MAIL_FROM is not set"),
        (&[open, mails, from], "PADDOCK_PUBLIC_URL is not set"),
        (
            &[open, mails, from, ("PADDOCK_PUBLIC_URL", "crm.example")],
            "PADDOCK_PUBLIC_URL is written as",
        ),
        (&[("PADDOCK_SMTP_URL", "nonsense:secret"), from, public], "the SMTP server is written as"),
        (&[("PADDOCK_BREACHED_PASSWORDS", "/no/such/file")], "/no/such/file"),
        (&[("PADDOCK_SIGNUP", "perhaps")], "invalid value"),
    ] {
        let refused = serve(settings).output().unwrap();
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && said.contains(reason), "{settings:?}: {said}");
        assert!(!said.contains("secret"), "{said}");
    }
    let closed = crate::harness::program::Server::start(serve(&[]));
    assert_eq!(shell(SIGN_UP, &closed.url), "403");
    drop(closed);
    let server = crate::harness::program::Server::start(serve(&[open, mails, from, public]));
    assert_eq!(shell(SIGN_UP, &server.url), "202");
    let mail = first(&folder);
    let (head, text) = mail.split_once("\n\n").unwrap();
    assert!(head.contains("To: erin@pepsi.example"), "{head}");
    // Long lines are folded where they travel.
    let token = token_of(&text.replace("=\n", "").replace("=3D", "="));
    let verify = format!(
        "curl -s http://127.0.0.1:8080/v1/auth/verify-email -H 'content-type: application/json' \
         -d '{{\"token\":\"{token}\"}}'"
    );
    let session: Value = serde_json::from_str(&shell(&verify, &server.url)).unwrap();
    assert_eq!(session["company"]["name"], "Pepsi", "{session}");
    drop(server);
    drop(dev);
}
