//! `loadtest fanout`: many sockets receive each change.
//!
//! Hub and baseline are measured in turn, in the same run and with the same client code, because absolute
//! times differ between machines. The report shows medians over the rounds. Add another load as a phase in
//! `round`, and another check of slow readers in `readers`.

mod readers;
mod round;
mod tables;

use crate::args::{Fanout, Topic, WithCeiling};
use crate::baseline::BaselineProcess;
use crate::checker::Violations;
use crate::hub_address::HubAddress;
use crate::hub_under_test::{CORES, HubUnderTest};
use crate::limits::HELD_REVISIONS_MAX;
use crate::plan::Plan;
use crate::process;
use crate::report::Report;
use crate::usage;
use anyhow::{Context, Result};
use round::{Round, Side};
use std::path::Path;

/// The inputs of all rounds.
pub(crate) struct Setup<'a> {
    pub(crate) args: &'a Fanout,
    pub(crate) hub: Option<HubUnderTest>,
    pub(crate) ceiling: Option<BaselineProcess>,
}

/// Runs it. `program` is this binary, which is started as the baseline server.
pub fn run(args: &Fanout, program: &Path) -> Result<Report> {
    check(args)?;
    let most =
        args.sockets.iter().copied().max().unwrap_or_default().max(args.slow_readers + args.never_readers);
    process::make_room_for_sockets(u64::from(most) + u64::from(args.target.connections))?;
    let setup = Setup::new(args, program)?;
    let mut report = Report::new(
        format!("loadtest fanout: {} flights, topic {:?}", args.flights, args.topic).to_lowercase(),
    );
    let mut violations = Violations::default();
    for sockets in &args.sockets {
        let rounds = setup.rounds(*sockets as usize, &mut violations)?;
        tables::rounds(&mut report, args, *sockets, &rounds)?;
    }
    if let Some(hub) = &setup.hub
        && args.slow_readers + args.never_readers > 0
    {
        let found = readers::run(args, hub, &mut violations)?;
        tables::readers(&mut report, args, &found)?;
    }
    tables::notes(&mut report, args);
    report.take_violations(violations);
    Ok(report)
}

/// Refuses combinations that make no sense or exceed limits.
fn check(args: &Fanout) -> Result<()> {
    let flights = u64::from(args.flights);
    let most = args.sockets.iter().copied().max().unwrap_or_default();
    if args.topic != Topic::Flight && flights * u64::from(most) > HELD_REVISIONS_MAX {
        return usage(&format!(
            "sockets times followed flights must not pass {HELD_REVISIONS_MAX}: four bytes each are kept"
        ));
    }
    match args.topic {
        Topic::Board if flights > 2_000 => {
            usage("a board test takes at most 2000 flights: those that leave from JFK")
        }
        Topic::Airline if flights > 9_000 => {
            usage("an airline test takes at most 9000 flights: those of carrier X0")
        }
        _ => Ok(()),
    }
}

impl<'a> Setup<'a> {
    fn new(args: &'a Fanout, program: &Path) -> Result<Self> {
        let hub = match args.ceiling {
            WithCeiling::Only => None,
            _ => Some(HubUnderTest::open(&args.target)?),
        };
        let ceiling = match args.ceiling {
            WithCeiling::Without => None,
            _ => Some(BaselineProcess::start(program)?),
        };
        if args.target.pin {
            process::pin_this_thread(CORES.1)?;
            if let Some(ceiling) = &ceiling {
                process::pin_process(ceiling.pid(), CORES.0)?;
            }
        }
        if let Some(hub) = &hub {
            let mut plan = hub_plan(args, hub);
            hub.create(&mut plan, 0..args.flights as usize).context("cannot prepare the hub")?;
        }
        Ok(Self { args, hub, ceiling })
    }

    /// Hub and baseline in turn.
    fn rounds(&self, sockets: usize, violations: &mut Violations) -> Result<Vec<Round>> {
        let mut rounds = Vec::new();
        let mut payload_bytes = self.args.payload_bytes as usize;
        for nth in 0..self.args.rounds {
            if let Some(hub) = &self.hub {
                let round = round::run(self.args, &Side::Hub(hub), sockets, nth, violations)
                    .with_context(|| format!("hub, round {}", nth + 1))?;
                // The baseline sends frames of the hub's length.
                payload_bytes = round.payload_bytes;
                rounds.push(round);
            }
            if let Some(ceiling) = &self.ceiling {
                let hub = HubAddress::at(ceiling.address, ceiling.address.to_string())?;
                let side = Side::Ceiling { hub, pid: ceiling.pid(), payload_bytes };
                let round = round::run(self.args, &side, sockets, nth, violations)
                    .with_context(|| format!("ceiling, round {}", nth + 1))?;
                rounds.push(round);
            }
        }
        Ok(rounds)
    }
}

/// A plan whose frames have about the requested payload.
pub(crate) fn hub_plan(args: &Fanout, hub: &HubUnderTest) -> Plan {
    const FRAME_AROUND_REMARK: &str = r#"{"type":"change","leg":"X0-1000-20130208-JFK-ATL","rev":123,"at":"2013-02-08T15:00:00Z","kinds":["remark"],"set":{"remark":""}}"#;
    let remark_bytes = (args.payload_bytes as usize).saturating_sub(FRAME_AROUND_REMARK.len());
    Plan::new(args.flights as usize, hub.greeting.clock, remark_bytes)
}

/// The topics that sockets follow, in turn.
pub(crate) fn topics(topic: Topic, legs: &[String]) -> Vec<String> {
    match topic {
        Topic::Flight => legs.iter().map(|leg| format!("flight/{leg}")).collect(),
        Topic::Board => vec!["board/JFK/departures".to_owned()],
        Topic::Airline => vec![format!("airline/{}", Plan::carrier())],
        Topic::All => vec!["all".to_owned()],
    }
}
