//! What the doctor finds: how bad it is, and what mends it.

use std::fmt;

use crate::base::error::Error;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Grade {
    /// As it should be.
    Ok,
    /// Scripts run, but something is not as it was meant to be.
    Warn,
    /// Scripts cannot run.
    Fail,
}

impl Grade {
    /// The word that a list shows.
    pub fn as_str(self) -> &'static str {
        match self {
            Grade::Ok => "ok",
            Grade::Warn => "warn",
            Grade::Fail => "FAIL",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Finding {
    /// How bad it is.
    pub grade: Grade,
    /// What was looked at: `cache`, `linker`.
    pub what: &'static str,
    /// What was found.
    pub found: String,
    /// What mends it, if anything has to be.
    pub cure: Option<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:4}  {}: {}", self.grade.as_str(), self.what, self.found)
    }
}

/// What has been found so far.
#[derive(Default)]
pub(crate) struct Findings(pub(super) Vec<Finding>);

impl Findings {
    pub(super) fn ok(&mut self, what: &'static str, found: impl Into<String>) {
        self.0.push(Finding { grade: Grade::Ok, what, found: found.into(), cure: None });
    }

    pub(super) fn warn(&mut self, what: &'static str, found: impl Into<String>, cure: impl Into<String>) {
        self.0.push(Finding { grade: Grade::Warn, what, found: found.into(), cure: Some(cure.into()) });
    }

    pub(super) fn fail(&mut self, what: &'static str, found: impl Into<String>, cure: impl Into<String>) {
        self.0.push(Finding { grade: Grade::Fail, what, found: found.into(), cure: Some(cure.into()) });
    }

    pub(super) fn error(&mut self, grade: Grade, what: &'static str, error: &Error) {
        let cure = error.cure().map(std::borrow::Cow::into_owned);
        self.0.push(Finding { grade, what, found: error.to_string(), cure });
    }
}
