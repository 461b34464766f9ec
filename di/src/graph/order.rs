//! What is built after what, and the circles that make it impossible.

use super::{Code, Finding, Graph, ProviderId};

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
        let mut stack: Vec<(ProviderId, usize)> = Vec::new();
        for start in self.provider_ids() {
            if marks[start.index()] == Mark::New && !self.provider(start).pruned {
                marks[start.index()] = Mark::Open;
                stack.push((start, 0));
            }
            while let Some((id, next)) = stack.last_mut() {
                let (id, edge) = (*id, *next);
                *next += 1;
                let Some(edge) = self.edges(id).get(edge) else {
                    marks[id.index()] = Mark::Done;
                    order.push(id);
                    stack.pop();
                    continue;
                };
                if edge.lazy {
                    continue;
                }
                match marks[edge.target.index()] {
                    Mark::New => {
                        marks[edge.target.index()] = Mark::Open;
                        stack.push((edge.target, 0));
                    }
                    Mark::Open => findings.push(self.cycle(&stack, edge.target)),
                    Mark::Done => {}
                }
            }
        }
        self.order = order;
    }

    /// The stack from where the circle begins.
    fn cycle(&self, stack: &[(ProviderId, usize)], begin: ProviderId) -> Finding {
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
        for (id, next) in members {
            // `next` is one past the edge that leads on.
            let edge = &self.edges(*id)[next - 1];
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
