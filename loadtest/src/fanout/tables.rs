//! Tables, goals and notes of `fanout`.

use super::readers::{Found, GROWTH_MAX_BYTES};
use super::round::{Phase, Round};
use crate::args::{Fanout, WithCeiling};
use crate::phase_metrics::{Percentiles, median};
use crate::report::{Goal, Report, Table, short};
use anyhow::Result;

/// Goal: CPU per delivered frame relative to the baseline of the same run, one change at a time.
const RATIO_WINDOW_MAX: f64 = 1.15;
/// The same with 16 reports per POST.
const RATIO_BURST_MAX: f64 = 0.15;
/// The burst for which that goal is stated.
const BURST_OF_GOAL: u32 = 16;
/// The CPU goals apply from this many sockets on. With few, the cost of the change itself dominates.
const SOCKETS_OF_GOAL_MIN: u32 = 1_000;
/// Goal: resident memory per idle connection.
const CONNECTION_MAX_KB: f64 = 4.0;
/// Others are unaffected by bad readers if their p99 is at most this many times the value before...
const UNHARMED_RATIO: f64 = 1.5;
/// ...plus this much, for scheduling noise.
const UNHARMED_MORE_MS: f64 = 1.0;

/// Tables and goals of the rounds with `sockets` sockets.
pub(super) fn rounds(report: &mut Report, args: &Fanout, sockets: u32, rounds: &[Round]) -> Result<()> {
    let mut table = Table::new(
        format!("{sockets} sockets, medians of {} rounds", args.rounds),
        &["server, phase", "frames", "CPU us/frame", "ratio", "cores", "ms p50", "p99", "p99.9", "max"],
    );
    let names: Vec<&str> =
        rounds.first().map(|r| r.phases.iter().map(|p| p.name).collect()).unwrap_or_default();
    for name in &names {
        let ceiling = middle(rounds, false, name);
        for (is_hub, server) in [(true, "hub"), (false, "ceiling")] {
            let Some(phase) = middle(rounds, is_hub, name) else { continue };
            let ratio = if is_hub { pairs(rounds, name) } else { ceiling.as_ref().map(|_| 1.0) };
            table.row(phase_row(&format!("{server}, {}", title(args, name)), &phase, ratio));
            if let Some(ratio) = ratio.filter(|_| is_hub) {
                report.goals.extend(ratio_goal(args, sockets, name, ratio));
            }
        }
    }
    report.tables.push(table);
    memory(report, sockets, rounds);
    report.value(format!("rounds_{sockets}"), rounds)
}

fn title(args: &Fanout, phase: &str) -> String {
    match phase {
        "window" => format!("window {}", args.window),
        "burst" => format!("bursts of {}", args.burst),
        _ => format!("{} reports/s", args.rate),
    }
}

fn ratio_goal(args: &Fanout, sockets: u32, phase: &str, ratio: f64) -> Option<Goal> {
    let limit = match phase {
        _ if sockets < SOCKETS_OF_GOAL_MIN => return None,
        "window" if args.window == 1 => RATIO_WINDOW_MAX,
        "burst" if args.burst == BURST_OF_GOAL => RATIO_BURST_MAX,
        _ => return None,
    };
    let name = format!("CPU per frame beside the ceiling, {}, {sockets} sockets", title(args, phase));
    Some(Goal::at_most(name, ratio, limit, "x"))
}

/// The hub's CPU per frame relative to the baseline measured right after it: the median over the rounds. A
/// shared machine is slower for minutes at a time, which affects both sides of a pair, while the two
/// medians may come from different minutes.
fn pairs(rounds: &[Round], name: &str) -> Option<f64> {
    let of = |is_hub: bool| {
        let phases = rounds.iter().filter(move |r| r.is_hub == is_hub).flat_map(|r| &r.phases);
        phases.filter(move |p| p.name == name).map(|p| p.cpu_us_per_frame)
    };
    let ratios: Vec<f64> = of(true).zip(of(false)).map(|(hub, ceiling)| hub / ceiling).collect();
    (!ratios.is_empty()).then(|| median(ratios))
}

/// The medians of one phase of one server.
fn middle(rounds: &[Round], is_hub: bool, name: &str) -> Option<Phase> {
    let phases: Vec<&Phase> = rounds
        .iter()
        .filter(|r| r.is_hub == is_hub)
        .flat_map(|r| &r.phases)
        .filter(|p| p.name == name)
        .collect();
    let first = *phases.first()?;
    let of = |number: fn(&Phase) -> f64| median(phases.iter().map(|p| number(p)));
    Some(Phase {
        name: first.name,
        frames: of(|p| p.frames as f64) as u64,
        seconds: of(|p| p.seconds),
        cpu_us_per_frame: of(|p| p.cpu_us_per_frame),
        cores: of(|p| p.cores),
        latency: Percentiles {
            count: first.latency.count,
            ms_p50: of(|p| p.latency.ms_p50),
            ms_p90: of(|p| p.latency.ms_p90),
            ms_p99: of(|p| p.latency.ms_p99),
            ms_p999: of(|p| p.latency.ms_p999),
            ms_max: of(|p| p.latency.ms_max),
        },
    })
}

