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

  // A conversation opens at its end, and what was being written is still there: with its key, so that a press whose
  // answer never came is the same press. It is forgotten once the thread has it.
  function kept(form) {
    try {
      return JSON.parse(window.localStorage.getItem(form.dataset.draft) || "null");
    } catch (error) {
      return null;
    }
  }

  function keep(form) {
    var text = form.elements.text.value;
    try {
      if (text) {
        window.localStorage.setItem(form.dataset.draft, JSON.stringify({key: form.elements.key.value, text: text}));
      } else {
        window.localStorage.removeItem(form.dataset.draft);
      }
    } catch (error) {
      // A browser that keeps nothing writes all the same.
    }
  }

  function grow(field) {
    field.style.height = "auto";
    field.style.height = Math.min(field.scrollHeight + 2, window.innerHeight / 3) + "px";
  }

  document.addEventListener("DOMContentLoaded", function () {
    var form = document.querySelector("[data-draft]");
    var said = document.querySelector(".said > li:last-child");
    if (said && !document.querySelector("#acts [aria-invalid=true], #acts [role=alert]")) {
      said.scrollIntoView({block: "center"});
    }
    if (!form) {
      return;
    }
    var draft = kept(form);
    var sent = draft && Array.prototype.some.call(document.querySelectorAll("[data-key]"), function (one) {
      return one.dataset.key === draft.key;
    });
    if (sent) {
      window.localStorage.removeItem(form.dataset.draft);
    } else if (draft && !form.elements.text.value) {
      form.elements.text.value = draft.text;
      form.elements.key.value = draft.key;
    }
    grow(form.elements.text);
  });

  document.addEventListener("input", function (event) {
    var form = event.target.closest("[data-draft]");
    if (form) {
      keep(form);
      grow(event.target);
    }
  });

  document.addEventListener("click", function (event) {
    var chip = event.target.closest("[data-insert]");
    var form = chip && document.querySelector("[data-draft]");
    if (form) {
      // The words are put in by whoever else listens to this press.
      setTimeout(function () {
        keep(form);
        grow(form.elements.text);
      }, 0);
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
