//! `--locked`: a `SCRIPT.lock` that does not fit is refused where it is insisted on, and else said to be so.

use crate::base::error::{Error, Result, Step};
use crate::report::reporter::Reporter;
use crate::rust::deps::environments::Environments;
use crate::rust::deps::script_lock::packages;

impl Environments<'_> {
    /// Refuses a lock that is insisted on and has no entry for what the script names itself.
    pub(super) fn check_lock(&self) -> Result<()> {
        let Some(lock) = self.lock.as_ref().filter(|_| self.recipe.options.locked) else { return Ok(()) };
        let locked = packages(lock);
        let names = self.recipe.manifest.direct_names();
        let lacking: Vec<&str> = names
            .iter()
            .filter(|name| !locked.iter().any(|package| package.name == **name))
            .map(String::as_str)
            .collect();
        if lacking.is_empty() { Ok(()) } else { Err(self.unfit(&lacking.join(" "))) }
    }

    /// Refuses a lock that does not fit if it is insisted on, and else says so.
    pub(super) fn settle_lock(&self, lacking: Option<&str>, reporter: &Reporter) -> Result<()> {
        match lacking {
            None => Ok(()),
            Some(lacking) if self.recipe.options.locked => Err(self.unfit(lacking)),
            // With a dependency for this run only it was not meant to.
            Some(_) if !self.recipe.options.dependencies.is_empty() => Ok(()),
            Some(lacking) => {
                let script = self.recipe.script.display_name();
                reporter.remark_with(&format!("{script}: {}", self.misfit_text(lacking)), &self.renewal());
                Ok(())
            }
        }
    }

    /// The error of a lock that is insisted on and does not fit.
    #[cold]
    pub(super) fn unfit(&self, lacking: &str) -> Error {
        let text = format!("{}, and `--locked` insists on it", self.misfit_text(lacking));
        Error::message(Step::Dependencies, text).hint(self.renewal())
    }

    fn misfit_text(&self, lacking: &str) -> String {
        let names: Vec<String> = lacking.split_whitespace().map(|name| format!("`{name}`")).collect();
        let lacks = if names.is_empty() { String::new() } else { format!(": it lacks {}", names.join(", ")) };
        format!("`{}.lock` does not fit the script{lacks}", self.recipe.script.display_name())
    }

    pub(super) fn renewal(&self) -> String {
        format!("`runner lock {}` renews it", self.recipe.script.display_name())
    }
}
