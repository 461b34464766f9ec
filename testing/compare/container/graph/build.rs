//! Writes the macros of `src/lib.rs`. The same application on every machine: its numbers come from a fixed seed.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::{env, fs, io};

/// Providers a module has.
const MODULE: usize = 50;
/// One in so many is exported.
const EXPORTED: usize = 10;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = env::var_os("OUT_DIR").unwrap_or_default();
    let text = [("thousand", 1_000), ("ten_thousand", 10_000)]
        .map(|(name, providers)| Application::draw(providers).as_macro(name))
        .concat();
    fs::write(Path::new(&folder).join("applications.rs"), text)
}

struct Application {
    modules: Vec<Module>,
}

struct Module {
    imports: Vec<usize>,
    /// Each with what it depends on.
    providers: Vec<(usize, Vec<usize>)>,
}

impl Application {
    /// Each module imports up to four earlier ones; each provider depends on up to three earlier ones, most of them of its own module.
    fn draw(providers: usize) -> Self {
        let mut random = Random(0x6e65_7374);
        let modules = (0..providers / MODULE)
            .map(|module| Module::draw(module, &mut random))
            .collect();
        Self { modules }
    }

    fn as_macro(&self, name: &str) -> String {
        let mut text = format!(
            "#[macro_export]\nmacro_rules! {name} {{ ($application:ident) => {{ $application! {{\nmodules {{\n"
        );
        for (number, module) in self.modules.iter().enumerate() {
            let imports = list(module.imports.iter().map(|import| module.import(*import)));
            let exports = list(exports(number).map(|export| format!("N{export}")));
            let _ = writeln!(
                text,
                "M{number} imports [{imports}] exports [{exports}] providers {{"
            );
            for (provider, dependencies) in &module.providers {
                let fields = dependencies
                    .iter()
                    .zip(["a", "b", "c"])
                    .map(|(dependency, field)| format!("{field} N{dependency}"));
                let _ = writeln!(text, "N{provider} [{}]", list(fields));
            }
            text.push_str("}\n");
        }
        let unused = list(self.unused().iter().map(|provider| format!("N{provider}")));
        let _ = writeln!(text, "}} unused [{unused}] }} }} }}");
        text
    }

    /// What nobody depends on: whoever asks for these has everything built.
    fn unused(&self) -> Vec<usize> {
        let providers = || self.modules.iter().flat_map(|module| &module.providers);
        let mut used = vec![false; providers().count()];
        for (_, dependencies) in providers() {
            dependencies.iter().for_each(|one| used[*one] = true);
        }
        (0..used.len()).filter(|one| !used[*one]).collect()
    }
}

impl Module {
    fn draw(number: usize, random: &mut Random) -> Self {
        let wanted = random.below(5).min(number);
        let imports = distinct(wanted, || random.below(number));
        let first = number * MODULE;
        let providers = (first..first + MODULE)
            .map(|provider| {
                let foreign: Vec<_> = imports.iter().flat_map(|import| exports(*import)).collect();
                let wanted = random.below(4).min(provider - first + foreign.len());
                let dependencies = distinct(wanted, || {
                    let own = provider - first;
                    if own > 0 && (foreign.is_empty() || random.below(10) < 7) {
                        first + random.below(own)
                    } else {
                        foreign[random.below(foreign.len())]
                    }
                });
                (provider, dependencies)
            })
            .collect();
        Self { imports, providers }
    }

    /// The import's name, and what is used of it.
    fn import(&self, import: usize) -> String {
        let used = self
            .providers
            .iter()
            .flat_map(|(_, dependencies)| dependencies);
        let used: BTreeSet<_> = used.filter(|one| *one / MODULE == import).collect();
        format!(
            "M{import} [{}]",
            list(used.iter().map(|one| format!("N{one}")))
        )
    }
}

fn exports(module: usize) -> impl Iterator<Item = usize> {
    (module * MODULE..(module + 1) * MODULE)
        .skip(EXPORTED - 1)
        .step_by(EXPORTED)
}

fn distinct(wanted: usize, mut draw: impl FnMut() -> usize) -> Vec<usize> {
    let mut drawn = Vec::new();
    while drawn.len() < wanted {
        let one = draw();
        if !drawn.contains(&one) {
            drawn.push(one);
        }
    }
    drawn
}

fn list(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(" ")
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }
}
