//! Checks of saved scripts that rust-analyzer has not finished, so that none is lost while it loads projects.
//!
//! rust-analyzer checks a document when it is saved. Whenever it loads projects it cancels the check that runs, and before
//! there is a project it begins none. Afterwards it checks cargo's workspaces as a whole, but no script: that is checked only
//! as the file that was saved. So each script is saved again as soon as the server is quiescent, one after another, because
//! a check cancels the one before it.
//!
//! ```text
//! saved ──► unfinished ──► a check ends, and the server is quiescent ──► forgotten
//!               └─ projects are loaded ──► quiescent ──► saved again
//! ```

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

/// How often a document is saved again for one save: a check that has projects loaded would go on for ever.
const MOST_REPEATS: u32 = 10;

/// The checks of one server, as far as it has told of them.
#[derive(Debug, Default)]
pub(super) struct Checks {
    /// Whether the server has nothing to load.
    is_quiescent: bool,
    /// Documents that were saved and whose check has not ended, the oldest first, and how often they were saved again.
    unfinished: Vec<(PathBuf, u32)>,
    /// Those of them that are still to be saved again.
    left: VecDeque<PathBuf>,
    /// The one that was saved again last, until its check ends.
    current: Option<PathBuf>,
    /// Whether a check has begun since a document was saved last: what ends before was another's, and was cancelled.
    has_begun: bool,
}

impl Checks {
    /// A document was saved.
    pub(super) fn saved(&mut self, path: &Path) {
        self.closed(path);
        self.unfinished.push((path.to_owned(), 0));
        self.has_begun = false;
        // Its check is cancelled by this one.
        self.left.extend(self.current.take());
    }

    /// A document is no longer the server's.
    pub(super) fn closed(&mut self, path: &Path) {
        self.unfinished.retain(|(one, _)| one != path);
        self.left.retain(|one| one != path);
        self.current.take_if(|one| one == path);
    }

    /// The server's process is another, and loads its projects.
    pub(super) fn restarted(&mut self) {
        self.is_quiescent = false;
    }

    /// The server has told whether it is quiescent; the result is the document that is to be saved again. Of a server that
    /// does not tell when checks end, for want of an editor that shows it, this is only the last.
    pub(super) fn status(&mut self, is_quiescent: bool, tells_ends: bool) -> Option<PathBuf> {
        let becomes_quiescent = is_quiescent && !self.is_quiescent;
        self.is_quiescent = is_quiescent;
        if !becomes_quiescent {
            return None;
        }
        if !tells_ends {
            return std::mem::take(&mut self.unfinished).pop().map(|(path, _)| path);
        }
        self.unfinished.iter_mut().for_each(|(_, repeats)| *repeats += 1);
        self.unfinished.retain(|(_, repeats)| *repeats <= MOST_REPEATS);
        self.left = self.unfinished.iter().map(|(path, _)| path.clone()).collect();
        self.next()
    }

    /// A check has begun.
    pub(super) fn begun(&mut self) {
        self.has_begun = true;
    }

    /// A check has ended; the result is the document that is to be saved again.
    pub(super) fn ended(&mut self) -> Option<PathBuf> {
        if !self.is_quiescent || !self.has_begun {
            return None;
        }
        let next = self.next();
        if next.is_none() {
            self.unfinished.clear();
        }
        next
    }

    fn next(&mut self) -> Option<PathBuf> {
        self.has_begun = false;
        self.current = self.left.pop_front();
        self.current.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(name: &str) -> PathBuf {
        PathBuf::from(name)
    }

    #[test]
    fn what_was_saved_while_projects_were_loaded_is_saved_again() {
        let mut checks = Checks::default();
        checks.saved(&path("a"));
        // Cancelled by the loading.
        checks.begun();
        assert_eq!(checks.ended(), None);
        assert_eq!(checks.status(false, true), None);
        assert_eq!(checks.status(true, true), Some(path("a")));
        checks.begun();
        assert_eq!(checks.ended(), None);
        assert_eq!((checks.status(false, true), checks.status(true, true)), (None, None));
    }

    #[test]
    fn a_check_that_loading_cancels_is_done_again() {
        let mut checks = Checks::default();
        checks.status(true, true);
        checks.saved(&path("a"));
        checks.begun();
        checks.status(false, true);
        assert_eq!(checks.ended(), None);
        assert_eq!(checks.status(true, true), Some(path("a")));
        // That of the check which was cancelled may come late.
        assert_eq!(checks.ended(), None);
        assert_eq!((checks.status(false, true), checks.status(true, true)), (None, Some(path("a"))));
    }

    #[test]
    fn several_are_saved_again_one_after_another() {
        let mut checks = Checks::default();
        for name in ["a", "b", "a", "c", "d"] {
            checks.saved(&path(name));
        }
        checks.closed(&path("d"));
        assert_eq!(checks.status(true, true), Some(path("b")));
        checks.begun();
        assert_eq!(checks.ended(), Some(path("a")));
        // The user's own comes first, and cancels that of `a`.
        checks.begun();
        checks.saved(&path("b"));
        assert_eq!(checks.ended(), None);
        for expected in [Some("c"), Some("a"), None] {
            checks.begun();
            assert_eq!(checks.ended(), expected.map(path));
        }
        assert_eq!((checks.status(false, true), checks.status(true, true)), (None, None));
    }

    #[test]
    fn a_check_that_has_projects_loaded_comes_to_an_end() {
        let mut checks = Checks::default();
        checks.saved(&path("a"));
        for _ in 0..MOST_REPEATS {
            assert_eq!(checks.status(true, true), Some(path("a")));
            checks.begun();
            checks.status(false, true);
            assert_eq!(checks.ended(), None);
        }
        assert_eq!(checks.status(true, true), None);
    }

    #[test]
    fn without_news_of_ends_the_last_is_saved_again() {
        let mut checks = Checks::default();
        checks.saved(&path("a"));
        checks.saved(&path("b"));
        assert_eq!(checks.status(true, false), Some(path("b")));
        assert_eq!((checks.status(false, false), checks.status(true, false)), (None, None));
    }
}
