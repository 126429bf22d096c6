//! Placeholder.
pub(crate) fn write() -> anyhow::Result<()> {
    anyhow::bail!("not built yet")
}
