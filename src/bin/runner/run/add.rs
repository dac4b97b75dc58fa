//! What `add` and `remove` print: a line a dependency.

use runner::{DependencyChange, Options, Verbosity, printable};
use serde_json::{Value, json};

use crate::print::{print, print_json};

pub(crate) fn show(changes: &[DependencyChange], options: &Options, json: bool) {
    if json {
        let list = changes.iter().map(|change| {
            json!({"name": change.name, "old": change.old, "new": change.new, "version": change.version})
        });
        print_json(Value::Array(list.collect()));
    } else if options.verbosity > Verbosity::Quiet {
        for change in changes {
            print(format_args!("{}\n", printable(&change.to_string())));
        }
    }
}
