//! `pipeline-instructions <case> <times>`: so many messages of one kind, for a tool that counts what the processor does.

use pipeline::cases::{Case, runtime};

fn main() {
    let mut args = std::env::args().skip(1);
    let name = args.next().expect("what to send");
    let times: u32 = args.next().expect("how often").parse().expect("a number");
    runtime().block_on(async {
        let case = Case::named(&name).await.expect("a case of that name");
        for _ in 0..times {
            case.run().await;
        }
    });
}
