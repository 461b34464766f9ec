// A NestJS client: `node client.mjs <transport> <options-json>`, started in a version's folder.
//
// Reads one command a line on stdin:
//   {"id":7,"op":"send","pattern":"math.add","data":{"a":1,"b":2},"timeoutMs":1000}
// and prints one line for each, as each ends, in whatever order that is:
//   {"id":7,"values":[{"result":3}],"error":null,"completed":true,"ms":4}
// It judges nothing, and ends when its stdin does.
import { createInterface } from 'node:readline';
import { logger, nest, say } from './nest.mjs';
import { fromCommandLine } from './transports.mjs';

nest.Logger.overrideLogger(logger);
const { transport, options, call = (client, op, ...message) => client[op](...message) } = fromCommandLine();
const { metadata, repliesOf, ...ofNest } = options;
const client = nest.ClientProxyFactory.create({ transport, options: ofNest });
// An option of our own; NestJS 11 has no such hook.
if (metadata) client.setOnDispatchHook?.((packet) => Object.assign(packet, { metadata }));
// Another one: a Kafka client has to know before it connects which replies it will get.
for (const pattern of repliesOf ?? []) client.subscribeToResponseOf(pattern);
if (repliesOf) await client.connect();
say({ ready: true });

for await (const line of createInterface({ input: process.stdin })) {
  run(JSON.parse(line));
}
await client.close();
process.exit(0);

function run({ id, op, pattern, data, timeoutMs }) {
  const started = performance.now();
  const values = [];
  const report = (completed, error) => {
    const ms = Math.round(performance.now() - started);
    say({ id, values, error, completed, ms });
  };
  // What an emit yields is a detail of the client's, not something a server said.
  const next = (value) => op === 'send' && values.push(value);
  call(client, op, pattern, data)
    .pipe(nest.rxjs.timeout(timeoutMs))
    .subscribe({ next, error: (error) => report(false, plain(error)), complete: () => report(true, null) });
}

/** What a server answered is a plain value; what the client itself found is an Error. */
function plain(error) {
  if (!(error instanceof Error)) return error;
  return { instanceOf: error.name, message: error.message, ...error };
}