fn phase_row(name: &str, phase: &Phase, ratio: Option<f64>) -> Vec<String> {
    let latency = &phase.latency;
    vec![
        name.to_owned(),
        phase.frames.to_string(),
        short(phase.cpu_us_per_frame),
        ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}x")),
        short(phase.cores),
        short(latency.ms_p50),
        short(latency.ms_p99),
        short(latency.ms_p999),
        short(latency.ms_max),
    ]
}

fn memory(report: &mut Report, sockets: u32, rounds: &[Round]) {
    let mut table = Table::new(
        format!("{sockets} idle connections, first round"),
        &["server", "KB/connection", "connected in s", "payload bytes"],
    );
    for (is_hub, server) in [(true, "hub"), (false, "ceiling")] {
        let Some(round) = rounds.iter().find(|r| r.is_hub == is_hub) else { continue };
        let kb = round.bytes_per_socket.unwrap_or_default() / 1024.0;
        table.row(vec![
            server.to_owned(),
            short(kb),
            short(round.connect_s),
            round.payload_bytes.to_string(),
        ]);
        if is_hub {
            let name = format!("memory per idle connection, {sockets} sockets");
            report.goals.push(Goal::at_most(name, kb, CONNECTION_MAX_KB, "KB"));
        }
    }
    report.tables.push(table);
}

/// Tables and goals about bad readers.
pub(super) fn readers(report: &mut Report, args: &Fanout, found: &Found) -> Result<()> {
    let mut table = Table::new(
        format!(
            "The others beside {} slow and {} never readers, {} reports/s",
            args.slow_readers, args.never_readers, found.rate_per_s
        ),
        &[
            "sockets that read at once",
            "frames",
            "CPU us/frame",
            "ratio",
            "cores",
            "ms p50",
            "p99",
            "p99.9",
            "max",
        ],
    );
    let ratio = found.beside.cpu_us_per_frame / found.alone.cpu_us_per_frame;
    table.row(phase_row("alone", &found.alone, None));
    table.row(phase_row("beside bad readers", &found.beside, Some(ratio)));
    report.tables.push(table);

    let mut table = Table::new("Bad readers", &["", ""]);
    table.row(vec![
        "hub's growth per bad reader, KB".to_owned(),
        short(found.growth_bytes_per_reader / 1024.0),
    ]);
    table.row(vec![
        "hub's growth before there were any, KB".to_owned(),
        short(found.growth_bytes_alone / 1024.0),
    ]);
    table.row(vec!["revisions jumped by a state".to_owned(), found.conflated.to_string()]);
    for (code, count) in &found.let_go {
        table.row(vec![format!("let go with {code}"), count.to_string()]);
    }
    report.tables.push(table);

    let kb = found.growth_bytes_per_reader / 1024.0;
    report.goals.push(Goal::at_most(
        "memory a reader that does not read causes",
        kb,
        GROWTH_MAX_BYTES / 1024.0,
        "KB",
    ));
    let limit = found.alone.latency.ms_p99 * UNHARMED_RATIO + UNHARMED_MORE_MS;
    report.goals.push(Goal::at_most(
        "p99 of the others beside bad readers",
        found.beside.latency.ms_p99,
        limit,
        "ms",
    ));
    report.value("readers", found)
}

/// Notes needed to judge the numbers.
pub(super) fn notes(report: &mut Report, args: &Fanout) {
    let cores = report.machine.cores;
    report.notes.push(
        "CPU is the server process's user and system time, its handling of the POSTs included.".to_owned(),
    );
    if args.target.spawn_hub.is_none() && args.ceiling != WithCeiling::Only {
        report.notes.push("Memory per connection is what a hub took anew: one that had as many connections before shows less. Use --spawn-hub.".to_owned());
    }
    if args.ceiling == WithCeiling::With {
        report.notes.push("A ratio is the median over the rounds of hub beside the ceiling that came next; the ceiling never joins two frames in one write.".to_owned());
    }
    if args.target.pin {
        report.notes.push(
            "The server was bound to core 0, this client to core 1, where it does not sleep while it waits."
                .to_owned(),
        );
    } else {
        report.notes.push(format!("Nothing was bound to a core: on {cores} cores server and client take turns, and ratios wander. Use --pin."));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(is_hub: bool, cpu_us_per_frame: f64) -> Round {
        let latency = Percentiles::default();
        let phase = Phase { name: "window", frames: 1, seconds: 1.0, cpu_us_per_frame, cores: 1.0, latency };
        Round {
            is_hub,
            bytes_per_socket: None,
            connect_s: 0.0,
            payload_bytes: 200,
            phases: vec![phase],
            conflated: 0,
            posts: 1,
        }
    }

    #[test]
    fn a_machine_that_slows_down_is_no_fault_of_the_hub() {
        // The machine takes twice as long from the second round on.
        let rounds = [
            round(true, 4.4),
            round(false, 4.0),
            round(true, 8.8),
            round(false, 8.0),
            round(true, 8.8),
            round(false, 8.0),
        ];
        let ratio = pairs(&rounds, "window").unwrap();
        assert!((ratio - 1.1).abs() < 1e-9, "{ratio}");
        assert_eq!(pairs(&rounds[..1], "window"), None, "nothing to compare with");
        assert_eq!(pairs(&rounds, "burst"), None);
    }
}
