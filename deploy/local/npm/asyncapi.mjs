// Reads an AsyncAPI document from standard input; writes what the official parser finds wrong, as JSON.
import { Parser } from '@asyncapi/parser';

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { document, diagnostics } = await new Parser().parse(Buffer.concat(chunks).toString('utf8'));
// Severity 0 is an error, 1 a warning; above are hints.
const found = diagnostics.filter((one) => one.severity <= 1).map((one) => `${one.path.join('/')}: ${one.message}`);
process.stdout.write(JSON.stringify({ valid: document !== undefined, found }));
