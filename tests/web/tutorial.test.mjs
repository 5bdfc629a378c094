// The front end that the tutorial shows, as its reader would have it: a page from another server (on another
// port of this machine, as PHP serves it), a bare WebSocket without subprotocol or path, the three messages
// login, group and pm, and a `switch` on the type of what comes. No `id`, no token, nothing of ours.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { openTab, startBrowser, startDaemon } from './peers.mjs';

let daemon, browser, site, address;

const frontEnd = (socket) => `<!doctype html>
<title>the tutorial's front end</title>
<link rel="icon" href="data:,">
<script>
  var heard = { login: [], groupPm: [], pm: [] };
  var ws = new WebSocket("${socket}");
  ws.onopen = function () {
    ws.send(JSON.stringify({ type: "login", content: "login" }));
  };
  ws.onmessage = function (e) {
    var res = JSON.parse(e.data);
    switch (res.type) {
      case "login": heard.login.push(res); break;
      case "pm": heard.pm.push(res); break;
      case "groupPm": heard.groupPm.push(res); break;
    }
  };
</script>`;

before(async () => {
  daemon = await startDaemon();
  site = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.end(frontEnd(daemon.socket));
  });
  await new Promise((listening) => site.unref().listen(0, '127.0.0.1', listening));
  address = `http://127.0.0.1:${site.address().port}/`;
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  site?.close();
  await daemon?.stop();
});

/** The first message of that type that a tab has heard with this content; login has none. */
async function heard(tab, type, content) {
  const found = await tab.page.waitForFunction(
    ([type, content]) => window.heard[type].find((message) => content === undefined || message.content === content),
    [type, content],
  );
  return found.jsonValue();
}

const say = (tab, message) => tab.page.evaluate((message) => window.ws.send(JSON.stringify(message)), message);

test('login, group and pm work from a page of another port, unchanged', async () => {
  const tabs = [];
  for (let n = 0; n < 2; n++) {
    const tab = await openTab(browser, [address, daemon.socket]);
    await tab.page.goto(address);
    tab.uid = (await heard(tab, 'login')).uid;
    tabs.push(tab);
  }
  const [one, other] = tabs;
  assert.ok(one.uid >= 1001);
  assert.notEqual(one.uid, other.uid);

  // Whoever speaks in a group is in it: there is no message for joining in the tutorial.
  await say(other, { type: 'group', content: 'I am here too', gid: 123 });
  await heard(other, 'groupPm', 'I am here too');
  await say(one, { type: 'group', content: 'login', gid: 123 });
  for (const tab of tabs) {
    const message = await heard(tab, 'groupPm', 'login');
    assert.equal(message.gid, 123);
    assert.equal(message.uid, one.uid);
  }

  await say(one, { type: 'pm', content: 'login', uid: other.uid });
  for (const tab of tabs) {
    const message = await heard(tab, 'pm', 'login');
    assert.equal(message.uid, one.uid);
    assert.equal(message.to, other.uid);
  }
  for (const tab of tabs) assert.deepEqual([tab.errors, tab.foreign], [[], []]);
});
