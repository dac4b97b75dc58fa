//! Subcommands: results and refusals of each.

mod build;
mod cache;
mod debug_options;
mod directories;
mod doctor;
mod env;
mod inputs;
mod json;
mod looking;
mod migrate;
mod moving;
mod named_outputs;
mod new;
mod prebuild;
mod promote;
mod promote_several;
mod rollback;
mod several_scripts;
mod trust;
mod upgrade;
mod upgrades_at_once;
mod watch;
mod why;

/// With real compilers, or for seconds.
mod slow {
    mod add_remove;
    mod build;
    mod check_fmt_doc;
    mod daily;
    mod debug_options;
    mod export;
    mod go_table;
    mod inspect;
    mod killed;
    mod new;
    mod prebuild;
    mod promote;
    mod test_bench;
    mod trust;
    mod upgrade;
    mod verify;
    mod why;
}
