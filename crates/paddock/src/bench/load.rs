//! The load generator: one thread and one connection each, and nothing shared but a word that says
//! whether it counts.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::error::BenchError;
use super::histogram::Histogram;
use super::http::{Answer, Connection};
use super::requests::{Callers, Requests, Writer};
use super::workload::Workload;

/// How the server is to be loaded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// With which requests.
    pub(super) workload: Workload,
    /// Whose requests.
    pub(super) callers: Callers,
    /// Over how many connections.
    pub(super) connections: usize,
    /// Before anything counts.
    pub(super) warm_up: Duration,
    /// For how long.
    pub(super) time: Duration,
}

/// What the load came to.
pub(super) struct Answers {
    /// The latencies of those that count.
    pub(super) latencies: Histogram,
    /// For how long they were counted.
    pub(super) time: Duration,
    /// How many were no success, and what the first of them was; none if all were.
    pub(super) failures: Option<String>,
}

const WARM_UP: u8 = 0;
const COUNT: u8 = 1;
const STOP: u8 = 2;

/// So that no two writers of a run, or of two runs, make the same e-mails.
static SEEDS: AtomicU64 = AtomicU64::new(0);

impl Load {
    /// Loads the server; `look` is called when counting begins and when it ends.
    ///
    /// # Errors
    /// If the server cannot be reached, or no answer at all is a success.
    pub(super) fn run<T>(
        &self,
        requests: &Requests<'_>,
        mut look: impl FnMut() -> T,
    ) -> Result<(Answers, T, T), BenchError> {
        let phase = AtomicU8::new(WARM_UP);
        thread::scope(|scope| {
            let connect = || scope.spawn(|| self.connection(requests, &phase));
            let threads: Vec<_> = (0..self.connections).map(|_| connect()).collect();
            thread::sleep(self.warm_up);
            let before = look();
            phase.store(COUNT, Ordering::Relaxed);
            let start = Instant::now();
            thread::sleep(self.time);
            phase.store(STOP, Ordering::Relaxed);
            let time = start.elapsed();
            let after = look();
            let mut all = Counted::new();
            for thread in threads {
                let counted =
                    thread.join().map_err(|_| BenchError::new("a connection panicked"))?;
                all.merge(counted?);
            }
            let failures = all.failures(self.workload);
            if all.latencies.total() == 0 {
                let nothing = || format!("{}: no answer came in time", self.workload.code());
                return Err(BenchError::new(failures.unwrap_or_else(nothing)));
            }
            Ok((Answers { latencies: all.latencies, time, failures }, before, after))
        })
    }

    /// What counts is a success that comes while it counts. What failed, failed at any time.
    fn connection(&self, requests: &Requests<'_>, phase: &AtomicU8) -> Result<Counted, BenchError> {
        let failed = |error| BenchError::new(format!("{}: {error}", self.workload.code()));
        let seed = SEEDS.fetch_add(1, Ordering::Relaxed);
        let mut writer = Writer::new(requests, self.workload, self.callers, seed << 40);
        let mut connection = Connection::open(self.address).map_err(failed)?;
        let mut counted = Counted::new();
        loop {
            let request = writer.next();
            let start = Instant::now();
            let answer = connection.exchange(request).map_err(failed)?;
            let latency = start.elapsed();
            let success = answer.is_success();
            if !success {
                counted.fail(&answer);
            }
            match phase.load(Ordering::Relaxed) {
                WARM_UP => {}
                COUNT if success => counted.latencies.record(latency),
                COUNT => {}
                _ => return Ok(counted),
            }
        }
    }
}

/// What one connection has seen, or all of them.
struct Counted {
    latencies: Histogram,
    failures: u64,
    first_failure: Option<String>,
}

impl Counted {
    fn new() -> Self {
        Self { latencies: Histogram::new(), failures: 0, first_failure: None }
    }

    fn fail(&mut self, answer: &Answer<'_>) {
        self.failures += 1;
        self.first_failure.get_or_insert_with(|| {
            format!("{} {}", answer.status, String::from_utf8_lossy(answer.body))
        });
    }

    fn merge(&mut self, other: Self) {
        self.latencies.merge(&other.latencies);
        self.failures += other.failures;
        self.first_failure = self.first_failure.take().or(other.first_failure);
    }

    fn failures(&self, workload: Workload) -> Option<String> {
        self.first_failure.as_ref().map(|first| {
            format!(
                "{}: {} answers were no success beside {} that count; the first was {first}",
                workload.code(),
                self.failures,
                self.latencies.total(),
            )
        })
    }
}
