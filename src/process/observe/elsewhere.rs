//! Where commands cannot be observed: everywhere but on Linux.

use std::process::{Child, Command};

use crate::process::observe::observed::Observed;
use crate::process::observe::policy::{Policy, StartError};
use crate::process::observe::unavailable::Unavailable;

/// There is none.
#[derive(Debug)]
pub(crate) enum Observation {}

impl Observation {
    /// # Errors
    /// Always.
    pub(crate) fn start(_: &mut Command, _: Policy) -> Result<(Child, Observation), StartError> {
        Err(StartError::Unavailable(Unavailable::System))
    }

    /// # Errors
    /// Always.
    pub(crate) fn start_by<T>(
        _: &mut Command,
        _: Policy,
        _: impl FnOnce(&mut Command) -> std::io::Result<T>,
    ) -> Result<(T, Observation), StartError> {
        Err(StartError::Unavailable(Unavailable::System))
    }

    /// # Errors
    /// Always.
    pub(crate) fn probe() -> Result<(), Unavailable> {
        Err(Unavailable::System)
    }

    pub(crate) fn finish(self) -> Result<Observed, Unavailable> {
        match self {}
    }
}
