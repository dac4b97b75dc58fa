//! Capabilities of servers, the methods that need them, and those that the editor is told.

use serde_json::{Value, json};

use crate::editor::lsp::projects::Action;

/// The command of the code action that adds a dependency.
pub(super) const ADD_DEPENDENCY: &str = "runner.addDependency";

/// The capability that a method needs; `None` if it needs none, or is not of the protocol.
pub(super) fn needed(method: &str) -> Option<&'static str> {
    Some(match method {
        "textDocument/completion" => "completionProvider",
        "textDocument/hover" => "hoverProvider",
        "textDocument/signatureHelp" => "signatureHelpProvider",
        "textDocument/declaration" => "declarationProvider",
        "textDocument/definition" => "definitionProvider",
        "textDocument/typeDefinition" => "typeDefinitionProvider",
        "textDocument/implementation" => "implementationProvider",
        "textDocument/references" => "referencesProvider",
        "textDocument/documentHighlight" => "documentHighlightProvider",
        "textDocument/documentSymbol" => "documentSymbolProvider",
        "textDocument/codeAction" => "codeActionProvider",
        "textDocument/codeLens" => "codeLensProvider",
        "textDocument/documentLink" => "documentLinkProvider",
        "textDocument/documentColor" => "colorProvider",
        "textDocument/formatting" => "documentFormattingProvider",
        "textDocument/rangeFormatting" => "documentRangeFormattingProvider",
        "textDocument/onTypeFormatting" => "documentOnTypeFormattingProvider",
        "textDocument/rename" | "textDocument/prepareRename" => "renameProvider",
        "textDocument/foldingRange" => "foldingRangeProvider",
        "textDocument/selectionRange" => "selectionRangeProvider",
        "textDocument/linkedEditingRange" => "linkedEditingRangeProvider",
        "textDocument/prepareCallHierarchy" => "callHierarchyProvider",
        "textDocument/prepareTypeHierarchy" => "typeHierarchyProvider",
        "textDocument/moniker" => "monikerProvider",
        "textDocument/inlayHint" => "inlayHintProvider",
        "textDocument/inlineValue" => "inlineValueProvider",
        "textDocument/diagnostic" => "diagnosticProvider",
        "workspace/symbol" => "workspaceSymbolProvider",
        _ if method.starts_with("textDocument/semanticTokens/") => "semanticTokensProvider",
        _ => return None,
    })
}

/// Whether a server has said that it knows a method.
pub(super) fn has(capabilities: &Value, method: &str) -> bool {
    needed(method)
        .is_none_or(|key| !matches!(capabilities.get(key), None | Some(Value::Null | Value::Bool(false))))
}

/// Whether a server takes the parts of a text that change.
pub(super) fn is_incremental(capabilities: &Value) -> bool {
    let sync = &capabilities["textDocumentSync"];
    sync.as_u64().or_else(|| sync["change"].as_u64()) == Some(2)
}

/// The answer to `initialize` for the editor, made from that of a server.
pub(super) fn announced(answer: &Value, server: &str) -> Value {
    let mut answer = answer.clone();
    if !answer.is_object() {
        answer = json!({});
    }
    let version = answer["serverInfo"]["version"].as_str().unwrap_or_default();
    let version = version.split_whitespace().next().unwrap_or_default();
    let name = [server, version].join(" ");
    answer["serverInfo"]["name"] = format!("runner lsp ({})", name.trim()).into();
    let capabilities = &mut answer["capabilities"];
    if !capabilities.is_object() {
        // Without any server there is still what is ours.
        *capabilities = json!({"textDocumentSync": {"openClose": true, "change": 2, "save": true}});
    }
    let is_off = |value: &Value| matches!(value, Value::Null | Value::Bool(false));
    if is_off(&capabilities["codeLensProvider"]) {
        capabilities["codeLensProvider"] = json!({"resolveProvider": false});
    }
    for key in ["codeActionProvider", "documentFormattingProvider"] {
        if is_off(&capabilities[key]) {
            capabilities[key] = true.into();
        }
    }
    let own = Action::ALL.iter().map(|action| action.command()).chain([ADD_DEPENDENCY]);
    let mut commands: Vec<Value> =
        capabilities["executeCommandProvider"]["commands"].as_array().cloned().unwrap_or_default();
    commands.extend(own.map(Value::from));
    if !capabilities["executeCommandProvider"].is_object() {
        capabilities["executeCommandProvider"] = json!({});
    }
    capabilities["executeCommandProvider"]["commands"] = commands.into();
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_is_added_and_nothing_taken() {
        let answer = json!({"capabilities": {"hoverProvider": true, "codeLensProvider": {"resolveProvider": true},
            "executeCommandProvider": {"commands": ["x"]}}, "serverInfo": {"name": "ra", "version": "1.95 (a b)"}});
        let ours = announced(&answer, "rust-analyzer");
        assert_eq!(ours["serverInfo"]["name"], "runner lsp (rust-analyzer 1.95)");
        assert_eq!(ours["capabilities"]["hoverProvider"], true);
        assert_eq!(ours["capabilities"]["codeLensProvider"]["resolveProvider"], true);
        let commands = ours["capabilities"]["executeCommandProvider"]["commands"].as_array().unwrap();
        assert_eq!((commands[0].as_str(), commands.len()), (Some("x"), 7));
        let none = announced(&Value::Null, "clangd");
        assert_eq!(none["serverInfo"]["name"], "runner lsp (clangd)");
        assert!(is_incremental(&none["capabilities"]));
    }

    #[test]
    fn methods_of_no_capability_are_everybodys() {
        let capabilities = json!({"hoverProvider": {}, "definitionProvider": false});
        for (method, expected) in [
            ("textDocument/hover", true),
            ("textDocument/definition", false),
            ("textDocument/semanticTokens/full", false),
            ("rust-analyzer/expandMacro", true),
        ] {
            assert_eq!(has(&capabilities, method), expected, "{method}");
        }
    }
}
