use serde_json::{Value, json};

use crate::{Case, Flow};

/// The exchanges every client goes through with every server, against a server just started.
pub fn cases() -> Vec<Case> {
    let mut cases = requests();
    cases.extend(failures());
    cases.extend(streams());
    cases.extend(events());
    cases.extend(concurrency());
    cases
}

fn requests() -> Vec<Case> {
    let text = "Grüße, 日本語, 😀 é \u{0} \n \" \\ \u{2028}";
    let nested = json!({ "z": [1, { "y": null }], "a": { "😀": [true, false, []] }, "": {} });
    let long = "0123456789abcdé😀".repeat(1 << 16);
    vec![
        Case::new("math.add").answers(
            "math.add",
            json!({ "a": 1, "b": 2 }),
            json!({ "result": 3 }),
        ),
        Case::new("object pattern").answers(json!({ "cmd": "sum" }), json!([1, 2, 3]), 6),
        Case::new("object pattern as text").answers(r#"{"cmd":"sum"}"#, json!([4, 5]), 9),
        Case::new("text beyond ASCII").answers("echo", json!(text), text),
        Case::new("nested data").answers("echo", nested.clone(), nested),
        Case::new("a megabyte of text").answers("echo", json!(long), long),
        Case::new("falsy data")
            .answers("echo", json!(0), 0)
            .answers("echo", json!(false), false)
            .answers("echo", json!(""), ""),
        Case::new("null").answers("null.value", json!({}), Value::Null),
        Case::new("nothing").streams("nothing", json!({}), vec![]),
    ]
}

fn failures() -> Vec<Case> {
    let unknown = "There is no matching message handler defined in the remote service.";
    let failed = |message: &str| json!({ "status": "error", "message": message });
    vec![
        Case::new("fail.string").fails("fail.string", json!({}), failed("boom")),
        Case::new("fail.object").fails(
            "fail.object",
            json!({}),
            json!({ "code": 42, "message": "obj boom" }),
        ),
        shapes()
            .into_iter()
            .fold(Case::new("errors of every shape"), |case, error| {
                case.fails("fail.with", error.clone(), error)
            })
            .fails("fail.with", json!("text"), failed("text")),
        Case::new("an error in no object")
            .fails("fail.raw", json!("text"), json!("text"))
            .fails("fail.raw", json!({ "code": 42 }), json!({ "code": 42 })),
        Case::new("fail.crash")
            .fails("fail.crash", json!({}), failed("Internal server error"))
            .answers("echo", json!("alive"), "alive"),
        Case::new("unknown pattern")
            .fails("no.such", json!({}), json!(unknown))
            .fails(json!({ "cmd": "no such" }), json!({}), json!(unknown))
            .answers("echo", json!("alive"), "alive"),
    ]
}

/// What the authors of services make `RpcException`s of.
fn shapes() -> [Value; 6] {
    [
        json!({ "status": 404, "message": "no such order" }),
        json!({ "status": "declined", "message": "no funds" }),
        json!({ "status": "error", "message": "boom", "details": { "at": [1, 2] } }),
        json!({ "code": "E_STOCK", "left": 0 }),
        json!({ "code": 5, "message": "five", "details": null }),
        json!({ "statusCode": 400, "message": ["a is wrong", "b is wrong"], "error": "Bad Request" }),
    ]
}

fn streams() -> Vec<Case> {
    let numbers = |n: u64| (0..n).map(Value::from).collect();
    vec![
        Case::new("stream").streams("stream", json!({ "n": 3 }), numbers(3)),
        Case::new("stream of nothing").streams("stream", json!({ "n": 0 }), vec![]),
        Case::new("stream of 1000").streams("stream", json!({ "n": 1000 }), numbers(1000)),
    ]
}

/// The order matters: `events.seen` answers with every event since the server's start.
fn events() -> Vec<Case> {
    let (ada, bob) = (json!({ "name": "Ada" }), json!({ "name": "Bøb 😀" }));
    let seen = |n: usize| json!({ "atLeast": n });
    vec![
        Case::new("event")
            .emits("user.created", ada.clone())
            .answers("events.seen", seen(1), json!([ada])),
        Case::new("request to an event handler")
            .streams("user.created", bob.clone(), vec![])
            .answers("events.seen", seen(2), json!([ada, bob])),
        Case::new("unknown event")
            .emits("no.such.event", json!({}))
            .answers("events.seen", seen(0), json!([ada, bob])),
        Case::new("event to a message handler")
            .emits("math.add", json!({ "a": 1, "b": 2 }))
            .answers("echo", json!("alive"), "alive"),
    ]
}

fn concurrency() -> Vec<Case> {
    let slow = |case: Case, ms: u64| case.answers("slow", json!({ "ms": ms }), ms);
    let many = (0..2000).fold(Case::new("2000 at once"), |case, n| {
        case.answers("echo", json!({ "n": n }), json!({ "n": n }))
    });
    vec![
        [600, 300, 0]
            .into_iter()
            .fold(Case::new("fast overtakes slow"), slow)
            .flow(Flow::Overtaking),
        many.flow(Flow::AtOnce),
    ]
}
