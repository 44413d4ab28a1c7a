// The official TypeScript client: every way of agreeing on a revision over HTTP, and stdio.
//
// Usage: node typescript.mjs URL KEY PROGRAM

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const [url, key, program] = process.argv.slice(2);

async function use(where, mode, transport) {
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
    await client.connect(transport);
    const { tools } = await client.listTools();
    const title = `From TypeScript: ${where}`;
    const call = (name, params) =>
        tools.length === 2
            ? client.callTool({
                  name: 'change',
                  arguments: { action: name, params, fields: 'id,title', format: 'json' },
              })
            : client.callTool({ name, arguments: params });
    const added = await call('add_task', { title });
    assert.equal(added.isError, false);
    const task = added.structuredContent.data ?? added.structuredContent;
    assert.equal(task.title, title);
    const wrong = await call('add_task', {});
    assert.equal(wrong.isError, true);
    assert.match(wrong.content[0].text, /add_task\(title/);
    const tasks = await call('list_tasks', {});
    const rows = tasks.structuredContent.data ?? tasks.structuredContent.result;
    assert.ok(rows.some((row) => row.title === title));
    const resource = await client.readResource({ uri: `mcp://tasks/${task.id}` });
    assert.match(resource.contents[0].text, /From TypeScript/);
    console.log(`typescript, ${where}: ${client.getNegotiatedProtocolVersion()}, ${tools.length} tools`);
    await client.close();
}

const http = (query = '') =>
    new StreamableHTTPClientTransport(new URL(url + query), {
        requestInit: { headers: { 'X-API-Key': key } },
    });
await use('HTTP, legacy', 'legacy', http());
await use('HTTP, auto', 'auto', http());
await use('HTTP, 2026-07-28', { pin: '2026-07-28' }, http());
await use('HTTP, ?tools=all', 'auto', http('?tools=all'));

const folder = mkdtempSync(join(tmpdir(), 'clients-'));
try {
    const env = { DATABASE_URL: `sqlite:///${folder}/memory.db` };
    const stdio = (...more) =>
        new StdioClientTransport({ command: program, args: ['stdio', ...more], env, stderr: 'ignore' });
    await use('stdio, legacy', 'legacy', stdio());
    await use('stdio, auto', 'auto', stdio('--tools', 'all'));
} finally {
    rmSync(folder, { recursive: true });
}
