//! Facts that are asked only if what stands for them has changed.
//!
//! A compiler looks at hundreds of files that came with it and never change by themselves. They are kept in a file of their
//! own, a *tree*, and a trace has a line for each file or directory that changes whenever one of them does: the database of
//! the package manager, the directories they lie in.
//!
//! ```text
//! tree DIGEST STAMP /var/lib/dpkg/status
//! tree DIGEST STAMP /usr/lib/gcc/x86_64-linux-gnu/14
//! ```
//!
//! A hit compares those stamps and nothing else. If one differs the facts of the tree are asked one by one, and if all of them
//! hold the stamp is refreshed: so an update of the system that does not concern a build compiles nothing. The digest is that
//! of the facts without their stamps; the file is sealed, as a trace is, and one that is gone or damaged is a miss.

use std::path::{Path, PathBuf};

use crate::base::digest::Digest;
use crate::base::environment::Environment;
use crate::store::cache::Cache;
use crate::store::seal::{sealed, unsealed};
use crate::store::shared_root;
use crate::store::stamp::Stamp;
use crate::store::trace::change::Change;
use crate::store::trace::escape::line;
use crate::store::trace::fact::{Check, Content, Input, text_of};
use crate::store::trace::fact_state::Holds;
use crate::store::trace::line::{Line, Lines};

/// What a tree is sealed as.
const PURPOSE: &str = "tree";

/// The first line of a tree.
pub(crate) const TREE: &[u8] = b"runner-tree 1";

/// Where trees are, in a cache's directory.
pub(crate) const DIRECTORY: &str = "trees";

/// Keeps the facts of a tree; the digest that stands for them.
///
/// # Errors
/// Those of writing to the cache.
pub(crate) fn keep(cache: &Cache, facts: &[Check<'static>]) -> std::io::Result<Digest> {
    let (digest, text) = text(facts);
    let (path, text) = (cache.join(place(&digest)), sealed(PURPOSE, &digest, text));
    // The next build with the same compiler has the same, and reading is cheaper than writing.
    if !std::fs::read(&path).is_ok_and(|kept| kept == text) {
        cache.write_whole(&path, &text)?;
    }
    Ok(digest)
}

/// The text of a tree without its seal, and the digest that stands for its facts.
pub(crate) fn text(facts: &[Check<'static>]) -> (Digest, Vec<u8>) {
    let (mut named, mut kept) = (Vec::new(), Vec::new());
    line(&mut kept, &[TREE]);
    for fact in facts {
        fact.render_without_stamp(&mut named);
        fact.render(&mut kept);
    }
    let digest = Digest::of(&named);
    (digest, kept)
}

fn place(digest: &Digest) -> PathBuf {
    let hex = digest.hex();
    PathBuf::from(DIRECTORY).join(&hex[..2]).join(hex)
}

/// The facts of a tree, from the user's cache or the shared one; `None` if it is gone or damaged.
pub(crate) fn read(digest: &Digest, environment: &Environment) -> Option<Vec<Check<'static>>> {
    let shared = environment.set(shared_root::VARIABLE).map(PathBuf::from);
    let roots = [environment.cache_directory(), shared.filter(|root| root.is_absolute())];
    let caches = roots.into_iter().flatten().map(Cache::at);
    let bytes = caches.filter_map(|cache| std::fs::read(cache.join(place(digest))).ok());
    bytes.filter_map(|bytes| parse(digest, &bytes)).next()
}

fn parse(digest: &Digest, bytes: &[u8]) -> Option<Vec<Check<'static>>> {
    facts(unsealed(PURPOSE, digest, bytes)?)
}

/// The facts of a tree's text, which is not sealed or whose seal was looked at.
pub(crate) fn facts(text: &[u8]) -> Option<Vec<Check<'static>>> {
    let lines = Lines::after(TREE, text)?;
    lines
        .map(|line| match line? {
            Line::Fact(fact) => Some(fact.into_owned()),
            _ => None,
        })
        .collect()
}

/// Whether a fact holds, by the facts of its tree if only those can tell.
pub(crate) fn holds(check: &Check<'_>, environment: &Environment) -> Holds {
    match (check.holds(environment), tree_of(check)) {
        (Holds::Tree(stamp), Some(digest)) => match read(digest, environment) {
            Some(facts) if facts.iter().all(|fact| fact.holds(environment) != Holds::No) => {
                Holds::Tree(stamp)
            }
            _ => Holds::No,
        },
        (held, _) => held,
    }
}

/// What is different now, of a fact that does not hold.
#[cold]
pub(crate) fn change(check: &Check<'_>, environment: &Environment) -> Change {
    let facts = tree_of(check).and_then(|digest| read(digest, environment));
    let changed = facts.iter().flatten().find(|fact| fact.holds(environment) == Holds::No);
    changed.map_or_else(|| check.change(environment), |fact| fact.change(environment))
}

/// The tree that a fact stands for.
pub(crate) fn tree_of<'a>(check: &'a Check<'_>) -> Option<&'a Digest> {
    match &check.input {
        Input::Content { content: Content::Tree, digest, .. } | Input::SearchPath { digest, .. } => {
            Some(digest)
        }
        _ => None,
    }
}

/// What stands for a tree of that digest, as it is now.
pub(crate) fn stand_in(digest: Digest, path: &Path, stamp: Option<Stamp>) -> Check<'static> {
    let path = text_of(path);
    Check::of(Input::Content { content: Content::Tree, path, digest, stamp })
}

/// The trees that a trace rests on, by the names of their files.
pub(crate) fn names<'a>(checks: impl Iterator<Item = &'a Check<'a>>) -> Vec<PathBuf> {
    checks.filter_map(tree_of).map(place).collect()
}
