// Keeps a page up to date. The server draws everything; this script is told that something changed, fetches the changed part
// of the page, and takes over what differs. Without it the page reloads by itself and every button still works.

(function () {
  "use strict";

  const body = document.body;
  document.documentElement.classList.add("scripted");
  const texts = body.dataset;
  const feed = body.dataset.feed;
  const say = (text) => announce("say", text);
  const shout = (text) => announce("shout", text);

  function announce(id, text) {
    const place = document.getElementById(id) || document.getElementById("say");
    if (place) place.textContent = text;
  }

  function fill(text, values) {
    return values.reduce((all, value, index) => all.split("{" + index + "}").join(value), text || "");
  }

  // ---- Taking over what differs -------------------------------------------------------------

  // Makes `old` like `fresh` and leaves alone what is equal: so focus, open details and half-written text stay where they are.
  function morph(old, fresh, isRoot) {
    if (!isRoot) copyAttributes(old, fresh);
    const keyed = new Map();
    for (const child of old.children) if (child.dataset && child.dataset.key) keyed.set(child.dataset.key, child);
    let place = old.firstChild;
    for (const wanted of Array.from(fresh.childNodes)) {
      const key = wanted.nodeType === 1 && wanted.dataset ? wanted.dataset.key : undefined;
      let found = key ? keyed.get(key) : undefined;
      if (!found && !key && place && isAlike(place, wanted)) found = place;
      if (!found) {
        const added = document.importNode(wanted, true);
        old.insertBefore(added, place);
        if (added.nodeType === 1 && added.dataset.incident) flash(added);
        continue;
      }
      if (found === place) place = place.nextSibling;
      else old.insertBefore(found, place);
      if (found.nodeType === 1) morph(found, wanted, false);
      else if (found.nodeValue !== wanted.nodeValue) found.nodeValue = wanted.nodeValue;
    }
    while (place) {
      const next = place.nextSibling;
      place.remove();
      place = next;
    }
  }

  function flash(item) {
    item.classList.add("is-new");
    setTimeout(() => item.classList.remove("is-new"), 3000);
  }

  function isAlike(old, wanted) {
    if (old.nodeType !== wanted.nodeType || old.nodeName !== wanted.nodeName) return false;
    return old.nodeType !== 1 || !(old.dataset && old.dataset.key);
  }

  // What a person changed is theirs: a field's value, a choice, whether something is unfolded.
  function copyAttributes(old, fresh) {
    const kept = old.nodeName === "DETAILS" ? ["open"] : [];
    const isNew = old.classList.contains("is-new");
    for (const { name, value } of Array.from(fresh.attributes)) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    for (const { name } of Array.from(old.attributes)) {
      if (!fresh.hasAttribute(name) && !kept.includes(name) && name !== "class") old.removeAttribute(name);
    }
    if (!fresh.hasAttribute("class")) old.removeAttribute("class");
    if (isNew) old.classList.add("is-new");
  }

  // ---- Fetching -----------------------------------------------------------------------------

  let lastGood = body.dataset.sequence;
  // The newest event that was heard of; what is fetched has to have it.
  let wanted = 0;
  let shownAt = "";
  let isRunning = false;
  let isWanted = false;
  let soonest = 0;

  function fetchWithin(address, options, milliseconds) {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), milliseconds);
    return fetch(address, Object.assign({ signal: abort.signal, credentials: "same-origin", cache: "no-store" }, options))
      .finally(() => clearTimeout(timer));
  }

  // At most two in a second, and the first at once.
  function refresh() {
    isWanted = true;
    if (isRunning) return;
    isRunning = true;
    setTimeout(load, Math.max(0, soonest - Date.now()));
  }

  async function load() {
    isWanted = false;
    soonest = Date.now() + 500;
    try {
      const address = body.dataset.part + (body.dataset.part.includes("?") ? "&" : "?") + "part=live&wanted=" + wanted;
      const answer = await fetchWithin(address, { redirect: "manual" }, 8000);
      if (answer.status === 200) take(await answer.text());
      else if (answer.type === "opaqueredirect" || answer.status === 401) endSession();
      else setState("stale");
    } catch (error) {
      setState("stale");
    }
    isRunning = false;
    // The station shares one look at its state for a moment; it may be from just before what was heard of.
    if (isWanted || (state === "live" && Number(lastGood) < wanted)) refresh();
  }

  function take(html) {
    const parsed = new DOMParser().parseFromString(html, "text/html");
    const root = parsed.querySelector("[data-sequence]");
    if (!root) return setState("stale");
    const before = new Set(incidentNumbers());
    for (const fresh of root.querySelectorAll("[data-live]")) {
      const old = document.querySelector('main [data-live="' + fresh.dataset.live + '"]');
      if (old) morph(old, fresh, true);
    }
    lastGood = root.dataset.sequence;
    shownAt = root.dataset.at;
    setState("live");
    tellNew(before);
    document.dispatchEvent(new CustomEvent("watchpost:fresh"));
  }

  function incidentNumbers() {
    return Array.from(document.querySelectorAll("main [data-incident]"), (item) => item.dataset.incident);
  }

  function tellNew(before) {
    const fresh = Array.from(document.querySelectorAll("main [data-incident]")).filter((item) => !before.has(item.dataset.incident));
    if (fresh.length === 0) return;
    const spoken = fresh[0].dataset.spoken;
    const text = fresh.length === 1 ? fill(texts.textNew, [spoken]) : fill(texts.textNews, [String(fresh.length), spoken]);
    if (fresh.some((item) => item.dataset.level === "emergency")) shout(text);
    else say(text);
  }

  // ---- The connection -----------------------------------------------------------------------

  let source = null;
  let state = "plain";

  function setState(next) {
    state = next;
    body.classList.toggle("is-stale", next === "stale" || next === "lost");
    const place = document.getElementById("link-state");
    if (!place) return;
    if (!shownAt) shownAt = place.dataset.at || "";
    place.dataset.state = next === "lost" ? "stale" : next;
    const text = { live: fill(texts.textLive, [shownAt]), stale: fill(texts.textStale, [shownAt]), lost: texts.textLost }[next];
    if (text && place.textContent !== text) place.textContent = text;
  }

  function endSession() {
    setState("lost");
    if (source) source.close();
    source = null;
  }

  // The browser connects again by itself and sends the last event's id. Whatever happened meanwhile is in the part that is
  // fetched after each connection, so nothing is missed even where the stream has to begin anew.
  function connect() {
    if (!window.EventSource || !feed) return;
    source = new EventSource(feed + (feed.includes("?") ? "&" : "?") + "after=" + lastGood);
    source.onopen = refresh;
    source.onerror = () => {
      setState("stale");
      if (source && source.readyState === 2) {
        source = null;
        setTimeout(connect, 5000);
      }
    };
    for (const name of ["changes", "resync"]) {
      source.addEventListener(name, (event) => {
        wanted = Number(event.lastEventId) || 0;
        refresh();
      });
    }
  }

  // ---- Actions ------------------------------------------------------------------------------

  function toast(text, isBad) {
    const old = document.querySelector(".toast");
    if (old) old.remove();
    const place = document.createElement("div");
    const words = document.createElement("span");
    const close = document.createElement("button");
    place.className = isBad ? "toast bad" : "toast";
    place.setAttribute("role", isBad ? "alert" : "status");
    words.textContent = text;
    close.textContent = texts.textClose;
    close.addEventListener("click", () => place.remove());
    place.append(words, close);
    body.append(place);
    if (!isBad) setTimeout(() => place.remove(), 6000);
  }

  async function send(form, button) {
    // Nothing waits in the browser: a tap either reached the station or it did not, and is said so.
    // A browser on the station's own machine may call itself offline, and yet the page is live.
    if (navigator.onLine === false && state !== "live") return toast(texts.textOffline, true);
    const fields = new URLSearchParams(new FormData(form));
    if (button && button.name) fields.append(button.name, button.value);
    const buttons = Array.from(form.querySelectorAll("button"));
    buttons.forEach((one) => (one.disabled = true));
    try {
      const answer = await fetchWithin(
        form.action, { method: "POST", body: fields, redirect: "manual", headers: { "X-Requested-With": "watchpost" } }, 10000);
      if (answer.type === "opaqueredirect") endSession();
      else {
        toast(await answer.text(), !answer.ok);
        if (answer.ok && !form.hasAttribute("data-keep")) {
          form.reset();
          const folded = form.closest("details");
          if (folded) folded.open = false;
        }
      }
    } catch (error) {
      toast(error.name === "AbortError" ? texts.textSilence : texts.textOffline, true);
    }
    buttons.forEach((one) => (one.disabled = false));
    refresh();
  }

  document.addEventListener("submit", (event) => {
    if (!event.target.hasAttribute("data-action")) return;
    event.preventDefault();
    send(event.target, event.submitter);
  });

  for (const form of document.querySelectorAll("[data-autosubmit]")) {
    form.addEventListener("change", () => form.submit());
  }
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }

  // ---- Begin --------------------------------------------------------------------------------

  if (feed) {
    const place = document.getElementById("link-state");
    shownAt = (place && place.dataset.at) || "";
    connect();
    refresh();
    // Waiting times go on without events; and a connection that is dead without knowing it shows here.
    setInterval(refresh, 15000);
    window.addEventListener("online", refresh);
    window.addEventListener("offline", refresh);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
  }
})();
