// The desk's pages: one press per page, a number that steps, what is wrong in sight, and answers that come as refusals.
(function () {
  "use strict";

  // A page that comes back with the Back button has a button that was pressed and a key that was used.
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) {
      window.location.reload();
    }
  });

  // On a phone, what has to be mended and the filter that was chosen may be out of sight.
  document.addEventListener("DOMContentLoaded", function () {
    var wrong = document.querySelector("form [aria-invalid=true], form [role=alert]");
    if (wrong) {
      if (wrong.getAttribute("role") === "alert") {
        wrong.tabIndex = -1;
      }
      wrong.scrollIntoView({block: "center"});
      wrong.focus({preventScroll: true});
    }
    var chosen = document.querySelector(".chips [aria-current]");
    if (chosen) {
      chosen.scrollIntoView({inline: "center", block: "nearest"});
    }
  });

  document.addEventListener("click", function (event) {
    var step = event.target.closest("[data-step]");
    var field = step && document.getElementById(step.dataset.for);
    if (!field) {
      return;
    }
    var next = (parseInt(field.value, 10) || 0) + parseInt(step.dataset.step, 10);
    field.value = String(Math.min(Math.max(next, parseInt(field.min, 10)), parseInt(field.max, 10)));
  });

  // What was said of a number is not said of the next one.
  document.addEventListener("input", function (event) {
    var about = event.target.type === "tel" && document.querySelector(event.target.getAttribute("hx-target"));
    if (about) {
      about.replaceChildren();
    }
  });

  // "Too many questions" is a sentence for the person who asked them.
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (event.detail.xhr.status === 429) {
      event.detail.shouldSwap = true;
    }
  });
})();
