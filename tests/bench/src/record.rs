//! What a whole run has shown: who came out how, the figures that were to be reached, and what was left out.

use std::cell::{Cell, RefCell};

use crate::table::{count, print};

/// How a server came out of a comparison: medians.
#[derive(Clone)]
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

#[derive(Default)]
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
        let verdict = match is_reached {
            Some(true) => "reached",
            Some(false) => "missed",
            None => "not measured",
        };
        let measured = measured.map_or_else(|| "–".to_owned(), |it| format!("{it:.3}"));
        self.goals.borrow_mut().push(vec![what.to_owned(), text, measured, verdict.to_owned()]);
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
