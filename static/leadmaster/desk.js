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
  window.lm.ready(function () {
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

  // A conversation opens at its end; what was being written is put back by drafts.js.
  function grow(field) {
    field.style.height = "auto";
    field.style.height = Math.min(field.scrollHeight + 2, window.innerHeight / 3) + "px";
  }

  function growAll() {
    document.querySelectorAll(".composer textarea").forEach(grow);
  }

  window.lm.ready(function () {
    var said = document.querySelector(".said > li:last-child");
    if (said && !document.querySelector("#acts [aria-invalid=true], #acts [role=alert]")) {
      said.scrollIntoView({block: "center"});
    }
    growAll();
  });
  ["input", "lm:restored"].forEach(function (name) { document.addEventListener(name, growAll); });
  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-insert]")) {
      // The words are put in by whoever else listens to this press.
      setTimeout(growAll, 0);
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

  // Llamar and WhatsApp leave an attempt behind, and the sheet that asks how it went waits until the person is back.
  var sheet = function () { return document.getElementById("after-call"); };

  document.addEventListener("click", function (event) {
    var link = event.target.closest("[data-contact]");
    var dialog = sheet();
    if (!link || !dialog || !dialog.showModal || dialog.open) {
      return;
    }
    var form = dialog.querySelector("form");
    form.reset();
    form.action = link.dataset.result;
    form.elements.key.value = window.lm.newKey();
    form.elements.channel.value = link.dataset.contact;
    form.elements.phone.value = link.dataset.phone;
    document.getElementById("after-call-who").textContent = link.dataset.who;
    form.querySelectorAll("[data-channels]").forEach(function (label) {
      var fits = label.dataset.channels.split(" ").indexOf(link.dataset.contact) !== -1;
      label.hidden = !fits;
      label.querySelector("input").disabled = !fits;
    });
    form.querySelectorAll("[data-holds]").forEach(function (part) {
      part.hidden = !link.hasAttribute("data-holds");
    });
    // Kept alive: the telephone may take the page away at once. What does not arrive comes with the result.
    window.fetch(link.dataset.begin, {method: "POST", body: new FormData(form), keepalive: true, credentials: "same-origin"})
      .catch(function () {});
    dialog.showModal();
  });

  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-close]") && sheet()) {
      sheet().close();
    }
  });

  // "Too many questions" is a sentence for the person who asked them.
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (event.detail.xhr.status === 429) {
      event.detail.shouldSwap = true;
    }
  });
})();
