//! Rows over HTTP: logs in, sends batches, waits when the server asks for it.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use ureq::Agent;
use ureq::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use ureq::tls::TlsConfig;

use super::sink::{Fate, NewRow, Sink, SinkError};

/// What a request's body may measure; the server takes 2 MiB.
const BODY: usize = 2 * 1024 * 1024 - 1024;

/// What an answer's body may measure.
const ANSWER: u64 = 16 * 1024 * 1024;

/// How often a request is sent again that the server had no time for.
const RETRIES: u32 = 5;

/// The longest that is waited before a request is sent again, whatever the server asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How long one request may take, from the connection to the last byte of the answer.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Sends rows to `POST /v1/customers/batch`, as the user who imports.
pub(crate) struct HttpSink {
    agent: Agent,
    server: String,
    email: String,
    password: String,
    token: Option<String>,
}

impl HttpSink {
    /// Does not connect before the first rows come.
    pub(crate) fn new(server: &str, email: &str, password: &str) -> Self {
        // No redirects: a POST would become a GET, or the password go elsewhere.
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = TlsConfig::builder().unversioned_rustls_crypto_provider(provider).build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_global(Some(TIMEOUT))
            .user_agent(concat!("paddock/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            agent: config.into(),
            server: server.trim_end_matches('/').to_owned(),
            email: email.to_owned(),
            password: password.to_owned(),
            token: None,
        }
    }

    /// Sends one batch and reads the fates of its rows.
    fn send(&mut self, batch: &Batch) -> Result<Vec<Fate>, SinkError> {
        let mut answer = self.post_as_user("/v1/customers/batch", &batch.body())?;
        if answer.is_token_expired() {
            self.token = None;
            answer = self.post_as_user("/v1/customers/batch", &batch.body())?;
        }
        if answer.status != 200 {
            return Err(answer.failure());
        }
        fates(&answer, batch.items.len())
    }

    /// Sends a request with the access token, which it gets first if there is none.
    fn post_as_user(&mut self, path: &str, body: &[u8]) -> Result<Answer, SinkError> {
        let token = match self.token.take() {
            Some(token) => token,
            None => self.log_in()?,
        };
        let answer = self.post(path, body, Some(&token));
        self.token = Some(token);
        answer
    }

    fn log_in(&self) -> Result<String, SinkError> {
        let credentials = json(&Credentials { email: &self.email, password: &self.password })?;
        let answer = self.post("/v1/auth/login", &credentials, None)?;
        if answer.status != 200 {
            let failure = answer.failure();
            return Err(SinkError::new(format!("cannot log in as {}: {failure}", self.email)));
        }
        answer.read::<Tokens>().map(|tokens| tokens.access_token)
    }

    /// Sends a request, again and again while the server has no time for it.
    ///
    /// Sending a batch twice doubles nothing: rows that the first attempt stored after all come back as
    /// taken. Nobody can tell then who stored them, so they count as refused, with a word about it.
    fn post(&self, path: &str, body: &[u8], token: Option<&str>) -> Result<Answer, SinkError> {
        let mut answer = self.post_once(path, body, token)?;
        for _ in 0..RETRIES {
            let Some(wait) = answer.retry_after else { break };
            thread::sleep(wait.min(LONGEST_WAIT));
            answer = Answer { was_retried: true, ..self.post_once(path, body, token)? };
        }
        Ok(answer)
    }

    fn post_once(&self, path: &str, body: &[u8], token: Option<&str>) -> Result<Answer, SinkError> {
        let mut request = self
            .agent
            .post(format!("{}{path}", self.server))
            .header(CONTENT_TYPE, "application/json");
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let unreachable = |error| {
            SinkError::new(format!(
                "cannot talk to {}: {error}; is the server running?",
                self.server
            ))
        };
        let mut response = request.send(body).map_err(unreachable)?;
        let status = response.status().as_u16();
        let seconds =
            response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let retry_after = seconds.map(Duration::from_secs).filter(|_| status == 503);
        let body =
            response.body_mut().with_config().limit(ANSWER).read_to_vec().map_err(unreachable)?;
        Ok(Answer { status, retry_after, body, was_retried: false })
    }
}

impl Sink for HttpSink {
    fn put(&mut self, rows: &[NewRow]) -> Result<Vec<Fate>, SinkError> {
        let mut fates = Vec::with_capacity(rows.len());
        for batch in batches(rows, BODY)? {
            fates.extend(self.send(&batch)?);
        }
        Ok(fates)
    }
}

#[derive(Serialize)]
struct Credentials<'a> {
    email: &'a str,
    password: &'a str,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
}

