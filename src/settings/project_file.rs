//! `runner.toml`: the settings that the scripts of a directory share, and dependencies they may inherit.
//!
//! ```toml
//! # tools/runner.toml
//! toolchain = "1.95.0"
//! profile = "dev"
//! edition = "2024"
//! locked = true
//! offline = false
//!
//! [dependencies]                 # a script takes one by `regex.workspace = true`
//! regex = "1"
//!
//! [lints.rust]                   # for scripts that have no `[lints]` of their own
//! unused = "deny"
//! ```
//!
//! The nearest one counts, whole: it is looked for from the directory of the script's real path upwards, not above HOME, and not
//! in or above a directory that somebody else can write to. "Somebody else" is neither the caller nor root nor the owner of the
//! script, who decides what it does anyway.
//!
//! Each look is a fact of the trace: a file that appears in a nearer directory, changes or goes is seen by the next run. What
//! it says is in the content key of the script, so that nothing is compiled that comes out as it was. Permissions are looked at
//! when a script is read, not at a hit: whoever could not write a file then has not written what was read.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Step};
use crate::base::text_position::TextPosition;
use crate::settings::layers::Layers;
use crate::settings::origin::Origin;
use crate::settings::schema;
use crate::settings::toml_file::{error_at, parse};
use crate::store::file_digest::is_out_of_reach;
use crate::store::stamp::Moment;
use crate::store::trace::fact::Check;

/// What it is called.
pub(crate) const NAME: &str = "runner.toml";

/// The settings it may have.
const SETTINGS: &[&str] = &["toolchain", "profile", "edition", "locked", "offline"];

/// What a project says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Project {
    /// Where its file is, if there is one that counts.
    pub(crate) path: Option<PathBuf>,
    /// Dependencies that a script may inherit, their paths absolute.
    pub(crate) dependencies: Table,
    pub(crate) lints: Option<Table>,
    /// Its settings.
    pub(super) layers: Layers,
    /// What the reader should know of it, each with its cure.
    pub(super) complaints: Vec<(String, Option<String>)>,
    /// That the files that were looked for are what they are.
    pub(super) checks: Vec<Check<'static>>,
}

/// Reads the file of the project that a script belongs to, if there is one.
///
/// # Errors
/// [`Step::Config`] if it cannot be read or understood.
pub(super) fn read(script: &Path, environment: &Environment) -> Result<Project> {
    let mut project = Project::default();
    project.checks.push(Check::variable("HOME", environment).choice());
    let Some(path) = find(script, environment, &mut project) else { return Ok(project) };
    let unreadable = |error: std::io::Error| {
        let what = format!("cannot read the project's settings `{}`", path.display());
        Error::new(Step::Config, anyhow::Error::new(error).context(what))
    };
    let check = Check::file(&path, Moment::now()).map_err(unreadable)?;
    let bytes = fs::read(&path).map_err(unreadable)?;
    project.checks.push(check.choice());
    project.add(&path, &bytes, environment)?;
    project.path = Some(path);
    Ok(project)
}

/// Looks for the file from the script's directory upwards; every look becomes a fact.
fn find(script: &Path, environment: &Environment, project: &mut Project) -> Option<PathBuf> {
    let home = environment.home().map(|home| fs::canonicalize(&home).unwrap_or(home));
    let owner = fs::metadata(script).map(|metadata| metadata.uid()).ok();
    for directory in script.ancestors().skip(1) {
        let path = directory.join(NAME);
        let is_open = fs::metadata(directory).is_ok_and(|metadata| !is_ours(&metadata, owner));
        match fs::metadata(&path) {
            Err(error) if is_out_of_reach(&error) && is_open => return None,
            Err(error) if is_out_of_reach(&error) => project.checks.push(Check::absent(&path).choice()),
            Ok(found) if !found.is_file() => {
                project.checks.push(Check::present(&path, found.is_dir()).choice());
            }
            Ok(found) if is_open || !is_ours(&found, owner) => {
                pass_over(&path, directory, is_open, project);
                return None;
            }
            Ok(_) | Err(_) => return Some(path),
        }
        if is_open || home.as_deref() == Some(directory) {
            return None;
        }
    }
    None
}

