//! What has to be known to read a transport's figures.

use crate::transports::Transport;

const ALL: &str = "\
The middle of the rounds. Behind each rate stands how many times ours it is, with the least and most of any round in parentheses; ≈ where some \
rounds have it the other way round, so that the two cannot be told apart. A dash: the list below says why.

- Everybody gets the same order in turn, over and over: so many calls at once for a while, each of them sent when the one before it is \
answered. Client and server are processes of their own, and share the processors with each other and with the broker. Every reply is \
checked to be the one to its call.
- *events* are counted when the server has them; no more than 4,096 are under way. *numbers in streams*: eight streams of 1,000 numbers \
at a time.
- *half of the peak rate* is half of what each reached itself with 64 at once. Calls are sent at their time however long others take, in bursts a \
millisecond apart, and their times count from when they were due.
- *ready after* is from the start of the process until its server is ready; nestrs 1.6.0 does not say when it is.
";

pub(super) fn of(transport: Transport) -> String {
    let events = match transport {
        Transport::Tcp => {
            "An event is sent when the system has it: that is what ours and NestJS wait for. The raw driver does not wait, nestrs 1.6.0 makes a \
             connection for it, and tarpc, which has none, waits for an empty answer."
        }
        Transport::Grpc => {
            "An event is a call without a result, and is sent when it is answered, by everybody."
        }
        Transport::Nats => {
            "An event is sent when the system has it: that is what ours waits for, and nestrs 1.6.0. The raw driver, NestJS and RustStream leave it \
             with their driver, which loses it if the process ends."
        }
        Transport::Redis => {
            "An event is sent when Redis has answered: that is what ours, NestJS and nestrs 1.6.0 wait for. The raw driver does not wait."
        }
        Transport::RabbitMq => {
            "An event is sent when RabbitMQ has confirmed it: that is what ours, the raw driver and NestJS wait for, and all three have it written \
             to disk. nestrs 1.6.0 and RustStream's plain publisher leave it with their driver."
        }
        Transport::Mqtt => {
            "Quality 0. An event is sent when the system has it: that is what ours and NestJS wait for. The raw driver and nestrs 1.6.0 leave it \
             with their driver."
        }
        Transport::Kafka => {
            "An event is sent when all replicas, of which there is one, have it: that is what everybody waits for. Handlers read one partition, \
             and a record is never held back to be sent with more; nestrs 1.6.0 reads without a group and commits nothing."
        }
    };
    let peers = match transport {
        Transport::Tcp => {
            "*raw driver*: written by hand on tokio, with the same framing and packets, and as much as there is in each write. tarpc carries JSON too, and has no streams."
        }
        Transport::Grpc => {
            "*raw driver* is plain tonic. It, NestJS and ours have the methods of one proto file; ours with itself by pattern (*nestrs, patterns*) and \
             nestrs 1.6.0 carry JSON in a message of their own."
        }
        Transport::Nats | Transport::RabbitMq => {
            "*raw driver* is written by hand on the client crate that ours is made with, with the same packets and settings. RustStream has \
             requests over NATS and RabbitMQ alone, and no streams of replies."
        }
        Transport::Redis => {
            "*raw driver* is written by hand on the client crate that ours is made with, with the same packets and settings. RustStream has Redis's \
             streams alone, and no requests over them."
        }
        Transport::Mqtt | Transport::Kafka => {
            "*raw driver* is written by hand on the client crate that ours is made with, with the same packets and settings. RustStream has no \
             requests here."
        }
    };
    let mut text =
        format!("{ALL}- {events}\n- {peers}\n- nestrs 1.6.0 has no streams of replies.\n");
    if let Some(rest) = rest(transport) {
        text += &format!("- {rest}\n");
    }
    if transport == Transport::RabbitMq {
        text += "- NestJS's driver leaves Nagle's algorithm on: a large call that goes alone waits for the acknowledgement of its first part.\n";
    }
    if transport == Transport::Mqtt {
        text += "- NestJS's client unsubscribes from a pattern's replies when it waits for none, also while its next call subscribes, and then waits for \
                 ever. Here one more subscriber than there are calls keeps it from that.\n";
    }
    text
}

/// Where the time goes that the raw driver does not need.
fn rest(transport: Transport) -> Option<&'static str> {
    Some(match transport {
        Transport::Tcp => {
            "What the raw driver does without: deadlines, calls that are called off, limits, a pipeline with its enhancers, and patterns of any shape. \
             Calls, counted, has what that takes. How many calls the raw driver makes in a round depends more on whether its two sides fall into \
             step, each reading and writing much at once: its own rounds are up to four times apart, so that a single ratio says little."
        }
        Transport::Grpc => {
            "What the raw driver does without: deadlines for every call, room for so many, the drain, and a pipeline behind the method; tonic and h2 \
             have the rest of it, on both sides alike. Calls, counted, has what that takes."
        }
        Transport::Nats => {
            "A call takes as much at the client as by hand, and a microsecond more at the server, for its deadline, the limit, the way to its handler and what \
             is told to that; Calls, counted, has what that takes. The broker takes more than either, and what it leaves decides: this row was 0.99 \
             (0.83 to 1.00) on another day."
        }
        Transport::Redis => {
            "The rest is the way to the driver and back: a request is a command that is put together, packed into a pipeline and answered with a value \
             of its own, since that answer tells that nobody listens, and a message is a value of four parts before it is one of ours. Commands and \
             messages that went past the driver, on its own sockets, were tried: 161 k calls a second where the raw driver had 125 k, with 3.3 and 2.2 µs \
             where it had 4.8 and 3.7. That would be a driver of our own to keep, so it was left."
        }
        _ => return None,
    })
}
