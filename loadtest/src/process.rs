//! Process data from the kernel: CPU time, memory, cores. Linux only, from `/proc`.

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};
use std::fs;
use std::path::Path;

/// User and system time of a process in nanoseconds. The kernel counts ticks (10 ms on most machines), so a
/// measured phase should take a second of it or more.
pub fn cpu_ns(pid: u32) -> Result<u64> {
    let stat =
        fs::read_to_string(format!("/proc/{pid}/stat")).with_context(|| format!("no process {pid}"))?;
    let ticks = cpu_ticks(&stat).with_context(|| format!("/proc/{pid}/stat reads {stat:?}"))?;
    Ok(ticks * (1_000_000_000 / rustix::param::clock_ticks_per_second().max(1)))
}

/// `utime + stime` (fields 14 and 15) of a stat line. The process name before them may contain anything.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let utime: u64 = fields.next()?.parse().ok()?;
    let stime: u64 = fields.next()?.parse().ok()?;
    Some(utime + stime)
}

/// Resident memory of a process in bytes. `smaps_rollup` is exact. `status`, the fallback without
/// permission, may lag by some pages per thread.
pub fn rss_bytes(pid: u32) -> Result<u64> {
    let exact = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok();
    if let Some(kb) = exact.as_deref().and_then(|text| kilobytes(text, "Rss:")) {
        return Ok(kb * 1024);
    }
    let status =
        fs::read_to_string(format!("/proc/{pid}/status")).with_context(|| format!("no process {pid}"))?;
    Ok(kilobytes(&status, "VmRSS:").context("no VmRSS in status")? * 1024)
}

fn kilobytes(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(key)?.split_whitespace().next()?.parse().ok())
}

/// Binds every thread of a process to one core. Threads it starts later inherit the core.
pub fn pin_process(pid: u32, core: usize) -> Result<()> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).with_context(|| format!("no process {pid}"))?;
    for task in tasks {
        let name = task?.file_name();
        let thread = name.to_str().and_then(|n| n.parse().ok()).and_then(Pid::from_raw);
        let thread = thread.context("a thread without a number")?;
        sched_setaffinity(Some(thread), &one_core(core))
            .with_context(|| format!("cannot pin process {pid}"))?;
    }
    Ok(())
}

/// Binds the calling thread to one core.
pub fn pin_this_thread(core: usize) -> Result<()> {
    sched_setaffinity(None, &one_core(core)).with_context(|| format!("cannot pin this thread to core {core}"))
}

fn one_core(core: usize) -> CpuSet {
    let mut set = CpuSet::new();
    set.set(core);
    set
}

/// Raises this process's limit of open files to its maximum, and fails if `sockets` and a few more do not
/// fit.
pub fn make_room_for_sockets(sockets: u64) -> Result<()> {
    const OTHER_FILES: u64 = 128;
    let needed = sockets + OTHER_FILES;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    if limit.maximum.is_some_and(|maximum| maximum < needed) {
        bail!(
            "{sockets} sockets need {needed} open files; the limit here is {} (ulimit -Hn)",
            limit.maximum.unwrap_or_default()
        );
    }
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })
        .context("cannot raise the limit of open files")
}

/// The process that listens on a loopback `port`, found by its socket.
pub fn listener_pid(port: u16) -> Option<u32> {
    let inodes: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| {
            let inodes = table.lines().filter_map(|line| listening_inode(line, port));
            inodes.map(|inode| format!("socket:[{inode}]")).collect::<Vec<_>>()
        })
        .collect();
    let processes = fs::read_dir("/proc").ok()?;
    processes.flatten().find_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let files = fs::read_dir(entry.path().join("fd")).ok()?;
        let owns = files.flatten().any(|file| {
            fs::read_link(file.path()).is_ok_and(|to| inodes.iter().any(|inode| to == Path::new(inode)))
        });
        owns.then_some(pid)
    })
}

/// The inode of a line of `/proc/net/tcp` if it listens (state 0A) on `port`.
fn listening_inode(line: &str, port: u16) -> Option<&str> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let local_port = fields.get(1)?.rsplit_once(':')?.1;
    let listens = *fields.get(3)? == "0A" && u16::from_str_radix(local_port, 16) == Ok(port);
    listens.then(|| fields.get(9).copied()).flatten()
}

/// Cores, kernel and revision, for the head of a report.
#[derive(serde::Serialize, Debug, Clone)]
pub struct Machine {
    /// Cores of the machine, regardless of this thread's affinity.
    pub cores: usize,
    /// The processor's name.
    pub processor: String,
    /// The kernel's release.
    pub kernel: String,
    /// Load average of the last minute at the start. A value near or above the number of cores makes a run
    /// useless.
    pub load_1_min: String,
    /// The git revision of the working folder, if any.
    pub revision: Option<String>,
}

impl Machine {
    /// The current machine.
    pub fn this() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let cpuinfo = read("/proc/cpuinfo");
        let processor =
            cpuinfo.lines().find_map(|l| Some(l.strip_prefix("model name")?.split_once(':')?.1.trim()));
        let revision = std::process::Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output();
        let revision = revision.ok().filter(|out| out.status.success());
        Self {
            cores: cpuinfo.lines().filter(|line| line.starts_with("processor")).count().max(1),
            processor: processor.unwrap_or("unknown").to_owned(),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load_1_min: read("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned(),
            revision: revision.map(|out| String::from_utf8_lossy(&out.stdout).trim().to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_line_is_read_past_a_hostile_process_name() {
        let stat = "42 (a) b (c)) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0";
        assert_eq!(cpu_ticks(stat), Some(300));
    }

    #[test]
    fn this_process_has_memory_and_its_listener_is_found() {
        let me = std::process::id();
        assert!(rss_bytes(me).unwrap() > 100_000);
        cpu_ns(me).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        assert_eq!(listener_pid(listener.local_addr().unwrap().port()), Some(me));
    }

    #[test]
    fn more_sockets_than_the_machine_allows_are_refused_with_a_message() {
        make_room_for_sockets(10).unwrap();
        if getrlimit(Resource::Nofile).maximum.is_some() {
            let told = make_room_for_sockets(1 << 40).unwrap_err().to_string();
            assert!(told.contains("ulimit"), "{told}");
        }
    }
}
