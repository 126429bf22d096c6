//! Placeholder.
/// Placeholder.
#[derive(clap::Args)]
pub(crate) struct DrillArgs {}
pub(crate) fn run(_: &DrillArgs) -> anyhow::Result<()> {
    anyhow::bail!("not built yet")
}
