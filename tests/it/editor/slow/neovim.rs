//! A real Neovim with the real rust-analyzer: completion in a script that has neither `main` nor extension.

use std::process::Command;

use crate::editor::slow::rust::{alone, cache, has};
use crate::support::editor::language_server;
use crate::support::editor_directory::Directory;

const LUA: &str = r#"
local out = {}
local ok, problem = pcall(function()
local id = vim.lsp.start_client({ cmd = { "nice", "-n", "10", vim.env.SERVER, "lsp" }, root_dir = nil })
for _, name in ipairs({ "bare", "front.rs" }) do
  vim.cmd("edit " .. vim.env.DIRECTORY .. "/" .. name)
  vim.bo.filetype = "rust"
  vim.lsp.buf_attach_client(0, id)
  local line = vim.fn.search("re\\.$") - 1
  local place = { textDocument = vim.lsp.util.make_text_document_params(), position = { line = line, character = 3 } }
  local found = false
  vim.wait(180000, function()
    local answers = vim.lsp.buf_request_sync(0, "textDocument/completion", place, 5000) or {}
    for _, answer in pairs(answers) do
      local items = answer.result and (answer.result.items or answer.result) or {}
      for _, item in ipairs(items) do
        if vim.startswith(item.label, "is_match") then found = true end
      end
    end
    return found
  end, 300)
  table.insert(out, name .. " " .. tostring(found))
end
vim.lsp.stop_client(id)
end)
if not ok then table.insert(out, problem) end
vim.fn.writefile(out, vim.env.DIRECTORY .. "/result")
vim.cmd("qall!")
"#;

#[test]
fn neovim_completes_a_dependencys_method() {
    if !has("nvim") || !has("rust-analyzer") {
        return;
    }
    let _alone = alone();
    let directory = Directory::new("neovim");
    let body = "let re = regex::Regex::new(\"a\").unwrap();\nre.\n";
    directory
        .write("bare", &format!("#!/usr/bin/env runner\n---\n[dependencies]\nregex = \"1\"\n---\n{body}"));
    directory.write(
        "front.rs",
        &format!("#!/usr/bin/env runner\n---\n[dependencies]\nregex = \"1\"\n---\nfn main() {{\n{body}}}\n"),
    );
    let lua = Directory::new("lua");
    let script = lua.write("try.lua", LUA);
    let status = Command::new("nvim")
        .args(["--headless", "-u", "NONE", "-i", "NONE", "-n", "-c"])
        .arg(format!("luafile {}", script.display()))
        .env("SERVER", language_server().get_program())
        .env("DIRECTORY", directory.path())
        .env("RUNNER_CACHE", cache())
        .env("RA_LOG", "error")
        .status()
        .unwrap();
    assert!(status.success());
    let result = std::fs::read_to_string(directory.path().join("result")).unwrap();
    assert_eq!(result, "bare true\nfront.rs true\n");
}
