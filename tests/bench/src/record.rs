//! What a run has shown: who came out how, the figures that were to be reached, and what was left out.
//!
//! Each scenario is a run of its own, which leaves its record in a file; the tables at the end are made of all of them.

use std::cell::{Cell, RefCell};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::table::{count, print};

/// How a server came out of a comparison: medians.
#[derive(Clone, Serialize, Deserialize)]
pub struct Standing {
    pub name: String,
    pub per_second: f64,
    pub cpu_us: f64,
}

/// Whether `--quick` measures a row.
#[derive(Clone, Copy, PartialEq)]
pub enum Row {
    Telling,
    Further,
}

/// A figure that is to be reached.
#[derive(Clone, Copy)]
pub enum Goal {
    AtMost(f64),
    AtLeast(f64),
}

impl Goal {
    /// In parts of the goal.
    fn missed_by(self, measured: f64) -> String {
        match self {
            Goal::AtMost(most) if measured >= 2.0 * most => {
                format!("**missed**: {} times as much", figure(measured / most))
            }
            Goal::AtMost(most) => format!("**missed** by {:.0} %", (measured / most - 1.0) * 100.0),
            Goal::AtLeast(least) => format!("**missed** by {:.0} %", (1.0 - measured / least) * 100.0),
        }
    }
}

#[derive(Default, Serialize, Deserialize)]
pub struct Record {
    rows: RefCell<Vec<(String, Vec<Standing>)>>,
    goals: RefCell<Vec<Vec<String>>>,
    left_out: RefCell<Vec<Vec<String>>>,
    has_failed: Cell<bool>,
}

impl Record {
    pub fn standings(&self, title: &str, standings: &[Standing]) {
        self.rows.borrow_mut().push((title.to_owned(), standings.to_owned()));
    }

    /// Notes a figure beside its goal. `None`: there was nothing to compare with.
    pub fn goal(&self, what: &str, measured: Option<f64>, goal: Goal) {
        let (text, is_reached) = match goal {
            Goal::AtMost(most) => (format!("≤ {most}"), measured.map(|it| it <= most)),
            Goal::AtLeast(least) => (format!("≥ {least}"), measured.map(|it| it >= least)),
        };
        let verdict = match (is_reached, measured) {
            (Some(true), _) => "reached".to_owned(),
            (Some(false), Some(measured)) => goal.missed_by(measured),
            _ => "not measured".to_owned(),
        };
        let measured = measured.map_or_else(|| "–".to_owned(), figure);
        self.goals.borrow_mut().push(vec![what.to_owned(), text, measured, verdict]);
    }

    /// Notes what has no place in the tables, and why.
    pub fn leave_out(&self, what: &str, why: &str) {
        eprintln!("left out: {what}: {why}");
        self.left_out.borrow_mut().push(vec![what.to_owned(), why.replace('\n', " ")]);
    }

    /// The same of one of our own, which makes the whole run fail.
    pub fn fail(&self, what: &str, why: &str) {
        self.has_failed.set(true);
        self.leave_out(what, why);
    }

    /// Leaves it where [`Record::read`] finds it.
    pub fn write(&self, path: &Path) {
        let text = serde_json::to_string(self).expect("figures and text");
        std::fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// Adds what an earlier run has left.
    pub fn read(&self, path: &Path) {
        let text =
            std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let other: Record = serde_json::from_str(&text).expect("what a run has left");
        self.rows.borrow_mut().extend(other.rows.into_inner());
        self.goals.borrow_mut().extend(other.goals.into_inner());
        self.left_out.borrow_mut().extend(other.left_out.into_inner());
        self.has_failed.set(self.has_failed.get() || other.has_failed.get());
    }

    pub fn has_failed(&self) -> bool {
        self.has_failed.get()
    }

    /// Prints everything that concerns more than one table.
    pub fn print(&self) {
        self.print_matrix("CPU µs per delivery, of all comparisons", |it| figure(it.cpu_us));
        self.print_matrix("Deliveries per second, of all comparisons", |it| count(it.per_second));
        if !self.goals.borrow().is_empty() {
            let head = ["figure to reach", "goal", "measured", ""];
            print("Figures to reach", &head, &self.goals.borrow());
        }
        if !self.left_out.borrow().is_empty() {
            print("Left out", &["what", "why"], &self.left_out.borrow());
        }
    }

    fn print_matrix(&self, title: &str, cell: impl Fn(&Standing) -> String) {
        let rows = self.rows.borrow();
        let mut names: Vec<&str> = Vec::new();
        for standing in rows.iter().flat_map(|(_, standings)| standings) {
            if !names.contains(&standing.name.as_str()) {
                names.push(&standing.name);
            }
        }
        if names.is_empty() {
            return;
        }
        let head: Vec<&str> = std::iter::once("scenario").chain(names.iter().copied()).collect();
        let row = |(title, standings): &(String, Vec<Standing>)| {
            let of = |name: &&str| {
                standings.iter().find(|it| it.name == *name).map_or_else(|| "–".to_owned(), &cell)
            };
            std::iter::once(title.clone()).chain(names.iter().map(of)).collect()
        };
        print(title, &head, &rows.iter().map(row).collect::<Vec<_>>());
    }
}

/// With three digits that say something.
pub fn figure(number: f64) -> String {
    match number {
        _ if number >= 100.0 => format!("{number:.0}"),
        _ if number >= 10.0 => format!("{number:.1}"),
        _ if number >= 1.0 => format!("{number:.2}"),
        _ => format!("{number:.3}"),
    }
}