#[derive(Serialize)]
struct Item<'a> {
    name: &'a str,
    email: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    lifecycle_stage: &'static str,
}

impl<'a> From<&'a NewRow> for Item<'a> {
    fn from(row: &'a NewRow) -> Self {
        Self {
            name: &row.name,
            email: &row.email,
            phone: row.phone.as_deref(),
            title: row.title.as_deref(),
            lifecycle_stage: row.lifecycle_stage.as_str(),
        }
    }
}

/// Rows that fit into one request, each as JSON.
struct Batch {
    items: Vec<Vec<u8>>,
}

impl Batch {
    const START: &[u8] = br#"{"operation":"create","atomic":false,"items":["#;
    const END: &[u8] = b"]}";

    fn body(&self) -> Vec<u8> {
        [Self::START, &self.items.join(&b','), Self::END].concat()
    }
}

/// Splits rows so that no body is larger than this many bytes.
fn batches(rows: &[NewRow], limit: usize) -> Result<Vec<Batch>, SinkError> {
    let empty = Batch::START.len() + Batch::END.len();
    let mut batches: Vec<Batch> = Vec::new();
    let mut size = empty;
    for row in rows {
        let item = json(&Item::from(row))?;
        size += item.len() + 1;
        match batches.last_mut() {
            Some(batch) if size <= limit => batch.items.push(item),
            _ => {
                size = empty + item.len() + 1;
                batches.push(Batch { items: vec![item] });
            }
        }
    }
    Ok(batches)
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, SinkError> {
    serde_json::to_vec(value).map_err(|error| SinkError::new(error.to_string()))
}

/// What the server said.
struct Answer {
    status: u16,
    retry_after: Option<Duration>,
    body: Vec<u8>,
    was_retried: bool,
}

impl Answer {
    fn read<T: DeserializeOwned>(&self) -> Result<T, SinkError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            SinkError::new(format!("the answer is not Paddock's ({error}); is the address right?"))
        })
    }

    fn is_token_expired(&self) -> bool {
        let code = || self.read::<Problem>().ok().and_then(|problem| problem.code);
        self.status == 401 && code().as_deref() == Some("token-expired")
    }

    /// The problem in the answer's body, or at least its status.
    fn failure(&self) -> SinkError {
        let status = self.status;
        let Problem { title, detail, code, .. } = self.read().unwrap_or_default();
        let title = title.unwrap_or_else(|| "the server refused without a reason".to_owned());
        let detail = detail.map(|detail| format!(": {detail}")).unwrap_or_default();
        let code = code.map(|code| format!(" {code}")).unwrap_or_default();
        SinkError::new(format!("{title}{detail} ({status}{code})"))
    }
}

/// RFC 9457, and the error of one row.
#[derive(Deserialize, Default)]
struct Problem {
    title: Option<String>,
    detail: Option<String>,
    code: Option<String>,
    #[serde(default)]
    errors: Vec<FieldError>,
}

#[derive(Deserialize)]
struct FieldError {
    pointer: String,
    code: String,
    message: String,
}

#[derive(Deserialize)]
struct BatchAnswer {
    results: Vec<RowAnswer>,
}

#[derive(Deserialize)]
struct RowAnswer {
    index: usize,
    status: u16,
    error: Option<Problem>,
}

/// The fates of a batch's rows, in their order.
fn fates(answer: &Answer, rows: usize) -> Result<Vec<Fate>, SinkError> {
    let mut results = answer.read::<BatchAnswer>()?.results;
    results.sort_by_key(|result| result.index);
    if !results.iter().map(|result| result.index).eq(0..rows) {
        return Err(SinkError::new("the server did not answer for each row exactly once"));
    }
    Ok(results.into_iter().map(|result| fate(result, answer.was_retried)).collect())
}

