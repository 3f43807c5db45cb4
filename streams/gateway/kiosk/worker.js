// Serves the page when the gateway is away. All files are of one version, and change together.

const VERSION = "{{version}}";
const FILES = "{{files}}";
const CACHE = `terminal-${VERSION}`;

self.addEventListener("install", (event) => event.waitUntil(keep()));
self.addEventListener("activate", (event) => event.waitUntil(take()));
self.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "GET" && FILES.includes(new URL(url).pathname)) event.respondWith(serve(event.request));
});

async function keep() {
  const cache = await caches.open(CACHE);
  await cache.addAll(FILES.map((file) => new Request(file, { cache: "reload" })));
  await self.skipWaiting();
}

async function take() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("terminal-") && name !== CACHE).map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function serve(request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(request, { ignoreSearch: true })) ?? fetch(request);
}
