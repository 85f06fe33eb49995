// The desk's pages: one press per page, a number that steps, and answers that come as refusals.
(function () {
  "use strict";

  // A page that comes back with the Back button has a button that was pressed and a key that was used.
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) {
      window.location.reload();
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

  // "Too many questions" is a sentence for the person who asked them.
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (event.detail.xhr.status === 429) {
      event.detail.shouldSwap = true;
    }
  });
})();
