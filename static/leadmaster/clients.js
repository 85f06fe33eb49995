// The list of clients: one sheet with what may be done to a line (⋯, a long press, a swipe), and the place in the list.
(function () {
  "use strict";

  var LONG = 500, FAR = 56, STEADY = 12;
  var held = null, from = null, swallowed = false;

  function sheet() { return document.getElementById("row-sheet"); }

  function point(link, address, wanted) {
    link.hidden = !wanted;
    if (wanted) {
      link.href = address;
    }
  }

  function fill(dialog, line) {
    var base = dialog.dataset.base + line.dataset.id + "/";
    document.getElementById("row-sheet-who").textContent = line.dataset.who;
    dialog.querySelectorAll("details").forEach(function (part) { part.open = false; });
    dialog.querySelectorAll("form").forEach(function (form) {
      form.reset();
      form.action = base + form.dataset.verb;
    });
    dialog.querySelectorAll("[name=version]").forEach(function (field) { field.value = line.dataset.version; });
    dialog.querySelectorAll("[data-after]").forEach(function (form) { form.hidden = form.dataset.after !== line.dataset.stage; });
    dialog.querySelectorAll("[data-holds]").forEach(function (part) { part.hidden = !line.hasAttribute("data-holds"); });
    dialog.querySelectorAll("[data-contact]").forEach(function (link) {
      link.dataset.phone = line.dataset.phone || "";
      link.dataset.begin = base + "contacto/";
      link.dataset.result = base + "resultado/";
      link.dataset.who = line.dataset.who;
      link.toggleAttribute("data-holds", line.hasAttribute("data-holds"));
    });
    point(dialog.querySelector("[data-part=call]"), line.dataset.call, line.dataset.call);
    point(dialog.querySelector("[data-part=chat]"), line.dataset.chat, line.dataset.chat);
    point(dialog.querySelector("[data-part=talk]"), line.dataset.talk, line.dataset.talk);
    point(dialog.querySelector("[data-part=open]"), line.querySelector("h2 a").href, true);
  }

  function open(line) {
    var dialog = sheet();
    if (!dialog || !dialog.showModal || dialog.open || !line.querySelector("[data-more]")) {
      return false;
    }
    fill(dialog, line);
    dialog.showModal();
    return true;
  }

  document.addEventListener("click", function (event) {
    var line = event.target.closest(".client");
    if (swallowed && line) {
      // The finger that held the line is lifted: that is no press of the link below it.
      swallowed = false;
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if (line && event.target.closest("[data-more]") && open(line)) {
      event.preventDefault();
    }
  }, true);

  document.addEventListener("click", function (event) {
    var dialog = sheet();
    if (!dialog || !dialog.open) {
      return;
    }
    if (event.target === dialog || event.target.closest("[data-dismiss]") || event.target.closest("#row-sheet [data-part]")) {
      dialog.close();
    }
  }, true);

  // A step that asks for something is taken on the client's own page.
  document.addEventListener("submit", function (event) {
    if (event.target.dataset.ask) {
      event.preventDefault();
      event.stopImmediatePropagation();
      var page = sheet().querySelector("[data-part=open]").href;
      window.location.assign(page + (page.indexOf("?") === -1 ? "?" : "&") + "hoja=mover&paso=" + event.target.dataset.ask);
    }
  }, true);

  function let_go() {
    window.clearTimeout(held);
    held = from = null;
  }

  document.addEventListener("touchstart", function (event) {
    var line = event.target.closest(".client");
    let_go();
    swallowed = false;
    if (line && event.touches.length === 1) {
      from = {line: line, x: event.touches[0].clientX, y: event.touches[0].clientY};
      held = window.setTimeout(function () { swallowed = open(line); from = null; }, LONG);
    }
  }, {passive: true});

  document.addEventListener("touchmove", function (event) {
    if (!from) {
      return;
    }
    var across = event.touches[0].clientX - from.x, down = Math.abs(event.touches[0].clientY - from.y);
    if (down > STEADY) {
      let_go();
    } else if (across < -FAR) {
      swallowed = open(from.line);
      let_go();
    } else if (Math.abs(across) > STEADY) {
      window.clearTimeout(held);
    }
  }, {passive: true});

  ["touchend", "touchcancel"].forEach(function (name) { document.addEventListener(name, let_go, {passive: true}); });

  // The browser's own menu of a link that is held.
  document.addEventListener("contextmenu", function (event) {
    if (swallowed || (from && event.target.closest(".client"))) {
      event.preventDefault();
    }
  });

  // Where the list stood. Who comes back from a client comes with the client's name behind the #.
  var place = "desk-place:" + window.location.search;
  window.addEventListener("pagehide", function () {
    try {
      window.sessionStorage.setItem(place, String(window.scrollY));
    } catch (error) {
      // A browser that keeps nothing goes to the client's line all the same.
    }
  });
  document.addEventListener("DOMContentLoaded", function () {
    try {
      var was = window.sessionStorage.getItem(place);
      if (was !== null && /^#lead-\d+$/.test(window.location.hash)) {
        window.requestAnimationFrame(function () { window.scrollTo(0, Number(was)); });
      }
    } catch (error) {
      // As above.
    }
  });
})();
