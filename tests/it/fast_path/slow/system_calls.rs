//! A hit among two thousand scripts.

use std::fs;

use crate::support::hits::{hit, normalized, sandbox};
use crate::support::strace;

#[test]
fn a_hit_costs_the_same_among_two_thousand_scripts() {
    if !strace::is_there() {
        return;
    }
    let sandbox = sandbox();
    sandbox.write("x.rs", "print x\n");
    sandbox.runner(["x.rs"]).run().prints("x\n");
    let alone = normalized(&sandbox, &hit(&sandbox, &["x.rs"]));
    let v1 = sandbox.cache().join("v1");
    let trace = fs::read(v1.join("traces").join(&sandbox.cached("traces")[0])).unwrap();
    for number in 0..2000u32 {
        let name = format!("{:02x}{number:062x}", number % 256);
        for part in ["traces", "bin"] {
            let shard = v1.join(part).join(&name[..2]);
            fs::create_dir_all(&shard).unwrap();
            match part {
                "traces" => fs::write(shard.join(&name), &trace).unwrap(),
                _ => fs::create_dir(shard.join(&name)).unwrap(),
            }
        }
        fs::write(v1.join("locks").join(&name), "").unwrap();
    }
    assert_eq!(normalized(&sandbox, &hit(&sandbox, &["x.rs"])), alone);
    println!("hot path: {} system calls, alone and among 2000", alone.lines().count());
}
