//! Writes what the program says of itself: man pages, completions, the changelog as Debian reads it, and
//! the description of the API, which the program answers with. What is kept in `packaging/generated` is
//! compared with it by the tests.
//!
//!   cargo run --example pages -- packaging/generated

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use clap_complete::Shell;

fn main() -> io::Result<()> {
    let directory = env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    write_all(&PathBuf::from(directory))
}

/// Writes all of them into `directory`.
///
/// # Errors
/// When the directory cannot be written, or the commented configuration not be read.
pub fn write_all(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let mut command = voicedrive_relay::cli::command();
    clap_mangen::generate_to(command.clone(), directory)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut command, "voicedrive-relay", directory)?;
    }
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = fs::read_to_string(project.join("packaging/config.toml"))?;
    fs::write(
        directory.join("voicedrive-relay-config.toml.5"),
        config_page(&config),
    )?;
    fs::write(directory.join("changelog"), changelog())?;
    let description = voicedrive_relay::http::openapi::document();
    fs::write(directory.join("openapi.json"), format!("{description}\n"))
}

/// The commented configuration as a page of the manual.
fn config_page(config: &str) -> String {
    let escaped = config.replace('\\', "\\e").replace('-', "\\-");
    // A line that begins with a dot or a quote would be a command.
    let lines: Vec<String> = escaped.lines().map(|line| format!("\\&{line}")).collect();
    let lines = lines.join("\n");
    format!(
        ".TH voicedrive\\-relay\\-config.toml 5 \"\" \"voicedrive\\-relay {version}\"\n\
         .SH NAME\nvoicedrive\\-relay\\-config.toml \\- configuration of voicedrive\\-relay\n\
         .SH SYNOPSIS\n/etc/voicedrive\\-relay/config.toml\n\
         .SH DESCRIPTION\nEvery key has a default, shown here behind a #. Secrets stand in\n\
         /etc/voicedrive\\-relay/secrets.env. All mistakes are reported together by\n\
         .BR voicedrive\\-relay\\ check .\n\
         .SH KEYS\n.nf\n{lines}\n.fi\n.SH SEE ALSO\n.BR voicedrive\\-relay (1)\n",
        version = env!("CARGO_PKG_VERSION"),
    )
}

/// One entry for the version, as Debian's tools want it; what changed stands in the README's company.
fn changelog() -> String {
    format!(
        "voicedrive-relay ({}) stable; urgency=medium\n\n  * See CHANGELOG.md of the project for what changed.\n\n \
         -- voicedrive-relay authors <relay@voicedrive-relay.invalid>  Sun, 26 Oct 2025 00:00:00 +0000\n",
        env!("CARGO_PKG_VERSION")
    )
}
