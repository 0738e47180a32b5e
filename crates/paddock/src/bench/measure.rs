//! Measures: floor and server take turns, so that whatever else the machine does hits both.

use std::time::{Duration, Instant};

use super::data::DataSet;
use super::database::Database;
use super::error::BenchError;
use super::figures::{Cell, Flat, Trips, median};
use super::floor::{Floor, FloorRun};
use super::histogram::Histogram;
use super::load::{Answers, Load};
use super::procfs::{Memory, Processes};
use super::proxy;
use super::requests::{Callers, Requests};
use super::server::{Server, Start};
use super::workload::{Plan, USUAL_CONNECTIONS, Workload};

/// How often the start of the server is timed.
const STARTS: u32 = 5;

/// How often a network is compared with none, and how long each time. What counts is the fastest of all:
/// others on the machine only ever add to it.
const TRIES: u32 = 8;
const GLANCE: Duration = Duration::from_millis(200);

/// What goes before each turn of the server, and does not count.
const WARM_UP: Duration = Duration::from_millis(500);

/// Everything that a measurement needs.
pub(super) struct Bench<'a> {
    pub(super) plan: &'a Plan,
    pub(super) data: &'a DataSet,
    pub(super) database: &'a Database,
    pub(super) floor: Option<Floor<'a>>,
    pub(super) start: Start<'a>,
    pub(super) requests: Requests<'a>,
    pub(super) processes: Processes,
    pub(super) cores: usize,
    /// The most that the server took at the end of any turn.
    pub(super) memory: Option<Memory>,
    /// Of every turn in which not all answers were a success, how many were none.
    pub(super) failures: Vec<String>,
}

/// One turn of the server.
struct Turn {
    latencies: Histogram,
    rate: f64,
    server_cpu: Option<Duration>,
    database_cpu: Option<Duration>,
    generator_share: Option<f64>,
    strangers_share: Option<f64>,
}

/// CPU times at one moment: server, database, ourselves, and everybody.
struct Look {
    at: Instant,
    server: Option<Duration>,
    database: Option<Duration>,
    own: Option<Duration>,
    machine: Option<Duration>,
}

