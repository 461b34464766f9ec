//! Pictures of a graph: modules as boxes, providers inside, arrows for imports and dependencies.

use std::fmt::Write;

use super::view::{GraphView, ModuleView, ProviderView};

impl GraphView {
    /// A Mermaid flowchart. Exported providers have round ends, private ones corners; an import is a thick arrow, a dependency a thin
    /// one, a lazy one a dotted one.
    ///
    /// ```
    /// use nestrs_di::{Graph, injectable, module};
    ///
    /// #[injectable]
    /// struct Clock;
    /// #[module(providers = [Clock])]
    /// struct AppModule;
    ///
    /// let picture = Graph::of::<AppModule>().unwrap().view().to_mermaid();
    /// assert_eq!(picture, "\
    /// flowchart LR
    ///   subgraph m0[\"AppModule\"]
    ///     p0[\"Clock\"]
    ///     p1[\"AppModule\"]
    ///   end
    /// ");
    /// ```
    pub fn to_mermaid(&self) -> String {
        let mut out = String::from("flowchart LR\n");
        for module in &self.modules {
            line(
                &mut out,
                format_args!("  subgraph m{}[\"{}\"]", module.id, mermaid(&title(module))),
            );
            for provider in &module.providers {
                let (open, close) = if provider.exported {
                    ("([", "])")
                } else {
                    ("[", "]")
                };
                let name = mermaid(&label(provider));
                line(
                    &mut out,
                    format_args!("    p{}{open}\"{name}\"{close}", provider.id),
                );
            }
            line(&mut out, format_args!("  end"));
        }
        for (from, to) in self.imports() {
            line(&mut out, format_args!("  m{from} ==> m{to}"));
        }
        for edge in &self.dependencies {
            let arrow = if edge.lazy { "-.->" } else { "-->" };
            line(
                &mut out,
                format_args!("  p{} {arrow} p{}", edge.from, edge.to),
            );
        }
        out
    }

    /// A graph for Graphviz. Exported providers have a bold border, private ones a plain one; an import is a bold arrow between
    /// modules, a dependency a plain one, a lazy one a dotted one.
    ///
    /// ```
    /// use nestrs_di::{Graph, module};
    ///
    /// #[module]
    /// struct AppModule;
    ///
    /// let picture = Graph::of::<AppModule>().unwrap().view().to_dot();
    /// assert!(picture.starts_with("digraph application {"));
    /// ```
    pub fn to_dot(&self) -> String {
        let mut out = String::from(
            "digraph application {\n  compound=true;\n  rankdir=LR;\n  node [shape=box];\n",
        );
        for module in &self.modules {
            line(
                &mut out,
                format_args!("  subgraph cluster_{} {{", module.id),
            );
            line(&mut out, format_args!("    label={:?};", title(module)));
            // Arrows between boxes need a point inside each.
            line(
                &mut out,
                format_args!("    m{} [shape=point, style=invis];", module.id),
            );
            for provider in &module.providers {
                let style = if provider.exported {
                    ", style=bold"
                } else {
                    ""
                };
                line(
                    &mut out,
                    format_args!("    p{} [label={:?}{style}];", provider.id, label(provider)),
                );
            }
            line(&mut out, format_args!("  }}"));
        }
        for (from, to) in self.imports() {
            line(
                &mut out,
                format_args!(
                    "  m{from} -> m{to} [style=bold, ltail=cluster_{from}, lhead=cluster_{to}];"
                ),
            );
        }
        for edge in &self.dependencies {
            let style = if edge.lazy { " [style=dotted]" } else { "" };
            line(
                &mut out,
                format_args!("  p{} -> p{}{style};", edge.from, edge.to),
            );
        }
        out.push_str("}\n");
        out
    }

    fn imports(&self) -> impl Iterator<Item = (usize, usize)> {
        self.modules
            .iter()
            .flat_map(|module| module.imports.iter().map(|import| (module.id, *import)))
    }
}

fn title(module: &ModuleView) -> String {
    let global = if module.global { " (global)" } else { "" };
    format!("{}{global}", module.name)
}

fn label(provider: &ProviderView) -> String {
    match provider.scope.as_str() {
        "singleton" => provider.name.clone(),
        scope => format!("{} ({scope})", provider.name),
    }
}

fn mermaid(text: &str) -> String {
    text.replace('"', "#quot;")
        .replace('<', "#lt;")
        .replace('>', "#gt;")
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{text}");
}
