//! The READMEs' list of routes, in both languages.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::routes::{Auth, Route};
use super::tree::Tree;
use super::{read, region};

/// The region of a README that holds the table.
const REGION: &str = "routes";

/// A README and its language.
struct Readme {
    path: &'static str,
    /// The table's columns.
    header: &'static str,
    player: &'static str,
    public: &'static str,
    optional: &'static str,
}

const READMES: [Readme; 2] = [
    Readme {
        path: "README.md",
        header: "| route | request | caller | what it does |",
        player: "player",
        public: "anyone",
        optional: "anyone or player",
    },
    Readme {
        path: "README.zh-CN.md",
        header: "| 路由 | 请求 | 调用者 | 用途 |",
        player: "玩家",
        public: "任何人",
        optional: "任何人或玩家",
    },
];

/// READMEs that want a table have the region for it.
pub(super) fn plan(checkout: &Path, routes: &[Route], tree: &mut Tree) -> Result<()> {
    for readme in &READMES {
        if !checkout.join(readme.path).exists() {
            continue;
        }
        let text = read(checkout, readme.path)?;
        let text = region::replace(&text, REGION, &table(readme, routes)).context(readme.path)?;
        tree.file(readme.path, text);
    }
    Ok(())
}

fn table(readme: &Readme, routes: &[Route]) -> String {
    let row = |route: &Route| {
        let caller = match route.auth {
            Auth::Player => readme.player,
            Auth::Public => readme.public,
            Auth::Optional => readme.optional,
        };
        format!("| `{}` | `{}` | {caller} | {} |\n", route.id, route.key(), route.summary)
    };
    let rows: String = routes.iter().filter(|route| route.is_reachable()).map(row).collect();
    format!("{}\n| --- | --- | --- | --- |\n{rows}", readme.header)
}

#[cfg(test)]
mod tests {
    use super::super::testing::route;
    use super::*;

    #[test]
    fn both_languages_list_the_same_routes() {
        let routes =
            [route("game-state", "game", "GET /state/{id}"), route("system-metrics", "system", "GET /metrics")];
        let [english, chinese] = READMES.map(|readme| table(&readme, &routes));
        assert!(english.ends_with("\n| `game-state` | `GET /state/{id}` | player | What it does |\n"), "{english}");
        assert!(chinese.ends_with("\n| `game-state` | `GET /state/{id}` | 玩家 | What it does |\n"), "{chinese}");
    }
}
