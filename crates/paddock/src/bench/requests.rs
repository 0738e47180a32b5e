//! The requests of the load: put together from prepared pieces, without asking the database for anything.

use std::time::{Duration, Instant};

use super::data::{BASE, CUSTOMER, DataSet};
use super::error::BenchError;
use super::rng::Rng;
use super::token::{LIFETIME, access_token};
use super::workload::{PAGE, ROWS_PER_BATCH, Workload};

/// What all connections share: the tokens of one user of each company.
pub(super) struct Requests<'a> {
    data: &'a DataSet,
    headers: Vec<String>,
    signed: Instant,
}

/// Whose requests are sent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Callers {
    /// Customers are drawn from all, so large companies come up more often.
    Everybody,
    /// One company only, by its number.
    Company(usize),
}

impl<'a> Requests<'a> {
    /// Signs the tokens.
    ///
    /// # Errors
    /// If the clock of the machine is of no use.
    pub(super) fn new(data: &'a DataSet) -> Result<Self, BenchError> {
        Ok(Self { data, headers: headers(data)?, signed: Instant::now() })
    }

    /// Signs them anew if they will not last for another turn. Not each time: a server may remember what
    /// it has verified, as it would in life.
    ///
    /// # Errors
    /// If the clock of the machine is of no use.
    pub(super) fn refresh(&mut self) -> Result<(), BenchError> {
        if self.signed.elapsed() > Duration::from_secs(LIFETIME / 2) {
            (self.headers, self.signed) = (headers(self.data)?, Instant::now());
        }
        Ok(())
    }
}

fn headers(data: &DataSet) -> Result<Vec<String>, BenchError> {
    let header = |company: u64| {
        let token = access_token(company)?;
        Ok(format!("host: 127.0.0.1\r\nauthorization: Bearer {token}\r\n"))
    };
    (0..data.companies().len() as u64).map(header).collect()
}

/// Writes one request after the other into the same memory.
pub(super) struct Writer<'a> {
    requests: &'a Requests<'a>,
    workload: Workload,
    callers: Callers,
    rng: Rng,
    create: Body,
    batch: Body,
    bytes: Vec<u8>,
}

impl<'a> Writer<'a> {
    /// Every writer needs a seed of its own, or e-mails would be taken.
    pub(super) fn new(
        requests: &'a Requests<'a>,
        workload: Workload,
        callers: Callers,
        seed: u64,
    ) -> Self {
        Self {
            requests,
            workload,
            callers,
            rng: Rng::new(seed),
            create: Body::create(),
            batch: Body::batch(),
            bytes: Vec::with_capacity(4_096),
        }
    }

    /// The next request.
    pub(super) fn next(&mut self) -> &[u8] {
        let customer = match self.callers {
            Callers::Everybody => self.rng.below(self.requests.data.customers()),
            Callers::Company(company) => {
                let customers = &self.requests.data.companies()[company];
                customers.start + self.rng.below(customers.end - customers.start)
            }
        };
        let headers = self.requests.headers[self.requests.data.company_of(customer)].as_bytes();
        let workload = self.draw();
        self.bytes.clear();
        match workload {
            Workload::Get => self.get(customer, headers),
            Workload::List => {
                let head = format_args!("GET /v1/customers?limit={PAGE} HTTP/1.1\r\n").to_string();
                self.pieces(&[head.as_bytes(), headers, b"\r\n"]);
            }
            Workload::Create => {
                let body = self.create.fresh(&mut self.rng);
                post(&mut self.bytes, b"POST /v1/customers HTTP/1.1\r\n", headers, body);
            }
            Workload::Batch => {
                let body = self.batch.fresh(&mut self.rng);
                post(&mut self.bytes, b"POST /v1/customers/batch HTTP/1.1\r\n", headers, body);
            }
            Workload::Hello | Workload::Mix | Workload::Noisy | Workload::Unchecked => {
                self.pieces(&[b"GET /v1/ping HTTP/1.1\r\n", headers, b"\r\n"]);
            }
        }
        &self.bytes
    }

    fn draw(&mut self) -> Workload {
        if self.workload != Workload::Mix {
            return self.workload;
        }
        match self.rng.below(10) {
            0 => Workload::Create,
            1..4 => Workload::List,
            _ => Workload::Get,
        }
    }

    fn get(&mut self, customer: u64, headers: &[u8]) {
        let id = hex(BASE + customer);
        self.pieces(&[
            b"GET /v1/customers/",
            CUSTOMER.as_bytes(),
            &id[4..],
            b" HTTP/1.1\r\n",
            headers,
            b"\r\n",
        ]);
    }

    fn pieces(&mut self, pieces: &[&[u8]]) {
        for piece in pieces {
            self.bytes.extend_from_slice(piece);
        }
    }
}

fn post(bytes: &mut Vec<u8>, line: &[u8], headers: &[u8], body: &[u8]) {
    bytes.extend_from_slice(line);
    bytes.extend_from_slice(headers);
    bytes.extend_from_slice(b"content-type: application/json\r\ncontent-length: ");
    bytes.extend_from_slice(body.len().to_string().as_bytes());
    bytes.extend_from_slice(b"\r\n\r\n");
    bytes.extend_from_slice(body);
}

/// A document with gaps of sixteen digits that make each copy of it unique.
struct Body {
    bytes: Vec<u8>,
    gaps: Vec<usize>,
}

const GAP: &str = "################";

impl Body {
    fn create() -> Self {
        Self::of(&format!(r#"{{"name":"Grace {GAP}","email":"{GAP}@bench.example"}}"#))
    }

    fn batch() -> Self {
        let item = |i| format!(r#"{{"name":"Batch {i:04}","email":"{GAP}.{i:04}@bench.example"}}"#);
        let items: Vec<String> = (0..ROWS_PER_BATCH).map(item).collect();
        let items = items.join(",");
        Self::of(&format!(r#"{{"operation":"create","atomic":true,"items":[{items}]}}"#))
    }

    fn of(text: &str) -> Self {
        let gaps = text.match_indices(GAP).map(|(at, _)| at).collect();
        Self { bytes: text.as_bytes().to_vec(), gaps }
    }

    fn fresh(&mut self, rng: &mut Rng) -> &[u8] {
        let nonce = hex(rng.any());
        for gap in &self.gaps {
            self.bytes[*gap..*gap + GAP.len()].copy_from_slice(&nonce);
        }
        &self.bytes
    }
}

/// Sixteen hexadecimal digits.
fn hex(number: u64) -> [u8; 16] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    std::array::from_fn(|i| DIGITS[(number >> (60 - 4 * i)) as usize & 15])
}

#[cfg(test)]
mod tests {
    use super::{Body, Callers, DataSet, Requests, Rng, Workload, Writer};

    #[test]
    fn a_body_is_filled_in_and_never_the_same() {
        let (mut body, mut rng) = (Body::create(), Rng::new(1));
        let first = body.fresh(&mut rng).to_vec();
        assert!(!first.contains(&b'#'));
        assert_ne!(first, body.fresh(&mut rng));
        assert_eq!(Body::batch().gaps.len(), 1_000);
    }

    #[test]
    fn a_request_names_a_customer_of_the_caller() -> Result<(), super::BenchError> {
        let data = DataSet::quick();
        let requests = Requests::new(&data)?;
        let mut writer = Writer::new(&requests, Workload::Get, Callers::Company(0), 7);
        let text = String::from_utf8_lossy(writer.next()).into_owned();
        assert!(text.starts_with("GET /v1/customers/01900000-0000-7000-8003-10000000"), "{text}");
        assert!(text.ends_with("\r\n\r\n"));
        Ok(())
    }
}
