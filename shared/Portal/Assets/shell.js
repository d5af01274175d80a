// What pages need beside Blazor: times that stay true, copying, a search key, and a connection that comes back.
(() => {
  "use strict";
  // The server's time counts: the viewer's clock may be an hour off.
  let offset = Number(document.documentElement.dataset.now) - Date.now();
  let skew = Date.now() - performance.now();
  const units = [[365.25 * 86400, "y"], [30.44 * 86400, "mo"], [86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

  const relative = (at, now) => {
    const seconds = Math.abs(at - now) / 1000;
    const unit = units.find(u => seconds >= u[0]);
    if (!unit) {
      return "now";
    }

    const span = Math.floor(seconds / unit[0] + 0.01) + " " + unit[1];
    return at < now ? span + " ago" : "in " + span;
  };

  // The clock was set, or the machine slept, while the page was open: which of them, only the server knows. Until it answers, as if the clock was set.
  let isUnsure = false;
  let isAsking = false;
  const compare = async () => {
    const moved = Date.now() - performance.now() - skew;
    if (Math.abs(moved) >= 2000) {
      skew += moved;
      offset -= moved;
      isUnsure = true;
    }

    if (!isUnsure || isAsking) {
      return;
    }

    isAsking = true;
    try {
      const date = Date.parse((await fetch("/health/live", { cache: "no-store" })).headers.get("date"));
      offset = date ? date - Date.now() : offset;
      isUnsure = false;
    } catch {
      // Away: the next tick asks again.
    } finally {
      isAsking = false;
    }
  };

  // Blazor owns the text node: it is changed and never replaced.
  const tick = () => {
    compare();
    const now = Date.now() + offset;
    for (const time of document.querySelectorAll("time.when")) {
      const at = Date.parse(time.dateTime);
      const text = relative(at, now);
      if (time.firstChild && time.firstChild.data !== text) {
        time.firstChild.data = text;
      }

      const title = exact.format(at);
      if (time.title !== title) {
        time.title = title;
      }
    }
  };
  setInterval(tick, 1000);
  tick();

  document.addEventListener("keydown", event => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !event.target.closest("input, textarea, select, [contenteditable]")) {
      const search = document.querySelector("input[type=search]");
      if (search) {
        event.preventDefault();
        search.focus();
      }
    }
  });

  // The palette: every page of the navigation, and a search for what was typed.
  const palette = document.getElementById("palette");
  const paletteInput = document.getElementById("palette-input");
  const paletteList = document.getElementById("palette-list");
  const searches = [...paletteList.querySelectorAll("[data-search]")].map(s => ({ text: s.textContent, path: s.dataset.search }));
  let chosen = 0;
  const choose = at => {
    const options = [...paletteList.children];
    chosen = options.length ? (at + options.length) % options.length : 0;
    options.forEach((option, i) => option.setAttribute("aria-selected", i === chosen));
    paletteInput.setAttribute("aria-activedescendant", options[chosen]?.id ?? "");
    options[chosen]?.scrollIntoView({ block: "nearest" });
  };
  const fill = () => {
    const typed = paletteInput.value.trim();
    const pages = [...document.querySelectorAll(".side a, .account-card a")].map(a => ({ text: a.textContent.trim(), path: a.getAttribute("href") }));
    const found = pages.filter(p => p.text.toLowerCase().includes(typed.toLowerCase()));
    if (typed) {
      found.push(...searches.map(s => ({ text: s.text + " “" + typed + "”", path: s.path + encodeURIComponent(typed) })));
    }

    paletteList.replaceChildren(...found.map((entry, i) => {
      const option = document.createElement("li");
      option.id = "palette-" + i;
      option.setAttribute("role", "option");
      option.dataset.path = entry.path;
      option.textContent = entry.text;
      return option;
    }));
    choose(0);
  };
  const go = option => {
    if (option) {
      palette.close();
      location.assign(option.dataset.path);
    }
  };
  const openPalette = () => {
    if (!palette.open) {
      paletteInput.value = "";
      fill();
      palette.showModal();
      paletteInput.focus();
    }
  };
  paletteInput.addEventListener("input", fill);
  paletteInput.addEventListener("keydown", event => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      choose(chosen + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter") {
      event.preventDefault();
      go(paletteList.children[chosen]);
    }
  });
  palette.addEventListener("click", event => event.target === palette ? palette.close() : go(event.target.closest("[role=option]")));
  document.addEventListener("click", event => event.target.closest("[data-palette]") && openPalette());
  document.addEventListener("keydown", event => {
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
      event.preventDefault();
      openPalette();
    }
  });

  // A menu closes when something else is clicked, or by Escape.
  document.addEventListener("click", event => {
    for (const menu of document.querySelectorAll("details.account[open]")) {
      if (!menu.contains(event.target)) {
        menu.open = false;
      }
    }
  });
  document.addEventListener("keydown", event => {
    if (event.key === "Escape") {
      for (const menu of document.querySelectorAll("details.account[open]")) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    }
  });

  // Blazor draws the page anew when it connects: a menu that was opened before stays open.
  let isMenuOpen = false;
  document.addEventListener("toggle", event => {
    if (event.target.matches("details.account")) {
      isMenuOpen = event.target.open;
    }
  }, true);

  // A restarted server knows nothing of this page, and neither does one whose session has ended: what was typed is put back after it is loaded again.
  // Of one person at one address, wherever a link led since the page was loaded. What others left in this tab is forgotten as soon as a page knows who looks at it.
  const person = () => ["iot-form", document.getElementById("name")?.textContent, document.getElementById("realm")?.textContent, ""].join("\n");
  const kept = () => person() + location.pathname + location.search;
  const fields = () => document.querySelectorAll("[data-keep] input:not([type=hidden]):not([type=password]):not([data-forget]), [data-keep] textarea, [data-keep] select");
  const isSecret = text => /"\w*(secret|password|token|challenge|private)\w*"\s*:\s*"[^"]|PRIVATE KEY/i.test(text);
  const keep = () => {
    const typed = [...fields()].filter(f => f.id && !isSecret(f.value)).map(f => [f.id, f.value]);
    if (typed.length) {
      sessionStorage.setItem(kept(), JSON.stringify(typed));
    }
  };
  const restore = () => {
    for (const key of Object.keys(sessionStorage)) {
      if (key.startsWith("iot-form") && !key.startsWith(person())) {
        sessionStorage.removeItem(key);
      }
    }

    const stored = sessionStorage.getItem(kept());
    if (stored) {
      sessionStorage.removeItem(kept());
      for (const [id, value] of JSON.parse(stored)) {
        const field = document.getElementById(id);
        if (field && value && field.value !== value) {
          field.value = value;
          field.dispatchEvent(new Event("input", { bubbles: true }));
          field.dispatchEvent(new Event("change", { bubbles: true }));
        }
      }
    }
  };

  // A page in a tab behind others is not loaded by itself: the server is told which is, and again where it did not hear it.
  let tab = null;
  const tell = async () => {
    try {
      await tab?.invokeMethodAsync("Set", document.visibilityState !== "hidden");
    } catch {
      // The connection is away: it is told when it is back.
    }
  };
  document.addEventListener("visibilitychange", tell);

  const lost = document.getElementById("components-reconnect-modal");
  const reload = async () => {
    try {
      if ((await fetch("/health/live", { cache: "no-store" })).ok) {
        keep();
        location.reload();
        return;
      }
    } catch {
      // Still away.
    }

    setTimeout(reload, 2000);
  };
  lost.addEventListener("components-reconnect-state-changed", event => {
    const state = event.detail.state;
    lost.dataset.state = state;
    if (state === "hide") {
      lost.close();
      tell();
      return;
    }

    if (!lost.open) {
      lost.show();
    }

    if (state === "failed" || state === "rejected" || state === "resume-failed") {
      reload();
    }
  });

  window.iotShell = {
    copy: async text => {
      try {
        await navigator.clipboard.writeText(text);
        return true;
      } catch {
        return false;
      }
    },
    keep,
    live: visibility => {
      tab = visibility;
      tell();
      const menu = document.querySelector("details.account");
      if (menu && isMenuOpen) {
        menu.open = true;
      }

      restore();
      document.body.dataset.live = "true";
    },
  };
})();
