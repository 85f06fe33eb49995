// Parts of a page that move by themselves: nothing is asked while nobody looks, and a part that lost its log-in
// or its server says so instead of standing still.
(function () {
  "use strict";

  // htmx would write a <style> for its own indicators, which the strict policy of the promoters' pages refuses.
  if (window.htmx) {
    window.htmx.config.includeIndicatorStyles = false;
    window.htmx.config.allowEval = false;
  }

  document.addEventListener("htmx:beforeRequest", function (event) {
    if (document.hidden && event.detail.elt.hasAttribute("data-live")) {
      event.preventDefault();
    }
  });

  document.addEventListener("visibilitychange", function () {
    if (document.hidden || !window.htmx) {
      return;
    }
    document.querySelectorAll("[data-live]").forEach(function (part) {
      window.htmx.trigger(part, "wake");
    });
  });

  // The log-in ran out: the server says so (401) instead of sending its page, so no panel ever shows one. Where the page can
  // ask for the log-in in place, what was asked for is asked again afterwards; elsewhere the whole page goes to the door.
  document.addEventListener("htmx:responseError", function (event) {
    var asked = event.detail.requestConfig, part = event.detail.elt;
    if (event.detail.xhr.status !== 401) {
      return;
    }
    if (!window.lm || !window.lm.login) {
      window.location.reload();
      return;
    }
    window.lm.login().then(function () {
      if (part.hasAttribute("data-live")) {
        window.htmx.trigger(part, "wake");
      } else {
        window.htmx.ajax(asked.verb, asked.path, {source: part, values: asked.parameters});
      }
    });
  });

  ["htmx:sendError", "htmx:responseError"].forEach(function (name) {
    document.addEventListener(name, function (event) {
      event.detail.elt.classList.add("lm-stale");
    });
  });
  document.addEventListener("htmx:afterRequest", function (event) {
    if (event.detail.successful) {
      event.detail.elt.classList.remove("lm-stale");
    }
  });

  // <time data-until="ISO"> counts down by itself.
  function tick() {
    document.querySelectorAll("[data-until]").forEach(function (part) {
      var left = Math.max(0, Math.round((new Date(part.dataset.until) - Date.now()) / 1000));
      part.textContent = String(left);
      var bar = document.getElementById(part.dataset.bar || "");
      if (bar && bar.max) {
        bar.value = left;
      }
    });
  }
  setInterval(tick, 500);
  document.addEventListener("DOMContentLoaded", tick);
  document.addEventListener("htmx:afterSwap", tick);

  // The theme shows the file's name in a text field of its own, and stumbles over a plain file field that has none.
  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("input.lm-file").forEach(function (field) { field.hasChangeListener = true; });
  });

  // A button that was pressed is not pressed again.
  document.addEventListener("submit", function (event) {
    if (event.target.hasAttribute("data-once")) {
      event.target.querySelectorAll("button[type=submit]").forEach(function (button) {
        setTimeout(function () {
          button.disabled = true;
          button.setAttribute("aria-busy", "true");
        }, 0);
      });
    }
  });

  // Copying what somebody has to paste elsewhere, and putting a placeholder where the cursor is.
  document.addEventListener("click", function (event) {
    var chip = event.target.closest("[data-insert]");
    if (!chip) {
      return;
    }
    var field = document.getElementById(chip.dataset.target);
    if (field) {
      field.setRangeText(chip.dataset.insert, field.selectionStart, field.selectionEnd, "end");
      field.focus();
    }
  });
})();
