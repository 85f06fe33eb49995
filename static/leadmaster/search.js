// The search over everything: Ctrl+K (or ⌘K, or its button) opens it, arrows choose, Enter goes there, Esc closes.
(function () {
  "use strict";

  function box() { return document.getElementById("lm-search"); }
  function field() { return box().querySelector("input"); }
  function hits() { return Array.from(box().querySelectorAll("[role=option]")); }
  function chosen() { return hits().findIndex(function (hit) { return hit.getAttribute("aria-selected") === "true"; }); }

  function open() {
    var dialog = box();
    if (dialog && !dialog.open) {
      dialog.showModal();
      field().select();
    }
  }

  function choose(index) {
    var all = hits();
    if (!all.length) {
      return;
    }
    var next = (index + all.length) % all.length;
    all.forEach(function (hit, at) { hit.setAttribute("aria-selected", at === next ? "true" : "false"); });
    field().setAttribute("aria-activedescendant", all[next].id);
    all[next].scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("keydown", function (event) {
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && box()) {
      event.preventDefault();
      open();
    }
  });

  document.addEventListener("click", function (event) {
    var opener = event.target.closest("[data-open-search]");
    if (opener && box()) {
      event.preventDefault();
      open();
    } else if (event.target === box()) {
      box().close();
    }
  });

  document.addEventListener("DOMContentLoaded", function () {
    if (!box()) {
      return;
    }
    box().addEventListener("keydown", function (event) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        choose(chosen() + (event.key === "ArrowDown" ? 1 : -1));
      } else if (event.key === "Enter") {
        event.preventDefault();
        var hit = hits()[Math.max(chosen(), 0)];
        if (hit) {
          window.location.assign(hit.href);
        }
      }
    });
    box().querySelector("form").addEventListener("submit", function (event) { event.preventDefault(); });
  });

  document.addEventListener("htmx:afterSwap", function (event) {
    if (event.target.id === "lm-search-hits") {
      choose(0);
    }
  });
})();
