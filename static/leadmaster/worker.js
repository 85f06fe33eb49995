// The worker behind /sw.js, after a line of settings (SHELL). It keeps our own files, and the last copy of each page that
// this person saw, for when there is no network. What is sent is the page's business (sending.js).
"use strict";

const FILES = "files-" + SHELL.version;
const PAGES = "pages-";
const MOST_PAGES = 60;
const HASHED = /\.[0-9a-f]{12}\.\w+$/;

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(FILES);
    await cache.addAll(SHELL.files.map((file) => new Request(file, {cache: "reload"})));
    // Asked for by nobody, so that it shows nobody's name.
    await cache.put(SHELL.offline, await fetch(SHELL.offline, {credentials: "omit", cache: "reload"}));
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith("files-") && name !== FILES) {
        await caches.delete(name);
      }
    }
    await self.clients.claim();
  })());
});

self.addEventListener("message", (event) => {
  if (event.data === "update") {
    self.skipWaiting();
  }
});

self.addEventListener("fetch", (event) => {
  const request = event.request;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) {
    return;
  }
  if (request.method === "GET" && SHELL.files.includes(url.pathname)) {
    event.respondWith(file(request));
  } else if (request.method === "GET" && request.mode === "navigate" && !url.pathname.startsWith("/admin/")) {
    event.respondWith(page(event));
  }
});

// A name with a hash in it is the same for ever; others are asked for while there is a network.
async function file(request) {
  const cache = await caches.open(FILES);
  if (HASHED.test(request.url)) {
    return (await cache.match(request, {ignoreVary: true})) || fetch(request);
  }
  try {
    return await fetch(request);
  } catch (error) {
    return (await cache.match(request, {ignoreVary: true})) || Response.error();
  }
}

async function page(event) {
  try {
    const response = await fetch(event.request);
    event.waitUntil(keep(event.request.url, response.clone()));
    return response;
  } catch (error) {
    return (await kept(event.request.url)) || caches.match(SHELL.offline, {ignoreVary: true});
  }
}

// One person's pages at a time: whoever comes next on this device finds nothing of the one before.
async function keep(address, response) {
  const person = response.headers.get("X-Person");
  const isPage = (response.headers.get("Content-Type") || "").startsWith("text/html");
  if (!person || !response.ok || !isPage) {
    return;
  }
  await forget(PAGES + person);
  const cache = await caches.open(PAGES + person);
  const headers = new Headers(response.headers);
  headers.delete("Content-Encoding");
  headers.set("X-Kept-At", new Date().toISOString());
  await cache.delete(address);
  await cache.put(address, new Response(await response.blob(), {headers}));
  for (const old of (await cache.keys()).slice(0, -MOST_PAGES)) {
    await cache.delete(old);
  }
}

async function kept(address) {
  for (const name of await caches.keys()) {
    if (!name.startsWith(PAGES)) {
      continue;
    }
    const cache = await caches.open(name);
    const found = (await cache.match(address, {ignoreVary: true}))
      || (await cache.match(address, {ignoreVary: true, ignoreSearch: true}));
    const at = found && found.headers.get("X-Kept-At");
    if (at && Date.now() - new Date(at) < SHELL.minutes * 60000) {
      // The page says itself of when it is.
      const words = (await found.text()).replace("<html ", "<html data-kept=\"" + at + "\" ");
      return new Response(words, {headers: found.headers});
    }
  }
  return null;
}

async function forget(but) {
  for (const name of await caches.keys()) {
    if (name.startsWith(PAGES) && name !== but) {
      await caches.delete(name);
    }
  }
}

// Something to be told. Whoever looks at one of our pages at that moment sees it there.
self.addEventListener("push", (event) => {
  const told = event.data ? event.data.json() : {};
  event.waitUntil((async () => {
    const pages = await self.clients.matchAll({type: "window"});
    const looking = pages.find((page) => page.visibilityState === "visible" && page.focused);
    if (looking) {
      looking.postMessage("wake");
      return;
    }
    await self.registration.showNotification(told.title || "LeadMaster", {
      body: told.body || "", tag: told.tag || "leadmaster", icon: SHELL.icon, badge: SHELL.badge, data: {url: told.url || "/"}
    });
  })());
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const address = new URL(event.notification.data.url, self.location.origin);
  if (address.origin !== self.location.origin) {
    return;
  }
  event.waitUntil((async () => {
    const pages = await self.clients.matchAll({type: "window", includeUncontrolled: true});
    const open = pages.find((page) => new URL(page.url).pathname === address.pathname);
    await (open ? open.focus() : self.clients.openWindow(address.href));
  })());
});
