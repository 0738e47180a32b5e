//! The real binary, as a newcomer meets it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::forge::parts;
use crate::harness::program::{Home, Server, shell};

/// The lines of the README's quick start.
fn quick_start() -> String {
    let readme = include_str!("../README.md");
    let (_, rest) = readme.split_once("<!-- quick start: executed by a test -->\n```sh\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

fn jsons(text: &str) -> Vec<Value> {
    serde_json::Deserializer::from_str(text).into_iter().map(|value| value.expect("JSON")).collect()
}

fn text(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

#[test]
fn the_readme_and_the_printed_lines_do_what_they_say_and_the_data_stays() {
    let home = Home::new();
    let server = home.dev();
    let [created, hers, his, refused] =
        jsons(&shell(&quick_start(), &server.url)).try_into().unwrap();
    assert_eq!(created["name"], "Ada Lovelace");
    assert_eq!(
        (hers["data"][0]["id"].clone(), hers["data"][1].clone()),
        (created["id"].clone(), Value::Null)
    );
    assert_eq!(his["data"], Value::Array(Vec::new()));
    assert_eq!(
        (&refused["code"], &refused["errors"][0]["pointer"]),
        (&"unknown-field".into(), &"/company_id".into())
    );

    let url = server.url.clone();
    let (ended_well, printed) = server.stop();
    assert!(ended_well);
    let again = home.dev();
    let lines: Vec<&str> = printed.lines().filter(|line| line.starts_with("  ")).collect();
    let [hers, his, mine, theirs, refused] =
        jsons(&shell(&lines.join("\n").replace(&url, &again.url), &again.url)).try_into().unwrap();
    assert_eq!((&hers["name"], &his["name"]), (&"Grace Hopper".into(), &"Grace Hopper".into()));
    let names = |page: &Value| -> Vec<String> {
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        names(&mine),
        ["Grace Hopper", "Ada Lovelace", "Renée Dubois", "Eliud Kipchoge", "Florence Griffith"]
    );
    assert_eq!(
        names(&theirs),
        ["Grace Hopper", "Florence Griffith", "José Martínez", "Santa Claus"]
    );
    assert_eq!(refused["code"], "unknown-field");
}

#[test]
fn a_messy_file_is_imported_twice_and_nothing_is_doubled() {
    let home = Home::new();
    let server = home.dev();
    let file = home.folder.join("contacts.csv");
    let file = file.to_str().unwrap();
    std::fs::write(file, home.run(&["sample", "customers", "--rows", "10000"]).stdout).unwrap();
    let import = ["import", "customers", file, "--as", "alice@nike.example"];
    let first = home.run(&import);
    assert_eq!(first.status.code(), Some(2), "{first:?}");
    assert!(text(&first.stdout).starts_with("10000 rows: 9191 created, 809 refused"), "{first:?}");
    assert!(text(&first.stderr).contains("line 6: name: required"), "{first:?}");
    let again = home.run(&import);
    assert!(
        text(&again.stdout).starts_with("10000 rows: 0 created, 10000 refused (9191 taken"),
        "{again:?}"
    );

    // Over HTTP, by Bob: another company takes them all, once.
    let over_http = || {
        let import =
            ["import", "customers", file, "--as", "bob@coca-cola.example", "--server", &server.url];
        let output =
            home.paddock(&import).env("PADDOCK_PASSWORD", "two-companies-one-database").output();
        text(&output.unwrap().stdout)
    };
    assert!(over_http().starts_with("10000 rows: 9191 created, 809 refused"));
    assert!(over_http().starts_with("10000 rows: 0 created, 10000 refused (9191 taken"));
    let count = "select count(*) from crm.customers where email_key not like '%.example'
        or email_key not in ('florence@track.example', 'eliud@marathon.example')";
    let counted = home.run(&["db", "psql", "--role", "admin", "--", "-Atc", count]);
    assert!(counted.status.success(), "{counted:?}");
}

#[test]
fn psql_as_the_application_meets_the_same_walls() {
    let home = Home::new();
    let server = home.dev();
    let psql = |sql: &str| text(&home.run(&["db", "psql", "--", "-Atc", sql]).stderr);
    assert!(
        psql("select * from customers")
            .contains("unrecognized configuration parameter \"app.company_id\"")
    );
    assert!(
        psql("insert into customers (company_id, name) values (gen_random_uuid(), 'Eve')")
            .contains("permission denied for table customers")
    );
    let owner = text(&home.run(&["db", "url", "--role", "owner"]).stdout);
    assert!(owner.starts_with("postgres://postgres:"), "{owner}");
    drop(server);
}

#[test]
fn serve_refuses_a_role_that_could_step_around_row_security() {
    let home = Home::new();
    let server = home.dev();
    let serve = |role: &str, secret: &str| {
        let url = text(&home.run(&["db", "url", "--role", role]).stdout).trim().to_owned();
        let auth = text(&home.run(&["db", "url", "--role", "auth"]).stdout).trim().to_owned();
        let mut command = home.paddock(&["serve", "--port", "0", "--allow-unpatched-postgres"]);
        command
            .env("DATABASE_URL", url)
            .env("PADDOCK_AUTH_DATABASE_URL", auth)
            .env("PADDOCK_JWT_SECRET", secret);
        command
    };
    let refused = serve("admin", &"0123456789abcdef".repeat(2)).output().unwrap();
    assert!(text(&refused.stderr).contains("Connect as paddock_app"), "{refused:?}");
    let weak = serve("app", "too short").output().unwrap();
    assert!(text(&weak.stderr).contains("at least 32 bytes"), "{weak:?}");
    let (ended_well, _) = Server::start(serve("app", &"0123456789abcdef".repeat(2))).stop();
    assert!(ended_well);
    drop(server);
}

#[test]
fn a_new_key_is_published_and_signs_without_a_restart() {
    let home = Home::new();
    let server = home.dev();
    let ask = |lines: &str| shell(lines, &server.url);
    let jwks = || ask("curl -s http://127.0.0.1:8080/.well-known/jwks.json");
    assert_eq!(jwks().matches("\"EdDSA\"").count(), 1, "{}", jwks());
    let made = home.run(&["keys", "new", "--folder", home.folder.join("keys").to_str().unwrap()]);
    let path = text(&made.stdout);
    let kid = std::path::Path::new(path.trim()).file_stem().unwrap().to_str().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while !jwks().contains(kid) {
        assert!(Instant::now() < deadline, "{}", jwks());
    }
    let login = "curl -s http://127.0.0.1:8080/v1/auth/login -H 'content-type: application/json' \
        -d '{\"email\":\"alice@nike.example\",\"password\":\"two-companies-one-database\"}'";
    let login: serde_json::Value = serde_json::from_str(&ask(login)).unwrap();
    assert_eq!(parts(login["access_token"].as_str().unwrap())[0]["kid"], kid);
    drop(server);
}

#[test]
fn a_stop_lets_requests_end_and_answers_every_one_of_them() {
    let home = Home::new();
    let server = home.dev();
    let mut slow = TcpStream::connect(server.address()).unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let body = r#"{"email":"alice@nike.example","password":"two-companies-one-database"}"#;
    let head = format!(
        "POST /v1/auth/login HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    slow.write_all(head.as_bytes()).unwrap();
    // The request has begun when the server asks for its body.
    let mut go_on = [0_u8; 25];
    slow.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    slow.write_all(&body.as_bytes()[..20]).unwrap();
    server.signal("TERM");
    // Stopping has begun when nobody new is let in.
    while TcpStream::connect(server.address()).is_ok() {
        std::thread::yield_now();
    }
    slow.write_all(&body.as_bytes()[20..]).unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
    let (ended_well, _) = server.stop();
    assert!(ended_well);
}

#[test]
fn a_body_that_trickles_in_is_given_up_on() {
    let home = Home::new();
    let server = home.dev();
    let mut slow = TcpStream::connect(server.address()).unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
    slow.write_all(
        b"POST /v1/auth/login HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n",
    )
    .unwrap();
    slow.write_all(b"content-length: 1000\r\n\r\n{").unwrap();
    let mut answer = [0_u8; 4096];
    let length = slow.read(&mut answer).unwrap();
    let answer = text(&answer[..length]);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("request-timeout"), "{answer}");
    drop(server);
}
