//! What a command line asks for: something to be done.

use runner::{Result, Runner};

/// What an action is done with.
pub(crate) struct Call {
    pub(crate) runner: Runner,
    /// Whether what it states is printed as JSON.
    pub(crate) json: bool,
}

/// Does what was asked; the exit code.
pub(crate) type Action = Box<dyn FnOnce(&Call) -> Result<u8>>;

/// Something to be done, whose exit code is 0 if it is.
pub(crate) fn action(work: impl FnOnce(&Call) -> Result<()> + 'static) -> Action {
    Box::new(move |call| work(call).map(|()| 0))
}

/// A command line that was understood.
pub(crate) struct Asked {
    pub(crate) action: Action,
    pub(crate) json: bool,
    /// With colors or without; `None` leaves it to the environment.
    pub(crate) color: Option<bool>,
}

impl From<Action> for Asked {
    fn from(action: Action) -> Asked {
        Asked { action, json: false, color: None }
    }
}