/// Says why a file does not count. One in a directory such as `/tmp` is anybody's, and not worth a word.
fn pass_over(path: &Path, directory: &Path, is_open: bool, project: &mut Project) {
    const STICKY: u32 = 0o1000;
    if is_open && fs::metadata(directory).is_ok_and(|metadata| metadata.mode() & STICKY != 0) {
        return;
    }
    let place = if is_open { directory } else { path };
    let text = format!("`{}` is passed over: other users can write to `{}`", path.display(), place.display());
    let hint = format!("`chmod go-w {}` if they should not, or `chown` it", place.display());
    project.complaints.push((text, Some(hint)));
    // No check knows permissions; this one never holds, and so every run looks again.
    project.checks.push(Check::absent(path).choice());
}

/// Whether nobody can write to it but the caller, root and the owner of the script.
fn is_ours(metadata: &Metadata, script_owner: Option<u32>) -> bool {
    let (us, our_group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    // A group of one's own, which many systems give every user, has nobody else in it.
    let is_own_group = metadata.gid() == our_group && our_group == us;
    let others = if is_own_group { 0o002 } else { 0o022 };
    let owner = metadata.uid();
    (owner == us || owner == 0 || Some(owner) == script_owner) && metadata.mode() & others == 0
}

impl Project {
    /// Takes what the file says.
    fn add(&mut self, path: &Path, bytes: &[u8], environment: &Environment) -> Result<()> {
        let at = |offset: usize, text: &str| {
            error_at(path, TextPosition::of(bytes, offset), text)
                .hint("`runner help project` shows what may stand in it")
        };
        let (places, table) = parse(path, bytes)?;
        for (key, place) in places.get_ref() {
            let (name, start) = (key.get_ref().as_ref(), key.span().start);
            let line = TextPosition::of(bytes, start).line;
            let Some(value) = table.get(name) else { continue };
            let must_be = |what: &str| at(place.span().start, &format!("`{name}` must be {what}"));
            match (name, schema::named(name)) {
                ("dependencies", _) => {
                    let found = value.as_table().ok_or_else(|| must_be("a table"))?;
                    self.dependencies = with_absolute_paths(found, path);
                }
                ("lints", _) => {
                    self.lints = Some(value.as_table().ok_or_else(|| must_be("a table"))?.clone());
                }
                (_, Some(setting)) if SETTINGS.contains(&name) => {
                    let value = setting.parse_toml(value, || environment.home()).map_err(must_be)?;
                    // A file that lies about must not name a program to be run.
                    if matches!(&value, schema::Value::Text(text) if name == "toolchain" && text.contains('/'))
                    {
                        return Err(must_be("the name of a toolchain, not a path"));
                    }
                    self.layers.push(setting.name, value, Origin::File(path.to_owned(), line));
                }
                (_, Some(setting)) => {
                    return Err(error_at(
                        path,
                        TextPosition::of(bytes, start),
                        &format!("`{name}` cannot be set for a project"),
                    )
                    .hint(setting.elsewhere()));
                }
                (_, None) => {
                    let shown = name.escape_debug();
                    let text = format!("{}:{line}: there is no setting `{shown}`", path.display());
                    let known = SETTINGS.iter().chain(&["dependencies", "lints"]);
                    let meant = known.copied().find(|known| crate::base::similar::is_similar(known, name));
                    self.complaints.push((text, meant.map(|meant| format!("did you mean `{meant}`?"))));
                }
            }
        }
        Ok(())
    }
}

/// Dependencies whose paths start at the directory of the file.
fn with_absolute_paths(dependencies: &Table, file: &Path) -> Table {
    let mut dependencies = dependencies.clone();
    for (_, dependency) in dependencies.iter_mut() {
        if let Some(Value::String(text)) = dependency.get_mut("path") {
            *text = file.with_file_name(&*text).to_string_lossy().into_owned();
        }
    }
    dependencies
}
