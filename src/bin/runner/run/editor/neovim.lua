-- Neovim 0.11: ~/.config/nvim/lsp/runner.lua, and `vim.lsp.enable("runner")` in init.lua.
return {
  cmd = { "runner", "lsp" },
  filetypes = { "rust", "c", "cpp", "go" },
  root_markers = { "Cargo.toml", ".git" },
}

-- Neovim 0.7 to 0.10, in init.lua:
-- vim.api.nvim_create_autocmd("FileType", { pattern = { "rust", "c", "cpp", "go" }, callback = function()
--   vim.lsp.start_client({ name = "runner", cmd = { "runner", "lsp" }, root_dir = vim.fn.getcwd() })
-- end })

-- Scripts without extension, in init.lua: Neovim takes `#` for a configuration file, so the first line must win.
-- vim.filetype.add({ pattern = { [".*"] = { function(_, buffer)
--   local first = vim.api.nvim_buf_get_lines(buffer, 0, 1, false)[1] or ""
--   if first:match("^#!.*%f[%w]runner") then return "rust" end
-- end, { priority = 10 } } } })

-- Debugging with nvim-dap:
-- require("dap").configurations.rust = { { type = "codelldb", request = "launch", name = "script",
--   program = function()
--     return vim.fn.trim(vim.fn.system({ "runner", "build", "--debug", "--print-path", vim.fn.expand("%:p") }))
--   end,
--   env = function() return { RUNNER_SCRIPT = vim.fn.expand("%:p") } end } }
