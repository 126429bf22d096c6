//! Placeholder.
/// Placeholder.
#[derive(clap::Args)]
pub(crate) struct UpArgs {}
/// Placeholder.
#[derive(clap::Args)]
pub(crate) struct TestArgs {}
/// Placeholder.
#[derive(clap::Args)]
pub(crate) struct PlayArgs {}
pub(crate) fn up(_: &UpArgs) -> anyhow::Result<()> {
    anyhow::bail!("not built yet")
}
pub(crate) fn down() -> anyhow::Result<()> {
    anyhow::bail!("not built yet")
}
pub(crate) fn test(_: &TestArgs) -> anyhow::Result<()> {
    anyhow::bail!("not built yet")
}
pub(crate) fn play(_: &PlayArgs) -> anyhow::Result<()> {
    anyhow::bail!("not built yet")
}
