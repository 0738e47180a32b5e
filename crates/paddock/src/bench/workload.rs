//! What is measured, for how long, and the bars that the figures are held against.

use std::time::Duration;

use super::error::BenchError;

/// One kind of request, or a mix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Workload {
    /// The bare authenticated endpoint: a token is verified, the database is not asked.
    Hello,
    /// One customer by id.
    Get,
    /// The twenty newest customers of a company.
    List,
    /// Creates one customer.
    Create,
    /// Six times in ten [`Workload::Get`], three times [`Workload::List`], once [`Workload::Create`].
    Mix,
    /// Creates a thousand customers in one request, all or none.
    Batch,
    /// Some of [`Workload::Get`] of one company, while another one asks far more often than it may.
    Noisy,
    /// [`Workload::Get`] without asking whether the user may still act; only the floor can do that.
    Unchecked,
}

impl Workload {
    /// All of them, in the order of the report.
    pub(super) const ALL: [Self; 8] = [
        Self::Hello,
        Self::Get,
        Self::List,
        Self::Create,
        Self::Mix,
        Self::Batch,
        Self::Noisy,
        Self::Unchecked,
    ];

    /// Its short name, on the command line and in figures.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::Get => "W1",
            Self::List => "W2",
            Self::Create => "W4",
            Self::Mix => "W5",
            Self::Batch => "W8",
            Self::Noisy => "noisy",
            Self::Unchecked => "check",
        }
    }

    /// What it does, in a few words.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Hello => "token only",
            Self::Get => "get one customer",
            Self::List => "list 20 newest",
            Self::Create => "create a customer",
            Self::Mix => "60 get, 30 list, 10 create",
            Self::Batch => "create 1,000 customers",
            Self::Noisy => "a noisy neighbour",
            Self::Unchecked => "what asking for the user costs",
        }
    }

    /// The share of the floor's rate that the server must reach.
    pub(super) const fn bar(self) -> Option<f64> {
        match self {
            Self::Hello | Self::Noisy | Self::Unchecked => None,
            Self::Get | Self::Mix => Some(0.50),
            Self::List => Some(0.55),
            Self::Create => Some(0.75),
            Self::Batch => Some(0.80),
        }
    }

    /// Rows read or written by one request of which rows are the measure.
    pub(super) const fn rows(self) -> f64 {
        if matches!(self, Self::Batch) { ROWS_PER_BATCH as f64 } else { 1.0 }
    }

    /// Whether the CPU of the server is held against that of [`Workload::Hello`], which then takes turns with it.
    pub(super) const fn is_held_against_hello(self) -> bool {
        matches!(self, Self::Get | Self::List)
    }

    /// Whether it is neither held against the floor nor against hello, but stands for a comparison of its own.
    pub(super) const fn is_of_its_own(self) -> bool {
        matches!(self, Self::Noisy | Self::Unchecked)
    }

    /// Whether it leaves rows behind.
    pub(super) const fn writes(self) -> bool {
        matches!(self, Self::Create | Self::Mix | Self::Batch)
    }
}

/// Finds a workload by its short name.
impl std::str::FromStr for Workload {
    type Err = BenchError;

    fn from_str(text: &str) -> Result<Self, BenchError> {
        let found =
            Self::ALL.into_iter().find(|workload| workload.code().eq_ignore_ascii_case(text));
        let all = || Self::ALL.map(Self::code).join(", ");
        found.ok_or_else(|| BenchError::new(format!("there is no workload {text}, only {}", all())))
    }
}

/// How many customers one request of [`Workload::Batch`] creates.
pub(super) const ROWS_PER_BATCH: usize = 1_000;

/// How many customers a list asks for.
pub(super) const PAGE: i64 = 20;

/// The connections at which bars apply that speak of CPU per request.
pub(super) const USUAL_CONNECTIONS: usize = 16;

/// Of the CPU that a request takes in the server: at most this many times that of hello.
pub(super) const SERVER_CPU_BAR: f64 = 5.0;
/// Of the CPU that a request takes in the database: at most this many times that of the floor.
pub(super) const DATABASE_CPU_BAR: f64 = 1.3;
/// Of the CPU in the largest company: at most this many times that in a small one.
pub(super) const FLAT_BAR: f64 = 1.3;
/// Round trips to the database per request, with some room for measuring.
pub(super) const TRIPS_BAR: f64 = 1.25;
/// Of the 99th percentile beside a noisy neighbour: at most this many times that without one.
pub(super) const NOISY_BAR: f64 = 1.5;
/// How often quiet and noise take turns.
pub(super) const NOISY_ROUNDS: u32 = 5;
/// Resident memory under load, in MiB.
pub(super) const MEMORY_BAR: f64 = 60.0;
/// From the start of the program to its first answer, in milliseconds.
pub(super) const COLD_START_BAR: f64 = 300.0;

/// What is part of every plan.
const OF_THEIR_OWN: [(Workload, usize); 2] =
    [(Workload::Noisy, USUAL_CONNECTIONS), (Workload::Unchecked, USUAL_CONNECTIONS)];

/// How much is measured.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// How often floor and server take turns at each workload.
    pub(super) rounds: u32,
    /// Seconds of each turn, after a warm-up.
    pub(super) seconds: u32,
    /// How long a turn takes that is compared with its like and not with the floor.
    pub(super) short: Duration,
    /// Each workload with its number of connections.
    pub(super) cells: Vec<(Workload, usize)>,
}

impl Plan {
    /// Everything, in a quarter of an hour.
    pub(super) fn full() -> Self {
        let at = |workload, counts: &[usize]| -> Vec<_> {
            counts.iter().map(|count| (workload, *count)).collect()
        };
        let mut cells = Vec::new();
        for workload in
            [Workload::Hello, Workload::Get, Workload::List, Workload::Create, Workload::Mix]
        {
            cells.extend(at(workload, &[1, USUAL_CONNECTIONS, 64]));
        }
        // A batch keeps one core of the database busy: more of them would only wait in line.
        cells.extend(at(Workload::Batch, &[1, 4]));
        cells.extend(OF_THEIR_OWN);
        Self { rounds: 3, seconds: 5, short: Duration::from_secs(2), cells }
    }

    /// The most telling figures, in less than two minutes.
    pub(super) fn quick() -> Self {
        let usual =
            [Workload::Hello, Workload::Get, Workload::List, Workload::Create, Workload::Mix];
        let mut cells: Vec<_> = usual.map(|workload| (workload, USUAL_CONNECTIONS)).to_vec();
        cells.insert(1, (Workload::Get, 1));
        cells.push((Workload::Batch, 4));
        cells.extend(OF_THEIR_OWN);
        Self { rounds: 2, seconds: 2, short: Duration::from_millis(600), cells }
    }

    /// Only these workloads; all if none is named.
    #[must_use]
    pub(super) fn only(mut self, workloads: &[Workload]) -> Self {
        self.cells.retain(|(workload, _)| workloads.is_empty() || workloads.contains(workload));
        self
    }
}
