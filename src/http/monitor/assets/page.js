"use strict";
// Asks for the same page again and swaps the regions that have changed. Everything works without it.
(() => {
  const byId = (id) => document.getElementById(id);

  // The code of a login link stands behind its #, which no server sees. It leaves the address bar at once.
  const login = byId("login");
  const useCode = () => {
    const code = location.hash.slice(1);
    if (!code) return;
    history.replaceState(null, "", location.pathname + location.search);
    byId("code").value = code;
    byId("told").textContent = login.dataset.reading;
    login.submit();
  };
  if (login) {
    addEventListener("hashchange", useCode);
    useCode();
    return;
  }

  // Two minutes before a login is over, whoever types is told.
  const notice = 120;
  let ending = 0;
  const endsIn = (told) => {
    clearTimeout(ending);
    const [seconds, how] = (told ?? "").split(" ");
    if (!seconds || !byId("ending")) return;
    const left = Number(seconds) - notice;
    byId("stay").hidden = how !== "idle";
    byId("ending").hidden = left > 0;
    // A browser cannot wait for longer than some weeks.
    if (left > 0 && left < 86400) ending = setTimeout(() => (byId("ending").hidden = false), left * 1000);
  };
  const ask = (headers) => fetch(location.href, { headers, cache: "no-store", redirect: "error", signal: AbortSignal.timeout(20000) });
  endsIn(byId("foot").dataset.ends);
  byId("stay")?.addEventListener("click", async () => {
    const answer = await ask({}).catch(() => null);
    if (answer?.ok) endsIn(answer.headers.get("x-login-ends"));
  });

  const every = Number(document.body.dataset.refresh) * 1000;
  if (!every) return;
  const longest = 60000;
  let wait = every;
  let timer = 0;
  let paused = false;
  let tag = null;
  let asked = false;

  const regions = (root) => [...root.querySelectorAll("[data-live]")];
  // What the server sent of each region: the page itself may have been opened or filled in since.
  const sent = new Map(regions(document).map((region) => [region.id, region.innerHTML]));

  // Nothing is taken away from under somebody's hands.
  const inUse = (region) => {
    const selection = getSelection();
    return region.contains(document.activeElement) && document.activeElement !== document.body
      || region.querySelector("details[open], dialog[open]")
      || (selection && !selection.isCollapsed && region.contains(selection.anchorNode));
  };

  const swap = (text) => {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    let left = false;
    for (const region of regions(document)) {
      const other = fresh.getElementById(region.id);
      if (!other || other.innerHTML === sent.get(region.id)) continue;
      if (inUse(region)) {
        left = true;
        continue;
      }
      sent.set(region.id, other.innerHTML);
      region.className = other.className;
      region.replaceChildren(...other.childNodes);
    }
    document.title = fresh.title;
    return !left;
  };

  const refresh = async () => {
    timer = 0;
    if (document.hidden || paused) return;
    asked = true;
    try {
      const headers = { "x-refresh": "1" };
      if (tag) headers["if-none-match"] = tag;
      const answer = await ask(headers);
      if (answer.status === 401) {
        byId("ended").hidden = false;
        byId("ending").hidden = true;
        // What was shown is for whoever is logged in.
        document.querySelectorAll("nav, .who, #state, main, footer").forEach((part) => part.remove());
        asked = false;
        return;
      }
      let whole = true;
      if (answer.status === 200) {
        // What could not be swapped yet is asked for again.
        whole = swap(await answer.text());
        tag = whole ? answer.headers.get("etag") : null;
      } else if (answer.status !== 304) {
        throw new Error(String(answer.status));
      }
      endsIn(answer.headers.get("x-login-ends"));
      // A time stands over nothing that is older.
      if (whole) byId("as-of").textContent = answer.headers.get("x-as-of");
      byId("away").hidden = true;
      wait = every;
    } catch {
      byId("away-at").textContent = byId("as-of").textContent;
      byId("away").hidden = false;
      wait = Math.min(wait * 2, longest);
    }
    asked = false;
    plan();
  };

  const plan = () => {
    if (!timer && !paused && !asked && byId("ended").hidden) timer = setTimeout(refresh, wait);
  };

  const pause = byId("pause");
  pause.addEventListener("click", () => {
    paused = !paused;
    const label = pause.textContent;
    pause.textContent = pause.dataset.resume;
    pause.dataset.resume = label;
    clearTimeout(timer);
    timer = 0;
    if (!paused) refresh();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && !paused && !asked && byId("ended").hidden) {
      clearTimeout(timer);
      refresh();
    }
  });
  document.body.classList.add("with-script");
  plan();
})();
