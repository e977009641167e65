"use strict";
/* Keeps what moves on a page up to date. An element with data-live-url names where its page
   gives what carries a data-live-id as it is by now; data-live-every says how often, in
   milliseconds. What somebody is using at the moment is left alone. */
(() => {
  const TICK_MS = 500;
  const EVERY_MS = 5000;
  const looked = new Map();

  async function refresh(url) {
    const answer = await fetch(url);
    if (!answer.ok || answer.redirected) return;
    const now = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const fresh of now.querySelectorAll("[data-live-id]")) {
      const shown = document.querySelector(`[data-live-id="${CSS.escape(fresh.dataset.liveId)}"]`);
      if (!shown || shown.contains(document.activeElement)) continue;
      if (shown.outerHTML !== fresh.outerHTML) shown.replaceWith(document.adoptNode(fresh));
    }
  }

  function tick() {
    if (document.hidden) return;
    const now = Date.now();
    for (const element of document.querySelectorAll("[data-live-url]")) {
      const url = element.dataset.liveUrl;
      const every = Number(element.dataset.liveEvery) || EVERY_MS;
      if (!looked.has(url)) looked.set(url, now);
      if (now - looked.get(url) < every) continue;
      looked.set(url, Infinity);
      refresh(url)
        .catch(() => {})
        .finally(() => looked.set(url, Date.now()));
    }
  }

  setInterval(tick, TICK_MS);
})();
