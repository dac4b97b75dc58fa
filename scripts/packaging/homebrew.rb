# Made by scripts/release; `brew install ./homebrew.rb`, or runscript.rb in a tap.
class Runscript < Formula
  desc "@DESCRIPTION@"
  homepage "@REPOSITORY@"
  version "@VERSION@"
  license "MIT"

  on_macos do
    #@ aarch64-apple-darwin
    on_arm do
      url "@REPOSITORY@/releases/download/v@VERSION@/runscript-@VERSION@-aarch64-apple-darwin.tar.gz"
      sha256 "@SHA256 aarch64-apple-darwin@"
    end
    #@ end
    #@ x86_64-apple-darwin
    on_intel do
      url "@REPOSITORY@/releases/download/v@VERSION@/runscript-@VERSION@-x86_64-apple-darwin.tar.gz"
      sha256 "@SHA256 x86_64-apple-darwin@"
    end
    #@ end
  end

  on_linux do
    #@ aarch64-unknown-linux-musl
    on_arm do
      url "@REPOSITORY@/releases/download/v@VERSION@/runscript-@VERSION@-aarch64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256 aarch64-unknown-linux-musl@"
    end
    #@ end
    #@ x86_64-unknown-linux-musl
    on_intel do
      url "@REPOSITORY@/releases/download/v@VERSION@/runscript-@VERSION@-x86_64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256 x86_64-unknown-linux-musl@"
    end
    #@ end
  end

  def install
    bin.install "runner"
    bin.install_symlink "runner" => "runscript"
    man1.install "runner.1"
    bash_completion.install "completions/runner.bash" => "runner"
    zsh_completion.install "completions/_runner"
    fish_completion.install "completions/runner.fish"
    doc.install "THIRD-PARTY.txt", "CHANGELOG.md"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/runner --version")
  end
end
