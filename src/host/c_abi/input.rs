//! The JSON that a host in C writes: options of a build, a run, a policy, limits. A field that is unknown is an error.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::base::error::{Error, Result, usage_error};
use crate::base::policy::Policy;
use crate::base::resource_limits::ResourceLimits;
use crate::host::run::{Run, Stdin, Variables};
use crate::request::options::Options;

type Object = Map<String, Value>;

fn object(text: Option<&str>) -> Result<Object> {
    let Some(text) = text else { return Ok(Object::new()) };
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(usage_error("the JSON is no object")),
        Err(error) => Err(usage_error(format!("malformed JSON: {error}"))),
    }
}

fn must_be(name: &str, shape: &str) -> Error {
    usage_error(format!("`{name}` must be {shape}"))
}

fn unknown(name: &str) -> Error {
    usage_error(format!("unknown field `{}`", name.escape_debug()))
}

fn text(name: &str, value: &Value) -> Result<String> {
    value.as_str().map(str::to_owned).ok_or_else(|| must_be(name, "a string"))
}

fn switch(name: &str, value: &Value) -> Result<bool> {
    value.as_bool().ok_or_else(|| must_be(name, "true or false"))
}

fn number(name: &str, value: &Value) -> Result<u64> {
    value.as_u64().ok_or_else(|| must_be(name, "a number"))
}

fn milliseconds(name: &str, value: &Value) -> Result<Duration> {
    number(name, value).map(Duration::from_millis)
}

fn list(name: &str, value: &Value) -> Result<Vec<String>> {
    let texts = value.as_array().and_then(|list| {
        list.iter().map(|one| one.as_str().map(str::to_owned)).collect::<Option<Vec<String>>>()
    });
    texts.ok_or_else(|| must_be(name, "a list of strings"))
}

fn pairs(name: &str, value: &Value) -> Result<Vec<(String, String)>> {
    let pairs = value.as_object().and_then(|fields| {
        fields
            .iter()
            .map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect::<Option<Vec<(String, String)>>>()
    });
    pairs.ok_or_else(|| must_be(name, "an object of strings"))
}

/// The options of a build.
pub(crate) fn options(json: Option<&str>) -> Result<Options> {
    let mut options = Options::default();
    for (name, value) in &object(json)? {
        let name = name.as_str();
        match name {
            "profile" => options.profile = Some(text(name, value)?),
            "toolchain" => options.toolchain = Some(text(name, value)?),
            "language" => options.language = Some(text(name, value)?),
            "target" => options.target = Some(text(name, value)?),
            "edition" => options.edition = Some(text(name, value)?),
            "dependencies" => options.dependencies = pairs(name, value)?,
            "rustflags" => options.rust_flags = Some(list(name, value)?),
            "static" => options.is_static = Some(switch(name, value)?),
            "offline" => options.offline = switch(name, value)?,
            "locked" => options.locked = switch(name, value)?,
            "force" => options.force = switch(name, value)?,
            "deadline_ms" => options.deadline = Some(milliseconds(name, value)?),
            _ => return Err(unknown(name)),
        }
    }
    Ok(options)
}

/// A run.
pub(crate) fn run(json: Option<&str>) -> Result<Run> {
    let mut run = Run::new();
    for (name, value) in &object(json)? {
        let name = name.as_str();
        match name {
            "args" => run.arguments = list(name, value)?.into_iter().map(OsString::from).collect(),
            "env" => {
                let all = pairs(name, value)?.into_iter();
                run.variables = Variables::Of(all.map(|(name, value)| (name.into(), value.into())).collect());
            }
            "directory" => run.directory = Some(PathBuf::from(text(name, value)?)),
            "stdin" => run.stdin = Stdin::Text(text(name, value)?.into_bytes()),
            "limits" => run.limits = limits(name, value)?,
            "deadline_ms" => run.deadline = Some(milliseconds(name, value)?),
            _ => return Err(unknown(name)),
        }
    }
    Ok(run)
}

fn limits(name: &str, value: &Value) -> Result<ResourceLimits> {
    let fields = value.as_object().ok_or_else(|| must_be(name, "an object"))?;
    let mut limits = ResourceLimits::none();
    for (name, value) in fields {
        match name.as_str() {
            "memory" => limits.memory = Some(number(name, value)?),
            "cpu_ms" => limits.cpu = Some(milliseconds(name, value)?),
            "processes" => limits.processes = Some(number(name, value)?),
            "file_size" => limits.file_size = Some(number(name, value)?),
            "output" => limits.output = Some(number(name, value)?),
            _ => return Err(unknown(name)),
        }
    }
    Ok(limits)
}

/// A policy.
pub(crate) fn policy(json: &str) -> Result<Policy> {
    let fields = object(Some(json))?;
    let mut policy = match fields.get("base").and_then(Value::as_str) {
        Some("refusing") => Policy::refusing(),
        Some("trusting") => Policy::trusting(),
        _ => return Err(must_be("base", "`refusing` or `trusting`")),
    };
    for (name, value) in &fields {
        let name = name.as_str();
        policy = match name {
            "base" => policy,
            "languages" => policy.languages(list(name, value)?),
            "packages" => policy.packages(switch(name, value)?),
            "toolchains" => policy.toolchains(switch(name, value)?),
            "flags" => policy.flags(switch(name, value)?),
            "programs" => policy.programs(switch(name, value)?),
            "network" => policy.network(switch(name, value)?),
            "path_dependencies" => policy.path_dependencies(switch(name, value)?),
            "git_dependencies" => policy.git_dependencies(switch(name, value)?),
            "registries" => policy.registries(list(name, value)?),
            "crates" => policy.crates(list(name, value)?),
            "build_code" => policy.build_code(list(name, value)?),
            "readable" => policy.readable(list(name, value)?),
            "variables" => policy.variables(list(name, value)?),
            "build_limits" => policy.build_limits(limits(name, value)?),
            _ => return Err(unknown(name)),
        };
    }
    Ok(policy)
}
