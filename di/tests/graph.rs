//! The graph as data and as pictures.

#![allow(
    clippy::unwrap_used,
    reason = "a wiring that fails here is a failed test"
)]

use std::sync::Arc;

use nestrs_di::{Graph, Lazy, Provider, injectable, module};

#[injectable]
struct Repo(#[expect(dead_code)] Lazy<Users>);
#[injectable]
struct Users(#[expect(dead_code)] Arc<Repo>);
#[module(providers = [Repo, Users], exports = [Users])]
struct UsersModule;

#[injectable(scope = "request")]
struct Orders {
    #[expect(dead_code)]
    users: Arc<Users>,
    #[inject("currency")]
    #[expect(dead_code)]
    currency: Arc<Option<String>>,
}

#[module(imports = [UsersModule], providers = [Orders, Provider::value(None::<String>).named("currency")])]
struct AppModule;

#[test]
fn modules_are_boxes_and_exported_and_private_differ() {
    let view = Graph::of::<AppModule>().unwrap().view();
    assert_eq!(
        view.to_mermaid(),
        r#"flowchart LR
  subgraph m0["UsersModule"]
    p0["Repo"]
    p1(["Users"])
    p2["UsersModule"]
  end
  subgraph m1["AppModule"]
    p3["Orders (request)"]
    p4["Option#lt;String#gt; #quot;currency#quot;"]
    p5["AppModule"]
  end
  m1 ==> m0
  p0 -.-> p1
  p1 --> p0
  p3 --> p1
  p3 --> p4
"#
    );
    assert_eq!(
        view.to_dot(),
        r#"digraph application {
  compound=true;
  rankdir=LR;
  node [shape=box];
  subgraph cluster_0 {
    label="UsersModule";
    m0 [shape=point, style=invis];
    p0 [label="Repo"];
    p1 [label="Users", style=bold];
    p2 [label="UsersModule"];
  }
  subgraph cluster_1 {
    label="AppModule";
    m1 [shape=point, style=invis];
    p3 [label="Orders (request)"];
    p4 [label="Option<String> \"currency\""];
    p5 [label="AppModule"];
  }
  m1 -> m0 [style=bold, ltail=cluster_1, lhead=cluster_0];
  p0 -> p1 [style=dotted];
  p1 -> p0;
  p3 -> p1;
  p3 -> p4;
}
"#
    );
}

#[tokio::test(start_paused = true)]
async fn data_has_levels_places_and_times() {
    struct Slow;
    #[injectable]
    impl Slow {
        #[constructor]
        async fn new() -> Self {
            tokio::task::yield_now().await;
            Self
        }
    }
    #[injectable]
    struct Above(#[expect(dead_code)] Arc<Slow>);
    #[module(providers = [Above, Slow])]
    struct App;
    let container = Graph::of::<App>().unwrap().construct().await.unwrap();
    let view = serde_json::to_value(container.view()).unwrap();
    let [above, slow] = [0, 1].map(|index| &view["modules"][0]["providers"][index]);
    assert_eq!(
        (&above["name"], &above["level"]),
        (&"Above".into(), &1.into())
    );
    assert_eq!((&slow["name"], &slow["level"]), (&"Slow".into(), &0.into()));
    assert!(
        slow["at"].as_str().unwrap().contains("tests/graph.rs:"),
        "{slow}"
    );
    assert!(slow["built_in_us"].is_u64(), "{slow}");
    assert_eq!(
        view["dependencies"][0],
        serde_json::json!({ "from": 0, "to": 1, "lazy": false })
    );
}
