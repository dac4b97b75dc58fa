//! Whether compilers are observed (`observe`, `RUNNER_OBSERVE`), and why not.

use std::fmt;
use std::sync::OnceLock;

use crate::process::observe::observation::Observation;
use crate::process::observe::policy::{Links, Policy, Whose};
use crate::process::observe::unavailable::Unavailable;
use crate::settings::layers::Layers;
use crate::settings::schema::Value;

/// Whether compilers are observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Observing {
    /// They are.
    InForce,
    /// They are not, since somebody said so.
    Off,
    /// They cannot be here.
    Unavailable(Unavailable),
}

impl Observing {
    /// What these settings say, and this machine allows.
    pub(crate) fn of(layers: &Layers) -> Observing {
        static PROBE: OnceLock<Result<(), Unavailable>> = OnceLock::new();
        match layers.of("observe") {
            Some((Value::Switch(false), _)) => Observing::Off,
            _ => match PROBE.get_or_init(Observation::probe) {
                Ok(()) => Observing::InForce,
                Err(reason) => Observing::Unavailable(reason.clone()),
            },
        }
    }

    pub(crate) fn is_in_force(&self) -> bool {
        *self == Observing::InForce
    }

    /// How a command is observed whose own links are seen or not.
    pub(crate) fn policy(&self, links: Links) -> Option<Policy> {
        self.is_in_force().then(|| Policy { links, ..Policy::default() })
    }

    /// How cargo is observed: what it reads itself it says.
    pub(crate) fn policy_of_cargo(&self) -> Option<Policy> {
        self.is_in_force().then_some(Policy { links: Links::Followed, whose: Whose::Started })
    }
}

impl fmt::Display for Observing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Observing::InForce => formatter.write_str("in force"),
            Observing::Off => formatter.write_str("off: inputs are what compilers report"),
            Observing::Unavailable(reason) => {
                write!(formatter, "unavailable: {reason}; inputs are what compilers report")
            }
        }
    }
}
