//! What is built after what, and the circles that make it impossible.

use super::{Code, Edge, Finding, Graph, ProviderId};

/// A provider on the way, and its dependencies that are not looked at yet.
type Open<'a> = (ProviderId, std::slice::Iter<'a, Edge>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    Open,
    Done,
}

impl Graph {
    /// Puts every provider after what it depends on. Depth first, with a stack of its own.
    pub(super) fn sort(&mut self, findings: &mut Vec<Finding>) {
        let mut marks = vec![Mark::New; self.providers.len()];
        let mut order = Vec::with_capacity(self.providers.len());
        let mut stack: Vec<Open<'_>> = Vec::new();
        let edges = |id| self.edges(id).iter();
        for start in self.provider_ids() {
            if marks[start.index()] == Mark::New && !self.provider(start).pruned {
                marks[start.index()] = Mark::Open;
                stack.push((start, edges(start)));
            }
            while let Some((id, rest)) = stack.last_mut() {
                let Some(edge) =
                    rest.find(|edge| !edge.lazy && marks[edge.target.index()] != Mark::Done)
                else {
                    marks[id.index()] = Mark::Done;
                    order.push(*id);
                    stack.pop();
                    continue;
                };
                match &mut marks[edge.target.index()] {
                    mark @ Mark::New => {
                        *mark = Mark::Open;
                        stack.push((edge.target, edges(edge.target)));
                    }
                    _ => findings.push(self.cycle(&stack, edge.target)),
                }
            }
        }
        self.order = order;
    }

    /// The stack from where the circle begins.
    fn cycle(&self, stack: &[Open<'_>], begin: ProviderId) -> Finding {
        let from = stack
            .iter()
            .position(|(id, _)| *id == begin)
            .unwrap_or_default();
        let members = &stack[from..];
        let name = |id: ProviderId| self.provider(id).key().to_string();
        let round: Vec<_> = members
            .iter()
            .map(|(id, _)| name(*id))
            .chain([name(begin)])
            .collect();
        let mut finding = Finding::error(
            Code::Cycle,
            format!("`{}` depends on itself: {}", round[0], round.join(" > ")),
        );
        for (id, rest) in members {
            // The edge that leads on is the one before the rest.
            let edges = self.edges(*id);
            let edge = &edges[edges.len() - rest.len() - 1];
            let dependency = &self.provider(*id).provider.dependencies[edge.dependency as usize];
            finding = finding.site(dependency.at, dependency.written);
        }
        let mut path = self.path_to(self.provider(begin).module);
        path.extend(round);
        finding.path(path).fix(format!(
            "let one of them look the other up when it is used: `Lazy<{}>`; or move what both need into a provider of its own",
            self.provider(begin).key().short_name()
        ))
    }
}
