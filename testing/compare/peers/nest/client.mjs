// NestJS's client: `node client.mjs <transport> <address>`, started in the folder of a version of NestJS. It carries out the orders that
// `../load/src/orders.rs` has, in the same way.
import { createInterface } from 'node:readline';
import { logger, nest, say } from '../../../interop/node/nest.mjs';
import { optionsOf, prepare, REQUESTS, transports } from './transports.mjs';

const WORDS = 'what one service has to say to another; ';
const SENDERS = 64;
const UNDER_WAY = 4096;
const PATIENCE = 2000;
const { firstValueFrom, lastValueFrom } = nest.rxjs;

nest.Logger.overrideLogger(logger);
const [name, address] = process.argv.slice(2);
let client;

async function connect() {
  const options = optionsOf(name, address);
  const made = nest.ClientProxyFactory.create({ transport: transports[name], options });
  // What it waits for, it has to know before it connects.
  if (name === 'kafka') for (const pattern of REQUESTS) made.subscribeToResponseOf(pattern);
  // One for gRPC connects with its first call.
  if (name !== 'grpc') await made.connect();
  if (name === 'mqtt') await keepsReplies(made);
  return made;
}

/**
 * NestJS's client unsubscribes from a pattern's replies when there is no call of it, also while the next one subscribes: with several calls at
 * once some never get theirs. One more subscriber than there are calls keeps it from that.
 */
async function keepsReplies(made) {
  for (const pattern of REQUESTS) {
    const topic = `${pattern}/reply`;
    made.subscriptionsCount.set(topic, 1);
    await made.unwrap().subscribeAsync(topic);
  }
}

function noteOf(bytes) {
  const length = Math.max(0, bytes - '{"id":1234,"text":""}'.length);
  return { id: 0, text: WORDS.repeat(Math.ceil(length / WORDS.length)).slice(0, length) };
}

async function once(note) {
  const reply = await firstValueFrom(ask('echo', note));
  if (reply?.id !== note.id || reply.text.length !== note.text.length) {
    throw new Error(`${note.id} was answered as ${reply?.id}`);
  }
}

/** Over gRPC it has the methods of a service instead of patterns. */
function ask(pattern, data) {
  return name === 'grpc' ? client.getService('Notes')[pattern](data) : client.send(pattern, data);
}

const emit = (note) => name === 'grpc'
    ? lastValueFrom(ask('event', note))
    : lastValueFrom(client.emit('note', note), { defaultValue: null });
const seen = async () => (await firstValueFrom(ask('seen', {}))).number;
const sleep = (milliseconds) => new Promise((wake) => setTimeout(wake, milliseconds));

class Outcome {
  done = 0;
  failed = 0;
  error = null;
  latencies = [];
  start = performance.now();

  took(milliseconds) {
    this.done += 1;
    this.latencies.push(milliseconds);
  }

  fails(error) {
    this.failed += 1;
    this.error ??= error instanceof Error ? error.message : JSON.stringify(error);
  }

  end(at = performance.now()) {
    const { done, failed, error, latencies } = this;
    const sorted = Float64Array.from(latencies).sort();
    const quantile = (q) => (sorted.length ? sorted[Math.floor((sorted.length * q) / 100)] * 1e3 : null);
    return { done, failed, seconds: (at - this.start) / 1e3, p50: quantile(50), p99: quantile(99), error };
  }
}

/** As many at once as are asked for, each as long as there is more to do. */
async function calls(bytes, atOnce, goesOn) {
  const outcome = new Outcome();
  const one = async () => {
    const note = noteOf(bytes);
    let before = performance.now();
    while (goesOn(before)) {
      note.id += 1;
      try {
        await once({ ...note });
        const after = performance.now();
        outcome.took(after - before);
        before = after;
      } catch (error) {
        outcome.fails(error);
        await sleep(1);
        before = performance.now();
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  return outcome.end();
}

const orders = {
  calls({ bytes, at_once, seconds }) {
    const end = performance.now() + seconds * 1e3;
    return calls(bytes, at_once, (now) => now < end);
  },

  times({ bytes, times }) {
    let begun = 0;
    return calls(bytes, 64, () => begun++ < times);
  },

  async paced({ bytes, rate, seconds }) {
    const outcome = new Outcome();
    const every = Math.max(1, 1e3 / rate);
    const burst = Math.round((rate * every) / 1e3);
    const bursts = Math.floor((seconds * 1e3) / every);
    const pending = [];
    for (let number = 0; number < bursts; number += 1) {
      const due = outcome.start + every * number;
      while (performance.now() < due) await sleep(Math.max(0, due - performance.now()));
      for (let each = 0; each < burst; each += 1) {
        const call = once({ ...noteOf(bytes), id: number });
        pending.push(
          call.then(
            () => outcome.took(performance.now() - due),
            (error) => outcome.fails(error),
          ),
        );
      }
    }
    await Promise.all(pending);
    return outcome.end();
  },

  async events({ bytes, seconds }) {
    const before = await seen();
    const outcome = new Outcome();
    const end = outcome.start + seconds * 1e3;
    let sent = 0;
    let came = 0;
    let last = outcome.start;
    const wait = async (enough) => {
      let progress = performance.now();
      for (;;) {
        const now = (await seen()) - before;
        if (now > came) [came, progress] = [now, performance.now()];
        if (came >= enough || performance.now() - progress > PATIENCE) break;
        await sleep(1);
      }
      last = progress;
    };
    const sender = async () => {
      const note = noteOf(bytes);
      for (let each = 0; each < UNDER_WAY / 2 / SENDERS; each += 1) {
        note.id += 1;
        await emit({ ...note });
        sent += 1;
        if (performance.now() > end) break;
      }
    };
    try {
      while (performance.now() < end) {
        await Promise.all(Array.from({ length: SENDERS }, sender));
        await wait(sent - UNDER_WAY / 2);
      }
    } catch (error) {
      outcome.fails(error);
    }
    if (came < sent) await wait(sent);
    outcome.done = came;
    if (came < sent) {
      outcome.fails(new Error(`${sent - came} of ${sent} events never came`));
      outcome.failed = sent - came;
    }
    return outcome.end(last);
  },

  async streams({ numbers, at_once, seconds }) {
    const outcome = new Outcome();
    const end = outcome.start + seconds * 1e3;
    const one = async () => {
      while (performance.now() < end) {
        const came = await lastValueFrom(ask('stream', { numbers }).pipe(nest.rxjs.count()));
        if (came !== numbers) return outcome.fails(new Error(`${came} of ${numbers} came`));
        outcome.done += came;
      }
    };
    await Promise.all(Array.from({ length: at_once }, one)).catch((error) => outcome.fails(error));
    return outcome.end();
  },

  async connections({ times }) {
    const outcome = new Outcome();
    const first = client;
    const note = noteOf(128);
    try {
      for (let each = 0; each < times; each += 1) {
        const before = performance.now();
        client = await connect();
        await once(note);
        await client.close();
        outcome.took(performance.now() - before);
      }
    } catch (error) {
      outcome.fails(error);
    }
    client = first;
    return outcome.end();
  },
};

await prepare(name, address);
client = await connect();
say({ ready: '' });
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  say(await orders[order.do](order));
}
await client.close();
process.exit(0);
