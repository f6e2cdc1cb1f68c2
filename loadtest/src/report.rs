//! The report of a run: tables for people, JSON for programs.

use crate::checker::Violations;
use crate::process::Machine;
use anyhow::{Context, Result};
use serde::Serialize;
use std::io::Write;
use std::path::Path;

/// A table, right-aligned except for the first column.
#[derive(Serialize, Debug)]
pub struct Table {
    /// The title.
    pub title: String,
    /// Column heads with units.
    pub columns: Vec<String>,
    /// Cells as printed.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    pub fn new(title: impl Into<String>, columns: &[&str]) -> Self {
        Self {
            title: title.into(),
            columns: columns.iter().map(|c| (*c).to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    fn print(&self, out: &mut impl Write) -> Result<()> {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column)).chain(self.columns.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        writeln!(out, "\n{}", self.title)?;
        for row in std::iter::once(&self.columns).chain(&self.rows) {
            for (column, cell) in row.iter().enumerate() {
                let width = width(column);
                if column == 0 { write!(out, "  {cell:<width$}")? } else { write!(out, "  {cell:>width$}")? }
            }
            writeln!(out)?;
        }
        Ok(())
    }
}

/// A measured number with its limit.
#[derive(Serialize, Debug, Clone)]
pub struct Goal {
    /// The name.
    pub name: String,
    /// The measured value.
    pub measured: f64,
    /// The limit: an upper one, or a lower one with `at_least`.
    pub limit: f64,
    /// More is better.
    pub at_least: bool,
    /// The unit of both; empty for a ratio.
    pub unit: &'static str,
    /// Whether the goal was met.
    pub met: bool,
}

impl Goal {
    /// `measured` should be at most `limit`.
    pub fn at_most(name: impl Into<String>, measured: f64, limit: f64, unit: &'static str) -> Self {
        Self { name: name.into(), measured, limit, at_least: false, unit, met: measured <= limit }
    }

    /// `measured` should be at least `limit`.
    pub fn at_least(name: impl Into<String>, measured: f64, limit: f64, unit: &'static str) -> Self {
        Self { name: name.into(), measured, limit, at_least: true, unit, met: measured >= limit }
    }
}

/// The results of a run.
#[derive(Serialize, Debug)]
pub struct Report {
    /// The command.
    pub title: String,
    /// The machine.
    pub machine: Machine,
    /// The tables.
    pub tables: Vec<Table>,
    /// The goals.
    pub goals: Vec<Goal>,
    /// Counts of violations by rule.
    pub violations: std::collections::BTreeMap<&'static str, u64>,
    /// Descriptions of the first violations.
    pub violations_told: Vec<String>,
    /// Notes needed to judge the numbers.
    pub notes: Vec<String>,
    /// The numbers, for programs.
    pub values: serde_json::Map<String, serde_json::Value>,
}

impl Report {
    /// An empty report of this machine.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            machine: Machine::this(),
            tables: Vec::new(),
            goals: Vec::new(),
            violations: Default::default(),
            violations_told: Vec::new(),
            notes: Vec::new(),
            values: serde_json::Map::new(),
        }
    }

    /// Adds violations.
    pub fn take_violations(&mut self, violations: Violations) {
        self.violations = violations.counts;
        self.violations_told = violations.told;
    }

    /// Stores a value under `name`, for programs.
    pub fn value(&mut self, name: impl Into<String>, value: impl Serialize) -> Result<()> {
        self.values.insert(name.into(), serde_json::to_value(value)?);
        Ok(())
    }

    /// Whether every check held.
    pub fn is_correct(&self) -> bool {
        self.violations.is_empty()
    }

    /// Whether every goal was met.
    pub fn goals_met(&self) -> bool {
        self.goals.iter().all(|goal| goal.met)
    }

    /// Prints the report.
    pub fn print(&self, out: &mut impl Write) -> Result<()> {
        let machine = &self.machine;
        writeln!(out, "{}", self.title)?;
        writeln!(
            out,
            "{} cores, {}, Linux {}, load {} at the start, revision {}",
            machine.cores,
            machine.processor,
            machine.kernel,
            machine.load_1_min,
            machine.revision.as_deref().unwrap_or("unknown")
        )?;
        for table in &self.tables {
            table.print(out)?;
        }
        self.print_goals(out)?;
        writeln!(out, "\nChecks")?;
        if self.is_correct() {
            writeln!(out, "  every check held")?;
        }
        for (rule, count) in &self.violations {
            writeln!(out, "  BROKEN {count} times: {rule}")?;
        }
        for told in &self.violations_told {
            writeln!(out, "    {told}")?;
        }
        if !self.notes.is_empty() {
            writeln!(out, "\nNotes")?;
        }
        for note in &self.notes {
            writeln!(out, "  {note}")?;
        }
        Ok(())
    }

    fn print_goals(&self, out: &mut impl Write) -> Result<()> {
        if self.goals.is_empty() {
            return Ok(());
        }
        let mut table = Table::new("Goals", &["goal", "measured", "limit", "verdict"]);
        for goal in &self.goals {
            let (sign, verdict) =
                (if goal.at_least { ">=" } else { "<=" }, if goal.met { "met" } else { "MISSED" });
            let number = |n: f64| format!("{} {}", short(n), goal.unit).trim_end().to_owned();
            let limit = format!("{sign} {}", number(goal.limit));
            table.row(vec![goal.name.clone(), number(goal.measured), limit, verdict.to_owned()]);
        }
        table.print(out)
    }

    /// Writes the report as JSON.
    pub fn write_json(&self, path: &Path) -> Result<()> {
        let json = serde_json::to_vec_pretty(self)?;
        std::fs::write(path, json).with_context(|| format!("cannot write {}", path.display()))
    }
}

/// A number with a useful count of digits.
pub fn short(n: f64) -> String {
    match n.abs() {
        a if a >= 100.0 => format!("{n:.0}"),
        a if a >= 10.0 => format!("{n:.1}"),
        _ => format!("{n:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned() {
        let mut table = Table::new("T", &["name", "ms"]);
        table.row(vec!["a".to_owned(), "1.25".to_owned()]);
        table.row(vec!["longer".to_owned(), "10".to_owned()]);
        let mut out = Vec::new();
        table.print(&mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "\nT\n  name      ms\n  a       1.25\n  longer    10\n");
    }

    #[test]
    fn a_missed_goal_and_a_violation_are_printed_and_written_as_json() {
        let mut report = Report::new("fanout");
        report.goals.push(Goal::at_most("cost", 1.3, 1.15, ""));
        report.goals.push(Goal::at_least("rate", 30_000.0, 20_000.0, "/s"));
        let mut violations = Violations::default();
        violations.add(crate::checker::GAP, || "socket 3".to_owned());
        report.take_violations(violations);
        let mut out = Vec::new();
        report.print(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("MISSED") && text.contains("BROKEN 1 times"), "{text}");
        assert!(!report.is_correct() && !report.goals_met());
        let file = tempfile::NamedTempFile::new().unwrap();
        report.write_json(file.path()).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&std::fs::read(file.path()).unwrap()).unwrap();
        assert_eq!(json["goals"][0]["met"], false);
    }
}
