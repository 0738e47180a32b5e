//! A noisy neighbour: what one company notices of another one that asks fifty times as often as it may, or,
//! where it may, as often as it can. Quiet and noise take turns.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::data::DataSet;
use super::error::BenchError;
use super::figures::Noise;
use super::histogram::Histogram;
use super::http::Connection;
use super::measure::Bench;
use super::requests::{Callers, Requests, Writer};
use super::server::Start;
use super::workload::{NOISY_ROUNDS, Workload};

/// Requests a second that a company may send.
const QUOTA: u32 = 100;
/// What the quiet company sends, over so many connections.
const QUIET: Crowd = Crowd { connections: 4, each: Some(Duration::from_millis(50)), seed: 1 };
/// Fifty times the quota, over so many connections.
const EXCESS: Crowd = Crowd { connections: 10, each: Some(Duration::from_millis(2)), seed: 2 };
/// As much as there can be.
const FLOOD: Crowd = Crowd { connections: 32, each: None, seed: 3 };
const WARM_UP: Duration = Duration::from_millis(500);

/// Who sends the same kind of request over some connections, at a pace or one after the other.
#[derive(Debug, Clone, Copy)]
struct Crowd {
    connections: usize,
    each: Option<Duration>,
    seed: u64,
}

/// What came back.
#[derive(Default)]
struct Heard {
    latencies: Option<Histogram>,
    served: u64,
    refused: u64,
    time: Duration,
}

impl Bench<'_> {
    /// With rate limits; and without them, with nothing but the walls within the pool.
    pub(super) fn noise(&mut self) -> Result<Vec<Noise>, BenchError> {
        if !self.plan.cells.iter().any(|cell| cell.0 == Workload::Noisy) {
            return Ok(Vec::new());
        }
        self.requests.refresh()?;
        let quota = format!("{QUOTA}/1");
        let limited = self.noise_of("rate limits", &quota, EXCESS)?;
        let walls = self.noise_of("walls only", "off", FLOOD)?;
        Ok(vec![limited, walls])
    }

    fn noise_of(&self, name: &'static str, rate: &str, noise: Crowd) -> Result<Noise, BenchError> {
        let mut settings = self.start.settings.to_vec();
        let limits = ["COMPANY", "USER"];
        settings.extend(limits.map(|limit| format!("PADDOCK_RATE_LIMIT_{limit}={rate}")));
        let start = Start { settings: &settings, ..self.start.clone() };
        let server = start.server(self.database, self.database.port())?;
        let time = Duration::from_secs(self.plan.seconds.into());
        let (mut quiet, mut noisy, mut neighbour) =
            (Histogram::new(), Histogram::new(), Heard::default());
        for round in 1..=NOISY_ROUNDS {
            eprintln!("noisy: {name}, round {round} of {NOISY_ROUNDS}");
            let scene =
                Scene { address: server.address(), requests: &self.requests, data: self.data };
            quiet.merge(&scene.play(None, time)?.0);
            let (latencies, heard) = scene.play(Some(noise), time)?;
            noisy.merge(&latencies);
            neighbour.add(&heard);
        }
        Ok(Noise::new(name, &quiet, &noisy, neighbour.per_second()))
    }
}

struct Scene<'a> {
    address: SocketAddr,
    requests: &'a Requests<'a>,
    data: &'a DataSet,
}

impl Scene<'_> {
    /// The quiet company's latencies, while the largest one is noisy or not there.
    fn play(&self, noise: Option<Crowd>, time: Duration) -> Result<(Histogram, Heard), BenchError> {
        let (counts, stop) = (&AtomicBool::new(false), &AtomicBool::new(false));
        let quiet = Callers::Company(self.data.companies().len() - 1);
        thread::scope(|scope| {
            let start = |crowd: Crowd, callers| -> Vec<_> {
                let speak = move |n| self.speak(crowd, callers, n as u64, counts, stop);
                (0..crowd.connections).map(|n| scope.spawn(move || speak(n))).collect()
            };
            let noise = noise.map(|crowd| start(crowd, Callers::Company(0))).unwrap_or_default();
            let quiet = start(QUIET, quiet);
            thread::sleep(WARM_UP);
            counts.store(true, Ordering::Relaxed);
            thread::sleep(time);
            stop.store(true, Ordering::Relaxed);
            let (quiet, mut noise) = (gather(quiet)?, gather(noise)?);
            noise.time = time;
            if quiet.refused > 0 {
                return Err(BenchError::new("noisy: the quiet company was refused"));
            }
            Ok((quiet.latencies.unwrap_or_else(Histogram::new), noise))
        })
    }

    /// One connection, until the end.
    fn speak(
        &self,
        crowd: Crowd,
        callers: Callers,
        number: u64,
        counts: &AtomicBool,
        stop: &AtomicBool,
    ) -> Result<Heard, BenchError> {
        let failed = |error| BenchError::new(format!("noisy: {error}"));
        let seed = (crowd.seed << 8 | number) << 40;
        let mut writer = Writer::new(self.requests, Workload::Get, callers, seed);
        let mut connection = Connection::open(self.address).map_err(failed)?;
        let (mut heard, mut latencies) = (Heard::default(), Histogram::new());
        let mut due = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            if let Some(each) = crowd.each {
                thread::sleep(due.saturating_duration_since(Instant::now()));
                due += each;
            }
            let request = writer.next();
            let start = Instant::now();
            let answer = connection.exchange(request).map_err(failed)?;
            if counts.load(Ordering::Relaxed) {
                latencies.record(start.elapsed());
                match answer.status {
                    200 => heard.served += 1,
                    429 | 503 => heard.refused += 1,
                    other => return Err(BenchError::new(format!("noisy: answered {other}"))),
                }
            }
        }
        heard.latencies = Some(latencies);
        Ok(heard)
    }
}

impl Heard {
    fn add(&mut self, other: &Self) {
        self.served += other.served;
        self.refused += other.refused;
        self.time += other.time;
        if let Some(latencies) = &other.latencies {
            self.latencies.get_or_insert_with(Histogram::new).merge(latencies);
        }
    }

    /// Served and refused.
    fn per_second(&self) -> [f64; 2] {
        [self.served, self.refused].map(|count| count as f64 / self.time.as_secs_f64())
    }
}

type Thread<'scope> = thread::ScopedJoinHandle<'scope, Result<Heard, BenchError>>;

fn gather(threads: Vec<Thread<'_>>) -> Result<Heard, BenchError> {
    let mut all = Heard::default();
    for thread in threads {
        let panicked = |_| BenchError::new("a connection panicked");
        all.add(&thread.join().map_err(panicked)??);
    }
    Ok(all)
}
