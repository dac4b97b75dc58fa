//! What a policy says to the settings of a script, in whatever language that is, and to a package.

use crate::base::environment::Environment;
use crate::base::error::Result;
use crate::base::policy::{Policy, refusal};
use crate::base::rule::Rule;
use crate::base::text_position::TextPosition;
use crate::request::package_spec::Package;
use crate::settings::build_request::BuildRequest;
use crate::settings::origin::Origin;

/// The first line of a script.
const FIRST_LINE: TextPosition = TextPosition { line: 1, column: 1 };

/// Refuses settings of a script's own that the policy does not allow; `place_of` tells where its metadata has one.
pub(crate) fn settings(
    request: &BuildRequest,
    policy: &Policy,
    place_of: impl Fn(&str) -> Option<TextPosition>,
) -> Result<()> {
    let BuildRequest { layers, script, .. } = request;
    let place = |name: &str| match layers.source(name) {
        Some(Origin::FirstLine) => Some(Some(FIRST_LINE)),
        Some(Origin::Metadata) => Some(place_of(name)),
        _ => None,
    };
    let refused = [
        ("toolchain", Rule::Toolchain, policy.toolchains),
        ("target", Rule::Toolchain, policy.toolchains),
        ("rustflags", Rule::Flags, policy.flags),
    ];
    for (name, rule, is_allowed) in refused {
        if let (false, Some(place)) = (is_allowed, place(name)) {
            let value = layers.text(name).or_else(|| layers.list(name).map(|list| list.join(" ")));
            let value = value.unwrap_or_default();
            return Err(refusal(rule, format_args!("{name} `{}`", value.escape_debug()), place));
        }
    }
    if !policy.reads_everything() {
        for pattern in layers.list("inputs").unwrap_or_default() {
            // As far as it is a path.
            let plain = pattern.split(['*', '?', '[']).next().unwrap_or_default();
            let directory = script.base().join(plain.rsplit_once('/').map_or("", |(directory, _)| directory));
            if pattern.contains("..") || !policy.may_read(&directory.join("x"), script.base()) {
                let place = place("inputs").flatten();
                return Err(refusal(Rule::File, format_args!("inputs `{}`", pattern.escape_debug()), place));
            }
        }
    }
    for name in layers.list("env").unwrap_or_default() {
        if !policy.may_ask_for(name) {
            let place = place("env").flatten();
            return Err(refusal(Rule::Variable, format_args!("variable `{}`", name.escape_debug()), place));
        }
    }
    Ok(())
}

/// Refuses a package in place of a script.
pub(crate) fn package(package: &Package, environment: &Environment) -> Result<()> {
    match environment.policy() {
        Some(policy) if !policy.packages => {
            Err(refusal(Rule::Package, format_args!("package `{}`", package.name()), None))
        }
        _ => Ok(()),
    }
}