fn fate(result: RowAnswer, was_retried: bool) -> Fate {
    if (200..300).contains(&result.status) {
        return Fate::Created;
    }
    let Problem { title, detail, code, errors } = result.error.unwrap_or_default();
    let about_row = || FieldError {
        pointer: "/row".to_owned(),
        code: code.unwrap_or_else(|| format!("status-{}", result.status)),
        message: detail.or(title).unwrap_or_else(|| "the server gives no reason".to_owned()),
    };
    let FieldError { pointer, code, mut message } =
        errors.into_iter().next().unwrap_or_else(about_row);
    if was_retried && code == "taken" {
        message
            .push_str(", perhaps by this import: an earlier attempt at these rows went unanswered");
    }
    let field = pointer.rsplit('/').next().unwrap_or_default().to_owned();
    Fate::Refused { field, code, message }
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::thread::{self, JoinHandle};

    use super::super::sink::{Fate, NewRow, Sink};
    use super::{HttpSink, batches};
    use paddock_api::LifecycleStage;

    const LOGIN: (u16, &str) = (200, r#"{"access_token":"t1","token_type":"Bearer"}"#);
    const CREATED: (u16, &str) = (200, r#"{"results":[{"index":0,"status":201,"id":"x"}]}"#);
    const TAKEN: (u16, &str) = (
        200,
        r#"{"results":[{"index":0,"status":409,"error":{"code":"already-exists","errors":[
            {"pointer":"/email","code":"taken","message":"another record has this value"}]}}]}"#,
    );
    const OVERLOADED: (u16, &str) =
        (503, r#"{"title":"Too much is going on","code":"overloaded"}"#);

    type Requests = JoinHandle<Vec<String>>;

    /// A server that gives these answers, one after the other, and then tells what it was asked.
    fn server(answers: &[(u16, &'static str)]) -> Result<(HttpSink, Requests), Box<dyn Error>> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}/", listener.local_addr()?);
        let answers = answers.to_vec();
        let requests = thread::spawn(move || {
            let serve = |answer| answer_one(listener.accept().ok()?.0, answer);
            answers.into_iter().filter_map(serve).collect()
        });
        Ok((HttpSink::new(&url, "alice@nike.example", "secret"), requests))
    }

    /// Request line, `Authorization` and body of one request.
    fn answer_one(mut stream: TcpStream, (status, body): (u16, &str)) -> Option<String> {
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        let (mut request, mut length) = (String::new(), 0);
        reader.read_line(&mut request).ok()?;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let lower = line.to_ascii_lowercase();
            if lower.starts_with("authorization:") {
                request.push_str(&line);
            } else if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            } else if line.trim().is_empty() {
                break;
            }
        }
        let mut content = vec![0; length];
        reader.read_exact(&mut content).ok()?;
        request.push_str(&String::from_utf8_lossy(&content));
        let head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\nRetry-After: 0\r\n");
        write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).ok()?;
        Some(request)
    }

    fn row(name: &str) -> NewRow {
        NewRow {
            name: name.to_owned(),
            email: "ada@sample.example".to_owned(),
            phone: None,
            title: Some("Countess".to_owned()),
            lifecycle_stage: LifecycleStage::Customer,
        }
    }

    fn message(fate: &Fate) -> &str {
        match fate {
            Fate::Created => "",
            Fate::Refused { message, .. } => message,
        }
    }

    #[test]
    fn it_logs_in_once_and_sends_batches_with_the_token() -> Result<(), Box<dyn Error>> {
        let (mut sink, requests) = server(&[LOGIN, CREATED, TAKEN])?;
        assert_eq!(sink.put(&[row("Ada")])?, [Fate::Created]);
        let [field, code, message] =
            ["email", "taken", "another record has this value"].map(str::to_owned);
        assert_eq!(sink.put(&[row("Ada")])?, [Fate::Refused { field, code, message }]);
        let requests = requests.join().map_err(|_| "the server fell over")?;
        let login = "POST /v1/auth/login HTTP/1.1\r\n{\"email\":\"alice@nike.example\",\"password\":\"secret\"}";
        assert_eq!(requests[0], login);
        let batch = "POST /v1/customers/batch HTTP/1.1\r\nauthorization: Bearer t1\r\n\
            {\"operation\":\"create\",\"atomic\":false,\"items\":[{\"name\":\"Ada\",\
            \"email\":\"ada@sample.example\",\"title\":\"Countess\",\"lifecycle_stage\":\"customer\"}]}";
        assert_eq!(requests[1..], [batch, batch]);
        Ok(())
    }

    #[test]
    fn an_expired_token_is_renewed_once() -> Result<(), Box<dyn Error>> {
        let expired = (401, r#"{"title":"The access token has expired","code":"token-expired"}"#);
        let renewed = (200, r#"{"access_token":"t2"}"#);
        let (mut sink, requests) = server(&[LOGIN, expired, renewed, CREATED])?;
        assert_eq!(sink.put(&[row("Ada")])?, [Fate::Created]);
        let requests = requests.join().map_err(|_| "the server fell over")?;
        assert!(requests[3].contains("Bearer t2"), "{}", requests[3]);
        let (mut sink, _) = server(&[LOGIN, expired, renewed, expired])?;
        let error = sink.put(&[row("Ada")]).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some("The access token has expired (401 token-expired)"));
        Ok(())
    }

    #[test]
    fn a_wrong_password_is_told_in_the_servers_words() -> Result<(), Box<dyn Error>> {
        let wrong =
            (401, r#"{"title":"E-mail or password is wrong","code":"invalid-credentials"}"#);
        let (mut sink, _) = server(&[wrong])?;
        let error = sink.put(&[row("Ada")]).err().map(|error| error.to_string());
        let expected = "cannot log in as alice@nike.example: E-mail or password is wrong (401 invalid-credentials)";
        assert_eq!(error.as_deref(), Some(expected));
        Ok(())
    }

    #[test]
    fn an_overloaded_server_is_asked_again_and_doubt_is_told() -> Result<(), Box<dyn Error>> {
        let (mut sink, _) =
            server(&[OVERLOADED, LOGIN, OVERLOADED, OVERLOADED, CREATED, OVERLOADED, TAKEN])?;
        assert_eq!(sink.put(&[row("Ada")])?, [Fate::Created]);
        let fates = sink.put(&[row("Ada")])?;
        assert!(
            fates.iter().all(|fate| message(fate).contains("perhaps by this import")),
            "{fates:?}"
        );
        Ok(())
    }

    #[test]
    fn a_server_that_stays_overloaded_is_given_up() -> Result<(), Box<dyn Error>> {
        let answers = [&[LOGIN][..], &[OVERLOADED; 6]].concat();
        let (mut sink, requests) = server(&answers)?;
        let error = sink.put(&[row("Ada")]).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some("Too much is going on (503 overloaded)"));
        assert_eq!(requests.join().map_err(|_| "the server fell over")?.len(), 7);
        Ok(())
    }

    #[test]
    fn an_answer_that_is_no_paddocks_is_no_success() -> Result<(), Box<dyn Error>> {
        for (status, body) in
            [(200, "<html>"), (200, r#"{"results":[]}"#), (302, ""), (502, "bad gateway")]
        {
            let (mut sink, _) = server(&[LOGIN, (status, body)])?;
            assert!(sink.put(&[row("Ada")]).is_err(), "{status} {body}");
        }
        Ok(())
    }

    #[test]
    fn a_server_that_is_not_there_is_named() {
        let mut sink = HttpSink::new("http://127.0.0.1:1", "alice@nike.example", "secret");
        let error =
            sink.put(&[row("Ada")]).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.starts_with("cannot talk to http://127.0.0.1:1: "), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn no_body_is_larger_than_allowed_and_no_row_is_lost() -> Result<(), Box<dyn Error>> {
        let rows: Vec<NewRow> = (0..100).map(|_| row(&"ö".repeat(200))).collect();
        let batches = batches(&rows, 5000)?;
        assert!(batches.iter().all(|batch| batch.body().len() <= 5000));
        assert!(batches.len() >= 10);
        assert_eq!(batches.iter().map(|batch| batch.items.len()).sum::<usize>(), 100);
        Ok(())
    }
}
