# Made by scripts/release; `nix run .` runs it, `nix profile install .` installs it.
{
  description = "@DESCRIPTION@";
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }:
    let
      sources = {
        #@ x86_64-unknown-linux-musl
        x86_64-linux = { target = "x86_64-unknown-linux-musl"; sha256 = "@SHA256 x86_64-unknown-linux-musl@"; };
        #@ end
        #@ aarch64-unknown-linux-musl
        aarch64-linux = { target = "aarch64-unknown-linux-musl"; sha256 = "@SHA256 aarch64-unknown-linux-musl@"; };
        #@ end
        #@ aarch64-apple-darwin
        aarch64-darwin = { target = "aarch64-apple-darwin"; sha256 = "@SHA256 aarch64-apple-darwin@"; };
        #@ end
        #@ x86_64-apple-darwin
        x86_64-darwin = { target = "x86_64-apple-darwin"; sha256 = "@SHA256 x86_64-apple-darwin@"; };
        #@ end
      };
    in
    {
      packages = builtins.mapAttrs
        (system: source:
          let pkgs = nixpkgs.legacyPackages.${system}; in
          {
            default = pkgs.stdenvNoCC.mkDerivation {
              pname = "runscript";
              version = "@VERSION@";
              src = pkgs.fetchurl {
                url = "@REPOSITORY@/releases/download/v@VERSION@/runscript-@VERSION@-${source.target}.tar.gz";
                inherit (source) sha256;
              };
              nativeBuildInputs = [ pkgs.installShellFiles ];
              installPhase = ''
                install -D -m 755 runner $out/bin/runner
                ln -s runner $out/bin/runscript
                installManPage runner.1
                installShellCompletion --bash --name runner completions/runner.bash
                installShellCompletion --zsh completions/_runner --fish completions/runner.fish
                install -D -m 644 -t $out/share/doc/runscript LICENSE THIRD-PARTY.txt CHANGELOG.md
              '';
              # A static binary has nothing to patch, and stripping would take its build record.
              dontStrip = true;
              dontPatchELF = true;
              meta = { license = pkgs.lib.licenses.mit; mainProgram = "runner"; };
            };
          })
        sources;
    };
}