impl Bench<'_> {
    /// Milliseconds from the start of the program to its first answer, several times.
    pub(super) fn cold_starts(&self) -> Result<Vec<f64>, BenchError> {
        eprintln!("cold start");
        let start = |_| Ok(self.start.first_answer(self.database)?.as_secs_f64() * 1e3);
        (0..STARTS).map(start).collect()
    }

    /// All workloads of the plan.
    pub(super) fn cells(&mut self, server: &Server) -> Result<Vec<Cell>, BenchError> {
        let plan = self.plan;
        let cells = plan.cells.iter().filter(|cell| !cell.0.is_of_its_own());
        cells.map(|cell| self.cell(server, cell.0, cell.1)).collect()
    }

    /// The CPU of a request in a small company, and in the largest.
    pub(super) fn flat(&mut self, server: &Server) -> Result<Vec<Flat>, BenchError> {
        let mut all = Vec::new();
        for workload in self.reads() {
            all.extend(self.flat_of(server, workload)?);
        }
        Ok(all)
    }

    /// What a network to the database costs, with a second server behind it.
    pub(super) fn trips(&mut self, server: &Server) -> Result<Option<Trips>, BenchError> {
        if !self.reads().contains(&Workload::Get) {
            return Ok(None);
        }
        let port = proxy::start(self.database.port())
            .map_err(|error| BenchError::new(format!("cannot make a network: {error}")))?;
        let far = self.start.server(self.database, port)?;
        eprintln!("W1: with a network to the database");
        let mut fastest = [f64::INFINITY; 4];
        for _ in 0..TRIES {
            let mut p50 = |server| -> Result<Duration, BenchError> {
                let turn = self.turn(server, Workload::Get, Callers::Everybody, 1, GLANCE)?;
                Ok(turn.latencies.quantile(0.5))
            };
            let (near, distant) = (p50(server)?, p50(&far)?);
            let round_trip = |port| self.database.round_trip(port);
            let (direct, detour) = (round_trip(self.database.port())?, round_trip(port)?);
            for (fastest, time) in fastest.iter_mut().zip([near, distant, direct, detour]) {
                *fastest = fastest.min(micros(time));
            }
        }
        let [p50, p50_with_network, direct, detour] = fastest;
        let network = detour - direct;
        let trips = (p50_with_network - p50) / network;
        Ok(Some(Trips { p50, p50_with_network, network, trips }))
    }

    /// Those of the plan that stand for all reading.
    fn reads(&self) -> Vec<Workload> {
        let planned = |workload: &Workload| self.plan.cells.iter().any(|cell| cell.0 == *workload);
        [Workload::Get, Workload::List].into_iter().filter(planned).collect()
    }

    fn cell(
        &mut self,
        server: &Server,
        workload: Workload,
        connections: usize,
    ) -> Result<Cell, BenchError> {
        self.database.checkpoint()?;
        let (mut turns, mut floors, mut hellos) = (Vec::new(), Vec::new(), Vec::new());
        let everybody = Callers::Everybody;
        for round in 1..=self.plan.rounds {
            eprintln!(
                "{}: {}, {connections} connections, round {round} of {}",
                workload.code(),
                workload.title(),
                self.plan.rounds
            );
            if let Some(floor) = self.floor.as_ref().filter(|_| workload != Workload::Hello) {
                floors.push(floor.run(workload, connections, self.plan.seconds)?);
            }
            let time = Duration::from_secs(self.plan.seconds.into());
            turns.push(self.turn(server, workload, everybody, connections, time)?);
            if workload.is_held_against_hello() {
                let hello = Workload::Hello;
                hellos.push(self.turn(server, hello, everybody, connections, self.plan.short)?);
            }
        }
        if workload.writes() {
            self.database.clean()?;
        }
        Ok(cell(workload, connections, &turns, &floors, &hellos))
    }

    fn flat_of(&mut self, server: &Server, workload: Workload) -> Result<Option<Flat>, BenchError> {
        let companies = self.data.companies();
        let small = companies.len() - 1;
        let (mut small_cpu, mut large_cpu) = (Vec::new(), Vec::new());
        for round in 1..=self.plan.rounds {
            eprintln!("{}: small company and large, round {round}", workload.code());
            for (company, cpu) in [(small, &mut small_cpu), (0, &mut large_cpu)] {
                let callers = Callers::Company(company);
                let turn =
                    self.turn(server, workload, callers, USUAL_CONNECTIONS, self.plan.short)?;
                let both = turn.server_cpu.zip(turn.database_cpu);
                cpu.extend(both.map(|(server, database)| micros(server + database)));
            }
        }
        let size = |company: usize| companies[company].end - companies[company].start;
        Ok(median(&small_cpu).zip(median(&large_cpu)).map(|(small_cpu, large_cpu)| Flat {
            workload: workload.code(),
            small_company: size(small),
            small_cpu,
            large_company: size(0),
            large_cpu,
            ratio: large_cpu / small_cpu,
        }))
    }

    fn turn(
        &mut self,
        server: &Server,
        workload: Workload,
        callers: Callers,
        connections: usize,
        time: Duration,
    ) -> Result<Turn, BenchError> {
        self.requests.refresh()?;
        let load = Load {
            address: server.address(),
            workload,
            callers,
            connections,
            warm_up: WARM_UP.min(time / 2),
            time,
        };
        let look = || Look {
            at: Instant::now(),
            server: self.processes.cpu(server.pid()),
            database: self.database.cpu(self.processes),
            own: self.processes.cpu(std::process::id()),
            machine: self.processes.machine_cpu(),
        };
        let (answers, before, after) = load.run(&self.requests, look)?;
        let memory = self.processes.memory(server.pid());
        self.memory = self.memory.into_iter().chain(memory).reduce(Memory::larger);
        if let Some(failures) = &answers.failures {
            eprintln!("{failures}");
            self.failures.push(failures.clone());
        }
        Ok(self.judge(answers, &before, &after))
    }

    fn judge(&self, answers: Answers, before: &Look, after: &Look) -> Turn {
        let count = answers.latencies.total().max(1) as f64;
        let elapsed = after.at.duration_since(before.at).as_secs_f64() * self.cores as f64;
        let used = |of: fn(&Look) -> Option<Duration>| {
            of(before).zip(of(after)).map(|(before, after)| after.saturating_sub(before))
        };
        let [server, database, own, machine] =
            [used(|l| l.server), used(|l| l.database), used(|l| l.own), used(|l| l.machine)];
        let ours = server.zip(database).zip(own).map(|((a, b), c)| a + b + c);
        let strangers = machine.zip(ours).map(|(all, ours)| all.saturating_sub(ours));
        let share = |time: Duration| time.as_secs_f64() / elapsed;
        Turn {
            rate: answers.latencies.total() as f64 / answers.time.as_secs_f64(),
            latencies: answers.latencies,
            server_cpu: server.map(|time| time.div_f64(count)),
            database_cpu: database.map(|time| time.div_f64(count)),
            generator_share: own.map(share),
            strangers_share: strangers.map(share),
        }
    }
}

fn cell(
    workload: Workload,
    connections: usize,
    turns: &[Turn],
    floors: &[FloorRun],
    hellos: &[Turn],
) -> Cell {
    let mut latencies = Histogram::new();
    for turn in turns {
        latencies.merge(&turn.latencies);
    }
    let of = |turns: &[Turn], figure: fn(&Turn) -> Option<f64>| {
        median(&turns.iter().filter_map(figure).collect::<Vec<_>>())
    };
    let of_server = |turn: &Turn| turn.server_cpu.map(micros);
    let (server_cpu, hello_cpu) = (of(turns, of_server), of(hellos, of_server));
    let rates: Vec<f64> = turns.iter().map(|turn| turn.rate * workload.rows()).collect();
    let floor_rates: Vec<f64> = floors.iter().map(|floor| floor.rate * workload.rows()).collect();
    let (rate, floor_rate) = (median(&rates).unwrap_or_default(), median(&floor_rates));
    let database_cpu = of(turns, |turn| turn.database_cpu.map(micros));
    let floor_cpus: Vec<f64> = floors.iter().filter_map(|f| f.database_cpu.map(micros)).collect();
    let floor_database_cpu = median(&floor_cpus);
    Cell {
        workload: workload.code(),
        title: workload.title(),
        connections,
        rate,
        floor_rate,
        ratio: floor_rate.map(|floor| rate / floor),
        p50: micros(latencies.quantile(0.5)),
        p99: micros(latencies.quantile(0.99)),
        server_cpu,
        hello_cpu,
        server_cpu_ratio: server_cpu.zip(hello_cpu).map(|(cpu, hello)| cpu / hello),
        database_cpu,
        floor_database_cpu,
        database_cpu_ratio: database_cpu.zip(floor_database_cpu).map(|(cpu, floor)| cpu / floor),
        generator_share: of(turns, |turn| turn.generator_share),
        strangers_share: of(turns, |turn| turn.strangers_share),
        rates,
        floor_rates,
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
