//! Settings of rust-analyzer for scripts: the user's own, and the projects.

use serde_json::{Value, json};

/// The section under which rust-analyzer asks for its settings.
pub(super) const SECTION: &str = "rust-analyzer";

/// The user's settings with the projects of scripts in place of those of the workspace.
pub(super) fn for_scripts(own: &Value, projects: &[Value]) -> Value {
    let mut settings = if own.is_object() { own.clone() } else { json!({}) };
    settings["linkedProjects"] = projects.into();
    set(&mut settings, "workspace", "discoverConfig", Value::Null);
    // How a cargo project is checked says nothing of a script.
    set(&mut settings, "check", "overrideCommand", Value::Null);
    // Half of the time until the first answer is spent on what most scripts never ask for.
    if settings["cachePriming"].is_null() && settings.get("cachePriming.enable").is_none() {
        set(&mut settings, "cachePriming", "enable", false.into());
    }
    // Between opening and the project being there a script belongs to nothing, which is no news.
    let mut disabled = settings["diagnostics"]["disabled"].as_array().cloned().unwrap_or_default();
    if !disabled.iter().any(|one| one == "unlinked-file") {
        disabled.push("unlinked-file".into());
    }
    set(&mut settings, "diagnostics", "disabled", disabled.into());
    settings
}

/// Sets a value, whether the user has written its name with a dot or as a table.
fn set(settings: &mut Value, table: &str, key: &str, value: Value) {
    if let Some(settings) = settings.as_object_mut() {
        settings.remove(&format!("{table}.{key}"));
    }
    if !settings[table].is_object() {
        settings[table] = json!({});
    }
    settings[table][key] = value;
}

/// The answer to `workspace/configuration`, completed.
pub(super) fn answer(items: Option<&Value>, answers: &Value, own: &Value, projects: &[Value]) -> Value {
    let items = items.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let complete = |(index, item): (usize, &Value)| {
        let answer = answers.get(index).cloned().unwrap_or(Value::Null);
        match item["section"].as_str() {
            Some(SECTION) => for_scripts(if answer.is_object() { &answer } else { own }, projects),
            _ => answer,
        }
    };
    items.iter().enumerate().map(complete).collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_settings_stay_but_for_those_of_a_project() {
        let own = json!({"check": {"command": "clippy", "overrideCommand": ["x"]}, "linkedProjects": ["/a"],
            "workspace.discoverConfig": {}, "diagnostics": {"disabled": ["x"]}});
        let settings = for_scripts(&own, &[json!({"crates": []})]);
        assert_eq!(settings["check"], json!({"command": "clippy", "overrideCommand": null}));
        assert_eq!(settings["linkedProjects"], json!([{"crates": []}]));
        assert_eq!(settings["diagnostics"]["disabled"], json!(["x", "unlinked-file"]));
        assert!(settings.get("workspace.discoverConfig").is_none());
    }

    #[test]
    fn other_sections_are_answered_as_the_editor_answers_them() {
        let items =
            json!([{"section": "editor"}, {"section": "rust-analyzer"}, {"section": "rust-analyzer"}]);
        let answers = json!([1, null, {"a": 2}]);
        let answer = answer(Some(&items), &answers, &json!({"own": 3}), &[]);
        assert_eq!((&answer[0], &answer[1]["own"], &answer[2]["a"]), (&json!(1), &json!(3), &json!(2)));
    }
}
