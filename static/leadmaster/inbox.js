// The inbox by keyboard: J and K move, the panel beside the list shows the chosen one, and R, D, P, C, Z ask inside it.
// Everything is a link without this: rows open a page, and verbs open theirs.
(function () {
  "use strict";

  var WIDE = window.matchMedia("(min-width: 1280px)");
  var PLACE = "lm-inbox-place";
  var at = -1;
  var asked = 0;

  function head() { return document.querySelector("[data-inbox]"); }
  function panel() { return document.getElementById("lm-beside"); }
  function rows() { return Array.from(document.querySelectorAll("#result_list tbody tr")); }
  function page() { return document.querySelector("[data-beside-page]"); }
  function nameOf(row) { var name = row.querySelector(".field-who b"); return name ? name.textContent.trim() : ""; }

  function beside(row) {
    var box = row.querySelector("input.action-select");
    return head().dataset.beside.replace("/0/", "/" + (box ? box.value : "0") + "/");
  }

  function announce(text) {
    var place = document.querySelector("[data-announce]");
    if (place) {
      place.textContent = text;
    }
  }

  function choose(index, options) {
    var all = rows();
    if (!all.length) {
      announce(head().dataset.empty);
      return;
    }
    at = Math.max(0, Math.min(index, all.length - 1));
    all.forEach(function (row, place) {
      row.classList.toggle("lm-chosen", place === at);
      if (place === at) { row.setAttribute("aria-current", "true"); } else { row.removeAttribute("aria-current"); }
    });
    var link = all[at].querySelector(".field-who a");
    if (link && !(options && options.quiet)) {
      link.focus({ preventScroll: true });
    }
    all[at].scrollIntoView({ block: "nearest" });
    announce(head().dataset.moved.replace("{n}", at + 1).replace("{all}", all.length).replace("{who}", nameOf(all[at])));
    try { sessionStorage.setItem(PLACE, String(at)); } catch (_error) { /* a browser that keeps nothing starts at the top */ }
    if (WIDE.matches && link) {
      show(beside(all[at]), ".lm-beside-part", false);
    }
  }

  // Only the last one that was asked for is shown: who holds J down is not shown ten clients in a row.
  function show(url, part, focus) {
    var mine = ++asked;
    panel().hidden = false;
    document.body.classList.add("lm-has-beside");
    panel().setAttribute("aria-busy", "true");
    fetch(url, { credentials: "same-origin" }).then(function (answer) {
      if (answer.redirected && answer.url.indexOf("/login/") !== -1) {
        window.location.reload();
        throw new Error("log in");
      }
      if (!answer.ok) {
        throw new Error(String(answer.status));
      }
      return answer.text().then(function (text) { return [text, answer.url]; });
    }).then(function (found) {
      if (mine !== asked) {
        return;
      }
      var whole = new DOMParser().parseFromString(found[0], "text/html");
      var inside = whole.querySelector(part);
      if (!inside) {
        window.location.assign(found[1]);
        return;
      }
      inside.querySelectorAll("form").forEach(function (form) {
        form.setAttribute("action", form.getAttribute("action") || found[1]);
      });
      panel().replaceChildren(document.importNode(inside, true));
      panel().removeAttribute("aria-busy");
      panel().scrollTop = 0;
      if (focus) {
        var field = panel().querySelector("input:checked, input:not([type=hidden]):not([disabled]), textarea[required], select");
        (field || panel().querySelector("button[type=submit]") || panel()).focus();
      }
    }).catch(function () {
      if (mine === asked) {
        panel().removeAttribute("aria-busy");
        // What does not come in place is opened as the page that it is.
        window.location.assign(url.replace(/[?&]panel=1$/, ""));
      }
    });
  }

  function verb(key) {
    var ticked = document.querySelectorAll("#result_list input.action-select:checked");
    var names = { r: "reassign_chosen", d: "give_back_chosen", p: "pool_chosen", c: "close_chosen" };
    if (ticked.length) {
      var button = document.querySelector('button[name="action"][value="' + names[key] + '"]');
      if (button) { button.click(); }
      return;
    }
    var place = page() || rows()[at];
    var link = place && place.querySelector('a[data-key="' + key + '"]');
    if (!link) {
      return;
    }
    if (WIDE.matches && panel()) {
      show(link.href, ".lm-confirm", true);
    } else {
      window.location.assign(link.href);
    }
  }

  function undo() {
    var link = document.querySelector('.lm-recent a[href*="/undo/"]');
    if (!link) {
      return;
    }
    if (WIDE.matches && panel()) {
      show(link.href, ".lm-confirm", true);
    } else {
      window.location.assign(link.href);
    }
  }

  function close() {
    if (page()) {
      page().querySelector('[data-key="escape"]').click();
      return;
    }
    if (panel() && !panel().hidden && panel().querySelector(".lm-confirm")) {
      choose(at);
      return;
    }
    if (panel()) {
      asked += 1;
      panel().hidden = true;
      document.body.classList.remove("lm-has-beside");
    }
    var row = rows()[at];
    if (row) {
      row.querySelector(".field-who a").focus();
    }
  }

  function typing(target) {
    return target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
  }

  document.addEventListener("keydown", function (event) {
    if ((!head() && !page()) || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) {
      return;
    }
    if (event.key === "Escape") {
      event.preventDefault();
      document.activeElement.blur();
      close();
      return;
    }
    // Inside a question keys are the question's: a letter typed into its reason is a letter.
    if (typing(event.target) || (panel() && panel().contains(event.target) && panel().querySelector(".lm-confirm"))) {
      return;
    }
    var key = event.key.toLowerCase();
    var done = true;
    if (key === "j" && head()) {
      choose(at + 1);
    } else if (key === "k" && head()) {
      choose(at - 1);
    } else if (key === "x" && head() && rows()[at]) {
      var box = rows()[at].querySelector("input.action-select");
      if (box) { box.click(); }
    } else if ("rdpc".indexOf(key) !== -1 && key.length === 1) {
      verb(key);
    } else if (key === "z") {
      undo();
    } else if (event.key === "?" && document.getElementById("lm-keys")) {
      document.getElementById("lm-keys").showModal();
    } else {
      done = false;
    }
    if (done) {
      event.preventDefault();
    }
  });

  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-keys-open]")) {
      document.getElementById("lm-keys").showModal();
      return;
    }
    if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || !WIDE.matches || !head()) {
      return;
    }
    var link = event.target.closest("#result_list .field-who a");
    if (link) {
      event.preventDefault();
      choose(rows().indexOf(link.closest("tr")));
      return;
    }
    var key = event.target.closest("#result_list a[data-key], .lm-beside a[data-key]");
    if (key) {
      event.preventDefault();
      var row = key.closest("tr");
      if (row) { at = rows().indexOf(row); }
      show(key.href, ".lm-confirm", true);
      return;
    }
    // The way back out of a question is to the one that it was about.
    var out = event.target.closest(".lm-beside .lm-confirm .lm-actions a");
    if (out) {
      event.preventDefault();
      choose(at);
    }
  });

  document.addEventListener("focusin", function (event) {
    var row = head() && event.target.closest("#result_list tbody tr");
    if (row && rows()[at] !== row) {
      at = rows().indexOf(row);
      rows().forEach(function (other) { other.classList.toggle("lm-chosen", other === row); });
    }
  });

  function begin() {
    if (!head()) {
      return;
    }
    document.querySelector("[data-keys-open]").hidden = false;
    var kept = null;
    try { kept = sessionStorage.getItem(PLACE); } catch (_error) { kept = null; }
    if (WIDE.matches && rows().length) {
      choose(kept === null ? 0 : Number(kept), { quiet: true });
    }
  }
  if (document.readyState === "loading") { document.addEventListener("DOMContentLoaded", begin); } else { begin(); }
})();
