//! Bytes on a socket that no client library would send, against the real program.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::harness::program::{Home, Server};

/// Everything that comes back until the server closes the connection.
fn exchange(server: &Server, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // The server may have answered and gone before it has read everything.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

/// How many answers there are: one smuggled request would be a second one.
fn answers(answer: &str) -> usize {
    answer.matches("HTTP/1.1 ").count()
}

#[test]
fn whatever_comes_over_the_socket_the_program_answers_and_goes_on() {
    let home = Home::new();
    let mut command = home.paddock(&["dev", "--port", "0"]);
    command.env("PADDOCK_RATE_LIMIT_ADDRESS", "2/3600");
    command.env("PADDOCK_TRUSTED_PROXIES", "127.0.0.0/8, ::1");
    command.env("PADDOCK_COMPANY_SHARE", "25");
    let server = Server::start(command);
    what_two_parsers_could_read_in_two_ways_is_refused(&server);
    a_flood_of_headers_is_refused(&server);
    the_settings_of_the_program_are_those_of_its_limits(&server);
}

fn what_two_parsers_could_read_in_two_ways_is_refused(server: &Server) {
    let smuggled = "GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let length = smuggled.len();
    let heads = [
        format!("content-length: 0\r\ncontent-length: {length}"),
        format!("content-length: {length}\r\ncontent-length: {length}"),
        format!("content-length: {length}\r\ntransfer-encoding: chunked"),
        format!("transfer-encoding: chunked\r\ncontent-length: {length}"),
        "transfer-encoding: chunked, identity".to_owned(),
        "transfer-encoding: identity, chunked, gzip".to_owned(),
        "content-length: +0".to_owned(),
        "content-length: -1".to_owned(),
        "content-length: 0x0".to_owned(),
        "content-length: 0, 0".to_owned(),
        "x-folded: a\r\n b".to_owned(),
        "x-nul: a\0b".to_owned(),
        "x nul: a".to_owned(),
        "content-length : 0".to_owned(),
    ];
    for head in heads {
        let request =
            format!("POST /v1/auth/login HTTP/1.1\r\nhost: x\r\n{head}\r\n\r\n{smuggled}");
        let answer = exchange(server, request.as_bytes());
        assert_eq!((status(&answer), answers(&answer)), ("400", 1), "{head:?} {answer}");
    }
}

fn a_flood_of_headers_is_refused(server: &Server) {
    let many: String = (0..200).map(|n| format!("x-{n}: a\r\n")).collect();
    let long = format!("x-long: {}\r\n", "a".repeat(200_000));
    for headers in [many, long] {
        let request = format!("GET /livez HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
        assert_eq!(status(&exchange(server, request.as_bytes())), "431");
    }
    let good = "GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    assert_eq!(status(&exchange(server, good.as_bytes())), "200");
}

fn the_settings_of_the_program_are_those_of_its_limits(server: &Server) {
    let ask = |client: &str| {
        let request = format!(
            "GET /v1/me HTTP/1.1\r\nhost: x\r\nx-forwarded-for: {client}\r\nconnection: close\r\n\r\n"
        );
        status(&exchange(server, request.as_bytes())).to_owned()
    };
    assert_eq!([ask("192.0.2.1"), ask("192.0.2.1"), ask("192.0.2.1")], ["401", "401", "429"]);
    assert_eq!(ask("192.0.2.2"), "401");
}

#[test]
fn a_setting_that_is_none_is_refused_at_the_start() {
    let settings = [
        ("PADDOCK_RATE_LIMIT_USER", "many", "<requests>/<seconds>"),
        ("PADDOCK_TRUSTED_PROXIES", "everybody", "CIDR"),
        ("PADDOCK_COMPANY_SHARE", "0", "1..=100"),
    ];
    for (name, value, why) in settings {
        let mut command = Home::new().paddock(&["serve"]);
        let output = command.env(name, value).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(why), "{said}");
    }
}
